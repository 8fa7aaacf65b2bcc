//! What belongs to a backup, found on the server.
//!
//! Invariant: folders are listed with everything in them, links are kept as links; the file that
//! a link leads to belongs to it, unless somebody else could have planted the link; the folder that a
//! link leads to does not (it may be `/`).

use super::error::BackupError;
use super::manifest::Entry;
use super::store::STORE_FOLDER;
use crate::host::Root;
use crate::host::files::{FileState, observe, way};
use crate::values::{Attributes, RootPath};
use std::collections::BTreeMap;
use std::io;

/// A hostile tree must not fill the memory.
const MOST_ENTRIES: usize = 200_000;

/// Everything at and below `paths`, each by the path that leads to it without links.
pub(super) fn collect(
    root: &Root,
    paths: impl IntoIterator<Item = RootPath>,
) -> Result<BTreeMap<RootPath, Entry>, BackupError> {
    let mut found = BTreeMap::new();
    let mut pending = Vec::new();
    for path in paths {
        match root.locate(&path) {
            Ok(path) => pending.push(path),
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(BackupError::io("finding", &path)(error)),
        }
    }
    while let Some(path) = pending.pop() {
        if found.contains_key(&path) || is_in_store(&path) {
            continue;
        }
        if found.len() >= MOST_ENTRIES {
            let error = io::Error::other(format!("more than {MOST_ENTRIES} files"));
            return Err(BackupError::io("listing", &path)(error));
        }
        let state = observe(root, &path).map_err(BackupError::io("reading", &path))?;
        match &state {
            FileState::Folder { .. } => {
                let names = root.read_dir(&path).map_err(BackupError::io("listing", &path))?;
                pending.extend(names.iter().filter_map(|name| path.join(name).ok()));
            }
            FileState::Symlink { .. } => pending.extend(file_behind(root, &path)?),
            FileState::File { .. } | FileState::Other { .. } | FileState::Absent => {}
        }
        found.extend(Entry::of(state).map(|entry| (path, entry)));
    }
    Ok(found)
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

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
