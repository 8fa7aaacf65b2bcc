//! What crosses the sandbox's wall: the order in, the result out.

use crate::host::sandbox::Capabilities;
use crate::outcome::{BackupSection, DurationSection, FailureKind, LoadSection, ProbeRow, ReloadSection};
use crate::prepare::Options;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What to rehearse.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The options of the change, as they apply inside.
    pub options: Options,
    /// What the private NGINX may do: inside, a copy of a tree counts as a live server, whose modules are trusted.
    pub capabilities: Capabilities,
    /// How long a reload may take.
    pub reload_timeout: Duration,
    /// Requests of the load, at least.
    pub load: u64,
    /// Whether logs and changed files are handed out.
    pub keep: Keep,
    /// The command line, redacted, for the journal inside.
    pub command: String,
}

/// Whether logs and changed files are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// They go with the copy.
    Nothing,
    /// They are part of the result.
    Files,
}

/// What a rehearsal saw.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rehearsed {
    /// The backup that was made, inside.
    pub backup: Option<BackupSection>,
    /// The reload of the change.
    pub reload: Option<ReloadSection>,
    /// What the routes answered before, after and after the rollback.
    pub probes: Vec<ProbeRow>,
    /// What the load saw.
    pub load: Option<LoadSection>,
    /// How long each part took.
    pub durations: Vec<DurationSection>,
    /// What differed from the real server, for people.
    pub notes: Vec<String>,
    pub kept: Vec<KeptFile>,
    pub failure: Option<(FailureName, String)>,
}

/// A file of the private copy.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptFile {
    /// A plain file name.
    pub name: String,
    pub text: String,
}

/// A kind of failure that can cross the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureName {
    /// A gate failed, or something did not work.
    Failed,
    Invalid,
    /// A guard said no.
    Refused,
}

impl From<FailureKind> for FailureName {
    fn from(kind: FailureKind) -> Self {
        match kind {
            FailureKind::Invalid | FailureKind::Usage => Self::Invalid,
            FailureKind::Refused => Self::Refused,
            FailureKind::Failed
            | FailureKind::Cancelled
            | FailureKind::RolledBack
            | FailureKind::NeedsOperator
            | FailureKind::Unavailable => Self::Failed,
        }
    }
}

impl From<FailureName> for FailureKind {
    fn from(name: FailureName) -> Self {
        match name {
            FailureName::Failed => Self::Failed,
            FailureName::Invalid => Self::Invalid,
            FailureName::Refused => Self::Refused,
        }
    }
}
