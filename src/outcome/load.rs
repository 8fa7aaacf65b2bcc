//! What a steady load saw during a reload.
//!
//! Invariant: as of every section, field names are public contract.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A steady load during a reload.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoadSection {
    /// A new connection for every request.
    pub fresh: LoadCount,
    /// Many requests on one connection.
    pub keepalive: LoadCount,
    /// Requests that began between the signal and the old workers' exit.
    pub during_reload: u64,
    /// The same requests one span of time after the other; absent where none was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_time: Option<LoadOverTime>,
}

/// The requests of a load in equal spans of time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoadOverTime {
    /// Milliseconds from the beginning of the first step to the first request.
    pub at: u64,
    /// Milliseconds of each span.
    pub span: u64,
    /// How many began in each.
    pub sent: Vec<u64>,
    /// How many of those got no answer.
    pub failed: Vec<u64>,
    /// Each reload: milliseconds from the first request to the signal and to the old workers' exit.
    pub reloads: Vec<LoadReload>,
}

/// A reload under load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoadReload {
    /// The signal.
    pub from: u64,
    /// The last old worker's exit.
    pub to: u64,
}

/// Requests of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoadCount {
    /// How many were sent.
    pub sent: u64,
    /// How many got no answer.
    pub failed: u64,
    /// How many a limit of the server turned away, as far as its status says.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub limited: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
