//! How configurations reach this crate: the reader that callers pass in, and
//! one that holds its files in memory.
//!
//! Invariant: nothing in this crate opens a file; whatever is read went through
//! [`Reader`]. A reader must not change what it reads.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};

/// Reads configuration files, from a disk, a root below a folder, or memory.
pub trait Reader {
    /// The bytes of a file.
    ///
    /// # Errors
    /// What `open` or `read` gave.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The names in a folder, in any order: files, folders, links wherever they lead.
    ///
    /// # Errors
    /// `NotFound` or `NotADirectory` where there is no such folder, and any other error where
    /// it cannot be listed.
    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>>;

    /// Whether something has this name, a dangling link included.
    ///
    /// # Errors
    /// Where that cannot be looked at.
    fn exists(&self, path: &Path) -> io::Result<bool>;

    /// One name for all paths that lead to the same file, so that a file that
    /// is reached through a link is read, and edited, once.
    ///
    /// # Errors
    /// What resolving gave; a missing file is reported by [`Reader::read`].
    fn identity(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_path_buf())
    }
}

/// Paths of files, which make folders of all that stands above them.
#[derive(Debug, Clone)]
pub struct Listing<T>(BTreeMap<PathBuf, T>);

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> FromIterator<(PathBuf, T)> for Listing<T> {
    fn from_iter<I: IntoIterator<Item = (PathBuf, T)>>(paths: I) -> Self {
        Self(paths.into_iter().collect())
    }
}

impl<T> Listing<T> {
    /// Adds a file, or replaces it.
    pub fn insert(&mut self, path: PathBuf, value: T) {
        self.0.insert(path, value);
    }

    /// What is kept for a file.
    #[must_use]
    pub fn get(&self, path: &Path) -> Option<&T> {
        self.0.get(path)
    }

    /// [`Reader::list`] over these paths.
    ///
    /// # Errors
    /// `NotFound` where no path leads through the folder.
    pub fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        let mut names: Vec<OsString> = Vec::new();
        // Paths are ordered by their components, so what lies below a folder follows it.
        for path in self.0.range::<Path, _>((Bound::Included(folder), Bound::Unbounded)).map(|(path, _)| path)
        {
            let Ok(rest) = path.strip_prefix(folder) else { break };
            let Some(name) = rest.components().next() else {
                return Err(io::ErrorKind::NotADirectory.into());
            };
            if names.last().is_none_or(|last| last != name.as_os_str()) {
                names.push(name.as_os_str().to_owned());
            }
        }
        if names.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(names) }
    }

    /// [`Reader::exists`] over these paths.
    #[must_use]
    pub fn exists(&self, path: &Path) -> bool {
        self.0
            .range::<Path, _>((Bound::Included(path), Bound::Unbounded))
            .next()
            .is_some_and(|(next, _)| next.starts_with(path))
    }
}

/// A tree of files in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryReader(Listing<Vec<u8>>);

impl MemoryReader {
    /// A reader without files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same reader with one more file.
    #[must_use]
    pub fn with(mut self, path: impl Into<PathBuf>, bytes: impl Into<Vec<u8>>) -> Self {
        self.0.insert(path.into(), bytes.into());
        self
    }
}

impl Reader for MemoryReader {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.get(path).cloned().ok_or_else(|| io::Error::from_raw_os_error(2))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        self.0.list(folder)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        Ok(self.0.exists(path))
    }
}
