//! How a run ended, in one word.
//!
//! Invariant: of a failure it follows from the state that the failure leaves.

use super::FailureKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a run ended, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeKind {
    /// Looked, and all is well.
    Ok,
    /// The server already is as wanted.
    UpToDate,
    /// There is something to do.
    ChangesPending,
    /// Changed and proven.
    Applied,
    /// Changed, and undone by itself unless confirmed in time.
    AwaitingConfirmation,
    /// A guard said no.
    Refused,
    /// Changed, failed a gate, and put back.
    RolledBack,
    /// A person must look.
    NeedsOperator,
    /// Failed with nothing changed.
    Failed,
    /// A person said no, or ended it before anything was changed.
    Cancelled,
    /// Input does not parse or validate.
    Invalid,
    /// Something could not be looked at.
    Unavailable,
}

impl From<FailureKind> for OutcomeKind {
    fn from(kind: FailureKind) -> Self {
        match kind {
            FailureKind::Failed => Self::Failed,
            FailureKind::Cancelled => Self::Cancelled,
            FailureKind::Refused => Self::Refused,
            FailureKind::RolledBack => Self::RolledBack,
            FailureKind::NeedsOperator => Self::NeedsOperator,
            FailureKind::Usage | FailureKind::Invalid => Self::Invalid,
            FailureKind::Unavailable => Self::Unavailable,
        }
    }
}
