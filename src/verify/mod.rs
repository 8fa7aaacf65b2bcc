//! Gates: what must hold before and after a change is kept.
//!
//! Invariant: a gate reports what was observed, never what was hoped for. It
//! looks; it must not change the server.

pub mod compare;
mod gate;
mod page;
pub mod probe;
