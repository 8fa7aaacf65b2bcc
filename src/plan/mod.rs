//! Pure planners: facts in, a plan without choices out.
//!
//! Invariant: the same facts give the same plan. Nothing here reads the disk,
//! the clock or randomness.

pub mod bundle;
