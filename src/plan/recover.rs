//! The planner of recoveries: from the journal and the disk to the steps that
//! end an interrupted or failed run.
//!
//! Invariant: a file that is neither as it was before nor as it was meant to
//! be is never touched; a person edited it.

use super::step::{Content, Step, Version};
use crate::facts::FileFacts;
use crate::journal::{Acceptance, ActiveRun, JournalStep, Phase, RunKind, RunOutcome, StepVersion};
use crate::values::{BackupId, Hash, TextPath};
use std::collections::{BTreeMap, BTreeSet};

/// What is on the disk now, for each path of the run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiskState {
    pub files: BTreeMap<TextPath, Observed>,
    /// Folders that are there.
    pub folders: BTreeSet<TextPath>,
}

/// One file as it is now, and what the backup knows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// What is there now.
    pub now: Now,
    /// What the run's backup holds; `None` where it holds no such file.
    pub backed_up: Option<FileFacts>,
}

/// What stands at a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Now {
    Nothing,
    File(FileFacts),
    /// A folder, a link or a special file, in words: none of a run's making.
    Other(String),
}

/// How to end the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// What is left to do.
    pub steps: Vec<Step>,
    /// How the run counts afterwards.
    pub outcome: RunOutcome,
    /// Why this way and not the other, for people.
    pub reason: String,
}

/// A file that neither way leads on from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    pub path: TextPath,
    /// What is there now, in words.
    pub found: String,
    /// The hash before the run.
    pub before: Option<Hash>,
    /// The hash that the run was to give it.
    pub after: Option<Hash>,
    /// Why it cannot be set right.
    pub reason: StuckReason,
}

/// Why a file cannot be set right without a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StuckReason {
    /// It is neither as before nor as intended: somebody edited it.
    Edited,
    /// The backup does not hold the contents that are needed.
    NotInBackup,
}

/// Plans the end of `run`.
///
/// A migration that has not passed every gate, or was not confirmed where that
/// was demanded, is undone; one that stands is kept; a rollback is finished. `why` is the failed gate or the interruption.
///
/// # Errors
/// The files that cannot be set right without a person.
pub fn recover(run: &ActiveRun, disk: &DiskState, why: &str) -> Result<Recovery, Vec<Stuck>> {
    let (outcome, way) = match (run.standing, run.kind) {
        (Acceptance::Kept, _) => (RunOutcome::Applied, "every gate had passed, so the change is kept"),
        (Acceptance::Unconfirmed, RunKind::Migrate) => (RunOutcome::RolledBack, "the change is undone"),
        (Acceptance::Unproven, RunKind::Migrate) => (RunOutcome::Failed, "the change is undone"),
        (_, RunKind::Rollback) => (RunOutcome::Applied, "the rollback is finished"),
    };
    let reason = format!("{why}; {way}");
    if run.standing == Acceptance::Kept {
        return Ok(Recovery { steps: Vec::new(), outcome, reason });
    }
    let mut steps = Vec::new();
    let mut stuck = Vec::new();
    for step in &run.steps {
        match step {
            JournalStep::RestoreTree { backup } => steps.push(Step::RestoreTree { backup: backup.clone() }),
            JournalStep::MakeFolder { path } | JournalStep::RemoveFolder { path } => {
                steps.extend(folder(step, run.kind, path, disk));
            }
            JournalStep::SetFile { .. } | JournalStep::Reload => {}
        }
        let JournalStep::SetFile { path, from, to } = step else { continue };
        let (target, other) = if run.kind == RunKind::Rollback { (to, from) } else { (from, to) };
        let Some(observed) = disk.files.get(path) else { continue };
        match towards(path, observed, target, other, &run.backup) {
            Ok(step) => steps.extend(step),
            Err(reason) => stuck.push(Stuck {
                path: path.clone(),
                found: observed.now.to_string(),
                before: from.hash(),
                after: to.hash(),
                reason,
            }),
        }
    }
    if !stuck.is_empty() {
        return Err(stuck);
    }
    if run.kind == RunKind::Migrate {
        steps.reverse();
    }
    // A reload that was asked for may have loaded the other side's bytes,
    // whatever the disk says now. A rollback or a recovery that was interrupted
    // has not reloaded before it says so.
    let is_due = run.reload_intended
        || !steps.is_empty()
        || run.kind == RunKind::Rollback
        || run.phase == Phase::Recovering;
    if run.steps.contains(&JournalStep::Reload) && is_due {
        steps.push(Step::Reload);
    }
    Ok(Recovery { steps, outcome, reason })
}

/// Plans the end of `run` by restoring everything that its backup holds: the
/// way out where a person has edited the files, and only on a person's word.
#[must_use]
pub fn recover_whole(run: &ActiveRun, why: &str) -> Recovery {
    let mut steps = vec![Step::RestoreTree { backup: run.backup.clone() }];
    if run.steps.contains(&JournalStep::Reload) {
        steps.push(Step::Reload);
    }
    let outcome = RunOutcome::RolledBack;
    Recovery { steps, outcome, reason: format!("{why}; everything in the backup is restored") }
}

/// The step that brings a folder to where it was before a migration, or to
/// where a rollback wants it.
fn folder(step: &JournalStep, kind: RunKind, path: &TextPath, disk: &DiskState) -> Option<Step> {
    let wanted = matches!(
        (step, kind),
        (JournalStep::MakeFolder { .. }, RunKind::Rollback)
            | (JournalStep::RemoveFolder { .. }, RunKind::Migrate)
    );
    let is_there = disk.folders.contains(path);
    match (wanted, is_there) {
        (true, false) => Some(Step::MakeFolder { path: path.clone() }),
        (false, true) => Some(Step::RemoveFolder { path: path.clone() }),
        _ => None,
    }
}

/// The step that brings one file to `target`, if it is not there yet.
fn towards(
    path: &TextPath,
    observed: &Observed,
    target: &StepVersion,
    other: &StepVersion,
    backup: &BackupId,
) -> Result<Option<Step>, StuckReason> {
    let now = match &observed.now {
        Now::Nothing => None,
        Now::File(file) => Some(file.sha256),
        Now::Other(_) => return Err(StuckReason::Edited),
    };
    if now == target.hash() {
        return Ok(None);
    }
    if now != other.hash() {
        return Err(StuckReason::Edited);
    }
    let from = match &observed.now {
        Now::File(file) => version(file, Content::Live),
        Now::Nothing | Now::Other(_) => Version::Absent,
    };
    let to = match target.hash() {
        None => Version::Absent,
        Some(sha256) => observed
            .backed_up
            .as_ref()
            .filter(|file| file.sha256 == sha256)
            .map(|file| version(file, Content::Backup(backup.clone())))
            .ok_or(StuckReason::NotInBackup)?,
    };
    Ok(Some(Step::SetFile { path: path.clone(), from, to }))
}

impl std::fmt::Display for Now {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing => f.write_str("no file"),
            Self::File(file) => write!(f, "SHA-256 {}", file.sha256),
            Self::Other(what) => f.write_str(what),
        }
    }
}

fn version(file: &FileFacts, content: Content) -> Version {
    Version::File { sha256: file.sha256, attributes: file.attributes.clone(), content }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::StepState;
    use crate::values::Attributes;

    fn file(contents: &str) -> FileFacts {
        FileFacts { sha256: Hash::of(contents.as_bytes()), attributes: Attributes::plain(0o644, 0, 0) }
    }

    fn run(kind: RunKind, standing: Acceptance, reload_intended: bool) -> ActiveRun {
        let set = |path: &str| JournalStep::SetFile {
            path: at(path),
            from: StepVersion::File(Hash::of(b"old")),
            to: StepVersion::File(Hash::of(b"new")),
        };
        let steps = vec![set("/a"), set("/b"), JournalStep::Reload];
        ActiveRun {
            run: "20261122T101500Z-1".parse().expect("a run's name"),
            kind,
            plan: Hash::of(b"a plan"),
            backup: "20261122T101500Z-0a1b2c3d".parse().expect("a backup's name"),
            progress: vec![StepState::Pending; steps.len()],
            steps,
            phase: Phase::Forward,
            reload_intended,
            standing,
            confirm_by: None,
        }
    }

    fn at(path: &str) -> TextPath {
        TextPath::new(path).expect("a path")
    }

    fn now(contents: &str) -> Now {
        match contents {
            "" => Now::Nothing,
            "a folder" => Now::Other(contents.to_owned()),
            _ => Now::File(file(contents)),
        }
    }

    /// `disk` gives the contents of `/a` and `/b`; the answer names the files
    /// that are set and whether a reload follows.
    fn check(run: &ActiveRun, disk: [&str; 2], wanted: &str, expect: Result<&[&str], StuckReason>) {
        let backed_up = Some(file(wanted));
        let files = BTreeMap::from([
            (at("/a"), Observed { now: now(disk[0]), backed_up: backed_up.clone() }),
            (at("/b"), Observed { now: now(disk[1]), backed_up }),
        ]);
        let disk = DiskState { files, folders: BTreeSet::new() };
        let result = recover(run, &disk, "interrupted");
        let shown = result.as_ref().map(|recovery| {
            let name = |step: &Step| match step {
                Step::SetFile { path, .. } => path.as_str().to_owned(),
                Step::RestoreTree { .. } => "tree".to_owned(),
                Step::MakeFolder { path } | Step::RemoveFolder { path } => path.as_str().to_owned(),
                Step::Reload => "reload".to_owned(),
            };
            recovery.steps.iter().map(name).collect::<Vec<_>>()
        });
        let shown = shown.map_err(|stuck| stuck[0].reason);
        assert_eq!(shown, expect.map(|names| names.iter().map(ToString::to_string).collect()));
    }

    #[test]
    fn a_migration_is_undone_in_reverse() {
        let forward = run(RunKind::Migrate, Acceptance::Unproven, false);
        check(&forward, ["old", "old"], "old", Ok(&[]));
        check(&forward, ["new", "old"], "old", Ok(&["/a", "reload"]));
        check(&forward, ["new", "new"], "old", Ok(&["/b", "/a", "reload"]));
        check(&forward, ["new", "other"], "old", Err(StuckReason::Edited));
        check(&forward, ["new", ""], "old", Err(StuckReason::Edited));
        check(&forward, ["new", "a folder"], "old", Err(StuckReason::Edited));
        check(&forward, ["new", "new"], "unrelated", Err(StuckReason::NotInBackup));
        let reloading = run(RunKind::Migrate, Acceptance::Unproven, true);
        check(&reloading, ["old", "old"], "old", Ok(&["reload"]));
        let again = ActiveRun { phase: Phase::Recovering, ..forward.clone() };
        check(&again, ["old", "old"], "old", Ok(&["reload"]));
    }

    #[test]
    fn a_proven_migration_is_kept_whatever_came_after() {
        check(&run(RunKind::Migrate, Acceptance::Kept, true), ["new", "other"], "old", Ok(&[]));
    }

    #[test]
    fn an_unconfirmed_migration_is_undone() {
        let unconfirmed = run(RunKind::Migrate, Acceptance::Unconfirmed, true);
        check(&unconfirmed, ["new", "new"], "old", Ok(&["/b", "/a", "reload"]));
        check(&unconfirmed, ["new", "edited"], "old", Err(StuckReason::Edited));
    }

    #[test]
    fn a_rollback_is_finished_in_order() {
        let rollback = run(RunKind::Rollback, Acceptance::Unproven, false);
        check(&rollback, ["old", "old"], "new", Ok(&["/a", "/b", "reload"]));
        check(&rollback, ["new", "old"], "new", Ok(&["/b", "reload"]));
        check(&rollback, ["new", "new"], "new", Ok(&["reload"]));
    }
}
