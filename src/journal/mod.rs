//! The record of what a run is about to do and has done.
//!
//! Invariant: an event is on the disk before its effect begins, so that the
//! journal and the disk together always say how to go on. Holds hashes and
//! paths, never contents. Pure: the bytes are written by `apply`.

mod codec;
mod deadline;
mod event;
mod newest;
mod runs;
mod status;
mod undoable;

pub use codec::{Journal, JournalError, NEWEST as FORMAT, encode};
pub use deadline::{Deadline, TimeLeft};
pub use event::{Event, JournalStep, Record, RunKind, RunOutcome, StepVersion};
pub use newest::Newest;
pub use runs::{End, PastRun, runs};
pub use status::{
    Acceptance, ActiveRun, FinishedRun, IllegalTransition, Phase, Status, StepState, next_status,
};
pub use undoable::{Undoable, needed_backups};
