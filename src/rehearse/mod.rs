//! The whole migration on a private copy of this server.
//!
//! Invariant: nothing that a rehearsal starts is visible from outside or
//! outlives it. It must not touch the live server. What it runs is the code
//! of the real change.

pub mod dns;
mod inside;
pub mod load;
mod order;
mod outside;
mod stage;
pub mod standin;

pub use inside::inside;
pub use order::{FailureName, Keep, Kept, Rehearsed};
pub use outside::{Wishes, rehearse};
