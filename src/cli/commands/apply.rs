//! `apply`: make the change.

use super::change::{
    no_plan, nothing_to_do, refusal, say_whether_blocked, show_plan, unknown_changes, watched,
};
use super::confirm;
use super::pending;
use super::recover::recover_first;
use super::sessions::Watch;
use crate::apply::{Confirmation, Pending, Request, Run, run};
use crate::cli::args::ApplyArgs;
use crate::cli::context::Context;
use crate::cli::files::read_plan;
use crate::cli::prompt;
use crate::host::{Root, WriteLock};
use crate::inspect::installed_error_log;
use crate::outcome::codes::{self, RUN_AWAITING_CONFIRMATION};
use crate::outcome::{Failure, FailureKind, Outcome, OutcomeKind, duration_in_words, sort_findings};
use crate::plan::{Plan, is_record};
use crate::prepare::idle::leave_to_the_wait;
use crate::prepare::{Options, Prepared, Reach, Undoing, is_trusted, not_asked};
use crate::values::TextPath;
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
            if args.detailed_exitcode {
                outcome.exit_code = 2;
            }
            return Ok(outcome);
        }
        (Ok(None), _) => return Ok(outcome),
        (Err(failure), _) => {
            outcome.fail(failure);
            return Ok(outcome);
        }
    };
    if !args.yes {
        // It was on the screen when the question was asked.
        outcome.comparisons.clear();
        outcome.findings.clear();
    }
    if let Err(failure) = watch.at_the_moment(context, &options.accept, args.wait_idle, &mut outcome) {
        outcome.fail(failure);
        return Ok(outcome);
    }
    let change =
        Change { args, options: &options, prepared: &prepared, plan: &plan, lock: &lock, confirmation };
    make(context, &change, &mut outcome)?;
    Ok(outcome)
}

/// A change that was agreed to.
struct Change<'a> {
    args: &'a ApplyArgs,
    options: &'a Options,
    prepared: &'a Prepared,
    plan: &'a Plan,
    lock: &'a WriteLock,
    confirmation: Confirmation,
}

/// Makes the change, and says in the answer what became of it.
fn make(context: &Context, change: &Change<'_>, outcome: &mut Outcome) -> Result<(), Failure> {
    let inspection = &change.prepared.inspection;
    let probes = change.prepared.probes(Reach::Harmless);
    let (done, result) = run(
        &Request {
            root: &context.root,
            lock: change.lock,
            launcher: &context.launcher,
            facts: &inspection.facts,
            program: inspection.programs.validating()?,
            plan: change.plan,
            source: None,
            probes: &probes,
            sandbox: change.options.sandbox,
            confirmation: change.confirmation.clone(),
            installed_log: installed_error_log,
            reload_timeout: context.reload_timeout(change.args.change.reload_timeout),
            stop: &context.stop,
            actor: context.actor(),
            command: context.command_line(),
        },
        &mut |event| context.progress.event(event),
    );
    let new_client = done.verdict.new_client;
    conclude(context, outcome, done, result);
    let stands = matches!(outcome.outcome, OutcomeKind::Applied | OutcomeKind::AwaitingConfirmation);
    if stands && outcome.reload.is_some() && new_client == Seen::No {
        // What was seen takes the place of what was foreseen.
        outcome.findings.retain(|finding| finding.code != codes::ROUTES_NOT_ASKED);
        let lines = change.prepared.were_not_asked(Reach::Harmless, &outcome.probes);
        outcome.findings.extend(not_asked(lines));
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

/// Turns what a run did into the answer.
pub fn conclude(context: &Context, outcome: &mut Outcome, done: Run, result: Result<(), Failure>) {
    // What was seen before the change is not said as if it were so now.
    outcome.findings.iter_mut().for_each(|finding| finding.before = true);
    outcome.backup = done.backup;
    outcome.reload = done.reload;
    outcome.probes = done.probes;
    outcome.durations = done.durations;
    confirm::note(outcome, done.notes);
    if !done.lingering.is_empty() {
        let note = match done.lingering.len() {
            1 => "1 old worker finishes its connections".to_owned(),
            many => format!("{many} old workers finish their connections"),
        };
        outcome.details.add("lingering", note);
    }
    match result {
        Ok(()) => succeeded(context, outcome, done.pending.as_ref(), done.verdict.new_client),
        Err(failure) => {
            let is_to_be_checked =
                matches!(failure.kind, FailureKind::RolledBack | FailureKind::NeedsOperator);
            outcome.fail(failure);
            if is_to_be_checked {
                by_hand(context, outcome);
            }
        }
    }
}

fn succeeded(context: &Context, outcome: &mut Outcome, pending: Option<&Pending>, new_client: Seen) {
    outcome.outcome = OutcomeKind::Applied;
    let mut verdict = match (&outcome.reload, new_client) {
        (Some(_), Seen::Yes) => "applied and proven".to_owned(),
        (Some(_), Seen::No) => "applied; the reload is proven, the new route could not be asked".to_owned(),
        (None, _) => format!("applied; {}", not_reloaded(context, outcome)),
    };
    if let Some(pending) = pending {
        outcome.outcome = OutcomeKind::AwaitingConfirmation;
        verdict = format!("{verdict}. {}", confirm::due_in_words(pending));
        outcome.details.add("confirmation", confirm::section(pending, &Undoing::of(&context.root, pending)));
        outcome.next("motionctl confirm", "keeps the change");
        outcome.next("motionctl rollback", "undoes it now");
        outcome.next("motionctl status", "how much time is left");
    }
    outcome.set_verdict(verdict);
}

/// Why there was nothing to reload.
pub fn not_reloaded(context: &Context, outcome: &Outcome) -> &'static str {
    let steps = outcome.plan.iter().flat_map(|plan| &plan.steps);
    let mut files = steps.filter(|step| step.kind.ends_with("-file")).filter_map(|step| step.path.as_deref());
    if files.all(|path| TextPath::new(path).is_ok_and(|path| is_record(&path))) {
        "no file that NGINX reads was changed, so nothing was reloaded"
    } else if context.root.is_live() {
        "NGINX does not run, so nothing was reloaded"
    } else {
        "no server runs from this tree, so nothing was reloaded"
    }
}

/// What a person can type to check and to undo.
fn by_hand(context: &Context, outcome: &mut Outcome) {
    let root = context.root_argument();
    outcome.next(format!("motionctl status{root}"), "what is served now, and what the last run left");
    if context.root.is_live() {
        outcome.next("nginx -t", "whether NGINX accepts what is on the disk");
    }
    if let Some(id) = outcome.backup.as_ref().map(|backup| backup.id.clone()) {
        outcome.next(format!("motionctl backups diff {id}{root}"), "what differs from before the change");
        outcome.next(
            format!("motionctl rollback {id} --whole-tree{root}"),
            "only if something of it is not as before: puts all of it back",
        );
    }
}
