//! The lock that makes runs follow one another.
//!
//! Invariant: a [`WriteLock`] exists at most once per root, across processes; the
//! kernel drops it with the process, so a crash leaves nothing to clean. Functions that
//! write below the root ask for its value.

use super::files::alone::{alone, one_name};
use super::files::private::PrivateFolder;
use super::kill_point;
use super::root::Root;
use super::system::clock;
use crate::values::RootPath;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};
use nix::sys::stat::SFlag;
use serde::{Deserialize, Serialize};
use std::ffi::OsStr;
use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::time::{Duration, SystemTime};

/// Where motionctl keeps its state, below the root.
pub const STATE_FOLDER: &str = "/var/lib/motionctl";

/// The holder's record has one length, so that writing it over the last one needs no space.
const RECORD: usize = 128;

/// The right to write below one root; given back when the value goes away.
#[derive(Debug)]
pub struct WriteLock {
    file: Flock<File>,
    modified: SystemTime,
}

/// Who holds the lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub pid: u32,
    /// When it took the lock.
    pub since: jiff::Timestamp,
}

/// Why there is no lock.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another run has it, and says who it is.
    #[error("another run holds the lock: process {}, since {}", .0.pid, .0.since)]
    Held(Holder),
    /// Another process has it, and has not written who it is.
    #[error("another run holds the lock `{STATE_FOLDER}/lock`")]
    HeldByUnknown,
    /// What stands in the place of the state folder is no folder.
    #[error("{0}")]
    State(io::Error),
    /// The lock's file cannot be made, opened or written.
    #[error("locking `{STATE_FOLDER}/lock`: {0}")]
    Io(#[from] io::Error),
}

impl WriteLock {
    /// Takes the lock of `root` without waiting.
    ///
    /// # Errors
    /// [`LockError::Held`] with the holder, or the reason why the file cannot be used.
    pub fn take(root: &Root) -> Result<Self, LockError> {
        state_folder(root).map_err(LockError::State)?;
        let state = RootPath::new(STATE_FOLDER).expect("the state folder is absolute");
        let folder = PrivateFolder::make_without_lock(root, &state)?;
        let folder = folder.as_folder();
        let name = OsStr::new("lock");
        if let Some(stat) = folder.stat_if_any(name)? {
            if super::files::walk::kind(&stat) != SFlag::S_IFREG {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file").into());
            }
            one_name(&stat)?;
        }
        let file = alone(folder.open(name, OFlag::O_RDWR | OFlag::O_CREAT)?)?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(file) => {
                file.set_permissions(Permissions::from_mode(0o600))?;
                let modified = file.metadata()?.modified()?;
                write_holder(&file)?;
                Ok(Self { file, modified })
            }
            Err((file, Errno::EWOULDBLOCK)) => Err(read_holder(&file)),
            Err((_, errno)) => Err(io::Error::from(errno).into()),
        }
    }
}

impl PrivateFolder {
    /// Opens the folder `path`, made when it is missing; missing folders above get mode 0755, and
    /// a mode that lets others in is tightened.
    ///
    /// # Errors
    /// When a link or a file stands there, when it belongs to somebody else, or what the kernel says.
    pub fn make(_lock: &WriteLock, root: &Root, path: &RootPath) -> io::Result<Self> {
        Self::make_without_lock(root, path)
    }
}

/// Whether the state folder is one, where something stands in its place. Through a link it is not entered: whoever
/// reads and whoever writes have to answer alike.
///
/// # Errors
/// `InvalidInput` when something else stands there; what the kernel says.
pub fn state_folder(root: &Root) -> io::Result<()> {
    let kind = match root.symlink_metadata(STATE_FOLDER) {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(found) if found.is_symlink() => "a link",
        Ok(_) => "no folder",
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let message =
        format!("`{STATE_FOLDER}` is {kind}; motionctl's own folder has to stand there: move that away");
    Err(io::Error::new(io::ErrorKind::InvalidInput, message))
}

/// Who holds the lock of `root` now, if somebody does. Looks without taking it: a lock that is only tried would refuse
/// a run that begins at this moment.
///
/// # Errors
/// When the lock's file or the kernel's list of locks cannot be read.
pub fn holder(root: &Root) -> io::Result<Option<Holder>> {
    let state = RootPath::new(STATE_FOLDER).expect("the state folder is absolute");
    let file = match PrivateFolder::enter(root, &state).and_then(|folder| folder.open("lock")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        found => found?,
    };
    let mut record = [b' '; RECORD];
    let read = file.read_at(&mut record, 0)?;
    // A holder that is gone left its name only where it was killed.
    let Ok(holder) = serde_json::from_slice::<Holder>(&record[..read]) else { return Ok(None) };
    let inode = file.metadata()?.ino();
    // Devices are told apart differently in this list and by stat(2) on some file systems; pid and inode are enough.
    let is_held = procfs::locks()
        .map_err(io::Error::other)?
        .iter()
        .any(|lock| lock.inode == inode && lock.pid.is_some_and(|pid| u32::try_from(pid) == Ok(holder.pid)));
    Ok(is_held.then_some(holder))
}

impl Drop for WriteLock {
    fn drop(&mut self) {
        // The name of a holder that is gone must not be shown to the next one that waits.
        // Where this fails, the next holder overwrites it: the result changes nothing.
        drop(self.file.write_all_at(&[b' '; RECORD], 0));
        // A run that has nothing to do leaves no trace, not even here.
        drop(self.file.set_modified(self.modified));
    }
}

/// Writes who holds the lock, over a record of the same length.
fn write_holder(file: &File) -> io::Result<()> {
    let holder = Holder { pid: std::process::id(), since: clock::now() };
    let mut record = serde_json::to_vec(&holder)?;
    record.resize(RECORD, b' ');
    kill_point!("lock: before its holder is written");
    let written = file.write_all_at(&record, 0).and_then(|()| file.sync_all());
    kill_point!("lock: after its holder was written");
    match written {
        // Undoing a change must work on a full disk; the lock itself needs no space.
        Err(error) if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
            Ok(())
        }
        other => other,
    }
}

/// Reads who holds the lock; the holder may still be about to write it.
fn read_holder(file: &File) -> LockError {
    for _ in 0..20 {
        let mut record = [b' '; RECORD];
        if file.read_exact_at(&mut record, 0).is_ok()
            && let Ok(holder) = serde_json::from_slice::<Holder>(&record)
        {
            return LockError::Held(holder);
        }
        clock::pause(Duration::from_millis(5));
    }
    LockError::HeldByUnknown
}
