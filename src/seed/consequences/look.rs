//! What the consequences of a plan are looked at with.
//!
//! Invariant: names are read once for each question, and never more of them shown than a person reads.

use crate::db::{Catalog, Connection, DbError, Value};
use crate::outcome::first_visible;
use crate::seed::map::Map;
use crate::seed::plan::{Plan, RowRef};
use crate::seed::session::Telling;
use crate::seed::snapshot::{CHUNK, Section, marks};
use std::collections::{BTreeMap, BTreeSet};

/// As many names as people read.
const NAMES: usize = 10;

/// What a plan is looked at with.
pub(in crate::seed) struct PlanContext<'a> {
    pub conn: &'a mut Connection,
    pub map: &'a Map,
    pub catalog: &'a Catalog,
    pub plan: &'a Plan,
    /// How many names findings list.
    pub telling: Telling,
}

/// The names of rows, by id.
pub(super) fn names(
    conn: &mut Connection,
    section: &Section<'_>,
    ids: &BTreeSet<i64>,
) -> Result<BTreeMap<i64, String>, DbError> {
    let (id, name, table) = (section.id.quoted(), section.name.quoted(), section.table.quoted());
    let ids: Vec<i64> = ids.iter().copied().collect();
    let mut found = BTreeMap::new();
    for chunk in ids.chunks(CHUNK) {
        let sql = format!("SELECT {id}, {name} FROM {table} WHERE {id} IN ({})", marks(chunk.len()));
        let values: Vec<Value> = chunk.iter().map(|id| (*id).into()).collect();
        for row in conn.rows(&sql, &values)? {
            if let Some(name) = row.optional_text(1)? {
                found.insert(row.int(0)?, name.to_owned());
            }
        }
    }
    Ok(found)
}

/// The id of a row that is there.
pub(super) fn id(row: RowRef) -> Option<i64> {
    match row {
        RowRef::Id(id) => Some(id),
        RowRef::New(_) => None,
    }
}

/// Names, and how many more there are where not all are told.
pub(super) fn few(names: impl IntoIterator<Item = String>, telling: Telling) -> String {
    first_visible(names, if telling == Telling::All { usize::MAX } else { NAMES })
}
