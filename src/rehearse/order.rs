//! What crosses the sandbox's wall: the order in, the result out.

use crate::apply::SandboxChoice;
use crate::facts::ClientFacts;
use crate::inspect::{self, ClientChoice};
use crate::nginx::merge::Resolutions;
use crate::outcome::{BackupSection, DurationSection, FailureKind, LoadSection, ProbeRow, ReloadSection};
use crate::plan::bundle::Bundle;
use crate::plan::{Input, StrategyWish};
use crate::prepare::Options;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

/// What to rehearse.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    pub site: Option<PathBuf>,
    pub client: Client,
    pub bundle: Bundle,
    pub strategy: StrategyWish,
    pub candidate: Option<Input>,
    pub base: Option<Input>,
    pub resolutions: Resolutions,
    pub local_include: Option<PathBuf>,
    pub accept: BTreeSet<String>,
    pub reload_timeout: Duration,
    pub load: u64,
    pub keep: Keep,
    pub command: String,
}

/// Where the new client is; the choice is made outside, once.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Client {
    Folder(PathBuf),
    Upstream(String),
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
    /// Files for `--keep`.
    pub kept: Vec<Kept>,
    /// Why it failed.
    pub failure: Option<(FailureName, String)>,
}

/// A file of the private copy.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// A plain file name.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// A kind of failure that can cross the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureName {
    /// A gate failed, or something did not work.
    Failed,
    /// Bad input.
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

impl Order {
    /// The options of the change, as they apply inside.
    pub fn options(&self) -> Options {
        Options {
            inspect: inspect::Options {
                site: self.site.clone(),
                client: match &self.client {
                    Client::Folder(folder) => ClientChoice::Folder(folder.clone()),
                    Client::Upstream(url) => ClientChoice::Upstream(url.clone()),
                },
            },
            bundle: self.bundle.clone(),
            strategy: self.strategy,
            candidate: self.candidate.clone(),
            base: self.base.clone(),
            resolutions: self.resolutions.clone(),
            local_include: self.local_include.clone(),
            accept: self.accept.clone(),
            sandbox: SandboxChoice::Required,
        }
    }
}

impl From<&ClientFacts> for Client {
    fn from(facts: &ClientFacts) -> Self {
        match facts {
            ClientFacts::Static(folder) => Self::Folder(folder.clone()),
            ClientFacts::Proxied(url) => Self::Upstream(url.clone()),
        }
    }
}
