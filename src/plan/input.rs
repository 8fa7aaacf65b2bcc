//! What the operator wants of a migration, beyond what the server shows.
//!
//! Invariant: every file that the operator named is here as bytes; the planner
//! opens nothing.

use super::kept::LocalPatch;
use super::standing::SiteState;
use crate::facts::FileFacts;
use crate::values::{Attributes, TextPath};
use nginx_config::merge::Resolutions;
use nginx_config::{Config, FileId, Node, Tree};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// How the new configuration is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WantedStrategy {
    /// `merge` where it is known what the file descends from, else `graft`.
    Auto,
    Named(Strategy),
}

/// How the new configuration is made from the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// The vendor's changes put into the live file.
    Merge,
    /// The live files plus the missing routes.
    Graft,
    /// The whole template or candidate.
    Replace,
}

impl Strategy {
    /// As it is typed and printed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Graft => "graft",
            Self::Replace => "replace",
        }
    }

    /// The strategy of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Merge, Self::Graft, Self::Replace].into_iter().find(|strategy| strategy.name() == name)
    }
}

/// A file that the operator named, or that motionctl remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// What to call it.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// Where the text that local changes are told from is remembered.
#[derive(Debug, Clone)]
pub struct Memory {
    /// The file, below the root.
    pub path: TextPath,
    /// It, when there is one.
    pub standing: Option<(FileFacts, Vec<u8>)>,
    /// The same, where it is the vendor's own text: what stood there before the first change is no base of a merge.
    pub remembered: Option<(FileFacts, Vec<u8>)>,
    /// Owner and mode of a new one.
    pub attributes: Attributes,
}

/// Where the local changes are kept.
#[derive(Debug, Clone)]
pub struct Keeping {
    /// The file, below the root.
    pub path: TextPath,
    /// It, when there is one.
    pub existing: Option<(FileFacts, Vec<u8>)>,
    pub patch: Option<LocalPatch>,
    /// Whether a change left one that is not there any more: then what the base record is, is not known either.
    pub is_gone: bool,
    /// Folders above it that are missing, outermost first.
    pub missing_folders: Vec<TextPath>,
    /// Owner and mode of a new one.
    pub attributes: Attributes,
}

/// The customer's own file for local blocks.
#[derive(Debug, Clone)]
pub struct LocalInclude {
    /// The file, below the root.
    pub path: TextPath,
    /// It, when it is there.
    pub existing: Option<(FileFacts, Vec<u8>)>,
    /// Folders above it that are missing, outermost first.
    pub missing_folders: Vec<TextPath>,
    /// Owner and mode of a new file.
    pub attributes: Attributes,
}

/// A file that a candidate brings along and includes, and that the server does not have.
#[derive(Debug, Clone)]
pub struct Companion {
    /// Where it goes, and what it needs to be there.
    pub file: LocalInclude,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// The vendor's own new file as this server would read it.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The file, as it was given.
    pub input: Input,
    /// The server's configuration with it in the place of Motion's file.
    pub config: Config,
    /// It, in that configuration.
    pub file: FileId,
    /// Its server blocks that serve Motion.
    pub motion: Vec<Node>,
    /// Files that it includes and nothing read before, by every path that leads to each.
    pub beside: BTreeMap<PathBuf, Vec<u8>>,
    /// Certificates and keys that it names and that are not there.
    pub absent: BTreeSet<PathBuf>,
}

/// An old copy of Motion's file, to bring back what the live one lost.
#[derive(Debug, Clone)]
pub struct Carry {
    /// What to call it.
    pub name: String,
    pub tree: Tree,
    /// Files that it includes and that are not there, as it writes them.
    pub missing: BTreeSet<String>,
    /// Other files of the server as it was.
    pub others: Vec<Tree>,
}

/// What becomes of the guards of today's pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WantedGuard {
    /// What is not inherited is said.
    Say,
    /// They are copied into the new client's location.
    Inherit,
}

/// Everything that is wanted.
#[derive(Debug, Clone)]
pub struct PlanInput {
    pub strategy: WantedStrategy,
    /// The vendor's own new file, in the place of the template.
    pub candidate: Option<Candidate>,
    /// Files that the candidate brings along.
    pub companions: Vec<Companion>,
    /// What the live file descends from.
    pub base: Option<Input>,
    /// What the last change was made with.
    pub memory: Option<Memory>,
    /// An old copy, to bring back what the live file lost.
    pub carry: Option<Carry>,
    /// The local changes that it left.
    pub keeping: Option<Keeping>,
    /// Why it is not known which changes are local.
    pub unknown: Option<SiteState>,
    /// Files that are there, that what is brought back includes, and that nothing reads now, by every path that leads
    /// to each.
    pub named: BTreeMap<PathBuf, Vec<u8>>,
    /// What was decided about conflicts.
    pub resolutions: Resolutions,
    /// What is to be taken that is only offered, by path.
    pub take: Vec<String>,
    /// Where local blocks are to go.
    pub local_include: Option<LocalInclude>,
    /// What becomes of today's guards.
    pub guards: WantedGuard,
}
