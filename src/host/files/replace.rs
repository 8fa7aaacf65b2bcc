//! Replacing, creating and removing files.
//!
//! Invariant: what stood at a name is checked by hash and kind right before and right after
//! the one atomic rename; its inode then waits under a hidden name in the same folder, so
//! undoing writes no data. Hidden names match no include pattern.

use super::change::{Expect, Installed, ReplaceError, UndoableChange};
use super::entry::{PREFIX, SUFFIX, expect_state, mtime_of, rename_onto_nothing, stale, unlink, walk};
use super::obstacle::{NotReplaceable, clear};
use super::state::{FileState, observe, observe_entry};
use super::undo::discard;
use crate::host::files::attributes;
use crate::host::files::walk::{Folder, Landing, Last};
use crate::host::lock::WriteLock;
use crate::host::root::Root;
use crate::host::sys::Onto;
use crate::host::system::random;
use crate::host::{kill_point, sys};
use crate::values::{Attributes, Hash, LinkText, RootPath};
use nix::fcntl::{AtFlags, OFlag, renameat};
use nix::unistd::{linkat, symlinkat};
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;

/// Replaces the bytes and attributes of the file that `path` leads to; a link on the way stays.
///
/// # Errors
/// [`ReplaceError`]; unless it is `Unsettled`, the file is as before.
pub fn replace(
    lock: &WriteLock,
    root: &Root,
    path: &RootPath,
    expect: &Expect,
    bytes: &[u8],
    attributes: &Attributes,
) -> Result<UndoableChange, ReplaceError> {
    let landing = walk(root, path, Last::Follow)?;
    install(lock, &landing, expect, &New::File { bytes, attributes })
}

/// Puts a file at `path` itself, in the place of the file or link that stands there.
///
/// # Errors
/// As [`replace`].
pub fn replace_entry(
    lock: &WriteLock,
    root: &Root,
    path: &RootPath,
    expect: &Expect,
    bytes: &[u8],
    attributes: &Attributes,
) -> Result<UndoableChange, ReplaceError> {
    let landing = walk(root, path, Last::Keep)?;
    install(lock, &landing, expect, &New::File { bytes, attributes })
}

/// Writes a file of our own at `path` itself, over the plain file that may stand there; nothing is kept.
///
/// # Errors
/// As [`replace`]; a link, a folder or a device is not written over.
pub fn write(
    lock: &WriteLock,
    root: &Root,
    path: &RootPath,
    bytes: &[u8],
    attributes: &Attributes,
) -> Result<(), ReplaceError> {
    let there = observe(root, path).map_err(|source| ReplaceError::io("looking at", path, source))?;
    let expect = match there {
        FileState::File { sha256, .. } => Expect::File(sha256),
        _ => Expect::Absent,
    };
    let kept = replace_entry(lock, root, path, &expect, bytes, attributes)?;
    discard(lock, root, &kept)
}

/// Creates the file `path`, where nothing may stand.
///
/// # Errors
/// As [`replace`].
pub fn create(
    lock: &WriteLock,
    root: &Root,
    path: &RootPath,
    bytes: &[u8],
    attributes: &Attributes,
) -> Result<UndoableChange, ReplaceError> {
    replace_entry(lock, root, path, &Expect::Absent, bytes, attributes)
}

/// Creates the symbolic link `path`, where nothing may stand.
///
/// # Errors
/// As [`replace`].
pub fn create_link(
    lock: &WriteLock,
    root: &Root,
    path: &RootPath,
    target: &LinkText,
    attributes: &Attributes,
) -> Result<UndoableChange, ReplaceError> {
    replace_link(lock, root, path, &Expect::Absent, target, attributes)
}

/// Puts a symbolic link at `path` itself, in the place of the file or link that stands there.
///
/// # Errors
/// As [`replace`].
pub fn replace_link(
    lock: &WriteLock,
    root: &Root,
    path: &RootPath,
    expect: &Expect,
    target: &LinkText,
    attributes: &Attributes,
) -> Result<UndoableChange, ReplaceError> {
    let landing = walk(root, path, Last::Keep)?;
    install(lock, &landing, expect, &New::Symlink { target, attributes })
}

/// Removes the file or link `path` itself.
///
/// # Errors
/// As [`replace`].
pub fn remove(
    lock: &WriteLock,
    root: &Root,
    path: &RootPath,
    expect: &Expect,
) -> Result<UndoableChange, ReplaceError> {
    let landing = walk(root, path, Last::Keep)?;
    install(lock, &landing, expect, &New::Nothing)
}

enum New<'a> {
    Nothing,
    File { bytes: &'a [u8], attributes: &'a Attributes },
    Symlink { target: &'a LinkText, attributes: &'a Attributes },
}

fn install(
    _lock: &WriteLock,
    at: &Landing,
    expect: &Expect,
    new: &New,
) -> Result<UndoableChange, ReplaceError> {
    let path = at.path();
    let io = |source| ReplaceError::io("installing", &path, source);
    clear(at).map_err(|obstacle| NotReplaceable { path: path.clone(), obstacle })?;
    expect_state(at, expect)?;
    let folder_mtime = mtime_of(&at.folder).map_err(io)?;
    let hidden = OsString::from(format!("{PREFIX}{}{SUFFIX}", random::suffix().map_err(io)?));
    kill_point!("install: before the hidden file");
    let installed = match prepare(&at.folder, &hidden, new) {
        Ok(installed) => installed,
        Err(source) => {
            unlink_if_any(&at.folder, &hidden);
            return Err(io(source));
        }
    };
    kill_point!("install: before the swap");
    if let Err(error) = swap(at, &hidden, expect, new) {
        if !matches!(new, New::Nothing) {
            unlink_if_any(&at.folder, &hidden);
        }
        return Err(error);
    }
    let waits = (*expect != Expect::Absent).then(|| at.folder.path().join(&hidden));
    let hidden = waits.transpose().expect("a hidden name is a plain name");
    let kept = UndoableChange { path, hidden, installed, folder_mtime };
    kill_point!("install: after the swap");
    match at.folder.sync() {
        Ok(()) => Ok(kept),
        Err(source) => Err(ReplaceError::Unsettled { path: kept.path.clone(), kept: Box::new(kept), source }),
    }
}

/// Writes the new file or link under its hidden name, durable with everything it has.
fn prepare(folder: &Folder, hidden: &OsStr, new: &New) -> io::Result<Installed> {
    match new {
        New::Nothing => Ok(Installed::Nothing),
        New::File { bytes, attributes } => {
            let mut file = folder.open(hidden, OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL)?;
            kill_point!("install: hidden file made");
            file.write_all(bytes)?;
            kill_point!("install: hidden file written");
            attributes::give(attributes, &file)?;
            kill_point!("install: hidden file has its attributes");
            file.sync_all()?;
            Ok(Installed::File(Hash::of(bytes)))
        }
        New::Symlink { target, attributes } => {
            symlinkat(target.as_os_str(), folder, hidden)?;
            kill_point!("install: hidden link made");
            attributes::give_to_link(attributes, folder, hidden)?;
            Ok(Installed::Symlink((*target).clone()))
        }
    }
}

/// The one step that takes effect. After it, the old entry (if any) has the hidden name.
fn swap(at: &Landing, hidden: &OsStr, expect: &Expect, new: &New) -> Result<(), ReplaceError> {
    let (folder, name) = (&at.folder, at.name.as_os_str());
    let path = at.path();
    let io = |source| ReplaceError::io("installing", &path, source);
    expect_state(at, expect)?;
    match (expect, new) {
        (Expect::Absent, New::Nothing) => return Ok(()),
        (Expect::Absent, _) => return rename_onto_nothing(folder, hidden, name).map_err(io),
        (_, New::Nothing) => rename_onto_nothing(folder, name, hidden).map_err(io)?,
        _ => match sys::rename(folder, hidden, name, Onto::Exchange) {
            Ok(()) => {}
            Err(error) if sys::knows_no_flags(&error) => {
                return replace_keeping_a_link(folder, hidden, name).map_err(io);
            }
            Err(error) => return Err(io(error)),
        },
    }
    // Somebody may have written between the look and the rename: what came out decides.
    let found = observe_entry(folder, hidden).map_err(io)?;
    if expect.is(&found) {
        return Ok(());
    }
    match new {
        New::Nothing => rename_onto_nothing(folder, hidden, name),
        _ => sys::rename(folder, hidden, name, Onto::Exchange),
    }
    .map_err(io)?;
    Err(stale(&path, expect, &found))
}

/// Without `RENAME_EXCHANGE` (some overlay and network file systems): the old inode gets a
/// second name, then the new file takes the first; the second name becomes the hidden one.
fn replace_keeping_a_link(folder: &Folder, hidden: &OsStr, name: &OsStr) -> io::Result<()> {
    let mut second = hidden.as_bytes()[..hidden.len() - SUFFIX.len()].to_vec();
    second.extend_from_slice(b"-old");
    second.extend_from_slice(SUFFIX.as_bytes());
    let second = OsStr::from_bytes(&second);
    linkat(folder, name, folder, second, AtFlags::empty())?;
    if let Err(errno) = renameat(folder, hidden, folder, name) {
        unlink_if_any(folder, second);
        return Err(errno.into());
    }
    Ok(renameat(folder, second, folder, hidden)?)
}

/// Cleans up after a failure that is reported instead; a hidden file left over is swept later.
fn unlink_if_any(folder: &Folder, name: &OsStr) {
    drop(unlink(folder, name));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn without_an_exchange_the_old_inode_is_kept_as_well() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = Root::at(dir.path()).expect("a root");
        let folder = root.folder("/").expect("the folder");
        for (name, text) in [("x", "old"), (".motionctl-0.tmp", "new")] {
            fs::write(dir.path().join(name), text).expect("writing");
        }
        replace_keeping_a_link(&folder, OsStr::new(".motionctl-0.tmp"), OsStr::new("x")).expect("replaced");
        assert_eq!(fs::read(dir.path().join("x")).expect("reading"), b"new");
        assert_eq!(fs::read(dir.path().join(".motionctl-0.tmp")).expect("reading"), b"old");
        assert_eq!(folder.names().expect("names"), [".motionctl-0.tmp", "x"]);
    }
}
