//! Gates: what must hold before and after a change is kept.
//!
//! Invariant: a gate reports what it saw and names what it did not look at; it never takes
//! the success of a command for the success of the change. It must not change files.

mod assets;
pub mod certificate;
pub mod compare;
mod error_log;
mod gate;
mod goes_on;
mod model;
mod new_client;
mod patience;
pub mod probe;
pub mod referenced;
mod reload;
#[cfg(test)]
mod samples;
pub mod staged;
pub mod tested;
mod testimony;
mod timeless;

pub use error_log::MainLog;
pub use model::{Answer, Baseline, Expected, Gate, Kind, Probe, ProbeResult};
pub use patience::limited;
pub use reload::{ReloadProof, ReloadRequest, Unproven, UnprovenReload, reload};
pub use testimony::Lines;
