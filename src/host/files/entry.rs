//! One name in a folder, as replacing and undoing both handle it.
//!
//! Invariant: hidden names match no include pattern, and nothing that stands at a name is ever lost to a rename.

use super::change::{Expect, ReplaceError};
use super::state::{FileState, observe_entry};
use crate::host::root::Root;
use crate::host::sys;
use crate::host::sys::Onto;
use crate::host::walk::{Folder, Landing, Last};
use crate::values::{Mtime, RootPath};
use nix::fcntl::AtFlags;
use nix::unistd::{UnlinkatFlags, linkat, unlinkat};
use std::ffi::OsStr;
use std::io;

pub(super) const PREFIX: &str = ".motionctl-";

pub(super) const SUFFIX: &str = ".tmp";

pub(super) fn walk(root: &Root, path: &RootPath, last: Last) -> Result<Landing, ReplaceError> {
    root.walk(path, last).map_err(|source| ReplaceError::io("looking at", path, source))
}

pub(super) fn rename_onto_nothing(folder: &Folder, old: &OsStr, new: &OsStr) -> io::Result<()> {
    match sys::rename(folder, old, new, Onto::Nothing) {
        Err(error) if sys::knows_no_flags(&error) => {
            linkat(folder, old, folder, new, AtFlags::empty())?;
            unlink(folder, old)
        }
        other => other,
    }
}

pub(super) fn expect_state(at: &Landing, expect: &Expect) -> Result<(), ReplaceError> {
    let path = at.path();
    let found = observe_entry(&at.folder, &at.name)
        .map_err(|source| ReplaceError::io("looking at", &path, source))?;
    if expect.is(&found) { Ok(()) } else { Err(stale(&path, expect, &found)) }
}

pub(super) fn mtime_of(folder: &Folder) -> io::Result<Mtime> {
    let stat = folder.stat(OsStr::new("."))?;
    Ok(Mtime::At(stat.st_mtime, stat.st_mtime_nsec))
}

pub(super) fn unlink(folder: &Folder, name: &OsStr) -> io::Result<()> {
    Ok(unlinkat(folder, name, UnlinkatFlags::NoRemoveDir)?)
}

pub(super) fn stale(path: &RootPath, expect: &Expect, found: &FileState) -> ReplaceError {
    ReplaceError::Stale { path: path.clone(), expected: expect.to_string(), found: found.to_string() }
}
