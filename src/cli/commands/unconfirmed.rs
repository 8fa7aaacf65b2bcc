//! What the timer of a change runs: warn whoever is logged in, and undo the
//! change unless it was confirmed.
//!
//! Invariant: it acts on the run that it was armed for and on no other, and at
//! the moment that the journal names. Woken too early (somebody set the wall
//! clock, or started the unit by hand) it sees to it that something wakes it
//! again; where nothing can, it waits itself. Woken late, it acts at once.

use super::confirm::timer_command;
use super::recover::{end, show};
use crate::apply::{History, Pending, UNCONFIRMED, Unconfirmed, arm_again, distrusted, too_early};
use crate::cli::context::Context;
use crate::host::timers::this_program;
use crate::host::{WriteLock, clock, terminals};
use crate::journal::{ActiveRun, Status};
use crate::outcome::codes;
use crate::outcome::{Failure, FailureKind, Outcome, OutcomeKind};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Between two looks at a lock that somebody holds.
const PAUSE: Duration = Duration::from_millis(200);
/// Between two attempts while two masters serve.
const AGAIN: Duration = Duration::from_secs(2);
/// Whoever holds the lock for longer than this is named on the terminals: a process that somebody has stopped holds it
/// for ever.
const LONG: Duration = Duration::from_secs(5);

/// Undoes a run that nobody confirmed.
pub fn undo(context: &Context, run: &str) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::new("rollback", OutcomeKind::UpToDate);
    outcome.host = Some(context.host());
    if !is_open(context, run)? {
        return Ok(nothing_to_do(outcome, run));
    }
    if let Some(verdict) = early(context, run)? {
        outcome.set_verdict(verdict);
        return Ok(outcome);
    }
    let name = outcome.host.as_ref().map_or_else(String::new, |host| host.name.clone());
    let mut said = false;
    let ended = loop {
        let lock = wait_for_lock(context, &name)?;
        // Whoever held the lock may have confirmed it, or undone it by hand.
        if !is_open(context, run)? {
            return Ok(nothing_to_do(outcome, run));
        }
        if !said {
            let text =
                format!("motionctl on {name}: nobody confirmed the change of NGINX; it is undone now.");
            tell(context, &text);
        }
        match end(context, &lock, Unconfirmed::Undone, UNCONFIRMED) {
            Err(failure) if passes(&failure) && !context.stop.load(Ordering::SeqCst) => {
                if !said {
                    let text = format!(
                        "motionctl on {name}: the change cannot be undone yet ({}); it will be when one NGINX is left.",
                        failure.message
                    );
                    tell(context, &text);
                }
                said = true;
            }
            ended => break ended,
        }
        // Without the lock: somebody may want to do it by hand.
        drop(lock);
        clock::pause(AGAIN);
    };
    match ended {
        Ok(Some(recovered)) => {
            tell(context, &format!("motionctl on {name}: the change of NGINX is undone."));
            show(&mut outcome, recovered);
            outcome.outcome = OutcomeKind::Applied;
        }
        Ok(None) => return Ok(nothing_to_do(outcome, run)),
        Err(failure) => {
            tell(
                context,
                &format!(
                    "motionctl on {name}: the change of NGINX could NOT be undone; see `motionctl status`."
                ),
            );
            outcome.fail(failure);
        }
    }
    Ok(outcome)
}

/// What there is to say where the moment has not come; `None` as soon as it has.
fn early(context: &Context, run: &str) -> Result<Option<String>, Failure> {
    let mut waits = false;
    loop {
        let journal = History::look(&context.root).map_err(distrusted)?;
        let found = too_early(&journal.status).map_err(distrusted)?;
        let Some((run, deadline)) = found.filter(|(open, _)| open.as_str() == run) else { return Ok(None) };
        let until = &deadline.wall;
        let armed = this_program().map_err(anyhow::Error::from).and_then(|program| {
            let undo = timer_command(context, program, &["--unconfirmed"])
                .map_err(|failure| anyhow::anyhow!(failure.message))?;
            arm_again(&run, &deadline, &undo)
        });
        match armed {
            Ok(true) => {
                return Ok(Some(format!("too early: armed again, to undo the run {run} at {until}")));
            }
            Ok(false) => {
                return Ok(Some(format!("too early: a timer waits, to undo the run {run} at {until}")));
            }
            Err(error) if context.stop.load(Ordering::SeqCst) => return Err(distrusted(error)),
            Err(error) if !waits => {
                waits = true;
                context.progress.say(&format!(
                    "too early, and no timer can be armed ({error:#}): this process waits until {until}"
                ));
            }
            Err(_) => {}
        }
        clock::pause(AGAIN);
    }
}

/// Whether nothing was done for a reason that ends by itself: during an upgrade of NGINX two masters serve, and
/// nobody would try again later.
fn passes(failure: &Failure) -> bool {
    failure.kind == FailureKind::Refused
        && failure.findings.iter().any(|finding| finding.code == codes::NGINX_SEVERAL_MASTERS)
}

/// Warns that a run is about to be undone, as long as that can be helped.
pub fn warn(context: &Context, run: &str) -> Result<Outcome, Failure> {
    context.need_root()?;
    let mut outcome = Outcome::new("rollback", OutcomeKind::UpToDate);
    outcome.host = Some(context.host());
    let pending = Pending::look(&context.root).map_err(distrusted)?;
    let Some(pending) = pending.filter(|pending| pending.run.as_str() == run) else {
        return Ok(nothing_to_do(outcome, run));
    };
    let name = outcome.host.as_ref().map_or_else(String::new, |host| host.name.clone());
    let told = tell(
        context,
        &format!(
            "motionctl on {name}: the change of NGINX is undone soon ({}).\nTo keep it: motionctl confirm",
            super::confirm::time_in_words(&pending)
        ),
    );
    outcome.outcome = OutcomeKind::Ok;
    outcome.set_verdict("warned whoever is logged in");
    outcome.details.set_notes(vec![told]);
    Ok(outcome)
}

/// Whether this run has begun and not ended, however far it is.
fn is_open(context: &Context, run: &str) -> Result<bool, Failure> {
    let journal = History::look(&context.root).map_err(distrusted)?;
    Ok(matches!(&journal.status, Status::Active(ActiveRun { run: open, .. }) if open.as_str() == run))
}

fn nothing_to_do(mut outcome: Outcome, run: &str) -> Outcome {
    let verdict = format!("nothing to do: the run {run} does not wait for a confirmation");
    outcome.set_verdict(verdict);
    outcome
}

/// Whoever holds the lock ends: a run is finite, and none asks anybody anything
/// while a change waits.
fn wait_for_lock(context: &Context, name: &str) -> Result<WriteLock, Failure> {
    let mut said = false;
    let mut told = false;
    let since = clock::monotonic();
    loop {
        match context.lock() {
            Err(failure) if failure.kind == FailureKind::Refused => {
                if context.stop.load(Ordering::SeqCst) {
                    return Err(failure);
                }
                if !said {
                    context.progress.say(&format!("waiting: {}", failure.message));
                    said = true;
                }
                if !told && since.elapsed() > LONG {
                    told = true;
                    tell(
                        context,
                        &format!(
                            "motionctl on {name}: the change of NGINX cannot be undone yet: {}.",
                            failure.message
                        ),
                    );
                }
                clock::pause(PAUSE);
            }
            answer => return answer,
        }
    }
}

/// Tells the terminals, and says how many.
fn tell(context: &Context, text: &str) -> String {
    let told = terminals::tell(text);
    let said = match told.missed {
        0 => format!("{} terminals told", told.told),
        missed => format!("{} terminals told, {missed} did not take it", told.told),
    };
    context.progress.say(&format!("{} ({said})", text.replace('\n', " ")));
    said
}
