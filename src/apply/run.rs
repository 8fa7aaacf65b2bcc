//! One run of a plan from the journal's first record to its last: steps, proof, and the way back.
//!
//! Invariant: nothing is changed before the staged whole passed the real
//! `nginx -t`; whatever fails afterwards is undone, and what is reported was
//! observed.

use super::before::ready;
use super::confirmation::Confirmation;
use super::executor::{Executor, NotAccepted, ReloadTarget, StepFailure, Stopping, Told};
use super::journal_file::History;
use super::recovery::Recovered;
use super::request::{Run, RunEvent, RunRequest, SandboxChoice};
use super::{confirmation, recovery};
use crate::host::clock;
use crate::journal::{Event, RunKind, RunOutcome};
use crate::outcome::{Failure, FailureKind, in_words};
use crate::plan::{PlanKind, Step};
use crate::values::{BackupId, RunId};
use crate::verify::staged;
use anyhow::Result;
use nginx_config::redact_text;
use std::sync::atomic::Ordering;

/// The stage in which files change and NGINX reloads.
pub const INSTALLING: &str = "installing and reloading";

/// Why what was begun is undone, in words.
struct Undo(String);

/// Runs a plan that is not empty. What was done so far is in the first part
/// of the answer, also when the second is a failure.
pub fn run(request: &RunRequest, events: &mut dyn FnMut(RunEvent)) -> (Run, Result<(), Failure>) {
    let mut run = Run::default();
    let result = perform(request, &mut run, events);
    (run, result)
}

fn perform(request: &RunRequest, run: &mut Run, events: &mut dyn FnMut(RunEvent)) -> Result<(), Failure> {
    let failed = |error: anyhow::Error| Failure::from_error(FailureKind::Failed, error);
    let kept_in = ready(request, run, events)?;
    let mut history = History::open(request.lock, request.root).map_err(failed)?;
    let start = started(request, kept_in);
    // Before the first effect: the way back must not need space on a disk that has become full meanwhile.
    history.make_room(&start).map_err(failed)?;
    history.record(start).map_err(failed)?;
    let mut executor = Executor {
        reload: ReloadTarget::of(&request.facts.nginx, request.installed_log, request.reload_timeout),
        // Nobody can have been told before the first step.
        told: Told::Nobody,
        ..Executor::of_begun(request.root, request.lock, &mut history, request.stop)
    };
    // From here on the journal says that a run is under way, so whatever fails takes the way back: also the timer that
    // could not be armed, although no file has changed.
    let went = confirmation::demand(&mut executor, &request.confirmation)
        .map_err(|error| Undo(in_words(&error)))
        .and_then(|()| forward(request, run, &mut executor, events));
    match went {
        Ok(()) => finish(request, run, &mut executor),
        Err(undo) => back(request, run, &mut executor, events, &undo),
    }
}

fn started(request: &RunRequest, backup: BackupId) -> Event {
    Event::Started {
        run: RunId::new(clock::now(), std::process::id()),
        kind: match request.plan.kind {
            PlanKind::Migrate => RunKind::Migrate,
            PlanKind::Rollback => RunKind::Rollback,
        },
        plan: request.plan.id,
        backup,
        steps: request.plan.steps.iter().map(Step::to_journal).collect(),
        actor: request.actor.clone(),
        command: request.command.clone(),
    }
}

/// The steps and the gates after them; the failed gate, in words.
fn forward(
    request: &RunRequest,
    run: &mut Run,
    executor: &mut Executor,
    events: &mut dyn FnMut(RunEvent),
) -> Result<(), Undo> {
    // A rollback that has begun is finished; only a migration can be undone.
    let stopping = match request.plan.kind {
        PlanKind::Migrate => Stopping::Allowed,
        PlanKind::Rollback => Stopping::Ignored,
    };
    let proof = run.timed(events, INSTALLING, |run, _| {
        let gate = || match request.sandbox {
            SandboxChoice::Required => Ok(()),
            SandboxChoice::AfterInstall => test_installed(request),
        };
        let done = executor.run_with_gate(&request.plan.steps, stopping, &gate);
        done.map_err(|failure| describe(run, &failure))
    })?;
    run.note_proof(proof);
    if request.facts.nginx.master.is_some() {
        let after = |run: &mut Run, _: &mut dyn FnMut(RunEvent)| {
            Ok::<_, Undo>(request.probes.verify_after(&run.baselines))
        };
        run.verdict = run.timed(events, "probing after", after)?;
        run.probes.clone_from(&run.verdict.rows);
        if !run.verdict.passed() {
            let failures = run.verdict.failures.join("; ");
            return Err(Undo(format!("a route does not answer as it must: {failures}")));
        }
    }
    // The last moment to stop at: from here on the run is finished.
    if stopping == Stopping::Allowed && request.stop.load(Ordering::SeqCst) {
        return Err(Undo(StepFailure::Interrupted.to_string()));
    }
    match confirmation::is_too_late(executor) {
        Ok(false) => Ok(()),
        Ok(true) => Err(Undo("the time to confirm was over before the change was proven".to_owned())),
        Err(error) => Err(Undo(in_words(&error))),
    }
}

/// Without a sandbox NGINX tests what is installed, before it is told to read it.
fn test_installed(request: &RunRequest) -> Result<(), NotAccepted> {
    let verdict = staged::test_installed(request.program, request.facts)
        .map_err(|error| NotAccepted(format!("running nginx -t: {error}")))?;
    if verdict.accepted {
        return Ok(());
    }
    Err(NotAccepted(format!("nginx refuses the new configuration: {}", verdict.errors.join("; "))))
}

fn describe(run: &mut Run, failure: &StepFailure) -> Undo {
    if let StepFailure::Reload(unproven) = failure {
        run.reload = Some(unproven.section.clone());
        if !unproven.lines.is_empty() {
            return Undo(format!("{failure}: {}", redact_text(&unproven.lines.join("; "))));
        }
    }
    Undo(match failure {
        StepFailure::Other(error) => in_words(error),
        StepFailure::Interrupted | StepFailure::Reload(_) => failure.to_string(),
    })
}

fn finish(request: &RunRequest, run: &mut Run, executor: &mut Executor) -> Result<(), Failure> {
    let mut record = |executor: &mut Executor| -> Result<()> {
        // The old files go on waiting beside the new ones: the way back must
        // need no space.
        if let Confirmation::Within(_) = request.confirmation {
            run.pending = confirmation::await_confirmation(executor)?;
            return Ok(());
        }
        executor.history.record(Event::Proven)?;
        executor.settle()?;
        executor.history.record(Event::Finished { outcome: RunOutcome::Applied })
    };
    record(executor).map_err(|error| {
        let message =
            format!("the change is in place and proven, but closing the run failed: {}", in_words(&error));
        Failure::new(FailureKind::NeedsOperator, message).with_hint("run `motionctl recover`")
    })
}

/// The way back, its proof, and what that makes of the failure.
fn back(
    request: &RunRequest,
    run: &mut Run,
    executor: &mut Executor,
    events: &mut dyn FnMut(RunEvent),
    Undo(why): &Undo,
) -> Result<(), Failure> {
    let why = redact_text(why);
    let recovered = run.timed(events, "rolling back", |_, _| recovery::run(executor, &why));
    let recovered = recovered.map_err(|failure| {
        // What stopped the steps may stop the way back as well, in the same words.
        let message = if failure.message.contains(&why) {
            failure.message
        } else {
            format!("{why}; {}", failure.message)
        };
        Failure { message, ..failure }
    })?;
    let Recovered { proof, changed, notes, .. } = recovered;
    run.notes.extend(notes);
    run.note_proof(proof);
    if request.plan.kind == PlanKind::Rollback {
        // A rollback is finished, not undone: its files are in place, and
        // whether they serve is for a person to see.
        let message = format!("the backup's files are in place, but {why}");
        return Err(Failure::new(FailureKind::NeedsOperator, message).with_hint("run `motionctl status`"));
    }
    if !changed {
        return Err(Failure::new(FailureKind::Failed, why));
    }
    if request.facts.nginx.master.is_some() {
        let verdict = request.probes.verify_restored(&run.baselines, &run.verdict);
        run.probes = verdict.rows.clone();
        if !verdict.passed() {
            let message = format!(
                "{why}; the old configuration is back, but a route does not answer as before: {}",
                verdict.failures.join("; ")
            );
            return Err(Failure::new(FailureKind::NeedsOperator, message));
        }
    }
    Err(Failure::new(FailureKind::RolledBack, why))
}
