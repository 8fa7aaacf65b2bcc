//! The newest run as a monitor is told of it.
//!
//! Invariant: says what is known of earlier runs, and looks at nothing itself.

use super::confirm::time_in_words;
use crate::host::Holder;
use crate::journal::{Phase, RunKind, RunOutcome, Status};
use crate::prepare::{Known, OpenRun, Undoing};
use crate::watch::{LastRun, RunState};

/// Where the newest run stands, for a monitor.
pub fn run_state(known: &Known) -> RunState {
    let Status::Active(run) = &known.journal.status else {
        return if known.journal.status.newest().is_some() { RunState::Over } else { RunState::None };
    };
    match (&known.pending, &known.at_work) {
        (Some(pending), _) if pending.has_time() => {
            let time = time_in_words(pending);
            RunState::Waits(match known.undoing.as_ref().and_then(Undoing::why_not) {
                Some(why) => match known.undoing.as_ref().and_then(Undoing::is_armed) {
                    Some(false) => format!("{time}; its undoing is not armed: {why}"),
                    _ => format!("{time}; {why}"),
                },
                None => time,
            })
        }
        (_, Some(Holder { pid, since })) => RunState::UnderWay(format!("process {pid}, since {since}")),
        _ if known.open.as_ref().is_some_and(OpenRun::is_stuck) => {
            let open = known.open.as_ref().map(|open| format!("{}: {}", open.verdict(), open.advice()));
            RunState::Stuck(open.unwrap_or_default())
        }
        (Some(pending), None) => RunState::Overdue(time_in_words(pending)),
        (None, None) => RunState::Interrupted(format!("run {}", run.run)),
    }
}

/// The newest run, for figures.
pub fn last_run(known: &Known) -> Option<LastRun> {
    let name = |kind: RunKind| match kind {
        RunKind::Migrate => "migrate",
        RunKind::Rollback => "rollback",
    };
    let (kind, outcome) = match &known.journal.status {
        Status::Empty => return None,
        Status::Active(run) => match run.phase {
            Phase::Awaiting => (name(run.kind), "awaiting-confirmation"),
            Phase::Forward | Phase::Proven | Phase::Recovering => (name(run.kind), "unfinished"),
        },
        Status::Quiet(run) => match run.outcome {
            RunOutcome::Applied => (name(run.kind), "applied"),
            RunOutcome::RolledBack => (name(run.kind), "rolled-back"),
            RunOutcome::Failed => (name(run.kind), "failed"),
        },
    };
    let time = known.journal.records.last().and_then(|record| record.time.parse::<jiff::Timestamp>().ok());
    Some(LastRun { kind, outcome, seconds: time.map(jiff::Timestamp::as_second) })
}
