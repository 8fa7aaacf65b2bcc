//! Which running processes are believed to be what they call themselves.
//!
//! Invariant: the user is asked for first, and of a process of somebody else nothing more is looked at that its
//! owner could make up or make hang. Where we are not root, what may not be read is unseen, never foreign.

use super::executable::{Distrust, Running};
use super::rule::Judge;
use procfs::process::Process;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Where a process that is not ours to touch stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Untouchable {
    /// Root's own, in a container or chroot.
    Elsewhere(Space),
    /// Root's, and we may not look at it.
    Unseen,
    /// Neither executed nor signalled nor chosen, whatever it is.
    Foreign(Why),
}

/// What a process has for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Space {
    /// A root of its own.
    Root,
    /// A pid namespace of its own.
    Processes,
}

/// Why a process is not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It runs as another user than root (or than us).
    User,
    /// It lives in a user namespace of its own.
    UserNamespace,
    /// Somebody else can have written its program.
    Program(Distrust),
    /// Its program has another name than such a process's, and nobody named it.
    Name,
}

/// Who looks, and from where.
pub(in crate::host) struct Viewer {
    judge: Judge,
    user_namespace: Namespace,
    pid_namespace: Namespace,
    root: Option<(u64, u64)>,
    /// Whether every process that can be seen is one that we started.
    alone: bool,
}

/// Where a process lives, seen from a viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Viewpoint {
    user_namespace: Surroundings,
    pid_namespace: Surroundings,
    root: Surroundings,
}

/// Whether another process shares something with us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Surroundings {
    Same,
    Other,
    /// It may not be read.
    Unknown,
}

impl Viewer {
    /// This process.
    pub(in crate::host) fn here() -> Self {
        Self {
            judge: Judge::ours(),
            user_namespace: Namespace::ours("user"),
            pid_namespace: Namespace::ours("pid"),
            root: identity("/"),
            alone: is_alone(),
        }
    }

    /// What a process executes, if it is ours to touch.
    ///
    /// # Errors
    /// Where it stands, if it is not.
    pub(in crate::host) fn judge(&self, pid: i32) -> Result<Running, Untouchable> {
        if !self.is_trusted_user(pid) {
            return Err(Untouchable::Foreign(Why::User));
        }
        let look = Viewpoint {
            user_namespace: self.user_namespace.beside(pid, "user"),
            pid_namespace: self.pid_namespace.beside(pid, "pid"),
            root: Surroundings::of(self.root.as_ref(), identity(&format!("/proc/{pid}/root/")).as_ref()),
        };
        let running = match place(look, self.alone) {
            Place::Here => Running::of(&self.judge, pid).map(Ok),
            // Its path means nothing here, and it is not executed.
            Place::Elsewhere(space) => {
                Running::by_itself(&self.judge, pid).map(|()| Err(Untouchable::Elsewhere(space)))
            }
            Place::Unseen => Ok(Err(Untouchable::Unseen)),
            Place::OtherUsers => Ok(Err(Untouchable::Foreign(Why::UserNamespace))),
        };
        let running = running.unwrap_or_else(|distrust| match distrust {
            Distrust::Unseen { .. } => Err(Untouchable::Unseen),
            distrust => Err(Untouchable::Foreign(Why::Program(distrust))),
        });
        // Asked again: what executes a program becomes another user's, or another user's becomes root's.
        if self.is_trusted_user(pid) { running } else { Err(Untouchable::Foreign(Why::User)) }
    }

    fn is_trusted_user(&self, pid: i32) -> bool {
        let status = Process::new(pid).and_then(|process| process.status());
        status.is_ok_and(|status| {
            [status.ruid, status.euid].iter().all(|user| self.judge.trusted.contains(user))
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Here,
    Elsewhere(Space),
    Unseen,
    /// Where root need not be root.
    OtherUsers,
}

fn place(look: Viewpoint, alone: bool) -> Place {
    let Viewpoint { user_namespace, pid_namespace, root } = look;
    // In a sandbox of our own, NGINX without capabilities gets a user namespace of its own, from us.
    let users =
        if alone && user_namespace == Surroundings::Other { Surroundings::Same } else { user_namespace };
    if users == Surroundings::Other {
        Place::OtherUsers
    } else if [users, pid_namespace, root].contains(&Surroundings::Unknown) {
        Place::Unseen
    } else if root == Surroundings::Other {
        Place::Elsewhere(Space::Root)
    } else if pid_namespace == Surroundings::Other {
        Place::Elsewhere(Space::Processes)
    } else {
        Place::Here
    }
}

impl Surroundings {
    fn of<T: PartialEq>(ours: Option<&T>, theirs: Option<&T>) -> Self {
        match (ours, theirs) {
            (Some(ours), Some(theirs)) if ours == theirs => Self::Same,
            (Some(_), Some(_)) => Self::Other,
            _ => Self::Unknown,
        }
    }
}

/// Where we live, of one kind of namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Namespace {
    Named(PathBuf),
    /// The kernel was built without this kind, so that nobody can have another.
    NoneAtAll,
    Unknown,
}

impl Namespace {
    fn ours(kind: &str) -> Self {
        let folder = Path::new("/proc/self/ns");
        match fs::read_link(folder.join(kind)) {
            Ok(name) => Self::Named(name),
            Err(error) if error.kind() == ErrorKind::NotFound && folder.is_dir() => Self::NoneAtAll,
            Err(_) => Self::Unknown,
        }
    }

    /// Whether another process lives in it, too.
    fn beside(&self, pid: i32, kind: &str) -> Surroundings {
        let theirs = || fs::read_link(format!("/proc/{pid}/ns/{kind}")).ok();
        match self {
            Self::Named(ours) => Surroundings::of(Some(ours), theirs().as_ref()),
            Self::NoneAtAll => Surroundings::Same,
            Self::Unknown => Surroundings::Unknown,
        }
    }
}

fn identity(path: &str) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Whether our process 1 is this very program: then everything here was started by a sandbox of ours, and nobody
/// else can come in. As process 1 of a container we have neighbours.
fn is_alone() -> bool {
    let ours = identity("/proc/self/exe");
    std::process::id() != 1 && ours.is_some() && identity("/proc/1/exe") == ours
}

#[cfg(test)]
mod tests {
    use super::Surroundings::{Other, Same, Unknown};
    use super::*;

    #[test]
    fn a_process_lives_here_only_when_nothing_of_it_is_another() {
        let check = |user_namespace, pid_namespace, root, expect| {
            let look = Viewpoint { user_namespace, pid_namespace, root };
            assert_eq!(place(look, false), expect, "{look:?}");
        };
        check(Same, Same, Same, Place::Here);
        check(Same, Other, Same, Place::Elsewhere(Space::Processes));
        check(Same, Other, Other, Place::Elsewhere(Space::Root));
        check(Same, Same, Other, Place::Elsewhere(Space::Root));
        check(Other, Same, Same, Place::OtherUsers);
        // Never a container of root's: a user namespace is anybody's to make.
        check(Other, Other, Other, Place::OtherUsers);
        check(Other, Unknown, Unknown, Place::OtherUsers);
        check(Unknown, Same, Same, Place::Unseen);
        check(Same, Unknown, Other, Place::Unseen);
        check(Same, Same, Unknown, Place::Unseen);
    }

    #[test]
    fn a_sandbox_of_our_own_has_no_strangers() {
        let look = |user_namespace, root| Viewpoint { user_namespace, pid_namespace: Same, root };
        assert_eq!(place(look(Other, Same), true), Place::Here);
        assert_eq!(place(look(Other, Other), true), Place::Elsewhere(Space::Root));
        assert_eq!(place(look(Unknown, Same), true), Place::Unseen);
    }

    #[test]
    fn a_kind_of_namespace_that_the_kernel_lacks_is_everybodys() {
        let me = i32::try_from(std::process::id()).unwrap();
        assert_eq!(Namespace::ours("pid").beside(me, "pid"), Same);
        assert_eq!(Namespace::ours("no-such-kind"), Namespace::NoneAtAll);
        assert_eq!(Namespace::NoneAtAll.beside(me, "no-such-kind"), Same);
        assert_eq!(Namespace::Named("user:[0]".into()).beside(me, "user"), Other);
        assert_eq!(Namespace::Unknown.beside(me, "user"), Unknown);
    }

    #[test]
    fn we_are_not_alone_on_this_machine() {
        assert!(!is_alone());
    }
}
