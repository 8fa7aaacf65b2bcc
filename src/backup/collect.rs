//! What belongs to a backup, found on the server.
//!
//! Invariant: folders are listed with everything in them, links are kept as links; the file that
//! a link leads to belongs to it, unless somebody else could have planted the link; the folder that a
//! link leads to does not (it may be `/`). The way to a folder is walked once, and what is in it is looked at
//! from there.

use super::error::BackupError;
use super::layout::STORE_FOLDER;
use super::manifest::Entry;
use crate::host::files::{FileState, Folder, Last, Sight, observe, observe_entry, sight, way};
use crate::host::{Root, is_absent};
use crate::values::{Attributes, RootPath};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io;

/// A hostile tree must not fill the memory.
const MOST_ENTRIES: usize = 200_000;

/// Everything at and below `paths`, each by the path that leads to it without links.
pub(super) fn collect(
    root: &Root,
    paths: impl IntoIterator<Item = RootPath>,
) -> Result<BTreeMap<RootPath, Entry>, BackupError> {
    collect_with(root, paths, &mut |spot| {
        observe_entry(spot.folder, spot.name).map_err(spot.fault("reading"))
    })
}

/// The same, with each path looked at by `look`.
pub(super) fn collect_with(
    root: &Root,
    paths: impl IntoIterator<Item = RootPath>,
    look: &mut dyn FnMut(Spot) -> Result<FileState, BackupError>,
) -> Result<BTreeMap<RootPath, Entry>, BackupError> {
    let mut found = BTreeMap::new();
    walk(root, paths, &mut |spot| {
        let state = look(spot)?;
        let next = match &state {
            FileState::Folder { .. } => Next::Folder,
            FileState::Symlink { .. } => Next::Link,
            FileState::File { .. } | FileState::Other { .. } | FileState::Absent => Next::Nothing,
        };
        found.extend(Entry::of(state).map(|entry| (spot.path.clone(), entry)));
        Ok(next)
    })?;
    Ok(found)
}

/// Shows what [`collect`] would find, as the file system tells it: nothing is opened but folders.
pub(super) fn measure(
    root: &Root,
    paths: impl IntoIterator<Item = RootPath>,
    visit: &mut dyn FnMut(&RootPath, Sight),
) -> Result<(), BackupError> {
    walk(root, paths, &mut |spot| {
        let seen = sight(spot.folder, spot.name).map_err(spot.fault("looking at"))?;
        // Gone since its folder was listed.
        if seen != Sight::Nothing {
            visit(spot.path, seen);
        }
        Ok(match seen {
            Sight::Folder => Next::Folder,
            Sight::Link => Next::Link,
            Sight::File(_) | Sight::Other | Sight::Nothing => Next::Nothing,
        })
    })
}

/// A name in an open folder, and its path.
#[derive(Clone, Copy)]
pub(super) struct Spot<'s> {
    pub folder: &'s Folder,
    pub name: &'s OsStr,
    pub path: &'s RootPath,
}

impl Spot<'_> {
    pub fn fault(&self, operation: &'static str) -> impl FnOnce(io::Error) -> BackupError {
        BackupError::io(operation, self.path)
    }
}

/// How a walk goes on from what it has found.
enum Next {
    Folder,
    Link,
    Nothing,
}

/// What a walk has still to look at.
enum Pending {
    /// This file, link or folder.
    Itself(RootPath),
    /// What is in this folder.
    Inside(RootPath),
}

/// Visits each path at and below `paths` once. One folder is open at a time, however deep they lie in each other.
fn walk(
    root: &Root,
    paths: impl IntoIterator<Item = RootPath>,
    visit: &mut dyn FnMut(Spot) -> Result<Next, BackupError>,
) -> Result<(), BackupError> {
    let mut walk = Walk { root, seen: BTreeSet::new(), pending: Vec::new(), visit };
    for path in paths {
        // Most of a backup's paths lie in folders that came before them, and need not be found one by one.
        if walk.is_done(&path) {
            continue;
        }
        match root.locate(&path) {
            Ok(path) => walk.from(path)?,
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(BackupError::io("finding", &path)(error)),
        }
    }
    Ok(())
}

struct Walk<'w> {
    root: &'w Root,
    seen: BTreeSet<RootPath>,
    pending: Vec<Pending>,
    visit: &'w mut dyn FnMut(Spot) -> Result<Next, BackupError>,
}

impl Walk<'_> {
    fn from(&mut self, path: RootPath) -> Result<(), BackupError> {
        self.pending.push(Pending::Itself(path));
        while let Some(pending) = self.pending.pop() {
            match pending {
                Pending::Itself(path) => self.itself(path)?,
                Pending::Inside(path) => self.inside(&path)?,
            }
        }
        Ok(())
    }

    fn itself(&mut self, path: RootPath) -> Result<(), BackupError> {
        if self.is_done(&path) {
            return Ok(());
        }
        match self.root.walk(&path, Last::Keep) {
            Ok(landing) => self.at(&landing.folder, &landing.name, path),
            // Gone since it was found.
            Err(error) if is_absent(&error) => Ok(()),
            Err(error) => Err(BackupError::io("finding", &path)(error)),
        }
    }

    fn inside(&mut self, path: &RootPath) -> Result<(), BackupError> {
        let listing = |error| BackupError::io("listing", path)(error);
        let landing = self.root.walk(path, Last::Keep).map_err(listing)?;
        // A link that took its place meanwhile is refused.
        let folder = landing.folder.enter(&landing.name).map_err(listing)?;
        for name in folder.names().map_err(listing)? {
            let Ok(path) = path.join(&name) else { continue };
            if !self.is_done(&path) {
                self.at(&folder, &name, path)?;
            }
        }
        Ok(())
    }

    fn at(&mut self, folder: &Folder, name: &OsStr, path: RootPath) -> Result<(), BackupError> {
        if self.seen.len() >= MOST_ENTRIES {
            let error = io::Error::other(format!("more than {MOST_ENTRIES} files"));
            return Err(BackupError::io("listing", &path)(error));
        }
        match (self.visit)(Spot { folder, name, path: &path })? {
            Next::Folder => self.pending.push(Pending::Inside(path.clone())),
            Next::Link => self.pending.extend(file_behind(self.root, &path)?.map(Pending::Itself)),
            Next::Nothing => {}
        }
        self.seen.insert(path);
        Ok(())
    }

    fn is_done(&self, path: &RootPath) -> bool {
        self.seen.contains(path) || is_in_store(path)
    }
}

/// Folders above `paths` that do not belong to the backup themselves.
pub(super) fn above(
    root: &Root,
    entries: &BTreeMap<RootPath, Entry>,
) -> Result<BTreeMap<RootPath, Attributes>, BackupError> {
    let mut found = BTreeMap::new();
    for path in entries.keys() {
        let mut next = path.parent();
        while let Some(folder) = next {
            next = folder.parent();
            if next.is_none() || entries.contains_key(&folder) || found.contains_key(&folder) {
                break;
            }
            let state = observe(root, &folder).map_err(BackupError::io("reading", &folder))?;
            if let FileState::Folder { attributes } = state {
                found.insert(folder, attributes);
            }
        }
    }
    Ok(found)
}

fn is_in_store(path: &RootPath) -> bool {
    path.is_within(&RootPath::new(STORE_FOLDER).expect("the store's folder is absolute"))
}

/// The regular file that a link leads to, if it leads to one. What a link leads to that somebody else could have
/// planted is no part of the server's configuration: a restore would write over any file that he chose.
fn file_behind(root: &Root, link: &RootPath) -> Result<Option<RootPath>, BackupError> {
    let target = match way(root, link) {
        Ok(way) if way.obstacle.is_some() => return Ok(None),
        Ok(way) => way.end,
        // A link that leads nowhere, or round in circles, is kept as it is.
        Err(error) if is_absent(&error) || error.raw_os_error() == Some(nix::errno::Errno::ELOOP as i32) => {
            return Ok(None);
        }
        Err(error) => return Err(BackupError::io("following", link)(error)),
    };
    let status = root.symlink_metadata(&target).map_err(BackupError::io("looking at", &target))?;
    Ok(status.is_file().then_some(target))
}
