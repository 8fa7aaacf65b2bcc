//! A configuration's own files as a reader, some of them changed or new.
//!
//! Invariant: nothing is read again; what was not changed is what was read before.

use super::config::{Config, File};
use super::reader::{Listing, Reader};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// A configuration's own files, some of them changed or new: what a configuration would be, without
/// reading anything again.
#[derive(Debug)]
pub struct Changed<'a> {
    /// The files that are there, by every path under which they were reached.
    known: Listing<&'a File>,
    /// New bytes by the identity of their file.
    bytes: &'a BTreeMap<PathBuf, Vec<u8>>,
    /// The same files by path, for listing.
    paths: Listing<()>,
}

impl<'a> Changed<'a> {
    /// The files of `config`, those in `bytes` (by identity) with these bytes.
    #[must_use]
    pub fn new(config: &'a Config, bytes: &'a BTreeMap<PathBuf, Vec<u8>>) -> Self {
        let files = || config.files().map(|(_, file)| file);
        let by_identity = files().map(|file| (file.identity.clone(), file));
        let by_path = || files().flat_map(|file| file.paths().map(move |path| (path.to_owned(), file)));
        let known = by_identity.chain(by_path()).collect();
        let paths = by_path().map(|(path, _)| path).chain(bytes.keys().cloned());
        Self { known, bytes, paths: paths.map(|path| (path, ())).collect() }
    }
}

impl Reader for Changed<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if let Some(bytes) = self.bytes.get(&self.identity(path)?) {
            return Ok(bytes.clone());
        }
        let file = self.known.get(path).ok_or_else(|| io::Error::from_raw_os_error(2))?;
        Ok(file.tree.source().to_vec())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        self.paths.list(folder)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        Ok(self.paths.exists(path))
    }

    fn identity(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(self.known.get(path).map_or_else(|| path.to_owned(), |file| file.identity.clone()))
    }
}
