//! Changes as data: what is expected, what was put there, what is kept, what went wrong.
//!
//! Invariant: an error that is not `Unsettled` means that the name holds what it held
//! before. Nothing here touches a file.

use super::obstacle::{NotReplaceable, Obstacle};
use super::state::{FileState, OtherKind};
use crate::values::{Hash, LinkText, Mtime, RootPath};
use nix::errno::Errno;
use serde::{Deserialize, Serialize};
use std::io;

/// What must stand at a name for a change to go ahead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expect {
    Absent,
    /// A regular file with these bytes.
    File(Hash),
    /// A symbolic link with this text.
    Symlink(LinkText),
    /// A FIFO, a socket, a device or a file that is too large, which is known by what it is alone.
    Other(OtherKind),
}

/// What a change put at a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Installed {
    /// Nothing: it was removed.
    Nothing,
    /// A regular file with these bytes.
    File(Hash),
    /// A symbolic link with this text.
    Symlink(LinkText),
}

/// A change that was made and can be undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a change is either discarded or put back"]
pub struct UndoableChange {
    pub(super) path: RootPath,
    pub(super) hidden: Option<RootPath>,
    pub(super) installed: Installed,
    pub(super) folder_mtime: Mtime,
}

impl UndoableChange {
    /// The file that was changed, links followed.
    #[must_use]
    pub fn path(&self) -> &RootPath {
        &self.path
    }

    /// Where the old file waits; `None` when there was none.
    #[must_use]
    pub fn hidden(&self) -> Option<&RootPath> {
        self.hidden.as_ref()
    }

    /// What the change put there.
    #[must_use]
    pub fn installed(&self) -> &Installed {
        &self.installed
    }
}

/// Why a change was not made, or not undone.
#[derive(Debug, thiserror::Error)]
pub enum ReplaceError {
    /// An administrator or the file system does not let it be replaced. Nothing was changed.
    #[error(transparent)]
    NotReplaceable(#[from] NotReplaceable),
    /// Something else stands there than expected. Nothing was changed.
    #[error("`{path}` was changed by someone else: expected {expected}, found {found}")]
    Stale {
        /// The file.
        path: RootPath,
        /// What should stand there.
        expected: String,
        /// What does.
        found: String,
    },
    /// The operation failed, and the name holds what it held before.
    #[error("{operation} `{path}`: {source}")]
    Io {
        /// What was being done.
        operation: &'static str,
        /// The file.
        path: RootPath,
        /// What the kernel says.
        source: io::Error,
    },
    /// The name was changed, and neither making that durable nor putting it back worked.
    #[error("`{path}` was changed, but the change is not known to be durable: {source}")]
    Unsettled {
        /// The file.
        path: RootPath,
        /// The change, which `put_back` can still undo.
        kept: Box<UndoableChange>,
        /// What the kernel says.
        source: io::Error,
    },
}

impl ReplaceError {
    pub(super) fn io(operation: &'static str, path: &RootPath, source: io::Error) -> Self {
        let obstacle = match source.raw_os_error().map(Errno::from_raw) {
            Some(Errno::EBUSY) => Obstacle::Mounted,
            Some(Errno::EROFS) => Obstacle::ReadOnly,
            _ => return Self::Io { operation, path: path.clone(), source },
        };
        Self::NotReplaceable(NotReplaceable { path: path.clone(), obstacle })
    }
}

impl Expect {
    /// Whether this state is the expected one.
    #[must_use]
    pub fn is(&self, state: &FileState) -> bool {
        match (self, state) {
            (Self::Absent, FileState::Absent) => true,
            (Self::File(hash), FileState::File { sha256, .. }) => hash == sha256,
            (Self::Symlink(text), FileState::Symlink { target, .. }) => text == target,
            (Self::Other(expected), FileState::Other { kind }) => expected == kind,
            _ => false,
        }
    }

    /// The expectation that exactly `state` fulfils; `None` for a folder.
    #[must_use]
    pub fn of(state: &FileState) -> Option<Self> {
        match state {
            FileState::Absent => Some(Self::Absent),
            FileState::File { sha256, .. } => Some(Self::File(*sha256)),
            FileState::Symlink { target, .. } => Some(Self::Symlink(target.clone())),
            FileState::Other { kind } => Some(Self::Other(*kind)),
            FileState::Folder { .. } => None,
        }
    }
}

impl Installed {
    pub(super) fn as_expect(&self) -> Expect {
        match self {
            Self::Nothing => Expect::Absent,
            Self::File(hash) => Expect::File(*hash),
            Self::Symlink(target) => Expect::Symlink(target.clone()),
        }
    }
}

impl std::fmt::Display for Expect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Absent => f.write_str("nothing"),
            Self::File(hash) => write!(f, "a file with SHA-256 {hash}"),
            Self::Symlink(target) => write!(f, "a link to `{target}`"),
            Self::Other(kind) => kind.fmt(f),
        }
    }
}
