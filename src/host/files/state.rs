//! What stands at a path: nothing, a file, a link, a folder or something else.
//!
//! Invariant: only regular files are opened, so observing a FIFO, a socket or a device
//! has no effect and does not wait; of a file that is too large for a configuration not
//! more is read than that takes to see, however large it is or grows meanwhile.

use super::digest::hash_of;
use crate::host::files::attributes;
use crate::host::files::walk::{Folder, Landing, Last, kind};
use crate::host::root::{MOST_BYTES, Root, is_absent};
use crate::values::Attributes;
use crate::values::{Hash, LinkText, RootPath};
use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use nix::sys::stat::{FileStat, SFlag, fstat};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum FileState {
    Absent,
    File {
        sha256: Hash,
        size: u64,
        /// How many names it has.
        links: u64,
        /// Owner, mode and so on.
        attributes: Attributes,
    },
    Symlink {
        target: LinkText,
        /// Owner and times of the link itself.
        attributes: Attributes,
    },
    Folder {
        /// Owner, mode and so on.
        attributes: Attributes,
    },
    /// Something that is never opened.
    Other {
        kind: OtherKind,
    },
}

/// Files that are not files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OtherKind {
    /// A named pipe.
    Fifo,
    /// A unix socket.
    Socket,
    /// A character or block device.
    Device,
    /// A regular file that is too large to be read by a configuration: a log, a dump, a sparse file.
    LargeFile,
}

/// What stands at `path`; a link in the last place is itself the answer.
///
/// # Errors
/// When it cannot be looked at; a missing folder above is `Absent`.
pub fn observe(root: &Root, path: &RootPath) -> io::Result<FileState> {
    match root.walk(path, Last::Keep) {
        Ok(landing) => observe_landing(&landing),
        Err(error) if is_absent(&error) => Ok(FileState::Absent),
        Err(error) => Err(error),
    }
}

/// Asks the kernel to read a file's bytes from the disk the next time; it may decline, which
/// changes nothing but how much the next reading proves.
pub fn forget_cached(file: &File) {
    let _advice_only = posix_fadvise(file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED);
}

pub(super) fn observe_landing(landing: &Landing) -> io::Result<FileState> {
    observe_entry(&landing.folder, &landing.name)
}

/// What stands at a name of an open folder.
pub(crate) fn observe_entry(folder: &Folder, name: &OsStr) -> io::Result<FileState> {
    observe_reading(folder, name, &mut |file| hash_of(file.take(MOST_BYTES + 1)))
}

/// As [`observe_entry`], with the bytes of a file read by `read`, which tells their hash and their number, and which need
/// not read on behind [`MOST_BYTES`].
pub(crate) fn observe_reading(
    folder: &Folder,
    name: &OsStr,
    read: &mut dyn FnMut(&File) -> io::Result<(Hash, u64)>,
) -> io::Result<FileState> {
    let Some(stat) = folder.stat_if_any(name)? else { return Ok(FileState::Absent) };
    Ok(match kind(&stat) {
        SFlag::S_IFREG => {
            let file = folder.open_regular(name)?;
            let too_large = FileState::Other { kind: OtherKind::LargeFile };
            if size_of(&fstat(&file)?) > MOST_BYTES {
                return Ok(too_large);
            }
            // The size that was told a moment ago binds nobody: a log grows while it is read.
            let (sha256, size) = read(&file)?;
            if size > MOST_BYTES {
                return Ok(too_large);
            }
            let stat = fstat(&file)?;
            FileState::File { sha256, size, links: link_count(&stat), attributes: attributes::of(&file)? }
        }
        SFlag::S_IFLNK => FileState::Symlink {
            target: LinkText::new(folder.read_link(name)?),
            attributes: attributes::of_entry(folder, name)?,
        },
        SFlag::S_IFDIR => FileState::Folder { attributes: attributes::of_entry(folder, name)? },
        SFlag::S_IFIFO => FileState::Other { kind: OtherKind::Fifo },
        SFlag::S_IFSOCK => FileState::Other { kind: OtherKind::Socket },
        _ => FileState::Other { kind: OtherKind::Device },
    })
}

/// What a name is, told without opening anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    Nothing,
    /// A regular file of so many bytes.
    File(u64),
    Folder,
    Link,
    Other,
}

/// What stands at a name of an open folder, by its status alone.
pub(crate) fn sight(folder: &Folder, name: &OsStr) -> io::Result<Sight> {
    let Some(stat) = folder.stat_if_any(name)? else { return Ok(Sight::Nothing) };
    Ok(match kind(&stat) {
        SFlag::S_IFREG => Sight::File(size_of(&stat)),
        SFlag::S_IFDIR => Sight::Folder,
        SFlag::S_IFLNK => Sight::Link,
        _ => Sight::Other,
    })
}

fn size_of(stat: &FileStat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or_default()
}

/// `st_nlink` has another width on every architecture.
#[expect(clippy::useless_conversion, reason = "a no-op on x86-64 alone")]
pub(super) fn link_count(stat: &FileStat) -> u64 {
    u64::from(stat.st_nlink)
}

impl FileState {
    /// The hash of a regular file.
    #[must_use]
    pub fn hash(&self) -> Option<Hash> {
        match self {
            Self::File { sha256, .. } => Some(*sha256),
            _ => None,
        }
    }

    /// The attributes, where it has any that are restored.
    #[must_use]
    pub fn attributes(&self) -> Option<&Attributes> {
        match self {
            Self::File { attributes, .. }
            | Self::Symlink { attributes, .. }
            | Self::Folder { attributes } => Some(attributes),
            Self::Absent | Self::Other { .. } => None,
        }
    }
}

impl fmt::Display for FileState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("nothing"),
            Self::File { sha256, .. } => write!(f, "a file with SHA-256 {sha256}"),
            Self::Symlink { target, .. } => write!(f, "a link to `{target}`"),
            Self::Folder { .. } => f.write_str("a folder"),
            Self::Other { kind } => kind.fmt(f),
        }
    }
}

impl fmt::Display for OtherKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fifo => "a FIFO",
            Self::Socket => "a socket",
            Self::Device => "a device",
            Self::LargeFile => "a file too large for a configuration",
        })
    }
}
