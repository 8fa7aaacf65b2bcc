//! Rows that the plan does not know and that refer to rows that are to go.
//!
//! Invariant: a reference stops the plan, whatever the database would do about it: cascades are not counted. What this
//! user cannot see is said, and not taken for a no.

use super::look::PlanContext;
use crate::db::{Catalog, DbError, Engine, ErrorKind, Value};
use crate::outcome::{Finding, Level, codes, counted};
use crate::seed::map::{Ident, Part};
use crate::seed::plan::{Plan, Why, ends};
use crate::seed::snapshot::{CHUNK, Section, marks};
use crate::seed::verify::{Reference, references_to};
use std::collections::{BTreeMap, BTreeSet};

/// Rows that are to go: their table, its key, and the values of that.
type Going<'a> = BTreeMap<(&'a Ident, Option<&'a Ident>), BTreeSet<i64>>;

pub(super) fn findings(look: &mut PlanContext<'_>) -> Result<Vec<Finding>, DbError> {
    let going = going(look);
    if going.is_empty() {
        return Ok(Vec::new());
    }
    let mut findings = unseen(look)?;
    let own = Catalog::read(look.conn)?;
    let elsewhere = match Catalog::elsewhere(look.conn) {
        Err(error) if error.kind() == ErrorKind::Timeout => {
            findings.push(unknown(format!("the tables of other schemas: {error}"), Level::Info));
            Vec::new()
        }
        answer => answer?,
    };
    for ((table, key), ids) in going {
        for reference in references_to(&own, &elsewhere, table) {
            let by_key = key.is_some_and(|key| key.is_column(reference.to.as_str()));
            let ids: Vec<i64> = if by_key { ids.iter().copied().collect() } else { Vec::new() };
            let known = unlinked(look, &reference, table, &ids);
            let marked = deleted_links(look, &reference);
            let rows = referring(look, &reference, &ids, marked)?.saturating_sub(known);
            if rows > 0 {
                findings.push(refers(&reference, table, rows, by_key));
            }
        }
    }
    Ok(findings)
}

fn going<'a>(look: &PlanContext<'a>) -> Going<'a> {
    let (map, plan) = (look.map, look.plan);
    let mut going = Going::new();
    for delete in &plan.delete {
        if let Some(section) = Section::of(map, delete.part) {
            going.entry((section.table, Some(section.id))).or_default().insert(delete.id);
        }
    }
    for (kind, links) in &plan.unlink {
        // A link that is only marked stays, and with it whatever refers to it.
        if let Some(link) = map.link(*kind).filter(|link| link.deleted.is_none() || is_undo(plan)) {
            let ids = links.iter().filter_map(|link| link.row).map(std::num::NonZeroI64::get);
            going.entry((&link.table, link.id.as_ref())).or_default().extend(ids);
        }
    }
    going
}

/// How many of the referring rows are links that the plan deletes itself, before the rows that they belong to.
fn unlinked(look: &PlanContext<'_>, reference: &Reference, table: &Ident, ids: &[i64]) -> u64 {
    let (map, plan) = (look.map, look.plan);
    if reference.schema.is_some() {
        return 0;
    }
    let of_table = |part: Part| Section::of(map, part).filter(|section| section.table == table);
    let mut count = 0;
    for (kind, rows) in &plan.unlink {
        let Some(link) = map.link(*kind).filter(|link| link.table == reference.table) else { continue };
        let (owners, members) = ends(*kind);
        // A marked link still refers to its ends, which therefore must not really go.
        let stays = link.deleted.is_some() && !is_undo(plan);
        let goes = |part| of_table(part).is_some_and(|end| !stays || end.deleted.is_some());
        let refers = |column: &Ident, part| column.is_column(reference.column.as_str()) && goes(part);
        // In their order, because there may be a million links of thousands of profiles.
        if refers(&link.owner, owners) {
            count += rows.iter().filter(|row| ids.binary_search(&row.owner).is_ok()).count() as u64;
        } else if refers(&link.member, members) {
            count += rows.iter().filter(|row| ids.binary_search(&row.member).is_ok()).count() as u64;
        }
    }
    count
}

/// The mark of deleted links in a table of links: to a profile that only is marked, too, they may refer.
fn deleted_links<'a>(look: &PlanContext<'a>, reference: &Reference) -> Option<&'a Ident> {
    look.map.profiles.as_ref()?.columns.deleted.as_ref()?;
    let is_it = |link: &&crate::seed::map::Link| {
        reference.schema.is_none()
            && link.table == reference.table
            && link.owner.is_column(reference.column.as_str())
    };
    look.map.links.values().find(is_it)?.deleted.as_ref()
}

/// What a run made, its undo deletes without a mark.
fn is_undo(plan: &Plan) -> bool {
    plan.delete.iter().any(|delete| delete.why == Why::Undone)
}

fn refers(reference: &Reference, table: &Ident, rows: u64, by_key: bool) -> Finding {
    let title = "rows that the schema map does not know refer to rows that are to go";
    let from = match &reference.schema {
        Some(schema) => format!("{schema}.{}.{}", reference.table, reference.column),
        None => format!("{}.{}", reference.table, reference.column),
    };
    // Without a key it is not known to which rows.
    let what = if by_key { format!("rows of {table} that are to go") } else { format!("rows of {table}") };
    let on_delete = match reference.on_delete.as_str() {
        "" => "not known".to_owned(),
        rule => rule.to_lowercase(),
    };
    let refer = if rows == 1 { "refers" } else { "refer" };
    Finding::new(codes::SEED_OUTSIDE_REFERENCE, title)
        .evidence(format!("{} of {from} {refer} to {what} (on delete: {on_delete})", counted(rows, "row")))
        .advice("remove these references in Motion first, or keep the rows")
}

/// How many rows refer to these ids; to anything, where no ids tell which.
fn referring(
    look: &mut PlanContext<'_>,
    reference: &Reference,
    ids: &[i64],
    marked: Option<&Ident>,
) -> Result<u64, DbError> {
    let column = reference.column.quoted();
    let table = match &reference.schema {
        Some(schema) => format!("{}.{}", schema.quoted(), reference.table.quoted()),
        None => reference.table.quoted(),
    };
    let mut count = 0;
    let live = marked.map_or_else(String::new, |deleted| format!("{} IS NULL AND ", deleted.quoted()));
    let mut ask = |condition: String, values: &[Value]| {
        let rows = look
            .conn
            .rows(&format!("SELECT COUNT(*) FROM {table} WHERE {live}{column} {condition}"), values)?;
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

/// Tables that this user cannot see may refer to the rows as well.
fn unseen(look: &mut PlanContext<'_>) -> Result<Vec<Finding>, DbError> {
    if look.conn.engine() == Engine::Sqlite {
        return Ok(Vec::new());
    }
    // Whoever may read a whole schema is told that a table of no name in it does not exist, anybody else that he must
    // not read it.
    let mut reads = |table: &str| match look.conn.rows(&format!("SELECT 1 FROM {table}"), &[]) {
        Err(error) if error.kind() == ErrorKind::Privilege => Ok(false),
        Err(error) if matches!(error.kind(), ErrorKind::Lost | ErrorKind::Unreachable) => Err(error),
        _ => Ok(true),
    };
    if !reads("`motionctl no such table`")? {
        let what = "not every table of this schema is to be seen by this user".to_owned();
        return Ok(vec![unknown(what, Level::Stop)]);
    }
    if !reads("`motionctl no such schema`.`no such table`")? {
        let what = "tables of other schemas are not to be seen by this user".to_owned();
        return Ok(vec![unknown(what, Level::Info)]);
    }
    Ok(Vec::new())
}

fn unknown(what: String, level: Level) -> Finding {
    let title = "whether other tables refer to rows that are to go is not known";
    let finding = Finding::graded(codes::SEED_OUTSIDE_UNKNOWN, level, title).evidence(what);
    match level {
        Level::Stop => {
            finding.advice("grant SELECT on the schema, or accept it with --accept seed.outside-unknown")
        }
        _ => finding,
    }
}
