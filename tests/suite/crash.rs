//! The process is killed at every place that matters, and the disk fails
//! there; then `recover`, and the server is as before or as wanted.
//!
//! Invariant: each case says on the real binary's own tree what came of it;
//! a case whose kill or fault did not happen fails the test.

mod judge;
mod points;
mod scenario;
mod table;
