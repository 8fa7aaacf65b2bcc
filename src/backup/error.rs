//! What can go wrong with a backup.
//!
//! Invariant: the variant tells whether the backup, the server or neither was touched.

use super::compare::Difference;
use crate::host::NoPlace;
use crate::host::files::ReplaceError;
use crate::values::{BackupId, Hash, RootPath};
use std::{fmt, io};

/// Why a backup could not be made, read or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file of the server or of the store could not be read or written.
    #[error("{operation} `{path}`: {source}")]
    Io {
        /// What was being done.
        operation: &'static str,
        /// The file.
        path: String,
        /// What the kernel says.
        source: io::Error,
    },
    /// There is no backup of this name.
    #[error("there is no backup `{0}`")]
    Missing(BackupId),
    /// A backup does not hold what its manifest says, or the manifest is not readable.
    #[error("the backup `{id}` is damaged: {}", .problems.first().map(ToString::to_string).unwrap_or_default())]
    Damaged {
        /// Which backup.
        id: String,
        /// Everything that is wrong with it.
        problems: Vec<Problem>,
    },
    /// Something else stands in the place of the folder that holds the backups.
    #[error("looking for backups in `{path}`: {source}")]
    Store {
        /// The folder.
        path: RootPath,
        /// What the kernel says, or we.
        source: io::Error,
    },
    /// The folder that it is to be extracted into is not filled.
    #[error("extracting to `{path}`: {source}")]
    NoPlace {
        /// The folder.
        path: String,
        /// Why.
        source: NoPlace,
    },
    /// A newer version made it.
    #[error("the backup `{id}` has format {format}, which this version does not know")]
    Newer {
        /// Which backup.
        id: BackupId,
        format: u32,
    },
    /// A file changed while it was copied; a backup of it would be neither old nor new.
    #[error("`{0}` changed while it was backed up")]
    Changing(RootPath),
    /// A file could not be restored.
    #[error("restoring from the backup: {0}")]
    Restore(#[from] ReplaceError),
    /// After restoring, the tree still differs.
    #[error("after restoring, paths still differ from the backup: {}", .0.len())]
    NotRestored(Vec<Difference>),
}

impl BackupError {
    pub(super) fn io(operation: &'static str, path: impl ToString) -> impl FnOnce(io::Error) -> Self {
        // Only faults have their path written out: there are many files.
        move |source| Self::Io { operation, path: path.to_string(), source }
    }
}

/// One thing that is wrong with a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The bytes of this hash are not there.
    Lost(Hash),
    /// The bytes under this hash have another one.
    Altered(Hash),
    /// A file that the manifest does not know.
    Stray(String),
    /// A file that cannot be read, and why.
    Unreadable(String, String),
    /// The manifest does not have the hash that was written beside it.
    ManifestChanged,
    /// The manifest is not in the known form.
    ManifestUnreadable(String),
    /// The manifest is that of another backup.
    OtherBackup(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(hash) => write!(f, "the bytes with SHA-256 {hash} are missing"),
            Self::Altered(hash) => write!(f, "the bytes with SHA-256 {hash} were altered"),
            Self::Stray(name) => write!(f, "`{name}` is not in the manifest"),
            Self::Unreadable(name, cause) => write!(f, "`{name}` cannot be read: {cause}"),
            Self::ManifestChanged => f.write_str("the manifest was altered"),
            Self::ManifestUnreadable(cause) => write!(f, "the manifest cannot be understood: {cause}"),
            Self::OtherBackup(id) => write!(f, "the manifest is that of `{id}`"),
        }
    }
}
