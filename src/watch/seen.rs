//! What is seen of a server for a monitor, and the grades that it is given.
//!
//! Invariant: what could not be looked at is told from what is not there.

use crate::facts::RouteState;
use crate::plan::{MissingChange, Standing};
use serde::{Deserialize, Serialize};

/// The four states of a monitoring plugin, from the best to the worst. That something could not be looked at is worse
/// than a warning: it may hide what is critical.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Grade {
    /// Served, and as it was left.
    Ok,
    /// Somebody should look, in their own time.
    Warning,
    /// Could not be looked at.
    Unknown,
    /// Somebody should look now.
    Critical,
}

impl Grade {
    /// Its name in the line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Unknown => "UNKNOWN",
            Self::Critical => "CRITICAL",
        }
    }

    /// The exit code of a monitoring plugin.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }

    /// The severity of syslog(3) and of the journal.
    #[must_use]
    pub fn severity(self) -> u8 {
        match self {
            Self::Ok => 6,
            Self::Warning | Self::Unknown => 4,
            Self::Critical => 2,
        }
    }
}

/// Whether NGINX serves what the files say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Serving {
    Runs,
    /// Nothing runs on this server.
    Stopped,
    /// A tree, or it was not looked at.
    #[default]
    NotAsked,
}

/// Where the newest run stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RunState {
    /// Nobody ever changed anything here, or it could not be looked at.
    #[default]
    None,
    Over,
    /// It waits for its confirmation: how much time is left, in words.
    Waits(String),
    /// Its time to be confirmed is over, and it was not undone.
    Overdue(String),
    /// Its process is at work.
    UnderWay(String),
    /// Its process is gone.
    Interrupted(String),
    /// It is open, and a person has to decide how it ends: why, and what helps.
    Stuck(String),
}

/// The newest run, for figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRun {
    /// What it was for.
    pub kind: &'static str,
    /// How it ended, or how far it is.
    pub outcome: &'static str,
    /// When something of it was recorded last, in seconds since 1970.
    pub seconds: Option<i64>,
}

/// What was seen of a server.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub site: Option<String>,
    pub nginx: Option<String>,
    /// What answers the new client's route; `None` where it could not be looked at.
    pub route: Option<RouteState>,
    pub serving: Serving,
    /// Where the newest run stands.
    pub run: RunState,
    pub last_run: Option<LastRun>,
    /// Files that are not as the newest run left them; `None` where it could not be looked at.
    pub drifted: Option<Vec<String>>,
    /// How Motion's file stands against what the last change left; `None` where it could not be looked at.
    pub standing: Option<Standing>,
    /// Why NGINX would not start with what is on the disk.
    pub broken: Option<String>,
    /// What else is critical, such as a journal that cannot be trusted.
    pub faults: Vec<String>,
    /// What could not be looked at, and why.
    pub unknown: Vec<String>,
    /// What the watcher has to say of itself.
    pub said: Vec<Reason>,
}

/// One thing that there is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// How bad it is.
    pub grade: Grade,
    /// What it is, in a word that stays the same while it lasts.
    pub kind: &'static str,
    /// For people; may hold a time.
    pub text: String,
}

impl Seen {
    /// The local changes that are gone; `None` where it is not known.
    pub(super) fn missing(&self) -> Option<&[MissingChange]> {
        let known = self.standing.as_ref().filter(|standing| !standing.is_unknown());
        known.map(|standing| standing.missing.as_slice())
    }
}
