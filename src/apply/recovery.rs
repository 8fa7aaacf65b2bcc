//! Ends an interrupted or failed run, as the planner of recoveries says.
//!
//! Invariant: the same road for a failed gate and for a crash: look at the
//! disk, plan, record the plan, run it, record the end.

use super::executor::{Executor, NotAccepted, ReloadTarget, Stopping};
use super::journal_file::{History, distrusted};
use super::obstacles::refusal;
use super::pending::{Pending, disarm};
use crate::backup::{Backup, Entry, Store};
use crate::facts::FileFacts;
use crate::host::files::{FileState, NotReplaceable, ReplaceError, observe, sweep};
use crate::host::{Root, WriteLock};
use crate::journal::{ActiveRun, Event, JournalStep, Phase, RunOutcome, Status};
use crate::outcome::{Failure, FailureKind};
use crate::plan::{
    DiskState, Now, Observed, Recovery, Step, Stuck, StuckReason, recover as plan_recovery,
    recover_whole as plan_whole,
};
use crate::values::{Hash, RootPath, TextPath};
use crate::verify::ReloadProof;
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::AtomicBool;

/// Why a change that nobody confirmed is undone.
pub const UNCONFIRMED: &str = "nobody confirmed the change in time";

/// How a run was ended.
#[derive(Debug)]
pub struct Recovered {
    /// Why this way, for people.
    pub reason: String,
    /// How the run counts.
    pub outcome: RunOutcome,
    pub steps: Vec<Step>,
    /// The proof of the reload, if there was one.
    pub proof: Option<ReloadProof>,
    /// Whether anything had been changed before.
    pub changed: bool,
    /// What was left undone beside it, for people.
    pub notes: Vec<String>,
}

/// What becomes of a change that waits for its confirmation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unconfirmed {
    /// It is left to wait while it has time; without, it is undone.
    Waits,
    /// It is undone, also when it has time.
    Undone,
}

/// The server whose run is ended, as far as a recovery has to ask.
pub trait Server {
    /// The master to reload; `None` when NGINX does not run.
    ///
    /// # Errors
    /// When that could not be looked at.
    fn reload_target(&self) -> Result<Option<ReloadTarget>, Failure>;

    /// Whether NGINX accepts what is on the disk, once the files are set right
    /// and before it is told to read them.
    ///
    /// # Errors
    /// What NGINX says against it.
    fn test(&self) -> Result<(), NotAccepted>;
}

/// Ends an interrupted run, if there is one; `server` is asked only then.
/// Without one not even the journal is opened for writing.
///
/// # Errors
/// `NeedsOperator` when the files were edited meanwhile or the steps fail.
pub fn recover(
    root: &Root,
    lock: &WriteLock,
    server: &dyn Server,
    unconfirmed: Unconfirmed,
    why: &str,
) -> Result<Option<Recovered>, Failure> {
    let status = History::look(root).map_err(distrusted)?.status;
    if !matches!(status, Status::Active(_)) {
        return Ok(None);
    }
    let pending = Pending::of(&status).map_err(distrusted)?;
    if unconfirmed == Unconfirmed::Waits && pending.as_ref().is_some_and(Pending::has_time) {
        return Ok(None);
    }
    let why = if pending.is_some() && unconfirmed == Unconfirmed::Waits { UNCONFIRMED } else { why };
    let reload = server.reload_target()?;
    let mut history = History::open(lock, root).map_err(distrusted)?;
    let stop = AtomicBool::new(false);
    let mut executor = Executor { reload, ..Executor::of_begun(root, lock, &mut history, &stop) };
    end(&mut executor, why, &|| server.test()).map(Some)
}

/// Ends an interrupted run by restoring everything that its backup holds,
/// whatever was edited since: only when a person says so.
///
/// # Errors
/// `NeedsOperator` when the steps fail.
pub fn restore_whole(
    root: &Root,
    lock: &WriteLock,
    server: &dyn Server,
    why: &str,
) -> Result<Option<Recovered>, Failure> {
    let reload = server.reload_target()?;
    let mut history = History::open(lock, root).map_err(distrusted)?;
    let Status::Active(active) = history.status().clone() else { return Ok(None) };
    let stop = AtomicBool::new(false);
    let mut executor = Executor { reload, ..Executor::of_begun(root, lock, &mut history, &stop) };
    carry_out(&mut executor, &active, plan_whole(&active, why), &|| server.test()).map(Some)
}

/// Ends the active run of the journal, by whoever has tested the server already.
pub(super) fn run(executor: &mut Executor, why: &str) -> Result<Recovered, Failure> {
    end(executor, why, &|| Ok(()))
}

fn end(
    executor: &mut Executor,
    why: &str,
    gate: &dyn Fn() -> Result<(), NotAccepted>,
) -> Result<Recovered, Failure> {
    let Status::Active(active) = executor.history.status().clone() else {
        return Err(broken(anyhow::anyhow!("no run is under way")));
    };
    let disk = disk_state(executor.root, &active).map_err(broken)?;
    let recovery = plan_recovery(&active, &disk, why).map_err(|stuck| needs_operator(&active, &stuck))?;
    carry_out(executor, &active, recovery, gate)
}

fn broken(error: anyhow::Error) -> Failure {
    Failure::from_error(FailureKind::NeedsOperator, error)
        .with_hint("run `motionctl recover` again, then `motionctl status`")
}

/// What a recovery met in its way: it cannot be refused, but a person can take away all that is there, at once.
fn obstructed(root: &Root, steps: &[Step], error: anyhow::Error) -> Failure {
    let is_obstacle = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<NotReplaceable>().is_some()
            || matches!(cause.downcast_ref::<ReplaceError>(), Some(ReplaceError::NotReplaceable(_)))
            || cause
                .downcast_ref::<io::Error>()
                .is_some_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
    };
    let refusal = refusal(root, steps).filter(|_| error.chain().any(is_obstacle));
    let failure = broken(error);
    match refusal {
        Some(refusal) => failure
            .with_hint("take away what the finding names, then run `motionctl recover`")
            .with_findings(refusal.findings),
        None => failure,
    }
}

fn carry_out(
    executor: &mut Executor,
    active: &ActiveRun,
    recovery: Recovery,
    gate: &dyn Fn() -> Result<(), NotAccepted>,
) -> Result<Recovered, Failure> {
    let steps: Vec<_> = match &executor.reload {
        Some(_) => recovery.steps.clone(),
        // Not running: nothing is started, the files are enough.
        None => recovery.steps.iter().filter(|step| **step != Step::Reload).cloned().collect(),
    };
    let proof = perform(executor, active, &steps, &recovery, gate)
        .map_err(|error| obstructed(executor.root, &steps, error))?;
    let notes = disarm(executor.root, active);
    Ok(Recovered {
        notes,
        reason: recovery.reason,
        outcome: recovery.outcome,
        changed: !steps.is_empty(),
        steps,
        proof,
    })
}

fn perform(
    executor: &mut Executor,
    active: &ActiveRun,
    steps: &[Step],
    recovery: &Recovery,
    gate: &dyn Fn() -> Result<(), NotAccepted>,
) -> Result<Option<ReloadProof>> {
    // A run that stands and only has to be closed begins nothing.
    if active.phase != Phase::Proven {
        let journaled = steps.iter().map(Step::to_journal).collect();
        executor.history.record(Event::Recovering { reason: recovery.reason.clone(), steps: journaled })?;
    }
    if steps.is_empty() && active.phase == Phase::Recovering {
        // The recovery before this one set the files right, and perhaps got no further.
        gate()?;
    }
    let proof = executor.run_with_gate(steps, Stopping::Ignored, gate).map_err(anyhow::Error::from)?;
    // While the run is open: what a crash leaves here, the next recovery clears away.
    executor.settle()?;
    sweep_folders(executor, active)?;
    executor.history.record(Event::Finished { outcome: recovery.outcome })?;
    Ok(proof)
}

/// Hidden files that the interrupted run left beside its files.
fn sweep_folders(executor: &Executor, run: &ActiveRun) -> Result<()> {
    let mut folders: BTreeSet<_> = paths(run).filter_map(|path| path.parent()).collect();
    // A whole backup is put back by a step, or by the recovery of a run that it belongs to. In the folders that it holds
    // whole, hidden files went as whatever else was added there; a file that it holds by its name, or that was not there,
    // lies in a folder that is none of its.
    let trees = run.steps.iter().filter_map(|step| match step {
        JournalStep::RestoreTree { backup } => Some(backup),
        _ => None,
    });
    let store = Store::new(executor.root);
    for Backup { manifest, .. } in trees.chain([&run.backup]).filter_map(|backup| store.open(backup).ok()) {
        folders.extend(manifest.roots.iter().chain(manifest.entries.keys()).filter_map(RootPath::parent));
    }
    for folder in folders {
        sweep(executor.lock, executor.root, &folder).with_context(|| format!("tidying {folder}"))?;
    }
    Ok(())
}

/// What is on the disk for each file of a run.
///
/// # Errors
/// When a file or the backup cannot be looked at.
pub fn disk_state(root: &Root, run: &ActiveRun) -> Result<DiskState> {
    let backup = Store::new(root).open(&run.backup).ok();
    let files = paths(run)
        .map(|path| {
            let now = match observe(root, path).with_context(|| format!("looking at {}", path.as_str()))? {
                FileState::File { sha256, attributes, .. } => Now::File(FileFacts { sha256, attributes }),
                FileState::Absent => Now::Nothing,
                other => Now::Other(other.to_string()),
            };
            let entry = backup.as_ref().and_then(|backup| backup.manifest.entries.get(path.as_path()));
            let backed_up = match entry {
                Some(Entry::File { sha256, attributes, .. }) => {
                    Some(FileFacts { sha256: *sha256, attributes: attributes.clone() })
                }
                _ => None,
            };
            Ok((path.clone(), Observed { now, backed_up }))
        })
        .collect::<Result<_>>()?;
    let folders = run.steps.iter().filter_map(|step| match step {
        JournalStep::MakeFolder { path } | JournalStep::RemoveFolder { path } => Some(path),
        JournalStep::SetFile { .. } | JournalStep::RestoreTree { .. } | JournalStep::Reload => None,
    });
    let is_there = |path: &&TextPath| root.symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir());
    Ok(DiskState { files, folders: folders.filter(is_there).cloned().collect() })
}

fn paths(run: &ActiveRun) -> impl Iterator<Item = &TextPath> {
    run.steps.iter().filter_map(JournalStep::file)
}

/// How the words for a file begin that is told by its bytes alone.
const HASH: &str = "SHA-256 ";

fn needs_operator(run: &ActiveRun, stuck: &[Stuck]) -> Failure {
    let hash = |hash: Option<Hash>| match hash {
        Some(hash) => format!("SHA-256 {hash}"),
        None => "no file".to_owned(),
    };
    let describe = |file: &Stuck| {
        let cause = match file.reason {
            StuckReason::Edited => "was edited after motionctl changed it, and is left alone",
            StuckReason::NotInBackup => "cannot be put back: the backup does not have it",
        };
        // Something else than a file is told by what it is, not by a hash.
        let found = match file.found.starts_with(HASH) {
            true => String::new(),
            false => format!(" (found {})", file.found),
        };
        format!("{}{found} {cause}", file.path.as_str())
    };
    let hashes = |file: &Stuck| {
        let (before, after) = (hash(file.before), hash(file.after));
        format!("{}: found {}, before the run {before}, meant to be {after}", file.path.as_str(), file.found)
    };
    let message = stuck.iter().map(describe).collect::<Vec<_>>().join("; ");
    let hint = format!(
        "compare with `motionctl backups diff {}`, then `motionctl rollback {} --whole-tree`",
        run.backup, run.backup
    );
    Failure::new(FailureKind::NeedsOperator, message)
        .with_particulars(stuck.iter().map(hashes).collect())
        .with_hint(hint)
}
