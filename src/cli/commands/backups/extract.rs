//! `backups extract`: what a backup holds, as plain files that can be looked at and copied by hand.
//!
//! Invariant: the server is not touched, and what was left out is said.

use crate::backup::Store;
use crate::cli::commands::backup_view::{Verified, open, section};
use crate::cli::context::Context;
use crate::outcome::{Failure, Outcome, counted};
use crate::prepare::unusable;
use std::path::Path;

/// Writes it.
pub fn extract(
    context: &Context,
    store: &Store,
    id: &str,
    dir: &Path,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let backup = open(store, id)?;
    context.progress.stage("reading the backup again");
    let extracted = backup.extract(dir).map_err(unusable)?;
    outcome.backup = Some(section(store, &backup, Verified::Now));
    let verdict = format!("{} written below {}", counted(extracted.files, "file"), dir.display());
    let mut notes = vec![
        "keys and passwords are among them as they are: remove the folder when it is done with".to_owned(),
    ];
    if !extracted.has_owners {
        notes.push("owners are left out: only root may give files to others".to_owned());
    }
    notes.extend(
        extracted
            .left_out
            .iter()
            .map(|path| format!("{path} is not in the backup: its contents were not kept")),
    );
    outcome.set_verdict(verdict);
    outcome.details.add("folder", dir.display().to_string());
    outcome.details.notes = Some(notes);
    Ok(())
}
