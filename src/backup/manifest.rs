//! What a backup holds, as it is written beside the contents.
//!
//! Invariant: names and links are escaped without loss, so files with any bytes in their names
//! come back; the format carries a number, the lowest that knows everything in it, and a newer
//! one is refused.

use crate::host::files::{Expect, FileState, OtherKind};
use crate::values::{Attributes, BackupId, Hash, LinkText, RootPath};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The newest format that this version reads. A manifest is written in the first one unless it holds what came later, so
/// that an older version goes on reading the others.
pub const FORMAT: u32 = 2;
/// The oldest format that is read.
pub const FIRST: u32 = 1;
/// Knows files that are too large to be kept.
const WITH_LARGE_FILES: u32 = 2;

/// The table of contents of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Of this file.
    pub format: u32,
    /// The backup's name.
    pub id: BackupId,
    /// When it was made.
    #[schemars(with = "String")]
    pub created: Timestamp,
    /// The server it was made on.
    pub host: String,
    /// The version of motionctl that made it.
    pub tool_version: String,
    /// Why it was made.
    pub reason: String,
    /// The run it was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The folders and files that were asked for.
    pub roots: Vec<RootPath>,
    /// Folders above them, in case they are missing when files are restored.
    pub above: BTreeMap<RootPath, Attributes>,
    /// Everything that was found.
    pub entries: BTreeMap<RootPath, Entry>,
}

/// What stood at one path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Entry {
    /// A regular file, whose bytes are kept.
    File {
        /// Of its bytes.
        sha256: Hash,
        /// In bytes.
        size: u64,
        /// Owner, mode and so on.
        attributes: Attributes,
    },
    /// A symbolic link, kept as a link.
    Symlink {
        /// Its text.
        target: LinkText,
        /// Owner and times.
        attributes: Attributes,
    },
    /// A folder.
    Folder {
        /// Owner, mode and so on.
        attributes: Attributes,
    },
    /// A FIFO, socket, device, or a file too large for any configuration: seen, not read whole, not kept.
    Skipped {
        /// What it is.
        kind: OtherKind,
    },
}

impl Manifest {
    /// The lowest format that knows everything in `entries`.
    pub(super) fn format_of(entries: &BTreeMap<RootPath, Entry>) -> u32 {
        if entries.values().any(Entry::is_large) { WITH_LARGE_FILES } else { FIRST }
    }

    /// The files that were too large to be kept.
    pub fn left_out(&self) -> impl Iterator<Item = &RootPath> {
        self.entries.iter().filter(|(_, entry)| entry.is_large()).map(|(path, _)| path)
    }

    /// How many regular files it holds.
    #[must_use]
    pub fn files(&self) -> u64 {
        self.contents().count() as u64
    }

    /// How many bytes they have together.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.contents().map(|(_, size)| size).sum()
    }

    /// Whether a path is held, or lies in a folder that is held with everything in it.
    #[must_use]
    pub fn covers(&self, path: &RootPath) -> bool {
        let mut next = path.parent();
        while let Some(above) = next {
            if self.entries.get(&above).is_some_and(Entry::is_folder) {
                return true;
            }
            next = above.parent();
        }
        self.entries.contains_key(path)
    }

    pub(super) fn contents(&self) -> impl Iterator<Item = (Hash, u64)> {
        self.entries.values().filter_map(|entry| match entry {
            Entry::File { sha256, size, .. } => Some((*sha256, *size)),
            _ => None,
        })
    }
}

impl Entry {
    /// The entry for what was observed; `None` for nothing.
    #[must_use]
    pub fn of(state: FileState) -> Option<Self> {
        Some(match state {
            FileState::Absent => return None,
            FileState::File { sha256, size, attributes, .. } => Self::File { sha256, size, attributes },
            FileState::Symlink { target, attributes } => Self::Symlink { target, attributes },
            FileState::Folder { attributes } => Self::Folder { attributes },
            FileState::Other { kind } => Self::Skipped { kind },
        })
    }

    /// Owner, mode and so on, of what has them restored.
    #[must_use]
    pub fn attributes(&self) -> Option<&Attributes> {
        match self {
            Self::File { attributes, .. }
            | Self::Symlink { attributes, .. }
            | Self::Folder { attributes } => Some(attributes),
            Self::Skipped { .. } => None,
        }
    }

    /// What a change of this entry has to find; `None` for a folder.
    pub(super) fn expect(&self) -> Option<Expect> {
        match self {
            Self::File { sha256, .. } => Some(Expect::File(*sha256)),
            Self::Symlink { target, .. } => Some(Expect::Symlink(target.clone())),
            Self::Skipped { kind } => Some(Expect::Other(*kind)),
            Self::Folder { .. } => None,
        }
    }

    pub(super) fn is_large(&self) -> bool {
        matches!(self, Self::Skipped { kind: OtherKind::LargeFile })
    }

    /// Whether it is a folder.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        matches!(self, Self::Folder { .. })
    }
}
