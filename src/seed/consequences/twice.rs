//! Links that stand in two rows or more.
//!
//! Invariant: what was read is looked at, also where nothing is planned; without a snapshot the server is asked for the pairs.
//! Which of the rows Motion goes by is not known.

use super::look::{few, names};
use crate::db::{Catalog, Connection, DbError};
use crate::outcome::{Finding, codes, visible};
use crate::seed::map::{Link, LinkKind, Map, Part};
use crate::seed::plan::{ends, noun};
use crate::seed::session::Telling;
use crate::seed::snapshot::{LinkRow, Links, Section, Snapshot, links};
use std::collections::{BTreeMap, BTreeSet};

/// Pairs of which there are several rows.
pub(in crate::seed) fn twice(snapshot: &Snapshot, telling: Telling) -> Option<Finding> {
    let named = |part: Part, id: i64| {
        snapshot.part(part).and_then(|records| records.rows.get(&id)).map(|record| record.name.to_string())
    };
    finding(snapshot.links.iter().flat_map(|(kind, links)| lines(*kind, links, &named)).collect(), telling)
}

/// The same of all links of a map, where nothing else was read. Links that cannot be read are no finding: the commands that
/// rely on them say so.
pub fn twice_anywhere(conn: &mut Connection, catalog: &Catalog, map: &Map) -> Option<Finding> {
    let mut pairs = Vec::new();
    for (kind, link) in &map.links {
        pairs.extend(of_kind(conn, catalog, map, *kind, link).unwrap_or_default());
    }
    finding(pairs, Telling::Few)
}

fn of_kind(
    conn: &mut Connection,
    catalog: &Catalog,
    map: &Map,
    kind: LinkKind,
    link: &Link,
) -> Result<Vec<String>, DbError> {
    let pair = [link.owner.as_str(), link.member.as_str()];
    if catalog.table(link.table.as_str()).is_none_or(|table| table.is_unique(&pair)) {
        return Ok(Vec::new());
    }
    let (owner, member) = (link.owner.quoted(), link.member.quoted());
    let sql = format!(
        "SELECT {owner} FROM {} WHERE {} GROUP BY {owner}, {member} HAVING COUNT(*) > 1",
        link.table.quoted(),
        link.where_sql()
    );
    let mut owners = BTreeSet::new();
    conn.each(&sql, &link.condition_values(), &mut |row| {
        owners.insert(row.int(0)?);
        Ok(())
    })?;
    if owners.is_empty() {
        return Ok(Vec::new());
    }
    let found = links(conn, link, Some((&link.owner, &owners)))?;
    let doubled = |rows: &&[LinkRow]| rows.len() > 1;
    let rows: BTreeSet<i64> = found.pairs().filter(doubled).map(|rows| rows[0].member).collect();
    let (owner_part, member_part) = ends(kind);
    let mut known: BTreeMap<(Part, i64), String> = BTreeMap::new();
    for (part, ids) in [(owner_part, owners), (member_part, rows)] {
        let Some(section) = Section::of(map, part) else { continue };
        known.extend(names(conn, &section, &ids)?.into_iter().map(|(id, name)| ((part, id), name)));
    }
    Ok(lines(kind, &found, &|part, id| known.get(&(part, id)).cloned()))
}

/// Each pair of several rows, with their penalties where these differ.
fn lines(kind: LinkKind, links: &Links, named: &dyn Fn(Part, i64) -> Option<String>) -> Vec<String> {
    let (owners, members) = ends(kind);
    let called = |part: Part, id: i64| {
        let name = named(part, id).map_or_else(|| format!("id {id}"), |name| visible(&name));
        format!("{} {name}", noun(part))
    };
    let mut lines = Vec::new();
    for rows in links.pairs() {
        if let [first, _, ..] = rows {
            let penalties: BTreeSet<Option<i32>> = rows.iter().map(|row| row.penalty).collect();
            let penalties: Vec<String> = penalties
                .into_iter()
                .map(|penalty| penalty.map_or_else(|| "NULL".to_owned(), |penalty| penalty.to_string()))
                .collect();
            let differ = match penalties.as_slice() {
                [_, _, ..] => format!(", with the penalties {}", penalties.join(" and ")),
                _ => String::new(),
            };
            let pair = format!("{} of {}", called(members, first.member), called(owners, first.owner));
            lines.push(format!("{pair} ({} rows{differ})", rows.len()));
        }
    }
    lines
}

fn finding(pairs: Vec<String>, telling: Telling) -> Option<Finding> {
    (!pairs.is_empty()).then(|| {
        Finding::new(codes::SEED_LINK_TWICE, "a link stands in several rows of its table")
            .evidence(few(pairs, telling))
            .advice(
                "look at what tells the rows apart; if nothing does, leave one of them. They are changed and removed together",
            )
    })
}
