//! `check`: is this server ready?

use super::change::{nothing_to_do, refusal, unknown_changes, watched};
use super::sessions::Watch;
use crate::cli::args::CheckArgs;
use crate::cli::context::Context;
use crate::facts::RouteState;
use crate::motion::page::NEW_CLIENT;
use crate::outcome::{Failure, Outcome, OutcomeKind, counted_as};
use crate::prepare::{LookForCopies, OpenConflicts, Prepared, is_trusted};

/// Looks, and says whether an apply would go ahead.
pub fn check(context: &Context, args: &CheckArgs) -> Result<Outcome, Failure> {
    let mut options = context.options(&args.site)?;
    options.copies = LookForCopies::Yes;
    options.conflicts = OpenConflicts::Say;
    let watch = Watch::new(context, &args.database)?;
    let (prepared, mut outcome) = match watched(context, "check", &options, &watch) {
        Ok(answer) => answer,
        Err(outcome) => return Ok(*outcome),
    };
    outcome.plan = None;
    outcome.comparisons.clear();
    if let Err(failure) = is_trusted(&context.root) {
        return Ok(outcome.with_failure(failure));
    }
    if unknown_changes(&prepared).is_none() && nothing_to_do(&prepared, &mut outcome) {
        return Ok(outcome);
    }
    let verdict = match refusal(&prepared) {
        Some(failure) => {
            outcome.fail(failure);
            not_ready(&prepared)
        }
        None => {
            outcome.outcome = OutcomeKind::ChangesPending;
            ready(&prepared)
        }
    };
    outcome.set_verdict(verdict);
    Ok(outcome)
}

fn not_ready(prepared: &Prepared) -> String {
    let standing = prepared.standing();
    match prepared.stops().count() {
        _ if !standing.undecided.is_empty() || standing.is_unknown() => {
            format!("not ready: {}", standing.verdict().unwrap_or_default())
        }
        0 => "not ready: there is nothing that the route could lead to".to_owned(),
        stops => {
            format!("not ready: {}", counted_as(stops, "finding stops an apply", "findings stop an apply"))
        }
    }
}

/// Ready for what: the reader need not know what the program is for.
fn ready(prepared: &Prepared) -> String {
    match prepared.route() {
        RouteState::Missing => {
            format!("ready: motionctl apply can add the new client's route ({NEW_CLIENT})")
        }
        RouteState::Elsewhere(_) => {
            format!("ready: motionctl apply can lead the new client's route ({NEW_CLIENT}) to the new client")
        }
        RouteState::Present | RouteState::CannotTell(_) => {
            "ready: motionctl apply can bring back what is missing".to_owned()
        }
    }
}
