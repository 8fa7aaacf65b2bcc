//! Running NGINX masters and workers, as `/proc` shows them.
//!
//! Invariant: a process is named by pid *and* start time, so a pid that was given to
//! another process is never taken for it, nor signalled. What may not be read is said to be
//! unknown. Nothing here starts a process or interprets a configuration.

mod connections;
mod listeners;
mod programs;
mod title;

pub use connections::{accepted, connections};
pub use listeners::{Listener, Owner, Owners, listeners};
pub use programs::{Programs, Running, programs};
pub use title::MasterArguments;

use super::sys;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use procfs::process::{Process, Stat};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// Forked, and has not executed a program since (`include/linux/sched.h`).
const PF_FORKNOEXEC: u32 = 0x40;

/// A process that cannot be mistaken for a later one with the same pid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProcessId {
    /// Process id, as seen from here.
    pub pid: i32,
    /// Clock ticks from boot to its start.
    pub start_time: u64,
}

/// A running NGINX.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Master {
    /// Which process it is.
    pub id: ProcessId,
    /// Its pid as it sees itself: what it writes to its log.
    pub own_pid: i32,
    /// The user it runs as.
    pub uid: u32,
    /// The binary it runs.
    pub exe: Exe,
    /// What it was started with.
    pub arguments: MasterArguments,
    /// Its working folder; `None` when that may not be read.
    pub cwd: Option<PathBuf>,
    /// Whether it sees the same file system as we do.
    pub root: Surroundings,
    /// Whether it numbers processes as we do.
    pub pid_namespace: Surroundings,
    /// Its control group, as `/proc/PID/cgroup` lists it.
    pub cgroup: Option<String>,
    /// Its children, by pid.
    pub workers: Vec<Worker>,
}

/// The binary of a running process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exe {
    /// The file is where it was started from.
    Present(PathBuf),
    /// The file was removed or replaced since, as a package upgrade does.
    Deleted(PathBuf),
    /// It may not be read.
    Unknown,
}

/// Whether another process shares something with us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surroundings {
    /// It does.
    Same,
    /// It does not: a container, a chroot.
    Other,
    /// It may not be read.
    Unknown,
}

/// A child of a master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Which process it is.
    pub id: ProcessId,
    /// Its pid as it sees itself.
    pub own_pid: i32,
    /// What it does.
    pub role: Role,
}

/// What a child of a master does, by its title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Accepts connections.
    Serving,
    /// Finishes its connections and accepts no new ones.
    ShuttingDown,
    /// Cache manager, cache loader, privileged agent.
    Helper,
    /// Has just been forked and still bears the master's title.
    Newborn,
}

impl Master {
    /// The running binary itself, also when its file was replaced.
    #[must_use]
    pub fn running_binary(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/exe", self.id.pid))
    }

    /// Children that accept connections.
    pub fn serving(&self) -> impl Iterator<Item = &Worker> {
        self.workers.iter().filter(|worker| worker.role == Role::Serving)
    }
}

/// Every NGINX master that runs on this machine, by pid.
///
/// # Errors
/// When `/proc` cannot be read at all; processes that vanish meanwhile are left out.
pub fn masters() -> io::Result<Vec<Master>> {
    let stats = all_stats()?;
    let mut found: Vec<Master> =
        stats.iter().filter(|stat| is_master(stat)).filter_map(|stat| describe(stat, &stats)).collect();
    found.sort_by_key(|master| master.id);
    Ok(found)
}

/// The NGINX master with this pid, if it is one.
///
/// # Errors
/// As [`masters`].
pub fn master(pid: i32) -> io::Result<Option<Master>> {
    let stats = all_stats()?;
    let stat = stats.iter().find(|stat| stat.pid == pid && is_master(stat));
    Ok(stat.and_then(|stat| describe(stat, &stats)))
}

/// The children that a master has now, by pid; empty when the master is gone.
///
/// # Errors
/// As [`masters`].
pub fn workers(master: ProcessId) -> io::Result<Vec<Worker>> {
    if !is_alive(master) {
        return Ok(Vec::new());
    }
    Ok(children(master.pid, &all_stats()?))
}

/// What a child of a master does now; `None` when it is gone.
#[must_use]
pub fn role(worker: ProcessId) -> Option<Role> {
    let role = role_by_title(&title_of(worker.pid)?);
    // After the title, not before: it might be the title of the next owner of the pid.
    is_alive(worker).then_some(role)
}

/// Whether the process still runs; a zombie does not.
#[must_use]
pub fn is_alive(id: ProcessId) -> bool {
    let stat = Process::new(id.pid).and_then(|process| process.stat());
    stat.is_ok_and(|stat| stat.starttime == id.start_time && !matches!(stat.state, 'Z' | 'X' | 'x'))
}

/// Sends a signal to exactly this process.
///
/// # Errors
/// `NotFound` when it is gone, also when its pid belongs to another process now;
/// `PermissionDenied`.
pub fn signal(id: ProcessId, signal: Signal) -> io::Result<()> {
    let gone = || io::Error::new(io::ErrorKind::NotFound, "the process is gone");
    match sys::pidfd_open(id.pid) {
        Ok(pidfd) if is_alive(id) => sys::pidfd_send_signal(pidfd, signal),
        Ok(_) => Err(gone()),
        // Before Linux 5.3 a pid can change hands in the instant between look and signal.
        Err(error) if error.raw_os_error() == Some(Errno::ENOSYS as i32) && is_alive(id) => {
            Ok(kill(Pid::from_raw(id.pid), signal)?)
        }
        Err(error) if error.raw_os_error() == Some(Errno::ENOSYS as i32) => Err(gone()),
        Err(error) if error.raw_os_error() == Some(Errno::ESRCH as i32) => Err(gone()),
        Err(error) => Err(error),
    }
}

fn all_stats() -> io::Result<Vec<Stat>> {
    let processes = procfs::process::all_processes().map_err(io::Error::other)?;
    Ok(processes.filter_map(|process| process.ok()?.stat().ok()).collect())
}

/// A master has its title and is no child of a master that was forked and not yet renamed.
fn is_master(stat: &Stat) -> bool {
    let Some(title) = title_of(stat.pid) else { return false };
    if !title::is_master(&title) || !runs_nginx(stat.pid) {
        return false;
    }
    let forked_only = stat.flags & PF_FORKNOEXEC != 0;
    let child_of_master = title_of(stat.ppid).is_some_and(|title| title::is_master(&title));
    // After a binary upgrade the new master is a child of the old one, but has executed.
    !(forked_only && child_of_master)
}

/// Any process can bear any title; its binary is harder to choose.
fn runs_nginx(pid: i32) -> bool {
    match exe_of(pid) {
        Exe::Unknown => true,
        Exe::Present(path) | Exe::Deleted(path) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            ["nginx", "openresty", "tengine"].iter().any(|known| name.contains(known))
        }
    }
}

fn describe(stat: &Stat, stats: &[Stat]) -> Option<Master> {
    let pid = stat.pid;
    let master = Master {
        id: id_of(stat),
        own_pid: own_pid(pid),
        uid: Process::new(pid).ok()?.uid().ok()?,
        exe: exe_of(pid),
        arguments: title::arguments(&title_of(pid)?)?,
        cwd: fs::read_link(format!("/proc/{pid}/cwd")).ok(),
        root: same_root(pid),
        pid_namespace: same_pid_namespace(pid),
        cgroup: fs::read_to_string(format!("/proc/{pid}/cgroup")).ok().map(|text| text.trim_end().to_owned()),
        workers: children(pid, stats),
    };
    is_alive(master.id).then_some(master)
}

fn children(master: i32, stats: &[Stat]) -> Vec<Worker> {
    let mut found: Vec<Worker> = stats
        .iter()
        .filter(|stat| stat.ppid == master)
        .filter_map(|stat| {
            let id = id_of(stat);
            Some(Worker { id, own_pid: own_pid(stat.pid), role: role(id)? })
        })
        .collect();
    found.sort_by_key(|worker| worker.id);
    found
}

fn id_of(stat: &Stat) -> ProcessId {
    ProcessId { pid: stat.pid, start_time: stat.starttime }
}

/// What a process calls itself: the command line up to the first NUL, without trailing spaces.
fn title_of(pid: i32) -> Option<Vec<u8>> {
    let mut title = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let end = title.iter().position(|&byte| byte == 0).unwrap_or(title.len());
    title.truncate(end);
    Some(title.trim_ascii_end().to_vec())
}

fn role_by_title(title: &[u8]) -> Role {
    match title {
        b"nginx: worker process" => Role::Serving,
        b"nginx: worker process is shutting down" => Role::ShuttingDown,
        title if title::is_master(title) => Role::Newborn,
        _ => Role::Helper,
    }
}

/// The pid in the innermost namespace, which is the one that NGINX logs.
fn own_pid(pid: i32) -> i32 {
    let status = Process::new(pid).and_then(|process| process.status());
    status.ok().and_then(|status| status.nspid?.last().copied()).unwrap_or(pid)
}

fn exe_of(pid: i32) -> Exe {
    let Ok(link) = fs::read_link(format!("/proc/{pid}/exe")) else { return Exe::Unknown };
    match link.as_os_str().as_bytes().strip_suffix(b" (deleted)") {
        Some(path) => Exe::Deleted(PathBuf::from(OsString::from_vec(path.to_vec()))),
        None => Exe::Present(link),
    }
}

fn same_root(pid: i32) -> Surroundings {
    let (Ok(theirs), Ok(ours)) = (fs::metadata(format!("/proc/{pid}/root/")), fs::metadata("/")) else {
        return Surroundings::Unknown;
    };
    Surroundings::known(theirs.dev() == ours.dev() && theirs.ino() == ours.ino())
}

fn same_pid_namespace(pid: i32) -> Surroundings {
    let namespace = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/pid"));
    match (namespace(&pid.to_string()), namespace("self")) {
        (Ok(theirs), Ok(ours)) => Surroundings::known(theirs == ours),
        _ => Surroundings::Unknown,
    }
}

impl Surroundings {
    fn known(same: bool) -> Self {
        if same { Self::Same } else { Self::Other }
    }
}
