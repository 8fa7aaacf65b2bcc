//! `seed plan`: what would change in the database.
//!
//! Invariant: nothing is written but the plan that was asked for; a stop is shown and does not end it.

use super::input::Input;
use super::manifest::{Text, name_files, valid};
use super::offline;
use super::work::{Place, Work, judge};
use crate::cli::args::seed::SeedPlanArgs;
use crate::cli::commands::sessions::section;
use crate::cli::context::Context;
use crate::cli::files::{IfExists, write_out};
use crate::outcome::{Failure, Outcome};
use crate::seed::Purpose;
use crate::seed::saved::{Saved, SavedManifest};

/// Plans, shows, and saves the plan where asked.
pub fn plan(context: &Context, args: &SeedPlanArgs) -> Result<Outcome, Failure> {
    let work = Work::new(context, &args.change)?;
    let input = Input::read(&args.manifests)?;
    let site = Text::of_site(args.site.with.as_deref())?;
    let validated = valid(&input.texts, site.as_ref())?;
    if let Some(export) = &args.against {
        return offline::plan(context, args, &work, &validated, export);
    }
    let place = Place::new(context, &args.change.database)?;
    let mut session = place.open(context, Purpose::Plan)?.pictured(args.html.is_some());
    let mut outcome = work.outcome("seed plan", &session);
    let Some(manifest) = &validated.manifest else { return Ok(outcome) };
    let planned = match work.plan(context, &mut session, manifest) {
        Ok(planned) => planned,
        Err(failure) => return Ok(outcome.with_failure(failure)),
    };
    work.show(context, &planned, &validated, &mut outcome);
    if let Some(path) = &args.out {
        let manifest = SavedManifest::new(&input.texts, site.as_ref());
        let saved = Saved::new(&planned, &session, &section(session.server()), &work.allowed, manifest);
        let mut read = place.files(&input.paths, &args.change.database);
        read.extend(args.site.with.as_deref());
        write_out(path, &saved.to_json(), IfExists::Replace, &read)?;
        outcome.details.saved = Some(path.display().to_string());
    }
    judge(&planned, args.detailed_exitcode, &mut outcome);
    name_files(&validated, &mut outcome);
    Ok(outcome)
}
