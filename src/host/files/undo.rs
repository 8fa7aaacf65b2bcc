//! Undoing a change, or letting go of what it replaced.
//!
//! Invariant: putting back is one rename of the old inode and writes no data, so it works
//! on a full disk. A file that somebody edited since is left alone.

use super::change::{Expect, Installed, ReplaceError, UndoableChange};
use super::entry::{PREFIX, SUFFIX, expect_state, mtime_of, rename_onto_nothing, unlink, walk};
use super::state::observe_entry;
use crate::host::files::walk::{Folder, Last};
use crate::host::kill_point;
use crate::host::lock::WriteLock;
use crate::host::root::Root;
use crate::values::{Attributes, Mtime, RootPath};
use nix::fcntl::renameat;
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;

/// Undoes a change: the very inode that stood there comes back, and the folder's time with it.
/// Needs no space.
///
/// # Errors
/// `Stale` when the file was edited since: both files stay. When only the last sync of the folder
/// failed, the old file is back, and the message says so.
pub fn put_back(_lock: &WriteLock, root: &Root, kept: &UndoableChange) -> Result<(), ReplaceError> {
    let landing = walk(root, &kept.path, Last::Keep)?;
    expect_state(&landing, &kept.installed.as_expect())?;
    let io = |source| ReplaceError::io("putting back", &kept.path, source);
    let (folder, name) = (&landing.folder, landing.name.as_os_str());
    kill_point!("put back: before the rename");
    match (&kept.hidden, &kept.installed) {
        (None, Installed::Nothing) => return Ok(()),
        (None, _) => unlink(folder, name).map_err(io)?,
        (Some(hidden), Installed::Nothing) => {
            rename_onto_nothing(folder, hidden.name().unwrap_or_default(), name).map_err(io)?;
        }
        (Some(hidden), _) => {
            let hidden = hidden.name().unwrap_or_default();
            renameat(folder, hidden, folder, name).map_err(|errno| io(errno.into()))?;
        }
    }
    kill_point!("put back: after the rename");
    settle_folder(folder, kept.folder_mtime)
        .map_err(|source| ReplaceError::io("making durable what was put back at", &kept.path, source))
}

/// Lets go of the old file of a change that stays.
///
/// # Errors
/// When the old file cannot be removed; the change itself stands.
pub fn discard(_lock: &WriteLock, root: &Root, kept: &UndoableChange) -> Result<(), ReplaceError> {
    let Some(hidden) = &kept.hidden else { return Ok(()) };
    let io = |source| ReplaceError::io("removing the old file", hidden, source);
    let landing = walk(root, hidden, Last::Keep)?;
    kill_point!("discard: before");
    unlink(&landing.folder, &landing.name).map_err(io)?;
    kill_point!("discard: after");
    landing.folder.sync().map_err(io)
}

/// Hidden files of interrupted changes in a folder; none where the folder is gone.
///
/// # Errors
/// When the folder cannot be read.
pub fn leftovers(root: &Root, folder: &RootPath) -> io::Result<Vec<RootPath>> {
    let names = match root.read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    Ok(names.iter().filter(|name| is_hidden(name)).filter_map(|name| folder.join(name).ok()).collect())
}

/// Finds the change of an interrupted run by what it replaced and what it installed, so that
/// it can be put back without space. `None` when the old file no longer waits.
///
/// Bytes alone do not tell: a twin of the file may wait beside it, or a new file that never got its
/// owner and mode.
///
/// # Errors
/// When the folder or a hidden file cannot be read.
pub fn adopt(
    root: &Root,
    path: &RootPath,
    was: &Expect,
    attributes: &Attributes,
    installed: &Installed,
) -> io::Result<Option<UndoableChange>> {
    let landing = root.walk(path, Last::Keep)?;
    let folder_mtime = mtime_of(&landing.folder)?;
    for hidden in leftovers(root, landing.folder.path())? {
        let name = hidden.name().unwrap_or_default();
        let state = observe_entry(&landing.folder, name)?;
        if was.is(&state) && state.attributes() == Some(attributes) {
            // It may have been written just before a crash, and not be on the disk yet.
            landing.folder.open_regular(name)?.sync_all()?;
            let (path, installed) = (landing.path(), installed.clone());
            return Ok(Some(UndoableChange { path, hidden: Some(hidden), installed, folder_mtime }));
        }
    }
    Ok(None)
}

/// Removes the hidden files of interrupted changes in a folder.
///
/// # Errors
/// When one of them cannot be removed.
pub fn sweep(_lock: &WriteLock, root: &Root, folder: &RootPath) -> Result<(), ReplaceError> {
    let io = |source| ReplaceError::io("removing hidden files in", folder, source);
    let names = leftovers(root, folder).map_err(io)?;
    if names.is_empty() {
        return Ok(());
    }
    let folder = root.folder(folder).map_err(io)?;
    for name in names.iter().filter_map(RootPath::name) {
        kill_point!("sweep: before a hidden file goes");
        unlink(&folder, name).map_err(io)?;
        kill_point!("sweep: after a hidden file went");
    }
    folder.sync().map_err(io)
}

fn settle_folder(folder: &Folder, mtime: Mtime) -> io::Result<()> {
    if let Mtime::At(seconds, nanos) = mtime {
        let mtime = TimeSpec::new(seconds, nanos);
        utimensat(folder, ".", &TimeSpec::UTIME_OMIT, &mtime, UtimensatFlags::NoFollowSymlink)?;
    }
    folder.sync()
}

fn is_hidden(name: &OsStr) -> bool {
    let bytes = name.as_bytes();
    bytes.starts_with(PREFIX.as_bytes()) && bytes.ends_with(SUFFIX.as_bytes())
}
