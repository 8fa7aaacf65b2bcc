//! The whole migration on a private copy of this server.
//!
//! Invariant: nothing that a rehearsal starts is visible from outside or
//! outlives it. It must not touch the live server. What it runs is the code
//! of the real change.

pub mod dns;
mod inside;
pub mod load;
mod outside;
mod protocol;
mod stage;
pub mod standin;

pub use inside::inside;
pub use outside::{RehearsalOptions, rehearse};
pub use protocol::{FailureName, Keep, KeptFile, Rehearsed};
