//! The server tree that is looked at: the live `/`, or a folder that stands for it.
//!
//! Invariant: whatever is read lies inside the root, also through absolute links, `..`
//! and folders that change meanwhile. Reading has no effect on the tree; writing is
//! the business of [`super::files`].

use super::files::alone::alone;
use super::files::attributes;
use super::files::walk::{Folder, Landing, Last, kind, walk};
use crate::values::{Attributes, RootPath};
use nix::fcntl::OFlag;
use nix::sys::stat::SFlag;
use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// No configuration file is larger; a hostile one must not fill the memory. Nothing that is larger can be part of a
/// configuration, so nothing that is larger is read at all.
pub const MOST_BYTES: u64 = 64 << 20;

/// A server tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    base: PathBuf,
    /// What a person calls it, where that is not its folder.
    called: Option<PathBuf>,
    extent: Extent,
}

/// How much of a server a tree is taken for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Extent {
    /// All of it: what is not there is missing on the server, too.
    #[default]
    Whole,
    /// A copy of parts: what lies in a folder that is not there was not copied.
    Parts,
}

impl Root {
    /// This machine.
    #[must_use]
    pub fn live() -> Self {
        Self { base: PathBuf::from("/"), called: None, extent: Extent::Whole }
    }

    /// The tree below the folder `dir`.
    ///
    /// # Errors
    /// When `dir` is not a folder that can be entered.
    pub fn at(dir: impl AsRef<Path>) -> io::Result<Self> {
        let base = dir.as_ref().canonicalize()?;
        if !base.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { base, called: None, extent: Extent::Whole })
    }

    /// The same, called `name` in messages.
    #[must_use]
    pub fn called(self, name: &Path) -> Self {
        Self { called: Some(name.to_owned()), ..self }
    }

    /// The same, taken for parts of a server; the machine itself is always whole.
    #[must_use]
    pub fn in_parts(self) -> Self {
        let extent = if self.is_live() { Extent::Whole } else { Extent::Parts };
        Self { extent, ..self }
    }

    /// How much of a server this is taken for.
    #[must_use]
    pub fn extent(&self) -> Extent {
        self.extent
    }

    /// What a person calls it: the folder, or what was unpacked into it.
    #[must_use]
    pub fn name(&self) -> &Path {
        self.called.as_deref().unwrap_or(&self.base)
    }

    /// Whether this is the machine itself.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.base == Path::new("/")
    }

    /// The folder on this machine that is `/` inside the root.
    #[must_use]
    pub fn base(&self) -> &Path {
        &self.base
    }

    /// Where `path` would lie on this machine if no part of it were a link: for messages only.
    #[must_use]
    pub fn on_host(&self, path: &RootPath) -> PathBuf {
        self.base.join(path.below())
    }

    /// The path on this machine of what `path` means inside the root, every link followed.
    ///
    /// # Errors
    /// `NotFound` when there is nothing, `ELOOP` after 40 links, or what the kernel says.
    pub fn resolve(&self, path: impl AsRef<Path>) -> io::Result<PathBuf> {
        Ok(self.on_host(&self.resolve_link_target(path)?))
    }

    /// The path inside the root of what `path` means, every link followed.
    ///
    /// # Errors
    /// As [`Root::resolve`].
    pub fn resolve_link_target(&self, path: impl AsRef<Path>) -> io::Result<RootPath> {
        let landing = self.walk(path, Last::Follow)?;
        landing.stat()?;
        Ok(landing.path())
    }

    /// Whether `path`, every link followed, ends in a folder that is there; whether it is there itself does not count.
    #[must_use]
    pub fn has_folder_of(&self, path: impl AsRef<Path>) -> bool {
        self.walk(path, Last::Follow).is_ok()
    }

    /// The path inside the root with the links of its folders followed and a link in the last
    /// place kept. The last name need not exist.
    ///
    /// # Errors
    /// As [`Root::resolve`].
    pub fn locate(&self, path: impl AsRef<Path>) -> io::Result<RootPath> {
        Ok(self.walk(path, Last::Keep)?.path())
    }

    /// The bytes of a regular file of at most 64 MiB.
    ///
    /// # Errors
    /// `InvalidInput` for anything but a regular file, `FileTooLarge`, or as [`Root::resolve`].
    pub fn read(&self, path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
        self.read_at_most(path, MOST_BYTES)
    }

    /// The bytes of a regular file of at most `most` bytes.
    ///
    /// # Errors
    /// As [`Root::read`].
    pub fn read_at_most(&self, path: impl AsRef<Path>, most: u64) -> io::Result<Vec<u8>> {
        bounded(&self.open(path)?, most)
    }

    /// The bytes of a regular file of at most 64 MiB, where it lies once every link is followed, and what it has
    /// besides: all of the one file that was opened.
    ///
    /// # Errors
    /// As [`Root::read`], and when an extended attribute cannot be read.
    pub fn read_whole(&self, path: impl AsRef<Path>) -> io::Result<(RootPath, Vec<u8>, Attributes)> {
        let landing = self.walk(path, Last::Follow)?;
        let file = landing.folder.open_regular(&landing.name)?;
        let bytes = bounded(&file, MOST_BYTES)?;
        Ok((landing.path(), bytes, attributes::of(&file)?))
    }

    /// Opens a regular file for reading.
    ///
    /// # Errors
    /// `InvalidInput` for anything but a regular file, or as [`Root::resolve`].
    pub fn open(&self, path: impl AsRef<Path>) -> io::Result<File> {
        let landing = self.walk(path, Last::Follow)?;
        landing.folder.open_regular(&landing.name)
    }

    /// The bytes of a regular file of our own, as [`Root::read`]; a link in the last place is refused, and so is a
    /// file that has a second name.
    ///
    /// # Errors
    /// As [`Root::read`], and `PermissionDenied`.
    pub fn read_own(&self, path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
        self.read_own_at_most(path, MOST_BYTES)
    }

    /// The same, of at most `most` bytes.
    ///
    /// # Errors
    /// As [`Root::read_own`].
    pub fn read_own_at_most(&self, path: impl AsRef<Path>, most: u64) -> io::Result<Vec<u8>> {
        bounded(&alone(self.open_itself(path)?)?, most)
    }

    /// Opens a regular file for reading; a link in the last place is refused.
    ///
    /// # Errors
    /// As [`Root::open`].
    pub fn open_itself(&self, path: impl AsRef<Path>) -> io::Result<File> {
        let landing = self.walk(path, Last::Keep)?;
        landing.folder.open_regular(&landing.name)
    }

    /// The names in a folder, sorted by bytes.
    ///
    /// # Errors
    /// `NotADirectory`, or as [`Root::resolve`].
    pub fn read_dir(&self, path: impl AsRef<Path>) -> io::Result<Vec<OsString>> {
        self.folder(path)?.names()
    }

    /// What the file system knows about the file, links followed.
    ///
    /// # Errors
    /// As [`Root::resolve`].
    pub fn metadata(&self, path: impl AsRef<Path>) -> io::Result<Metadata> {
        status(&self.walk(path, Last::Follow)?)
    }

    /// How long ago the file was changed, in content or attributes; `None` when that cannot be told.
    #[must_use]
    pub fn changed_ago(&self, path: impl AsRef<Path>) -> Option<Duration> {
        let status = self.metadata(path).ok()?;
        let seconds = Duration::from_secs(u64::try_from(status.ctime()).ok()?);
        let changed = UNIX_EPOCH + seconds + Duration::from_nanos(u64::try_from(status.ctime_nsec()).ok()?);
        SystemTime::now().duration_since(changed).ok()
    }

    /// What the file system knows about the file or the link itself.
    ///
    /// # Errors
    /// As [`Root::resolve`].
    pub fn symlink_metadata(&self, path: impl AsRef<Path>) -> io::Result<Metadata> {
        status(&self.walk(path, Last::Keep)?)
    }

    /// The text of a symbolic link.
    ///
    /// # Errors
    /// `InvalidInput` when it is not a link, or as [`Root::resolve`].
    pub fn read_link(&self, path: impl AsRef<Path>) -> io::Result<OsString> {
        let landing = self.walk(path, Last::Keep)?;
        landing.folder.read_link(&landing.name)
    }

    pub(crate) fn walk(&self, path: impl AsRef<Path>, last: Last) -> io::Result<Landing> {
        walk(&self.base, path.as_ref(), last)
    }

    /// Opens a folder, links followed.
    pub(crate) fn folder(&self, path: impl AsRef<Path>) -> io::Result<Folder> {
        let landing = self.walk(path, Last::Follow)?;
        if kind(&landing.stat()?) != SFlag::S_IFDIR {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        landing.folder.enter(&landing.name)
    }
}

/// Whether there is nothing, also no folder that it could be in.
#[must_use]
pub fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn bounded(file: &File, most: u64) -> io::Result<Vec<u8>> {
    // Only a hint, and a file may say that it is larger than any memory.
    let size = file.metadata().map_or(0, |status| status.len().min(most));
    let mut bytes = Vec::with_capacity(usize::try_from(size + 1).unwrap_or_default());
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

fn status(landing: &Landing) -> io::Result<Metadata> {
    landing.folder.open(&landing.name, OFlag::O_PATH)?.metadata()
}
