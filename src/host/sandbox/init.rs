//! Owns process 1 of a sandbox. Invariant: when it ends, for whatever reason,
//! the kernel kills everything inside; it ends when the job does, at the
//! deadline, and when anybody above it dies. Must stay single-threaded.

use super::assemble::{self, Built};
use super::job::{ChildContext, Prepared};
use super::spec::{Ending, Identity, Job, Network, Report, Spec};
use super::staging::Gauge;
use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

/// What process 1 was born with.
#[derive(Debug)]
pub(super) struct Birth {
    pub(super) spec: Spec,
    pub(super) job: Job,
    pub(super) identity: Identity,
    pub(super) network: Network,
    pub(super) notes: Vec<String>,
    /// Ends when the process that ordered the sandbox does.
    pub(super) lifeline: OwnedFd,
    pub(super) report: File,
    pub(super) result: File,
}

/// The signals that process 1 and its parent take instead of dying of them.
pub(super) fn signals() -> SigSet {
    [Signal::SIGCHLD, Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP].into_iter().collect()
}

/// Lives. Returns the exit code, which says nothing: the report does.
pub(super) fn live<F>(birth: Birth, run: F) -> i32
where
    F: FnOnce(serde_json::Value, &ChildContext) -> i32,
{
    let started = Instant::now();
    let Birth { spec, job, identity, network, notes, lifeline, mut report, result } = birth;
    let prepared = set_pdeathsig(Signal::SIGKILL)
        .context("asking to die with the parent")
        .and_then(|()| if is_cut(&lifeline) { bail!("the caller is gone") } else { Ok(()) })
        .and_then(|()| Ok((Prepared::new(job, result), assemble::open_tree(&spec)?)));
    let ready = match prepared {
        Ok((prepared, tree)) => {
            assemble::build(&spec, tree, identity, network, notes).map(|built| (prepared, built))
        }
        Err(cause) => return say(&mut report, &Report::Failed(format!("{cause:#}"))),
    };
    let (prepared, built) = match ready {
        Ok(ready) => ready,
        Err(cause) => return say(&mut report, &Report::Unavailable(format!("{cause:#}"))),
    };
    match work(&spec, built, prepared, &mut report, &lifeline, started, run) {
        Ok((ending, gauge)) => say(&mut report, &Report::Ended { ending, upper_bytes: gauge.bytes() }),
        Err(cause) => say(&mut report, &Report::Failed(format!("{cause:#}"))),
    }
}

/// One JSON line; the exit code that goes with it. A caller that is gone
/// needs no answer.
pub(super) fn say(report: &mut File, what: &Report) -> i32 {
    let line = serde_json::to_string(what).map(|line| line + "\n").unwrap_or_default();
    let sent = report.write_all(line.as_bytes());
    i32::from(sent.is_err() || !matches!(what, Report::Ended { .. }))
}

fn work<F>(
    spec: &Spec,
    built: Built,
    prepared: Prepared,
    report: &mut File,
    lifeline: &OwnedFd,
    started: Instant,
    run: F,
) -> Result<(Ending, Gauge)>
where
    F: FnOnce(serde_json::Value, &ChildContext) -> i32,
{
    // Opened before the job exists: a signal that comes while the layers are laid waits in the descriptor.
    let signals = SignalFd::with_flags(&signals(), SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
        .context("opening a signal descriptor")?;
    let (mode, gauge, layers) = built.set_up(spec)?;
    let ready = Report::Ready(mode.clone());
    let job = prepared.start(mode, layers, spec.capabilities, run)?;
    say(report, &ready);
    let Some(job) = job else { return Ok((Ending::Exited(0), gauge)) };
    let ending = watch(job, &signals, lifeline, started, spec.deadline)?;
    kill_all()?;
    Ok((ending, gauge))
}

/// Waits for the job, reaps orphans, passes signals on.
fn watch(
    job: Pid,
    signals: &SignalFd,
    lifeline: &OwnedFd,
    started: Instant,
    deadline: Duration,
) -> Result<Ending> {
    let mut stopped = false;
    loop {
        while let Some(signal) = signals.read_signal().context("reading a signal")? {
            let signal =
                i32::try_from(signal.ssi_signo).ok().and_then(|number| Signal::try_from(number).ok());
            if let Some(signal) = signal.filter(|&one| one != Signal::SIGCHLD) {
                stopped = true;
                // It may be over already; then the next wait says so.
                let _ended = kill(job, signal);
            }
        }
        if let Some(ending) = reap(job)? {
            return Ok(if stopped { Ending::Stopped } else { ending });
        }
        let left = deadline.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Ok(Ending::TimedOut);
        }
        // One wait for all that may happen: the job's end comes as SIGCHLD, the caller's as the lifeline's other end.
        let mut sources = [
            PollFd::new(signals.as_fd(), PollFlags::POLLIN),
            PollFd::new(lifeline.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut sources, timeout(left)) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(cause) => return Err(cause).context("waiting for the job"),
        }
        if is_cut(lifeline) {
            bail!("the caller is gone");
        }
    }
}

/// Reaps whoever is dead; tells how the job ended.
fn reap(job: Pid) -> Result<Option<Ending>> {
    loop {
        match waitpid(None::<Pid>, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) if pid == job => return Ok(Some(Ending::Exited(code))),
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == job => {
                return Ok(Some(Ending::Killed(signal as i32)));
            }
            Ok(WaitStatus::StillAlive) => return Ok(None),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(cause) => return Err(cause).context("waiting for a process"),
        }
    }
}

/// So that nothing writes any more when the layers are measured.
fn kill_all() -> Result<()> {
    // From process 1 this reaches all of its namespace but itself, and nobody outside.
    match kill(Pid::from_raw(-1), Signal::SIGKILL) {
        Ok(()) => {}
        Err(Errno::ESRCH) => return Ok(()),
        Err(cause) => return Err(cause).context("killing what the job left behind"),
    }
    loop {
        match waitpid(None::<Pid>, None) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(Errno::ECHILD) => return Ok(()),
            Err(cause) => return Err(cause).context("waiting for what the job left behind"),
        }
    }
}

fn is_cut(lifeline: &OwnedFd) -> bool {
    let mut source = [PollFd::new(lifeline.as_fd(), PollFlags::POLLIN)];
    poll(&mut source, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
}

fn timeout(left: Duration) -> PollTimeout {
    PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX)
}
