//! `rollback`: undo the newest applied run, or restore the backup named.

use super::apply::{conclude, not_reloaded};
use super::backups::{Verified, failure, named, section};
use super::confirm;
use super::past::history_gone;
use super::pending;
use super::recover::recover_first;
use super::restore;
use super::unconfirmed;
use crate::apply::{Confirmation, History, Request, distrusted, refusal, run};
use crate::backup::{Backup, Entry, Store};
use crate::cli::args::RollbackArgs;
use crate::cli::context::Context;
use crate::cli::prompt;
use crate::facts::{Facts, FileFacts};
use crate::host::{Root, WriteLock};
use crate::inspect::{self, Inspection, Known, file_facts, inspect, installed_error_log};
use crate::journal::{Event, JournalStep, RunKind, RunOutcome, StepVersion};
use crate::outcome::{Failure, FailureKind, Outcome, OutcomeKind, PlanSection};
use crate::plan::{
    Plan, PlanKind, Reload, Restored, Step, Version, dropped_locations, rollback as plan_rollback,
};
use crate::prepare::rollback_probes;
use crate::values::{BackupId, Hash, RootPath, TextPath};
use crate::verify::probe::ProbePlan;
use nginx_config::Tree;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// A run that can be undone.
#[derive(Debug, Clone)]
pub struct Undoable {
    /// The backup that holds what it replaced.
    pub backup: BackupId,
    /// What the run left in each file, in its order; `None` where it left no
    /// file.
    left: Vec<(TextPath, Option<Hash>)>,
    /// Folders that it made, in its order.
    folders: Vec<TextPath>,
    /// Whether it restored everything in its backup.
    is_whole: bool,
}

/// Restores what a run changed, or everything in a backup.
pub fn rollback(context: &Context, args: &RollbackArgs) -> Result<Outcome, Failure> {
    match (&args.unconfirmed, args.warn) {
        (Some(run), true) => return unconfirmed::warn(context, run),
        (Some(run), false) => return unconfirmed::undo(context, run),
        (None, _) => {}
    }
    if let Some(pending) = pending::look(context)? {
        return pending::undo(context, args, &pending);
    }
    let lock = context.lock()?;
    if let Err(stuck) = recover_first(context, &lock) {
        return pending::whole(context, args, &lock)?.ok_or(stuck);
    }
    if let Some(pending) = pending::look(context)? {
        return Err(confirm::refusal(&pending));
    }
    let mut outcome = Outcome::new("rollback", OutcomeKind::Ok);
    outcome.host = Some(context.host());
    let Some(undo) = undoable(context, args.backup.as_deref().map(named).transpose()?)? else {
        outcome.outcome = OutcomeKind::UpToDate;
        outcome.details.insert("verdict".to_owned(), "there is no applied run to undo".into());
        let journal = History::look(&context.root).map_err(|error| distrusted(&error))?;
        outcome.findings.extend(history_gone(&context.root, &journal));
        return Ok(outcome);
    };
    let store = Store::new(&context.root);
    let backup = store.open(&undo.backup).map_err(failure)?;
    backup.verify().map_err(failure)?;
    let backup_section = section(&store, &backup, Verified::Now);
    outcome.backup = Some(backup_section.clone());
    let known = look(context, changed(&undo, &backup))?;
    let agreed = plan(context, args, &store, &backup, &undo, &known.facts).and_then(|plan| {
        if let Some(barred) = inspect::barred(&known.findings).filter(|_| !plan.is_empty()) {
            return Err(barred);
        }
        if let Some(refusal) = refusal(&context.root, &plan.steps) {
            return Err(refusal);
        }
        outcome.plan = Some(shown(&plan)).filter(|_| !plan.is_empty());
        if args.whole_tree {
            restore::show(&context.root, &store, &backup, &mut outcome)?;
        }
        if !args.yes && !plan.is_empty() {
            prompt::confirm(context, &outcome)?;
        }
        Ok(plan)
    });
    match agreed {
        Ok(plan) if plan.is_empty() => outcome.outcome = OutcomeKind::UpToDate,
        Ok(plan) => {
            perform(context, args, &lock, &known, &plan, &backup, &mut outcome)?;
            outcome.backup = Some(backup_section);
        }
        Err(failure) => outcome.fail(failure),
    }
    Ok(outcome)
}

/// Runs the plan and turns what it did into the answer.
fn perform(
    context: &Context,
    args: &RollbackArgs,
    lock: &WriteLock,
    known: &Known,
    plan: &Plan,
    backup: &Backup,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let probes = if args.whole_tree {
        ProbePlan::default()
    } else {
        rollback_probes(&known.facts.site, &gone(&context.root, plan, backup))
    };
    let (done, result) = run(
        &Request {
            root: &context.root,
            lock,
            launcher: &context.launcher,
            facts: &known.facts,
            program: &known.programs.validating,
            plan,
            source: Some(backup.manifest.id.clone()),
            probes: &probes,
            sandbox: context.sandbox(args.no_sandbox)?,
            confirmation: Confirmation::NotAsked,
            installed_log: installed_error_log,
            reload_timeout: context.reload_timeout(args.reload_timeout),
            stop: &context.stop,
            actor: context.actor(),
            command: context.command_line(),
        },
        &mut |event| context.progress.event(event),
    );
    conclude(context, outcome, done, result);
    if outcome.outcome == OutcomeKind::Applied {
        let verdict = match outcome.reload {
            Some(_) => "rolled back and proven".to_owned(),
            None => format!("rolled back; {}", not_reloaded(context, outcome)),
        };
        outcome.details.insert("verdict".to_owned(), verdict.into());
    }
    Ok(())
}

/// Paths of locations that only today's files have: what answers there goes with the change that brought it.
fn gone(root: &Root, plan: &Plan, backup: &Backup) -> BTreeSet<String> {
    let of_file = |(path, _, to): (&TextPath, &Version, &Version)| {
        let wanted = to.sha256().map_or_else(|| Ok(Vec::new()), |hash| backup.content(hash)).ok()?;
        let (now, then) = (Tree::parse(root.read(path).ok()?).ok()?, Tree::parse(wanted).ok()?);
        Some(dropped_locations(&now, &then))
    };
    plan.files().filter_map(of_file).flatten().collect()
}

/// The newest applied migration that still stands, or the one whose backup is named. A backup
/// that belongs to no run can still be restored.
pub fn undoable(context: &Context, named: Option<BackupId>) -> Result<Option<Undoable>, Failure> {
    let journal = History::look(&context.root).map_err(|error| distrusted(&error))?;
    // Applied migrations that stand, oldest first, and all that ever were.
    let (mut standing, mut applied): (Vec<Undoable>, Vec<Undoable>) = Default::default();
    let mut current: Option<(Undoable, RunKind)> = None;
    for record in journal.records {
        match record.body {
            Event::Started { kind, backup, steps, .. } => current = Some((changed_by(backup, steps), kind)),
            Event::Finished { outcome: RunOutcome::Applied } => match current.take() {
                Some((run, RunKind::Migrate)) => {
                    applied.push(run.clone());
                    standing.push(run);
                }
                Some((undo, RunKind::Rollback)) => take_off(&mut standing, &undo),
                None => {}
            },
            _ => {}
        }
    }
    Ok(match named {
        None => standing.pop(),
        Some(id) => Some(applied.into_iter().rfind(|run| run.backup == id).unwrap_or(Undoable {
            backup: id,
            left: Vec::new(),
            folders: Vec::new(),
            is_whole: false,
        })),
    })
}

/// A rollback takes the run that it undid off the list; one that restored
/// everything also takes those that came after it.
fn take_off(standing: &mut Vec<Undoable>, undo: &Undoable) {
    let Some(undone) = standing.iter().rposition(|run| run.backup == undo.backup) else { return };
    if undo.is_whole {
        standing.truncate(undone);
    } else {
        standing.remove(undone);
    }
}

fn changed_by(backup: BackupId, steps: Vec<JournalStep>) -> Undoable {
    let mut undo = Undoable { backup, left: Vec::new(), folders: Vec::new(), is_whole: false };
    for step in steps {
        match step {
            JournalStep::SetFile { path, to, .. } => undo.left.push((path, hash(&to))),
            JournalStep::MakeFolder { path } => undo.folders.push(path),
            JournalStep::RestoreTree { .. } => undo.is_whole = true,
            JournalStep::RemoveFolder { .. } | JournalStep::Reload => {}
        }
    }
    undo
}

/// What a version of the journal is, by its bytes; `None` where there is no file.
pub fn hash(version: &StepVersion) -> Option<Hash> {
    match version {
        StepVersion::Absent => None,
        StepVersion::File(hash) => Some(*hash),
    }
}

/// The files that tell which NGINX is meant: those that the run changed, or everything that is put back.
fn changed(undo: &Undoable, backup: &Backup) -> Vec<RootPath> {
    if undo.left.is_empty() {
        return backup.manifest.entries.keys().cloned().collect();
    }
    undo.left.iter().map(|(path, _)| RootPath::clone(path)).collect()
}

/// The facts as far as a broken configuration allows them.
fn look(context: &Context, changed: Vec<RootPath>) -> Result<Known, Failure> {
    let options = context.bare_options(changed);
    match inspect(&context.root, &options) {
        Ok(Inspection { facts, programs, findings, .. }) => Ok(Known { facts, programs, findings }),
        Err(failure) => inspect::bare_facts(&context.root, &options).map_err(|_| failure),
    }
}

fn plan(
    context: &Context,
    args: &RollbackArgs,
    store: &Store,
    backup: &Backup,
    undo: &Undoable,
    facts: &Facts,
) -> Result<Plan, Failure> {
    // Only shown here, and the plan is text.
    let site = facts.site.file.to_string_lossy().into_owned();
    let relies_on = BTreeMap::new();
    let reload = if facts.nginx.master.is_some() { Reload::Wanted } else { Reload::NotRunning };
    if args.whole_tree {
        if store.diff_live(&backup.manifest).map_err(failure)?.is_empty() {
            return Ok(Plan::new(
                PlanKind::Rollback,
                "restore",
                site,
                facts.nginx.version,
                relies_on,
                Vec::new(),
            ));
        }
        let mut steps = vec![Step::RestoreTree { backup: backup.manifest.id.clone() }];
        if reload == Reload::Wanted {
            steps.push(Step::Reload);
        }
        return Ok(Plan::new(PlanKind::Rollback, "whole-tree", site, facts.nginx.version, relies_on, steps));
    }
    if undo.left.is_empty() {
        return Err(Failure::new(FailureKind::Refused, "this backup belongs to no applied run")
            .with_hint("--whole-tree restores everything in it"));
    }
    // What was done last is undone first.
    let restored = undo
        .left
        .iter()
        .rev()
        .map(|(path, left)| restored(context, backup, path, *left))
        .collect::<Result<Vec<_>, _>>()?;
    let is_there =
        |path: &&TextPath| context.root.symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir());
    let folders: Vec<_> = undo.folders.iter().rev().filter(is_there).cloned().collect();
    let id = &backup.manifest.id;
    plan_rollback(id, site, facts.nginx.version, &restored, &folders, reload).map_err(|edited| {
        let list: Vec<_> = edited.iter().map(TextPath::as_str).collect();
        Failure::new(FailureKind::Refused, format!("edited since the run: {}", list.join(", ")))
            .with_hint(format!("see `motionctl backups diff {id}`; --whole-tree restores it all the same"))
    })
}

fn restored(
    context: &Context,
    backup: &Backup,
    path: &TextPath,
    left: Option<Hash>,
) -> Result<Restored, Failure> {
    let now = file_facts(&context.root, path).map_err(|error| {
        let message = format!("looking at {}: {error}", path.as_str());
        match error.kind() {
            // Something else than a file stands there.
            io::ErrorKind::InvalidInput => Failure::new(FailureKind::Invalid, message).with_hint(format!(
                "look who put it there, and move it away; `motionctl backups diff {}` shows what else is not as it was",
                backup.manifest.id
            )),
            _ => Failure::new(FailureKind::Unavailable, message),
        }
    })?;
    let backed_up = match backup.manifest.entries.get(path.as_path()) {
        Some(Entry::File { sha256, attributes, .. }) => {
            Some(FileFacts { sha256: *sha256, attributes: attributes.clone() })
        }
        _ => None,
    };
    Ok(Restored { path: path.clone(), backed_up, now, left_by_run: Some(left) })
}

fn shown(plan: &Plan) -> PlanSection {
    PlanSection {
        id: plan.id.to_string(),
        strategy: plan.strategy.clone(),
        site: plan.site.clone(),
        base: None,
        blocked: None,
        counts: None,
        steps: plan.steps.iter().map(Step::describe).collect(),
        local_changes: crate::outcome::LocalChanges::default(),
        differences_from_guess: None,
        offered: Vec::new(),
        taken: Vec::new(),
        diff: crate::outcome::DiffSection::default(),
    }
}
