//! What the operator asked for.
//!
//! Invariant: data alone, the same outside and inside of a rehearsal.

use super::carry::OldCopy;
use super::probes::StatedProbe;
use crate::apply::SandboxChoice;
use crate::inspect;
use crate::outcome::codes::Code;
use crate::plan::bundle::{Bundle, Origin};
use crate::plan::{Input, WantedGuard, WantedStrategy};
use nginx_config::merge::Resolutions;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// What the operator asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Where discovery needs help.
    pub inspect: inspect::Options,
    pub bundle: Bundle,
    /// Where they come from.
    pub templates: Origin,
    /// How the new configuration is made.
    pub strategy: WantedStrategy,
    /// The vendor's own new file.
    pub candidate: Option<Input>,
    /// New files that come with it, by their paths: those that it includes are made, too.
    #[serde(default)]
    pub beside: Vec<Input>,
    /// What the live file descends from.
    pub base: Option<Input>,
    /// An old copy, to bring back what the live file lost.
    #[serde(default)]
    pub carry: Option<OldCopy>,
    /// What was decided about conflicts.
    pub resolutions: Resolutions,
    /// What is to be taken that is only offered, by path.
    #[serde(default)]
    pub take: Vec<String>,
    /// Where local blocks are to go, below the root.
    pub local_include: Option<PathBuf>,
    /// What becomes of the guards of today's pages.
    pub guards: WantedGuard,
    /// Findings accepted by name.
    pub accept: BTreeSet<Code>,
    /// Whether a sandbox is demanded.
    pub sandbox: SandboxChoice,
    /// Routes that must answer after the change as the operator says.
    pub probes: Vec<StatedProbe>,
    /// Whether older copies of Motion's file are looked for.
    #[serde(default)]
    pub copies: LookForCopies,
    /// What a conflict with an update means.
    #[serde(default)]
    pub conflicts: OpenConflicts,
}

/// Whether older copies of Motion's file are looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LookForCopies {
    /// They are no concern of this command.
    #[default]
    No,
    /// They are, and what the live file lost against the newest is said.
    Yes,
}

/// What it means that somebody has to decide before an update and the local changes can be put together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpenConflicts {
    /// There is nothing that this command can do.
    #[default]
    Refuse,
    /// It is said beside the rest: the command only looks.
    Say,
}
