//! Which run a rollback takes back.
//!
//! Invariant: without a name it is the newest change that stands, as the journal's runs say; a backup that belongs to no
//! run can only be restored whole.

use super::{Journal, JournalStep, PastRun, runs};
use crate::values::{BackupId, Hash, TextPath};
use std::collections::BTreeSet;

/// A run that can be undone.
#[derive(Debug, Clone)]
pub struct Undoable {
    /// The backup that holds what it replaced.
    pub backup: BackupId,
    /// What the run left in each file, in its order; `None` where it left no file.
    pub left: Vec<(TextPath, Option<Hash>)>,
    /// Folders that it made, in its order.
    pub folders: Vec<TextPath>,
}

impl Undoable {
    /// The newest applied migration that still stands, or the one whose backup is named. A backup
    /// that belongs to no run can still be restored.
    #[must_use]
    pub fn choose(runs: &[PastRun], named: Option<BackupId>) -> Option<Self> {
        let Some(id) = named else {
            return runs.iter().rfind(|run| run.stands()).map(Self::of);
        };
        let made = runs.iter().rfind(|run| run.changed_something() && run.backup == id);
        Some(made.map_or(Self { backup: id, left: Vec::new(), folders: Vec::new() }, Self::of))
    }

    fn of(run: &PastRun) -> Self {
        let folder = |step: &JournalStep| match step {
            JournalStep::MakeFolder { path } => Some(path.clone()),
            _ => None,
        };
        Self {
            backup: run.backup.clone(),
            left: run.left().map(|(path, hash)| (path.clone(), hash)).collect(),
            folders: run.steps.iter().filter_map(folder).collect(),
        }
    }
}

/// The backups that a rollback or a recovery of the newest run would need.
#[must_use]
pub fn needed_backups(journal: &Journal) -> BTreeSet<BackupId> {
    let newest = journal.status.newest().map(|run| run.backup.clone());
    let undoable = Undoable::choose(&runs(&journal.records), None).map(|run| run.backup);
    newest.into_iter().chain(undoable).collect()
}
