//! `apply`: make the change.

use super::carry_out::{Agreed, carry_out};
use super::change::{
    no_plan, nothing_to_do, refusal, say_whether_blocked, show_plan, unknown_changes, watched,
};
use super::confirm;
use super::pending;
use super::recover::recover_first;
use super::sessions::Watch;

use crate::cli::args::ApplyArgs;
use crate::cli::context::Context;
use crate::cli::files::read_plan;
use crate::cli::prompt;
use crate::host::{Root, WriteLock};
use crate::outcome::codes::{self, RUN_AWAITING_CONFIRMATION};
use crate::outcome::{Failure, FailureKind, Outcome, OutcomeKind, duration_in_words, sort_findings};
use crate::plan::Plan;
use crate::prepare::idle::leave_to_the_wait;
use crate::prepare::{Options, Prepared, Reach, is_trusted, not_asked};

use crate::verify::compare::Seen;

/// Shows the plan, asks, runs it.
pub fn apply(context: &Context, args: &ApplyArgs) -> Result<Outcome, Failure> {
    let mut options = context.change_options(&args.change)?;
    let watch = Watch::new(context, &args.database)?;
    let confirmation = confirm::demanded(context, args.confirm_within)?;
    let saved = args.plan.as_deref().map(read_plan).transpose()?;
    if let Some(saved) = &saved {
        options.make_again(saved);
    }
    // Before the facts that are acted on are read; a dry run only reads.
    let lock = if args.dry_run { None } else { Some(lock_alone(context)?) };
    let (mut prepared, mut outcome) = match watched(context, "apply", &options, &watch) {
        Ok(answer) => answer,
        Err(outcome) => return Ok(*outcome),
    };
    leave_to_the_wait(&mut prepared.findings, args.wait_idle);
    leave_to_the_wait(&mut outcome.findings, args.wait_idle);
    sort_findings(&mut outcome.findings);
    say_whether_blocked(&prepared, &mut outcome);
    let agreed = adopt(&context.root, saved, &options, &mut prepared, &mut outcome)
        .and_then(|()| agreed(context, args, &prepared, &mut outcome));
    let (plan, lock) = match (agreed, lock) {
        (Ok(Some(plan)), Some(lock)) => (plan, lock),
        (Ok(Some(_)), None) => {
            outcome.outcome = OutcomeKind::ChangesPending;
            outcome.set_verdict("dry run: nothing was changed");
            outcome.exit_code = if args.detailed_exitcode { 2 } else { 0 };
            return Ok(outcome);
        }
        (Ok(None), _) => return Ok(outcome),
        (Err(failure), _) => return Ok(outcome.with_failure(failure)),
    };
    if !args.yes {
        // It was on the screen when the question was asked.
        outcome.comparisons.clear();
        outcome.findings.clear();
    }
    if let Err(failure) = watch.at_the_moment(context, &options.accept, args.wait_idle, &mut outcome) {
        return Ok(outcome.with_failure(failure));
    }
    let agreed = Agreed {
        lock: &lock,
        facts: &prepared.inspection.facts,
        programs: &prepared.inspection.programs,
        plan: &plan,
        source: None,
        tested: prepared.tested.as_ref(),
        probes: &prepared.probes(Reach::Harmless),
        sandbox: options.sandbox,
        confirmation,
        reload_timeout: args.change.reload_timeout,
    };
    make(context, &prepared, agreed, &mut outcome)?;
    Ok(outcome)
}

/// Makes the change. What was seen of the new client's route takes the place of what was foreseen.
fn make(
    context: &Context,
    prepared: &Prepared,
    agreed: Agreed<'_>,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let new_client = carry_out(context, agreed, outcome)?;
    let stands = matches!(outcome.outcome, OutcomeKind::Applied | OutcomeKind::AwaitingConfirmation);
    if stands && outcome.reload.is_some() && new_client == Seen::No {
        outcome.findings.retain(|finding| finding.code != codes::ROUTES_NOT_ASKED);
        outcome.findings.extend(not_asked(prepared.were_not_asked(Reach::Harmless, &outcome.probes)));
        sort_findings(&mut outcome.findings);
    }
    Ok(())
}

/// The lock, when no other run is open any more.
pub fn lock_alone(context: &Context) -> Result<WriteLock, Failure> {
    let lock = context.lock()?;
    recover_first(context, &lock)?;
    match pending::look(context)? {
        Some(pending) => Err(confirm::refusal(&context.root, &pending)),
        None => Ok(lock),
    }
}

/// Puts a saved plan in the place of the one that was just made, and what it does in the place of
/// what that one would have done.
fn adopt(
    root: &Root,
    saved: Option<Plan>,
    options: &Options,
    prepared: &mut Prepared,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let Some(saved) = saved else { return Ok(()) };
    if prepared.adopt(root, saved, options)? {
        outcome.findings.clone_from(&prepared.findings);
        show_plan(prepared, outcome);
    }
    Ok(())
}

/// The plan, once nothing stops it and a person agreed; `None` when there is
/// nothing to do.
fn agreed(
    context: &Context,
    args: &ApplyArgs,
    prepared: &Prepared,
    outcome: &mut Outcome,
) -> Result<Option<Plan>, Failure> {
    let planned = prepared.migration.as_ref().map(|migration| migration.plan.clone());
    // Who has taken the lock has looked already; an ordinary user may not read the journal.
    if args.dry_run {
        is_trusted(&context.root)?;
        if let Some(waiting) = prepared.findings.iter().find(|one| one.code == RUN_AWAITING_CONFIRMATION) {
            let failure = Failure::new(FailureKind::Refused, waiting.title.clone());
            return Err(failure.with_hint(waiting.advice.clone()));
        }
    }
    if let Some(failure) = unknown_changes(prepared) {
        return Err(failure);
    }
    if nothing_to_do(prepared, outcome) {
        return Ok(None);
    }
    if let Some(failure) = refusal(prepared) {
        return Err(failure);
    }
    let plan = planned.ok_or_else(no_plan)?;
    let counts = outcome.plan_in_counts();
    outcome.summarise(counts.clone().into_iter().chain(promised(args)));
    if !args.yes && !args.dry_run {
        prompt::confirm(context, outcome)?;
        outcome.summarise(counts);
    }
    Ok(Some(plan))
}

/// What else is agreed to: that it waits, and that somebody has to come back.
fn promised(args: &ApplyArgs) -> impl Iterator<Item = String> {
    let waits = args
        .wait_idle
        .map(|limit| format!("waits up to {} until nobody is logged in", duration_in_words(limit)));
    let confirmed = args.confirm_within.map(|within| {
        format!("undone unless `motionctl confirm` comes within {} of the change", duration_in_words(within))
    });
    waits.into_iter().chain(confirmed)
}
