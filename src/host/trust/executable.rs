//! A program that was judged and is held open.
//!
//! Invariant: every folder that leads to it was judged, from the root downwards, before the next name in it was
//! looked up; so nobody else could change the way meanwhile. A file without a name any more (a package upgrade)
//! is judged by itself.

use super::rule::{Judge, Traits};
use crate::host::system::accounts::Accounts;
use crate::values::escape;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl, open};
use nix::sys::stat::Mode;
use nix::unistd::Uid;
use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

/// The search path of programs that we start.
pub const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// As many as the kernel follows (`path_resolution(7)`).
const MOST_LINKS: usize = 40;
/// Set-user-ID, set-group-ID.
const SET_ID: u32 = 0o6000;

/// A program that may be executed. Two are equal when they are the same file.
#[derive(Debug, Clone)]
pub struct Executable(Arc<Held>);

#[derive(Debug)]
struct Held {
    descriptor: OwnedFd,
    /// As it was asked for; it may lead to another file by now.
    name: PathBuf,
    /// Where it lay, links followed.
    path: PathBuf,
    identity: (u64, u64),
    /// Whether an interpreter reads it, through the same descriptor.
    interpreted: bool,
}

/// Why a file may not be executed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// It is not there.
    #[error("{} is not there", shown(.0))]
    Missing(PathBuf),
    /// It is a folder, a device or the like.
    #[error("{} is no regular file", shown(.0))]
    NoFile(PathBuf),
    /// Somebody else can have written it, or a folder above it.
    #[error("{} {because}", shown(.path))]
    NotOurs {
        /// The file, or the folder.
        path: PathBuf,
        /// Who, or what else is wrong.
        because: String,
    },
    /// It could not be looked at.
    #[error("{} could not be looked at: {because}", shown(.path))]
    Unseen {
        /// The file, or the folder.
        path: PathBuf,
        /// The system's word.
        because: String,
    },
}

/// What the search path has under a name.
#[derive(Debug)]
pub struct Found {
    /// The first that may be executed.
    pub program: Option<Executable>,
    /// Those before it that may not.
    pub refused: Vec<Distrust>,
}

/// What a running process executes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    pub executable: Executable,
    /// Whether its name is gone, or leads to another file by now.
    pub replaced: bool,
}

/// Looks for a program on [`SEARCH_PATH`].
#[must_use]
pub fn find(name: &str) -> Found {
    let judge = Judge::ours();
    let mut refused = Vec::new();
    for folder in SEARCH_PATH.split(':') {
        let path = Path::new(folder).join(name);
        match open_by(&judge, &path) {
            Ok(program) => return Found { program: Some(program), refused },
            Err(Distrust::Missing(_) | Distrust::NoFile(_)) => {}
            Err(distrust) => refused.push(distrust),
        }
    }
    // `/bin` is `/usr/bin`.
    refused.dedup();
    Found { program: None, refused }
}

/// Whether nobody but root (and us) can have written this file, or lead its path elsewhere: asked of a file whose
/// words become commands.
///
/// # Errors
/// Why somebody else may.
pub fn only_ours(path: &Path) -> Result<(), Distrust> {
    open_by(&Judge::ours(), path).map(drop)
}

impl Executable {
    /// The program with this absolute path, if it may be executed.
    ///
    /// # Errors
    /// Why it may not.
    pub fn open(path: &Path) -> Result<Self, Distrust> {
        open_by(&Judge::ours(), path)
    }

    /// Its name as it was asked for, for people and as the program's own name.
    #[must_use]
    pub fn name(&self) -> &Path {
        &self.0.name
    }

    /// Whether a process that executes `other` runs this program: the same file, or an older one in its place.
    #[must_use]
    pub fn is_run_as(&self, other: &Running) -> bool {
        *self == other.executable || (other.replaced && self.0.path == other.executable.0.path)
    }

    /// Whether it lay at this path, links followed.
    pub(in crate::host) fn lay_at(&self, path: &Path) -> bool {
        self.0.path == path
    }

    /// What to execute.
    pub(in crate::host) fn image(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.descriptor()))
    }

    pub(in crate::host) fn descriptor(&self) -> RawFd {
        self.0.descriptor.as_raw_fd()
    }

    pub(in crate::host) fn is_interpreted(&self) -> bool {
        self.0.interpreted
    }

    /// Lets the descriptor survive `exec`, in the process that calls this between fork and exec.
    pub(in crate::host) fn inherit(&self) -> io::Result<()> {
        inherit(&self.0.descriptor)
    }

    /// For `pre_exec`: an interpreter opens the descriptor itself, so it has to survive.
    pub(in crate::host) fn hand_over(&self) -> impl FnMut() -> io::Result<()> + Send + Sync + 'static {
        let held = self.clone();
        move || if held.is_interpreted() { held.inherit() } else { Ok(()) }
    }

    fn new(descriptor: OwnedFd, name: PathBuf, path: PathBuf, metadata: &Metadata) -> Self {
        let interpreted = starts_with_interpreter(&descriptor);
        Self(Arc::new(Held { descriptor, name, path, identity: identity(metadata), interpreted }))
    }
}

impl PartialEq for Executable {
    fn eq(&self, other: &Self) -> bool {
        self.0.identity == other.0.identity
    }
}

impl Eq for Executable {}

impl Running {
    /// Opens and judges what a process executes.
    pub(super) fn of(judge: &Judge, pid: i32) -> Result<Self, Distrust> {
        let (descriptor, path, deleted) = image_of(pid)?;
        let metadata = metadata_of(&descriptor, &path)?;
        judge_running(judge, &path, &descriptor, &metadata)?;
        let mut replaced = deleted;
        if !deleted {
            // The way there as the process sees it, which may have mounts of its own.
            let base = PathBuf::from(format!("/proc/{pid}/root"));
            let home = trace(judge, &base, &path)?;
            let there = fs::symlink_metadata(below(&base, &home)).map_err(|error| unseen(&home, &error))?;
            replaced = identity(&there) != identity(&metadata);
        }
        Ok(Self { executable: Executable::new(descriptor, path.clone(), path, &metadata), replaced })
    }

    /// As [`Running::of`], by the file alone: its path belongs to another root.
    pub(super) fn by_itself(judge: &Judge, pid: i32) -> Result<(), Distrust> {
        let (descriptor, path, _) = image_of(pid)?;
        let metadata = metadata_of(&descriptor, &path)?;
        judge_running(judge, &path, &descriptor, &metadata)
    }
}

impl Judge {
    /// Trusts root, and us.
    pub(super) fn ours() -> Self {
        Self { trusted: vec![0, Uid::effective().as_raw()], accounts: Accounts::of_this_machine() }
    }
}

fn open_by(judge: &Judge, name: &Path) -> Result<Executable, Distrust> {
    let path = trace(judge, Path::new("/"), name)?;
    let flags = OFlag::O_PATH | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
    let descriptor = open(&path, flags, Mode::empty()).map_err(|error| unseen(&path, &error.into()))?;
    let metadata = metadata_of(&descriptor, &path)?;
    judge_file(judge, &path, &descriptor, &metadata)?;
    Ok(Executable::new(descriptor, name.to_owned(), path, &metadata))
}

/// Follows a path and its links below `base`, judging each folder before a name in it is looked up. Returns the
/// path without links; its last part need not be a file.
fn trace(judge: &Judge, base: &Path, path: &Path) -> Result<PathBuf, Distrust> {
    let missing = || Distrust::Missing(path.to_owned());
    if !path.is_absolute() {
        return Err(missing());
    }
    let mut left: VecDeque<OsString> = parts(path).collect();
    let mut done = PathBuf::from("/");
    let mut links = 0;
    judge_folder(judge, base, &done)?;
    while let Some(part) = left.pop_front() {
        if part == ".." {
            done.pop();
            continue;
        }
        let here = done.join(&part);
        let metadata = match fs::symlink_metadata(below(base, &here)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(missing()),
            found => found.map_err(|error| unseen(&here, &error))?,
        };
        if metadata.is_symlink() {
            links += 1;
            let target = fs::read_link(below(base, &here)).map_err(|error| unseen(&here, &error))?;
            if links > MOST_LINKS {
                return Err(missing());
            }
            if target.is_absolute() {
                done = PathBuf::from("/");
            }
            left = parts(&target).chain(left).collect();
        } else if metadata.is_dir() {
            judge_folder(judge, base, &here)?;
            done = here;
        } else if left.is_empty() {
            done = here;
        } else {
            return Err(missing());
        }
    }
    Ok(done)
}

fn judge_folder(judge: &Judge, base: &Path, folder: &Path) -> Result<(), Distrust> {
    let real = below(base, folder);
    let metadata = fs::metadata(&real).map_err(|error| unseen(folder, &error))?;
    let objection = judge.objection(&traits(&metadata, &real));
    objection.map_or(Ok(()), |because| Err(Distrust::NotOurs { path: folder.to_owned(), because }))
}

fn judge_file(judge: &Judge, path: &Path, descriptor: &OwnedFd, metadata: &Metadata) -> Result<(), Distrust> {
    if !metadata.is_file() {
        return Err(Distrust::NoFile(path.to_owned()));
    }
    let objection = judge.objection(&traits(metadata, &link_to(descriptor)));
    objection.map_or(Ok(()), |because| Err(Distrust::NotOurs { path: path.to_owned(), because }))
}

/// Whoever starts a set-user-ID program gives root's process its title.
fn judge_running(
    judge: &Judge,
    path: &Path,
    descriptor: &OwnedFd,
    metadata: &Metadata,
) -> Result<(), Distrust> {
    judge_file(judge, path, descriptor, metadata)?;
    if metadata.mode() & SET_ID == 0 {
        return Ok(());
    }
    let because = "is set-user-ID: anybody can start it".to_owned();
    Err(Distrust::NotOurs { path: path.to_owned(), because })
}

fn traits(metadata: &Metadata, real: &Path) -> Traits {
    let mode = metadata.mode() & 0o7777;
    Traits { uid: metadata.uid(), gid: metadata.gid(), mode, acl: list_of(real) }
}

/// The access list of a file or folder, where it has one.
pub(super) fn list_of(real: &Path) -> Option<Vec<u8>> {
    match xattr::get_deref(real, "system.posix_acl_access") {
        Ok(acl) => acl,
        // Where the file system has no lists, the bits say all.
        Err(error) if error.raw_os_error() == Some(Errno::ENOTSUP as i32) => None,
        // Not understood, so not trusted where it could let somebody write.
        Err(_) => Some(Vec::new()),
    }
}

/// The file that a process executes: a descriptor, its path as the process sees it, whether that name is gone.
fn image_of(pid: i32) -> Result<(OwnedFd, PathBuf, bool), Distrust> {
    let link = PathBuf::from(format!("/proc/{pid}/exe"));
    let text = fs::read_link(&link).map_err(|error| unseen(&link, &error))?;
    let descriptor = open(&link, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())
        .map_err(|error| unseen(&link, &error.into()))?;
    Ok(match text.as_os_str().as_bytes().strip_suffix(b" (deleted)") {
        Some(path) => (descriptor, PathBuf::from(OsString::from_vec(path.to_vec())), true),
        None => (descriptor, text, false),
    })
}

fn metadata_of(descriptor: &OwnedFd, path: &Path) -> Result<Metadata, Distrust> {
    fs::metadata(link_to(descriptor)).map_err(|error| unseen(path, &error))
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

fn link_to(descriptor: &OwnedFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", descriptor.as_raw_fd()))
}

/// What may not be read is not interpreted either.
fn starts_with_interpreter(descriptor: &OwnedFd) -> bool {
    let mut start = [0; 2];
    let read = File::open(link_to(descriptor)).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && start == *b"#!"
}

/// Lets a descriptor survive `exec`.
pub(in crate::host) fn inherit(descriptor: &impl AsFd) -> io::Result<()> {
    fcntl(descriptor, FcntlArg::F_SETFD(FdFlag::empty())).map(drop).map_err(io::Error::from)
}

fn below(base: &Path, path: &Path) -> PathBuf {
    base.join(path.strip_prefix("/").unwrap_or(path))
}

fn parts(path: &Path) -> impl Iterator<Item = OsString> {
    path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsStr::new("..").to_owned()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    })
}

/// Names of other users' files may hold anything.
fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_bytes())
}

fn unseen(path: &Path, error: &io::Error) -> Distrust {
    Distrust::Unseen { path: path.to_owned(), because: error.to_string() }
}
