//! Making a backup.
//!
//! Invariant: everything is written below a name that is no backup's, made durable, read again
//! and compared; the last step is one rename.

use super::collect::{above, collect, measure};
use super::error::BackupError;
use super::layout::{CONTENT, MANIFEST, MANIFEST_HASH, PARTIAL};
use super::manifest::{Entry, Manifest};
use super::store::{Backup, Store, manifest_hash_line, remove_all};
use crate::host::files::copy_hashed;
use crate::host::{MOST_BYTES, PrivateFolder, Root, WriteLock, clock, kill_point, random};
use crate::values::{BackupId, Hash, RootPath};
use std::collections::BTreeSet;
use std::io;
use std::io::Write;
use std::os::unix::fs::MetadataExt;

/// What a file, folder or link takes in the manifest and on the disk besides its bytes.
const OVERHEAD: u64 = 5 << 10;
/// The store, the backup, its contents, the manifest and its hash.
const FILES_OF_ITS_OWN: u64 = 5;
const BLOCK: u64 = 4 << 10;
const INCOMING: &str = "incoming";

/// What to back up, and what to remember about it.
#[derive(Debug, Clone, Copy)]
pub struct BackupRequest<'a> {
    /// Folders with everything in them, and files; missing ones are passed over.
    pub paths: &'a [RootPath],
    pub reason: &'a str,
    pub run: Option<&'a str>,
    pub host: &'a str,
    /// The version of motionctl.
    pub tool_version: &'a str,
}

/// What a backup takes at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    /// Bytes on the disk.
    pub bytes: u64,
    pub files: u64,
    /// Files that are too large to be kept, with their sizes.
    pub left_out: Vec<(RootPath, u64)>,
}

/// How far a backup is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes copied so far.
    pub bytes: u64,
    /// Bytes to copy in all.
    pub total: u64,
}

impl Store {
    /// What a backup of these paths takes at most, told from sizes alone: no file is opened.
    ///
    /// # Errors
    /// When something cannot be looked at.
    pub fn needed(&self, paths: &[RootPath]) -> Result<Needed, BackupError> {
        let mut needed = Needed { bytes: 4 * BLOCK, files: FILES_OF_ITS_OWN, left_out: Vec::new() };
        measure(&self.root, paths.iter().cloned(), &mut |path, status| {
            needed.bytes += OVERHEAD;
            if status.is_file() && status.len() > MOST_BYTES {
                needed.left_out.push((path.clone(), status.len()));
            } else if status.is_file() {
                needed.bytes += status.len().next_multiple_of(BLOCK);
                needed.files += 1;
            }
        })?;
        Ok(needed)
    }

    /// Makes a backup and verifies it.
    ///
    /// # Errors
    /// [`BackupError`]; what was half made is removed, or stays under a name that is no backup's.
    pub fn take(
        &self,
        lock: &WriteLock,
        request: &BackupRequest,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Backup, BackupError> {
        let here = |operation| BackupError::io(operation, &self.path);
        let store = PrivateFolder::make(lock, &self.root, &self.path).map_err(here("making"))?;
        let created = clock::now();
        let suffix = random::suffix().map_err(here("naming a backup in"))?;
        let id = BackupId::new(created, &suffix)
            .map_err(|error| here("naming a backup in")(io::Error::other(error)))?;
        let partial = format!("{PARTIAL}{id}");
        let made = store
            .make_folder(&partial)
            .map_err(here("making a folder in"))
            .and_then(|folder| self.fill(folder, manifest(&id, created, request), progress))
            .and_then(|backup| {
                store.rename(&partial, id.as_str()).map_err(here("naming a backup in"))?;
                store.sync().map_err(here("syncing"))?;
                Ok(backup)
            });
        if made.is_err() {
            // The reason why it failed matters more than a leftover, which has no backup's name.
            drop(remove_all(&store, &partial));
        }
        made
    }

    fn fill(
        &self,
        folder: PrivateFolder,
        mut manifest: Manifest,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Backup, BackupError> {
        let io = |operation| BackupError::io(operation, folder.path());
        manifest.entries = collect(&self.root, manifest.roots.iter().cloned())?;
        manifest.format = Manifest::format_of(&manifest.entries);
        manifest.above = above(&self.root, &manifest.entries)?;
        let content = folder.make_folder(CONTENT).map_err(io("making a folder in"))?;
        let total = manifest.bytes();
        let (mut bytes, mut kept) = (0, BTreeSet::new());
        for (path, entry) in &manifest.entries {
            let Entry::File { sha256, size, .. } = entry else { continue };
            copy(&self.root, path, *sha256, &content, &mut kept)?;
            bytes += size;
            progress(Progress { bytes, total });
        }
        content.sync().map_err(io("syncing"))?;
        let text = serde_json::to_vec_pretty(&manifest).map_err(|error| io("describing")(error.into()))?;
        write(&folder, MANIFEST, &text).map_err(io("writing the manifest in"))?;
        let line = manifest_hash_line(&text);
        write(&folder, MANIFEST_HASH, line.as_bytes()).map_err(io("writing the manifest in"))?;
        folder.sync().map_err(io("syncing"))?;
        let backup = Backup { manifest, folder };
        backup.verify()?;
        Ok(backup)
    }
}

fn manifest(id: &BackupId, created: jiff::Timestamp, request: &BackupRequest) -> Manifest {
    Manifest {
        format: Manifest::format_of(&std::collections::BTreeMap::new()),
        id: id.clone(),
        created,
        host: request.host.to_owned(),
        tool_version: request.tool_version.to_owned(),
        reason: request.reason.to_owned(),
        run: request.run.map(str::to_owned),
        roots: request.paths.to_vec(),
        above: std::collections::BTreeMap::new(),
        entries: std::collections::BTreeMap::new(),
    }
}

/// Copies a file under the name of its hash, once for all files with these bytes.
fn copy(
    root: &Root,
    path: &RootPath,
    expected: Hash,
    content: &PrivateFolder,
    kept: &mut BTreeSet<Hash>,
) -> Result<(), BackupError> {
    let reading = |error| BackupError::io("reading", path)(error);
    let source = root.open_itself(path).map_err(reading)?;
    let before = source.metadata().map_err(reading)?;
    let mut target = content.create(INCOMING).map_err(BackupError::io("copying", path))?;
    kill_point!("backup: before a file is copied");
    let (found, _) = copy_hashed(&source, &mut target).map_err(BackupError::io("copying", path))?;
    kill_point!("backup: after a file was copied");
    let after = source.metadata().map_err(reading)?;
    let stamp = |status: &std::fs::Metadata| (status.size(), status.mtime(), status.mtime_nsec());
    if found != expected || stamp(&before) != stamp(&after) {
        return Err(BackupError::Changing(path.clone()));
    }
    target.sync_all().map_err(BackupError::io("copying", path))?;
    let result = if kept.insert(found) {
        content.rename(INCOMING, found.to_string())
    } else {
        content.remove_file(INCOMING)
    };
    result.map_err(BackupError::io("copying", path))
}

fn write(folder: &PrivateFolder, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut file = folder.create(name)?;
    kill_point!("backup: before the manifest is written");
    file.write_all(bytes)?;
    kill_point!("backup: after the manifest was written");
    file.sync_all()
}
