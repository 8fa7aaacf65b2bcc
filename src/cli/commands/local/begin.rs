//! A new record of local changes, where the one that a change left is gone.
//!
//! Invariant: all that stands in Motion's file counts as local; the base is written before the record that names its
//! hash, so that a crash between them leaves no record, as before.

use super::super::apply::lock_alone;
use crate::cli::context::Context;
use crate::cli::prompt;
use crate::facts::{RouteState, ServerRole};
use crate::host::files::{make_folder, write};
use crate::inspect::{Inspection, inspect};
use crate::outcome::{Comparison, Failure, FailureKind, Outcome, OutcomeKind};
use crate::plan::{BaseKind, LocalPatch};
use crate::prepare::kept;
use crate::values::Hash;

/// Begins a record, once a person agreed; false where the last change left one that is there, or none at all.
pub fn begin(context: &Context, yes: bool, outcome: &mut Outcome) -> Result<bool, Failure> {
    let lock = lock_alone(context)?;
    let inspection = inspect(&context.root, &context.bare_options(Vec::new()))?;
    let Ok((memory, keeping)) = kept(&context.root, &inspection.facts) else { return Ok(false) };
    if !keeping.is_gone {
        return Ok(false);
    }
    serves_the_client(&inspection)?;
    let file = &inspection.facts.site.file;
    let live = inspection.config.files().find(|(_, read)| read.path == *file);
    let (_, live) =
        live.ok_or_else(|| Failure::new(FailureKind::Unavailable, "Motion's file was not read"))?;
    let text = live.tree.source();
    let patch = LocalPatch {
        site: file.display().to_string(),
        base: BaseKind::AsFound,
        base_sha256: Hash::of(text),
        left_sha256: Hash::of(text),
        vendor_on_request: false,
        forgotten: Vec::new(),
        changes: Vec::new(),
    };
    let bytes = patch.to_bytes();
    let shown = String::from_utf8_lossy(&bytes).into_owned();
    outcome.comparisons = vec![Comparison::of_file(keeping.path.as_path(), String::new(), shown)];
    if !yes {
        prompt::confirm(context, outcome)?;
    }
    for folder in &keeping.missing_folders {
        make_folder(&lock, &context.root, folder)
            .map_err(|error| Failure::new(FailureKind::Failed, error.to_string()))?;
    }
    for (path, bytes, attributes) in
        [(&memory.path, text, &memory.attributes), (&keeping.path, &bytes, &keeping.attributes)]
    {
        write(&lock, &context.root, path, bytes, attributes).map_err(|error| {
            Failure::new(FailureKind::Failed, format!("writing {}: {error}", path.as_str()))
        })?;
    }
    outcome.outcome = OutcomeKind::Applied;
    let verdict = format!("a new record is begun: all that stands in {} now counts as local", file.display());
    outcome.set_verdict(verdict);
    Ok(true)
}

/// Refuses to begin with what an update may have written: then it would be kept in the place of what is gone.
fn serves_the_client(inspection: &Inspection) -> Result<(), Failure> {
    let servers = inspection.facts.site.servers.iter();
    let mut serving = servers.filter(|server| server.role == ServerRole::ServesMotion);
    if serving.all(|server| server.new_client != RouteState::Missing) {
        return Ok(());
    }
    let message = "the new client's route is missing, so an update may have written this file: a record of it would \
                   keep the wrong text";
    Err(Failure::new(FailureKind::Refused, message).with_hint(
        "run `motionctl apply` first, with --carry OLD where a copy of the old file is there; it begins a record",
    ))
}
