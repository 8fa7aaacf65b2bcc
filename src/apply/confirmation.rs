//! Changes that undo themselves unless somebody confirms them in time.
//!
//! Invariant: the deadline is in the journal before the timer is armed, and the
//! timer is armed before the first file changes; so whatever ends the run, its
//! terminal or its session, something is left that undoes it. The timer decides
//! nothing: what it runs looks at the journal, also for whether it is time.

use super::executor::Executor;
use super::journal_file::History;
use super::pending::{Pending, left, undo_unit, warn_unit};
use super::recovery::{Recovered, run as end_run};
use crate::host::timers::{Timer, Timers};
use crate::host::{Root, WriteLock, clock, uptime};
use crate::journal::{Acceptance, ActiveRun, Deadline, Event, RunKind, RunOutcome, Status, TimeLeft};
use crate::outcome::{Failure, FailureKind};
use crate::values::RunId;
use anyhow::{Context, Result, anyhow};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Terminals are warned this long before the end, or a quarter of the time
/// before it where that is less.
const WARNING: Duration = Duration::from_secs(60);

/// Whether a change has to be confirmed.
#[derive(Debug, Clone)]
pub enum Confirmation {
    /// Once proven it stays.
    NotAsked,
    /// It is undone unless it is confirmed in time.
    Within(Window),
}

/// How long a change waits, and who undoes it.
#[derive(Debug, Clone)]
pub struct Window {
    /// From just before the first file changes.
    pub within: Duration,
    pub timers: Timers,
    /// The command that undoes the run whose name follows it.
    pub undo: Vec<String>,
    /// The command that warns of it, likewise.
    pub warn: Vec<String>,
}

/// What a confirmation found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmed {
    /// The change that waited; it stays.
    Now(RunId),
    /// Nothing waits, and the newest change stays.
    Already(RunId),
}

/// Records the deadline of the run that has just started, and arms its timer.
pub(super) fn demand(executor: &mut Executor, confirmation: &Confirmation) -> Result<()> {
    let Confirmation::Within(window) = confirmation else { return Ok(()) };
    let Status::Active(ActiveRun { run, .. }) = executor.history.status() else {
        return Err(anyhow!("no run is under way"));
    };
    let run = run.clone();
    let deadline = deadline(window.within)?;
    executor.history.record(Event::ConfirmBy { deadline: deadline.clone() })?;
    arm(window, &run, &deadline).context("arming the timer that would undo the change")
}

/// The gates have passed: from now on somebody has to confirm it.
pub(super) fn await_confirmation(executor: &mut Executor) -> Result<Option<Pending>> {
    executor.history.record(Event::AwaitingConfirmation)?;
    Pending::of(executor.history.status())
}

/// Whether the time of the active run is over before it was proven.
pub(super) fn is_too_late(executor: &Executor) -> Result<bool> {
    let Status::Active(ActiveRun { confirm_by: Some(deadline), .. }) = executor.history.status() else {
        return Ok(false);
    };
    Ok(!matches!(left(deadline)?, TimeLeft::Left(_)))
}

/// Keeps the change that waits.
///
/// # Errors
/// `Refused` when none waits, or its time is over; `NeedsOperator` when the
/// journal or a folder cannot be written.
pub fn confirm(root: &Root, lock: &WriteLock, actor: String) -> Result<(Confirmed, Vec<String>), Failure> {
    let broken = |error: anyhow::Error| Failure::from_error(FailureKind::NeedsOperator, error);
    let nothing = || Failure::new(FailureKind::Refused, "no change waits for a confirmation");
    match History::look(root).map_err(broken)?.status {
        Status::Quiet(run) if run.outcome == RunOutcome::Applied && run.kind == RunKind::Migrate => {
            return Ok((Confirmed::Already(run.run), Vec::new()));
        }
        Status::Quiet(run) if run.outcome == RunOutcome::RolledBack => {
            return Err(Failure::new(
                FailureKind::Refused,
                format!("the change {} was undone before it was confirmed", run.run),
            )
            .with_hint("make it again with `motionctl apply`"));
        }
        Status::Empty | Status::Quiet(_) => return Err(nothing()),
        Status::Active(_) => {}
    }
    let mut history = History::open(lock, root).map_err(broken)?;
    let Status::Active(active) = history.status().clone() else { return Err(nothing()) };
    if active.standing != Acceptance::Kept {
        let pending = Pending::of(history.status())
            .map_err(broken)?
            .ok_or_else(|| nothing().with_hint("a run was interrupted: run `motionctl recover`"))?;
        refuse_late(&pending)?;
        history.record(Event::Confirmed { actor }).map_err(broken)?;
    }
    let stop = AtomicBool::new(false);
    let mut executor = Executor::of_begun(root, lock, &mut history, &stop);
    let Recovered { notes, .. } = end_run(&mut executor, "confirmed")?;
    Ok((Confirmed::Now(active.run), notes))
}

fn refuse_late(pending: &Pending) -> Result<(), Failure> {
    let why = match pending.left {
        TimeLeft::Left(_) => return Ok(()),
        TimeLeft::Over => format!("the time to confirm was over at {}", pending.deadline.wall),
        TimeLeft::Restarted => {
            "the server was started again since, which ends the time to confirm".to_owned()
        }
    };
    Err(Failure::new(FailureKind::Refused, why))
}

fn deadline(within: Duration) -> Result<Deadline> {
    let now = uptime().context("reading the clock")?;
    let end = now.elapsed.checked_add(within).context("the time to confirm is too long")?;
    let wall = clock::now().checked_add(within).context("the time to confirm is too long")?;
    Ok(Deadline {
        boot: now.boot,
        uptime_millis: u64::try_from(end.as_millis()).context("the time to confirm is too long")?,
        wall: wall.strftime("%FT%TZ").to_string(),
    })
}

fn arm(window: &Window, run: &RunId, deadline: &Deadline) -> Result<()> {
    let lead = WARNING.min(window.within / 4);
    window.timers.arm(&undo_timer(&undo_unit(run), deadline, &named(&window.undo, run)))?;
    window.timers.arm(&Timer {
        name: &warn_unit(run),
        description: "Warn that a change of motionctl is about to be undone",
        at: deadline.since_boot().saturating_sub(lead),
        by_the_wall: false,
        command: &named(&window.warn, run),
    })?;
    Ok(())
}

fn undo_timer<'a>(name: &'a str, deadline: &Deadline, command: &'a [String]) -> Timer<'a> {
    Timer {
        name,
        description: "Undo a change of motionctl that nobody has confirmed",
        at: deadline.since_boot(),
        by_the_wall: true,
        command,
    }
}

fn named(command: &[String], run: &RunId) -> Vec<String> {
    [command, &[run.to_string()]].concat()
}

/// Sees to it that a run is undone at its moment, after something has tried to undo it before; whether that needed
/// another timer.
///
/// # Errors
/// When nothing could be armed: whoever asks is then the last that can undo it.
pub fn arm_again(run: &RunId, deadline: &Deadline, undo: &[String]) -> Result<bool> {
    let name = undo_unit(run);
    let timers = Timers::reach()?;
    if timers.will_fire(&name)? {
        return Ok(false);
    }
    timers.arm_again(&undo_timer(&name, deadline, &named(undo, run)))?;
    Ok(true)
}
