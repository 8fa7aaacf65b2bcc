//! Reads a snapshot, set by set.
//!
//! Invariant: plain SELECTs inside one transaction that the caller began; no statement for each row, no lock, and no
//! table is read whole unless most of it is wanted.

use super::extensions;
use super::model::{LinkRow, Links, Record, Records, RowState, Snapshot};
use super::names::{CHUNK, Comparison, Keyed, compare, marks};
use super::rights::rights;
use super::scope::{Others, Owners, Scope, Wanted};
use super::section::Section;
use super::texts::unholdable;
use crate::db::{Catalog, Connection, DbError, Row, Value};
use crate::seed::manifest::Name;
use crate::seed::map::{Ident, Link, LinkKind, Map, Part};
use std::collections::{BTreeMap, BTreeSet};

/// Beyond this many owners a table of links is read whole and sifted here.
const MOST_OWNERS: usize = 20 * CHUNK;

/// Reads what a scope names.
///
/// # Errors
/// When the database fails.
pub fn read(conn: &mut Connection, map: &Map, catalog: &Catalog, scope: &Scope) -> Result<Snapshot, DbError> {
    let mut snapshot = Snapshot::default();
    for (part, wanted) in &scope.parts {
        if let Some(section) = Section::of(map, *part) {
            snapshot.parts.insert(*part, records(conn, catalog, &section, wanted)?);
        }
    }
    if let (Some(section), Some(agents)) = (Section::of(map, Part::Users), snapshot.agents())
        && section.create
    {
        snapshot.extensions = extensions::holders(conn, catalog, &section, agents, &scope.extensions)
            .map_err(|error| error.waiting_for(section.table.as_str()))?;
    }
    for (kind, owners) in &scope.links {
        let Some(link) = map.link(*kind) else { continue };
        let owners = match owners {
            Owners::All => None,
            Owners::Named(names) => Some(ids(&snapshot, *kind, names)),
        };
        let found = match &owners {
            None => links(conn, link, None)?,
            Some(ids) => links(conn, link, Some((&link.owner, ids)))?,
        };
        snapshot.links.insert(*kind, found);
    }
    if let (Some(permissions), Some(found)) = (&map.permissions, snapshot.part(Part::Permissions)) {
        let user_profiles: Vec<i64> = found.rows.keys().copied().collect();
        snapshot.rights = rights(conn, permissions, &user_profiles)?;
    }
    snapshot.unholdable = unholdable(conn, map, catalog, &scope.texts)?;
    Ok(snapshot)
}

/// The live rows that have these names.
fn ids(snapshot: &Snapshot, kind: LinkKind, names: &BTreeSet<Name>) -> BTreeSet<i64> {
    let part = if matches!(kind, LinkKind::Personal(_)) { Part::Users } else { Part::Profiles };
    let Some(records) = snapshot.part(part) else { return BTreeSet::new() };
    let groups = names.iter().filter_map(|name| records.names.group(name));
    let rows = groups.flat_map(|group| records.of_group(group));
    rows.filter(|record| record.standing == RowState::Live).map(|record| record.id).collect()
}

/// The rows of a section.
pub(in crate::seed) fn records(
    conn: &mut Connection,
    catalog: &Catalog,
    section: &Section<'_>,
    wanted: &Wanted,
) -> Result<Records, DbError> {
    rows_of(conn, catalog, section, wanted).map_err(|error| error.waiting_for(section.table.as_str()))
}

fn rows_of(
    conn: &mut Connection,
    catalog: &Catalog,
    section: &Section<'_>,
    wanted: &Wanted,
) -> Result<Records, DbError> {
    let mut others = BTreeMap::new();
    if wanted.others != Others::Left {
        let (role, agent) = section.and_role();
        let condition = format!("{} IS NOT NULL{role}", section.name.quoted());
        select(conn, section, &condition, agent.into_iter().collect(), &mut others)?;
    }
    let mut list = wanted.names.clone();
    if wanted.others == Others::Compared {
        let live = others.values().filter(|record: &&Record| record.standing == RowState::Live);
        list.extend(live.map(|record| record.name.clone()));
    }
    let mut rows = BTreeMap::new();
    let mut names = super::Names::default();
    if !list.is_empty() {
        let comparison = Comparison::of(conn, catalog, section)?;
        let mut list: Vec<Name> = list.into_iter().collect();
        let mut keyed = comparison.group(conn, &list)?;
        list.retain(|name| !keyed.names.is_unholdable(name));
        for chunk in list.chunks(CHUNK) {
            let condition = format!("{} IN ({})", section.name.quoted(), marks(chunk.len()));
            let values = chunk.iter().map(|name| Value::from(&**name)).collect();
            select(conn, section, &condition, values, &mut rows)?;
        }
        assign(conn, section, &comparison, &mut keyed, &list, &rows)?;
        names = keyed.names;
    }
    rows.append(&mut others);
    Ok(Records { rows, names })
}

/// Says of each row which of the names it has; every row has one, because it was found by them.
fn assign(
    conn: &mut Connection,
    section: &Section<'_>,
    comparison: &Comparison,
    keyed: &mut Keyed,
    list: &[Name],
    rows: &BTreeMap<i64, Record>,
) -> Result<(), DbError> {
    let (mut others, mut odd) = (Vec::new(), Vec::new());
    for record in rows.values() {
        match keyed.group_of_name(&record.name) {
            Some(group) => keyed.names.add_row(group, record.id),
            None => others.push(record.id),
        }
    }
    for (id, key) in comparison.keys_of_rows(conn, section, &others)? {
        match keyed.group_of_key(&key) {
            Some(group) => keyed.names.add_row(group, id),
            None => odd.push(id),
        }
    }
    // The same to the server and not by its weights: left out, such a row would be inserted again.
    for (id, name) in compare(conn, section, &odd, list)? {
        if let Some(group) = keyed.group_of_name(&name) {
            keyed.names.add_row(group, id);
        }
    }
    Ok(())
}

fn select(
    conn: &mut Connection,
    section: &Section<'_>,
    condition: &str,
    mut values: Vec<Value>,
    rows: &mut BTreeMap<i64, Record>,
) -> Result<(), DbError> {
    let mut columns = vec![section.id.quoted(), section.name.quoted()];
    if let Some((role, agent)) = section.role {
        columns.extend([format!("{} = ?", role.quoted()), role.quoted()]);
        values.insert(0, agent.into());
    }
    columns.extend(section.online.map(|column| column.quoted()));
    columns.extend(section.deleted.map(|column| format!("{} IS NOT NULL", column.quoted())));
    columns.extend(section.columns.iter().map(|column| column.ident.quoted()));
    columns.extend([section.created, section.updated].into_iter().flatten().map(|column| column.quoted()));
    let mut sql = format!("SELECT {} FROM {} WHERE {condition}", columns.join(", "), section.table.quoted());
    if values.is_empty() {
        // With a value the server answers in binary; in its other protocol a FLOAT has six digits and no more.
        sql.push_str(" AND ? = 1");
        values.push(Value::Int(1));
    }
    conn.each(&sql, &values, &mut |row| {
        let record = record(section, &row)?;
        rows.insert(record.id, record);
        Ok(())
    })
}

fn record(section: &Section<'_>, row: &Row) -> Result<Record, DbError> {
    let mut next = 2;
    let mut take = || {
        next += 1;
        next - 1
    };
    let mut standing = RowState::Live;
    if section.role.is_some() {
        let is_agent = take();
        let role = take();
        if row.optional_int(is_agent)? != Some(1) {
            standing = RowState::OtherRole(row.optional_text(role)?.unwrap_or("none").into());
        }
    }
    let online = match section.online.map(|_| take()) {
        Some(index) => row.optional_int(index)?.is_some_and(|flag| flag != 0),
        None => false,
    };
    if let Some(index) = section.deleted.map(|_| take())
        && row.int(index)? != 0
    {
        standing = RowState::Deleted;
    }
    let values = section.columns.iter().map(|_| row.value(take()).clone()).collect();
    let times = [section.created, section.updated].map(|column| {
        let index = column.map(|_| take())?;
        row.optional_text(index).ok().flatten().map(Name::from)
    });
    Ok(Record { id: row.int(0)?, name: row.text(1)?.into(), standing, online, values, times })
}

/// Links, of everybody or of those whose column holds one of the ids.
pub(in crate::seed) fn links(
    conn: &mut Connection,
    link: &Link,
    only: Option<(&Ident, &BTreeSet<i64>)>,
) -> Result<Links, DbError> {
    rows_of_link(conn, link, only).map_err(|error| error.waiting_for(link.table.as_str()))
}

fn rows_of_link(
    conn: &mut Connection,
    link: &Link,
    only: Option<(&Ident, &BTreeSet<i64>)>,
) -> Result<Links, DbError> {
    let mut columns = vec![link.owner.quoted(), link.member.quoted()];
    columns.extend(link.id.as_ref().map(|column| column.quoted()));
    columns.extend(link.penalty.as_ref().map(|column| column.quoted()));
    let sql =
        format!("SELECT {} FROM {} WHERE {}", columns.join(", "), link.table.quoted(), link.where_sql());
    let mut rows = Vec::new();
    let mut take = |row: Row| {
        let id = link.id.as_ref().map(|_| row.int(2)).transpose()?;
        let index = if id.is_some() { 3 } else { 2 };
        let penalty = match &link.penalty {
            Some(_) => row.optional_int(index)?.map(|value| i32::try_from(value).unwrap_or(i32::MAX)),
            None => None,
        };
        let row = LinkRow {
            owner: row.int(0)?,
            member: row.int(1)?,
            row: id.and_then(std::num::NonZeroI64::new),
            penalty,
        };
        rows.push(row);
        Ok(())
    };
    match only {
        Some((column, ids)) if ids.len() <= MOST_OWNERS => {
            let ids: Vec<i64> = ids.iter().copied().collect();
            for chunk in ids.chunks(CHUNK) {
                let sql = format!("{sql} AND {} IN ({})", column.quoted(), marks(chunk.len()));
                let mut values = link.condition_values();
                values.extend(chunk.iter().map(|id| Value::from(*id)));
                conn.each(&sql, &values, &mut take)?;
            }
        }
        _ => conn.each(&sql, &link.condition_values(), &mut take)?,
    }
    if let Some((column, ids)) = only.filter(|(_, ids)| ids.len() > MOST_OWNERS) {
        let by_owner = column == &link.owner;
        rows.retain(|row: &LinkRow| ids.contains(if by_owner { &row.owner } else { &row.member }));
    }
    Ok(Links::new(rows))
}
