//! `report`: all that is known of a server, for who looks at it from afar.
//!
//! Invariant: nothing is changed, and what could not be looked at ends nothing: it is said, and the exit code is 0. Only
//! an answer that could not be written is a failure.

pub(super) mod archive;
mod environment;

use super::backup_view::{Verified, section};
use super::change::{nothing_to_do, refusal, watched};
use super::past_run::section as run_section;
use super::plan::judge;
use super::sessions::Watch;
use crate::backup::{Manifest, Store};
use crate::cli::args::{DatabaseArgs, ReportArgs, SiteArgs};
use crate::cli::context::Context;
use crate::journal::runs;
use crate::outcome::{CommandName, Failure, FoundSection, KeptBackup, Outcome, OutcomeKind};
use crate::prepare::{LookForCopies, OpenConflicts, Past, Prepared, is_trusted};

/// Looks at everything.
pub fn report(context: &Context, args: &ReportArgs) -> Result<Outcome, Failure> {
    let Looked { mut outcome, prepared } = look(context, "report", &args.site, &args.database)?;
    found(&mut outcome);
    if let Some(file) = &args.archive {
        archive::write(&archive::packed(context, prepared.as_ref(), &outcome)?, file)?;
        outcome.details.archive = Some(file.display().to_string());
    }
    Ok(outcome)
}

/// What was seen of a server.
pub(super) struct Looked {
    /// What there is to say.
    pub outcome: Outcome,
    /// Everything that it comes from; `None` where the server's configuration could not be read.
    pub prepared: Option<Prepared>,
}

/// The server, what an apply would do, and what earlier runs left.
pub(super) fn look(
    context: &Context,
    command: CommandName,
    site: &SiteArgs,
    database: &DatabaseArgs,
) -> Result<Looked, Failure> {
    let mut options = context.options(site)?;
    options.copies = LookForCopies::Yes;
    options.conflicts = OpenConflicts::Say;
    let watch = Watch::new(context, database)?;
    let (mut outcome, prepared) = match watched(context, command, &options, &watch) {
        Ok((prepared, mut outcome)) => {
            outcome.routing = prepared.routing(&context.root);
            outcome.details.environment = Some(environment::of(context, &prepared.inspection));
            match is_trusted(&context.root) {
                Err(failure) => outcome.fail(failure),
                Ok(()) if nothing_to_do(&prepared, &mut outcome) => {}
                Ok(()) => {
                    judge(&prepared, &mut outcome);
                    if let (Some(failure), None) = (refusal(&prepared), &outcome.error) {
                        outcome.fail(failure);
                    }
                }
            }
            (outcome, Some(prepared))
        }
        Err(outcome) => (*outcome, None),
    };
    past(context, &mut outcome);
    Ok(Looked { outcome, prepared })
}

/// What an apply would answer is what was found, and no failure of the report.
pub(super) fn found(outcome: &mut Outcome) {
    let verdict = match (&outcome.error, outcome.verdict()) {
        (_, Some(verdict)) => verdict.to_owned(),
        (Some(error), None) => format!("an apply would not go on: {}", error.message),
        (None, None) => "the new client's route is there: nothing to do".to_owned(),
    };
    let Outcome { outcome: kind, exit_code, .. } = *outcome;
    let error = outcome.error.take();
    outcome.set_verdict(verdict);
    outcome.details.found = Some(FoundSection { outcome: kind, exit_code, error });
    outcome.outcome = OutcomeKind::Ok;
    outcome.exit_code = 0;
}

/// What earlier runs left, as far as this user may read it.
fn past(context: &Context, outcome: &mut Outcome) {
    let mut unknown = Vec::new();
    match Past::look(&context.root) {
        Ok(Past::Known(known)) => {
            outcome.details.add("drifted", known.drifted_names());
            let past = runs(&known.journal.records);
            outcome.details.runs = Some(past.iter().rev().map(run_section).collect());
        }
        Ok(Past::Hidden(why)) => unknown.push(format!("the history of changes: {why}; run it with sudo")),
        Err(failure) => unknown.push(format!("the history of changes: {}", failure.message)),
    }
    let store = Store::new(&context.root);
    match store.list() {
        Ok(listing) => {
            let backups = listing.backups.iter().map(|backup| {
                let Manifest { created, reason, .. } = &backup.manifest;
                KeptBackup {
                    backup: section(&store, backup, Verified::NotNow),
                    created: created.to_string(),
                    reason: reason.clone(),
                }
            });
            outcome.details.backups = Some(backups.collect());
            unknown.extend(listing.damaged.iter().map(|(id, error)| format!("the backup {id}: {error}")));
        }
        Err(error) => unknown.push(format!("the backups: {error}")),
    }
    if !unknown.is_empty() {
        outcome.details.not_seen = Some(unknown);
    }
}
