//! Running NGINX masters and workers, as `/proc` shows them.
//!
//! Invariant: a process is named by pid *and* start time, so a pid that was given to
//! another process is never taken for it, nor signalled. A [`Master`] obeys the rule of [`super::trust`]; its
//! workers are the children that it forked. A child that has executed a program is none of them, whatever its
//! title: after a binary upgrade it is the next master. Nothing here starts a process or interprets a configuration.

mod census;
pub mod command;
mod connections;
mod listeners;
mod programs;
mod title;

pub use census::{Census, Loner, LonerKind, Master, Stranger, census, is_ours, successor};
pub use connections::{accepted, connections};
pub use listeners::{Listener, Owner, Owners, listeners};
pub use programs::{Programs, Running, programs};
pub use title::{Extent, MasterArguments};

use super::sys;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use procfs::Current;
use procfs::process::{Process, Stat};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::time::Duration;
use title::{Part, Title};

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

/// A process that a master forked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Which process it is.
    pub id: ProcessId,
    pub role: Role,
}

/// What a worker does, by its title; by its sockets where the title was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Serving,
    /// Finishes its connections and accepts no new ones.
    ShuttingDown,
    /// Cache manager, cache loader, privileged agent.
    Helper,
    /// Has just been forked and still bears the master's title.
    Newborn,
}

/// The sockets by which workers are told apart whose titles were cut, as they were at one moment: a worker closes
/// them when it begins to retire.
#[derive(Debug, Clone, Default)]
pub struct Listening(Option<BTreeSet<u64>>);

impl Listening {
    /// Of the master's network, where a title of its own or of a worker was cut.
    ///
    /// # Errors
    /// When the kernel's tables cannot be read.
    pub fn around(master: ProcessId) -> io::Result<Self> {
        let is_cut = |stat: &Stat| title_of(stat).is_some_and(|title| title.extent == Extent::Cut);
        let is_near = |stat: &&Stat| stat.pid == master.pid || stat.ppid == master.pid;
        let needed = all_stats()?.iter().filter(is_near).any(is_cut);
        Ok(Self(needed.then(|| connections::listening(master.pid)).transpose()?))
    }

    /// The workers that a master has now, by pid; empty when the master is gone.
    ///
    /// # Errors
    /// As [`census()`].
    pub fn workers(&self, master: ProcessId) -> io::Result<Vec<Worker>> {
        if !is_alive(master) {
            return Ok(Vec::new());
        }
        let stats = all_stats()?;
        let forked = stats.iter().filter(|stat| stat.ppid == master.pid && is_forked(stat)).map(id_of);
        let mut found: Vec<Worker> =
            forked.filter_map(|id| Some(Worker { id, role: self.role(id)? })).collect();
        found.sort_by_key(|worker| worker.id);
        Ok(found)
    }

    /// What a worker does now; `None` when it is gone.
    #[must_use]
    pub fn role(&self, worker: ProcessId) -> Option<Role> {
        let role = match title_of(&stat_of(worker)?)?.part() {
            Part::Worker => Role::Serving,
            Part::Retiring => Role::ShuttingDown,
            Part::Master | Part::Single => Role::Newborn,
            Part::Helper | Part::None => Role::Helper,
            // What may not be looked at still serves.
            Part::SomeWorker | Part::Unclear => {
                let is_deaf = |sockets| connections::holds(worker.pid, sockets).is_ok_and(|holds| !holds);
                if self.0.as_ref().is_some_and(is_deaf) { Role::ShuttingDown } else { Role::Serving }
            }
        };
        // After the title, not before: it might be the title of the next owner of the pid.
        is_alive(worker).then_some(role)
    }
}

/// The workers that a master has now, by pid; empty when the master is gone.
///
/// # Errors
/// As [`census()`].
pub fn workers(master: ProcessId) -> io::Result<Vec<Worker>> {
    Listening::around(master)?.workers(master)
}

/// Whether the process still runs; a zombie does not.
#[must_use]
pub fn is_alive(id: ProcessId) -> bool {
    stat_of(id).is_some()
}

/// Whether a master waits for the next signal in `sigsuspend`, and so is done with those before. While it is at
/// work it blocks signals, also while it pauses between two tries to bind. `None` when the kernel does not tell.
#[must_use]
pub fn waits_for_signals(id: ProcessId) -> Option<bool> {
    let status = Process::new(id.pid).and_then(|process| process.status()).ok()?;
    let waits = status.state.starts_with('S') && status.sigblk == 0;
    let is_told = status.sigpnd | status.shdpnd != 0;
    is_alive(id).then_some(waits && !is_told)
}

/// What a process has as its standard error, where that is a regular file. NGINX makes it its main error log
/// (`ngx_log_redirect_stderr`), whatever has become of the file's name since.
#[must_use]
pub fn standard_error(id: ProcessId) -> Option<fs::File> {
    let path = format!("/proc/{}/fd/2", id.pid);
    // Looked at first: opening a pipe would wait for somebody to write.
    let is_file = fs::metadata(&path).is_ok_and(|status| status.is_file());
    let file = is_file.then(|| fs::File::open(&path).ok())??;
    is_alive(id).then_some(file)
}

/// How long ago a process was started; `None` when it is gone, or the kernel does not tell.
#[must_use]
pub fn age(id: ProcessId) -> Option<Duration> {
    let start = id.start_time as f64 / procfs::ticks_per_second() as f64;
    let up = procfs::Uptime::current().ok()?.uptime;
    is_alive(id).then(|| Duration::try_from_secs_f64((up - start).max(0.0)).ok())?
}

fn stat_of(id: ProcessId) -> Option<Stat> {
    let stat = Process::new(id.pid).and_then(|process| process.stat()).ok()?;
    (stat.starttime == id.start_time && !matches!(stat.state, 'Z' | 'X' | 'x')).then_some(stat)
}

/// Sends a signal to exactly this process, by a descriptor of it: its pid might change hands in the instant between
/// look and signal. Where there are no such descriptors (before Linux 5.3) or no signals through them (5.1, and filters
/// of containers), that instant is risked.
///
/// # Errors
/// `NotFound` when it is gone, also when its pid belongs to another process now;
/// `PermissionDenied`.
pub fn signal(id: ProcessId, signal: Signal) -> io::Result<()> {
    let descriptor = sys::pidfd_open(id.pid);
    if !is_alive(id) {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the process is gone"));
    }
    let sent = descriptor.and_then(|process| sys::pidfd_send_signal(process, signal));
    // What it may signal the kernel judges again.
    let sent = if sent.as_ref().is_err_and(sys::is_missing) {
        Ok(kill(Pid::from_raw(id.pid), signal)?)
    } else {
        sent
    };
    sent.map_err(|error| match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ESRCH) => io::Error::new(io::ErrorKind::NotFound, "the process is gone"),
        _ => error,
    })
}

fn all_stats() -> io::Result<Vec<Stat>> {
    let processes = procfs::process::all_processes().map_err(io::Error::other)?;
    Ok(processes.filter_map(|process| process.ok()?.stat().ok()).collect())
}

fn id_of(stat: &Stat) -> ProcessId {
    ProcessId { pid: stat.pid, start_time: stat.starttime }
}

/// Whether a process is a copy of its parent, and not a program of its own.
fn is_forked(stat: &Stat) -> bool {
    stat.flags & PF_FORKNOEXEC != 0
}

/// What a process calls itself: its command line up to the first NUL.
fn command_of(pid: i32) -> Option<Vec<u8>> {
    let mut command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let end = command.iter().position(|&byte| byte == 0).unwrap_or(command.len());
    command.truncate(end);
    Some(command)
}

/// As [`command_of`], with whether there was room for more.
fn title_of(stat: &Stat) -> Option<Title> {
    let text = command_of(stat.pid)?;
    let room = room(stat);
    let extent = if room.is_some_and(|room| text.len() >= room) { Extent::Cut } else { Extent::Whole };
    Some(Title { text, extent })
}

/// How many bytes NGINX's longest title has there: it writes over arguments and environment, and leaves two bytes
/// of them (`ngx_init_setproctitle`, `ngx_cpystrn`). `None` where the kernel does not tell us.
fn room(stat: &Stat) -> Option<usize> {
    let (start, end) = (stat.arg_start?, stat.env_end?);
    let room = end.checked_sub(start)?.checked_sub(2)?;
    usize::try_from(room).ok().filter(|_| start != 0)
}
