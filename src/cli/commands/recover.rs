//! `recover`: finish or undo an interrupted run.

use super::change::host;
use super::confirm::{note, time_in_words};
use crate::apply::{Pending, Recovered, ReloadTarget, Unconfirmed, recover as end_run, restore_whole};
use crate::cli::args::RecoverArgs;
use crate::cli::context::Context;
use crate::host::WriteLock;
use crate::host::timers::Armed;
use crate::inspect::{self, inspect};
use crate::outcome::{Failure, FailureKind, Outcome, OutcomeKind};
use std::time::Duration;

/// Why a run that ended without an end is ended.
const INTERRUPTED: &str = "the run was interrupted";
/// How long the reload of a recovery may take.
const RELOAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Ends an interrupted run, if there is one.
pub fn recover(context: &Context, args: &RecoverArgs) -> Result<Outcome, Failure> {
    let lock = context.lock()?;
    let unconfirmed = if args.boot { at_boot(context)? } else { Unconfirmed::Waits };
    let mut outcome = Outcome::new("recover", OutcomeKind::UpToDate);
    outcome.host = Some(host(context));
    let ended = match args.boot {
        true => end_at_boot(context, &lock, unconfirmed),
        false => end(context, &lock, unconfirmed, INTERRUPTED),
    };
    match ended {
        Ok(Some(recovered)) => {
            outcome.outcome = OutcomeKind::Ok;
            show(&mut outcome, recovered);
        }
        Ok(None) => {
            let pending = Pending::look(&context.root).map_err(|error| unreadable(&error))?;
            let verdict = match &pending {
                Some(pending) => format!("a change waits for its confirmation: {}", time_in_words(pending)),
                None => "no run was interrupted".to_owned(),
            };
            outcome.details.insert("verdict".to_owned(), verdict.into());
        }
        Err(failure) => outcome.fail(failure),
    }
    Ok(outcome)
}

/// Puts what was done into the answer.
pub fn show(outcome: &mut Outcome, recovered: Recovered) {
    outcome.reload = recovered.proof.as_ref().map(|proof| proof.section.clone());
    outcome.details.insert("verdict".to_owned(), recovered.reason.into());
    let steps: Vec<_> = recovered.steps.iter().map(|step| step.describe().describe).collect();
    outcome.details.insert("steps".to_owned(), steps.into());
    note(outcome, recovered.notes);
}

/// What every changing command does first. A change that waits for its
/// confirmation is left alone while it has time.
pub fn recover_first(context: &Context, lock: &WriteLock) -> Result<(), Failure> {
    if let Some(recovered) = end(context, lock, Unconfirmed::Waits, INTERRUPTED)? {
        context.progress.say(&format!("recovered an interrupted run: {}", recovered.reason));
    }
    Ok(())
}

/// Ends the run that is open, for this reason.
pub fn end(
    context: &Context,
    lock: &WriteLock,
    unconfirmed: Unconfirmed,
    why: &str,
) -> Result<Option<Recovered>, Failure> {
    end_run(&context.root, lock, || reload_target(context), unconfirmed, why)
}

/// Ends the run that is open by restoring its whole backup, whatever was
/// edited since.
pub fn end_whole(context: &Context, lock: &WriteLock, why: &str) -> Result<Option<Recovered>, Failure> {
    restore_whole(&context.root, lock, || reload_target(context), why)
}

/// As [`end`], asking nothing of the network or the configuration. NGINX does
/// not run yet, and what does not run is not reloaded.
fn end_at_boot(
    context: &Context,
    lock: &WriteLock,
    unconfirmed: Unconfirmed,
) -> Result<Option<Recovered>, Failure> {
    let target = || ReloadTarget::of(&inspect::bare_facts(&context.root)?.nginx, RELOAD_TIMEOUT);
    end_run(&context.root, lock, target, unconfirmed, "the server was started again")
}

/// A change that waits belongs to the start of the machine in which its timer
/// was armed. The timer is asked as well as the kernel: containers keep the
/// boot id of their host.
fn at_boot(context: &Context) -> Result<Unconfirmed, Failure> {
    let pending = Pending::look(&context.root).map_err(|error| unreadable(&error))?;
    let waits =
        |pending: Pending| pending.has_time() && pending.armed().is_ok_and(|armed| armed == Armed::Yes);
    Ok(if pending.is_some_and(waits) { Unconfirmed::Waits } else { Unconfirmed::Undone })
}

fn unreadable(error: &anyhow::Error) -> Failure {
    Failure::from_error(FailureKind::NeedsOperator, error)
}

/// The running master, when the server can be looked at; what is on the disk
/// may be half of a change, so this must not depend on a valid configuration.
fn reload_target(context: &Context) -> Option<ReloadTarget> {
    let options = inspect::Options { site: context.settings.site.clone(), ..inspect::Options::default() };
    let looked = inspect(&context.root, &options).ok().map(|inspection| inspection.facts);
    let facts = looked.or_else(|| inspect::bare_facts(&context.root))?;
    ReloadTarget::of(&facts.nginx, RELOAD_TIMEOUT)
}
