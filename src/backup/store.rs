//! Where backups lie, and which there are.
//!
//! Invariant: only folders with a backup's name are backups. A folder that is being made or removed
//! has a name with a leading dot, and is cleaned away by the next [`Store::prune`].

use super::collect::collect;
use super::compare::{Difference, compare};
use super::error::{BackupError, Problem};
use super::layout::{CONTENT, MANIFEST, MANIFEST_HASH, PARTIAL, STORE_FOLDER};
use super::manifest::{Entry, FORMAT, Manifest};
use crate::host::{PrivateFolder, Root, Space, WriteLock, space_at};
use crate::values::{BackupId, Hash, RootPath};
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io;
use std::io::Read;

const REMOVING: &str = ".removing-";
const MOST_MANIFEST_BYTES: u64 = 256 << 20;

/// The backups of one server tree.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) root: Root,
    pub(super) path: RootPath,
}

/// A backup whose manifest is sound.
#[derive(Debug)]
pub struct Backup {
    pub manifest: Manifest,
    pub(super) folder: PrivateFolder,
}

/// What lies in the store, newest first.
#[derive(Debug, Default)]
pub struct Listing {
    /// Backups whose manifest is sound; their contents were not read again.
    pub backups: Vec<Backup>,
    /// Backups that cannot be used, with the reason.
    pub damaged: Vec<(BackupId, BackupError)>,
    /// Names of half-made or half-removed backups.
    pub partial: Vec<String>,
}

/// Which backups stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// So many of the newest stay; one whose manifest cannot be read is not counted.
    pub newest: usize,
    /// Of the others, those made before this time go; without it, all.
    pub before: Option<Timestamp>,
    /// These stay in any case.
    pub protected: BTreeSet<BackupId>,
}

impl Store {
    /// The store of a server tree, which need not exist yet.
    #[must_use]
    pub fn new(root: &Root) -> Self {
        let path = RootPath::new(STORE_FOLDER).expect("the store's folder is absolute");
        Self { root: root.clone(), path }
    }

    /// The folder of a backup, below the root.
    #[must_use]
    pub fn path_of(&self, id: &BackupId) -> RootPath {
        self.path.join(id.as_str()).expect("a backup's name is a plain name")
    }

    /// What may still be written to the store.
    ///
    /// # Errors
    /// When its file system cannot be looked at.
    pub fn space(&self) -> Result<Space, BackupError> {
        space_at(&self.root, &self.path).map_err(BackupError::io("looking at the space for", &self.path))
    }

    /// Every backup, and what else lies in the store.
    ///
    /// # Errors
    /// When the store cannot be read; a missing one is empty.
    pub fn list(&self) -> Result<Listing, BackupError> {
        let mut listing = Listing::default();
        let Some(folder) = self.folder_if_any()? else { return Ok(listing) };
        let names = self.names(&folder)?;
        listing.partial = names.iter().rev().filter(|name| is_partial(name)).cloned().collect();
        let mut found: Vec<_> = ids(&names)
            .map(|id| {
                let opened = self.open(&id);
                (Found::new(id, &opened), opened)
            })
            .collect();
        found.sort_by(|(one, _), (other, _)| other.age().cmp(&one.age()));
        for (Found { id, .. }, opened) in found {
            match opened {
                Ok(backup) => listing.backups.push(backup),
                Err(error) => listing.damaged.push((id, error)),
            }
        }
        Ok(listing)
    }

    /// The names of all backups, sound or not, newest first as far as the names tell.
    ///
    /// # Errors
    /// When the store cannot be read; a missing one is empty.
    pub fn ids(&self) -> Result<Vec<BackupId>, BackupError> {
        let Some(folder) = self.folder_if_any()? else { return Ok(Vec::new()) };
        let names = self.names(&folder)?;
        Ok(ids(&names).collect::<Vec<_>>().into_iter().rev().collect())
    }

    /// Opens a backup and checks its manifest.
    ///
    /// # Errors
    /// `Missing`, `Damaged`, `Newer`, or what the kernel says.
    pub fn open(&self, id: &BackupId) -> Result<Backup, BackupError> {
        let folder = self.folder_of(id)?;
        let manifest = read_manifest(&folder, id)?;
        Ok(Backup { manifest, folder })
    }

    pub(super) fn folder_of(&self, id: &BackupId) -> Result<PrivateFolder, BackupError> {
        let folder = self.folder_if_any()?.ok_or_else(|| BackupError::Missing(id.clone()))?;
        match folder.folder(id.as_str()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(BackupError::Missing(id.clone())),
            // Something else stands in its place, or it is another user's.
            Err(error) => {
                let problem = Problem::Unreadable(self.path_of(id).to_string(), error.to_string());
                Err(BackupError::Damaged { id: id.to_string(), problems: vec![problem] })
            }
            Ok(folder) => Ok(folder),
        }
    }

    /// What stands on the server where the backup holds something, and what was added there.
    ///
    /// # Errors
    /// When something cannot be read.
    pub fn live(&self, manifest: &Manifest) -> Result<BTreeMap<RootPath, Entry>, BackupError> {
        let mut found = collect(&self.root, manifest.roots.iter().chain(manifest.entries.keys()).cloned())?;
        // A new link may lead to a file that was never part of this, such as `/etc/passwd`. What was asked for by its name
        // and was not there is part of it: what a run has made there goes again, such as what it keeps for the next update.
        let asked = manifest.roots.iter().filter_map(|path| self.root.locate(path).ok());
        let asked: BTreeSet<RootPath> = asked.collect();
        found.retain(|path, entry| manifest.covers(path) || (asked.contains(path) && !entry.is_folder()));
        leave_large_files(manifest, &mut found);
        Ok(found)
    }

    /// In what the server differs from a backup.
    ///
    /// # Errors
    /// As [`Store::live`].
    pub fn diff_live(&self, manifest: &Manifest) -> Result<Vec<Difference>, BackupError> {
        Ok(compare(&manifest.entries, &self.live(manifest)?))
    }

    /// Which backups would be removed, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn outdated(&self, keep: &Retention) -> Result<Vec<BackupId>, BackupError> {
        let Some(folder) = self.folder_if_any()? else { return Ok(Vec::new()) };
        Ok(self.doomed(&self.names(&folder)?, keep))
    }

    /// Removes old backups and everything half-made; returns the names of the removed backups.
    ///
    /// # Errors
    /// When one cannot be removed; what was removed before stays removed.
    pub fn prune(&self, _lock: &WriteLock, keep: &Retention) -> Result<Vec<BackupId>, BackupError> {
        let Some(folder) = self.folder_if_any()? else { return Ok(Vec::new()) };
        let names = self.names(&folder)?;
        let doomed = self.doomed(&names, keep);
        for id in &doomed {
            let hidden = format!("{REMOVING}{id}");
            folder.rename(id.as_str(), &hidden).map_err(BackupError::io("removing", self.path_of(id)))?;
        }
        folder.sync().map_err(BackupError::io("syncing", &self.path))?;
        let hidden = doomed.iter().map(|id| format!("{REMOVING}{id}"));
        let left = names.iter().filter(|name| is_partial(name)).cloned();
        for name in left.chain(hidden) {
            remove_all(&folder, &name)
                .map_err(BackupError::io("removing", format!("{}/{name}", self.path)))?;
        }
        folder.sync().map_err(BackupError::io("syncing", &self.path))?;
        Ok(doomed)
    }

    fn doomed(&self, names: &[String], keep: &Retention) -> Vec<BackupId> {
        // Only the times stay in memory: of thousands of backups not all folders can be open at once.
        let mut found: Vec<Found> = ids(names)
            .map(|id| {
                let opened = self.open(&id);
                Found::new(id, &opened)
            })
            .collect();
        found.sort_by(|one, other| other.age().cmp(&one.age()));
        keep.doomed(&found)
    }

    fn names(&self, folder: &PrivateFolder) -> Result<Vec<String>, BackupError> {
        let names = folder.names().map_err(BackupError::io("listing", &self.path))?;
        Ok(names.into_iter().filter_map(|name| name.into_string().ok()).collect())
    }

    fn folder_if_any(&self) -> Result<Option<PrivateFolder>, BackupError> {
        match PrivateFolder::enter(&self.root, &self.path) {
            Ok(folder) => Ok(Some(folder)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(BackupError::Store { path: self.path.clone(), source }),
        }
    }
}

/// A folder with a backup's name.
struct Found {
    id: BackupId,
    /// As its manifest says, if that is sound.
    created: Option<Timestamp>,
}

impl Found {
    fn new(id: BackupId, opened: &Result<Backup, BackupError>) -> Self {
        Self { id, created: opened.as_ref().ok().map(|backup| backup.manifest.created) }
    }

    /// Sorts by time: by the second in the name, which damaged ones have, too, and within it by the manifest.
    fn age(&self) -> (&str, Option<Timestamp>, &BackupId) {
        (self.id.second(), self.created, &self.id)
    }

    fn is_before(&self, time: Timestamp) -> bool {
        match self.created {
            Some(created) => created < time,
            None => self.id.second() < BackupId::second_of(time).as_str(),
        }
    }
}

impl Retention {
    /// Which of these go.
    fn doomed(&self, newest_first: &[Found]) -> Vec<BackupId> {
        let mut kept = 0;
        let goes = |found: &&Found| {
            if kept < self.newest {
                // A damaged one must not take the place of the backup that can be restored.
                kept += usize::from(found.created.is_some());
                return false;
            }
            self.before.is_none_or(|time| found.is_before(time)) && !self.protected.contains(&found.id)
        };
        newest_first.iter().filter(goes).map(|found| found.id.clone()).collect()
    }
}

/// Forgets large files that came since, and the folders that came with them: no backup keeps their bytes, so what restores
/// a tree must not take them for something to remove.
fn leave_large_files(manifest: &Manifest, live: &mut BTreeMap<RootPath, Entry>) {
    let is_new = |path: &RootPath| !manifest.entries.contains_key(path);
    let large: Vec<RootPath> = live
        .iter()
        .filter(|(path, entry)| entry.is_large() && is_new(path))
        .map(|(path, _)| path.clone())
        .collect();
    for path in large {
        let mut next = Some(path);
        while let Some(path) = next.filter(is_new) {
            live.remove(&path);
            next = path.parent();
        }
    }
}

fn ids(names: &[String]) -> impl Iterator<Item = BackupId> {
    names.iter().filter_map(|name| name.parse().ok())
}

fn is_partial(name: &str) -> bool {
    name.starts_with(PARTIAL) || name.starts_with(REMOVING)
}

/// Removes a folder of the store: files in it, and files in its folder of contents.
pub(super) fn remove_all(store: &PrivateFolder, name: &str) -> io::Result<()> {
    let folder = store.folder(name)?;
    for entry in folder.names()? {
        if entry != CONTENT {
            folder.remove_file(&entry)?;
            continue;
        }
        let content = folder.folder(CONTENT)?;
        content.names()?.iter().try_for_each(|file| content.remove_file(file))?;
        folder.remove_folder(CONTENT)?;
    }
    store.remove_folder(name)
}

/// What every manifest says of itself, whichever version wrote it.
#[derive(Deserialize)]
struct Numbered {
    #[serde(default)]
    format: u64,
}

fn read_manifest(folder: &PrivateFolder, id: &BackupId) -> Result<Manifest, BackupError> {
    let damaged = |problem| BackupError::Damaged { id: id.to_string(), problems: vec![problem] };
    let read = |name: &str| -> Result<Vec<u8>, BackupError> {
        let mut bytes = Vec::new();
        let result = folder
            .open(OsStr::new(name))
            .and_then(|file| file.take(MOST_MANIFEST_BYTES).read_to_end(&mut bytes));
        match result {
            Ok(_) => Ok(bytes),
            Err(error) => Err(damaged(Problem::Unreadable(name.to_owned(), error.to_string()))),
        }
    };
    let (bytes, hash) = (read(MANIFEST)?, read(MANIFEST_HASH)?);
    if hash != manifest_hash_line(Hash::of(&bytes)).as_bytes() {
        return Err(damaged(Problem::ManifestChanged));
    }
    let unreadable = |error: serde_json::Error| damaged(Problem::ManifestUnreadable(error.to_string()));
    // The number first: a newer format may have fields that this version refuses. All else is passed over, since a tree
    // of values takes ten times what its text does.
    let Numbered { format } = serde_json::from_slice(&bytes).map_err(unreadable)?;
    if format > u64::from(FORMAT) {
        return Err(BackupError::Newer { id: id.clone(), format: u32::try_from(format).unwrap_or(u32::MAX) });
    }
    let manifest: Manifest = serde_json::from_slice(&bytes).map_err(unreadable)?;
    if manifest.id != *id {
        return Err(damaged(Problem::OtherBackup(manifest.id.to_string())));
    }
    Ok(manifest)
}

/// The line that `sha256sum -c` reads.
pub(super) fn manifest_hash_line(of_manifest: Hash) -> String {
    format!("{of_manifest}  {MANIFEST}\n")
}
