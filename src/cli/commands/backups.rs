//! `backups`: list, show, verify, compare, prune.

use crate::apply::{History, distrusted};
use crate::backup::{Backup, BackupError, Change, Difference, Entry, Retention, Store, compare};
use crate::cli::args::BackupsCommand;
use crate::cli::context::Context;
use crate::host::clock;
use crate::journal::Status;
use crate::outcome::{BackupSection, Failure, FailureKind, Outcome, OutcomeKind, counted};
use crate::values::{AttributeDifference, BackupId};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// Runs one of the subcommands.
pub fn backups(context: &Context, command: &BackupsCommand) -> Result<Outcome, Failure> {
    let store = Store::new(&context.root);
    let mut outcome =
        Outcome::new(super::name(&crate::cli::args::Command::Backups(command.clone())), OutcomeKind::Ok);
    outcome.host = Some(context.host());
    match command {
        BackupsCommand::List => list(&store, &mut outcome)?,
        BackupsCommand::Show { id } => show(&store, id, &mut outcome)?,
        BackupsCommand::Verify { id } => verify(&store, id.as_deref(), &mut outcome)?,
        BackupsCommand::Diff { id, other } => differences(&store, id, other.as_deref(), &mut outcome)?,
        BackupsCommand::Prune { keep, older_than } => {
            prune(context, &store, *keep, *older_than, &mut outcome)?
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
    let kind = match &error {
        BackupError::Missing(_) => FailureKind::Unavailable,
        BackupError::Damaged { .. } | BackupError::Store { .. } => FailureKind::Invalid,
        _ => FailureKind::Failed,
    };
    Failure::from_error(kind, &anyhow::Error::from(error))
}

fn list(store: &Store, outcome: &mut Outcome) -> Result<(), Failure> {
    let listing = store.list().map_err(failure)?;
    let row = |backup: &Backup| {
        let manifest = &backup.manifest;
        json!([
            manifest.id.to_string(),
            manifest.created.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
            counted(manifest.files(), "file"),
            format!("{} bytes", manifest.bytes()),
            manifest.reason
        ])
    };
    let rows: Vec<Value> = listing.backups.iter().map(row).collect();
    let verdict = match rows.len() {
        0 => "there is no backup".to_owned(),
        1 => "1 backup".to_owned(),
        count => format!("{count} backups"),
    };
    let sections: Vec<_> =
        listing.backups.iter().map(|backup| section(store, backup, Verified::NotNow)).collect();
    outcome.details.insert("verdict".to_owned(), verdict.into());
    outcome.details.insert("rows".to_owned(), rows.into());
    outcome.details.insert("backups".to_owned(), json!(sections));
    let damaged: Vec<String> = listing.damaged.iter().map(|(id, error)| format!("{id}: {error}")).collect();
    if !damaged.is_empty() {
        outcome.details.insert("notes".to_owned(), damaged.into());
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
        json!([kind, mode, owner, path.to_string(), size])
    });
    outcome.details.insert("verdict".to_owned(), format!("backup {}", backup.manifest.id).into());
    outcome.details.insert("rows".to_owned(), rows.collect());
    outcome.details.insert("manifest".to_owned(), json!(backup.manifest));
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
    let verdict = format!(
        "{} read again, every byte as recorded",
        match backups.len() {
            1 => "1 backup".to_owned(),
            count => format!("{count} backups"),
        }
    );
    outcome.details.insert("verdict".to_owned(), verdict.into());
    Ok(())
}

fn differences(store: &Store, id: &str, other: Option<&str>, outcome: &mut Outcome) -> Result<(), Failure> {
    let backup = open(store, id)?;
    let found: Vec<Difference> = match other {
        Some(other) => compare(&backup.manifest.entries, &open(store, other)?.manifest.entries),
        None => store.diff_live(&backup.manifest).map_err(failure)?,
    };
    let rows = found.iter().map(|difference| {
        let changes: Vec<_> = difference.changes.iter().map(describe).collect();
        json!([difference.path.to_string(), changes.join(", ")])
    });
    let verdict = match found.len() {
        0 => "no difference".to_owned(),
        1 => "1 path differs".to_owned(),
        count => format!("{count} paths differ"),
    };
    outcome.details.insert("verdict".to_owned(), verdict.into());
    outcome.details.insert("rows".to_owned(), rows.collect());
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

fn prune(
    context: &Context,
    store: &Store,
    keep: Option<usize>,
    older_than: Option<Duration>,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let lock = context.lock()?;
    super::recover::recover_first(context, &lock)?;
    // Without a limit there is none, not even now: what goes must not depend on when this is asked.
    let before = older_than
        .map(|age| clock::now().checked_sub(age))
        .transpose()
        .map_err(|_| Failure::new(FailureKind::Usage, "--older-than is too long"))?;
    let protected = needed(context)?;
    let removed =
        store.prune(&lock, &Retention { newest: keep.unwrap_or(0), before, protected }).map_err(failure)?;
    outcome.outcome = if removed.is_empty() { OutcomeKind::UpToDate } else { OutcomeKind::Applied };
    let verdict = match removed.len() {
        0 => "nothing to remove".to_owned(),
        1 => "1 backup removed".to_owned(),
        count => format!("{count} backups removed"),
    };
    outcome.details.insert("verdict".to_owned(), verdict.into());
    outcome.details.insert("removed".to_owned(), removed.iter().map(ToString::to_string).collect());
    Ok(())
}

/// The backup that a rollback or a recovery of the newest run would need.
fn needed(context: &Context) -> Result<BTreeSet<BackupId>, Failure> {
    let journal = History::look(&context.root).map_err(|error| distrusted(&error))?;
    let backup = match &journal.status {
        Status::Empty => None,
        Status::Active(run) => Some(&run.backup),
        Status::Quiet(run) => Some(&run.backup),
    };
    let undoable = super::rollback::undoable(context, None)?.map(|run| run.backup);
    Ok(backup.cloned().into_iter().chain(undoable).collect())
}
