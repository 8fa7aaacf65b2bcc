//! Who has the extensions that agents are to get who are not there yet.
//!
//! Invariant: users of any role count, and so do those who were deleted softly; whether two extensions are the same is
//! the server's word. What the column may not be able to hold is never part of a comparison.

use super::model::{Holder, Records, RowState};
use super::names::{CHUNK, marks};
use super::section::{Field, Section};
use crate::db::{Catalog, Connection, DbError, Engine, Value};
use crate::seed::manifest::Name;
use std::collections::{BTreeMap, BTreeSet};

/// The users who have the extension of a new agent; an entry for each extension that was asked for.
pub(super) fn holders(
    conn: &mut Connection,
    catalog: &Catalog,
    section: &Section<'_>,
    agents: &Records,
    wanted: &BTreeMap<Name, Name>,
) -> Result<BTreeMap<Name, Vec<Holder>>, DbError> {
    let mut found = BTreeMap::new();
    let Some(column) = section.ident(&Field::Internal) else { return Ok(found) };
    let definition = catalog.table(section.table.as_str()).and_then(|table| table.column(column.as_str()));
    let charset = definition.and_then(|column| column.charset.as_deref());
    let holds_all = conn.engine() == Engine::Sqlite || charset == Some("utf8mb4");
    let new = wanted.iter().filter(|(agent, _)| is_new(agents, agent)).map(|(_, extension)| extension);
    let extensions: BTreeSet<&Name> = new.filter(|text| holds_all || text.is_ascii()).collect();
    let extensions: Vec<&Name> = extensions.into_iter().collect();
    let (id, name, internal) = (section.id.quoted(), section.name.quoted(), column.quoted());
    for chunk in extensions.chunks(CHUNK) {
        let cases: String = (0..chunk.len()).map(|index| format!(" WHEN ? THEN {index}")).collect();
        let sql = format!(
            "SELECT {id}, {name}, CASE {internal}{cases} END FROM {} WHERE {internal} IN ({})",
            section.table.quoted(),
            marks(chunk.len())
        );
        let texts = chunk.iter().map(|text| Value::from(&***text));
        let values: Vec<Value> = texts.clone().chain(texts).collect();
        let mut holders: Vec<Vec<Holder>> = vec![Vec::new(); chunk.len()];
        conn.each(&sql, &values, &mut |row| {
            let which = row.optional_int(2)?.and_then(|index| usize::try_from(index).ok());
            if let Some(holders) = which.and_then(|index| holders.get_mut(index)) {
                holders.push(Holder { id: row.int(0)?, name: row.value(1).display().into() });
            }
            Ok(())
        })?;
        for (extension, mut holders) in chunk.iter().zip(holders) {
            holders.sort_unstable();
            found.insert((*extension).clone(), holders);
        }
    }
    Ok(found)
}

/// Whether no row has this name, but ones that were deleted.
fn is_new(agents: &Records, name: &Name) -> bool {
    let Some(group) = agents.names.group(name) else { return false };
    agents.of_group(group).all(|record| record.standing == RowState::Deleted)
}
