//! How configurations reach this room: the reader that callers pass in, and
//! one that holds its files in memory.
//!
//! Invariant: nothing in `nginx/` opens a file; whatever is read went through
//! [`Reader`]. A reader must not change what it reads.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Reads configuration files, from a disk, a root below a folder, or memory.
pub trait Reader {
    /// The bytes of a file.
    ///
    /// # Errors
    /// What `open` or `read` gave.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The files that match a `glob(3)` pattern, in any order.
    ///
    /// # Errors
    /// Where a folder cannot be listed; no match is an empty list.
    fn glob(&self, pattern: &Path) -> io::Result<Vec<PathBuf>>;

    /// One name for all paths that lead to the same file, so that a file that
    /// is reached through a link is read, and edited, once.
    ///
    /// # Errors
    /// What resolving gave; a missing file is reported by [`Reader::read`].
    fn identity(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_path_buf())
    }
}

/// A tree of files in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryReader(BTreeMap<PathBuf, Vec<u8>>);

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

    fn glob(&self, pattern: &Path) -> io::Result<Vec<PathBuf>> {
        let pattern = glob::Pattern::new(&pattern.to_string_lossy()).map_err(io::Error::other)?;
        let options = glob::MatchOptions {
            case_sensitive: true,
            require_literal_separator: true,
            require_literal_leading_dot: true,
        };
        Ok(self.0.keys().filter(|path| pattern.matches_path_with(path, options)).cloned().collect())
    }
}
