//! Reading a backup again.
//!
//! Invariant: contents are handed out only when their bytes have the hash of the manifest.

use super::error::{BackupError, Problem};
use super::layout::CONTENT;
use super::manifest::Entry;
use super::store::{Backup, Store};
use crate::host::PrivateFolder;
use crate::host::files::{forget_cached, hash_of};
use crate::values::{BackupId, Hash, RootPath};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many files are read at a time; more than processors, since most of the time is the disk's.
const THREADS: usize = 4;

impl Backup {
    /// Reads every byte again and compares it with the manifest.
    ///
    /// # Errors
    /// `Damaged` with everything that is wrong.
    pub fn verify(&self) -> Result<(), BackupError> {
        let (wanted, in_order) = once_each(self.manifest.contents().map(|(hash, _)| hash));
        let mut problems = self.read_again(&in_order);
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
        self.unless_any(self.read_again(&once_each(held).1))
    }

    fn unless_any(&self, problems: Vec<Problem>) -> Result<(), BackupError> {
        if problems.is_empty() {
            return Ok(());
        }
        Err(BackupError::Damaged { id: self.manifest.id.to_string(), problems })
    }

    /// What is wrong with these contents. Some threads, so that one computes while others wait for the disk; this one
    /// only waits, so that what it asks of the kernel is the same in every run, and a fault can be tried at each call.
    fn read_again(&self, wanted: &[Hash]) -> Vec<Problem> {
        let content = match self.folder.folder(CONTENT) {
            Ok(content) => content,
            Err(_) if wanted.is_empty() => return Vec::new(),
            Err(error) => return vec![Problem::Unreadable(CONTENT.to_owned(), error.to_string())],
        };
        let next = AtomicUsize::new(0);
        let some_of_them = || {
            let mine = std::iter::from_fn(|| wanted.get(next.fetch_add(1, Ordering::Relaxed)));
            mine.filter_map(|hash| problem(&content, *hash)).collect::<Vec<_>>()
        };
        std::thread::scope(|scope| {
            let readers: Vec<_> = (0..THREADS.min(wanted.len())).map(|_| scope.spawn(some_of_them)).collect();
            let found = readers.into_iter().map(|reader| reader.join());
            found.flat_map(|found| found.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
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

impl Store {
    /// The bytes of this hash, as [`Backup::content`], for whoever knows from the manifest that the backup holds them:
    /// reading it again for each file would make a long way back quadratic.
    ///
    /// # Errors
    /// As [`Store::open`] and [`Backup::content`].
    pub fn content(&self, id: &BackupId, hash: Hash) -> Result<Vec<u8>, BackupError> {
        read_content(&self.folder_of(id)?, id, hash)
    }
}

/// The bytes that lie under a hash in the folder of a backup, and have it.
fn read_content(folder: &PrivateFolder, id: &BackupId, hash: Hash) -> Result<Vec<u8>, BackupError> {
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

/// Each of them once, in the order in which they came: that of the paths, in which they were written, too. In the order of
/// the hashes each would lie elsewhere on the disk.
fn once_each(hashes: impl Iterator<Item = Hash>) -> (BTreeSet<Hash>, Vec<Hash>) {
    let mut seen = BTreeSet::new();
    let in_order = hashes.filter(|hash| seen.insert(*hash)).collect();
    (seen, in_order)
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
