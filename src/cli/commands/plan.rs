//! `plan`: what would change.

use super::change::{no_plan, nothing_to_do, refusal, watched};
use super::sessions::Watch;
use crate::cli::args::{ChangeArgs, PlanArgs};
use crate::cli::context::Context;
use crate::cli::decisions;
use crate::cli::files::{IfExists, write_out};
use crate::outcome::{Failure, FailureKind, Outcome, OutcomeKind, counted};
use crate::plan::{Content, Migration, Plan, Strategy, Version};
use crate::prepare::{Prepared, is_trusted};
use nginx_config::redact_source;
use regex::Regex;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Plans, shows, and saves the plan where asked.
pub fn plan(context: &Context, args: &PlanArgs) -> Result<Outcome, Failure> {
    let options = context.change_options(&args.change)?;
    let watch = Watch::new(context, &args.database)?;
    let (prepared, mut outcome) = match watched(context, "plan", &options, &watch) {
        Ok(answer) => answer,
        Err(outcome) => return Ok(*outcome),
    };
    if let Err(failure) = is_trusted(&context.root) {
        return Ok(outcome.with_failure(failure));
    }
    let Some(migration) = &prepared.migration else {
        return Ok(outcome.with_failure(no_plan()));
    };
    if let Some(kept) = decisions::keep(&args.change, migration, &options.resolutions)? {
        outcome.details.add("decisions", kept);
    }
    if let Some(path) = &args.out
        && let Err(failure) = save(context, migration, path, &args.change, &mut outcome)
    {
        return Ok(outcome.with_failure(failure));
    }
    judge(&prepared, &mut outcome);
    outcome.routing = args.html.as_ref().and_then(|_| prepared.routing(&context.root));
    if outcome.outcome == OutcomeKind::ChangesPending && args.detailed_exitcode {
        outcome.exit_code = 2;
    }
    Ok(outcome)
}

/// Saves a plan for a later apply.
pub fn save(
    context: &Context,
    migration: &Migration,
    path: &Path,
    change: &ChangeArgs,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    if holds_secret(&migration.plan) {
        let message = "the plan would hold a secret of the live file, so it is not saved";
        return Err(Failure::new(FailureKind::Refused, message).with_hint(
            match migration.plan.strategy == Strategy::Graft.name() {
                true => "apply it without saving",
                false => "apply it without saving, or use --strategy graft",
            },
        ));
    }
    let live = migration.plan.files().filter_map(|(path, ..)| context.root.resolve(path).ok());
    let live: Vec<PathBuf> = live.collect();
    let named = [&change.candidate, &change.base].into_iter().flatten();
    let read: Vec<_> = named.chain(&live).map(PathBuf::as_path).collect();
    write_out(path, migration.plan.to_json().as_bytes(), IfExists::Replace, &read)?;
    outcome.details.saved = Some(path.display().to_string());
    Ok(())
}

/// Says what a plan comes to.
pub fn judge(prepared: &Prepared, outcome: &mut Outcome) {
    let Some(migration) = &prepared.migration else {
        outcome.fail(no_plan());
        return;
    };
    if nothing_to_do(prepared, outcome) {
        return;
    }
    // A plan that nothing could make effective is shown, and refused here already.
    if migration.plan.is_empty() || !migration.effect.not_effective.is_empty() {
        if let Some(failure) = refusal(prepared) {
            outcome.fail(failure);
        }
        return;
    }
    outcome.outcome = OutcomeKind::ChangesPending;
    let files = migration.plan.configuration_files();
    let stops = prepared.stops().count();
    let verdict = match stops {
        0 => format!("changes are pending in {}", counted(files, "file")),
        _ => format!(
            "changes are pending in {}; {} would stop an apply",
            counted(files, "file"),
            counted(stops, "finding")
        ),
    };
    outcome.set_verdict(verdict);
    let stopped = (stops > 0).then(|| format!("{} would stop it", counted(stops, "finding")));
    let counts = outcome.plan_in_counts();
    outcome.summarise(counts.into_iter().chain(stopped));
}

/// Where a file of passwords lies is hidden from whoever reads a diff, but a plan may name it: the file is the secret.
static PATH: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?-u:\b)([a-z_]+_file[ \t]+)/[^\s;]*;").expect("a constant pattern"));

/// Whether a change repeats a line of the live file that must not be shown: a
/// saved plan is read by others.
fn holds_secret(plan: &Plan) -> bool {
    plan.files().any(|(_, _, to)| match to {
        Version::File { content: Content::Patched(patches), .. } => patches.iter().any(|patch| {
            let text = PATH.replace_all(&patch.text, "${1}$$path;");
            redact_source(text.as_bytes()) != text.as_bytes()
        }),
        _ => false,
    })
}
