//! `confirm`: keep the change that waits for its confirmation; and what there
//! is to know of one that waits.

use crate::apply::{self, Confirmation, Confirmed, Pending, Window};
use crate::cli::context::Context;
use crate::host::Root;
use crate::host::timers::{Timers, this_program};
use crate::inspect::{BootUnit, boot_unit, no_boot_unit};
use crate::journal::TimeLeft;
use crate::outcome::codes;
use crate::outcome::{Failure, FailureKind, Finding, Level, Outcome, OutcomeKind, duration_in_words};
use crate::prepare::{OpenRun, Undoing};
use serde_json::{Value, json};
use std::time::Duration;

/// Keeps it. Accepted from any session: what counts is that somebody still
/// reaches this server.
pub fn confirm(context: &Context) -> Result<Outcome, Failure> {
    let lock = context.lock()?;
    let mut outcome = Outcome::new("confirm", OutcomeKind::Ok);
    outcome.host = Some(context.host());
    match apply::confirm(&context.root, &lock, context.actor()) {
        Ok((confirmed, notes)) => {
            let (run, verdict) = match confirmed {
                Confirmed::Now(run) => (run, "confirmed: the change stays"),
                Confirmed::Already(run) => {
                    outcome.outcome = OutcomeKind::UpToDate;
                    (run, "nothing waits for a confirmation: the newest change stays")
                }
            };
            outcome.set_verdict(verdict);
            outcome.details.add("run", run.as_str());
            outcome.details.set_notes(notes);
        }
        Err(failure) => {
            // What comes too late is undone, by whatever the disk allows.
            let open = OpenRun::look(&context.root).filter(OpenRun::is_overdue);
            let hint = open.map(|open| open.advice()).or_else(|| failure.hint.clone());
            outcome.fail(Failure { hint, ..failure });
        }
    }
    Ok(outcome)
}

/// What `--confirm-within` demands of a run.
///
/// # Errors
/// When what undoes the change could not be armed, or would not outlive a
/// restart: then nothing is changed.
pub fn demanded(context: &Context, within: Option<Duration>) -> Result<Confirmation, Failure> {
    let Some(within) = within else { return Ok(Confirmation::NotAsked) };
    let refused = |message: &str, finding: Finding| {
        let hint = finding.advice.clone();
        Failure::new(FailureKind::Refused, message).with_hint(hint).with_findings(vec![finding])
    };
    let no_timer = |reason: String| {
        let finding = Finding::new(codes::HOST_NO_TIMER, "no timer can be armed here")
            .evidence(reason.clone())
            .advice("leave --confirm-within out; every proof is made all the same");
        refused(&format!("--confirm-within: nothing could undo the change in time: {reason}"), finding)
    };
    if !context.root.is_live() {
        return Err(no_timer("a tree below --root is not the server that runs here".to_owned()));
    }
    let timers = Timers::reach().and_then(|timers| timers.share_our_clock().map(|()| timers));
    let timers = timers.map_err(|error| no_timer(error.to_string()))?;
    if let BootUnit::Missing(missing) = boot_unit(&context.root) {
        let mut finding = no_boot_unit(&missing);
        finding.regrade(Level::Stop);
        return Err(refused(
            "--confirm-within needs the boot unit (motionctl-recover.service), which is not enabled",
            finding,
        ));
    }
    let program = this_program().map_err(|error| no_timer(error.to_string()))?;
    Ok(Confirmation::Within(Window {
        within,
        timers,
        undo: timer_command(context, program.clone(), &["--unconfirmed"])?,
        warn: timer_command(context, program, &["--warn", "--unconfirmed"])?,
    }))
}

/// What a timer runs; the run's name follows it.
///
/// # Errors
/// When a path is not text.
pub fn timer_command(context: &Context, program: String, more: &[&str]) -> Result<Vec<String>, Failure> {
    let mut command = vec![program];
    command.extend(context.config_argument()?);
    command.extend(["rollback", "--yes"].map(str::to_owned));
    command.extend(context.nginx_arguments()?);
    command.extend(more.iter().map(ToString::to_string));
    Ok(command)
}

/// The finding of a change that waits.
pub fn finding(root: &Root, pending: &Pending) -> Finding {
    let advice = OpenRun::look(root).map(|open| open.advice()).unwrap_or_default();
    Finding::new(codes::RUN_AWAITING_CONFIRMATION, "a change waits for its confirmation")
        .evidence(format!("run {}: {}", pending.run, moment_in_words(pending)))
        .advice(advice)
}

/// The refusal of another change meanwhile.
pub fn refusal(root: &Root, pending: &Pending) -> Failure {
    let finding = finding(root, pending);
    Failure::new(FailureKind::Refused, "a change waits for its confirmation")
        .with_hint(finding.advice.clone())
        .with_findings(vec![finding])
}

/// How much time is left, for people.
pub fn time_in_words(pending: &Pending) -> String {
    let wall = &pending.deadline.wall;
    match pending.left {
        TimeLeft::Left(left) => format!("{} left, until {wall}", duration_in_words(left)),
        TimeLeft::Over => format!("the time was over at {wall}"),
        TimeLeft::Restarted => "the time is over: the server was started again".to_owned(),
    }
}

/// What has to be typed by when, for who has just made the change.
pub fn due_in_words(pending: &Pending) -> String {
    match pending.left {
        TimeLeft::Left(left) => format!(
            "Run `motionctl confirm` by {} ({} left), or it is undone",
            clock_in_words(&pending.deadline.wall, left),
            duration_in_words(left)
        ),
        TimeLeft::Over | TimeLeft::Restarted => format!("It is undone: {}", time_in_words(pending)),
    }
}

/// `01:39:27 UTC` of `2026-11-28T01:39:27Z`, with the day where there may be another before it.
fn clock_in_words(wall: &str, left: Duration) -> String {
    const HALF_A_DAY: Duration = Duration::from_secs(12 * 60 * 60);
    let words = wall.replace('T', " ").replace('Z', " UTC");
    match words.split_once(' ') {
        Some((_, time)) if left < HALF_A_DAY => time.to_owned(),
        _ => words,
    }
}

/// Until when there is time: the same at each look, so that one answer never says two things.
pub fn moment_in_words(pending: &Pending) -> String {
    match pending.left {
        TimeLeft::Left(_) => format!("until {}", pending.deadline.wall),
        TimeLeft::Over | TimeLeft::Restarted => time_in_words(pending),
    }
}

/// What waits, for programs.
pub fn section(pending: &Pending, undoing: &Undoing) -> Value {
    let seconds = match pending.left {
        TimeLeft::Left(left) => left.as_secs(),
        TimeLeft::Over | TimeLeft::Restarted => 0,
    };
    json!({
        "run": pending.run.as_str(),
        "backup": pending.backup,
        "until": pending.deadline.wall,
        "seconds_left": seconds,
        // Unknown is not no.
        "armed": undoing.is_armed(),
    })
}
