//! Which masters run here, and what else calls itself one.
//!
//! Invariant: a title makes nobody a [`Master`]; what bears one and is not believed is a [`Stranger`], of which
//! nothing is executed and to which nothing is sent.

use super::title::{self, MasterArguments};
use super::{ProcessId, Role, Worker, all_stats, children, id_of, is_alive, title_of};
use crate::host::accounts::Accounts;
use crate::host::trust::{Executable, Running, Standing, Viewer, Why};
use crate::values::escape;
use procfs::process::{Process, Stat};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Forked, and has not executed a program since (`include/linux/sched.h`).
const PF_FORKNOEXEC: u32 = 0x40;

/// Of names that hold one of these, a program is taken for an NGINX without being named.
const NAMES: [&str; 3] = ["nginx", "openresty", "tengine"];

/// Everything that calls itself a master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Census {
    /// Those that may be asked and signalled, by pid.
    pub masters: Vec<Master>,
    /// The others, by pid.
    pub strangers: Vec<Stranger>,
}

/// A running NGINX that obeys the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Master {
    /// Which process it is.
    pub id: ProcessId,
    /// The program that it runs.
    pub program: Running,
    /// What it was started with.
    pub arguments: MasterArguments,
    /// The folder that a relative prefix starts from; `None` when it is gone or may not be read.
    pub cwd: Option<PathBuf>,
    /// Its children, by pid.
    pub workers: Vec<Worker>,
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
    pub standing: Standing,
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

/// Looks for everything that calls itself a master. What runs `named`, a program that the operator named, is one
/// whatever its file is called.
///
/// # Errors
/// When `/proc` cannot be read at all; processes that vanish meanwhile are left out.
pub fn census(named: Option<&Executable>) -> io::Result<Census> {
    let (viewer, accounts, stats) = (Viewer::here(), Accounts::of_this_machine(), all_stats()?);
    let mut found = Census { masters: Vec::new(), strangers: Vec::new() };
    for stat in stats.iter().filter(|stat| is_titled(stat)) {
        let id = id_of(stat);
        let first = viewer.judge(stat.pid);
        let Some(arguments) = title_of(stat.pid).and_then(|title| title::arguments(&title)) else { continue };
        // Judged again after its title was read: a process can execute another program, as another user.
        let judged = first.and_then(|first| match viewer.judge(stat.pid) {
            Ok(again) if again != first => Err(Standing::Unseen),
            Ok(_) if named.is_some_and(|named| named.is_run_as(&first)) => Ok(first),
            Ok(_) if is_known(first.executable.name()) => Ok(first),
            Ok(_) => Err(Standing::Foreign(Why::Name)),
            Err(standing) => Err(standing),
        });
        let workers = children(stat.pid, &stats);
        if !is_alive(id) {
            continue;
        }
        match judged {
            Ok(program) => {
                let cwd = working_folder(stat.pid);
                found.masters.push(Master { id, program, arguments, cwd, workers });
            }
            Err(standing) => found.strangers.push(stranger(id, arguments, standing, &accounts)),
        }
    }
    found.masters.sort_by_key(|master| master.id);
    found.strangers.sort_by_key(|stranger| stranger.id);
    Ok(found)
}

/// Whether a process that was chosen before is there, and still ours to signal.
#[must_use]
pub fn is_ours(id: ProcessId) -> bool {
    Viewer::here().judge(id.pid).is_ok() && is_alive(id)
}

fn stranger(id: ProcessId, arguments: MasterArguments, standing: Standing, accounts: &Accounts) -> Stranger {
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

/// Has a master's title and is no child of a master that was forked and not yet renamed.
fn is_titled(stat: &Stat) -> bool {
    if !title_of(stat.pid).is_some_and(|title| title::is_master(&title)) {
        return false;
    }
    let forked_only = stat.flags & PF_FORKNOEXEC != 0;
    let child_of_master = title_of(stat.ppid).is_some_and(|title| title::is_master(&title));
    // After a binary upgrade the new master is a child of the old one, but has executed.
    !(forked_only && child_of_master)
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
