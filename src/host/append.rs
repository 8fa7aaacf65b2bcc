//! A file that only grows, each piece durable before the call returns.
//!
//! Invariant: space for the next pieces is reserved when the file is opened,
//! so that the record of an undo fits on a disk that has become full.

use super::lock::{STATE_FOLDER, WriteLock};
use super::path::RootPath;
use super::root::Root;
use nix::fcntl::{FallocateFlags, OFlag, fallocate, open};
use nix::sys::stat::Mode;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// How much space is reserved beyond the end.
const RESERVE: i64 = 64 << 10;

/// A file in the state folder, open for appending.
#[derive(Debug)]
pub struct AppendFile {
    file: File,
    length: u64,
}

impl AppendFile {
    /// Opens the file `name` in the state folder, making it where it is missing.
    ///
    /// # Errors
    /// When it is a link, belongs to somebody else's folder, or there is no space.
    pub fn open(_lock: &WriteLock, root: &Root, name: &str) -> io::Result<Self> {
        let folder = RootPath::new(STATE_FOLDER).expect("the state folder is absolute");
        let path = root.resolve(&folder)?.join(name);
        let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let file = File::from(open(&path, flags, Mode::S_IRUSR | Mode::S_IWUSR)?);
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let length = file.metadata()?.len();
        reserve(&file, length)?;
        // The name itself must survive a power cut.
        File::open(path.parent().expect("a file in a folder"))?.sync_all()?;
        Ok(Self { file, length })
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
        self.file.set_len(length)?;
        self.length = length;
        reserve(&self.file, length)?;
        self.file.sync_all()
    }

    /// Adds `bytes` at the end, durably.
    ///
    /// # Errors
    /// What the kernel says; the file may then end in a part of `bytes`.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(bytes)?;
        self.length += bytes.len() as u64;
        self.file.sync_data()
    }
}

/// Reserves space without growing the file. File systems that cannot are not
/// a reason to refuse.
fn reserve(file: &File, length: u64) -> io::Result<()> {
    let start = i64::try_from(length).map_err(io::Error::other)?;
    match fallocate(file, FallocateFlags::FALLOC_FL_KEEP_SIZE, start, RESERVE) {
        Err(nix::errno::Errno::EOPNOTSUPP | nix::errno::Errno::ENOSYS) | Ok(()) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}
