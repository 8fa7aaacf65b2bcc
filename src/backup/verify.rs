//! Reading a backup again.
//!
//! Invariant: contents are handed out only when their bytes have the hash of the manifest.

use super::error::{BackupError, Problem};
use super::layout::CONTENT;
use super::manifest::Entry;
use super::store::Backup;
use crate::host::PrivateFolder;
use crate::host::files::{forget_cached, hash_of};
use crate::values::{BackupId, Hash, RootPath};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::io::Read;

impl Backup {
    /// Reads every byte again and compares it with the manifest.
    ///
    /// # Errors
    /// `Damaged` with everything that is wrong.
    pub fn verify(&self) -> Result<(), BackupError> {
        let wanted: BTreeSet<Hash> = self.manifest.contents().map(|(hash, _)| hash).collect();
        let mut problems = self.read_again(&wanted);
        let is_stray = |name: &OsString| {
            let hash = name.to_str().and_then(|name| name.parse::<Hash>().ok());
            hash.is_none_or(|hash| !wanted.contains(&hash))
        };
        match self.folder.folder(CONTENT).and_then(|content| content.names()) {
            Ok(names) => {
                let strays = names.iter().filter(|name| is_stray(name));
                problems.extend(strays.map(|name| Problem::Stray(name.to_string_lossy().into_owned())));
            }
            Err(error) => problems.push(Problem::Unreadable(CONTENT.to_owned(), error.to_string())),
        }
        self.unless_any(problems)
    }

    /// Reads again what restoring these paths takes, and nothing else: how long going back takes must not depend on what
    /// else the backup holds.
    ///
    /// # Errors
    /// `Damaged` with everything that is wrong.
    pub fn verify_for<'p>(&self, paths: impl IntoIterator<Item = &'p RootPath>) -> Result<(), BackupError> {
        let held = paths.into_iter().filter_map(|path| match self.manifest.entries.get(path) {
            Some(Entry::File { sha256, .. }) => Some(*sha256),
            _ => None,
        });
        self.unless_any(self.read_again(&held.collect()))
    }

    fn unless_any(&self, problems: Vec<Problem>) -> Result<(), BackupError> {
        if problems.is_empty() {
            return Ok(());
        }
        Err(BackupError::Damaged { id: self.manifest.id.to_string(), problems })
    }

    /// What is wrong with these contents. Two threads, so that one computes while the other waits for the disk.
    fn read_again(&self, wanted: &BTreeSet<Hash>) -> Vec<Problem> {
        let content = match self.folder.folder(CONTENT) {
            Ok(content) => content,
            Err(_) if wanted.is_empty() => return Vec::new(),
            Err(error) => return vec![Problem::Unreadable(CONTENT.to_owned(), error.to_string())],
        };
        let wanted: Vec<Hash> = wanted.iter().copied().collect();
        let wrong =
            |hashes: &[Hash]| hashes.iter().filter_map(|hash| problem(&content, *hash)).collect::<Vec<_>>();
        let (one, other) = wanted.split_at(wanted.len() / 2);
        std::thread::scope(|scope| {
            let beside = scope.spawn(|| wrong(one));
            let here = wrong(other);
            let mut problems = match beside.join() {
                Ok(problems) => problems,
                Err(panic) => std::panic::resume_unwind(panic),
            };
            problems.extend(here);
            problems
        })
    }

    /// The bytes of a file that the backup holds.
    ///
    /// # Errors
    /// `Damaged` when they are not those of the manifest.
    pub fn content(&self, hash: Hash) -> Result<Vec<u8>, BackupError> {
        read_content(&self.folder, &self.manifest.id, hash)
    }
}

/// The bytes that lie under a hash in the folder of a backup, and have it.
pub(super) fn read_content(
    folder: &PrivateFolder,
    id: &BackupId,
    hash: Hash,
) -> Result<Vec<u8>, BackupError> {
    let damaged = |problem| BackupError::Damaged { id: id.to_string(), problems: vec![problem] };
    let mut bytes = Vec::new();
    let opened = folder.folder(CONTENT).and_then(|content| content.open(hash.to_string()));
    match opened.and_then(|mut file| file.read_to_end(&mut bytes)) {
        Ok(_) if Hash::of(&bytes) == hash => Ok(bytes),
        Ok(_) => Err(damaged(Problem::Altered(hash))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(damaged(Problem::Lost(hash))),
        Err(error) => Err(damaged(Problem::Unreadable(hash.to_string(), error.to_string()))),
    }
}

fn problem(content: &PrivateFolder, hash: Hash) -> Option<Problem> {
    match content.open(hash.to_string()).and_then(|file| re_read(&file)) {
        Ok(found) if found == hash => None,
        Ok(_) => Some(Problem::Altered(hash)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some(Problem::Lost(hash)),
        Err(error) => Some(Problem::Unreadable(hash.to_string(), error.to_string())),
    }
}

/// Hashes what is on the disk rather than what is still in memory, where the kernel agrees.
fn re_read(file: &File) -> io::Result<Hash> {
    forget_cached(file);
    Ok(hash_of(file)?.0)
}
