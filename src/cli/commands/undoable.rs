//! Which run a rollback takes back.
//!
//! Invariant: without a name it is the newest change that stands, as the journal's runs say; a backup that belongs to no
//! run can only be restored whole.

use crate::apply::{History, distrusted};
use crate::cli::context::Context;
use crate::journal::{JournalStep, PastRun, runs};
use crate::outcome::Failure;
use crate::values::{BackupId, Hash, TextPath};

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

/// The newest applied migration that still stands, or the one whose backup is named. A backup
/// that belongs to no run can still be restored.
pub fn undoable(context: &Context, named: Option<BackupId>) -> Result<Option<Undoable>, Failure> {
    let journal = History::look(&context.root).map_err(|error| distrusted(&error))?;
    let runs = runs(&journal.records);
    let Some(id) = named else {
        return Ok(runs.iter().rfind(|run| run.stands()).map(Undoable::of));
    };
    let made = runs.iter().rfind(|run| run.changed_something() && run.backup == id);
    let unknown = Undoable { backup: id, left: Vec::new(), folders: Vec::new() };
    Ok(Some(made.map_or(unknown, Undoable::of)))
}

impl Undoable {
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
