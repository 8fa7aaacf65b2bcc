//! `rollback`: undo the newest applied run, or restore the backup named.
//!
//! Invariant: what goes, and who is at work, is on the screen before anything is asked.

pub mod effect;

use super::backup_view::{Verified, named, section, verify};
use super::carry_out::{Agreed, carry_out, not_reloaded};
use super::confirm;
use super::pending;
use super::recover::recover_first;
use super::restore;
use super::unconfirmed;
use crate::apply::{Confirmation, History, distrusted, refusal};
use crate::backup::{Backup, Store};
use crate::cli::args::RollbackArgs;
use crate::cli::context::Context;
use crate::host::{Root, WriteLock};
use crate::inspect::{self, Inspection, Known, inspect};
use crate::journal::{Undoable, runs};
use crate::outcome::{Failure, Outcome, OutcomeKind};
use crate::plan::{Plan, Step};
use crate::prepare::{history_gone, rollback_probes, shown, unusable, way_back};
use crate::values::RootPath;
use crate::verify::probe::ProbePlan;
use effect::{Effect, look_at_sessions};

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
        return Err(confirm::refusal(&context.root, &pending));
    }
    let mut outcome = Outcome::new("rollback", OutcomeKind::Ok);
    outcome.host = Some(context.host());
    let journal = History::look(&context.root).map_err(distrusted)?;
    let named = args.backup.as_deref().map(named).transpose()?;
    let Some(undo) = Undoable::choose(&runs(&journal.records), named) else {
        outcome.outcome = OutcomeKind::UpToDate;
        outcome.set_verdict("there is no applied run to undo");
        outcome.findings.extend(history_gone(&context.root, &journal));
        return Ok(outcome);
    };
    let store = Store::new(&context.root);
    let backup = store.open(&undo.backup).map_err(unusable)?;
    let extent = args.extent();
    verify(&backup, extent, undo.left.iter().map(|(path, _)| &**path))?;
    let backup_section = section(&store, &backup, Verified::Now);
    outcome.backup = Some(backup_section.clone());
    let known = look(context, changed(&undo, &backup))?;
    let planned = way_back(&context.root, (&store, &backup), &undo, &known.facts, extent);
    let agreed = planned.and_then(|plan| {
        agreed(context, args, (&store, &backup), &known, &plan, &mut outcome).map(|()| plan)
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

/// Shows what the plan does and asks, where nothing is in its way.
fn agreed(
    context: &Context,
    args: &RollbackArgs,
    (store, backup): (&Store, &Backup),
    known: &Known,
    plan: &Plan,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    if let Some(barred) = inspect::barred(&known.findings).filter(|_| !plan.is_empty()) {
        return Err(barred);
    }
    if let Some(refusal) = refusal(&context.root, &plan.steps) {
        return Err(refusal);
    }
    if plan.is_empty() {
        return Ok(());
    }
    outcome.plan = Some(shown(plan));
    match args.whole_tree {
        true => restore::show(&context.root, store, backup, outcome)?,
        false => of_run(&context.root, plan, backup).show(outcome)?,
    }
    look_at_sessions(context, &args.database, outcome)?;
    pending::ask(context, args, outcome)
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
        rollback_probes(&known.facts.site, &of_run(&context.root, plan, backup).gone())
    };
    let agreed = Agreed {
        lock,
        facts: &known.facts,
        programs: &known.programs,
        plan,
        source: Some(backup.manifest.id.clone()),
        tested: None,
        probes: &probes,
        sandbox: context.sandbox(args.no_sandbox)?,
        confirmation: Confirmation::NotAsked,
        reload_timeout: args.reload_timeout,
    };
    carry_out(context, agreed, outcome)?;
    if outcome.outcome == OutcomeKind::Applied {
        let verdict = match outcome.reload {
            Some(_) => match &outcome.details.loss {
                Some(loss) => format!("rolled back and proven; taken away again: {loss}"),
                None => "rolled back and proven".to_owned(),
            },
            None if known.facts.nginx.master.is_some() && !plan.steps.contains(&Step::Reload) => {
                "rolled back; NGINX has read these files as they are, so nothing was reloaded".to_owned()
            }
            None => format!("rolled back; {}", not_reloaded(context, outcome)),
        };
        outcome.set_verdict(verdict);
    }
    Ok(())
}

/// The files of a run on their way back.
fn of_run<'a>(root: &'a Root, plan: &Plan, backup: &'a Backup) -> Effect<'a> {
    Effect::new(root, backup, plan.files().map(|(path, ..)| RootPath::clone(path)))
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
