//! `seed undo`: take back what an apply wrote.
//!
//! Invariant: only where every row still is as the run left it; nobody is asked while a lock is held or a connection is
//! open, and what was agreed to is what is done, or nothing is.

use super::apply::{changed, conclude, refusal, watched};
use super::runs;
use super::takes_effect::effects;
use super::work::{Place, accepted, show_changes, written};
use crate::cli::args::seed::SeedUndoArgs;
use crate::cli::commands::sessions::section;
use crate::cli::context::Context;
use crate::cli::prompt;
use crate::host::clock;
use crate::outcome::{Failure, FailureKind, Outcome, OutcomeKind};
use crate::prepare::accept;
use crate::seed::undo::{Foreseen, KeptRun, Record, Store, UndoRequest, UndoState, Undone};
use crate::seed::{Purpose, Session};

/// A run that can be looked at.
struct Chosen {
    kept: KeptRun,
    record: Record,
    foreseen: Foreseen,
}

/// Shows what would be taken back, asks, does it.
pub fn undo(context: &Context, args: &SeedUndoArgs) -> Result<Outcome, Failure> {
    let accepted = accepted(&args.accept)?;
    let place = Place::new(context, &args.database)?;
    let store = runs::store()?;
    let mut session = place.open(context, Purpose::Read)?;
    let mut outcome = Outcome::new("seed undo", OutcomeKind::Ok);
    outcome.host = Some(context.host());
    outcome.database = Some(section(session.server()));
    context.progress.stage("looking at the run");
    let Some(mut chosen) = choose(&store, args, &mut session, &mut outcome)? else {
        outcome.outcome = OutcomeKind::UpToDate;
        return Ok(outcome);
    };
    accept(&mut chosen.foreseen.findings, &accepted);
    show(context, &chosen, &mut outcome);
    let what = changed(session.server());
    // A person may think for longer than a connection lives.
    drop(session);
    let run = Run { context, args, place: &place, store: &store, what: &what };
    if let Err(failure) = run.go(&chosen, &mut outcome) {
        outcome.takes_effect.clear();
        outcome.fail(failure);
    }
    Ok(outcome)
}

/// The run that was named, or the newest that did something and was not undone; without one, the answer says why.
fn choose(
    store: &Store,
    args: &SeedUndoArgs,
    session: &mut Session,
    outcome: &mut Outcome,
) -> Result<Option<Chosen>, Failure> {
    let mut runs = runs::of(store, session, outcome)?;
    if let Some(named) = &args.run {
        runs.retain(|kept| kept.head.id == *named);
        if runs.is_empty() {
            let message = format!("there is no run {named} of this database that is kept here");
            return Err(Failure::new(FailureKind::Invalid, message)
                .with_hint("`motionctl seed history` lists those that are"));
        }
    }
    let mut verdict = "there is no run to undo".to_owned();
    for kept in runs {
        let id = &kept.head.id;
        if let Some(undone) = &kept.undone {
            if args.run.is_some() {
                verdict = format!("run {id} was undone at {}", undone.at.strftime("%Y-%m-%d %H:%M UTC"));
            }
            continue;
        }
        let record = store.record(id)?;
        let foreseen = session.foresee_undo(&kept, &record)?;
        if foreseen.standing != UndoState::Before {
            return Ok(Some(Chosen { kept, record, foreseen }));
        }
        verdict = format!("the rows are as they were before run {id}: there is nothing to undo");
        // One whose COMMIT nobody saw has changed nothing; an older one may have.
        if kept.committed.is_some() {
            break;
        }
    }
    outcome.set_verdict(verdict);
    Ok(None)
}

fn show(context: &Context, chosen: &Chosen, outcome: &mut Outcome) {
    let Chosen { kept, foreseen, .. } = chosen;
    outcome.findings.clone_from(&foreseen.findings);
    outcome.details.add("run", kept.head.id.as_str());
    outcome.details.add("manifest", kept.head.manifest.clone());
    outcome.takes_effect = effects(&foreseen.effects);
    show_changes(context, &foreseen.plan, outcome);
}

struct Run<'a> {
    context: &'a Context,
    args: &'a SeedUndoArgs,
    place: &'a Place,
    store: &'a Store,
    what: &'a str,
}

impl Run<'_> {
    fn go(&self, chosen: &Chosen, outcome: &mut Outcome) -> Result<(), Failure> {
        let Chosen { kept, record, foreseen } = chosen;
        let id = &kept.head.id;
        let stops: Vec<_> = outcome.findings.iter().filter(|finding| finding.stops()).collect();
        if !stops.is_empty() {
            return Err(refusal(&stops));
        }
        if self.args.dry_run {
            outcome.outcome = OutcomeKind::ChangesPending;
            let rows = written(&foreseen.plan);
            let verdict = format!("dry run: nothing was changed; undoing run {id} would write {rows}");
            outcome.set_verdict(verdict);
            return Ok(());
        }
        if !self.args.yes {
            prompt::confirm_change_of(self.what, self.context, outcome)?;
            // It was on the screen when the question was asked.
            outcome.details.rows = None;
        }
        let mut session = self.place.open(self.context, Purpose::Write)?;
        let request = UndoRequest { kept, record, foreseen };
        let total = foreseen.plan.rows();
        let mut again = || self.place.open(self.context, Purpose::Write);
        let mut watch = |event: crate::seed::apply::SeedEvent<'_>| watched(self.context, event, total);
        let mut applied = session.undo(&request, &mut again, &mut watch).map_err(Failure::from)?;
        let undone = Undone { at: clock::now(), actor: self.context.actor() };
        if let Err(why) = self.store.undone(id, &undone) {
            applied.notes.push(format!("that run {id} was undone cannot be noted: {why}"));
        }
        outcome.outcome = OutcomeKind::Applied;
        conclude(outcome, &format!("run {id} undone"), &foreseen.plan, applied);
        Ok(())
    }
}
