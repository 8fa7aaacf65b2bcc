//! Reads configuration files below the root, and remembers what they were.
//!
//! Invariant: the hash that is remembered is that of the very bytes that were
//! parsed, so that a file that changes meanwhile makes the plan stale. What stands in for a file that a copy does not
//! have is remembered, too, and is no file.

use super::lacking::stand_in;
use crate::facts::{FileFacts, StandIn, WayFacts};
use crate::host::files::{FileState, observe, way};
use crate::host::{Root, is_absent};
use crate::values::{Hash, RootPath};
use nginx_config::Reader;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// A reader below a root.
pub struct RootReader<'a> {
    root: &'a Root,
    files: RefCell<BTreeMap<RootPath, FileFacts>>,
    ways: RefCell<WayFacts>,
    /// Of every path that was asked for; `None` where the file is read as it is.
    stand_ins: RefCell<BTreeMap<PathBuf, Option<StandIn>>>,
}

impl<'a> RootReader<'a> {
    /// A reader that has read nothing yet.
    pub fn new(root: &'a Root) -> Self {
        Self { root, files: RefCell::default(), ways: RefCell::default(), stand_ins: RefCell::default() }
    }

    /// What stood in for files that this copy does not show as they are.
    pub fn stand_ins(&self) -> BTreeMap<PathBuf, StandIn> {
        let found = self.stand_ins.borrow();
        found.iter().filter_map(|(path, one)| Some((path.clone(), one.clone()?))).collect()
    }

    /// Every file that was read, by its path with links resolved, and the links that led to them.
    pub fn into_files(self) -> (BTreeMap<RootPath, FileFacts>, WayFacts) {
        (self.files.into_inner(), self.ways.into_inner())
    }

    /// What is to be read in the place of `path`; remembered, since it is asked for twice.
    fn stand_in(&self, path: &Path) -> Option<StandIn> {
        if let Some(known) = self.stand_ins.borrow().get(path) {
            return known.clone();
        }
        let found = stand_in(self.root, path);
        self.stand_ins.borrow_mut().insert(path.to_owned(), found.clone());
        found
    }
}

impl Reader for RootReader<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.stand_in(path) {
            Some(StandIn::Nothing) => return Ok(Vec::new()),
            Some(StandIn::Link(target)) => return self.read(&target),
            None => {}
        }
        let (target, bytes, attributes) = self.root.read_whole(path)?;
        self.files.borrow_mut().insert(target, FileFacts { sha256: Hash::of(&bytes), attributes });
        Ok(bytes)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        self.root.read_dir(folder)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        match self.root.symlink_metadata(path) {
            Ok(_) => Ok(true),
            Err(error) if is_absent(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn identity(&self, path: &Path) -> io::Result<PathBuf> {
        match self.stand_in(path) {
            Some(StandIn::Nothing) => return Ok(path.to_owned()),
            Some(StandIn::Link(target)) => return self.identity(&target),
            None => {}
        }
        // Plans name files by this path, so the links are judged that led to it here, and not on a later walk.
        let way = way(self.root, path)?;
        let mut ways = self.ways.borrow_mut();
        ways.links.extend(way.links);
        if let Some(obstacle) = way.obstacle {
            ways.planted.insert(way.end.as_path().to_owned(), obstacle.to_string());
        }
        Ok(way.end.as_path().to_owned())
    }
}

/// A regular file as plans and facts record it; `None` where there is none.
///
/// # Errors
/// When the path cannot be looked at.
pub fn file_facts(root: &Root, path: &RootPath) -> io::Result<Option<FileFacts>> {
    match observe(root, path)? {
        FileState::File { sha256, attributes, .. } => Ok(Some(FileFacts { sha256, attributes })),
        FileState::Absent => Ok(None),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")),
    }
}
