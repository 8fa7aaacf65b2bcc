//! Whether the disks take what a change writes, asked before it starts.
//!
//! Invariant: looks only. What cannot be computed is said, never taken for
//! enough.

use super::Prepared;
use crate::apply::backup_paths;
use crate::backup::{BackupError, Needed, STORE_FOLDER, Store};
use crate::host::{Access, MOST_BYTES, Root, STATE_FOLDER, Space, space_at};
use crate::outcome::codes;
use crate::outcome::{Finding, Level, counted, counted_as};
use crate::values::RootPath;
use std::io;

/// The journal's room, reserved before the first effect, and the files that are replaced.
const STATE: Needed = Needed { bytes: 256 << 10, files: 16, left_out: Vec::new() };

/// So many of the files that a backup leaves out are named.
const SHOWN: usize = 5;

/// What the disks lack, and in `notes` what the backup leaves out; nothing when there is nothing to do.
pub fn space(root: &Root, prepared: &Prepared, notes: &mut Vec<String>) -> Vec<Finding> {
    if prepared.has_nothing_to_do() {
        return Vec::new();
    }
    let state = || space_at(root, &RootPath::new(STATE_FOLDER).expect("the state's folder is absolute"));
    let mut findings = Vec::new();
    match (backup(root, prepared), state()) {
        (Ok((needed, store)), Ok(state)) => {
            notes.extend(left_out(&needed));
            findings.extend(lacks("the backup", STORE_FOLDER, &needed, &store));
            findings.extend(lacks("the journal", STATE_FOLDER, &STATE, &state));
        }
        (Err(error), _) => findings.push(not_computed(&error)),
        (_, Err(error)) => findings.push(not_computed(&error)),
    }
    findings
}

/// The files that are too large to be part of a configuration; a person may have expected them in the backup.
fn left_out(needed: &Needed) -> Option<String> {
    let size = |bytes: u64| in_words(bytes, u64::div_euclid);
    let shown = |(path, bytes): &(RootPath, u64)| format!("{path} ({})", size(*bytes));
    let mut files: Vec<String> = needed.left_out.iter().take(SHOWN).map(shown).collect();
    let more = needed.left_out.len().saturating_sub(SHOWN);
    files.extend((more > 0).then(|| format!("{more} more")));
    (!files.is_empty()).then(|| {
        format!("the backup leaves out what is larger than {}: {}", size(MOST_BYTES), files.join(", "))
    })
}

fn backup(root: &Root, prepared: &Prepared) -> Result<(Needed, Space), BackupError> {
    let store = Store::new(root);
    let paths: Vec<RootPath> = backup_paths(&prepared.inspection.facts);
    Ok((store.needed(&paths)?, store.space()?))
}

fn lacks(what: &str, folder: &str, needed: &Needed, space: &Space) -> Option<Finding> {
    if space.access == Access::ReadOnly {
        return Some(
            Finding::new(codes::HOST_READ_ONLY, "a folder that a change writes to is mounted read-only")
                .evidence(format!("{what} goes to {folder}, and {} is on a read-only mount", space.folder))
                .advice("mount it for writing (`mount -o remount,rw`), and find out why it was not"),
        );
    }
    let too_little =
        Finding::graded(codes::HOST_DISK_SPACE, Level::Stop, "a change does not fit on the disk")
            .advice("make room, or prune old backups with `motionctl backups prune`");
    if space.bytes < needed.bytes {
        let (wanted, free) = (in_words(needed.bytes, u64::div_ceil), in_words(space.bytes, u64::div_euclid));
        return Some(too_little.evidence(format!("{what} needs {wanted}, and {free} are free in {folder}")));
    }
    let files = space.files.filter(|files| *files < needed.files)?;
    let (wanted, free) = (counted(needed.files, "file"), counted_as(files, "inode is", "inodes are"));
    let line = format!("{what} needs {wanted}, and {free} free in {folder}");
    Some(too_little.evidence(line))
}

fn not_computed(error: &(dyn std::error::Error + 'static)) -> Finding {
    let denied = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    let denied = denied.is_some_and(|source| source.kind() == io::ErrorKind::PermissionDenied);
    Finding::graded(codes::HOST_DISK_SPACE, Level::Warn, "whether a change fits on the disk is not known")
        .evidence(error.to_string())
        .advice(if denied { "look as root" } else { "an apply would fail in the same way; fix it first" })
}

/// Bytes as people read them, `rounded` to whole units.
fn in_words(bytes: u64, rounded: fn(u64, u64) -> u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = UNITS.iter().find(|(size, _)| bytes >= *size);
    unit.map_or_else(|| format!("{bytes} bytes"), |(size, name)| format!("{} {name}", rounded(bytes, *size)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shortage_is_told_apart() {
        let folder = RootPath::new("/var").expect("absolute");
        let space = |bytes, files, access| Space { folder: folder.clone(), bytes, files, access };
        let code = |space: &Space| {
            let found =
                lacks("it", "/var/x", &Needed { bytes: 5000, files: 10, left_out: Vec::new() }, space)?;
            Some(format!("{}: {}", found.code, found.evidence[0]))
        };
        assert_eq!(code(&space(5000, Some(10), Access::Writable)), None);
        assert_eq!(code(&space(5000, None, Access::Writable)), None);
        let few = code(&space(4999, Some(10), Access::Writable));
        assert_eq!(few.as_deref(), Some("host.disk-space: it needs 5 KiB, and 4 KiB are free in /var/x"));
        let inodes = code(&space(5000, Some(9), Access::Writable));
        assert_eq!(
            inodes.as_deref(),
            Some("host.disk-space: it needs 10 files, and 9 inodes are free in /var/x")
        );
        let closed = code(&space(9999, Some(99), Access::ReadOnly));
        assert_eq!(
            closed.as_deref(),
            Some("host.read-only: it goes to /var/x, and /var is on a read-only mount")
        );
    }
}
