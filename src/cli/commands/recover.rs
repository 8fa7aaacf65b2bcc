//! `recover`: finish or undo an interrupted run.

use super::change::host;
use crate::apply::{Recovered, ReloadTarget, recover as end_run};
use crate::cli::context::Context;
use crate::host::WriteLock;
use crate::inspect::{self, inspect};
use crate::outcome::{Failure, Outcome, OutcomeKind};
use std::time::Duration;

/// How long the reload of a recovery may take.
const RELOAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Ends an interrupted run, if there is one.
pub fn recover(context: &Context) -> Result<Outcome, Failure> {
    let lock = context.lock()?;
    let mut outcome = Outcome::new("recover", OutcomeKind::UpToDate);
    outcome.host = Some(host(context));
    match end(context, &lock) {
        Ok(Some(recovered)) => {
            outcome.outcome = OutcomeKind::Ok;
            outcome.reload = recovered.proof.as_ref().map(|proof| proof.section.clone());
            outcome.details.insert("verdict".to_owned(), recovered.reason.into());
            let steps: Vec<_> = recovered.steps.iter().map(|step| step.describe().describe).collect();
            outcome.details.insert("steps".to_owned(), steps.into());
        }
        Ok(None) => {
            outcome.details.insert("verdict".to_owned(), "no run was interrupted".into());
        }
        Err(failure) => outcome.fail(failure),
    }
    Ok(outcome)
}

/// What every changing command does first.
pub fn recover_first(context: &Context, lock: &WriteLock) -> Result<(), Failure> {
    if let Some(recovered) = end(context, lock)? {
        context.progress.say(&format!("recovered an interrupted run: {}", recovered.reason));
    }
    Ok(())
}

fn end(context: &Context, lock: &WriteLock) -> Result<Option<Recovered>, Failure> {
    end_run(&context.root, lock, || reload_target(context), "the run was interrupted")
}

/// The running master, when the server can be looked at; what is on the disk
/// may be half of a change, so this must not depend on a valid configuration.
fn reload_target(context: &Context) -> Option<ReloadTarget> {
    let options = inspect::Options { site: context.settings.site.clone(), ..inspect::Options::default() };
    let looked = inspect(&context.root, &options).ok().map(|inspection| inspection.facts);
    let facts = looked.or_else(|| inspect::bare_facts(&context.root))?;
    ReloadTarget::of(&facts.nginx, RELOAD_TIMEOUT)
}
