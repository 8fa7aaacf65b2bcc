//! One run of a plan from the first look to the last: gates, backup, journal,
//! steps, proof, and the way back.
//!
//! Invariant: nothing is changed before the staged whole passed the real
//! `nginx -t`; whatever fails afterwards is undone, and what is reported was
//! observed.

use super::confirmation::Confirmation;
use super::executor::{Executor, InstalledLog, ReloadTarget, StepFailure, Stopping, Told};
use super::history::History;
use super::obstacles::refusal;
use super::pending::Pending;
use super::recovery::Recovered;
use super::staging::states;
use super::{confirmation, recovery};
use crate::backup::{Progress, Request as BackupRequest, Store};
use crate::facts::Facts;
use crate::host::sandbox::Launcher;
use crate::host::trust::Executable;
use crate::host::{Root, WriteLock, clock};
use crate::journal::{Event as Record, RunKind, RunOutcome};
use crate::outcome::{
    BackupSection, DurationSection, Failure, FailureKind, ProbeRow, ReloadSection, counted, in_words,
};
use crate::plan::{Plan, PlanKind, Step};
use crate::values::{BackupId, LinkText, RootPath, RunId};
use crate::verify::compare::{Baseline, Verdict};
use crate::verify::probe::ProbePlan;
use crate::verify::{ReloadProof, compare, staged};
use anyhow::{Context, Result};
use nginx_config::redact_text;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The stage in which files change and NGINX reloads.
pub const INSTALLING: &str = "installing and reloading";

/// What a signal before the first effect comes to.
const INTERRUPTED: &str = "interrupted before anything was changed";

/// Everything a run needs; nothing in it is left to choose.
pub struct Request<'a> {
    /// The server.
    pub root: &'a Root,
    /// The right to write.
    pub lock: &'a WriteLock,
    /// How sandboxes are started.
    pub launcher: &'a Launcher,
    /// The facts that the plan was made from.
    pub facts: &'a Facts,
    /// NGINX's program, which tests the change.
    pub program: &'a Executable,
    /// What to do.
    pub plan: &'a Plan,
    /// The backup that a rollback takes its contents from.
    pub source: Option<BackupId>,
    /// The routes to hold against each other before and after.
    pub probes: &'a ProbePlan,
    /// Whether a sandbox is demanded.
    pub sandbox: SandboxChoice,
    /// Whether somebody has to confirm it.
    pub confirmation: Confirmation,
    /// Finds the main error log of what is installed.
    pub installed_log: InstalledLog,
    /// How long a reload may take.
    pub reload_timeout: Duration,
    /// Set when a signal asks to stop.
    pub stop: &'a AtomicBool,
    /// Who asked.
    pub actor: String,
    /// With which command line, redacted.
    pub command: String,
}

/// Whether the gate before the change needs a sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SandboxChoice {
    /// Without one nothing is changed.
    Required,
    /// The operator accepts a test after the change instead.
    AfterInstall,
}

/// What happens, for whoever shows it.
#[derive(Debug, Clone, Copy)]
pub enum Event {
    /// A part begins.
    Stage(&'static str),
    /// The backup grows.
    Backup(Progress),
}

/// What a run did and saw.
#[derive(Debug, Default)]
pub struct Run {
    /// The backup that was made.
    pub backup: Option<BackupSection>,
    /// The backup that holds what the steps replace, once it is known.
    pub kept_in: Option<BackupId>,
    /// The newest reload.
    pub reload: Option<ReloadSection>,
    /// What the routes answered.
    pub probes: Vec<ProbeRow>,
    /// How long each part took.
    pub durations: Vec<DurationSection>,
    /// When each proven reload was signalled and when the old workers had gone.
    pub windows: Vec<(Instant, Instant)>,
    /// Old workers that still finish connections.
    pub lingering: Vec<i32>,
    /// What the routes answered before, for a later comparison.
    pub baselines: Vec<Baseline>,
    /// The judgement of the newest comparison.
    pub verdict: Verdict,
    /// Until when it waits for a confirmation, where one was demanded.
    pub pending: Option<Pending>,
    /// What could not be tidied up, for people.
    pub notes: Vec<String>,
}

/// Runs a plan that is not empty. What was done so far is in the first part
/// of the answer, also when the second is a failure.
pub fn run(request: &Request, events: &mut dyn FnMut(Event)) -> (Run, Result<(), Failure>) {
    let mut run = Run::default();
    let result = perform(request, &mut run, events);
    (run, result)
}

fn perform(request: &Request, run: &mut Run, events: &mut dyn FnMut(Event)) -> Result<(), Failure> {
    let failed = |error: anyhow::Error| Failure::from_error(FailureKind::Failed, error);
    if let Some(refusal) = refusal(request.root, &request.plan.steps) {
        return Err(refusal);
    }
    if request.sandbox == SandboxChoice::Required {
        timed(run, events, "validating", |_, _| validate(request))?;
    }
    let runs = request.facts.nginx.master.is_some();
    if runs {
        run.baselines =
            timed(run, events, "probing before", |_, _| Ok::<_, Failure>(request.probes.observe_before()))?;
        run.verdict = compare::before(&request.probes.rows, &run.baselines);
        run.probes = run.verdict.rows.clone();
    }
    let kept_in = match &request.source {
        Some(backup) => backup.clone(),
        None => {
            let (id, section) =
                timed(run, events, "backing up", |_, events| backup(request, events).map_err(failed))?;
            run.backup = Some(section);
            id
        }
    };
    run.kept_in = Some(kept_in.clone());
    if request.stop.load(Ordering::SeqCst) {
        return Err(Failure::new(FailureKind::Cancelled, INTERRUPTED));
    }
    if let Some(link) = turned(request.root, request.plan) {
        let message = format!("the link {link} leads elsewhere than when the change was planned");
        return Err(
            Failure::new(FailureKind::Refused, message).with_hint("look who changed it, and plan again")
        );
    }
    let mut history = History::open(request.lock, request.root).map_err(failed)?;
    let start = started(request, kept_in);
    history.make_room(&start).map_err(failed)?;
    history.record(start).map_err(failed)?;
    let mut executor = Executor {
        reload: ReloadTarget::of(&request.facts.nginx, request.installed_log, request.reload_timeout),
        // Nobody can have been told before the first step.
        told: Told::Nobody,
        ..Executor::of_begun(request.root, request.lock, &mut history, request.stop)
    };
    let demanded = confirmation::demand(&mut executor, &request.confirmation);
    let gone = demanded
        .map_err(|error| in_words(&error))
        .and_then(|()| forward(request, run, &mut executor, events));
    match gone {
        Ok(()) => finish(request, run, &mut executor),
        Err(why) => back(request, run, &mut executor, events, why),
    }
}

/// A link on the way to the plan's files that says something else by now: the file that is written would not be the
/// one that NGINX reads.
fn turned<'p>(root: &Root, plan: &'p Plan) -> Option<&'p RootPath> {
    let says = |path: &RootPath| root.read_link(path).ok().map(LinkText::new);
    plan.links.iter().find(|(path, text)| says(path).as_ref() != Some(text)).map(|(path, _)| path)
}

/// The steps and the gates after them; the failed gate, in words.
fn forward(
    request: &Request,
    run: &mut Run,
    executor: &mut Executor,
    events: &mut dyn FnMut(Event),
) -> Result<(), String> {
    // A rollback that has begun is finished; only a migration can be undone.
    let stopping = match request.plan.kind {
        PlanKind::Migrate => Stopping::Allowed,
        PlanKind::Rollback => Stopping::Ignored,
    };
    let proof = timed(run, events, INSTALLING, |run, _| {
        let gate = || match request.sandbox {
            SandboxChoice::Required => Ok(()),
            SandboxChoice::AfterInstall => test_installed(request),
        };
        let done = executor.run_with_gate(&request.plan.steps, stopping, &gate);
        done.map_err(|failure| describe(run, &failure))
    })?;
    note_proof(run, proof);
    if request.facts.nginx.master.is_some() {
        let after = |run: &mut Run, _: &mut dyn FnMut(Event)| {
            Ok::<_, String>(request.probes.verify_after(&run.baselines))
        };
        run.verdict = timed(run, events, "probing after", after)?;
        run.probes.clone_from(&run.verdict.rows);
        if !run.verdict.passed() {
            return Err(format!("a route does not answer as it must: {}", run.verdict.failures.join("; ")));
        }
    }
    // The last moment to stop at: from here on the run is finished.
    if stopping == Stopping::Allowed && request.stop.load(Ordering::SeqCst) {
        return Err(StepFailure::Interrupted.to_string());
    }
    match confirmation::is_too_late(executor) {
        Ok(false) => Ok(()),
        Ok(true) => Err("the time to confirm was over before the change was proven".to_owned()),
        Err(error) => Err(in_words(&error)),
    }
}

/// Without a sandbox NGINX tests what is installed, before it is told to read it.
fn test_installed(request: &Request) -> Result<(), String> {
    let verdict = staged::test_installed(request.program, request.facts)
        .map_err(|error| format!("running nginx -t: {error}"))?;
    if verdict.accepted {
        return Ok(());
    }
    Err(format!("nginx refuses the new configuration: {}", verdict.errors.join("; ")))
}

fn finish(request: &Request, run: &mut Run, executor: &mut Executor) -> Result<(), Failure> {
    let mut record = |executor: &mut Executor| -> Result<()> {
        // The old files go on waiting beside the new ones: the way back must
        // need no space.
        if let Confirmation::Within(_) = request.confirmation {
            run.pending = confirmation::await_confirmation(executor)?;
            return Ok(());
        }
        executor.history.record(Record::Proven)?;
        executor.settle()?;
        executor.history.record(Record::Finished { outcome: RunOutcome::Applied })
    };
    record(executor).map_err(|error| {
        let message =
            format!("the change is in place and proven, but closing the run failed: {}", in_words(&error));
        Failure::new(FailureKind::NeedsOperator, message).with_hint("run `motionctl recover`")
    })
}

/// The way back, its proof, and what that makes of the failure.
fn back(
    request: &Request,
    run: &mut Run,
    executor: &mut Executor,
    events: &mut dyn FnMut(Event),
    why: String,
) -> Result<(), Failure> {
    let why = redact_text(&why);
    let recovered = timed(run, events, "rolling back", |_, _| recovery::run(executor, &why));
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
    note_proof(run, proof);
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

/// The gate before any change, for each state that the disk will be in.
fn validate(request: &Request) -> Result<(), Failure> {
    let states = states(request.root, request.plan)
        .map_err(|error| Failure::from_error(FailureKind::Failed, error))?;
    for (index, state) in states.iter().enumerate() {
        let verdict = staged::test(request.program, request.root, request.launcher, request.facts, state)
            .map_err(|refused| {
                if request.stop.load(Ordering::SeqCst) {
                    return Failure::new(FailureKind::Cancelled, INTERRUPTED);
                }
                Failure::new(FailureKind::Refused, format!("no sandbox to validate in: {refused}"))
                    .with_hint("--no-sandbox validates after installing and rolls back on failure")
            })?;
        if !verdict.accepted {
            let errors = redact_text(&verdict.errors.join("; "));
            let is_last = index + 1 == states.len();
            return Err(if is_last {
                Failure::new(FailureKind::Invalid, format!("nginx refuses the new configuration: {errors}"))
            } else {
                let message = format!(
                    "nginx refuses the state after {} of {}: {errors}",
                    index + 1,
                    counted(states.len(), "file")
                );
                Failure::new(FailureKind::Refused, message)
            });
        }
    }
    Ok(())
}

/// The configuration folder and every file that is read from elsewhere.
#[must_use]
pub fn backup_paths(facts: &Facts) -> Vec<RootPath> {
    let prefix = &facts.nginx.conf_prefix;
    let outside = facts.files.keys().filter(|path| !path.as_path().starts_with(prefix));
    RootPath::new(prefix).into_iter().chain(outside.cloned()).collect()
}

fn backup(request: &Request, events: &mut dyn FnMut(Event)) -> Result<(BackupId, BackupSection)> {
    let store = Store::new(request.root);
    let mut paths = backup_paths(request.facts);
    paths.extend(request.plan.files().map(|(path, ..)| RootPath::clone(path)));
    let asked = BackupRequest {
        paths: &paths,
        reason: match request.plan.kind {
            PlanKind::Migrate => "before a migration",
            PlanKind::Rollback => "before a rollback",
        },
        run: None,
        host: &request.facts.host.name,
        tool_version: env!("CARGO_PKG_VERSION"),
    };
    let backup = store
        .take(request.lock, &asked, &mut |progress| events(Event::Backup(progress)))
        .context("backing up the configuration")?;
    let id = backup.manifest.id.clone();
    let section = BackupSection {
        path: store.path_of(&id).to_string(),
        id: id.to_string(),
        files: backup.manifest.files(),
        bytes: backup.manifest.bytes(),
        verified: true,
    };
    Ok((id, section))
}

fn started(request: &Request, backup: BackupId) -> Record {
    Record::Started {
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

fn describe(run: &mut Run, failure: &StepFailure) -> String {
    if let StepFailure::Reload(unproven) = failure {
        run.reload = Some(unproven.section.clone());
        if !unproven.lines.is_empty() {
            return format!("{failure}: {}", redact_text(&unproven.lines.join("; ")));
        }
    }
    match failure {
        StepFailure::Other(error) => in_words(error),
        StepFailure::Interrupted | StepFailure::Reload(_) => failure.to_string(),
    }
}

fn note_proof(run: &mut Run, proof: Option<ReloadProof>) {
    if let Some(proof) = proof {
        run.windows.push((proof.signalled, proof.retired));
        run.lingering = proof.lingering;
        run.reload = Some(proof.section);
    }
}

/// Runs one part, notes how long it took, and says that it began.
fn timed<T, E>(
    run: &mut Run,
    events: &mut dyn FnMut(Event),
    name: &'static str,
    part: impl FnOnce(&mut Run, &mut dyn FnMut(Event)) -> Result<T, E>,
) -> Result<T, E> {
    events(Event::Stage(name));
    let started = clock::monotonic();
    let result = part(run, events);
    let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    run.durations.push(DurationSection { step: name.to_owned(), millis, at: None });
    result
}
