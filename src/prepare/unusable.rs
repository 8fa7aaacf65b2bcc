//! What a backup that cannot be used makes of a command.
//!
//! Invariant: one that only root may read is not called damaged.

use crate::backup::BackupError;
use crate::host::files::Misplaced;
use crate::host::{NoPlace, machine};
use crate::outcome::{Failure, FailureKind, is_denied, only_root};

/// What a backup's error makes of a command.
#[must_use]
pub fn unusable(error: BackupError) -> Failure {
    if is_denied(&error) && !machine::is_superuser() {
        return only_root(format!("only root may read backups: {error}"));
    }
    let kind = match &error {
        BackupError::Missing(_) => FailureKind::Unavailable,
        BackupError::Damaged { .. } | BackupError::Store { .. } => FailureKind::Invalid,
        BackupError::NoPlace {
            source: NoPlace::Occupied | NoPlace::Misplaced(Misplaced::Planted(_)),
            ..
        } => FailureKind::Refused,
        _ => FailureKind::Failed,
    };
    Failure::from_error(kind, error)
}
