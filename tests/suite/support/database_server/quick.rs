//! Folders for databases of tests, in memory where there is room.
//!
//! Invariant: a folder goes with its value; where memory has no room it lies where all temporary files do, and nothing
//! but the time it takes differs.

use nix::sys::statfs::{TMPFS_MAGIC, statfs};
use std::path::Path;
use tempfile::{Builder, TempDir};

/// Every Linux with glibc has it for shared memory; what lies there is never written to a disk.
const MEMORY: &str = "/dev/shm";
/// Servers of one run hold less than this together.
const NEEDED: u64 = 4 << 30;

/// A new folder. A server flushes each table that it makes, and a flush of a disk takes longer than most statements: a
/// schema of 20 tables took 0.2 s on one, and hardly anything here.
pub fn folder(prefix: &str) -> TempDir {
    let mut builder = Builder::new();
    builder.prefix(prefix);
    let folder = if has_room(Path::new(MEMORY)) { builder.tempdir_in(MEMORY) } else { builder.tempdir() };
    folder.expect("a folder")
}

fn has_room(memory: &Path) -> bool {
    statfs(memory).is_ok_and(|it| {
        let free = it.blocks_available() * u64::try_from(it.block_size()).unwrap_or(0);
        it.filesystem_type() == TMPFS_MAGIC && free >= NEEDED
    })
}
