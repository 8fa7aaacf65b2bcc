//! The proof that a reload took effect.
//!
//! Invariant: a reload is proven only when every worker that existed before the signal has
//! retired, new ones serve under the same master, and the new ones came *beside* the old ones, as
//! a new generation does: a master that could not reload replaces a worker only after it died. NGINX
//! starts the new workers about 100 ms before it retires the old ones (`ngx_master_process_cycle`).

use super::error_log::MainLog;
use super::testimony::{Lines, Shown, Testimony};
use crate::host::process::{self, Listening, ProcessId, Role, Worker};
use crate::host::{Root, clock, kill_point};
use crate::outcome::{ErrorLogVerdict, ReloadSection};
use nix::sys::signal::Signal;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const SHORTEST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(10);
/// How long a reload that was signalled may still take once somebody wants the run to stop. Cutting
/// it short would signal a master that may be in the middle of it; a master that retries a `bind()`
/// needs two and a half seconds to give up.
const HURRIED: Duration = Duration::from_secs(5);
/// How often to signal when a generation changed while nobody was looking.
const MOST_SIGNALS: u32 = 3;

/// What is reloaded and how it is watched.
#[derive(Debug, Clone, Copy)]
pub struct ReloadRequest<'a> {
    /// Where the logs lie.
    pub root: &'a Root,
    /// The master to signal; it numbers processes as we do, so its log's pids are ours.
    pub master: ProcessId,
    /// The main-context error logs of the old and of the new configuration.
    pub logs: &'a [MainLog],
    /// How long the proof may take.
    pub timeout: Duration,
    /// Set when somebody wants the run to stop: then the proof gets little more time.
    pub hurry: &'a AtomicBool,
    /// What the log's lines alone can do.
    pub lines: Lines,
}

/// A reload that took effect.
#[derive(Debug, Clone, PartialEq)]
pub struct ReloadProof {
    pub section: ReloadSection,
    /// When the (last) signal was sent.
    pub signalled: Instant,
    /// When every old worker was seen to have retired.
    pub retired: Instant,
    /// Old workers that still finish connections, WebSockets for instance.
    pub lingering: Vec<i32>,
}

/// A reload that is not proven: the old configuration may still serve.
#[derive(Debug, thiserror::Error)]
#[error("the reload is not proven: {reason}")]
pub struct UnprovenReload {
    /// Why.
    pub reason: Unproven,
    /// For the outcome.
    pub section: ReloadSection,
    /// What the log says about it, not redacted.
    pub lines: Vec<String>,
    /// When the signal was sent; `None` when it was not.
    pub signalled: Option<Instant>,
}

/// Why a reload is not proven.
#[derive(Debug, thiserror::Error)]
pub enum Unproven {
    /// The signal could not be sent, so nothing happened.
    #[error("signalling the master failed: {0}")]
    NotSignalled(io::Error),
    /// The processes could not be looked at.
    #[error("looking at the workers failed: {0}")]
    NotObserved(io::Error),
    /// A binary upgrade began meanwhile: the master would start workers of its old configuration.
    #[error("a binary upgrade is under way: the master has started {0}")]
    Upgrading(i32),
    /// The master ended, or another took its place.
    #[error("the master ended")]
    MasterGone,
    /// The master logged that it does not take the new configuration.
    #[error("the master refused the new configuration")]
    Refused,
    /// In time, these workers did not retire.
    #[error("old workers still serve: {0:?}")]
    OldWorkersServe(Vec<i32>),
    /// In time, no new worker came.
    #[error("no new worker serves")]
    NoNewWorker,
    /// Workers died and were replaced; a new generation was not seen.
    #[error("workers were replaced one by one, not by a new generation")]
    NoNewGeneration,
    /// A new generation serves, and the log names errors of its start.
    #[error("the new workers serve, but the error log names errors")]
    LogErrors,
}

/// Tells the master to reload and watches until that is proven or disproven.
///
/// # Errors
/// [`UnprovenReload`] with the reason and with what was seen.
pub fn reload(request: &ReloadRequest) -> Result<ReloadProof, Box<UnprovenReload>> {
    let logs = Testimony::start(request.root, request.logs, request.master);
    let started = clock::monotonic();
    let mut watch = Watch {
        master: request.master,
        listening: Listening::default(),
        logs,
        started,
        old_workers: Vec::new(),
        signalled: None,
        newcomers: BTreeMap::new(),
        taken: false,
        hurry: request.hurry,
        hurried: None,
        lines: request.lines,
    };
    let result = watch.signal_until_proven(started + request.timeout);
    watch.logs.read();
    watch.taken = result.is_ok();
    let mut section = watch.section();
    let unproven = |reason, section: ReloadSection, lines| {
        Err(Box::new(UnprovenReload { reason, section, lines, signalled: watch.signalled }))
    };
    match result {
        Err(reason) => unproven(reason, section, watch.logs.of_start(watch.shown())),
        Ok(_) if section.error_log == ErrorLogVerdict::Errors && request.lines == Lines::Fail => {
            unproven(Unproven::LogErrors, section, watch.logs.against(watch.shown()))
        }
        Ok(retired) => {
            section.proven = true;
            let lingering = watch.old_workers.iter().filter(|worker| process::is_alive(worker.id));
            Ok(ReloadProof {
                lingering: lingering.map(|worker| worker.id.pid).collect(),
                signalled: watch.signalled.unwrap_or(started),
                section,
                retired,
            })
        }
    }
}

struct Watch<'a> {
    master: ProcessId,
    listening: Listening,
    logs: Testimony,
    started: Instant,
    /// Every worker from before a signal of ours.
    old_workers: Vec<Worker>,
    signalled: Option<Instant>,
    /// Every worker that appeared since the last signal, also those that are gone.
    newcomers: BTreeMap<ProcessId, Worker>,
    /// Whether a generation came beside the one before since the last signal.
    taken: bool,
    hurry: &'a AtomicBool,
    /// The end of the proof since it was seen.
    hurried: Option<Instant>,
    lines: Lines,
}

/// What one generation of workers did between two looks.
struct Generation {
    old: Vec<Worker>,
    /// New workers at the last look that served then.
    new: Vec<Worker>,
    /// Whether more new workers served at once than old ones had died.
    came_beside: bool,
}

impl Watch<'_> {
    fn signal_until_proven(&mut self, deadline: Instant) -> Result<Instant, Unproven> {
        for _ in 0..MOST_SIGNALS {
            // Before the signal: it takes longer than a new generation needs to replace the old one.
            self.listening = Listening::around(self.master).map_err(Unproven::NotObserved)?;
            let old = self.listening.workers(self.master).map_err(Unproven::NotObserved)?;
            let known: BTreeSet<ProcessId> = self.old_workers.iter().map(|worker| worker.id).collect();
            self.old_workers.extend(old.iter().filter(|worker| !known.contains(&worker.id)).cloned());
            self.newcomers.clear();
            self.taken = false;
            if self.signalled.is_none() {
                self.logs.forget();
            }
            if let Some(next) = process::successor(self.master).map_err(Unproven::NotObserved)? {
                return Err(Unproven::Upgrading(next.pid));
            }
            kill_point!("reload: before the signal");
            process::signal(self.master, Signal::SIGHUP).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => Unproven::MasterGone,
                _ => Unproven::NotSignalled(error),
            })?;
            self.signalled = Some(clock::monotonic());
            kill_point!("reload: after the signal");
            let mut generation = Generation { old, new: Vec::new(), came_beside: false };
            let retired = self.watch(&mut generation, deadline)?;
            kill_point!("reload: after the old workers retired");
            if generation.came_beside {
                return Ok(retired);
            }
            // All were replaced, but nobody saw how: a second signal to these workers tells.
        }
        Err(Unproven::NoNewGeneration)
    }

    /// Looks until every old worker has retired and new ones serve.
    fn watch(&mut self, generation: &mut Generation, deadline: Instant) -> Result<Instant, Unproven> {
        let mut pause = SHORTEST_PAUSE;
        loop {
            self.logs.read();
            // The order matters: the new ones were counted before the old ones are looked at again,
            // so a worker that replaces a dead one is never counted beside it.
            let roles: Vec<Option<Role>> =
                generation.old.iter().map(|worker| self.listening.role(worker.id)).collect();
            let dead = roles.iter().filter(|role| role.is_none()).count();
            generation.came_beside |= generation.new.len() > dead;
            self.taken |= generation.came_beside;
            let now = clock::monotonic();
            let deadline = self.hurried_deadline(deadline, now);
            let retired = roles.iter().all(|role| matches!(role, None | Some(Role::ShuttingDown)));
            if self.logs.says_refused(Shown { old_serve: !retired, ..self.shown() }) {
                return Err(Unproven::Refused);
            }
            if retired && !generation.new.is_empty() && self.still_serve(&generation.new) {
                return Ok(now);
            }
            if !process::is_alive(self.master) {
                return Err(Unproven::MasterGone);
            }
            if now >= deadline {
                return Err(overdue(generation, &roles));
            }
            self.look_for_new(generation)?;
            clock::pause(pause.min(deadline.saturating_duration_since(now)));
            if generation.came_beside {
                pause = (pause * 5 / 4).min(LONGEST_PAUSE);
            }
        }
    }

    fn hurried_deadline(&mut self, deadline: Instant, now: Instant) -> Instant {
        if self.hurried.is_none() && self.hurry.load(Ordering::SeqCst) {
            self.hurried = Some(now + HURRIED);
        }
        self.hurried.map_or(deadline, |hurried| hurried.min(deadline))
    }

    fn look_for_new(&mut self, generation: &mut Generation) -> Result<(), Unproven> {
        let is_old = |worker: &Worker| generation.old.iter().any(|old| old.id == worker.id);
        let mut workers = self.listening.workers(self.master).map_err(Unproven::NotObserved)?;
        workers.retain(|worker| !is_old(worker));
        if workers.iter().any(|worker| worker.role == Role::ShuttingDown) {
            // Of a cut title: the new configuration has sockets that the old one did not have.
            self.listening = Listening::around(self.master).map_err(Unproven::NotObserved)?;
            workers
                .iter_mut()
                .for_each(|worker| worker.role = self.listening.role(worker.id).unwrap_or(worker.role));
        }
        let new: Vec<Worker> = workers.into_iter().filter(|worker| worker.role == Role::Serving).collect();
        self.newcomers.extend(new.iter().map(|worker| (worker.id, worker.clone())));
        generation.new = new;
        Ok(())
    }

    fn still_serve(&self, workers: &[Worker]) -> bool {
        process::is_alive(self.master)
            && workers.iter().any(|worker| self.listening.role(worker.id) == Some(Role::Serving))
    }

    fn shown(&self) -> Shown<'_> {
        Shown {
            old: &self.old_workers,
            newcomers: &self.newcomers,
            taken: self.taken,
            old_serve: !self.taken,
        }
    }

    fn section(&self) -> ReloadSection {
        let serving = self.listening.workers(self.master).unwrap_or_default();
        let old: BTreeSet<i32> = self.old_workers.iter().map(|worker| worker.id.pid).collect();
        let is_new = |worker: &&Worker| worker.role == Role::Serving && !old.contains(&worker.id.pid);
        ReloadSection {
            proven: false,
            new_workers: serving.iter().filter(is_new).map(|worker| worker.id.pid).collect(),
            old_workers: old.iter().copied().collect(),
            error_log: self.verdict(),
            noted: self.logs.noted(self.shown(), self.lines),
            millis: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }

    fn verdict(&self) -> ErrorLogVerdict {
        if !self.logs.against(self.shown()).is_empty() {
            ErrorLogVerdict::Errors
        } else if self.logs.is_looked_at() {
            ErrorLogVerdict::Clean
        } else {
            ErrorLogVerdict::NotLookedAt
        }
    }
}

fn overdue(generation: &Generation, roles: &[Option<Role>]) -> Unproven {
    let serves = |role: &Option<Role>| !matches!(role, None | Some(Role::ShuttingDown));
    let left = generation.old.iter().zip(roles).filter(|(_, role)| serves(role));
    let left: Vec<i32> = left.map(|(worker, _)| worker.id.pid).collect();
    if left.is_empty() { Unproven::NoNewWorker } else { Unproven::OldWorkersServe(left) }
}
