//! Owns what is known of the layers over a private root: where each is seen, what was written into it, what lies
//! below. Invariant: descriptors and paths only; reading them is for whoever asks, after everything inside is over.
//! Must not be reachable for a program inside: the descriptors are closed on exec.

use super::mounts;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// One layer.
#[derive(Debug)]
pub struct Layer {
    /// Where it is seen inside.
    pub at: PathBuf,
    /// What was written: the upper half of an overlay, or a copy that is seen as it is.
    pub upper: PathBuf,
    /// The server's own folder below it; none below a copy.
    lower: Option<OwnedFd>,
}

/// All layers of a private root, in the order in which they were laid.
#[derive(Debug)]
pub struct Layers {
    /// Keeps the paths of the upper halves good.
    staging: OwnedFd,
    all: Vec<Layer>,
}

impl Layer {
    pub(super) fn overlay(at: &Path, upper: &Path, lower: OwnedFd) -> Self {
        Self { at: at.to_owned(), upper: upper.to_owned(), lower: Some(lower) }
    }

    pub(super) fn copy(at: &Path, upper: &Path) -> Self {
        Self { at: at.to_owned(), upper: upper.to_owned(), lower: None }
    }

    /// The same, called as it is called once `root` is the root.
    pub(super) fn below(mut self, root: &Path) -> Self {
        if let Ok(inside) = self.at.strip_prefix(root) {
            self.at = Path::new("/").join(inside);
        }
        self
    }

    /// The server's own folder below it, by a path that is good in this process.
    #[must_use]
    pub fn lower(&self) -> Option<PathBuf> {
        self.lower.as_ref().map(mounts::path_of)
    }
}

impl Layers {
    pub(super) fn new(staging: OwnedFd, all: Vec<Layer>) -> Self {
        Self { staging, all }
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Layer> {
        self.all.iter()
    }

    /// The file system that holds everything written, to measure it.
    #[must_use]
    pub fn staging(&self) -> PathBuf {
        mounts::path_of(&self.staging)
    }
}
