//! Folders of the server's tree, and attributes that are set where a file stands.
//!
//! Invariant: a folder is never reached through a link that somebody else could have planted.

use super::change::ReplaceError;
use super::obstacle::landing_for_writing;
use crate::host::lock::WriteLock;
use crate::host::root::Root;
use crate::host::walk::{Last, kind};
use crate::host::{attributes, kill_point};
use crate::values::{Attributes, RootPath};
use nix::fcntl::OFlag;
use nix::sys::stat::{Mode, SFlag, mkdirat};
use nix::unistd::{UnlinkatFlags, unlinkat};
use std::io;

/// Makes the folder `path` in an existing folder, private until it gets its attributes.
///
/// # Errors
/// When something stands there, or the folder cannot be made durable.
pub fn make_folder(_lock: &WriteLock, root: &Root, path: &RootPath) -> Result<(), ReplaceError> {
    let io = |source| ReplaceError::io("making the folder", path, source);
    let landing = landing_for_writing(root, path, Last::Keep).map_err(io)?;
    kill_point!("make folder: before");
    mkdirat(&landing.folder, landing.name.as_os_str(), Mode::S_IRWXU).map_err(|errno| io(errno.into()))?;
    kill_point!("make folder: after");
    landing.folder.sync().map_err(io)
}

/// Removes the empty folder `path`.
///
/// # Errors
/// When it is not an empty folder, or its removal cannot be made durable.
pub fn remove_folder(_lock: &WriteLock, root: &Root, path: &RootPath) -> Result<(), ReplaceError> {
    let io = |source| ReplaceError::io("removing the folder", path, source);
    let landing = landing_for_writing(root, path, Last::Keep).map_err(io)?;
    kill_point!("remove folder: before");
    unlinkat(&landing.folder, landing.name.as_os_str(), UnlinkatFlags::RemoveDir)
        .map_err(|errno| io(errno.into()))?;
    kill_point!("remove folder: after");
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
                attributes::give_to_link(attributes, &landing.folder, &landing.name)?;
                landing.folder.sync()
            }
            SFlag::S_IFDIR | SFlag::S_IFREG => {
                let file = landing.folder.open(&landing.name, OFlag::O_RDONLY)?;
                attributes::give(attributes, &file)?;
                file.sync_all()
            }
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file, folder or link")),
        }
    };
    kill_point!("set attributes: before");
    let done = set();
    kill_point!("set attributes: after");
    done.map_err(|source| ReplaceError::io("setting the attributes of", path, source))
}
