//! Locks: one that keeps two runs apart, and those of rows.
//!
//! Invariant: rows are locked by primary key, in one order, and never by a search through users, because a locked user
//! cannot log in. SQLite locks the whole file by itself.

use crate::db::catalog::Covers;
use crate::db::{Catalog, Connection, DbError, Engine, Value};
use crate::seed::map::{Map, Part};
use crate::seed::plan::{Plan, RowRef, ends};
use crate::seed::snapshot::{CHUNK, Section, marks};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Whether two runs are kept apart from the start. The rows' locks keep each whole by themselves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Advisory {
    /// Where the server supports it.
    #[default]
    Taken,
    Left,
}

/// What came of asking for the advisory lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// It is held until the connection ends.
    Held,
    /// Another run has it: its connection.
    Refused(String),
    /// This server has none.
    Unsupported,
}

/// Asks for the advisory lock, and waits for it so long.
pub(super) fn advisory(conn: &mut Connection, identity: &str, wait: Duration) -> Result<Asked, DbError> {
    if conn.engine() == Engine::Sqlite {
        return Ok(Asked::Unsupported);
    }
    // Names of locks are those of the whole server and at most 64 characters long.
    let digest = hex::encode(Sha256::digest(identity));
    let name = format!("motionctl.seed.{}", &digest[..32]);
    let wait = i64::try_from(wait.as_secs()).unwrap_or(i64::MAX);
    let values = [name.clone().into(), wait.into(), name.into()];
    let rows = match conn.rows("SELECT GET_LOCK(?, ?), IS_USED_LOCK(?)", &values) {
        Ok(rows) => rows,
        // Galera refuses it (ER_NOT_SUPPORTED_YET); the rows' locks remain.
        Err(error) if error.code() == Some(1235) => return Ok(Asked::Unsupported),
        Err(error) => return Err(error),
    };
    let Some(row) = rows.first() else { return Ok(Asked::Unsupported) };
    Ok(match row.optional_int(0)? {
        Some(1) => Asked::Held,
        Some(_) => Asked::Refused(row.value(1).display()),
        None => Asked::Unsupported,
    })
}

/// Locks the rows that a plan touches: all profiles, which is what keeps two runs apart that know nothing of each
/// other, then queues, then agents, then rights. Gives what is missing, if anything is.
pub(in crate::seed) fn rows(
    conn: &mut Connection,
    map: &Map,
    catalog: &Catalog,
    plan: &Plan,
) -> Result<Option<String>, DbError> {
    if conn.engine() == Engine::Sqlite {
        return Ok(None);
    }
    if let Some(section) = Section::of(map, Part::Profiles) {
        let (id, table) = (section.id.quoted(), section.table.quoted());
        let key = key(catalog, &section);
        conn.each(&format!("SELECT {id} FROM {table}{key} ORDER BY {id} FOR UPDATE"), &[], &mut |_| Ok(()))
            .map_err(|error| error.waiting_for(section.table.as_str()))?;
    }
    let mut changed: BTreeMap<Part, BTreeSet<i64>> = BTreeMap::new();
    for update in plan.update.iter().filter(|update| update.part != Part::Profiles) {
        changed.entry(update.part).or_default().insert(update.id);
    }
    for delete in plan.delete.iter().filter(|delete| delete.part != Part::Profiles) {
        changed.entry(delete.part).or_default().insert(delete.id);
    }
    let mut linked: BTreeMap<Part, BTreeSet<i64>> = BTreeMap::new();
    for (kind, links) in &plan.link {
        let (owners, members) = ends(*kind);
        for link in links {
            for (part, row) in [(owners, link.owner), (members, link.member)] {
                if let (RowRef::Id(id), true) = (row, part != Part::Profiles) {
                    linked.entry(part).or_default().insert(id);
                }
            }
        }
    }
    let parts: BTreeSet<Part> = changed.keys().chain(linked.keys()).copied().collect();
    // Agents last, so that they wait the shortest.
    for part in parts.iter().rev() {
        for (ids, how) in [(changed.get(part), "FOR UPDATE"), (linked.get(part), "LOCK IN SHARE MODE")] {
            let Some(section) = Section::of(map, *part) else { continue };
            let Some(ids) = ids else { continue };
            if !by_key(conn, catalog, &section, ids, how)? {
                return Ok(Some(format!("a row of {} is gone", section.table)));
            }
        }
    }
    rights(conn, map, catalog, plan)
}

/// Locks the rows of rights that a plan changes, and keeps the user profiles from going.
fn rights(
    conn: &mut Connection,
    map: &Map,
    catalog: &Catalog,
    plan: &Plan,
) -> Result<Option<String>, DbError> {
    let ids: BTreeSet<i64> = plan.rights.iter().map(|change| change.user_profile).collect();
    let Some(permissions) = map.permissions.as_ref().filter(|_| !ids.is_empty()) else { return Ok(None) };
    if let Some(section) = Section::of(map, Part::Permissions)
        && !by_key(conn, catalog, &section, &ids, "LOCK IN SHARE MODE")?
    {
        return Ok(Some(format!("a row of {} is gone", section.table)));
    }
    let (table, owner) = (permissions.table.quoted(), permissions.columns.user_profile.quoted());
    let ids: Vec<i64> = ids.into_iter().collect();
    for chunk in ids.chunks(CHUNK) {
        let of_section =
            format!("{} = ? AND {owner} IN ({})", permissions.columns.section.quoted(), marks(chunk.len()));
        let sql = format!("SELECT {owner} FROM {table} WHERE {of_section} ORDER BY {owner} FOR UPDATE");
        let mut values = vec![permissions.section.as_str().into()];
        values.extend(chunk.iter().map(|id| Value::from(*id)));
        conn.rows(&sql, &values).map_err(|error| error.waiting_for(permissions.table.as_str()))?;
    }
    Ok(None)
}

fn by_key(
    conn: &mut Connection,
    catalog: &Catalog,
    section: &Section<'_>,
    ids: &BTreeSet<i64>,
    how: &str,
) -> Result<bool, DbError> {
    let (id, table, key) = (section.id.quoted(), section.table.quoted(), key(catalog, section));
    // A column that is not in the key: with the key alone MySQL reads, and locks, all of it, where most rows are named.
    let read = format!("{id}, {}", section.name.quoted());
    let ids: Vec<i64> = ids.iter().copied().collect();
    let mut found = 0;
    for chunk in ids.chunks(CHUNK) {
        let marks = marks(chunk.len());
        let sql = format!("SELECT {read} FROM {table}{key} WHERE {id} IN ({marks}) ORDER BY {id} {how}");
        let values: Vec<_> = chunk.iter().map(|id| (*id).into()).collect();
        let rows = conn.rows(&sql, &values).map_err(|error| error.waiting_for(section.table.as_str()))?;
        found += rows.len();
    }
    Ok(found == ids.len())
}

/// Keeps the server from searching the whole table, and locking it, where most of its rows are named.
fn key(catalog: &Catalog, section: &Section<'_>) -> String {
    let table = catalog.table(section.table.as_str());
    let is_key = |columns: &[String]| matches!(columns, [one] if section.id.is_column(one));
    let index = table.and_then(|table| {
        table
            .indexes
            .iter()
            .find(|index| index.unique && index.covers == Covers::Whole && is_key(&index.columns))
    });
    index.map_or_else(String::new, |index| format!(" FORCE INDEX ({})", crate::db::quoted(&index.name)))
}
