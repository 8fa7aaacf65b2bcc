//! `check`: is this server ready?

use super::change::{nothing_to_do, refusal, unknown_changes, watched};
use super::past::is_trusted;
use super::sessions::Watch;
use crate::cli::args::CheckArgs;
use crate::cli::context::Context;
use crate::outcome::{Failure, Outcome, OutcomeKind};
use crate::prepare::{LookForCopies, OpenConflicts};

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
        outcome.fail(failure);
        return Ok(outcome);
    }
    let root = context.root_argument();
    if unknown_changes(&prepared).is_none() && nothing_to_do(&prepared, &mut outcome) {
        return Ok(outcome);
    }
    let stops = prepared.stops().count();
    let (verdict, next) = match refusal(&prepared) {
        Some(failure) => {
            outcome.fail(failure);
            let standing = prepared.standing();
            let verdict = match stops {
                _ if !standing.undecided.is_empty() => {
                    format!("not ready: {}", standing.verdict().unwrap_or_default())
                }
                _ if standing.is_unknown() => {
                    format!("not ready: {}", standing.verdict().unwrap_or_default())
                }
                0 => "not ready: there is nothing that the route could lead to".to_owned(),
                1 => "not ready: one finding stops an apply".to_owned(),
                _ => format!("not ready: {stops} findings stop an apply"),
            };
            (verdict, (format!("motionctl plan{root}"), "what would change, once nothing stops it"))
        }
        None => {
            outcome.outcome = OutcomeKind::ChangesPending;
            let verdict = "ready: the new client's route is missing and can be brought".to_owned();
            (
                verdict,
                (format!("motionctl rehearse{root}"), "try the change on a private copy of this server"),
            )
        }
    };
    outcome.details.insert("verdict".to_owned(), verdict.into());
    outcome.next(next.0, next.1);
    Ok(outcome)
}
