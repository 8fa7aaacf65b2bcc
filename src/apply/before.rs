//! What has to hold before the first effect of a run: nothing stands in the way, the real `nginx -t` accepts every state
//! that the disk will be in, and what is replaced lies in a verified backup.
//!
//! Invariant: nothing of the server changes here but that the backup is made. The order is that of what may refuse: what
//! takes no time comes first, the backup last, and a signal still ends it without a trace in the journal.

use super::obstacles::refusal;
use super::request::{Run, RunEvent, RunRequest, SandboxChoice};
use super::staging::states;
use crate::backup::{BackupRequest, Store};
use crate::facts::Facts;
use crate::host::Root;
use crate::outcome::{BackupSection, Failure, FailureKind, counted};
use crate::plan::{Plan, PlanKind};
use crate::values::{BackupId, LinkText, RootPath};
use crate::verify::tested::AcceptedStates;
use crate::verify::{compare, staged};
use anyhow::{Context, Result};
use nginx_config::redact_text;
use std::sync::atomic::Ordering;

/// What a signal before the first effect comes to.
const INTERRUPTED: &str = "interrupted before anything was changed";

/// Sees to all of it; the backup that holds what the steps replace.
pub(super) fn ready(
    request: &RunRequest,
    run: &mut Run,
    events: &mut dyn FnMut(RunEvent),
) -> Result<BackupId, Failure> {
    if let Some(refusal) = refusal(request.root, &request.plan.steps) {
        return Err(refusal);
    }
    if request.sandbox == SandboxChoice::Required {
        run.timed(events, "validating", |_, _| validate(request))?;
    }
    // The answers of today are what the answers after the change are held against: once files have changed it is too
    // late to ask for them. Where NGINX does not run, nobody answers before or after.
    if request.facts.nginx.master.is_some() {
        run.baselines =
            run.timed(events, "probing before", |_, _| Ok::<_, Failure>(request.probes.observe_before()))?;
        run.verdict = compare::before(&request.probes.rows, &run.baselines);
        run.probes = run.verdict.rows.clone();
    }
    let kept_in = match &request.source {
        // A rollback takes its files from a backup, and that one holds what it replaces, too.
        Some(backup) => backup.clone(),
        None => {
            let made = run.timed(events, "backing up", |_, events| backup(request, events));
            let (id, section) = made.map_err(|error| Failure::from_error(FailureKind::Failed, error))?;
            run.backup = Some(section);
            id
        }
    };
    run.kept_in = Some(kept_in.clone());
    if request.stop.load(Ordering::SeqCst) {
        return Err(Failure::new(FailureKind::Cancelled, INTERRUPTED));
    }
    // Looked at last: validating and backing up took their time, and a link may have been turned meanwhile.
    if let Some(link) = turned(request.root, request.plan) {
        let message = format!("the link {link} leads elsewhere than when the change was planned");
        return Err(
            Failure::new(FailureKind::Refused, message).with_hint("look who changed it, and plan again")
        );
    }
    Ok(kept_in)
}

/// A link on the way to the plan's files that says something else by now: the file that is written would not be the
/// one that NGINX reads.
fn turned<'p>(root: &Root, plan: &'p Plan) -> Option<&'p RootPath> {
    let says = |path: &RootPath| root.read_link(path).ok().map(LinkText::new);
    plan.links.iter().find(|(path, text)| says(path).as_ref() != Some(text)).map(|(path, _)| path)
}

/// The gate before any change, for each state that the disk will be in.
fn validate(request: &RunRequest) -> Result<(), Failure> {
    let states = states(request.root, request.plan)
        .map_err(|error| Failure::from_error(FailureKind::Failed, error))?;
    let files = &request.facts.files;
    let holds = |tested: &AcceptedStates| tested.still_holds(request.root, request.program, files, &states);
    if request.tested.is_some_and(holds) {
        return Ok(());
    }
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

fn backup(request: &RunRequest, events: &mut dyn FnMut(RunEvent)) -> Result<(BackupId, BackupSection)> {
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
        .take(request.lock, &asked, &mut |progress| events(RunEvent::Backup(progress)))
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
