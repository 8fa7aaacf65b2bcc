//! Marks of deleted rows: those that a map does not name, and what a unique index makes of those that it does.
//!
//! Invariant: a name proves nothing. A column that may be such a mark is said, and who knows better accepts it.

use super::difference::{Difference, Since};
use super::shape::Shape;
use crate::db::Catalog;
use crate::db::catalog::{Covers, Table};
use crate::outcome::{Finding, Level, codes};
use crate::seed::discover::names::key;
use crate::seed::map::{Condition, Ident, Link, Map, Needs, Part, Use};
use std::collections::BTreeMap;

/// What rows may be said to be that are no more.
const STEMS: [&str; 4] = ["deleted", "removed", "archived", "trashed"];

/// Whether a column is called as if it marked deleted rows.
#[must_use]
pub fn may_mark_deleted(column: &str) -> bool {
    let key = key(column);
    STEMS.iter().any(|stem| {
        let around = key.split_once(stem);
        let before = ["", "is", "soft", "date", "time", "was"];
        let behind = ["", "at", "on", "date", "time", "datetime", "flag", "timestamp"];
        around.is_some_and(|(one, other)| before.contains(&one) && behind.contains(&other))
    })
}

/// What the map does not know of deleted rows in the tables that are needed. `writes` is whether something is planned
/// by them.
#[must_use]
pub fn deleted_unknown(map: &Map, catalog: &Catalog, needs: &Needs, writes: bool) -> Vec<Finding> {
    let mut found: BTreeMap<bool, Vec<String>> = BTreeMap::new();
    for (part, for_what) in needs.iter() {
        // Whether a link is there decides what is planned, also where nothing is written.
        let relies = writes && (for_what >= Use::Change || matches!(part, Part::Links(_)));
        for shape in Shape::of(map, part) {
            let Some(table) = catalog.table(shape.table.as_str()) else { continue };
            let ignored = match part {
                Part::Links(kind) => map.link(kind).map_or(&[][..], |link| &link.ignored),
                _ => &[],
            };
            let is_named = |name: &str| {
                let is_ignored = ignored.iter().any(|column| column.is_column(name));
                is_ignored || name.parse::<Ident>().is_ok_and(|name| shape.uses(&name))
            };
            let unnamed = table
                .columns
                .iter()
                .filter(|column| may_mark_deleted(&column.name) && !is_named(&column.name));
            let lines = unnamed.map(|column| format!("{}.{} ({})", table.name, column.name, shape.key));
            found.entry(relies).or_default().extend(lines);
        }
    }
    let finding = |(relies, lines): (bool, Vec<String>)| {
        let title = "a column may mark deleted rows, and the schema map does not name it";
        let level = if relies { Level::Stop } else { Level::Warn };
        let finding = Finding::graded(codes::SEED_DELETED_UNKNOWN, level, title);
        let finding = finding.evidence_lines(lines);
        finding.advice(if relies {
            "name it as `deleted` under the part's columns in the map; or accept it with --accept seed.deleted-unknown"
        } else {
            "name it as `deleted` under the part's columns in the map, if that is what it means"
        })
    };
    found.into_iter().filter(|(_, lines)| !lines.is_empty()).map(finding).collect()
}

/// The unique index that allows a pair to stand in one row only, deleted or not. `columns` are those that have a value in
/// each of these rows: NULLs never collide, and a further column lets a pair stand once for each of its values.
#[must_use]
pub fn covering<'a>(table: &'a Table, columns: &[&str]) -> Option<&'a str> {
    let is_in = |name: &String| columns.iter().any(|column| column.eq_ignore_ascii_case(name));
    let mut indexes = table.indexes.iter();
    let covers = indexes
        .find(|index| index.unique && index.covers != Covers::SomeRows && index.columns.iter().all(is_in));
    covers.map(|index| index.name.as_str())
}

/// The columns that have the same value in all rows of one pair.
pub(super) fn never_null(link: &Link) -> Vec<&str> {
    let told = link.conditions.iter().filter(|condition| matches!(condition, Condition::Equals(..)));
    [&link.owner, &link.member].into_iter().chain(told.map(Condition::column)).map(Ident::as_str).collect()
}

/// A map that inserts a second row where only one can be.
pub(super) fn cannot_insert(key: &str, link: &Link, table: &Table) -> Option<Difference> {
    let deleted = link.deleted.as_ref().filter(|_| !link.revive)?;
    let index = covering(table, &never_null(link))?;
    Some(Difference {
        since: Since::Ever,
        place: format!("{}.{deleted} ({key})", table.name),
        expected: "`revive = true`, or no unique index over the pair".to_owned(),
        found: format!("the unique index {index}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_known_by_their_names() {
        for name in [
            "deletedAt", "deleted_at", "isDeleted", "deleted", "removed", "is_archived", "DeletedOn",
            "dateDeleted",
        ] {
            assert!(may_mark_deleted(name), "{name}");
        }
        for name in
            ["undeleted", "deletedBy", "delete", "removedFrom", "archive", "createdAt", "archivedCalls"]
        {
            assert!(!may_mark_deleted(name), "{name}");
        }
    }
}
