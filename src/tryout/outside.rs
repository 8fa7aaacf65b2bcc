//! The outer side: makes the private copy, hands in the script, and takes what it did.
//!
//! Invariant: whatever happens inside, the copy is gone when this returns.

use super::judge::Script;
use super::protocol::{Answer, Payload, Tried};
use super::{own, stand_in};
use crate::facts::Facts;
use crate::host::Root;
use crate::host::contain::groups::Groups;
use crate::host::contain::{End, Limit, Limits, Observed, Order};
use crate::host::sandbox::{Capabilities, Launcher, Network, Refused, Spec, StagedFile, Visibility};
use crate::host::trust::SEARCH_PATH;
use crate::outcome::codes;
use crate::outcome::{Failure, FailureKind, Finding, Level, counted_as};
use crate::verify::staged::{self, Changes};
use nix::libc::SIGKILL;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// For making the copy and reading what was written, beside the script's own time.
const AROUND: Duration = Duration::from_secs(120);
/// Where a script is put that came by a pipe, or lies where the copy has nothing of this machine.
const ELSEWHERE: &str = "/tmp";
/// Folders of which the copy has nothing, or only some.
const NOT_INSIDE: [&str; 4] = ["/dev", "/proc", "/run", "/sys"];

/// What is wanted of a try.
#[derive(Debug)]
pub struct TrialOptions<'a> {
    pub script: &'a Script,
    /// What it is called with.
    pub arguments: &'a [String],
    /// Files that stand in for the network.
    pub files: Option<PathBuf>,
    /// How far it may go.
    pub limits: Limits,
    /// The server, where it could be looked at: its logs are then not copied, and the names in its configuration lead
    /// somewhere.
    pub facts: Option<&'a Facts>,
}

/// Runs the script.
///
/// # Errors
/// When there is no private copy to be had, or nothing could be run in it.
pub fn run(root: &Root, launcher: &Launcher, wanted: &TrialOptions<'_>) -> Result<Tried, Failure> {
    let mut limits = wanted.limits;
    // What is written lies in memory, too.
    let groups = Groups::make(limits.processes, limits.memory.saturating_add(limits.disk));
    limits.grouped = groups.is_ok();
    let (mut spec, mut notes) = spec(root, wanted.facts);
    spec.network = Network::Private;
    spec.capabilities = Capabilities::Nginx;
    spec.deadline = limits.time.saturating_add(AROUND);
    spec.disk = Some(limits.disk);
    spec.layers = Visibility::Shown;
    spec.cgroups = groups.as_ref().map(Groups::lists).unwrap_or_default();
    let (path, folder) = place(wanted.script);
    spec.files.push(staged(&path, wanted.script));
    let order = order(root, wanted, limits, &path, folder);
    let payload = serde_json::to_value(Payload { r#try: order })
        .map_err(|error| Failure::new(FailureKind::Failed, format!("writing the order: {error}")))?;
    let called = launcher.call(&spec, &payload).map_err(|refused| refusal(&refused))?;
    let answer: Answer =
        called.answer().map_err(|lost| Failure::new(FailureKind::Failed, lost.to_string()))?;
    let mut observed =
        answer.map_err(|why| Failure::new(FailureKind::Invalid, format!("the script was not run: {why}")))?;
    let starved = match &groups {
        Ok(groups) => groups.ran_out_of_memory(),
        Err(_) => says_so(&observed),
    };
    let hit = hit(&observed, starved);
    notes.extend(called.mode.notes);
    notes.append(&mut observed.notes);
    notes.dedup();
    let containment = containment(&limits, groups.as_ref().err(), notes);
    own::without_tests(&mut observed, wanted.facts);
    let copies = own::copies(root, &observed, wanted.facts);
    Ok(Tried { observed, copies, hit, containment })
}

/// Words of a program that the kernel refused more memory.
const REFUSED_MEMORY: [&str; 4] =
    ["cannot allocate memory", "memory exhausted", "memoryerror", "out of memory"];

/// The limit that was hit. A script that goes on behind it did something else than it does on the server, whatever it
/// made of it and however it ended.
fn hit(observed: &Observed, starved: bool) -> Option<Limit> {
    match observed.end {
        End::Beyond(limit) => Some(limit),
        End::Killed(SIGKILL) if starved => Some(Limit::Memory),
        _ if observed.filled => Some(Limit::Disk),
        _ => starved.then_some(Limit::Memory),
    }
}

/// Whether somebody says that there was no more memory: all that is to be seen of a limit for each process.
fn says_so(observed: &Observed) -> bool {
    let printed = [&observed.output.head, &observed.output.tail].map(|text| text.to_lowercase());
    REFUSED_MEMORY.iter().any(|words| printed.iter().any(|text| text.contains(words)))
}

fn spec(root: &Root, facts: Option<&Facts>) -> (Spec, Vec<String>) {
    let Some(facts) = facts else {
        let mut spec = if root.is_live() { Spec::live() } else { Spec::tree(root.base()) };
        if !root.is_live() {
            spec.replaced.push(PathBuf::from("/etc/nginx"));
        }
        return (spec, Vec::new());
    };
    let (mut spec, notes) = staged::spec(root, facts, &Changes::new());
    if root.is_live() {
        spec.files.extend(staged::hosts_file(root, facts, &Changes::new()));
    }
    (spec, notes)
}

/// Where the script lies inside, and where it is started: as on the server, so that it finds what lies beside it.
fn place(script: &Script) -> (PathBuf, PathBuf) {
    match &script.folder {
        Some(folder) if !NOT_INSIDE.iter().any(|not| folder.starts_with(not)) => {
            (folder.join(&script.name), folder.clone())
        }
        _ => (
            Path::new(ELSEWHERE).join(format!("motionctl-try-{:.12}", script.hash().to_string())),
            "/root".into(),
        ),
    }
}

fn staged(path: &Path, script: &Script) -> StagedFile {
    StagedFile { path: path.to_owned(), mode: 0o755, uid: 0, gid: 0, bytes: script.bytes.clone() }
}

fn order(root: &Root, wanted: &TrialOptions<'_>, limits: Limits, path: &Path, folder: PathBuf) -> Order {
    let mut command = wanted.script.interpreter.clone();
    command.push(path.to_string_lossy().into_owned());
    command.extend(wanted.arguments.iter().cloned());
    let environment = [
        ("PATH", SEARCH_PATH),
        ("HOME", "/root"),
        ("USER", "root"),
        ("LOGNAME", "root"),
        ("SHELL", "/bin/bash"),
        ("LANG", "C.UTF-8"),
        ("TERM", "dumb"),
    ];
    // Programs come from this machine, and a tree is that of another one, which has the usual ones.
    let always = if root.is_live() { Vec::new() } else { stand_in::usual() };
    Order {
        command,
        folder,
        environment: environment.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        stand_ins: stand_in::names(),
        always,
        files: wanted.files.clone(),
        limits,
    }
}

/// What holds the script, truthfully.
fn containment(limits: &Limits, ungrouped: Option<&std::io::Error>, notes: Vec<String>) -> Vec<String> {
    let mib = |bytes: u64| bytes >> 20;
    let mut all = vec![
        "held by Linux namespaces, a filter of system calls and dropped capabilities: not a virtual machine; a fault \
         of the kernel would be a way out"
            .to_owned(),
        "the script could read what root can read here, and had no network to send it to".to_owned(),
        format!(
            "limits: {} s, {}, {} MiB of memory, {} MiB written",
            limits.time.as_secs(),
            counted_as(limits.processes, "process", "processes"),
            mib(limits.memory),
            mib(limits.disk)
        ),
        "services, packages and downloads were stand-ins: what a real answer would have led to was not seen".to_owned(),
    ];
    all.extend(ungrouped.map(|cause| {
        format!(
            "no control groups ({cause}): processes were counted every 10 ms, and the limit of memory held for each \
             process by itself"
        )
    }));
    all.extend(notes);
    all
}

fn refusal(refused: &Refused) -> Failure {
    match refused {
        Refused::Unavailable(reason) => {
            let finding = Finding::graded(codes::HOST_NO_SANDBOX, Level::Stop, "this host allows no sandbox")
                .evidence(reason.clone())
                .advice("try the script on a machine that allows namespaces, on a copy of this server's tree with --root");
            Failure::new(
                FailureKind::Unavailable,
                format!("the script was not run: this host cannot hold it: {reason}"),
            )
            .with_findings(vec![finding])
        }
        Refused::Failed(reason) => Failure::new(
            FailureKind::Failed,
            format!("the script was not run: making the private copy: {reason}"),
        ),
    }
}
