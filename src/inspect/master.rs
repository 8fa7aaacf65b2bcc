//! The one master that is this server's, and what is said of every other.
//!
//! Invariant: a master counts as this root's only when it obeys the rule of `host::trust` and its main file is
//! the very file that we see (device and inode), so that a container's NGINX is never signalled for the host's.
//! What does not obey it cannot stop a run by its title.

use super::nginx::{Asked, ask};
use super::place::Place;
use crate::host::Root;
use crate::host::process::{self, Census, Master, MasterArguments, Stranger};
use crate::host::trust::{Executable, Space, Standing, Why};
use crate::outcome::codes;
use crate::outcome::{Failure, FailureKind, Finding};
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What was chosen among everything that calls itself a master.
#[derive(Default)]
pub struct Chosen {
    /// The master with its program, when there is one.
    pub master: Option<(Master, Asked, Place)>,
    /// The pids of all others.
    pub others: BTreeSet<i32>,
}

/// The one master whose main file is ours: the one that the operator named, if any; and running `named` where
/// the operator named a program.
pub fn choose(
    root: &Root,
    named: Option<&Executable>,
    main_file: Option<&Path>,
    on_disk: Option<&Asked>,
    findings: &mut Vec<Finding>,
) -> Result<Chosen, Failure> {
    let Census { masters, strangers } = process::census(named).map_err(|error| {
        Failure::new(FailureKind::Unavailable, format!("looking for NGINX in /proc: {error}"))
    })?;
    findings.extend(foreign(&strangers));
    let all: BTreeSet<i32> = masters
        .iter()
        .map(|master| master.id.pid)
        .chain(strangers.iter().map(|other| other.id.pid))
        .collect();
    let (wanted, others): (Vec<_>, Vec<_>) =
        masters.into_iter().partition(|master| named.is_none_or(|named| named.is_run_as(&master.program)));
    let (mut own, mut elsewhere) = (Vec::new(), Vec::new());
    let runs = |master: &Master| {
        let program = master.program.executable.name().display();
        format!("pid {} runs {program}, which --nginx does not name", master.id.pid)
    };
    let mut unwanted: Vec<_> = others.iter().map(runs).collect();
    for master in wanted {
        match reads_our_file(root, &master, on_disk) {
            Some((_, place)) if main_file.is_some_and(|named| !is_same(root, named, &place.main_file)) => {
                let read = place.main_file.display();
                unwanted
                    .push(format!("pid {} reads {read}, which --nginx-conf does not name", master.id.pid));
            }
            Some((asked, place)) => own.push((master, asked, place)),
            None => elsewhere.push(line(master.id.pid, &master.arguments, "another main file", None)),
        }
    }
    elsewhere.extend(strangers.iter().filter_map(|stranger| match stranger.standing {
        Standing::Elsewhere(Space::Root) => Some(of_stranger(stranger, "root of its own")),
        Standing::Elsewhere(Space::Processes) => Some(of_stranger(stranger, "processes of its own")),
        Standing::Unseen | Standing::Foreign(_) => None,
    }));
    if own.is_empty() {
        let unseen = strangers.iter().filter(|stranger| stranger.standing == Standing::Unseen);
        let unseen: Vec<_> = unseen.map(|stranger| of_stranger(stranger, "not to be seen")).collect();
        findings.push(none(unseen, elsewhere, unwanted));
    }
    if own.len() > 1 {
        let finding = Finding::new(codes::NGINX_SEVERAL_MASTERS, "several NGINX masters run here")
            .advice("stop the ones that do not serve Motion, or move them to containers of their own");
        let lines = own.iter().map(|(master, ..)| described(master.id.pid, &master.arguments));
        findings.push(lines.fold(finding, Finding::evidence));
        own.sort_by_key(|(master, ..)| master.arguments.conf.is_some());
    }
    let master = own.into_iter().next();
    let is_chosen = |pid: &i32| master.as_ref().is_some_and(|(master, ..)| master.id.pid == *pid);
    let others = all.into_iter().filter(|pid| !is_chosen(pid)).collect();
    Ok(Chosen { master, others })
}

/// Why there is no master, by what was seen instead.
fn none(unseen: Vec<String>, elsewhere: Vec<String>, unwanted: Vec<String>) -> Finding {
    let (finding, lines) = if !unseen.is_empty() {
        let title = "whether the running NGINX is this server's could not be seen";
        (Finding::new(codes::NGINX_UNKNOWN, title).advice("look as root"), unseen)
    } else if !elsewhere.is_empty() {
        let title = "the running NGINX reads another file system";
        let finding = Finding::new(codes::NGINX_OTHER_ROOT, title)
            .advice("run motionctl where that NGINX runs, in its container or chroot");
        (finding, elsewhere)
    } else {
        let finding = Finding::new(codes::NGINX_NOT_RUNNING, "no NGINX of this server runs")
            .advice("the change is made and validated, but nothing is reloaded or started");
        (finding, unwanted)
    };
    lines.into_iter().fold(finding, Finding::evidence)
}

/// What is left alone, whatever it calls itself.
fn foreign(strangers: &[Stranger]) -> Option<Finding> {
    let title = "a process calls itself NGINX and is left alone: it is neither executed nor signalled";
    let mut finding = Finding::new(codes::NGINX_FOREIGN_PROCESS, title);
    let mut advice = BTreeSet::new();
    for stranger in strangers {
        let Standing::Foreign(why) = &stranger.standing else { continue };
        let (because, help) = match why {
            Why::User => (
                "it runs as another user".to_owned(),
                "an NGINX that another user runs is migrated by that user; `motionctl plan` as that user shows the change",
            ),
            Why::UserNamespace => (
                "it lives in a user namespace of its own".to_owned(),
                "a container is migrated from inside, by whoever runs it",
            ),
            Why::Program(distrust) => (
                distrust.to_string(),
                "where it is this server's NGINX, give its program and the folders above it to root alone",
            ),
            Why::Name => (
                "its program is not called nginx".to_owned(),
                "where it is this server's NGINX, name its program with --nginx",
            ),
        };
        advice.insert(help);
        finding = finding.evidence(format!("pid {}, {}: {because}", stranger.id.pid, stranger.described()));
    }
    let advice: Vec<_> = advice.into_iter().collect();
    (!advice.is_empty()).then(|| finding.advice(advice.join("; ")))
}

fn described(pid: i32, arguments: &MasterArguments) -> String {
    let conf = arguments.conf.as_ref().map(|conf| format!("-c {}", conf.to_string_lossy()));
    format!("pid {pid}, {}", conf.unwrap_or_else(|| "its built-in main file".to_owned()))
}

fn of_stranger(stranger: &Stranger, what: &str) -> String {
    let group = stranger.cgroup.as_deref().and_then(|groups| groups.rsplit('/').next());
    line(stranger.id.pid, &stranger.arguments, what, group)
}

fn line(pid: i32, arguments: &MasterArguments, what: &str, group: Option<&str>) -> String {
    let group = group.filter(|group| !group.is_empty()).map(|group| format!(", in {group}"));
    format!("{}, {what}{}", described(pid, arguments), group.unwrap_or_default())
}

/// The master's program and place, when its main file is the file that we see under that name. One with a root of
/// its own is not ours even when the file is: its libraries, keys and includes need not be.
fn reads_our_file(root: &Root, master: &Master, on_disk: Option<&Asked>) -> Option<(Asked, Place)> {
    let asked = match ask(master.program.executable.clone()) {
        Ok(asked) => asked,
        Err(_) => Asked { program: master.program.executable.clone(), build: on_disk?.build.clone() },
    };
    let place = Place::of_master(&asked.build, master)?;
    let theirs = Root::at(format!("/proc/{}/root", master.id.pid)).ok()?;
    let theirs = identity(&theirs, &place.main_file)?;
    (Some(theirs) == identity(root, &place.main_file)).then_some((asked, place))
}

fn is_same(root: &Root, one: &Path, other: &Path) -> bool {
    let one = identity(root, one);
    one.is_some() && one == identity(root, other)
}

/// Device and inode.
fn identity(root: &Root, file: &Path) -> Option<(u64, u64)> {
    root.metadata(file).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}
