//! What a backup holds, as plain files in a folder of the operator's.
//!
//! Invariant: every byte is read and compared before the first file is written; the server is not touched.

use super::error::BackupError;
use super::manifest::Entry;
use super::store::Backup;
use crate::host::{NoPlace, PlainTree};
use crate::values::RootPath;
use std::path::Path;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extracted {
    pub files: u64,
    /// What the backup has seen and does not hold.
    pub left_out: Vec<RootPath>,
    /// Whether files have their owners.
    pub has_owners: bool,
}

impl Backup {
    /// Writes everything into `dir`, in its place below it, with owner, mode and time.
    ///
    /// # Errors
    /// `Damaged`, when the folder is not to be filled, or what the kernel says.
    pub fn extract(&self, dir: &Path) -> Result<Extracted, BackupError> {
        self.verify()?;
        let place = |source: NoPlace| BackupError::NoPlace { path: dir.display().to_string(), source };
        let tree = PlainTree::begin(dir).map_err(place)?;
        let here = |path: &RootPath| format!("{}{path}", dir.display());
        let mut extracted = Extracted { files: 0, left_out: Vec::new(), has_owners: tree.keeps_owners() };
        for path in self.manifest.above.keys() {
            tree.folder(path).map_err(BackupError::io("making", here(path)))?;
        }
        for (path, entry) in &self.manifest.entries {
            match entry {
                Entry::Folder { .. } => tree.folder(path).map_err(BackupError::io("making", here(path)))?,
                Entry::File { sha256, attributes, .. } => {
                    let bytes = self.content(*sha256)?;
                    tree.file(path, &bytes, attributes).map_err(BackupError::io("writing", here(path)))?;
                    extracted.files += 1;
                }
                Entry::Symlink { target, attributes } => {
                    tree.link(path, target, attributes).map_err(BackupError::io("linking", here(path)))?;
                }
                Entry::Skipped { .. } => extracted.left_out.push(path.clone()),
            }
        }
        // What is made in a folder moves its time, so the deepest come first, and all of them last.
        let above = self.manifest.above.iter();
        let folders = self.manifest.entries.iter().filter(|(_, entry)| entry.is_folder());
        let folders = folders.filter_map(|(path, entry)| entry.attributes().map(|own| (path, own)));
        let mut folders: Vec<_> = above.chain(folders).collect();
        folders.sort_by(|(one, _), (other, _)| other.cmp(one));
        for (path, attributes) in folders {
            tree.settle(path, attributes)
                .map_err(BackupError::io("setting the attributes of", here(path)))?;
        }
        Ok(extracted)
    }
}
