//! Files of our own that may have one name only.
//!
//! Invariant: a file with a second name (hard link) is neither read nor written where it decides what root does: who has
//! the other name could have put it there, and would see what is written.

use nix::sys::stat::{FileStat, fstat};
use std::fs::File;
use std::io;

/// Refuses an open file that has more than one name.
pub(in crate::host) fn alone(file: File) -> io::Result<File> {
    one_name(&fstat(&file)?)?;
    Ok(file)
}

/// Refuses a file of this status that has more than one name.
pub(in crate::host) fn one_name(stat: &FileStat) -> io::Result<()> {
    if stat.st_nlink <= 1 {
        return Ok(());
    }
    let message = format!(
        "it has {} names (hard links), and a file of motionctl's own has one: remove the others, or move it away",
        stat.st_nlink
    );
    Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
}
