//! What was done to files and links, and why something could not be.
//!
//! Invariant: what we wrote begins with a line that says so.

use crate::outcome::{Failure, FailureKind};

/// The first line of a drop-in, which is ours alone. The package's scripts know it by its beginning.
pub const WRITTEN: &str = "# Written by `motionctl install-unit --watch`; written again by the next one.\n";

/// What was done to a file or link, for people.
pub struct Done {
    pub what: &'static str,
    pub path: String,
    /// Whether it is new or other than before.
    pub is_new: bool,
}

/// Why not.
pub fn failed(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(FailureKind::Failed, format!("installing units: {error}"))
}
