//! Gates: what must be observed before a change counts.
//!
//! Invariant: a gate reports what it saw and names what it did not look at; it never takes
//! the success of a command for the success of the change. It must not change files.

mod error_log;
mod reload;

pub use error_log::MainLog;
pub use reload::{ReloadProof, ReloadRequest, Unproven, UnprovenReload, reload};
