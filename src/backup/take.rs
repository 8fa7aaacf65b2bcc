//! Making a backup.
//!
//! Invariant: everything is written below a name that is no backup's, made durable, read again
//! and compared; the last step is one rename.

use super::collect::{Spot, above, collect_with, measure};
use super::error::BackupError;
use super::layout::{CONTENT, MANIFEST, MANIFEST_HASH, PARTIAL};
use super::manifest::Manifest;
use super::store::{Backup, Store, manifest_hash_line, remove_all};
use crate::host::files::{FileState, HashedWriter, OtherKind, Sight, copy_hashed, hash_of, observe_reading};
use crate::host::{MOST_BYTES, PrivateFolder, WriteLock, clock, kill_point, random};
use crate::values::{BackupId, Hash, RootPath};
use std::collections::BTreeSet;
use std::fs::{File, Metadata};
use std::io::{self, BufWriter, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;

/// What a file, folder or link takes in the manifest and on the disk besides its bytes.
const OVERHEAD: u64 = 5 << 10;
/// The store, the backup, its contents, the manifest and its hash.
const FILES_OF_ITS_OWN: u64 = 5;
const BLOCK: u64 = 4 << 10;
/// In seconds: of all file systems FAT counts time most coarsely.
const COARSEST_TICK: i64 = 2;
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
        measure(&self.root, paths.iter().cloned(), &mut |path, seen| {
            needed.bytes += OVERHEAD;
            match seen {
                Sight::File(size) if size > MOST_BYTES => needed.left_out.push((path.clone(), size)),
                Sight::File(size) => {
                    needed.bytes += size.next_multiple_of(BLOCK);
                    needed.files += 1;
                }
                Sight::Folder | Sight::Link | Sight::Other | Sight::Nothing => {}
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
        let content = folder.make_folder(CONTENT).map_err(io("making a folder in"))?;
        let disk = content.file_system().map_err(io("opening"))?;
        let mut copies = Copies { content: &content, kept: BTreeSet::new(), bytes: 0, total: 0, progress };
        measure(&self.root, manifest.roots.iter().cloned(), &mut |_, seen| copies.expect(seen))?;
        manifest.entries =
            collect_with(&self.root, manifest.roots.iter().cloned(), &mut |spot| copies.look(spot))?;
        manifest.format = Manifest::format_of(&manifest.entries);
        manifest.above = above(&self.root, &manifest.entries)?;
        write(&folder, &manifest).map_err(io("writing the manifest in"))?;
        // Nobody sees a part of it before it has a backup's name, so the order in which it reaches the disk does not
        // matter: one flush instead of one for each file.
        disk.sync().map_err(io("syncing"))?;
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

/// The files that are copied, each under the name of its hash, once for all files with these bytes.
struct Copies<'c> {
    content: &'c PrivateFolder,
    kept: BTreeSet<Hash>,
    /// Copied so far.
    bytes: u64,
    /// To copy in all, as far as the sizes said before.
    total: u64,
    progress: &'c mut dyn FnMut(Progress),
}

impl Copies<'_> {
    fn expect(&mut self, seen: Sight) {
        if let Sight::File(size) = seen
            && size <= MOST_BYTES
        {
            self.total += size;
        }
    }

    /// What stands there; the bytes of a file are copied by the very reading that tells their hash.
    fn look(&mut self, spot: Spot) -> Result<FileState, BackupError> {
        let mut is_steady = true;
        let content = self.content;
        let state = observe_reading(spot.folder, spot.name, &mut |source| {
            let copied = copy(source, content)?;
            is_steady = copied.is_steady;
            Ok((copied.sha256, copied.size))
        });
        let state = state.map_err(spot.fault("copying"))?;
        if !is_steady {
            return Err(BackupError::Changing(spot.path.clone()));
        }
        match &state {
            FileState::File { sha256, size, .. } => {
                let named = match self.kept.insert(*sha256) {
                    true => content.rename(INCOMING, sha256.to_string()),
                    false => content.remove_file(INCOMING),
                };
                named.map_err(spot.fault("copying"))?;
                self.bytes += size;
                let total = self.total.max(self.bytes);
                (self.progress)(Progress { bytes: self.bytes, total });
            }
            // It grew while it was copied.
            FileState::Other { kind: OtherKind::LargeFile } => match content.remove_file(INCOMING) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(spot.fault("copying")(error));
                }
                _ => {}
            },
            _ => {}
        }
        Ok(state)
    }
}

struct Copied {
    sha256: Hash,
    size: u64,
    /// Whether the file was the same before and after: a copy of one that was not would be neither old nor new.
    is_steady: bool,
}

fn copy(source: &File, content: &PrivateFolder) -> io::Result<Copied> {
    let before = source.metadata()?;
    let mut target = content.create(INCOMING)?;
    kill_point!("backup: before a file is copied");
    let (sha256, size) = copy_hashed(source.take(MOST_BYTES + 1), &mut target)?;
    kill_point!("backup: after a file was copied");
    let after = source.metadata()?;
    let stamp = |status: &Metadata| {
        (status.size(), status.mtime(), status.mtime_nsec(), status.ctime(), status.ctime_nsec())
    };
    let is_steady = stamp(&before) == stamp(&after)
        // Two writes within one tick of the clock that stamps files leave the same time: what was changed a moment ago
        // is read twice.
        && (!is_fresh(&after) || hash_again(source)? == sha256);
    Ok(Copied { sha256, size, is_steady })
}

fn hash_again(mut source: &File) -> io::Result<Hash> {
    source.rewind()?;
    Ok(hash_of(source.take(MOST_BYTES + 1))?.0)
}

/// Whether the file was changed so lately that another change could have left the same time.
fn is_fresh(status: &Metadata) -> bool {
    status.ctime() + COARSEST_TICK >= clock::now().as_second()
}

/// Writes the manifest as it is made, so that the whole text is never in memory, and its hash beside it.
fn write(folder: &PrivateFolder, manifest: &Manifest) -> io::Result<()> {
    let mut file = HashedWriter::new(BufWriter::new(folder.create(MANIFEST)?));
    kill_point!("backup: before the manifest is written");
    serde_json::to_writer_pretty(&mut file, manifest)?;
    let (mut file, hash) = file.finish();
    file.flush()?;
    folder.create(MANIFEST_HASH)?.write_all(manifest_hash_line(hash).as_bytes())?;
    kill_point!("backup: after the manifest was written");
    Ok(())
}
