//! How many rows fit into one statement, and which rows of links a statement means.
//!
//! Invariant: at most [`CHUNK`] rows and [`MOST_VALUES`] values; every link is in exactly one batch.

use crate::db::Value;
use crate::seed::map::Link;
use crate::seed::snapshot::{CHUNK, LinkRow, marks};
use std::collections::BTreeMap;

/// SQLite takes 32,766 values in a statement, servers 65,535.
const MOST_VALUES: usize = 32_000;

/// Rows of links that one statement means.
pub(super) struct Batch {
    /// What stands behind `WHERE`.
    pub condition: String,
    pub values: Vec<Value>,
    /// How many rows it means.
    pub rows: usize,
}

/// How many rows of so many columns one statement takes.
pub(in crate::seed) fn pieces(columns: usize) -> usize {
    (MOST_VALUES / columns.max(1)).clamp(1, CHUNK)
}

/// These links, by their own key where they have one, else by owner and members.
pub(super) fn links(link: &Link, rows: &[LinkRow]) -> Vec<Batch> {
    if let Some(id) = &link.id
        && let Some(ids) = rows.iter().map(|row| row.row).collect::<Option<Vec<_>>>()
    {
        let batch = |chunk: &[std::num::NonZeroI64]| Batch {
            condition: format!("{} IN ({})", id.quoted(), marks(chunk.len())),
            values: chunk.iter().map(|id| Value::from(id.get())).collect(),
            rows: chunk.len(),
        };
        return ids.chunks(CHUNK).map(batch).collect();
    }
    let mut by_owner: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for row in rows {
        by_owner.entry(row.owner).or_default().push(row.member);
    }
    let mut batches = Vec::new();
    for (owner, mut members) in by_owner {
        members.sort_unstable();
        // The same pair in two rows is named once, and both go; they stay in one statement.
        for chunk in members.chunk_by(|one, other| one == other).collect::<Vec<_>>().chunks(CHUNK) {
            let condition = format!(
                "{} AND {} = ? AND {} IN ({})",
                link.where_sql(),
                link.owner.quoted(),
                link.member.quoted(),
                marks(chunk.len())
            );
            let mut values = link.condition_values();
            values.push(owner.into());
            values.extend(chunk.iter().filter_map(|same| same.first()).map(|member| Value::from(*member)));
            batches.push(Batch { condition, values, rows: chunk.iter().map(|same| same.len()).sum() });
        }
    }
    batches
}
