//! What restoring a whole backup would do, for people to see before.
//!
//! Invariant: contents are shown only where the backup holds a configuration,
//! and redacted; keys and password files are named and no more.

use super::backup_view::describe;
use super::backups::lines;
use super::rollback::effect::Effect;
use crate::backup::{Backup, Change, Difference, Store};
use crate::host::Root;
use crate::outcome::{Failure, Outcome, Row, row};
use crate::prepare::unusable;

/// Lists each path, and each configuration by its lines.
pub fn show(root: &Root, store: &Store, backup: &Backup, outcome: &mut Outcome) -> Result<(), Failure> {
    let found = store.diff_live(&backup.manifest).map_err(unusable)?;
    let rows: Vec<Row> =
        found.iter().map(|difference| row(&[&difference.path, &effect(difference)])).collect();
    outcome.details.rows = Some(rows);
    Effect::new(root, backup, lines::changed(&found)).show(outcome)
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
