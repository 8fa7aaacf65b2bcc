//! `seed plan --against`: what would change in a database that cannot be reached.
//!
//! Invariant: no database is asked, whatever the environment names, and nothing that could be applied is written.

use super::database;
use super::manifest::{Text, name_files};
use super::work::{Work, judge, telling};
use crate::cli::args::seed::SeedPlanArgs;
use crate::cli::context::Context;
use crate::outcome::{Failure, Outcome, OutcomeKind};
use crate::seed::Session;
use crate::seed::manifest::Validated;
use crate::seed::offline::{MapUsed, undoubted, unknown};
use serde_json::json;
use std::path::Path;

/// Plans against an export.
pub fn plan(
    context: &Context,
    args: &SeedPlanArgs,
    work: &Work,
    validated: &Validated,
    export: &Path,
) -> Result<Outcome, Failure> {
    let exported = Text::read_as("export", export)?.valid(None)?;
    let name = exported.source.name();
    let used = if args.change.database.map.is_some() { MapUsed::Named } else { MapUsed::BuiltIn };
    let map = database::map(context, &args.change.database, true)?.map;
    let mut outcome = Outcome::new("seed plan", OutcomeKind::Ok);
    let (Some(manifest), Some(rows)) = (&validated.manifest, &exported.manifest) else { return Ok(outcome) };
    let planned = Session::offline(&exported, rows, &map, used)
        .map(|session| session.telling(telling(context)).pictured(args.html.is_some()))
        .and_then(|mut session| session.plan(manifest, work.unnamed()));
    let mut planned = match undoubted(manifest, rows, planned) {
        Ok(planned) => planned,
        Err(failure) => return Ok(outcome.with_failure(failure)),
    };
    planned.findings.push(unknown(&exported, &map, used));
    work.settle(&mut planned);
    work.show(context, &planned, validated, &mut outcome);
    // It is about rows of a database in memory, and nothing can be made of it.
    outcome.details.remove("fingerprint");
    outcome.details.add("against", json!({ "file": name, "map": used == MapUsed::Named }));
    judge(&planned, args.detailed_exitcode, &mut outcome);
    let verdict = outcome.verdict().unwrap_or_default();
    let verdict = format!("{verdict}; against the export {name}, no database was asked");
    outcome.set_verdict(verdict);
    name_files(validated, &mut outcome);
    Ok(outcome)
}
