//! A file that only grows, each piece durable before the call returns.
//!
//! Invariant: space for the next pieces is reserved before anything is changed, so that the record
//! of an undo fits on a disk that has become full. A piece that was not acknowledged is not there:
//! what a failed append left is cut off, at the latest before the next one. How much was acknowledged is noted beside
//! the bytes, after they are durable: the note may lag behind, and never claims more than there was.

use super::alone::alone;
use crate::host::kill_point;
use crate::host::lock::{STATE_FOLDER, WriteLock};
use crate::host::root::Root;
use crate::values::RootPath;
use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, OFlag, fallocate, open};
use nix::sys::stat::Mode;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use xattr::FileExt;

/// How much space is reserved beyond the end when the file is opened.
const RESERVE: u64 = 64 << 10;

/// The attribute that says how many bytes were acknowledged.
const ACKNOWLEDGED: &str = "user.motionctl.acknowledged";

/// How many bytes of the file at `path` were acknowledged; `None` where that was not noted: an older version wrote it,
/// it is a copy, or its file system notes nothing.
#[must_use]
pub fn acknowledged(root: &Root, path: &Path) -> Option<u64> {
    noted(&root.open_itself(path).ok()?)
}

fn noted(file: &File) -> Option<u64> {
    let text = file.get_xattr(ACKNOWLEDGED).ok()??;
    std::str::from_utf8(&text).ok()?.parse().ok()
}

/// A file in the state folder, open for appending.
#[derive(Debug)]
pub struct AppendFile {
    file: File,
    /// Everything before this was acknowledged.
    length: u64,
    tail: Tail,
}

/// What lies behind the acknowledged pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tail {
    Nothing,
    /// Perhaps a part of a piece, or all of it: an append failed.
    Unknown,
}

impl AppendFile {
    /// Opens the file `name` in the state folder, making it where it is missing. A full disk is no
    /// reason to refuse: what has to be undone has its space from before.
    ///
    /// # Errors
    /// When it is a link or has a second name, or what the kernel says.
    pub fn open(_lock: &WriteLock, root: &Root, name: &str) -> io::Result<Self> {
        let folder = RootPath::new(STATE_FOLDER).expect("the state folder is absolute");
        let path = root.resolve(&folder)?.join(name);
        let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let file = alone(File::from(open(&path, flags, Mode::S_IRUSR | Mode::S_IWUSR)?))?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        kill_point!("append: after the file was opened");
        let length = file.metadata()?.len();
        let opened = Self { file, length, tail: Tail::Nothing };
        opened.reserve_if_possible()?;
        // The name itself must survive a power cut.
        File::open(path.parent().expect("a file in a folder"))?.sync_all()?;
        kill_point!("append: after the name was made durable");
        Ok(opened)
    }

    /// Reserves space for `bytes` more without growing the file. File systems that cannot are not
    /// a reason to refuse.
    ///
    /// # Errors
    /// When there is no space.
    pub fn reserve(&self, bytes: u64) -> io::Result<()> {
        let start = i64::try_from(self.length).map_err(io::Error::other)?;
        let bytes = i64::try_from(bytes.max(RESERVE)).map_err(io::Error::other)?;
        match fallocate(&self.file, FallocateFlags::FALLOC_FL_KEEP_SIZE, start, bytes) {
            Err(Errno::EOPNOTSUPP | Errno::ENOSYS) | Ok(()) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    fn reserve_if_possible(&self) -> io::Result<()> {
        match self.reserve(RESERVE) {
            Err(error)
                if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) =>
            {
                Ok(())
            }
            other => other,
        }
    }

    /// Everything that is in the file.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(0))?;
        self.file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Cuts the file back to `length` bytes, durably.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn cut(&mut self, length: u64) -> io::Result<()> {
        kill_point!("append: before a torn tail is cut");
        self.file.set_len(length)?;
        self.length = length;
        kill_point!("append: after a torn tail was cut");
        // Cutting gives back what was reserved behind the end.
        self.reserve_if_possible()?;
        self.file.sync_all()?;
        self.tail = Tail::Nothing;
        self.note();
        Ok(())
    }

    /// Adds `bytes` at the end, durably.
    ///
    /// # Errors
    /// What the kernel says; nothing was added then, unless cutting it off failed, too.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.tail == Tail::Unknown {
            self.cut(self.length)?;
        }
        self.tail = Tail::Unknown;
        let written = self.write_durably(bytes);
        if written.is_err() {
            // Whoever reads the file next must not find what is said to have failed. Where this
            // fails as well, the next append tries again, and the first failure is the one to tell.
            drop(self.cut(self.length));
            return written;
        }
        self.length += bytes.len() as u64;
        self.tail = Tail::Nothing;
        self.note();
        Ok(())
    }

    /// It lies with the next piece on the disk at the latest. Where it cannot be noted less is known, and nothing else.
    fn note(&self) {
        drop(self.file.set_xattr(ACKNOWLEDGED, self.length.to_string().as_bytes()));
    }

    /// How many bytes were acknowledged, by the file's own note.
    #[must_use]
    pub fn acknowledged(&self) -> Option<u64> {
        noted(&self.file)
    }

    fn write_durably(&mut self, bytes: &[u8]) -> io::Result<()> {
        kill_point!("append: before the write");
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(bytes)?;
        kill_point!("append: between write and sync");
        self.file.sync_data()?;
        kill_point!("append: after the sync");
        Ok(())
    }
}
