//! The one master that is this server's: the one that reads Motion's files and holds its listeners.
//!
//! Invariant: a master counts as this root's only when it obeys the rule of `host::trust` and its main file is
//! the very file that we see (device and inode), so that a container's NGINX is never signalled for the host's.
//! Among several the files decide, then the sockets; never an order, a pid or a title. What does not obey the rule
//! cannot stop a run by its title.

use super::absence::{absence, described, foreign};
use super::build::{Asked, Build, ask};
use super::family::{Family, families, retiring};
use super::options::Options;
use super::place::Place;
use super::site::meets;
use super::sought::reads_motion;
use super::{RootReader, all_listens, family};
use crate::host::process::{Census, Extent, Loner, Master, Owners};
use crate::host::trust::Executable;
use crate::host::{Root, process};
use crate::outcome::{Failure, FailureKind, Finding};
use nginx_config::{Config, Reader};
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What was chosen among everything that is or calls itself an NGINX.
#[derive(Default)]
pub(super) struct Chosen {
    /// The master with its program, when there is one.
    pub master: Option<(Master, Asked, Place)>,
    pub pid: Option<i32>,
    /// Its processes, and those of the old master that it replaced.
    pub family: BTreeSet<i32>,
    /// The pids of all other masters, and of what calls itself one.
    pub others: BTreeSet<i32>,
    /// Those of them whose arguments cannot be read.
    pub unread: BTreeSet<i32>,
    /// Processes of NGINX without a master.
    pub loners: Vec<Loner>,
    /// Why there is no master, as far as the processes say. It is for whoever knows the ports to tell it.
    pub absence: Option<Finding>,
}

/// A family whose head reads a main file that we see.
struct Candidate {
    family: Family,
    asked: Asked,
    place: Place,
}

/// Whether a configuration is the one that is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reads {
    No,
    /// It cannot be read, or does not name the files that lie beside it.
    Perhaps,
    Yes,
}

/// The one master that is this server's, running `named` where the operator named a program.
pub(super) fn choose(
    root: &Root,
    named: Option<&Executable>,
    on_disk: Option<&Asked>,
    options: &Options,
    findings: &mut Vec<Finding>,
) -> Result<Chosen, Failure> {
    let Census { masters, strangers, loners } = process::census(named).map_err(|error| {
        Failure::new(FailureKind::Unavailable, format!("looking for NGINX in /proc: {error}"))
    })?;
    findings.extend(foreign(&strangers));
    let titled = masters.iter().map(|master| master.id.pid);
    let all: BTreeSet<i32> = titled.chain(strangers.iter().map(|other| other.id.pid)).collect();
    let (wanted, unwanted): (Vec<_>, Vec<_>) = families(masters)
        .into_iter()
        .partition(|family| named.is_none_or(|named| named.is_run_as(&family.head.program)));
    let runs = |family: &Family| {
        let program = family.head.program.executable.name().display();
        format!("pid {} runs {program}, which --nginx does not name", family.head.id.pid)
    };
    let mut unwanted: Vec<String> = unwanted.iter().map(runs).collect();
    let (mut own, mut elsewhere, mut unread) = (Vec::new(), Vec::new(), BTreeSet::new());
    for family in wanted {
        // Of a title that is cut the file counts where it can be read to its end.
        if family.head.extent == Extent::Cut && family.head.arguments.conf.is_none() {
            unread.extend(family.pids());
            continue;
        }
        match files(root, &family.head, on_disk) {
            Some((_, place)) if !is_named(root, &place, options) => {
                let (pid, read) = (family.head.id.pid, place.main_file.display());
                unwanted.push(format!("pid {pid} reads {read}, which --nginx-conf does not name"));
            }
            Some((asked, place)) => own.push(Candidate { family, asked, place }),
            None => elsewhere.push(family.head),
        }
    }
    let picked = pick(root, on_disk, options, own);
    let mut chosen = Chosen { unread, loners, ..Chosen::default() };
    match picked {
        Picked::None(others) => {
            let others: Vec<_> = others.iter().map(|other| &other.family.head).collect();
            chosen.absence = Some(absence(&strangers, &elsewhere, unwanted, &others));
        }
        Picked::One(one) => {
            findings.extend(one.family.conflict.clone().or_else(|| retiring(&one.family)));
            chosen.family = one.family.pids();
            chosen.pid = Some(one.family.head.id.pid);
            chosen.master = Some((one.family.head, one.asked, one.place));
        }
        Picked::Several(first, finding) => {
            findings.push(finding);
            chosen.family = first.family.pids();
            chosen.pid = Some(first.family.head.id.pid);
            chosen.master = Some((first.family.head, first.asked, first.place));
        }
    }
    chosen.others = all.difference(&chosen.family).copied().collect();
    Ok(chosen)
}

enum Picked {
    None(Vec<Candidate>),
    One(Box<Candidate>),
    /// It is not certain which; one of them, to look at.
    Several(Box<Candidate>, Finding),
}

/// The one that reads the files that are asked for: those of the run that is undone, or Motion's.
fn pick(root: &Root, on_disk: Option<&Asked>, options: &Options, mut own: Vec<Candidate>) -> Picked {
    let is_default =
        |one: &Candidate| on_disk.is_none_or(|disk| one.place.main_file == built_in(&disk.build));
    if own.len() == 1 && options.changed.is_empty() && own.iter().all(is_default) {
        // There is no other file to read.
        return own.pop().map_or(Picked::None(Vec::new()), |one| Picked::One(Box::new(one)));
    }
    let by = own.iter().map(|one| one.reads(root, options)).collect::<Vec<_>>();
    let best = by.iter().copied().max().unwrap_or(Reads::No);
    if best == Reads::No {
        let stopped = on_disk.is_some_and(|disk| {
            let Asked { build, .. } = disk;
            reads(root, &built_in(build), &build.prefix, options) == Reads::Yes
        });
        // Nobody reads what a run changed: there is nobody to tell. Otherwise it is for the inspection to say
        // that there is no Motion.
        if stopped || !options.changed.is_empty() || own.is_empty() {
            return Picked::None(own);
        }
    }
    let mut levels = by.into_iter();
    own.retain(|_| levels.next() == Some(best));
    if own.len() > 1 {
        let holding: Vec<bool> = own.iter().map(|one| one.holds_listeners(root)).collect();
        if holding.iter().filter(|holds| **holds).count() == 1 {
            let mut holding = holding.into_iter();
            own.retain(|_| holding.next() == Some(true));
        }
    }
    let finding = (own.len() > 1).then(|| several(&own));
    let first = own.into_iter().next().map(Box::new);
    match (first, finding) {
        (None, _) => Picked::None(Vec::new()),
        (Some(one), None) => Picked::One(one),
        (Some(first), Some(finding)) => Picked::Several(first, finding),
    }
}

fn several(own: &[Candidate]) -> Finding {
    let finding = family::several("several NGINX masters run here")
        .advice("stop the ones that do not serve Motion, or move them to containers of their own");
    finding.evidence_lines(own.iter().map(|one| described(&one.family.head)))
}

/// Where a program reads when it is told nothing.
fn built_in(build: &Build) -> PathBuf {
    build.prefix.join(&build.conf_path)
}

/// A master's program and place, when its main file is the file that we see under that name. One with a root of its
/// own is not ours even when the file is: its libraries, keys and includes need not be.
fn files(root: &Root, master: &Master, on_disk: Option<&Asked>) -> Option<(Asked, Place)> {
    let program = master.program.executable.clone();
    // The file that was asked a moment ago says the same.
    let is_known = on_disk.is_some_and(|other| other.program == program);
    let asked = if is_known { None } else { ask(program.clone()).ok() };
    let asked = match asked {
        Some(asked) => asked,
        None => Asked { program, build: on_disk?.build.clone() },
    };
    let place = Place::of_master(&asked.build, master)?;
    let theirs = Root::at(format!("/proc/{}/root", master.id.pid)).ok()?;
    let theirs = identity(&theirs, &place.main_file)?;
    (Some(theirs) == identity(root, &place.main_file)).then_some((asked, place))
}

/// Whether a master reads the main file that the operator named, where one is.
fn is_named(root: &Root, place: &Place, options: &Options) -> bool {
    options.place.main_file().is_none_or(|named| {
        let named = identity(root, named);
        named.is_some() && named == identity(root, &place.main_file)
    })
}

/// Device and inode.
fn identity(root: &Root, file: &Path) -> Option<(u64, u64)> {
    root.metadata(file).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

impl Candidate {
    fn reads(&self, root: &Root, options: &Options) -> Reads {
        reads(root, &self.place.main_file, &self.place.prefix, options)
    }

    /// Whether one of its processes holds a socket that its file names.
    fn holds_listeners(&self, root: &Root) -> bool {
        let Ok(config) = Config::load(&self.place.main_file, &self.place.prefix, &RootReader::new(root))
        else {
            return false;
        };
        let (listens, pids) = (all_listens(&config), self.family.pids());
        let found = process::listeners(|port| listens.iter().any(|one| one.port() == Some(port)));
        found.unwrap_or_default().iter().any(|held| {
            let is_own = |owners: &[process::Owner]| owners.iter().any(|owner| pids.contains(&owner.id.pid));
            listens.iter().any(|one| meets(one, held))
                && matches!(&held.owners, Owners::Known(owners) if is_own(owners))
        })
    }
}

/// Whether the configuration below a main file is the one that is looked for.
fn reads(root: &Root, main_file: &Path, prefix: &Path, options: &Options) -> Reads {
    let reader = RootReader::new(root);
    let loaded = Config::load(main_file, prefix, &reader);
    if options.changed.is_empty() {
        return match loaded {
            Ok(config) if reads_motion(root, &config, &reader, options) => Reads::Yes,
            Ok(_) => Reads::No,
            Err(_) => Reads::Perhaps,
        };
    }
    let identity = |path: &Path| reader.identity(path).unwrap_or_else(|_| path.to_owned());
    let changed: Vec<PathBuf> = options.changed.iter().map(|path| identity(path.as_path())).collect();
    let is_read = |config: &Config| config.files().any(|(_, file)| changed.contains(&file.identity));
    let beside = main_file.parent().is_some_and(|folder| changed.iter().any(|path| path.starts_with(folder)));
    match loaded {
        Ok(config) if is_read(&config) => Reads::Yes,
        _ if beside => Reads::Perhaps,
        _ => Reads::No,
    }
}
