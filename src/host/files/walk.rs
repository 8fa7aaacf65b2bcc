//! Finding a file below a root, one name at a time.
//!
//! Invariant: every step is made from an open folder and follows no symbolic link by
//! itself; links are read and walked inside the root, so no renaming by another
//! process and no absolute link leads outside. Nothing here opens a file's content.

use crate::host::trust::others_write;
use crate::values::{LinkText, RootPath};
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, readlinkat};
use nix::libc;
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, fstatat};
use nix::unistd::geteuid;
use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

/// As the kernel: one more link in a row is `ELOOP`.
const MOST_LINKS: usize = 40;

/// An open folder. What is done through it happens in this very folder, whatever is renamed above.
#[derive(Debug)]
pub(crate) struct Folder {
    fd: OwnedFd,
    path: RootPath,
}

/// Where a path ends: a folder and a name in it, which may not exist.
#[derive(Debug)]
pub(crate) struct Landing {
    /// The folder that holds the last name; the root's own folder for `/`.
    pub(crate) folder: Folder,
    /// The last name; `.` for `/`.
    pub(crate) name: OsString,
    /// Who could have chosen the way here by planting a link.
    pub(crate) planters: Planters,
    /// The links that were walked through, and what each says.
    pub(crate) links: Vec<(RootPath, LinkText)>,
}

/// Who else than the trusted users could have planted the links of a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Planters {
    /// Nobody: every link belongs to a trusted user and lies in a folder that only such users can write.
    Nobody,
    /// One user, who owns every link that is not beyond doubt, or its folder.
    User(u32),
    /// Several, this one among them.
    Several(u32),
    /// Anyone who can write this folder.
    Many(RootPath),
}

/// What to do with a symbolic link in the last place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Last {
    /// Walk on through it.
    Follow,
    /// It is what is asked for.
    Keep,
}

impl Landing {
    /// The path of what was found.
    pub(crate) fn path(&self) -> RootPath {
        if self.name == "." {
            return self.folder.path.clone();
        }
        self.folder.path.join(&self.name).expect("a walked name is a plain name")
    }

    /// Its status; a symbolic link is not followed.
    pub(crate) fn stat(&self) -> io::Result<FileStat> {
        self.folder.stat(&self.name)
    }
}

impl Folder {
    fn open_base(base: &Path) -> io::Result<Self> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let fd = nix::fcntl::open(base, flags, Mode::empty())?;
        Ok(Self { fd, path: RootPath::new("/").expect("the root is absolute") })
    }

    /// The folder's path inside the root.
    pub(crate) fn path(&self) -> &RootPath {
        &self.path
    }

    /// The folder `name` in this folder; a symbolic link is refused.
    pub(crate) fn enter(&self, name: &OsStr) -> io::Result<Self> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let fd = openat(&self.fd, name, flags, Mode::empty())?;
        let path = if name == "." {
            self.path.clone()
        } else {
            self.path.join(name).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?
        };
        Ok(Self { fd, path })
    }

    /// A descriptor through which the folder itself can be read, changed and synced.
    pub(crate) fn readable(&self) -> io::Result<File> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        Ok(openat(&self.fd, ".", flags, Mode::empty())?.into())
    }

    /// Opens `name`; never through a symbolic link, never waiting for a FIFO's other end.
    pub(crate) fn open(&self, name: &OsStr, flags: OFlag) -> io::Result<File> {
        let flags = flags | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        Ok(openat(&self.fd, name, flags, Mode::S_IRUSR | Mode::S_IWUSR)?.into())
    }

    /// Opens the regular file `name` for reading; anything else is refused unopened.
    pub(crate) fn open_regular(&self, name: &OsStr) -> io::Result<File> {
        let not_regular = || io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
        // Looked at before it is opened: opening a device can have effects.
        if kind(&self.stat(name)?) != SFlag::S_IFREG {
            return Err(not_regular());
        }
        let file = self.open(name, OFlag::O_RDONLY)?;
        if kind(&fstat(&file)?) != SFlag::S_IFREG {
            return Err(not_regular());
        }
        Ok(file)
    }

    /// The status of `name` itself.
    pub(crate) fn stat(&self, name: &OsStr) -> io::Result<FileStat> {
        Ok(fstatat(&self.fd, name, AtFlags::AT_SYMLINK_NOFOLLOW)?)
    }

    /// The status of `name` itself, or `None` when there is nothing.
    pub(crate) fn stat_if_any(&self, name: &OsStr) -> io::Result<Option<FileStat>> {
        match self.stat(name) {
            Ok(stat) => Ok(Some(stat)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The text of the symbolic link `name`.
    pub(crate) fn read_link(&self, name: &OsStr) -> io::Result<OsString> {
        Ok(readlinkat(&self.fd, name)?)
    }

    /// The names in this folder, sorted by bytes.
    pub(crate) fn names(&self) -> io::Result<Vec<OsString>> {
        let mut dir = Dir::from_fd(self.readable()?.into())?;
        let mut names = Vec::new();
        for entry in dir.iter() {
            let name = entry?.file_name().to_bytes().to_vec();
            if name != b"." && name != b".." {
                names.push(OsString::from_vec(name));
            }
        }
        names.sort_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
        Ok(names)
    }

    /// A path by which calls that only take paths reach `name` in this very folder.
    pub(crate) fn by_descriptor(&self, name: &OsStr) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.fd.as_raw_fd())).join(name)
    }

    /// Makes the folder's entries durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.readable()?.sync_all()
    }
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The type bits of a mode.
pub(crate) fn kind(stat: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(stat.st_mode & libc::S_IFMT)
}

/// Walks `path` inside the folder `base`; `..` stops at the root.
pub(crate) fn walk(base: &Path, path: &Path, last: Last) -> io::Result<Landing> {
    if !path.is_absolute() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not an absolute path"));
    }
    let mut walk = Walk::start(base)?;
    walk.push(path)?;
    while let Some(name) = walk.pending.pop_front() {
        if name == ".." {
            walk.up();
            continue;
        }
        let folder = walk.folders.last().expect("the root stays on the stack");
        let is_last = walk.pending.is_empty();
        let stat = match folder.stat(&name) {
            Ok(stat) => stat,
            Err(error) if is_last && error.kind() == io::ErrorKind::NotFound => return Ok(walk.land(name)),
            Err(error) => return Err(error),
        };
        let is_link = kind(&stat) == SFlag::S_IFLNK;
        if is_link && (!is_last || last == Last::Follow) {
            walk.follow(&name, &stat)?;
        } else if is_last {
            return Ok(walk.land(name));
        } else {
            let next = folder.enter(&name)?;
            walk.folders.push(next);
        }
    }
    Ok(walk.land_on_folder())
}

struct Walk {
    folders: Vec<Folder>,
    pending: VecDeque<OsString>,
    planters: Planters,
    links: Vec<(RootPath, LinkText)>,
    trusted: [u32; 3],
}

impl Walk {
    fn start(base: &Path) -> io::Result<Self> {
        let base = Folder::open_base(base)?;
        let owner = fstat(&base.fd)?.st_uid;
        Ok(Self {
            folders: vec![base],
            pending: VecDeque::new(),
            planters: Planters::Nobody,
            links: Vec::new(),
            trusted: [0, geteuid().as_raw(), owner],
        })
    }

    /// Puts the names of `path` before what is still to walk.
    fn push(&mut self, path: &Path) -> io::Result<()> {
        let mut names = Vec::new();
        for part in path.components() {
            match part {
                Component::RootDir => self.folders.truncate(1),
                Component::CurDir | Component::Prefix(_) => {}
                Component::ParentDir => names.push(OsString::from("..")),
                Component::Normal(name) => names.push(name.to_owned()),
            }
        }
        if self.pending.len() + names.len() > usize::from(u16::MAX) {
            return Err(Errno::ENAMETOOLONG.into());
        }
        names.into_iter().rev().for_each(|name| self.pending.push_front(name));
        Ok(())
    }

    fn up(&mut self) {
        if self.folders.len() > 1 {
            self.folders.pop();
        }
    }

    fn follow(&mut self, name: &OsStr, link: &FileStat) -> io::Result<()> {
        if self.links.len() == MOST_LINKS {
            return Err(Errno::ELOOP.into());
        }
        let folder = self.folders.last().expect("the root stays on the stack");
        let target = folder.read_link(name)?;
        let planters = self.planters_of(folder, link)?;
        let at = folder.path.join(name).expect("a walked name is a plain name");
        self.note(planters);
        self.links.push((at, LinkText::new(target.clone())));
        self.push(Path::new(&target))
    }

    /// Who else could have put this link here, by its owner, and by the owner, mode and access list of its folder.
    fn planters_of(&self, folder: &Folder, link: &FileStat) -> io::Result<Planters> {
        let stat = fstat(&folder.fd)?;
        let is_trusted = |uid: u32| self.trusted.contains(&uid);
        // In a sticky folder nobody can replace another user's link. A second name of it (link(2) takes symbolic
        // links, too) may have been put there by anybody.
        let is_kept = stat.st_mode & libc::S_ISVTX != 0
            && is_trusted(stat.st_uid)
            && is_trusted(link.st_uid)
            && link.st_nlink == 1;
        Ok(if !is_kept && others_write(&self.trusted, &stat, &folder.fd) {
            Planters::Many(folder.path.clone())
        } else if !is_trusted(stat.st_uid) {
            Planters::User(stat.st_uid)
        } else if !is_trusted(link.st_uid) {
            // It was put there when the folder was open to its owner, or was given to him.
            Planters::User(link.st_uid)
        } else {
            Planters::Nobody
        })
    }

    fn note(&mut self, found: Planters) {
        let so_far = std::mem::replace(&mut self.planters, Planters::Nobody);
        self.planters = match (so_far, found) {
            (Planters::Nobody, found) => found,
            (so_far, Planters::Nobody) => so_far,
            (Planters::User(one), Planters::User(other)) if one == other => Planters::User(one),
            (many @ Planters::Many(_), _) | (_, many @ Planters::Many(_)) => many,
            (Planters::User(one) | Planters::Several(one), _) => Planters::Several(one),
        };
    }

    fn land(mut self, name: OsString) -> Landing {
        let folder = self.folders.pop().expect("the root stays on the stack");
        Landing { folder, name, planters: self.planters, links: self.links }
    }

    fn land_on_folder(mut self) -> Landing {
        let here = self.folders.pop().expect("the root stays on the stack");
        match (self.folders.pop(), here.path.name().map(OsStr::to_owned)) {
            (Some(folder), Some(name)) => {
                Landing { folder, name, planters: self.planters, links: self.links }
            }
            _ => {
                let (planters, links) = (self.planters, self.links);
                Landing { folder: here, name: OsString::from("."), planters, links }
            }
        }
    }
}
