//! `backups`: list, show, verify, compare, extract, prune.

mod extract;
pub mod lines;
mod prune;

use crate::backup::{Backup, BackupError, Change, Difference, Entry, Store, compare};
use crate::cli::args::BackupsCommand;
use crate::cli::context::Context;
use crate::host::files::Misplaced;
use crate::host::{NoPlace, Root, machine};
use crate::outcome::{
    BackupSection, Failure, FailureKind, Outcome, OutcomeKind, Row, counted, counted_as, is_denied, only_root,
};
use crate::values::{AttributeDifference, BackupId, RootPath};
use prune::Wish;
use serde_json::json;

/// Runs one of the subcommands.
pub fn backups(context: &Context, command: &BackupsCommand) -> Result<Outcome, Failure> {
    let store = Store::new(&context.root);
    let mut outcome = Outcome::new(super::name_of_backups(command), OutcomeKind::Ok);
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
            let wish = Wish { keep: *keep, older_than: *older_than, yes: *yes, dry_run: *dry_run };
            prune::prune(context, &store, wish, &mut outcome)?;
        }
    }
    Ok(outcome)
}

/// The name of a backup, as it was typed.
pub fn named(id: &str) -> Result<BackupId, Failure> {
    id.parse()
        .map_err(|error| Failure::new(FailureKind::Usage, format!("reading the backup's name: {error}")))
}

/// A backup by its typed name.
fn open(store: &Store, id: &str) -> Result<Backup, Failure> {
    store.open(&named(id)?).map_err(failure)
}

/// A backup for the answer.
pub fn section(store: &Store, backup: &Backup, verified: Verified) -> BackupSection {
    let manifest = &backup.manifest;
    BackupSection {
        id: manifest.id.to_string(),
        path: store.path_of(&manifest.id).to_string(),
        files: manifest.files(),
        bytes: manifest.bytes(),
        verified: verified == Verified::Now,
    }
}

/// Whether every byte was read for this answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verified {
    /// It was.
    Now,
    /// Only the manifest was.
    NotNow,
}

/// What a backup's error makes of a command.
pub fn failure(error: BackupError) -> Failure {
    if is_denied(&error) && !machine::is_superuser() {
        return only_root(format!("only root may read backups: {error}"));
    }
    let kind = match &error {
        BackupError::Missing(_) => FailureKind::Unavailable,
        BackupError::Damaged { .. } | BackupError::Store { .. } => FailureKind::Invalid,
        BackupError::NoPlace {
            source: NoPlace::Occupied | NoPlace::Misplaced(Misplaced::Planted(_)),
            ..
        } => FailureKind::Refused,
        _ => FailureKind::Failed,
    };
    Failure::from_error(kind, &anyhow::Error::from(error))
}

fn list(store: &Store, outcome: &mut Outcome) -> Result<(), Failure> {
    let listing = store.list().map_err(failure)?;
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
    let damaged: Vec<String> = listing.damaged.iter().map(|(id, error)| format!("{id}: {error}")).collect();
    if !damaged.is_empty() {
        outcome.details.notes = Some(damaged);
    }
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
    let backups = match id {
        Some(id) => vec![open(store, id)?],
        None => {
            let listing = store.list().map_err(failure)?;
            if let Some((id, error)) = listing.damaged.into_iter().next() {
                return Err(Failure::new(FailureKind::Invalid, format!("backup {id}: {error}")));
            }
            listing.backups
        }
    };
    for backup in &backups {
        backup.verify().map_err(failure)?;
    }
    outcome.backup =
        backups.first().filter(|_| id.is_some()).map(|backup| section(store, backup, Verified::Now));
    let verdict = format!("{} read again, every byte as recorded", counted(backups.len(), "backup"));
    outcome.set_verdict(verdict);
    Ok(())
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
        None => store.diff_live(&backup.manifest).map_err(failure)?,
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
        .map_err(failure)?;
    if !found.is_empty() {
        outcome.outcome = OutcomeKind::ChangesPending;
        outcome.exit_code = 2;
    }
    Ok(())
}

/// A difference in words.
pub fn describe(change: &Change) -> String {
    match change {
        Change::Added => "added".to_owned(),
        Change::Removed => "removed".to_owned(),
        Change::Kind => "another kind of file".to_owned(),
        Change::Contents(..) => "contents".to_owned(),
        Change::Target(old, new) => format!("leads to {new} instead of {old}"),
        Change::Attributes(differences) => {
            let name = |difference: &AttributeDifference| match difference {
                AttributeDifference::Mode => "mode".to_owned(),
                AttributeDifference::Owner => "owner".to_owned(),
                AttributeDifference::Mtime => "time of change".to_owned(),
                AttributeDifference::Xattr(name) => format!("attribute {name}"),
            };
            differences.iter().map(name).collect::<Vec<_>>().join(", ")
        }
    }
}
