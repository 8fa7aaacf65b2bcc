//! Looking after a server: what a monitor is told of it, whether that is news, and whether an
//! overwritten file is set right without a person.
//!
//! Invariant: pure. A line says the worst that was seen first, and what could not be looked at is never
//! taken for good. Nothing here reads the machine, the clock or the settings.

mod figures;
mod heal;
mod memory;
mod seen;
mod verdict;

pub use figures::figures;
pub use heal::{Decision, HealMode, Healing, decide};
pub use memory::{Attempt, Memory, MemoryError, VERSION as MEMORY_FORMAT};
pub use seen::{Grade, LastRun, Reason, RunState, Seen, Serving};
pub use verdict::{Verdict, judge};
