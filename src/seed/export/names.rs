//! Which rows a manifest can name.
//!
//! Invariant: a name that means one row to the server, and that the reader takes; every other live row is named once in
//! what is left out.

use crate::seed::map::Part;
use crate::seed::plan::nameable;
use crate::seed::snapshot::{Record, Snapshot};
use std::collections::{BTreeMap, HashMap};

/// Rows that a manifest can name.
pub(super) struct Nameable<'a> {
    rows: BTreeMap<Part, HashMap<i64, &'a Record>>,
    /// Rows that it cannot.
    pub left_out: Vec<String>,
}

impl<'a> Nameable<'a> {
    /// Sorts the rows of a snapshot in which every name was asked for.
    pub fn of(snapshot: &'a Snapshot) -> Self {
        let mut found = Self { rows: BTreeMap::new(), left_out: Vec::new() };
        for (part, records) in &snapshot.parts {
            let mut rows = HashMap::new();
            for record in records.rows.values() {
                match nameable(*part, records, record) {
                    Ok(()) => {
                        rows.insert(record.id, record);
                    }
                    Err(Some(why)) => found.left_out.push(why),
                    Err(None) => {}
                }
            }
            found.rows.insert(*part, rows);
        }
        found
    }

    /// The rows of a part, by name.
    pub fn sorted(&self, part: Part) -> Vec<&'a Record> {
        let mut records: Vec<_> =
            self.rows.get(&part).into_iter().flat_map(HashMap::values).copied().collect();
        records.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        records
    }

    pub fn row(&self, part: Part, id: i64) -> Option<&'a Record> {
        self.rows.get(&part)?.get(&id).copied()
    }
}
