//! Where a file goes that somebody named: a host path, as given.
//!
//! Invariant: the folder that was judged is the folder that is written to. Whoever could plant a link on the way, and
//! could not write to that folder himself, does not choose it.

use super::obstacle::{Obstacle, trusted};
use crate::host::files::walk::{Folder, Last};
use crate::host::root::Root;
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::path::{Path, PathBuf};

/// A folder that is held open, and a name in it, which may not exist.
#[derive(Debug)]
pub struct Destination {
    folder: Folder,
    name: OsString,
}

/// Why nothing is written there.
#[derive(Debug, thiserror::Error)]
pub enum Misplaced {
    /// The way could not be walked.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Somebody else could have chosen the folder.
    #[error("{0}")]
    Planted(Obstacle),
}

impl Destination {
    /// Walks to the folder of `path`; a link in the last place is not followed.
    ///
    /// # Errors
    /// When there is no such folder, or somebody else could have chosen it.
    pub fn find(path: &Path) -> Result<Self, Misplaced> {
        let landing = Root::live().walk(std::path::absolute(path)?, Last::Keep)?;
        trusted(&landing).map_err(Misplaced::Planted)?;
        Ok(Self { folder: landing.folder, name: landing.name })
    }

    /// The folder, by its descriptor where `/proc` is mounted: no renaming above leads elsewhere.
    pub fn folder(&self) -> PathBuf {
        let held = PathBuf::from(format!("/proc/self/fd/{}", self.folder.as_fd().as_raw_fd()));
        if held.is_dir() { held } else { self.folder.path().as_path().to_owned() }
    }

    pub fn file(&self) -> PathBuf {
        self.folder().join(&self.name)
    }
}
