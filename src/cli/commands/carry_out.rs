//! Runs a plan that was agreed to, and says in the answer what became of it.
//!
//! Invariant: every command that changes the configuration goes this way; what was proven is said, and nothing more.

use super::confirm;
use crate::apply::{Confirmation, Pending, Run, RunRequest, SandboxChoice, run};
use crate::cli::context::Context;
use crate::facts::Facts;
use crate::host::WriteLock;
use crate::inspect::{Programs, installed_error_log};
use crate::outcome::{Failure, FailureKind, Outcome, OutcomeKind};
use crate::plan::{Plan, is_record};
use crate::prepare::Undoing;
use crate::values::{BackupId, TextPath};
use crate::verify::compare::Seen;
use crate::verify::probe::ProbePlan;
use crate::verify::tested::AcceptedStates;
use std::time::Duration;

/// A change that was agreed to.
pub struct Agreed<'a> {
    /// The right to write.
    pub lock: &'a WriteLock,
    /// The facts that the plan was made from.
    pub facts: &'a Facts,
    pub programs: &'a Programs,
    pub plan: &'a Plan,
    /// The backup that a rollback takes its contents from.
    pub source: Option<BackupId>,
    /// What NGINX accepted already, where the plan was tested when it was made.
    pub tested: Option<&'a AcceptedStates>,
    /// The routes to hold against each other before and after.
    pub probes: &'a ProbePlan,
    /// Whether a sandbox is demanded.
    pub sandbox: SandboxChoice,
    /// Whether somebody has to confirm it.
    pub confirmation: Confirmation,
    /// How long a reload may take, where somebody said so.
    pub reload_timeout: Option<Duration>,
}

/// Makes the change; whether the new client was seen.
pub fn carry_out(context: &Context, agreed: Agreed<'_>, outcome: &mut Outcome) -> Result<Seen, Failure> {
    let (done, result) = run(
        &RunRequest {
            root: &context.root,
            lock: agreed.lock,
            launcher: &context.launcher,
            facts: agreed.facts,
            program: agreed.programs.validating()?,
            plan: agreed.plan,
            source: agreed.source,
            tested: agreed.tested,
            probes: agreed.probes,
            sandbox: agreed.sandbox,
            confirmation: agreed.confirmation,
            installed_log: installed_error_log,
            reload_timeout: context.reload_timeout(agreed.reload_timeout),
            stop: &context.stop,
            actor: context.actor(),
            command: context.command_line(),
        },
        &mut |event| context.progress.event(event),
    );
    let new_client = done.verdict.new_client;
    conclude(context, outcome, done, result);
    Ok(new_client)
}

/// Turns what a run did into the answer.
fn conclude(context: &Context, outcome: &mut Outcome, done: Run, result: Result<(), Failure>) {
    // What was seen before the change is not said as if it were so now.
    outcome.findings.iter_mut().for_each(|finding| finding.before = true);
    outcome.backup = done.backup;
    outcome.reload = done.reload;
    outcome.probes = done.probes;
    outcome.durations = done.durations;
    outcome.details.set_notes(done.notes);
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
    let mut files = steps.filter(|step| step.kind.is_of_a_file()).filter_map(|step| step.path.as_deref());
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
