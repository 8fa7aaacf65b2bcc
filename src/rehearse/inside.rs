//! The inner side of a rehearsal: in the private copy, the copy is the server.
//!
//! Invariant: the change and its way back are made by the very code that
//! changes a live server; only the upstreams are stand-ins.

use super::load::{From, Load, LoadOptions, Route, Window};
use super::protocol::{Keep, KeptFile, Order, Rehearsed};
use super::stage;
use crate::apply::{Confirmation, INSTALLING, Run, RunEvent, RunRequest, SandboxChoice, run, states};
use crate::facts::{Counted, Facts, FileFacts, LimitFacts, LimitKind, ShadowKind};
use crate::host::sandbox::{ChildContext, Launcher};
use crate::host::trust::Executable;
use crate::host::{Root, WriteLock, clock};
use crate::inspect::{Inspection, file_facts, inspect, installed_error_log};
use crate::outcome::{DurationSection, Failure, FailureKind};
use crate::plan::{Plan, Reload, Restored, Step, Version, rollback};
use crate::prepare::{Reach, prepare};
use crate::values::{BackupId, Hash, RootPath, TextPath};
use crate::verify::compare::Seen;
use crate::verify::probe::ProbePlan;
use crate::verify::staged::Staged;
use crate::verify::tested::AcceptedStates;
use crate::verify::{Gate, Kind, Probe};
use anyhow::Context as _;
use nginx_config::{redact_source, redact_text};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// How long the load runs before the reload begins.
const LEAD: Duration = Duration::from_millis(300);
/// How much of a log is handed out.
const LOG_TAIL: usize = 256 << 10;

/// Rehearses inside the sandbox and sends the result out; the exit code says
/// only whether it could be sent.
pub fn inside(payload: serde_json::Value, context: &ChildContext) -> i32 {
    let mut rehearsed = Rehearsed::default();
    let result = serde_json::from_value::<Order>(payload)
        .context("reading the rehearsal's order")
        .map_err(|error| Failure::from_error(FailureKind::Failed, error))
        .and_then(|order| rehearse(&order, &mut rehearsed));
    rehearsed.failure = result.err().map(|failure| (failure.kind.into(), failure.message));
    let sent = serde_json::to_vec(&rehearsed).map(|bytes| context.send(&bytes));
    i32::from(!matches!(sent, Ok(Ok(()))))
}

fn rehearse(order: &Order, rehearsed: &mut Rehearsed) -> Result<(), Failure> {
    let failed = |error: anyhow::Error| Failure::from_error(FailureKind::Failed, error);
    let root = Root::live();
    let options = &order.options;
    let Inspection { facts, programs, .. } = inspect(&root, &options.inspect)?;
    let origin = clock::monotonic();
    let started = origin;
    let mut stage = stage::set_up(&facts).map_err(failed)?;
    stage::start_nginx(programs.validating()?, &facts, order.capabilities).map_err(failed)?;
    note(rehearsed, "starting the private server", origin, started);

    let started = clock::monotonic();
    let launcher = Launcher { most: order.capabilities, ..Launcher::default() };
    let prepared = prepare(&root, &launcher, options)?;
    stage.complete(&prepared.to_come(&root)).map_err(failed)?;
    rehearsed.notes.extend(stage.notes.iter().cloned());
    note(rehearsed, "inspecting and planning", origin, started);
    let migration = prepared.migration.as_ref();
    let migration = migration.ok_or_else(|| Failure::new(FailureKind::Refused, "there is no plan"))?;
    let plan = &migration.plan;
    let rehearsal = Rehearsal {
        order,
        root: &root,
        launcher: &launcher,
        facts: &prepared.inspection.facts,
        program: prepared.inspection.programs.validating()?,
        plan,
        tested: prepared.tested.as_ref(),
        probes: &prepared.probes(Reach::Everything),
        lock: &WriteLock::take(&root).map_err(|error| failed(error.into()))?,
        stop: AtomicBool::new(false),
        origin,
    };
    if order.keep == Keep::Files {
        keep_planned(&root, plan, rehearsed);
    }
    let result = rehearsal.change(rehearsed).and_then(|done| {
        rehearsal.go_back(&done, rehearsed)?;
        Ok(done.verdict.new_client)
    });
    if order.keep == Keep::Files {
        keep_logs(&root, rehearsal.facts, rehearsed);
    }
    drop(stage);
    // All that could be held against it held; but what it is about may not have been seen.
    if result? == Seen::No {
        let why = prepared.were_not_asked(Reach::Everything, &rehearsed.probes).join("; ");
        let message =
            format!("the reload and the way back are proven, but the new route could not be asked: {why}");
        return Err(Failure::new(FailureKind::Failed, message));
    }
    Ok(())
}

/// The change and its way back on the prepared copy.
struct Rehearsal<'a> {
    order: &'a Order,
    root: &'a Root,
    launcher: &'a Launcher,
    facts: &'a Facts,
    program: &'a Executable,
    plan: &'a Plan,
    tested: Option<&'a AcceptedStates>,
    probes: &'a ProbePlan,
    lock: &'a WriteLock,
    stop: AtomicBool,
    /// When the first step began.
    origin: Instant,
}

impl Rehearsal<'_> {
    /// The change, under load.
    fn change(&self, rehearsed: &mut Rehearsed) -> Result<Run, Failure> {
        let routes = load_routes(self.probes, &mut rehearsed.notes);
        let mut load = None;
        let mut log = None;
        let mut began: BTreeMap<&str, u64> = BTreeMap::new();
        let (done, result) = run(&self.request(self.plan, self.probes, None), &mut |event| match event {
            RunEvent::Stage(INSTALLING) => {
                load = Some(Load::start(
                    routes.clone(),
                    LoadOptions { requests: self.order.load, from: From::ManyAddresses },
                ));
                clock::pause(LEAD);
                began.insert(INSTALLING, millis(self.origin));
            }
            RunEvent::Stage(stage) => {
                log = load.take().map(Load::stop).or_else(|| log.take());
                began.insert(stage, millis(self.origin));
            }
            RunEvent::Backup(_) => {}
        });
        let log = log.or_else(|| load.take().map(Load::stop));
        let windows: Vec<_> = done.windows.iter().map(|(from, to)| Window { from: *from, to: *to }).collect();
        rehearsed.load = log.map(|log| log.section(&windows, self.origin));
        rehearsed.backup.clone_from(&done.backup);
        rehearsed.reload.clone_from(&done.reload);
        rehearsed.probes.clone_from(&done.probes);
        let timed = |part: &DurationSection| {
            let at = began.get(part.step.as_str()).copied();
            DurationSection { at, ..part.clone() }
        };
        rehearsed.durations.extend(done.durations.iter().map(timed));
        result.map(|()| done)
    }

    /// The way back, by the planner and the executor of every rollback.
    fn go_back(&self, done: &Run, rehearsed: &mut Rehearsed) -> Result<(), Failure> {
        let failed = |error: anyhow::Error| Failure::from_error(FailureKind::Failed, error);
        let Some(backup) = &done.kept_in else { return Ok(()) };
        let restored = restored(self.root, self.plan).map_err(failed)?;
        let (site, version) = (self.plan.site.clone(), self.facts.nginx.version);
        let back = rollback(backup, site, version, &restored, &made_folders(self.plan), Reload::Wanted);
        let back = back.map_err(|edited| {
            Failure::new(FailureKind::Failed, format!("edited during the rehearsal: {edited:?}"))
        })?;
        let started = clock::monotonic();
        let (_, result) = run(&self.request(&back, &ProbePlan::default(), Some(backup.clone())), &mut |_| ());
        result?;
        note(rehearsed, "rolling back", self.origin, started);
        let verdict = self.probes.verify_restored(&done.baselines, &done.verdict);
        rehearsed.probes.clone_from(&verdict.rows);
        if !verdict.passed() {
            let list = verdict.failures.join("; ");
            let message = format!("after the rollback a route does not answer as before: {list}");
            return Err(Failure::new(FailureKind::Failed, message));
        }
        self.same_bytes()
    }

    /// The disk says so, too.
    fn same_bytes(&self) -> Result<(), Failure> {
        let differing: Vec<_> = self
            .plan
            .files()
            .filter(|(path, from, _)| sha256(self.root, path) != from.sha256())
            .map(|(path, ..)| path.as_str())
            .collect();
        if differing.is_empty() {
            return Ok(());
        }
        let list = differing.join(", ");
        Err(Failure::new(FailureKind::Failed, format!("the rollback left other bytes in {list}")))
    }

    fn request<'a>(
        &'a self,
        plan: &'a Plan,
        probes: &'a ProbePlan,
        source: Option<BackupId>,
    ) -> RunRequest<'a> {
        RunRequest {
            root: self.root,
            lock: self.lock,
            launcher: self.launcher,
            facts: self.facts,
            program: self.program,
            plan,
            // The way back has other states, and is tested for itself.
            tested: self.tested,
            source,
            probes,
            sandbox: SandboxChoice::Required,
            confirmation: Confirmation::NotAsked,
            installed_log: installed_error_log,
            reload_timeout: self.order.reload_timeout,
            stop: &self.stop,
            actor: "a rehearsal".to_owned(),
            command: self.order.command.clone(),
        }
    }
}

/// Folders that the plan made, the innermost first.
fn made_folders(plan: &Plan) -> Vec<TextPath> {
    let made = plan.steps.iter().rev().filter_map(|step| match step {
        Step::MakeFolder { path } => Some(path.clone()),
        _ => None,
    });
    made.collect()
}

/// The files as the backup and the disk have them, for the planner; what was
/// changed last comes first.
fn restored(root: &Root, plan: &Plan) -> anyhow::Result<Vec<Restored>> {
    let mut files: Vec<_> = plan.files().collect();
    files.reverse();
    files
        .into_iter()
        .map(|(path, from, to)| {
            let now = file_facts(root, path)?;
            Ok(Restored {
                path: path.clone(),
                backed_up: facts_of(from),
                now,
                left_by_run: Some(to.sha256()),
            })
        })
        .collect()
}

fn facts_of(version: &Version) -> Option<FileFacts> {
    match version {
        Version::Absent => None,
        Version::File { sha256, attributes, .. } => {
            Some(FileFacts { sha256: *sha256, attributes: attributes.clone() })
        }
    }
}

fn sha256(root: &Root, path: &RootPath) -> Option<Hash> {
    file_facts(root, path).ok()?.map(|file| file.sha256)
}

/// Pages that the load asks for: they answer before and after the change. Where
/// all visitors share one limit of requests, a load would use up what the probes need.
fn load_routes(probes: &ProbePlan, notes: &mut Vec<String>) -> Vec<Route> {
    let steady = probes.rows.iter().filter(|row| row.gate == Gate::AsBefore && row.kind == Kind::Get);
    let mut routes = Vec::new();
    for Probe { server, target, uri, limits, .. } in steady {
        let shared =
            |limit: &&LimitFacts| limit.kind == LimitKind::Requests && limit.counts == Counted::Together;
        match limits.iter().find(shared) {
            None => {
                routes.push(Route { target: target.clone(), uri: uri.clone(), limits: limits.clone() });
            }
            Some(limit) => {
                notes.push(format!("no load on {server}: all its visitors are counted together by {limit}"));
            }
        }
    }
    notes.dedup();
    routes
}

/// The files as the change makes them, redacted, for `--keep`.
fn keep_planned(root: &Root, plan: &Plan, rehearsed: &mut Rehearsed) {
    // Where they cannot be made, the change fails next and says why.
    let last = states(root, plan).ok().and_then(|mut states| states.pop()).unwrap_or_default();
    for (path, wanted) in last {
        if let Staged::File(content) | Staged::FileInstead(content) = wanted {
            let text = String::from_utf8_lossy(&redact_source(&content.bytes)).into_owned();
            rehearsed.kept.push(KeptFile { name: kept_name(&path), text });
        }
    }
}

/// The ends of the logs, redacted, for `--keep`.
fn keep_logs(root: &Root, facts: &Facts, rehearsed: &mut Rehearsed) {
    let is_log = |path: &Path| path.extension().is_none_or(|kind| kind != "pid" && kind != "lock");
    let logs = facts.nginx.written.iter().filter(|one| one.kind == ShadowKind::File && is_log(&one.path));
    for log in logs {
        let Ok(bytes) = root.read(&log.path) else { continue };
        if bytes.is_empty() {
            continue;
        }
        let tail = &bytes[bytes.len().saturating_sub(LOG_TAIL)..];
        let text = redact_text(&String::from_utf8_lossy(tail));
        rehearsed.kept.push(KeptFile { name: kept_name(&log.path), text });
    }
}

fn kept_name(path: &Path) -> String {
    path.display().to_string().trim_start_matches('/').replace('/', "_")
}

fn note(rehearsed: &mut Rehearsed, step: &str, origin: Instant, started: Instant) {
    let at = millis(origin).saturating_sub(millis(started));
    rehearsed.durations.push(DurationSection {
        step: step.to_owned(),
        millis: millis(started),
        at: Some(at),
    });
}

/// Milliseconds since then.
fn millis(then: Instant) -> u64 {
    u64::try_from(then.elapsed().as_millis()).unwrap_or(u64::MAX)
}
