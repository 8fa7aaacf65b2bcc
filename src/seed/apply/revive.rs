//! Takes back links that were deleted softly, where they are added again.
//!
//! Invariant: at most one row of a pair is taken back, and only one that can be named alone; for the others a new row
//! is inserted. A row that somebody else took back meanwhile is not changed, and stops the run.

use super::batch::{Batch, pieces};
use super::writer::{Trouble, Writer, assignments};
use crate::db::{Connection, DbError, Value};
use crate::seed::map::{Ident, Link};
use crate::seed::plan::{NewLink, RowRef};
use crate::seed::snapshot::{CHUNK, marks};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// A row that was deleted softly: its own key, where it has one.
type Dead = Option<i64>;

/// Takes back what can be, and says which links need no new row.
pub(super) fn links(
    writer: &mut Writer<'_>,
    link: &Link,
    wanted: &[NewLink],
) -> Result<HashSet<(RowRef, RowRef)>, Trouble> {
    let mut revived = HashSet::new();
    let Some(condition) = link.where_deleted_sql().filter(|_| link.revive) else { return Ok(revived) };
    let dead = dead(writer.conn, link, &condition, wanted)?;
    // Rows that get the same penalty share a statement.
    let mut by_penalty: BTreeMap<Option<i32>, Vec<(i64, i64, Dead)>> = BTreeMap::new();
    for new in wanted {
        let (RowRef::Id(owner), RowRef::Id(member)) = (new.owner, new.member) else { continue };
        let Some(row) = dead.get(&(owner, member)).and_then(|rows| one(rows)) else { continue };
        revived.insert((new.owner, new.member));
        by_penalty.entry(new.penalty).or_default().push((owner, member, row));
    }
    for (penalty, rows) in by_penalty {
        write(writer, link, &condition, penalty, &rows)?;
    }
    Ok(revived)
}

/// The row of a pair that can be named alone: the newest by its key, or the only one.
fn one(rows: &[Dead]) -> Option<Dead> {
    match rows {
        [only] => Some(*only),
        several => several.iter().copied().max().filter(Option::is_some),
    }
}

fn dead(
    conn: &mut Connection,
    link: &Link,
    condition: &str,
    wanted: &[NewLink],
) -> Result<HashMap<(i64, i64), Vec<Dead>>, DbError> {
    let owners: BTreeSet<i64> = wanted
        .iter()
        .filter_map(|new| match new.owner {
            RowRef::Id(id) => Some(id),
            RowRef::New(_) => None,
        })
        .collect();
    let owners: Vec<i64> = owners.into_iter().collect();
    let columns: Vec<String> = [Some(&link.owner), Some(&link.member), link.id.as_ref()]
        .into_iter()
        .flatten()
        .map(|c| c.quoted())
        .collect();
    let (columns, table, owner) = (columns.join(", "), link.table.quoted(), link.owner.quoted());
    let mut found: HashMap<(i64, i64), Vec<Dead>> = HashMap::new();
    for chunk in owners.chunks(CHUNK) {
        let sql = format!(
            "SELECT {columns} FROM {table} WHERE {condition} AND {owner} IN ({})",
            marks(chunk.len())
        );
        let mut values = link.condition_values();
        values.extend(chunk.iter().map(|id| Value::from(*id)));
        conn.each(&sql, &values, &mut |row| {
            let key = link.id.as_ref().map(|_| row.int(2)).transpose()?;
            found.entry((row.int(0)?, row.int(1)?)).or_default().push(key);
            Ok(())
        })?;
    }
    Ok(found)
}

/// Clears the mark, and fills the columns as a new row's: but for when it was made, which was then.
fn write(
    writer: &mut Writer<'_>,
    link: &Link,
    condition: &str,
    penalty: Option<i32>,
    rows: &[(i64, i64, Dead)],
) -> Result<(), Trouble> {
    let mut set: Vec<(&Ident, Value)> = link.deleted.iter().map(|column| (column, Value::Null)).collect();
    set.extend(link.penalty.iter().map(|column| (column, i64::from(penalty.unwrap_or(0)).into())));
    set.extend(link.fixed.iter().map(|(column, value)| (column, Value::from(value))));
    set.extend(link.updated.iter().map(|column| (column, Value::from(writer.now))));
    let columns: Vec<&Ident> = set.iter().map(|(column, _)| *column).collect();
    let what = format!("taking back deleted rows of {}", link.table);
    for Batch { condition, values, rows } in batches(link, condition, rows) {
        let sql = format!("UPDATE {} SET {} WHERE {condition}", link.table.quoted(), assignments(&columns));
        let all: Vec<Value> = set.iter().map(|(_, value)| value.clone()).chain(values).collect();
        writer.change(&sql, &all, rows, &what)?;
    }
    Ok(())
}

fn batches(link: &Link, condition: &str, rows: &[(i64, i64, Dead)]) -> Vec<Batch> {
    let mut batches = Vec::new();
    let named = |column: &Ident, first: Vec<Value>, ids: Vec<i64>, more: &str| Batch {
        condition: format!("{condition}{more} AND {} IN ({})", column.quoted(), marks(ids.len())),
        rows: ids.len(),
        values: link
            .condition_values()
            .into_iter()
            .chain(first)
            .chain(ids.into_iter().map(Value::from))
            .collect(),
    };
    if let Some(id) = &link.id {
        let ids: Vec<i64> = rows.iter().filter_map(|(.., id)| *id).collect();
        batches.extend(ids.chunks(pieces(1)).map(|chunk| named(id, Vec::new(), chunk.to_vec(), "")));
        return batches;
    }
    let mut by_owner: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (owner, member, _) in rows {
        by_owner.entry(*owner).or_default().push(*member);
    }
    let more = format!(" AND {} = ?", link.owner.quoted());
    for (owner, members) in by_owner {
        let chunks = members.chunks(CHUNK);
        batches.extend(chunks.map(|chunk| named(&link.member, vec![owner.into()], chunk.to_vec(), &more)));
    }
    batches
}
