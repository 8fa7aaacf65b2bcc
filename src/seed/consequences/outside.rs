//! Rows that the map does not know and that refer to rows that are to go: in tables outside it, and beside links.
//!
//! Invariant: a reference stops the plan, whatever the database would do about it: cascades are not counted.

use super::Look;
use crate::db::{Catalog, DbError, Value};
use crate::outcome::{Finding, Level};
use crate::seed::map::Ident;
use crate::seed::snapshot::{CHUNK, marks};
use crate::seed::verify::{inside_references, outside_references};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn findings(look: &mut Look<'_>) -> Result<Vec<Finding>, DbError> {
    let mut going: BTreeMap<(&Ident, Option<&Ident>), Vec<i64>> = BTreeMap::new();
    if let Some(profiles) = look.map.profiles.as_ref().filter(|_| !look.plan.delete.is_empty()) {
        let ids = look.plan.delete.iter().map(|delete| delete.id).collect();
        going.insert((&profiles.table, Some(&profiles.columns.id)), ids);
    }
    for (kind, links) in &look.plan.unlink {
        if let Some(link) = look.map.link(*kind) {
            let ids = links.iter().filter_map(|link| link.row).map(std::num::NonZeroI64::get);
            going.entry((&link.table, link.id.as_ref())).or_default().extend(ids);
        }
    }
    if going.is_empty() {
        return Ok(Vec::new());
    }
    let whole = Catalog::read(look.conn)?;
    let mut findings = beside_links(look, &whole)?;
    for ((table, key), ids) in going {
        for reference in outside_references(look.map, &whole, table) {
            let by_key = key.is_some_and(|key| key.is_column(reference.to.as_str()));
            let ids: &[i64] = if by_key { &ids } else { &[] };
            let rows = referring(look, &reference.table, &reference.column, ids)?;
            if rows > 0 {
                let title = "a table that the schema map does not know refers to rows that are to go";
                let what = if by_key { "to them" } else { "to rows of it" };
                findings.push(
                    Finding::new("seed.outside-reference", Level::Stop, title)
                        .evidence(format!(
                            "{rows} rows of {}.{} refer to {table}, {what} (on delete: {})",
                            reference.table,
                            reference.column,
                            reference.on_delete.to_lowercase()
                        ))
                        .advice("remove these references in Motion first, or keep the rows"),
                );
            }
        }
    }
    Ok(findings)
}

/// Rows that share a table with links, refer to profiles that go, and are not among the links that the plan deletes:
/// those of a channel that the map does not have, or of an agent as well.
fn beside_links(look: &mut Look<'_>, whole: &Catalog) -> Result<Vec<Finding>, DbError> {
    let (map, plan) = (look.map, look.plan);
    let Some(profiles) = map.profiles.as_ref().filter(|_| !plan.delete.is_empty()) else {
        return Ok(Vec::new());
    };
    let going: BTreeSet<i64> = plan.delete.iter().map(|delete| delete.id).collect();
    let ids: Vec<i64> = going.iter().copied().collect();
    let mut findings = Vec::new();
    for reference in inside_references(map, whole, &profiles.table) {
        if !profiles.columns.id.is_column(reference.to.as_str()) {
            continue;
        }
        let links = plan.unlink.iter().filter(|(kind, _)| {
            map.link(**kind).is_some_and(|link| {
                link.table == reference.table && link.owner.is_column(reference.column.as_str())
            })
        });
        let known = links.flat_map(|(_, rows)| rows).filter(|row| going.contains(&row.owner)).count();
        let rows = referring(look, &reference.table, &reference.column, &ids)?.saturating_sub(known as u64);
        if rows > 0 {
            let title = "rows that are no links to the schema map refer to profiles that are to go";
            findings.push(
                Finding::new("seed.outside-reference", Level::Stop, title)
                    .evidence(format!(
                        "{rows} rows of {}.{} besides the links that go with them (on delete: {})",
                        reference.table,
                        reference.column,
                        reference.on_delete.to_lowercase()
                    ))
                    .advice("remove these rows in Motion first, or keep the profiles"),
            );
        }
    }
    Ok(findings)
}

/// How many rows refer to these ids; to anything, where no ids tell which.
fn referring(look: &mut Look<'_>, table: &Ident, column: &Ident, ids: &[i64]) -> Result<u64, DbError> {
    let (table, column) = (table.quoted(), column.quoted());
    let mut count = 0;
    let mut ask = |condition: String, values: &[Value]| {
        let rows =
            look.conn.rows(&format!("SELECT COUNT(*) FROM {table} WHERE {column} {condition}"), values)?;
        count += rows.first().map(|row| row.int(0)).transpose()?.unwrap_or(0);
        Ok::<_, DbError>(())
    };
    if ids.is_empty() {
        ask("IS NOT NULL".to_owned(), &[])?;
    }
    for chunk in ids.chunks(CHUNK) {
        let values: Vec<Value> = chunk.iter().map(|id| (*id).into()).collect();
        ask(format!("IN ({})", marks(chunk.len())), &values)?;
    }
    Ok(u64::try_from(count).unwrap_or(0))
}
