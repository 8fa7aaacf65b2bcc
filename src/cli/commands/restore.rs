//! What restoring a whole backup would do, for people to see before.
//!
//! Invariant: contents are shown only where the backup holds a configuration,
//! and redacted; keys and password files are named and no more.

use super::backups::{describe, failure};
use crate::backup::{Backup, BackupError, Change, Difference, Entry, Store};
use crate::host::Root;
use crate::outcome::{Comparison, Failure, Outcome};
use nginx_config::{Tree, redact_source};
use serde_json::{Value, json};

/// Lists each path, and each configuration by its lines.
pub fn show(root: &Root, store: &Store, backup: &Backup, outcome: &mut Outcome) -> Result<(), Failure> {
    let found = store.diff_live(&backup.manifest).map_err(failure)?;
    let rows: Vec<Value> =
        found.iter().map(|difference| json!([difference.path.to_string(), effect(difference)])).collect();
    outcome.details.insert("rows".to_owned(), rows.into());
    for difference in &found {
        outcome.comparisons.extend(comparison(root, backup, difference).map_err(failure)?);
    }
    Ok(())
}

fn effect(difference: &Difference) -> String {
    match difference.changes.as_slice() {
        [Change::Added] => "goes: the backup does not have it".to_owned(),
        [Change::Removed] => "comes back".to_owned(),
        changes => {
            let changes: Vec<_> = changes.iter().map(describe).collect();
            format!("as before: {}", changes.join(", "))
        }
    }
}

fn comparison(
    root: &Root,
    backup: &Backup,
    difference: &Difference,
) -> Result<Option<Comparison>, BackupError> {
    let Some(Entry::File { sha256, .. }) = backup.manifest.entries.get(&difference.path) else {
        return Ok(None);
    };
    if difference.changes.iter().all(|change| matches!(change, Change::Attributes(_))) {
        return Ok(None);
    }
    let wanted = backup.content(*sha256)?;
    let Ok(tree) = Tree::parse(wanted.as_slice()) else { return Ok(None) };
    if tree.walk().next().is_none() {
        return Ok(None);
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(&redact_source(bytes)).into_owned();
    let name = difference.path.to_string();
    Ok(Some(Comparison {
        old_name: name.clone(),
        new_name: name,
        old: root.read(&difference.path).map_or_else(|_| String::new(), |live| text(&live)),
        new: text(&wanted),
    }))
}
