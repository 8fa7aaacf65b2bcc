//! How much a file system still takes.
//!
//! Invariant: what is asked about is the file system on which a path lies or would be made; it is
//! looked at and not written to.

use crate::host::root::Root;
use crate::values::RootPath;
use nix::sys::statvfs::{FsFlags, fstatvfs};
use std::io;

/// What a file system still takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Space {
    /// The folder that was looked at: the path itself, or the nearest one above that exists.
    pub folder: RootPath,
    /// How many bytes we may still write.
    pub bytes: u64,
    /// How many files we may still make; `None` where the file system does not count them.
    pub files: Option<u64>,
    /// Whether it takes changes at all.
    pub access: Access,
}

/// Whether a file system takes changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Writable,
    /// It is mounted read-only.
    ReadOnly,
}

/// What the file system still takes on which `path` lies or would be made.
///
/// # Errors
/// When no folder on the way can be looked at.
pub fn space_at(root: &Root, path: &RootPath) -> io::Result<Space> {
    let mut at = path.clone();
    let folder = loop {
        match (root.folder(&at), at.parent()) {
            (Ok(folder), _) => break folder,
            (Err(error), Some(above)) if error.kind() == io::ErrorKind::NotFound => at = above,
            (Err(error), _) => return Err(error),
        }
    };
    let status = fstatvfs(&folder)?;
    Ok(Space {
        bytes: status.blocks_available().saturating_mul(status.fragment_size()),
        // btrfs and others make inodes as they need them, and say 0 of 0.
        files: (status.files() > 0).then(|| status.files_available()),
        access: if status.flags().contains(FsFlags::ST_RDONLY) { Access::ReadOnly } else { Access::Writable },
        folder: at,
    })
}
