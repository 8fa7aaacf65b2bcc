//! The whole migration on a private copy of this server.
//!
//! Invariant: nothing that a rehearsal starts is visible from outside or
//! outlives it. It must not touch the live server.

pub mod dns;
pub mod load;
pub mod standin;
