//! Putting back what a backup holds.
//!
//! Invariant: each file comes back in one atomic step with everything it had. Restoring a tree
//! may be interrupted and run again: it changes only what still differs, and compares at the end.

use super::compare::{Change, Difference, compare};
use super::error::BackupError;
use super::manifest::Entry;
use super::store::{Backup, Store};
use super::take::Progress;
use crate::host::files::{
    Expect, ReplaceError, UndoableChange, discard, make_folder, remove, remove_folder, replace_entry,
    replace_link, set_attributes,
};
use crate::host::{Root, WriteLock};
use crate::values::RootPath;
use std::collections::BTreeMap;

/// Puts one file or link back as the backup has it; one that the backup does not have is removed.
/// The change can be undone with what is returned.
///
/// # Errors
/// `Damaged`, or [`BackupError::Restore`] when something else than `expect` stands there.
pub fn restore_path(
    lock: &WriteLock,
    root: &Root,
    backup: &Backup,
    path: &RootPath,
    expect: &Expect,
) -> Result<UndoableChange, BackupError> {
    Ok(match backup.manifest.entries.get(path) {
        Some(Entry::File { sha256, attributes, .. }) => {
            let bytes = backup.content(*sha256)?;
            replace_entry(lock, root, path, expect, &bytes, attributes)?
        }
        Some(Entry::Symlink { target, attributes }) => {
            replace_link(lock, root, path, expect, target, attributes)?
        }
        Some(Entry::Folder { .. } | Entry::Skipped { .. }) => {
            let error = std::io::Error::new(std::io::ErrorKind::InvalidInput, "neither a file nor a link");
            return Err(BackupError::io("restoring", path)(error));
        }
        None => remove(lock, root, path, expect)?,
    })
}

/// Makes the whole tree what the backup holds: files that were not there go, too. Returns what
/// differed before.
///
/// # Errors
/// [`BackupError`]; the tree may be partly restored, and running it again goes on.
pub fn restore_tree(
    lock: &WriteLock,
    store: &Store,
    backup: &Backup,
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<Difference>, BackupError> {
    backup.verify()?;
    let wanted = &backup.manifest.entries;
    let live = store.live(&backup.manifest)?;
    let differences = to_restore(compare(&live, wanted), wanted);
    if differences.is_empty() {
        return Ok(differences);
    }
    let tree = Tree { lock, store, backup, live };
    tree.clear_the_way()?;
    tree.make_folders()?;
    tree.restore_files(&differences, progress)?;
    tree.remove_added()?;
    tree.settle_folders()?;
    let left = to_restore(compare(&store.live(&backup.manifest)?, wanted), wanted);
    if left.is_empty() { Ok(differences) } else { Err(BackupError::NotRestored(left)) }
}

/// FIFOs, sockets and devices are recorded, not restored.
fn to_restore(mut differences: Vec<Difference>, wanted: &BTreeMap<RootPath, Entry>) -> Vec<Difference> {
    differences.retain(|difference| !matches!(wanted.get(&difference.path), Some(Entry::Skipped { .. })));
    differences
}

struct Tree<'a> {
    lock: &'a WriteLock,
    store: &'a Store,
    backup: &'a Backup,
    live: BTreeMap<RootPath, Entry>,
}

impl Tree<'_> {
    fn wanted(&self) -> &BTreeMap<RootPath, Entry> {
        &self.backup.manifest.entries
    }

    /// Removes what stands in the place of a folder, and folders in the place of files.
    fn clear_the_way(&self) -> Result<(), BackupError> {
        let in_the_way = |path: &RootPath, entry: &Entry| match self.wanted().get(path) {
            Some(wanted) => wanted.is_folder() != entry.is_folder(),
            None => self.is_below_a_file(path),
        };
        for (path, entry) in self.live.iter().rev().filter(|(path, entry)| in_the_way(path, entry)) {
            self.remove(path, entry)?;
        }
        Ok(())
    }

    fn is_below_a_file(&self, path: &RootPath) -> bool {
        let mut next = path.parent();
        while let Some(above) = next {
            if self.wanted().get(&above).is_some_and(|entry| !entry.is_folder()) {
                return true;
            }
            next = above.parent();
        }
        false
    }

    fn make_folders(&self) -> Result<(), BackupError> {
        let above = self.backup.manifest.above.iter();
        for (path, attributes) in above {
            if self.store.root.symlink_metadata(path).is_err() {
                make_folder(self.lock, &self.store.root, path)?;
                set_attributes(self.lock, &self.store.root, path, attributes)?;
            }
        }
        for (path, entry) in self.wanted().iter().filter(|(_, entry)| entry.is_folder()) {
            if self.live.get(path).is_none_or(|live| !live.is_folder()) {
                make_folder(self.lock, &self.store.root, path)?;
                // Closed to others from the start where it was.
                self.settle(path, entry)?;
            }
        }
        Ok(())
    }

    fn restore_files(
        &self,
        differences: &[Difference],
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), BackupError> {
        let size = |path: &RootPath| match self.wanted().get(path) {
            Some(Entry::File { size, .. }) => *size,
            _ => 0,
        };
        let total = differences.iter().map(|difference| size(&difference.path)).sum();
        let mut bytes = 0;
        for Difference { path, changes } in differences {
            let Some(entry @ (Entry::File { .. } | Entry::Symlink { .. })) = self.wanted().get(path) else {
                continue;
            };
            if let [Change::Attributes(_)] = changes.as_slice() {
                self.settle(path, entry)?;
            } else {
                let expect = self.live.get(path).and_then(Entry::expect).unwrap_or(Expect::Absent);
                let kept = restore_path(self.lock, &self.store.root, self.backup, path, &expect)?;
                discard(self.lock, &self.store.root, &kept)?;
            }
            bytes += size(path);
            progress(Progress { bytes, total });
        }
        Ok(())
    }

    fn remove_added(&self) -> Result<(), BackupError> {
        let added = |path: &RootPath| !self.wanted().contains_key(path) && !self.is_below_a_file(path);
        for (path, entry) in self.live.iter().rev().filter(|(path, _)| added(path)) {
            self.remove(path, entry)?;
        }
        Ok(())
    }

    fn remove(&self, path: &RootPath, entry: &Entry) -> Result<(), BackupError> {
        let root = &self.store.root;
        match entry.expect() {
            None => remove_folder(self.lock, root, path)?,
            Some(expect) => discard(self.lock, root, &remove(self.lock, root, path, &expect)?)?,
        }
        Ok(())
    }

    /// Last, and deepest first: every change in a folder moves its time.
    fn settle_folders(&self) -> Result<(), BackupError> {
        let folders = self.wanted().iter().rev().filter(|(_, entry)| entry.is_folder());
        for (path, entry) in folders {
            self.settle(path, entry)?;
        }
        Ok(())
    }

    fn settle(&self, path: &RootPath, entry: &Entry) -> Result<(), ReplaceError> {
        match entry.attributes() {
            Some(attributes) => set_attributes(self.lock, &self.store.root, path, attributes),
            None => Ok(()),
        }
    }
}
