//! Owns what a sandbox is asked to be; plain data that crosses a pipe as JSON.
//! Invariant: everything the child needs is in here or in an open descriptor,
//! never in its arguments or environment. Must not touch the machine.

use crate::host::trust::Executable;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// A private copy of this server, and what differs in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// `/` for the live server, or the folder of a `--root` tree that is laid
    /// over this host (programs and libraries still come from the host).
    #[serde(with = "as_text")]
    pub root: PathBuf,
    /// Folders that come wholly from the tree, even where this host has them
    /// (`/etc/nginx`, the application root). Ignored for the live server.
    #[serde(with = "as_texts")]
    pub replaced: Vec<PathBuf>,
    /// Folders that must be there; the missing ones are made.
    #[serde(with = "as_texts")]
    pub folders: Vec<PathBuf>,
    /// What is opened for writing inside: replaced by something empty, never copied.
    pub shadows: Vec<Shadow>,
    /// Files that do not exist inside.
    #[serde(with = "as_texts")]
    pub removed: Vec<PathBuf>,
    /// Links laid after the removals, whatever stands there.
    pub links: Vec<StagedLink>,
    /// Files laid over everything else, last.
    pub files: Vec<StagedFile>,
    /// Users and groups that must exist; the missing ones are added to the
    /// private `/etc/passwd` and `/etc/group`.
    pub users: Vec<String>,
    /// Which network the job sees.
    pub network: Network,
    /// What a program may do; a function of ours ([`super::Launcher::call`])
    /// keeps its capabilities and lowers those of what it starts ([`super::drop_to`]).
    pub capabilities: Capabilities,
    /// After this time from the start everything inside is killed.
    pub deadline: Duration,
    /// The most bytes that everything written inside may take; 1 GiB where nothing is said.
    pub disk: Option<u64>,
    /// What a function inside may see of the layers, and how strict their walls are.
    pub layers: Visibility,
    /// Files `cgroup.procs` of this machine: everything inside becomes a member of these groups.
    #[serde(with = "as_texts")]
    pub cgroups: Vec<PathBuf>,
}

/// Whether a function inside is handed the throw-away layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Visibility {
    /// They are nobody's: what is written is lost.
    Hidden,
    /// [`super::ChildContext::layers`] has them, to tell what was written. For programs that are not trusted: what
    /// cannot get a layer of its own is then left out, since a socket or pipe would be the live one there.
    Shown,
}

impl Spec {
    /// A private copy of the live server: host network, nginx's capabilities, 30 s.
    #[must_use]
    pub fn live() -> Self {
        Self::tree("/")
    }

    /// A private copy of this host with the tree below `root` laid over it.
    #[must_use]
    pub fn tree(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            replaced: Vec::new(),
            folders: Vec::new(),
            shadows: Vec::new(),
            removed: Vec::new(),
            links: Vec::new(),
            files: Vec::new(),
            users: Vec::new(),
            network: Network::Host,
            capabilities: Capabilities::Nginx,
            deadline: Duration::from_secs(30),
            disk: None,
            layers: Visibility::Hidden,
            cgroups: Vec::new(),
        }
    }
}

/// A file with its final bytes and attributes; a symlink at `path` is kept and
/// its target replaced.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StagedFile {
    /// Absolute, inside the sandbox.
    #[serde(with = "as_text")]
    pub path: PathBuf,
    pub mode: u32,
    /// Owner; kept where the sandbox can give files away, else the caller's.
    pub uid: u32,
    pub gid: u32,
    #[serde(with = "hex_bytes")]
    pub bytes: Vec<u8>,
}

/// A symbolic link.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StagedLink {
    /// Absolute, inside the sandbox.
    #[serde(with = "as_text")]
    pub path: PathBuf,
    /// Where it leads; relative to its own folder, as links are.
    #[serde(with = "as_text")]
    pub target: PathBuf,
}

/// Something that is opened for writing and must not be the live thing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shadow {
    /// Absolute, inside the sandbox; need not exist.
    #[serde(with = "as_text")]
    pub path: PathBuf,
    /// What is expected there.
    pub kind: ShadowKind,
}

impl Shadow {
    /// A log, pid or lock file, or a unix socket.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), kind: ShadowKind::File }
    }

    /// A folder of temporary or cached files.
    #[must_use]
    pub fn folder(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), kind: ShadowKind::Folder }
    }
}

/// What a [`Shadow`] stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShadowKind {
    /// A regular file becomes an empty one with the same owner and mode; a
    /// socket disappears; a device stays.
    File,
    /// A folder becomes an empty one with the same owner and mode.
    Folder,
}

/// The network that a sandbox sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// The host's own: names resolve, `listen` addresses are the real ones.
    Host,
    /// Only a loopback interface on which every address is local.
    Private,
}

/// What a program inside may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capabilities {
    /// What nginx uses: chown, setuid, setgid, low ports, file permissions, kill.
    Nginx,
    /// What `nginx -t` uses of these: it starts no worker, so it becomes nobody else and signals nobody.
    Test,
    /// None, for trees that run code of their own; implies a private network
    /// in which low ports need no capability.
    None,
}

/// What runs inside.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Job {
    /// Nothing: the set-up itself is what is asked about.
    Nothing,
    /// A program, held open by the descriptor that is passed on.
    Exec(Exec),
    /// The function given to [`super::child_main`], with this value.
    Call(serde_json::Value),
}

/// A program of the host with its arguments. Its file may be deleted or newer
/// on disk; what is held open is what runs.
#[derive(Debug, Clone)]
pub struct Program {
    pub executable: Executable,
    /// Without the program's own name.
    pub args: Vec<String>,
}

impl Program {
    /// A program and its arguments.
    pub fn new<A: Into<String>>(executable: &Executable, args: impl IntoIterator<Item = A>) -> Self {
        Self { executable: executable.clone(), args: args.into_iter().map(Into::into).collect() }
    }
}

/// A program as the child hears of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exec {
    pub(super) image: i32,
    /// Whether an interpreter opens that descriptor, too.
    pub(super) interpreted: bool,
    /// What it is called.
    #[serde(with = "as_text")]
    pub(super) name: PathBuf,
    /// Without the program's own name.
    pub(super) args: Vec<String>,
}

/// What kind of sandbox the kernel allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mode {
    /// How the private file system is made.
    pub layout: Layout,
    /// Who the job is.
    pub identity: Identity,
    /// The network it really got; an ordinary user never has the host's.
    pub network: Network,
    /// What differs from what was asked, in words for the reader.
    pub notes: Vec<String>,
}

/// How the private file system is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// The whole server below a throw-away layer: everything can be written.
    Overlay,
    /// The whole server read-only, with private copies of the folders that change.
    Bind,
}

/// Who the job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// The real root of the host, with few capabilities.
    Root,
    /// The caller alone in a user namespace: it cannot become another user,
    /// and nginx ignores `user`.
    UserNamespace,
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// By itself, with this exit code.
    Exited(i32),
    Killed(i32),
    /// At the deadline, together with everything it had started.
    TimedOut,
    /// Because the caller asked for it ([`super::Launcher::stop`]).
    Stopped,
}

impl Ending {
    /// Exit code 0.
    #[must_use]
    pub fn success(self) -> bool {
        self == Self::Exited(0)
    }
}

/// The whole order to a child, in one piece.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    pub(super) spec: Spec,
    pub(super) job: Job,
    /// Who gave it, to notice that it died before we asked to die with it.
    pub(super) parent: i32,
    pub(super) report: i32,
    /// Descriptor for the bytes of a called function.
    pub(super) result: i32,
}

/// What a child says, one JSON line each.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Report {
    /// This host allows no sandbox.
    Unavailable(String),
    /// This sandbox could not be set up.
    Failed(String),
    /// The job is about to start.
    Ready(Mode),
    /// The job is over and nothing of it lives.
    Ended { ending: Ending, upper_bytes: Option<u64> },
}

/// JSON has no bytes, and files need not be text.
mod hex_bytes {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        hex::decode(String::deserialize(from)?).map_err(D::Error::custom)
    }
}
/// Names of files are bytes, JSON is text.
mod as_text {
    use crate::values::{escape, unescape};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::ffi::OsString;
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    use std::path::{Path, PathBuf};

    pub(super) fn text(path: &Path) -> String {
        escape(path.as_os_str().as_bytes())
    }

    pub(super) fn path<E: Error>(text: &str) -> Result<PathBuf, E> {
        let bytes = unescape(text).ok_or_else(|| E::custom("not an escaped path"))?;
        Ok(PathBuf::from(OsString::from_vec(bytes)))
    }

    pub(super) fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&text(path))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
        path(&String::deserialize(deserializer)?)
    }
}

/// As [`as_text`], for several.
mod as_texts {
    use super::as_text::{path, text};
    use serde::{Deserialize, Deserializer, Serializer};
    use std::path::PathBuf;

    pub(super) fn serialize<S: Serializer>(paths: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(paths.iter().map(|path| text(path)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PathBuf>, D::Error> {
        Vec::<String>::deserialize(deserializer)?.iter().map(|text| path(text)).collect()
    }
}
