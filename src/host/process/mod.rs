//! Running NGINX masters and workers, as `/proc` shows them.
//!
//! Invariant: a process is named by pid *and* start time, so a pid that was given to
//! another process is never taken for it, nor signalled. A [`Master`] obeys the rule of [`super::trust`]; its
//! children are its workers, by parent and title. Nothing here starts a process or interprets a configuration.

mod census;
mod connections;
mod listeners;
mod programs;
mod title;

pub use census::{Census, Master, Stranger, census, is_ours};
pub use connections::{accepted, connections};
pub use listeners::{Listener, Owner, Owners, listeners, listeners_on};
pub use programs::{Programs, Running, programs};
pub use title::MasterArguments;

use super::sys;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use procfs::process::{Process, Stat};
use std::fs;
use std::io;

/// A process that cannot be mistaken for a later one with the same pid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProcessId {
    /// Process id, as seen from here.
    pub pid: i32,
    /// Clock ticks from boot to its start.
    pub start_time: u64,
}

/// A child of a master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Which process it is.
    pub id: ProcessId,
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

/// The children that a master has now, by pid; empty when the master is gone.
///
/// # Errors
/// As [`census()`].
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

fn children(master: i32, stats: &[Stat]) -> Vec<Worker> {
    let mut found: Vec<Worker> = stats
        .iter()
        .filter(|stat| stat.ppid == master)
        .filter_map(|stat| {
            let id = id_of(stat);
            Some(Worker { id, role: role(id)? })
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
