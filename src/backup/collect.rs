//! What belongs to a backup, found on the server.
//!
//! Invariant: folders are listed with everything in them, links are kept as links; the file that
//! a link leads to belongs to it, unless somebody else could have planted the link; the folder that a
//! link leads to does not (it may be `/`).

use super::error::BackupError;
use super::layout::STORE_FOLDER;
use super::manifest::Entry;
use crate::host::files::{FileState, observe, way};
use crate::host::{Root, is_absent};
use crate::values::{Attributes, RootPath};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::io;

/// A hostile tree must not fill the memory.
const MOST_ENTRIES: usize = 200_000;

/// Everything at and below `paths`, each by the path that leads to it without links.
pub(super) fn collect(
    root: &Root,
    paths: impl IntoIterator<Item = RootPath>,
) -> Result<BTreeMap<RootPath, Entry>, BackupError> {
    let mut found = BTreeMap::new();
    walk(root, paths, &mut |path| {
        let state = observe(root, path).map_err(BackupError::io("reading", path))?;
        let next = match &state {
            FileState::Folder { .. } => Next::Folder,
            FileState::Symlink { .. } => Next::Link,
            FileState::File { .. } | FileState::Other { .. } | FileState::Absent => Next::Nothing,
        };
        found.extend(Entry::of(state).map(|entry| (path.clone(), entry)));
        Ok(next)
    })?;
    Ok(found)
}

/// Shows what [`collect`] would find, as the file system tells it: nothing is opened.
pub(super) fn measure(
    root: &Root,
    paths: impl IntoIterator<Item = RootPath>,
    visit: &mut dyn FnMut(&RootPath, &Metadata),
) -> Result<(), BackupError> {
    walk(root, paths, &mut |path| {
        let status = match root.symlink_metadata(path) {
            Ok(status) => status,
            // Gone since its folder was listed.
            Err(error) if is_absent(&error) => return Ok(Next::Nothing),
            Err(error) => return Err(BackupError::io("looking at", path)(error)),
        };
        visit(path, &status);
        Ok(match status.file_type() {
            kind if kind.is_dir() => Next::Folder,
            kind if kind.is_symlink() => Next::Link,
            _ => Next::Nothing,
        })
    })
}

/// How a walk goes on from what it has found.
enum Next {
    Folder,
    Link,
    Nothing,
}

/// Visits each path at and below `paths` once.
fn walk(
    root: &Root,
    paths: impl IntoIterator<Item = RootPath>,
    visit: &mut dyn FnMut(&RootPath) -> Result<Next, BackupError>,
) -> Result<(), BackupError> {
    let mut seen = BTreeSet::new();
    let mut pending = Vec::new();
    for path in paths {
        match root.locate(&path) {
            Ok(path) => pending.push(path),
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(BackupError::io("finding", &path)(error)),
        }
    }
    while let Some(path) = pending.pop() {
        if seen.contains(&path) || is_in_store(&path) {
            continue;
        }
        if seen.len() >= MOST_ENTRIES {
            let error = io::Error::other(format!("more than {MOST_ENTRIES} files"));
            return Err(BackupError::io("listing", &path)(error));
        }
        match visit(&path)? {
            Next::Folder => {
                let names = root.read_dir(&path).map_err(BackupError::io("listing", &path))?;
                pending.extend(names.iter().filter_map(|name| path.join(name).ok()));
            }
            Next::Link => pending.extend(file_behind(root, &path)?),
            Next::Nothing => {}
        }
        seen.insert(path);
    }
    Ok(())
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
