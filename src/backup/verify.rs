//! Reading a backup again.
//!
//! Invariant: contents are handed out only when their bytes have the hash of the manifest.

use super::error::{BackupError, Problem};
use super::layout::CONTENT;
use super::store::Backup;
use crate::host::files::{forget_cached, hash_of};
use crate::values::Hash;
use std::collections::BTreeMap;
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
        let mut problems = Vec::new();
        let wanted: BTreeMap<Hash, u64> = self.manifest.contents().collect();
        for &hash in wanted.keys() {
            match self.open_content(hash).and_then(|file| re_read(&file)) {
                Ok(found) if found == hash => {}
                Ok(_) => problems.push(Problem::Altered(hash)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => problems.push(Problem::Lost(hash)),
                Err(error) => problems.push(Problem::Unreadable(hash.to_string(), error.to_string())),
            }
        }
        let is_stray = |name: &OsString| {
            let hash = name.to_str().and_then(|name| name.parse::<Hash>().ok());
            hash.is_none_or(|hash| !wanted.contains_key(&hash))
        };
        match self.folder.folder(CONTENT).and_then(|content| content.names()) {
            Ok(names) => {
                let strays = names.iter().filter(|name| is_stray(name));
                problems.extend(strays.map(|name| Problem::Stray(name.to_string_lossy().into_owned())));
            }
            Err(error) => problems.push(Problem::Unreadable(CONTENT.to_owned(), error.to_string())),
        }
        if problems.is_empty() {
            return Ok(());
        }
        Err(BackupError::Damaged { id: self.manifest.id.to_string(), problems })
    }

    /// The bytes of a file that the backup holds.
    ///
    /// # Errors
    /// `Damaged` when they are not those of the manifest.
    pub fn content(&self, hash: Hash) -> Result<Vec<u8>, BackupError> {
        let damaged =
            |problem| BackupError::Damaged { id: self.manifest.id.to_string(), problems: vec![problem] };
        let mut bytes = Vec::new();
        let result = self.open_content(hash).and_then(|mut file| file.read_to_end(&mut bytes));
        match result {
            Ok(_) if Hash::of(&bytes) == hash => Ok(bytes),
            Ok(_) => Err(damaged(Problem::Altered(hash))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(damaged(Problem::Lost(hash))),
            Err(error) => Err(damaged(Problem::Unreadable(hash.to_string(), error.to_string()))),
        }
    }

    fn open_content(&self, hash: Hash) -> io::Result<File> {
        self.folder.folder(CONTENT)?.open(hash.to_string())
    }
}

/// Hashes what is on the disk rather than what is still in memory, where the kernel agrees.
fn re_read(file: &File) -> io::Result<Hash> {
    forget_cached(file);
    Ok(hash_of(file)?.0)
}
