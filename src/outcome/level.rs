//! How much a finding matters.
//!
//! Invariant: what stops a change comes first in their order.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much a finding matters to an apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Refuses an apply until accepted by name, where that is allowed.
    Stop,
    /// A person should read it before going on.
    Warn,
    /// Good to know.
    Info,
}
