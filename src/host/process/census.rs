//! Which masters run here, what else calls itself one, and which processes of NGINX have none.
//!
//! Invariant: a title makes nobody a [`Master`]; what bears one and is not believed is a [`Stranger`], of which
//! nothing is executed and to which nothing is sent. Where a title was cut, a process is known by its program, its
//! parent and its children.

use super::title::{Extent, MasterArguments, Part, Title};
use super::{Listening, ProcessId, Role, Worker, all_stats, id_of, is_alive, is_forked, title_of};
use crate::host::system::accounts::Accounts;
use crate::host::trust::{Executable, Running, Untouchable, Viewer, Why};
use crate::values::escape;
use procfs::process::{Process, Stat};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Of names that hold one of these, a program is taken for an NGINX without being named.
const NAMES: [&str; 4] = ["nginx", "openresty", "tengine", "angie"];

/// Everything that calls itself a master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Census {
    /// Those that may be asked and signalled, by pid.
    pub masters: Vec<Master>,
    /// The others, by pid.
    pub strangers: Vec<Stranger>,
    /// Processes of NGINX that are no master and have none, by pid.
    pub loners: Vec<Loner>,
}

/// A running NGINX that obeys the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Master {
    /// Which process it is.
    pub id: ProcessId,
    /// The program that it runs.
    pub program: Running,
    /// Its parent's pid: the old master's after a binary upgrade, as long as that is there.
    pub parent: i32,
    /// What it was started with.
    pub arguments: MasterArguments,
    /// Whether these are all of its arguments.
    pub extent: Extent,
    /// The folder that a relative prefix starts from; `None` when it is gone or may not be read.
    pub cwd: Option<PathBuf>,
    /// Its workers, by pid.
    pub workers: Vec<Worker>,
}

/// A process of a program of NGINX's name that is no master and has none. Nothing is executed of it and nothing
/// is sent to it, so whose it is does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loner {
    /// Which process it is.
    pub id: ProcessId,
    /// What it seems to be.
    pub kind: LonerKind,
}

/// What a process of NGINX without a master seems to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LonerKind {
    /// A worker whose master is gone.
    Orphan,
    /// Master and worker in one (`master_process off`), or one that is starting.
    Single,
}

/// A process with a master's title that is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    /// Which process it is.
    pub id: ProcessId,
    /// Its real user, with the name where it has one.
    pub user: String,
    /// What it says that it was started with.
    pub arguments: MasterArguments,
    /// Its program, by its own account; `None` when that may not be read.
    pub program: Option<PathBuf>,
    /// Its control group, as `/proc/PID/cgroup` lists it.
    pub cgroup: Option<String>,
    /// Why it is left alone.
    pub standing: Untouchable,
}

impl Master {
    /// Children that accept connections.
    pub fn serving(&self) -> impl Iterator<Item = &Worker> {
        self.workers.iter().filter(|worker| worker.role == Role::Serving)
    }
}

impl Stranger {
    /// `user bob (1001), program /home/bob/nginx`.
    #[must_use]
    pub fn described(&self) -> String {
        let program = self.program.as_ref().map_or_else(
            || "a program that may not be seen".to_owned(),
            |path| format!("program {}", escape(path.as_os_str().as_encoded_bytes())),
        );
        format!("user {}, {program}", self.user)
    }
}

/// Looks for everything that is or calls itself an NGINX. What runs `named`, a program that the operator named, is
/// one whatever its file is called.
///
/// # Errors
/// When `/proc` cannot be read at all; processes that vanish meanwhile are left out.
pub fn census(named: Option<&Executable>) -> io::Result<Census> {
    let (viewer, accounts, stats) = (Viewer::here(), Accounts::of_this_machine(), all_stats()?);
    let sight = Sight::of(&stats, named);
    let mut found = Census { masters: Vec::new(), strangers: Vec::new(), loners: Vec::new() };
    for (stat, _) in sight.processes.values() {
        let id = id_of(stat);
        match sight.kind(stat) {
            Kind::Neither => continue,
            Kind::Loner(kind) => {
                found.loners.push(Loner { id, kind });
                continue;
            }
            Kind::Master => {}
        }
        let first = viewer.judge(stat.pid);
        let Some(title) = title_of(stat) else { continue };
        let (arguments, extent) = title.arguments().unwrap_or((MasterArguments::default(), Extent::Cut));
        // Judged again after its title was read: a process can execute another program, as another user.
        let judged = first.and_then(|first| match viewer.judge(stat.pid) {
            Ok(again) if again != first => Err(Untouchable::Unseen),
            Ok(_) if named.is_some_and(|named| named.is_run_as(&first)) => Ok(first),
            Ok(_) if is_known(first.executable.name()) => Ok(first),
            Ok(_) => Err(Untouchable::Foreign(Why::Name)),
            Err(standing) => Err(standing),
        });
        // What could not be looked at still serves.
        let workers = Listening::around(id).unwrap_or_default().workers(id)?;
        if !is_alive(id) {
            continue;
        }
        match judged {
            Ok(program) => {
                let (arguments, extent) = match extent {
                    Extent::Cut if has_no_arguments(stat, program.executable.name()) => (
                        MasterArguments { command: program.executable.name().into(), ..arguments },
                        Extent::Whole,
                    ),
                    extent => (arguments, extent),
                };
                let cwd = working_folder(stat.pid);
                found.masters.push(Master {
                    id,
                    program,
                    parent: stat.ppid,
                    arguments,
                    extent,
                    cwd,
                    workers,
                });
            }
            Err(standing) => found.strangers.push(stranger(id, arguments, standing, &accounts)),
        }
    }
    found.masters.sort_by_key(|master| master.id);
    found.strangers.sort_by_key(|stranger| stranger.id);
    found.loners.sort_by_key(|loner| loner.id);
    Ok(found)
}

/// The next master that a binary upgrade started from this one, if that is under way.
///
/// # Errors
/// As [`census`].
pub fn successor(master: ProcessId) -> io::Result<Option<ProcessId>> {
    // It has no title before it has read its configuration.
    let is_nginx = |stat: &&Stat| {
        title_of(stat).is_some_and(|title| title.part() == Part::Master)
            || program_of(stat.pid).is_some_and(|path| is_known(&path))
    };
    let stats = all_stats()?;
    let executed = stats.iter().filter(|stat| stat.ppid == master.pid && !is_forked(stat));
    Ok(executed.filter(is_nginx).map(id_of).find(|id| is_alive(*id)))
}

/// Whether a process that was chosen before is there, and still ours to signal.
#[must_use]
pub fn is_ours(id: ProcessId) -> bool {
    Viewer::here().judge(id.pid).is_ok() && is_alive(id)
}

fn stranger(
    id: ProcessId,
    arguments: MasterArguments,
    standing: Untouchable,
    accounts: &Accounts,
) -> Stranger {
    let read = |name: &str| fs::read_to_string(format!("/proc/{}/{name}", id.pid)).ok();
    let uid = Process::new(id.pid).and_then(|process| process.status()).map(|status| status.ruid);
    Stranger {
        id,
        user: uid.map_or_else(|_| "unknown".to_owned(), |uid| accounts.user(uid)),
        arguments,
        // The link's text is the kernel's; the file is not touched.
        program: fs::read_link(format!("/proc/{}/exe", id.pid)).ok(),
        cgroup: read("cgroup").map(|text| text.trim_end().to_owned()),
        standing,
    }
}

/// Every process with its title, at one moment.
struct Sight<'a> {
    processes: BTreeMap<i32, (&'a Stat, Title)>,
    named: Option<&'a Executable>,
}

/// What a process is by its title and its family.
enum Kind {
    Master,
    Loner(LonerKind),
    Neither,
}

impl<'a> Sight<'a> {
    fn of(stats: &'a [Stat], named: Option<&'a Executable>) -> Self {
        let titled = stats.iter().filter_map(|stat| Some((stat.pid, (stat, title_of(stat)?))));
        Self { processes: titled.collect(), named }
    }

    fn kind(&self, stat: &Stat) -> Kind {
        let Some((_, title)) = self.processes.get(&stat.pid) else { return Kind::Neither };
        let loner = |kind| if self.runs_nginx(stat.pid) { Kind::Loner(kind) } else { Kind::Neither };
        let has_master = is_forked(stat) && self.is_head(stat.ppid);
        match title.part() {
            // A fork of a master that has no title of its own yet. After a binary upgrade the new master is a child
            // of the old one, but has executed.
            Part::Master | Part::Unclear | Part::None | Part::Single if has_master => Kind::Neither,
            Part::Master => Kind::Master,
            Part::Unclear if self.has_workers(stat) && self.runs_nginx(stat.pid) => Kind::Master,
            // A worker gives up root's rights where it can; a master keeps them.
            Part::Unclear if is_of_another_user(stat.pid) => loner(LonerKind::Orphan),
            Part::Unclear | Part::Single => loner(LonerKind::Single),
            // Its own command line, as it was typed: what holds a port under that is no master.
            Part::None if !title.text.is_empty() => loner(LonerKind::Single),
            Part::Worker | Part::SomeWorker if !self.is_head(stat.ppid) => loner(LonerKind::Orphan),
            Part::None | Part::Worker | Part::SomeWorker | Part::Retiring | Part::Helper => Kind::Neither,
        }
    }

    /// Whether a process is a master, or would be one if its title said more.
    fn is_head(&self, pid: i32) -> bool {
        self.processes.get(&pid).is_some_and(|(stat, title)| match title.part() {
            Part::Master => true,
            Part::Unclear => self.has_workers(stat) && self.runs_nginx(pid),
            _ => false,
        })
    }

    fn has_workers(&self, stat: &Stat) -> bool {
        self.processes.values().any(|(child, _)| {
            child.ppid == stat.pid && is_forked(child) && program_of(child.pid) == program_of(stat.pid)
        })
    }

    fn runs_nginx(&self, pid: i32) -> bool {
        program_of(pid)
            .is_some_and(|path| is_known(&path) || self.named.is_some_and(|named| named.lay_at(&path)))
    }
}

/// The path of a process's program, as the kernel writes it.
fn program_of(pid: i32) -> Option<PathBuf> {
    let path = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    let text = path.as_os_str().as_encoded_bytes();
    let bare = text.strip_suffix(b" (deleted)").map(|text| String::from_utf8_lossy(text).into_owned());
    Some(bare.map_or(path, PathBuf::from))
}

fn is_of_another_user(pid: i32) -> bool {
    Process::new(pid).and_then(|process| process.uid()).is_ok_and(|uid| uid != 0)
}

/// Whether a process was started with nothing but its program's name: the kernel remembers how long its arguments
/// were, whatever was written over them since.
fn has_no_arguments(stat: &Stat, program: &Path) -> bool {
    let length = stat.arg_end.zip(stat.arg_start).and_then(|(end, start)| end.checked_sub(start));
    let names = [Some(program.as_os_str()), program.file_name()];
    names.into_iter().flatten().any(|name| length == u64::try_from(name.len() + 1).ok())
}

/// Where a process was started, as it sees it; it is asked after it was judged.
fn working_folder(pid: i32) -> Option<PathBuf> {
    let folder = Process::new(pid).and_then(|process| process.cwd()).ok()?;
    (!folder.as_os_str().as_encoded_bytes().ends_with(b" (deleted)")).then_some(folder)
}

fn is_known(program: &Path) -> bool {
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    NAMES.iter().any(|known| name.contains(known))
}
