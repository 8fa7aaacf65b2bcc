//! What somebody else's script did in a private copy of a server, for the answer.
//!
//! Invariant: redacted before it comes here. Field names are public contract: they are added to, never renamed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The whole report; `try` in the details.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrySection {
    /// What was run.
    pub script: TriedScript,
    /// How it ended: `exited`, `killed` or `limit`; `limit` also where it went on behind it.
    pub ended: String,
    /// Its exit code, where it ended by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// The limit that it hit: `time`, `processes`, `memory` or `disk`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// Every file, link and folder that it would change.
    pub changes: Vec<TriedChange>,
    /// Whether there are more changes than are listed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
    /// What it asked of services, package managers and the like, in its order.
    pub asked: Vec<TriedRequest>,
    /// What it wanted from the network.
    pub fetches: Vec<TriedFetch>,
    /// Programs that it left running.
    pub left_running: Vec<String>,
    /// What it printed.
    pub output: Vec<String>,
    /// What was different when another edition of it was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edition: Option<TriedEdition>,
    /// Its new file for Motion's site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<TriedCandidate>,
    /// What held it, and what did not.
    pub containment: Vec<String>,
}

impl TrySection {
    /// Whether it did all that it does: by itself, with 0, and within the limits.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.exit_code == Some(0) && self.limit.is_none()
    }
}

/// The script.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TriedScript {
    /// What it is called.
    pub name: String,
    /// Of its bytes.
    pub sha256: String,
    /// How many.
    pub bytes: u64,
    /// What runs it.
    pub interpreter: String,
}

/// One path that it would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TriedChange {
    /// Where.
    pub path: String,
    /// `created`, `changed`, `removed`, or `attributes` where owner and mode alone differ.
    pub change: String,
    /// `file`, `folder`, `link`, `pipe`, `socket` or `device`.
    pub what: String,
    /// What the path means: `nginx`, `unit`, `cron`, `sudoers`, `accounts`, … or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub area: String,
    /// Size, owner, mode or the like, before and after, in words.
    pub note: String,
    /// Of the contents as they would be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The unified difference, redacted; absent for what is no text, is large, or is secret as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TriedRequest {
    /// The command line, redacted.
    pub command: String,
    /// `recorded` (said to have worked), `run` (really, in the copy) or `refused`.
    pub how: String,
    /// What was answered, where that needs words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// One download.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TriedFetch {
    /// The address, without credentials.
    pub url: String,
    /// By which command.
    pub by: String,
    /// The file of `--files` that was handed out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served: Option<String>,
    /// Whether an error page would be taken for the file (`curl` without `--fail`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unchecked: bool,
    /// Whether it sends something.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sends: bool,
    /// Whether it carries a user, a password or a token.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub credentials: bool,
}

/// The difference from the edition before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TriedEdition {
    /// Of the script that was tried then.
    pub earlier: String,
    /// When.
    pub tried: String,
    /// What only this edition does.
    pub new: Vec<String>,
    /// What only that one did.
    pub gone: Vec<String>,
    /// What both do, to another end.
    pub otherwise: Vec<String>,
}

/// The script's new file for Motion's site.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TriedCandidate {
    /// Where the script put it.
    pub path: String,
    /// Of its bytes.
    pub sha256: String,
    /// Where it was saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved: Option<String>,
}
