//! What a path leads to on the disk.
//!
//! Invariant: what cannot be seen from here is not said to be missing.

use crate::host::Root;
use std::io;
use std::path::Path;

/// Where a path leads to on a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lies {
    /// A file is there.
    File,
    /// A folder is there.
    Folder,
    Nothing,
    /// It cannot be seen from here.
    Unseen,
}

/// Where a path leads to. What is missing in a tree is only said of folders that the tree shows.
#[must_use]
pub fn lies(root: &Root, path: &Path) -> Lies {
    match root.metadata(path) {
        Ok(metadata) if metadata.is_dir() => Lies::Folder,
        Ok(_) => Lies::File,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // The folder of an application, not one that every system has.
            let shows = |folder: &Path| folder.components().count() > 2 && root.metadata(folder).is_ok();
            if root.is_live() || path.ancestors().skip(1).any(shows) { Lies::Nothing } else { Lies::Unseen }
        }
        Err(_) => Lies::Unseen,
    }
}
