//! Two states of a file by their lines, for people to see.
//!
//! Invariant: contents are shown only where both states are a configuration, and redacted; keys and password files are
//! named and no more.

use crate::backup::{Backup, BackupError, Change, Difference, Entry};
use crate::host::Root;
use crate::outcome::{Comparison, Outcome};
use crate::values::RootPath;
use nginx_config::{Tree, redact_source};

/// What one side has at a path; `None` where there is no file.
pub type Content<'a> = &'a dyn Fn(&RootPath) -> Result<Option<Vec<u8>>, BackupError>;

/// The bytes of a backup.
///
/// # Errors
/// Where they are damaged.
pub fn of_backup(backup: &Backup, path: &RootPath) -> Result<Option<Vec<u8>>, BackupError> {
    match backup.manifest.entries.get(path) {
        Some(Entry::File { sha256, .. }) => backup.content(*sha256).map(Some),
        _ => Ok(None),
    }
}

/// The bytes of the server.
///
/// # Errors
/// Where they cannot be read.
pub fn of_server(root: &Root, path: &RootPath) -> Result<Option<Vec<u8>>, BackupError> {
    let is_file = root.symlink_metadata(path).is_ok_and(|there| there.is_file());
    if !is_file {
        return Ok(None);
    }
    let reading = |source| BackupError::Io { operation: "reading", path: path.to_string(), source };
    root.read(path).map(Some).map_err(reading)
}

/// Puts the lines of each of these files that differs into the answer; what is not shown is said.
///
/// # Errors
/// Where contents cannot be read.
pub fn show(
    paths: &[RootPath],
    old: Content<'_>,
    new: Content<'_>,
    outcome: &mut Outcome,
) -> Result<(), BackupError> {
    let mut hidden = Vec::new();
    for path in paths {
        let (before, after) = (old(path)?, new(path)?);
        if before == after {
            continue;
        }
        match comparison(path, before.as_deref(), after.as_deref()) {
            Shown::Lines(lines) if lines.old == lines.new => {
                hidden.push(format!("{path} differs only in what is redacted"));
            }
            Shown::Lines(lines) => outcome.comparisons.push(lines),
            Shown::Nothing => {}
            Shown::Hidden => hidden.push(format!("{path} differs: not shown, no NGINX configuration")),
        }
    }
    let unified: String = outcome.comparisons.iter().map(Comparison::unified).collect();
    if !unified.is_empty() {
        outcome.details.add("unified", unified);
    }
    outcome.details.set_notes(hidden);
    Ok(())
}

/// The files that differ in more than their attributes.
pub fn changed(found: &[Difference]) -> Vec<RootPath> {
    let is = |difference: &&Difference| {
        difference.changes.iter().any(|change| !matches!(change, Change::Attributes(_)))
    };
    found.iter().filter(is).map(|difference| difference.path.clone()).collect()
}

enum Shown {
    Lines(Comparison),
    /// Neither side is a file.
    Nothing,
    Hidden,
}

fn comparison(path: &RootPath, old: Option<&[u8]>, new: Option<&[u8]>) -> Shown {
    let can_be_shown = |bytes: &[u8]| Tree::parse(bytes).is_ok_and(|tree| tree.walk().next().is_some());
    let sides = [old, new];
    match () {
        () if sides.iter().all(Option::is_none) => Shown::Nothing,
        () if sides.into_iter().flatten().all(can_be_shown) => {
            let text = |bytes: Option<&[u8]>| {
                bytes.map_or_else(String::new, |bytes| {
                    String::from_utf8_lossy(&redact_source(bytes)).into_owned()
                })
            };
            Shown::Lines(Comparison::of_file(path.as_path(), text(old), text(new)))
        }
        () => Shown::Hidden,
    }
}
