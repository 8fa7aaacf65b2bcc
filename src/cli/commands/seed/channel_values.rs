//! What rows of links hold in the column that tells channels apart, and no part of the map names.
//!
//! Invariant: only read, and the server compares: what is one value under the column's collation is one here.

use crate::db::{Catalog, Connection, Value};
use crate::outcome::{Finding, codes};
use crate::seed::Channel;
use crate::seed::discover::channel_of;
use crate::seed::map::{Ident, Link, LinkKind, Map};
use std::collections::BTreeMap;

/// No column with more values tells channels apart.
const MOST_VALUES: usize = 50;

/// The finding, if there is one. Tables with more than `most` rows are not searched; a value that cannot be read is no
/// finding either, because the commands that rely on it say so.
pub fn unnamed(connection: &mut Connection, catalog: &Catalog, map: &Map, most: u64) -> Option<Finding> {
    let mut columns: BTreeMap<(&Ident, &Ident), Vec<(LinkKind, &Link)>> = BTreeMap::new();
    for (kind, link) in &map.links {
        for condition in link.conditions.iter().filter(|condition| !condition.values().is_empty()) {
            columns.entry((&link.table, condition.column())).or_default().push((*kind, link));
        }
    }
    let mut lines = Vec::new();
    for ((table, column), links) in columns {
        let is_small = catalog.table(table.as_str()).is_some_and(|table| table.rows.unwrap_or(0) <= most);
        let Ok(values) = (if is_small { others(connection, table, column, &links) } else { Ok(Vec::new()) })
        else {
            continue;
        };
        for value in values {
            let Some(kind) = channel_of(&value).and_then(|channel| of_channel(&links, channel)) else {
                continue;
            };
            let channel = kind.channel().map_or("", Channel::name);
            lines.push(format!(
                "{table}.{column} holds {value:?}, which means {channel} and is not in links.{kind}"
            ));
        }
    }
    let title = "links have values that mean a channel and that the schema map does not name";
    let finding = Finding::new(codes::SEED_MAP_VALUES, title).advice("name them in `also` of the map");
    (!lines.is_empty()).then(|| finding.evidence_lines(lines))
}

fn of_channel(links: &[(LinkKind, &Link)], channel: Channel) -> Option<LinkKind> {
    links.iter().map(|(kind, _)| *kind).find(|kind| kind.channel() == Some(channel))
}

/// The values that none of these links names.
fn others(
    connection: &mut Connection,
    table: &Ident,
    column: &Ident,
    links: &[(LinkKind, &Link)],
) -> Result<Vec<String>, crate::db::DbError> {
    let conditions = links.iter().flat_map(|(_, link)| &link.conditions);
    let named: Vec<Value> = conditions
        .filter(|condition| condition.column() == column)
        .flat_map(|condition| condition.values())
        .map(Value::from)
        .collect();
    let (from, what, marks) = (table.quoted(), column.quoted(), vec!["?"; named.len()].join(", "));
    let sql = format!(
        "SELECT {what} FROM {from} WHERE {what} NOT IN ({marks}) GROUP BY {what} LIMIT {MOST_VALUES}"
    );
    let rows = connection.rows(&sql, &named)?;
    Ok(rows.iter().filter_map(|row| row.optional_text(0).ok().flatten().map(str::to_owned)).collect())
}
