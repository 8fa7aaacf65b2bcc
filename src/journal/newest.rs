//! The newest run of a journal, whether it is over or not.
//!
//! Invariant: who only asks what was done last asks here, and is told the same of a run that is open and of one that
//! has ended.

use super::{JournalStep, RunKind, Status};
use crate::values::{BackupId, RunId};

/// What is the same of every run.
#[derive(Debug, Clone, Copy)]
pub struct Newest<'a> {
    pub run: &'a RunId,
    /// What it is for.
    pub kind: RunKind,
    pub backup: &'a BackupId,
    pub steps: &'a [JournalStep],
}

impl Status {
    /// The newest run; none where nothing was ever done.
    #[must_use]
    pub fn newest(&self) -> Option<Newest<'_>> {
        match self {
            Self::Empty => None,
            Self::Active(run) => {
                Some(Newest { run: &run.run, kind: run.kind, backup: &run.backup, steps: &run.steps })
            }
            Self::Quiet(run) => {
                Some(Newest { run: &run.run, kind: run.kind, backup: &run.backup, steps: &run.steps })
            }
        }
    }
}
