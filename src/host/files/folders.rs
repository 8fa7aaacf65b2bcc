//! Folders: the tool's own private ones, and those of a restored tree.
//!
//! Invariant: no symbolic link in a private folder's own place is ever followed, and a
//! private folder belongs to us and to nobody else.

use super::change::ReplaceError;
use super::obstacle::trusted;
use crate::host::attributes::Attributes;
use crate::host::lock::WriteLock;
use crate::host::path::RootPath;
use crate::host::root::Root;
use crate::host::walk::{Folder, Landing, Last, kind};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::stat::{Mode, SFlag, fchmod, fstat, mkdirat};
use nix::unistd::{UnlinkatFlags, geteuid, unlinkat};
use std::io;

/// The folder `path`, made with mode 0700 when it is missing; missing folders above get 0755.
pub(crate) fn make_private_folder(root: &Root, path: &RootPath) -> io::Result<Folder> {
    let mut missing = vec![path.clone()];
    let mut above = path.parent();
    while let Some(folder) = above {
        match root.folder(&folder) {
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(folder.clone()),
            Err(error) => return Err(error),
        }
        above = folder.parent();
    }
    for folder in missing.iter().skip(1).rev() {
        make_if_missing(&landing_for_writing(root, folder, Last::Follow)?, 0o755)?;
    }
    make_if_missing(&landing_for_writing(root, path, Last::Keep)?, 0o700)?;
    enter_private_folder(root, path)
}

/// The private folder `path`, which must exist, be ours and no link; a mode that lets others
/// in is tightened.
pub(crate) fn enter_private_folder(root: &Root, path: &RootPath) -> io::Result<Folder> {
    let landing = landing_for_writing(root, path, Last::Keep)?;
    let folder = landing.folder.enter(&landing.name)?;
    let readable = folder.readable()?;
    let stat = fstat(&readable)?;
    if stat.st_uid != geteuid().as_raw() {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("`{path}` belongs to user {} and not to us", stat.st_uid),
        ));
    }
    if stat.st_mode & 0o077 != 0 {
        fchmod(&readable, Mode::S_IRWXU)?;
    }
    Ok(folder)
}

fn make_if_missing(landing: &Landing, mode: u32) -> io::Result<()> {
    match mkdirat(&landing.folder, landing.name.as_os_str(), Mode::from_bits_truncate(mode)) {
        // The umask may have taken bits away.
        Ok(()) => {
            let made = landing.folder.enter(&landing.name)?;
            fchmod(made.readable()?, Mode::from_bits_truncate(mode))?;
            landing.folder.sync()
        }
        Err(Errno::EEXIST) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

fn landing_for_writing(root: &Root, path: &RootPath, last: Last) -> io::Result<Landing> {
    let landing = root.walk(path, last)?;
    trusted(&landing).map_err(|obstacle| {
        io::Error::new(io::ErrorKind::PermissionDenied, format!("`{path}`: {obstacle}"))
    })?;
    Ok(landing)
}

/// Makes the folder `path` in an existing folder, private until it gets its attributes.
///
/// # Errors
/// When something stands there, or the folder cannot be made durable.
pub fn make_folder(_lock: &WriteLock, root: &Root, path: &RootPath) -> Result<(), ReplaceError> {
    let io = |source| ReplaceError::io("making the folder", path, source);
    let landing = landing_for_writing(root, path, Last::Keep).map_err(io)?;
    mkdirat(&landing.folder, landing.name.as_os_str(), Mode::S_IRWXU).map_err(|errno| io(errno.into()))?;
    landing.folder.sync().map_err(io)
}

/// Removes the empty folder `path`.
///
/// # Errors
/// When it is not an empty folder, or its removal cannot be made durable.
pub fn remove_folder(_lock: &WriteLock, root: &Root, path: &RootPath) -> Result<(), ReplaceError> {
    let io = |source| ReplaceError::io("removing the folder", path, source);
    let landing = landing_for_writing(root, path, Last::Keep).map_err(io)?;
    unlinkat(&landing.folder, landing.name.as_os_str(), UnlinkatFlags::RemoveDir)
        .map_err(|errno| io(errno.into()))?;
    landing.folder.sync().map_err(io)
}

/// Gives attributes to the file, folder or link `path` where it stands, without touching bytes.
///
/// # Errors
/// When one of them cannot be set or made durable.
pub fn set_attributes(
    _lock: &WriteLock,
    root: &Root,
    path: &RootPath,
    attributes: &Attributes,
) -> Result<(), ReplaceError> {
    let set = || {
        let landing = landing_for_writing(root, path, Last::Keep)?;
        match kind(&landing.stat()?) {
            SFlag::S_IFLNK => {
                attributes.apply_to_link(&landing.folder, &landing.name)?;
                landing.folder.sync()
            }
            SFlag::S_IFDIR | SFlag::S_IFREG => {
                let file = landing.folder.open(&landing.name, OFlag::O_RDONLY)?;
                attributes.apply(&file)?;
                file.sync_all()
            }
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file, folder or link")),
        }
    };
    set().map_err(|source| ReplaceError::io("setting the attributes of", path, source))
}
