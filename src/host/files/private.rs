//! Folders of our own, which nobody else may enter: state, journal and backups.
//!
//! Invariant: a private folder belongs to us, and neither it nor anything in it is ever reached
//! through a symbolic link. What is in it is made with modes 0700 and 0600.

use super::alone::alone;
use super::landing_for_writing;
use super::walk::{Folder, Landing, Last};
use crate::host::root::Root;
use crate::host::sys::Onto;
use crate::host::{kill_point, sys};
use crate::values::RootPath;
use nix::errno::Errno;
use nix::fcntl::{OFlag, renameat};
use nix::sys::stat::{Mode, fchmod, fstat, mkdirat};
use nix::unistd::{UnlinkatFlags, geteuid, syncfs, unlinkat};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;

/// A file system, by a folder in it. It is opened before anything is written: the kernel tells a descriptor of the
/// faults of writing that came after it was opened (since Linux 5.8).
#[derive(Debug)]
pub struct FileSystem(File);

impl FileSystem {
    /// Makes everything durable that was written to it, by one flush of the disk. Others' writes are among that, so it
    /// is for many files at a time.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn sync(&self) -> io::Result<()> {
        Ok(syncfs(&self.0)?)
    }
}

/// An open private folder.
#[derive(Debug)]
pub struct PrivateFolder(Folder);

impl PrivateFolder {
    /// As [`PrivateFolder::make`], for the folder that holds the lock itself, and for one in which every run has a
    /// name of its own.
    ///
    /// # Errors
    /// As of [`PrivateFolder::make`].
    pub fn make_without_lock(root: &Root, path: &RootPath) -> io::Result<Self> {
        make_missing_above(root, path)?;
        make_if_missing(&landing_for_writing(root, path, Last::Keep)?, 0o700)?;
        let folder = Self::enter(root, path)?;
        let readable = folder.0.readable()?;
        if fstat(&readable)?.st_mode & 0o077 != 0 {
            fchmod(&readable, Mode::S_IRWXU)?;
        }
        Ok(folder)
    }

    /// Opens the folder `path`.
    ///
    /// # Errors
    /// `NotFound`; otherwise as [`PrivateFolder::make`].
    pub fn enter(root: &Root, path: &RootPath) -> io::Result<Self> {
        let landing = landing_for_writing(root, path, Last::Keep)?;
        Self::ours(landing.folder.enter(&landing.name)?)
    }

    fn ours(folder: Folder) -> io::Result<Self> {
        let owner = fstat(folder.readable()?)?.st_uid;
        if owner == geteuid().as_raw() {
            return Ok(Self(folder));
        }
        let message = format!("`{}` belongs to user {owner} and not to us", folder.path());
        Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
    }

    /// Its path inside the root.
    #[must_use]
    pub fn path(&self) -> &RootPath {
        self.0.path()
    }

    /// The names in it, sorted by bytes.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn names(&self) -> io::Result<Vec<OsString>> {
        self.0.names()
    }

    /// Opens the regular file `name` for reading.
    ///
    /// # Errors
    /// `InvalidInput` for anything else, also for a link; `PermissionDenied` when it has a second name; `NotFound`.
    pub fn open(&self, name: impl AsRef<OsStr>) -> io::Result<File> {
        alone(self.0.open_regular(name.as_ref())?)
    }

    /// Creates the file `name`, where nothing may stand.
    ///
    /// # Errors
    /// `AlreadyExists`, or what the kernel says.
    pub fn create(&self, name: impl AsRef<OsStr>) -> io::Result<File> {
        self.0.open(name.as_ref(), OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL)
    }

    /// Makes the folder `name`, where nothing may stand.
    ///
    /// # Errors
    /// As [`PrivateFolder::create`].
    pub fn make_folder(&self, name: impl AsRef<OsStr>) -> io::Result<Self> {
        kill_point!("private: before a folder is made");
        mkdirat(&self.0, name.as_ref(), Mode::S_IRWXU)?;
        kill_point!("private: after a folder was made");
        self.folder(name)
    }

    /// Opens the folder `name` in it.
    ///
    /// # Errors
    /// When it is no folder, belongs to somebody else, or what the kernel says.
    pub fn folder(&self, name: impl AsRef<OsStr>) -> io::Result<Self> {
        Self::ours(self.0.enter(name.as_ref())?)
    }

    /// Gives `old` the name `new`, where nothing may stand.
    ///
    /// # Errors
    /// `AlreadyExists`, or what the kernel says.
    pub fn rename(&self, old: impl AsRef<OsStr>, new: impl AsRef<OsStr>) -> io::Result<()> {
        let (old, new) = (old.as_ref(), new.as_ref());
        kill_point!("private: before a rename");
        let renamed = sys::rename(&self.0, old, new, Onto::Nothing);
        kill_point!("private: after a rename");
        match renamed {
            // Old kernels and some file systems know no flags; nobody else is in here to race with.
            Err(error) if sys::knows_no_flags(&error) => {
                if self.0.stat_if_any(new)?.is_some() {
                    return Err(io::ErrorKind::AlreadyExists.into());
                }
                Ok(renameat(&self.0, old, &self.0, new)?)
            }
            other => other,
        }
    }

    /// Removes the file or link `name`.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn remove_file(&self, name: impl AsRef<OsStr>) -> io::Result<()> {
        kill_point!("private: before a file goes");
        unlinkat(&self.0, name.as_ref(), UnlinkatFlags::NoRemoveDir)?;
        kill_point!("private: after a file went");
        Ok(())
    }

    /// Removes the empty folder `name`.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn remove_folder(&self, name: impl AsRef<OsStr>) -> io::Result<()> {
        kill_point!("private: before a folder goes");
        unlinkat(&self.0, name.as_ref(), UnlinkatFlags::RemoveDir)?;
        kill_point!("private: after a folder went");
        Ok(())
    }

    /// Makes its entries durable.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }

    /// The file system that holds it, for making durable all that is written from now on.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn file_system(&self) -> io::Result<FileSystem> {
        Ok(FileSystem(self.0.readable()?))
    }

    pub(in crate::host) fn as_folder(&self) -> &Folder {
        &self.0
    }
}

fn make_missing_above(root: &Root, path: &RootPath) -> io::Result<()> {
    let mut missing = Vec::new();
    let mut above = path.parent();
    while let Some(folder) = above {
        match root.folder(&folder) {
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(folder.clone()),
            Err(error) => return Err(error),
        }
        above = folder.parent();
    }
    for folder in missing.iter().rev() {
        make_if_missing(&landing_for_writing(root, folder, Last::Follow)?, 0o755)?;
    }
    Ok(())
}

fn make_if_missing(landing: &Landing, mode: u32) -> io::Result<()> {
    kill_point!("private folder: before it is made");
    match mkdirat(&landing.folder, landing.name.as_os_str(), Mode::from_bits_truncate(mode)) {
        // The umask may have taken bits away.
        Ok(()) => {
            kill_point!("private folder: after it was made");
            let made = landing.folder.enter(&landing.name)?;
            fchmod(made.readable()?, Mode::from_bits_truncate(mode))?;
            landing.folder.sync()
        }
        Err(Errno::EEXIST) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}
