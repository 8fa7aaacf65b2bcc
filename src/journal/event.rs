//! What can be recorded. The format is versioned: old journals are read for ever.

use super::Deadline;
use crate::values::{BackupId, Hash, RunId, TextPath};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a run is for; it decides which way recovery goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunKind {
    /// Brings the new client's routes; interrupted, it is undone.
    Migrate,
    /// Brings back a backup; interrupted, it is finished.
    Rollback,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunOutcome {
    /// The wanted state is in place and proven.
    Applied,
    /// The state before the run is in place again.
    RolledBack,
    /// The state before the run is in place again because of a failure.
    Failed,
}

/// One file's state at one side of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepVersion {
    /// There is no such file.
    Absent,
    /// A regular file with these bytes.
    File(Hash),
}

/// A step as the journal knows it: what it touches and what it turns into what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum JournalStep {
    /// One file is replaced, created or removed.
    SetFile {
        /// The file, as seen below the root.
        path: TextPath,
        /// Its state before.
        from: StepVersion,
        /// Its state after.
        to: StepVersion,
    },
    /// An empty folder is made.
    MakeFolder {
        /// The folder, as seen below the root.
        path: TextPath,
    },
    /// An empty folder is removed.
    RemoveFolder {
        /// The folder, as seen below the root.
        path: TextPath,
    },
    /// Everything that a backup covers becomes what it holds.
    RestoreTree {
        /// The backup.
        backup: BackupId,
    },
    /// The master is told to read its configuration again.
    Reload,
}

impl JournalStep {
    /// The one file that it changes; `None` where it changes none, or whatever a backup holds.
    #[must_use]
    pub fn file(&self) -> Option<&TextPath> {
        match self {
            Self::SetFile { path, .. } => Some(path),
            Self::MakeFolder { .. } | Self::RemoveFolder { .. } | Self::RestoreTree { .. } | Self::Reload => {
                None
            }
        }
    }
}

/// One thing that happened, or is about to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Event {
    /// A run begins; nothing has been touched yet.
    Started {
        /// The run.
        run: RunId,
        /// What it is for.
        kind: RunKind,
        /// The plan's identity.
        plan: Hash,
        /// The backup that holds every `from`.
        backup: BackupId,
        /// What will be done, in order.
        steps: Vec<JournalStep>,
        /// Who asked: login name, sudo user, terminal.
        actor: String,
        /// The command line, redacted.
        command: String,
    },
    /// A step is about to take effect.
    Intent {
        /// Its index in the steps of the newest `Started` or `Recovering`.
        step: usize,
    },
    /// A step has taken effect.
    Done {
        /// Its index.
        step: usize,
    },
    /// Unless somebody confirms the run by then, it is undone; recorded before
    /// the timer is armed, and that before the first step.
    ConfirmBy {
        /// Until when.
        deadline: Deadline,
    },
    /// Every gate passed: from here on the run is finished, not undone.
    Proven,
    /// Every gate passed, in the place of [`Event::Proven`] where there is a
    /// deadline: the run is undone unless it is confirmed.
    AwaitingConfirmation,
    /// Somebody confirmed in time: from here on the run is finished, not undone.
    Confirmed {
        /// Who: login name, sudo user, terminal.
        actor: String,
    },
    /// The way back, or the way on after an interruption, begins.
    Recovering {
        /// Why.
        reason: String,
        /// What will be done, in order.
        steps: Vec<JournalStep>,
    },
    /// The run is over.
    Finished {
        /// How.
        outcome: RunOutcome,
    },
}

impl Event {
    /// The oldest format that knows this event.
    #[must_use]
    pub fn format(&self) -> u32 {
        match self {
            Self::Started { .. }
            | Self::Intent { .. }
            | Self::Done { .. }
            | Self::Proven
            | Self::Recovering { .. }
            | Self::Finished { .. } => 1,
            Self::ConfirmBy { .. } | Self::AwaitingConfirmation | Self::Confirmed { .. } => 2,
        }
    }
}

/// An event with its place and time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Format of this record: the oldest one that knows its event.
    pub version: u32,
    /// Counts from 1 without gaps.
    pub sequence: u64,
    /// Wall-clock time in UTC, RFC 3339; for people, never for decisions.
    pub time: String,
    /// What happened.
    pub body: Event,
}
