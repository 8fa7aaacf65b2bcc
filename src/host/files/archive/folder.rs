//! A folder read as an archive is: into memory, bounded, links as what they say.
//!
//! Invariant: no link is followed, and nothing but regular files is opened.

use super::{ArchiveEntry, ArchiveError, Entries, Limits, too_many_bytes};
use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use walkdir::WalkDir;

/// Folders of a configuration are not as deep.
const DEEPEST: usize = 64;

/// Reads the files and links below `folder` whose path `keep` wants.
///
/// # Errors
/// When one cannot be read, or they exceed the limits.
pub fn read_folder(
    folder: &Path,
    limits: Limits,
    keep: impl Fn(&Path) -> bool,
) -> Result<Entries, ArchiveError> {
    let mut entries = Entries::new();
    let mut left = limits.kept;
    let walk = WalkDir::new(folder).follow_links(false).max_depth(DEEPEST).sort_by_file_name();
    for (seen, entry) in walk.into_iter().enumerate() {
        if seen > limits.entries {
            return Err(ArchiveError::TooMuch(format!("{} entries", limits.entries)));
        }
        let entry = entry.map_err(|error| ArchiveError::Io(error.into()))?;
        let Ok(below) = entry.path().strip_prefix(folder) else { continue };
        if !keep(below) {
            continue;
        }
        if entry.file_type().is_symlink() {
            let target = std::fs::read_link(entry.path()).map_err(ArchiveError::Io)?;
            entries.insert(below.to_owned(), ArchiveEntry::Link(target));
        } else if entry.file_type().is_file() {
            let bytes = regular(entry.path(), left + 1).map_err(ArchiveError::Io)?;
            left = left
                .checked_sub(bytes.len() as u64)
                .ok_or_else(|| too_many_bytes(limits.kept, "of files that are looked at"))?;
            entries.insert(below.to_owned(), ArchiveEntry::File(bytes));
        }
    }
    Ok(entries)
}

/// What was a regular file a moment ago may be a link or a pipe by now.
fn regular(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let flags = nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK | nix::libc::O_CLOEXEC;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
