//! What to type after an answer, and why.
//!
//! Invariant: a command never stands without its reason, so that nobody types one only because it stands last.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One command that may come next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NextStep {
    /// What is typed, ready to be copied.
    pub command: String,
    /// What it is for, in a few words; lower case, no full stop.
    pub why: String,
}
