//! Reasons why a file cannot be replaced by a rename, or must not be.
//!
//! Invariant: an obstacle is reported, never cleared: an administrator put it there.

use super::state::link_count;
use crate::host::root::Root;
use crate::host::sys;
use crate::host::walk::{Folder, Landing, Last, Planters, kind};
use crate::values::RootPath;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::sys::stat::SFlag;
use nix::sys::statvfs::{FsFlags, fstatvfs};
use std::ffi::OsStr;
use std::os::fd::{AsFd, AsRawFd};
use std::{fs, io};

const IMMUTABLE: libc::c_long = 0x10;
const APPEND_ONLY: libc::c_long = 0x20;

/// A file that is not to be replaced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` cannot be replaced: {obstacle}")]
pub struct NotReplaceable {
    /// The file, links followed.
    pub path: RootPath,
    /// Why.
    pub obstacle: Obstacle,
}

/// Why a file cannot be replaced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// `chattr +i` on the file.
    #[error("it is immutable (chattr +i)")]
    Immutable,
    /// `chattr +a` on the file.
    #[error("it is append-only (chattr +a)")]
    AppendOnly,
    /// `chattr +i` or `+a` on the folder.
    #[error("its folder is immutable or append-only (chattr)")]
    FolderImmutable,
    /// A mount of its own: containers and bind mounts.
    #[error("it is a mount of its own (bind-mounted file)")]
    Mounted,
    /// Replacing one name would cut it from the others.
    #[error("it has {0} names (hard links), and replacing one would part it from the others")]
    HardLinked(u64),
    /// The file system takes no changes.
    #[error("its file system is mounted read-only")]
    ReadOnly,
    /// The way there leads through a link that somebody else could have planted.
    #[error("the way to it leads through a link in `{0}`, which other users can write")]
    PlantedLink(RootPath),
    /// The way there leads through a link of a user who does not own the target.
    #[error("the way to it leads through a link of user {0}, who does not own the file's folder")]
    ForeignLink(u32),
    /// A folder, a FIFO, a socket or a device.
    #[error("it is not a regular file")]
    NotAFile,
    /// It could not be looked at.
    #[error("it cannot be looked at: {0}")]
    NotLookedAt(String),
}

/// Whether the file that `path` leads to, or would be created at, can be replaced safely.
///
/// # Errors
/// [`NotReplaceable`] with the first obstacle found.
pub fn replaceable(root: &Root, path: &RootPath) -> Result<(), NotReplaceable> {
    let unseen = |error: io::Error| Obstacle::NotLookedAt(error.to_string());
    let landing = root
        .walk(path, Last::Follow)
        .map_err(|error| NotReplaceable { path: path.clone(), obstacle: unseen(error) })?;
    let blocked = |obstacle| NotReplaceable { path: landing.path(), obstacle };
    clear(&landing).map_err(blocked)?;
    match landing.folder.stat_if_any(&landing.name) {
        Ok(Some(stat)) if kind(&stat) != SFlag::S_IFREG => Err(blocked(Obstacle::NotAFile)),
        Ok(_) => Ok(()),
        Err(error) => Err(blocked(unseen(error))),
    }
}

/// Whether what stands at the end of a walk can be replaced, removed or created.
pub(super) fn clear(landing: &Landing) -> Result<(), Obstacle> {
    trusted(landing)?;
    look(landing).unwrap_or_else(|error| Err(Obstacle::NotLookedAt(error.to_string())))
}

/// Whether nobody else could have chosen the way.
pub(super) fn trusted(landing: &Landing) -> Result<(), Obstacle> {
    match &landing.planters {
        Planters::Nobody => Ok(()),
        Planters::Many(folder) => Err(Obstacle::PlantedLink(folder.clone())),
        Planters::Several(uid) => Err(Obstacle::ForeignLink(*uid)),
        // A user who owns the target's folder could have replaced the file without any link.
        Planters::User(uid) => match landing.folder.stat(OsStr::new(".")) {
            Ok(stat) if stat.st_uid == *uid => Ok(()),
            Ok(_) => Err(Obstacle::ForeignLink(*uid)),
            Err(error) => Err(Obstacle::NotLookedAt(error.to_string())),
        },
    }
}

/// Whether the file or link `path` itself can be put there, replaced or removed safely.
///
/// # Errors
/// [`NotReplaceable`] with the first obstacle found.
pub fn exchangeable(root: &Root, path: &RootPath) -> Result<(), NotReplaceable> {
    asked(root, path, clear)
}

/// Whether the folder `path` can be made or removed safely.
///
/// # Errors
/// As [`exchangeable`].
pub fn makeable(root: &Root, path: &RootPath) -> Result<(), NotReplaceable> {
    asked(root, path, |landing| {
        trusted(landing)?;
        look_at_folder(landing).unwrap_or_else(|error| Err(Obstacle::NotLookedAt(error.to_string())))
    })
}

/// Whether the file, folder or link `path` itself takes attributes; its other names share them.
///
/// # Errors
/// As [`exchangeable`].
pub fn settable(root: &Root, path: &RootPath) -> Result<(), NotReplaceable> {
    asked(root, path, |landing| {
        trusted(landing)?;
        look_at_flags(landing).unwrap_or_else(|error| Err(Obstacle::NotLookedAt(error.to_string())))
    })
}

fn asked(
    root: &Root,
    path: &RootPath,
    ask: impl Fn(&Landing) -> Result<(), Obstacle>,
) -> Result<(), NotReplaceable> {
    let blocked = |obstacle| NotReplaceable { path: path.clone(), obstacle };
    let landing =
        root.walk(path, Last::Keep).map_err(|error| blocked(Obstacle::NotLookedAt(error.to_string())))?;
    ask(&landing).map_err(blocked)
}

fn is_read_only(landing: &Landing) -> io::Result<bool> {
    Ok(fstatvfs(&landing.folder)?.flags().contains(FsFlags::ST_RDONLY))
}

fn look_at_folder(landing: &Landing) -> io::Result<Result<(), Obstacle>> {
    Ok(if is_read_only(landing)? {
        Err(Obstacle::ReadOnly)
    } else if flags(&landing.folder.readable()?)? & (IMMUTABLE | APPEND_ONLY) != 0 {
        Err(Obstacle::FolderImmutable)
    } else {
        Ok(())
    })
}

fn look_at_flags(landing: &Landing) -> io::Result<Result<(), Obstacle>> {
    if is_read_only(landing)? {
        return Ok(Err(Obstacle::ReadOnly));
    }
    let Some(stat) = landing.folder.stat_if_any(&landing.name)? else { return Ok(Ok(())) };
    let flags = match kind(&stat) {
        SFlag::S_IFREG => flags(&landing.folder.open_regular(&landing.name)?)?,
        SFlag::S_IFDIR => flags(&landing.folder.open(&landing.name, OFlag::O_RDONLY | OFlag::O_DIRECTORY)?)?,
        _ => 0,
    };
    Ok(if flags & IMMUTABLE != 0 {
        Err(Obstacle::Immutable)
    } else if flags & APPEND_ONLY != 0 {
        Err(Obstacle::AppendOnly)
    } else {
        Ok(())
    })
}

fn look(landing: &Landing) -> io::Result<Result<(), Obstacle>> {
    let folder = &landing.folder;
    if let Err(obstacle) = look_at_folder(landing)? {
        return Ok(Err(obstacle));
    }
    let Some(stat) = folder.stat_if_any(&landing.name)? else { return Ok(Ok(())) };
    if is_mounted(folder, &landing.name)? {
        return Ok(Err(Obstacle::Mounted));
    }
    match kind(&stat) {
        SFlag::S_IFREG => {}
        SFlag::S_IFDIR => return Ok(Err(Obstacle::NotAFile)),
        // A link or a special file has no flags or names of its own to lose.
        _ => return Ok(Ok(())),
    }
    let flags = flags(&folder.open_regular(&landing.name)?)?;
    let links = link_count(&stat);
    Ok(if flags & IMMUTABLE != 0 {
        Err(Obstacle::Immutable)
    } else if flags & APPEND_ONLY != 0 {
        Err(Obstacle::AppendOnly)
    } else if links > 1 {
        Err(Obstacle::HardLinked(links))
    } else {
        Ok(())
    })
}

fn flags(file: &fs::File) -> io::Result<libc::c_long> {
    match sys::inode_flags(file) {
        Err(error)
            if [Errno::ENOTTY, Errno::EOPNOTSUPP, Errno::EINVAL, Errno::ENOSYS].contains(&errno(&error)) =>
        {
            Ok(0)
        }
        other => other,
    }
}

fn errno(error: &io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or_default())
}

/// Whether the entry belongs to another mount than its folder.
fn is_mounted(folder: &Folder, name: &OsStr) -> io::Result<bool> {
    let entry = folder.open(name, OFlag::O_PATH)?;
    Ok(mount_id(&entry)? != mount_id(folder)?)
}

/// The id that `/proc/self/mountinfo` lists the mount of this descriptor under.
fn mount_id(fd: impl AsFd) -> io::Result<Option<u64>> {
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.as_fd().as_raw_fd()))?;
    // Linux before 3.15 does not say; there the rename itself fails with EBUSY.
    Ok(info.lines().find_map(|line| line.strip_prefix("mnt_id:")?.trim().parse().ok()))
}

pub(crate) fn landing_for_writing(root: &Root, path: &RootPath, last: Last) -> io::Result<Landing> {
    let landing = root.walk(path, last)?;
    trusted(&landing).map_err(|obstacle| {
        io::Error::new(io::ErrorKind::PermissionDenied, format!("`{path}`: {obstacle}"))
    })?;
    Ok(landing)
}
