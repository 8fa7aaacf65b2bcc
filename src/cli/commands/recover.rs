//! `recover`: finish or undo an interrupted run.

use super::confirm::time_in_words;
use crate::apply::{
    History, NotAccepted, Pending, Recovered, ReloadTarget, Server, Unconfirmed, distrusted,
    recover as end_run, restore_whole,
};
use crate::cli::args::RecoverArgs;
use crate::cli::context::Context;
use crate::cli::interrupt;
use crate::host::WriteLock;
use crate::host::process::census;
use crate::host::timers::Armed;
use crate::host::trust::Executable;
use crate::inspect::{self, Inspection, Known, inspect, installed_error_log};
use crate::journal::Status;
use crate::outcome::codes;
use crate::outcome::{Failure, FailureKind, Outcome, OutcomeKind};
use crate::prepare::history_gone;
use crate::prepare::state::{self, Tested};
use crate::values::RootPath;
use std::cell::RefCell;
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
    outcome.host = Some(context.host());
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
            let journal = History::look(&context.root).map_err(distrusted)?;
            let pending = Pending::of(&journal.status).map_err(distrusted)?;
            let verdict = match &pending {
                Some(pending) => format!("a change waits for its confirmation: {}", time_in_words(pending)),
                None => "no run was interrupted".to_owned(),
            };
            outcome.set_verdict(verdict);
            outcome.findings.extend(history_gone(&context.root, &journal));
        }
        Err(failure) => outcome.fail(failure),
    }
    Ok(outcome)
}

/// Puts what was done into the answer.
pub fn show(outcome: &mut Outcome, recovered: Recovered) {
    outcome.reload = recovered.proof.as_ref().map(|proof| proof.section.clone());
    outcome.set_verdict(recovered.reason);
    let steps: Vec<_> = recovered.steps.iter().map(|step| step.describe().describe).collect();
    outcome.details.add("steps", steps);
    outcome.details.set_notes(recovered.notes);
}

/// What every changing command does first. A change that waits for its
/// confirmation is left alone while it has time.
pub fn recover_first(context: &Context, lock: &WriteLock) -> Result<(), Failure> {
    if let Some(recovered) = end(context, lock, Unconfirmed::Waits, INTERRUPTED)? {
        interrupt::has_ended_another();
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
    let server = Found::new(context);
    let ended = end_run(&context.root, lock, &server, unconfirmed, why);
    server.with_notes(ended)
}

/// Ends the run that is open by restoring its whole backup, whatever was
/// edited since.
pub fn end_whole(context: &Context, lock: &WriteLock, why: &str) -> Result<Option<Recovered>, Failure> {
    let server = Found::new(context);
    let ended = restore_whole(&context.root, lock, &server, why);
    server.with_notes(ended)
}

/// As [`end`], asking nothing of the network or the configuration. NGINX does
/// not run yet, and what does not run is not reloaded.
fn end_at_boot(
    context: &Context,
    lock: &WriteLock,
    unconfirmed: Unconfirmed,
) -> Result<Option<Recovered>, Failure> {
    end_run(&context.root, lock, &Booting(context), unconfirmed, "the server was started again")
}

/// The server as it is found after an interruption: what is on the disk may be
/// half of a change, so nothing here depends on a valid configuration.
struct Found<'a> {
    context: &'a Context,
    options: inspect::Options,
    notes: RefCell<Vec<String>>,
}

impl<'a> Found<'a> {
    fn new(context: &'a Context) -> Self {
        Self { context, options: context.bare_options(changed(context)), notes: RefCell::default() }
    }

    fn with_notes(self, ended: Result<Option<Recovered>, Failure>) -> Result<Option<Recovered>, Failure> {
        ended.map(|recovered| {
            recovered.map(|mut recovered| {
                recovered.notes.extend(self.notes.into_inner());
                recovered
            })
        })
    }

    /// `None` where there is no NGINX at all.
    fn look(&self) -> Result<Option<Known>, Failure> {
        match inspect(&self.context.root, &self.options) {
            Ok(Inspection { facts, programs, findings, .. }) => Ok(Some(Known { facts, programs, findings })),
            Err(_) => bare(self.context, &self.options),
        }
    }

    fn untested(&self, why: &str) -> Result<(), NotAccepted> {
        self.notes.borrow_mut().push(format!("not tested again before it was used: {why}"));
        Ok(())
    }
}

impl Server for Found<'_> {
    fn reload_target(&self) -> Result<Option<ReloadTarget>, Failure> {
        let Some(Known { facts, findings, .. }) = self.look()? else { return Ok(None) };
        match inspect::barred(&findings) {
            Some(barred) => Err(nothing_recovered(barred)),
            None => Ok(ReloadTarget::of(&facts.nginx, installed_error_log, RELOAD_TIMEOUT)),
        }
    }

    fn test(&self) -> Result<(), NotAccepted> {
        let context = self.context;
        match state::test(&context.root, &context.launcher, &context.bare_options(changed(context))) {
            Tested::Accepted => Ok(()),
            Tested::Refused(errors) => Err(NotAccepted(format!(
                "the files are set right, but nginx refuses what is on the disk, so it was not told to read it: \
                 {errors}"
            ))),
            Tested::Not(why) => self.untested(&why),
        }
    }
}

/// The server while the machine starts.
struct Booting<'a>(&'a Context);

impl Server for Booting<'_> {
    fn reload_target(&self) -> Result<Option<ReloadTarget>, Failure> {
        let known = match bare(self.0, &self.0.bare_options(changed(self.0))) {
            // Which program would read the files is no question where none runs: half of a change must not be what
            // the next one starts with because PATH has a broken one, or because there are several.
            Err(_) if nothing_runs(self.0) => return Ok(None),
            known => known?,
        };
        let Some(Known { facts, findings, .. }) = known else { return Ok(None) };
        match inspect::barred_at_boot(&findings) {
            Some(barred) => Err(nothing_recovered(barred)),
            None => Ok(ReloadTarget::of(&facts.nginx, installed_error_log, RELOAD_TIMEOUT)),
        }
    }

    fn test(&self) -> Result<(), NotAccepted> {
        Ok(())
    }
}

/// Whether no process is, or calls itself, an NGINX.
fn nothing_runs(context: &Context) -> bool {
    let named = context.bare_options(Vec::new()).nginx.and_then(|path| Executable::open(&path).ok());
    census(named.as_ref())
        .is_ok_and(|found| found.masters.is_empty() && found.strangers.is_empty() && found.loners.is_empty())
}

/// What is known of NGINX without its configuration; `None` where there is no
/// NGINX at all.
fn bare(context: &Context, options: &inspect::Options) -> Result<Option<Known>, Failure> {
    match inspect::bare_facts(&context.root, options) {
        Ok(known) => Ok(Some(known)),
        Err(failure) if failure.findings.iter().any(|finding| finding.code == codes::NGINX_MISSING) => {
            Ok(None)
        }
        Err(failure) => Err(Failure::new(
            FailureKind::NeedsOperator,
            format!("could not look whether NGINX runs: {}; nothing was recovered", failure.message),
        )
        .with_hint("fix that, then run `motionctl recover`")),
    }
}

/// The files of the run that is open.
fn changed(context: &Context) -> Vec<RootPath> {
    let status = History::look(&context.root).map(|journal| journal.status);
    match status {
        Ok(open @ Status::Active(_)) => state::changed(&open),
        _ => Vec::new(),
    }
}

fn nothing_recovered(barred: Failure) -> Failure {
    let hint = barred.hint.as_ref().map_or_else(String::new, |hint| format!("{hint}; then "));
    let message = format!("{}; nothing was recovered", barred.message);
    Failure::new(barred.kind, message)
        .with_hint(format!("{hint}run `motionctl recover`"))
        .with_findings(barred.findings)
}

/// A change that waits belongs to the start of the machine in which its timer
/// was armed. The timer is asked as well as the kernel: containers keep the
/// boot id of their host.
fn at_boot(context: &Context) -> Result<Unconfirmed, Failure> {
    let pending = Pending::look(&context.root).map_err(distrusted)?;
    let waits =
        |pending: Pending| pending.has_time() && pending.armed().is_ok_and(|armed| armed == Armed::Yes);
    Ok(if pending.is_some_and(waits) { Unconfirmed::Waits } else { Unconfirmed::Undone })
}
