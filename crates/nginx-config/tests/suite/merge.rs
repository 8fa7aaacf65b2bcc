//! Three-way merges: laws over generated configurations, and hand-written
//! cases that the real nginx reads.
//!
//! Invariant: pure code is under test; nothing is started but `nginx -t`.

mod cases;
mod generate;
mod laws;
mod patches;
