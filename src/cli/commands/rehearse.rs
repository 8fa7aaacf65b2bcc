//! `rehearse`: make and undo the change on a private copy of this server.

use super::change::{nothing_to_do, prepared, refusal};
use crate::cli::args::RehearseArgs;
use crate::cli::context::Context;
use crate::cli::files::{IfExists, write_out};
use crate::outcome::codes;
use crate::outcome::{Failure, FailureKind, Outcome};
use crate::prepare::Prepared;
use crate::rehearse::{Keep, RehearsalOptions, Rehearsed, rehearse as run};
use std::path::Path;

/// Rehearses, and says what happened.
pub fn rehearse(context: &Context, args: &RehearseArgs) -> Result<Outcome, Failure> {
    let options = context.change_options(&args.change)?;
    let (prepared, mut outcome) = match prepared(context, "rehearse", &options) {
        Ok(answer) => answer,
        Err(outcome) => return Ok(*outcome),
    };
    // A rehearsal runs NGINX, whatever may be said without it.
    if let Err(failure) = prepared.inspection.programs.validating() {
        return Ok(outcome.with_failure(failure));
    }
    outcome.routing = args.html.as_ref().and_then(|_| prepared.routing(&context.root));
    if nothing_to_do(&prepared, &mut outcome) {
        return Ok(outcome);
    }
    if prepared.migration.as_ref().is_some_and(|migration| migration.plan.is_empty())
        && let Some(failure) = refusal(&prepared)
    {
        return Ok(outcome.with_failure(failure));
    }
    if let Some(failure) = barred(&prepared) {
        return Ok(outcome.with_failure(failure));
    }
    if let Some(dir) = &args.keep
        && !dir.is_dir()
    {
        return Err(Failure::new(FailureKind::Usage, format!("--keep: {} is not a folder", dir.display())));
    }
    context.progress.stage("rehearsing on a private copy");
    let wanted = RehearsalOptions {
        reload_timeout: context.reload_timeout(args.change.reload_timeout),
        load: args.load,
        keep: if args.keep.is_some() { Keep::Files } else { Keep::Nothing },
        command: context.command_line(),
    };
    match run(&context.root, &context.launcher, &options, &prepared, wanted) {
        Ok(rehearsed) => {
            if let Some(dir) = &args.keep {
                keep(dir, &rehearsed)?;
            }
            conclude(&mut outcome, rehearsed);
            // Stand-ins answered; what the configuration says about the real application goes first.
            let lacking = prepared.stops().find(|finding| finding.code == codes::ROUTES_ELSEWHERE);
            if let (Some(finding), None) = (lacking, &outcome.error) {
                let message = format!("the change would not do what it is for: {}", finding.code);
                outcome.fail(Failure::new(FailureKind::Failed, message));
            }
        }
        Err(failure) => outcome.fail(failure),
    }
    Ok(outcome)
}

/// What a rehearsal needs that an apply could do without, or runs that nobody has looked at.
fn barred(prepared: &Prepared) -> Option<Failure> {
    if let Some(stop) = prepared.stops().find(|stop| stop.code == codes::CONFIG_RUNS_CODE) {
        let message = format!("stopped by {}: nothing of this tree was run", stop.code);
        return Some(
            Failure::new(FailureKind::Refused, message)
                .with_hint("look at what it runs first; to rehearse it anyway: --accept config.runs-code"),
        );
    }
    let is_without_sandbox = prepared.stops().any(|stop| stop.code == codes::HOST_NO_SANDBOX);
    is_without_sandbox.then(|| {
        Failure::new(FailureKind::Refused, "stopped by host.no-sandbox: a rehearsal needs one").with_hint(
            "rehearse on a machine that allows namespaces, on a copy of this server's tree with --root",
        )
    })
}

fn conclude(outcome: &mut Outcome, rehearsed: Rehearsed) {
    outcome.backup = rehearsed.backup;
    outcome.reload = rehearsed.reload;
    outcome.probes = rehearsed.probes;
    outcome.load = rehearsed.load;
    outcome.durations = rehearsed.durations;
    if !rehearsed.notes.is_empty() {
        let notes = outcome.details.notes.get_or_insert_default();
        // Some were said before the rehearsal.
        for note in rehearsed.notes {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }
    match rehearsed.failure {
        None => {
            let verdict =
                "the change was made, proven and rolled back on a private copy; this server was not touched";
            outcome.set_verdict(verdict);
        }
        Some((kind, message)) => {
            outcome.set_verdict("failed on a private copy; this server was not touched");
            outcome.fail(Failure::new(kind.into(), message));
        }
    }
}

fn keep(dir: &Path, rehearsed: &Rehearsed) -> Result<(), Failure> {
    for file in &rehearsed.kept {
        write_out(&dir.join(&file.name), file.text.as_bytes(), IfExists::Replace, &[])?;
    }
    Ok(())
}
