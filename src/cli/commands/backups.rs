//! `backups`: list, show, verify, compare, extract, prune.

mod extract;
pub mod lines;
mod prune;

use super::backup_view::{Verified, describe, named, open, section};
use super::name::name_of_backups;
use crate::backup::{Backup, BackupError, Difference, Entry, Store, compare};
use crate::cli::args::BackupsCommand;
use crate::cli::context::Context;
use crate::host::Root;
use crate::outcome::{Failure, FailureKind, Outcome, OutcomeKind, Row, counted, counted_as};
use crate::prepare::unusable;
use crate::values::{BackupId, RootPath};
use prune::PruneOptions;
use serde_json::json;

/// Runs one of the subcommands.
pub fn backups(context: &Context, command: &BackupsCommand) -> Result<Outcome, Failure> {
    let store = Store::new(&context.root);
    let mut outcome = Outcome::new(name_of_backups(command), OutcomeKind::Ok);
    outcome.host = Some(context.host());
    match command {
        BackupsCommand::List => list(&store, &mut outcome)?,
        BackupsCommand::Show { id } => show(&store, id, &mut outcome)?,
        BackupsCommand::Verify { id } => verify(&store, id.as_deref(), &mut outcome)?,
        BackupsCommand::Diff { id, other } => {
            differences(&context.root, &store, id, other.as_deref(), &mut outcome)?;
        }
        BackupsCommand::Extract { id, dir } => extract::extract(context, &store, id, dir, &mut outcome)?,
        BackupsCommand::Prune { keep, older_than, dry_run, yes } => {
            let options = PruneOptions { keep: *keep, older_than: *older_than, yes: *yes, dry_run: *dry_run };
            prune::prune(context, &store, options, &mut outcome)?;
        }
    }
    Ok(outcome)
}

fn list(store: &Store, outcome: &mut Outcome) -> Result<(), Failure> {
    let listing = store.list().map_err(unusable)?;
    let row = |backup: &Backup| {
        let manifest = &backup.manifest;
        vec![
            manifest.id.to_string(),
            manifest.created.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
            counted(manifest.files(), "file"),
            counted(manifest.bytes(), "byte"),
            manifest.reason.clone(),
        ]
    };
    let rows: Vec<Row> = listing.backups.iter().map(row).collect();
    let verdict = match rows.len() {
        0 => "there is no backup".to_owned(),
        count => counted(count, "backup"),
    };
    let sections: Vec<_> =
        listing.backups.iter().map(|backup| section(store, backup, Verified::NotNow)).collect();
    outcome.set_verdict(verdict);
    outcome.details.rows = Some(rows);
    outcome.details.add("backups", json!(sections));
    let damaged = listing.damaged.iter().map(|(id, error)| format!("{id}: {error}"));
    outcome.details.set_notes(damaged.collect());
    Ok(())
}

fn show(store: &Store, id: &str, outcome: &mut Outcome) -> Result<(), Failure> {
    let backup = open(store, id)?;
    outcome.backup = Some(section(store, &backup, Verified::NotNow));
    let rows = backup.manifest.entries.iter().map(|(path, entry)| {
        let (kind, size) = match entry {
            Entry::File { size, .. } => ("file", size.to_string()),
            Entry::Symlink { target, .. } => ("link", format!("→ {target}")),
            Entry::Folder { .. } => ("folder", String::new()),
            Entry::Skipped { kind } => ("skipped", kind.to_string()),
        };
        let attributes = entry.attributes();
        let owner = attributes
            .map_or_else(String::new, |attributes| format!("{}:{}", attributes.uid, attributes.gid));
        let mode = attributes.map_or_else(String::new, |attributes| format!("{:04o}", attributes.mode.0));
        vec![kind.to_owned(), mode, owner, path.to_string(), size]
    });
    outcome.set_verdict(format!("backup {}", backup.manifest.id));
    outcome.details.rows = Some(rows.collect());
    outcome.details.add("manifest", json!(backup.manifest));
    Ok(())
}

fn verify(store: &Store, id: Option<&str>, outcome: &mut Outcome) -> Result<(), Failure> {
    let ids = match id {
        Some(id) => vec![named(id)?],
        None => store.ids().map_err(unusable)?,
    };
    // One at a time: what each holds need not be in memory together.
    for name in &ids {
        let backup = store.open(name).map_err(|error| not_sound(id, name, error))?;
        backup.verify().map_err(unusable)?;
        outcome.backup = id.map(|_| section(store, &backup, Verified::Now));
    }
    let verdict = format!("{} read again, every byte as recorded", counted(ids.len(), "backup"));
    outcome.set_verdict(verdict);
    Ok(())
}

/// A backup that was not asked for by its name is named.
fn not_sound(asked: Option<&str>, id: &BackupId, error: BackupError) -> Failure {
    match asked {
        Some(_) => unusable(error),
        None => Failure::new(FailureKind::Invalid, format!("backup {id}: {error}")),
    }
}

fn differences(
    root: &Root,
    store: &Store,
    id: &str,
    other: Option<&str>,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let backup = open(store, id)?;
    let other = other.map(|other| open(store, other)).transpose()?;
    let found: Vec<Difference> = match &other {
        Some(other) => compare(&backup.manifest.entries, &other.manifest.entries),
        None => store.diff_live(&backup.manifest).map_err(unusable)?,
    };
    let rows = found.iter().map(|difference| {
        let changes: Vec<_> = difference.changes.iter().map(describe).collect();
        vec![difference.path.to_string(), changes.join(", ")]
    });
    let verdict = match found.len() {
        0 => "no difference".to_owned(),
        count => counted_as(count, "path differs", "paths differ"),
    };
    outcome.set_verdict(verdict);
    outcome.details.rows = Some(rows.collect());
    let new = |path: &RootPath| match &other {
        Some(other) => lines::of_backup(other, path),
        None => lines::of_server(root, path),
    };
    lines::show(&lines::changed(&found), &|path| lines::of_backup(&backup, path), &new, outcome)
        .map_err(unusable)?;
    if !found.is_empty() {
        outcome.outcome = OutcomeKind::ChangesPending;
        outcome.exit_code = 2;
    }
    Ok(())
}
