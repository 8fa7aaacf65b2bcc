//! A server's files out of an archive, in a private folder of their own.
//!
//! Invariant: nothing is written outside of a new folder that only this user may enter, and it goes when it is dropped,
//! or when the process ends by [`remove_all`]. What is written are folders, regular files and links: a link is never
//! walked through, since nothing lies below one.

use super::archive::{ArchiveEntry, ArchiveError, Entries};
use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::TempDir;

/// The folders of this process that are still there.
static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Files and links of an archive on the disk.
#[derive(Debug)]
pub struct Unpacked {
    folder: TempDir,
}

impl Unpacked {
    /// Writes the entries below a new folder. Owners and modes are lost on the way to support: everybody may read what
    /// lies in the folder, which nobody else may enter.
    ///
    /// # Errors
    /// `Broken` where one entry lies below another that is no folder, or a name is none that a disk can hold; `Io`.
    pub fn new(entries: &Entries) -> Result<Self, ArchiveError> {
        if let Some(twice) = entries.keys().find(|path| lies_below_another(entries, path)) {
            let what = format!("`{}` lies below what is no folder", twice.display());
            return Err(ArchiveError::Broken(what));
        }
        // Held to the end of the writing: nobody can remove a folder that is still being filled.
        let mut folders = folders();
        let folder = tempfile::Builder::new()
            .prefix("motionctl-unpacked-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir()
            .map_err(ArchiveError::Io)?;
        folders.push(folder.path().to_owned());
        let unpacked = Written(folder.path());
        for (path, entry) in entries {
            unpacked.write(path, entry).map_err(|error| match error.raw_os_error() {
                Some(nix::libc::ENAMETOOLONG | nix::libc::EINVAL | nix::libc::EILSEQ) => {
                    ArchiveError::Broken("a name in it is none that this machine can write".to_owned())
                }
                _ if error.kind() == io::ErrorKind::InvalidInput => {
                    ArchiveError::Broken("a name in it holds a byte that no name may have".to_owned())
                }
                _ => ArchiveError::Io(error),
            })?;
        }
        Ok(Self { folder })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// A folder that is being filled.
struct Written<'a>(&'a Path);

impl Written<'_> {
    fn write(&self, path: &Path, entry: &ArchiveEntry) -> io::Result<()> {
        self.make_folders(path.parent().unwrap_or(Path::new("")))?;
        let at = self.0.join(path);
        match entry {
            ArchiveEntry::File(bytes) => {
                let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&at)?;
                file.write_all(bytes)?;
                // Whatever the umask takes away.
                file.set_permissions(Permissions::from_mode(0o644))
            }
            ArchiveEntry::Link(target) => symlink(target, &at),
        }
    }

    fn make_folders(&self, below: &Path) -> io::Result<()> {
        let mut at = self.0.to_owned();
        for name in below {
            at.push(name);
            match fs::create_dir(&at) {
                Ok(()) => fs::set_permissions(&at, Permissions::from_mode(0o755))?,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Drop for Unpacked {
    fn drop(&mut self) {
        // One remover at a time: the process may be about to end.
        let mut folders = folders();
        folders.retain(|folder| folder != self.folder.path());
        remove(self.folder.path());
    }
}

/// Removes what this process has unpacked, for an end that drops nothing. Nothing is unpacked any more afterwards.
pub fn remove_all() {
    let mut folders = folders();
    folders.drain(..).for_each(|folder| remove(&folder));
    std::mem::forget(folders);
}

/// Nobody is left to be told where it fails; the folder is ours alone, and temporary.
fn remove(folder: &Path) {
    drop(fs::remove_dir_all(folder));
}

fn folders() -> MutexGuard<'static, Vec<PathBuf>> {
    FOLDERS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn lies_below_another(entries: &Entries, path: &Path) -> bool {
    path.ancestors().skip(1).any(|above| entries.contains_key(above))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> ArchiveEntry {
        ArchiveEntry::File(text.as_bytes().to_vec())
    }

    #[test]
    fn what_is_unpacked_goes_with_its_value_and_keeps_links_as_links() {
        let entries = Entries::from([
            ("etc/nginx/a".into(), file("a")),
            ("etc/nginx/b".into(), ArchiveEntry::Link("/etc/passwd".into())),
        ]);
        let unpacked = Unpacked::new(&entries).unwrap();
        let at = unpacked.path().to_owned();
        assert_eq!(fs::metadata(&at).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read(at.join("etc/nginx/a")).unwrap(), b"a");
        assert_eq!(fs::read_link(at.join("etc/nginx/b")).unwrap(), Path::new("/etc/passwd"));
        drop(unpacked);
        assert!(!at.exists());
    }

    #[test]
    fn nothing_is_written_below_a_link_or_a_file() {
        for above in [ArchiveEntry::Link("/tmp".into()), file("x")] {
            let entries = Entries::from([("etc".into(), above), ("etc/evil".into(), file("x"))]);
            let refused = Unpacked::new(&entries).unwrap_err();
            assert!(matches!(refused, ArchiveError::Broken(_)), "{refused}");
        }
        let long = PathBuf::from("x".repeat(300));
        let refused = Unpacked::new(&Entries::from([(long, file("x"))])).unwrap_err();
        assert!(matches!(refused, ArchiveError::Broken(_)), "{refused}");
    }
}
