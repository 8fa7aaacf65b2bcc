//! Whose server listens on a unix socket.
//!
//! Invariant: a socket is opened once, judged, and connected to through that descriptor, so that what was judged is what
//! is talked to. Nothing is sent to one that another ordinary user could have put there: he would get the password, or
//! make up the answers.

use super::error::{DbError, ErrorKind};
use nix::fcntl::{OFlag, open};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, stat};
use nix::unistd::{Uid, User};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

/// The accounts that packages give to database servers.
const SERVERS: [&str; 2] = ["mysql", "mariadb"];
/// The first number of an ordinary user (`UID_MIN` of login.defs); those below belong to services.
const FIRST_ORDINARY: u32 = 1000;
const OTHERS_WRITE: u32 = 0o022;

/// A socket whose owner was judged.
pub(super) struct Judged(OwnedFd);

impl Judged {
    /// Opens and judges the socket of this path.
    ///
    /// # Errors
    /// When there is none (without a hint), or somebody else could have put it there.
    pub(super) fn open(path: &Path) -> Result<Self, DbError> {
        let absent = |why: String| DbError::new(ErrorKind::Unreachable, why);
        let socket = open(path, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty());
        let socket = socket.map_err(|errno| absent(std::io::Error::from(errno).to_string()))?;
        let status = fstat(&socket).map_err(|errno| absent(std::io::Error::from(errno).to_string()))?;
        if !is_socket(&status) {
            return Err(absent("there is no socket, but something else".to_owned()));
        }
        let owner = status.st_uid;
        if is_trusted(owner) || (owner < FIRST_ORDINARY && is_given_to(path, owner)) {
            return Ok(Self(socket));
        }
        Err(DbError::new(ErrorKind::Unreachable, format!("the socket belongs to {}", named(owner))).with_hint(
            "a database's socket belongs to root, to the user mysql or mariadb, to who runs motionctl, or to the account \
             of a service, in a folder that nobody else can write: name that one in --db, or connect by TCP with --db-ca",
        ))
    }

    /// The path by which this very socket is reached, as long as this value lives.
    pub(super) fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.0.as_raw_fd()))
    }
}

fn is_socket(status: &FileStat) -> bool {
    SFlag::from_bits_truncate(status.st_mode & SFlag::S_IFMT.bits()) == SFlag::S_IFSOCK
}

fn is_trusted(owner: u32) -> bool {
    let is_server = |name: &&str| {
        User::from_name(name).is_ok_and(|user| user.is_some_and(|user| user.uid.as_raw() == owner))
    };
    owner == 0 || owner == Uid::effective().as_raw() || SERVERS.iter().any(is_server)
}

/// Whether only trusted users and this one can write the folders that lead to it: so root gave it its place.
fn is_given_to(path: &Path, owner: u32) -> bool {
    let Ok(path) = path.canonicalize() else { return false };
    path.ancestors().skip(1).all(|folder| {
        stat(folder).is_ok_and(|found| {
            found.st_mode & OTHERS_WRITE == 0 && (found.st_uid == owner || is_trusted(found.st_uid))
        })
    })
}

fn named(uid: u32) -> String {
    match User::from_uid(Uid::from_raw(uid)) {
        Ok(Some(user)) => format!("the user {} ({uid})", user.name),
        _ => format!("the user {uid}"),
    }
}
