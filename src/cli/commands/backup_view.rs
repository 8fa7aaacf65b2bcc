//! A backup in an answer: by the name that was typed, as a section, and its differences in words.
//!
//! Invariant: says what the manifest says; whether every byte was read is said, and never taken for granted.

use crate::backup::{Backup, Change, Store};
use crate::outcome::{BackupSection, Failure, FailureKind};
use crate::prepare::{Extent, unusable};
use crate::values::{AttributeDifference, BackupId, RootPath};

/// The name of a backup, as it was typed.
pub fn named(id: &str) -> Result<BackupId, Failure> {
    id.parse()
        .map_err(|error| Failure::new(FailureKind::Usage, format!("reading the backup's name: {error}")))
}

/// A backup by its typed name.
pub fn open(store: &Store, id: &str) -> Result<Backup, Failure> {
    store.open(&named(id)?).map_err(unusable)
}

/// Reads again what goes back, which is these files or everything. A fault in the rest of a backup must not keep anybody
/// from going back; `backups verify` tells of it.
pub fn verify<'p>(
    backup: &Backup,
    extent: Extent,
    of_run: impl Iterator<Item = &'p RootPath>,
) -> Result<(), Failure> {
    let verified = match extent {
        Extent::Run => backup.verify_for(of_run),
        Extent::WholeTree => backup.verify(),
    };
    verified.map_err(unusable)
}

/// A backup for the answer.
pub fn section(store: &Store, backup: &Backup, verified: Verified) -> BackupSection {
    let manifest = &backup.manifest;
    BackupSection {
        id: manifest.id.to_string(),
        path: store.path_of(&manifest.id).to_string(),
        files: manifest.files(),
        bytes: manifest.bytes(),
        verified: verified == Verified::Now,
    }
}

/// Whether every byte was read that this answer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verified {
    Now,
    /// Only the manifest was.
    NotNow,
}

/// A difference in words.
pub fn describe(change: &Change) -> String {
    match change {
        Change::Added => "added".to_owned(),
        Change::Removed => "removed".to_owned(),
        Change::Kind => "another kind of file".to_owned(),
        Change::Contents(..) => "contents".to_owned(),
        Change::Target(old, new) => format!("leads to {new} instead of {old}"),
        Change::Attributes(differences) => {
            let name = |difference: &AttributeDifference| match difference {
                AttributeDifference::Mode => "mode".to_owned(),
                AttributeDifference::Owner => "owner".to_owned(),
                AttributeDifference::Mtime => "time of change".to_owned(),
                AttributeDifference::Xattr(name) => format!("attribute {name}"),
            };
            differences.iter().map(name).collect::<Vec<_>>().join(", ")
        }
    }
}
