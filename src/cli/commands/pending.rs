//! `rollback` of a run that is still open: a change that waits for its
//! confirmation, or one whose files were edited after it was interrupted.
//!
//! Invariant: the run that is open is ended by the planner of recoveries and no
//! other, so that the journal says what became of it.

use super::backup_view::{Verified, section, verify};
use super::confirm::refusal;
use super::recover::{end, end_whole, show};
use super::restore;
use super::rollback::effect::{Effect, look_at_sessions};
use crate::apply::{History, Pending, Recovered, Unconfirmed, distrusted};
use crate::backup::Store;
use crate::cli::args::RollbackArgs;
use crate::cli::context::Context;
use crate::cli::prompt;
use crate::host::WriteLock;
use crate::journal::{JournalStep, Status};
use crate::outcome::{Failure, FailureKind, Outcome, OutcomeKind};
use crate::prepare::state::changed;
use crate::prepare::unusable;
use crate::values::BackupId;

/// Undoes a change that waits. Whoever is asked is asked before the lock is
/// taken: the timer must not wait for an answer.
pub fn undo(context: &Context, args: &RollbackArgs, pending: &Pending) -> Result<Outcome, Failure> {
    if args.backup.as_ref().is_some_and(|id| id != pending.backup.as_str()) {
        return Err(refusal(&context.root, pending));
    }
    let journal = History::look(&context.root).map_err(distrusted)?;
    let mut outcome = described(context, args, &pending.backup, &journal.status)?;
    ask(context, args, &mut outcome)?;
    let lock = context.lock()?;
    let still = look(context)?.is_some_and(|now| now.run == pending.run);
    if !still {
        let message = format!("the change {} does not wait for its confirmation any more", pending.run);
        return Err(Failure::new(FailureKind::Refused, message).with_hint("see `motionctl status`"));
    }
    let why = "undone by hand before it was confirmed";
    let ended = match args.whole_tree {
        true => end_whole(context, &lock, why),
        false => end(context, &lock, Unconfirmed::Undone, why),
    };
    concluded(&mut outcome, ended);
    Ok(outcome)
}

/// The change that waits, if there is one.
pub fn look(context: &Context) -> Result<Option<Pending>, Failure> {
    Pending::look(&context.root).map_err(distrusted)
}

/// Restores everything that the open run's backup holds, when that is what was
/// asked for: the way out where somebody has edited the files. `None` when the
/// open run is another one.
pub fn whole(context: &Context, args: &RollbackArgs, lock: &WriteLock) -> Result<Option<Outcome>, Failure> {
    let journal = History::look(&context.root).map_err(distrusted)?;
    let Status::Active(run) = &journal.status else { return Ok(None) };
    if !args.whole_tree || args.backup.as_ref().is_some_and(|id| id != run.backup.as_str()) {
        return Ok(None);
    }
    let mut outcome = described(context, args, &run.backup, &journal.status)?;
    ask(context, args, &mut outcome)?;
    concluded(&mut outcome, end_whole(context, lock, "edited after it was interrupted"));
    Ok(Some(outcome))
}

/// Asks for a rollback whose lines are in the answer, where somebody is to be asked.
///
/// # Errors
/// Where the answer was no, or there is nobody to give one.
pub fn ask(context: &Context, args: &RollbackArgs, outcome: &mut Outcome) -> Result<(), Failure> {
    if args.yes {
        outcome.forget_summary();
        return Ok(());
    }
    // Where nobody could be asked they are shown with the refusal.
    prompt::confirm(context, outcome)?;
    // They were on the screen when the question was asked.
    outcome.forget_summary();
    outcome.comparisons.clear();
    Ok(())
}

/// What would be restored, for whoever is asked.
fn described(
    context: &Context,
    args: &RollbackArgs,
    id: &BackupId,
    status: &Status,
) -> Result<Outcome, Failure> {
    context.need_root()?;
    let mut outcome = Outcome::new("rollback", OutcomeKind::Ok);
    outcome.host = Some(context.host());
    let store = Store::new(&context.root);
    let backup = store.open(id).map_err(unusable)?;
    let steps = status.newest().map(|run| run.steps).unwrap_or_default();
    verify(&backup, args.extent(), steps.iter().filter_map(JournalStep::file).map(|path| &**path))?;
    outcome.backup = Some(section(&store, &backup, Verified::Now));
    match args.whole_tree {
        true => restore::show(&context.root, &store, &backup, &mut outcome)?,
        false => Effect::new(&context.root, &backup, changed(status)).show(&mut outcome)?,
    }
    look_at_sessions(context, &args.database, &mut outcome)?;
    Ok(outcome)
}

fn concluded(outcome: &mut Outcome, ended: Result<Option<Recovered>, Failure>) {
    match ended {
        Ok(Some(recovered)) => {
            show(outcome, recovered);
            outcome.outcome = OutcomeKind::Applied;
        }
        Ok(None) => outcome.outcome = OutcomeKind::UpToDate,
        Err(failure) => outcome.fail(failure),
    }
}
