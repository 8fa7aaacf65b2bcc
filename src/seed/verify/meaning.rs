//! Columns of link tables that may turn what a row means, and that a map does not name.
//!
//! Invariant: one rule for every table of links; what it catches a person settles, in the map or by accepting it. Marks of
//! deleted rows are a case of their own, said by `deleted`.

use super::deleted::{covering, deleted_unknown, may_mark_deleted, never_null};
use super::family::Family;
use super::shape::Shape;
use crate::db::Catalog;
use crate::db::Engine;
use crate::db::catalog::{Column, ColumnDefault, Table};
use crate::outcome::{Finding, Level, codes};
use crate::seed::discover::names::{key, turns, words};
use crate::seed::map::{Ident, Link, Map, Needs, Part};
use std::collections::BTreeSet;

/// Last words of names whose value says what kind of row it is.
const MEANINGS: [&str; 42] = [
    "access", "action", "active", "allowed", "approved", "assigned", "category", "class", "direction",
    "effect", "enabled", "flag", "granted", "group", "inherited", "kind", "level", "locked", "main",
    "method", "mode", "optional", "origin", "permitted", "phase", "policy", "primary", "reason", "relation",
    "role", "rule", "scope", "shift", "side", "source", "stage", "state", "status", "type", "valid",
    "visible", "weekday",
];
/// Words with which the name of a flag begins.
const ASKS: [&str; 7] = ["allow", "can", "has", "is", "may", "must", "was"];
/// Numbers that order or weigh links, and count something about them.
const RANKS: [&str; 11] = [
    "count", "index", "number", "order", "penalty", "percent", "position", "priority", "rank", "version",
    "weight",
];
/// First words of moments that say when a row was written.
const WRITTEN: [&str; 9] =
    ["added", "assigned", "changed", "created", "creation", "inserted", "linked", "modified", "updated"];

/// What the map does not know of the columns of the tables that are needed: marks of deleted rows, and what turns the
/// meaning of links. `writes` is whether something is planned by them.
#[must_use]
pub fn unnamed_columns(map: &Map, catalog: &Catalog, needs: &Needs, writes: bool) -> Vec<Finding> {
    let mut found = deleted_unknown(map, catalog, needs, writes);
    found.extend(link_meaning_unknown(map, catalog, needs, writes));
    found
}

fn link_meaning_unknown(map: &Map, catalog: &Catalog, needs: &Needs, writes: bool) -> Option<Finding> {
    let mut lines = BTreeSet::new();
    for (part, _) in needs.iter() {
        let Part::Links(kind) = part else { continue };
        let Some(link) = map.link(kind) else { continue };
        for shape in Shape::of(map, part) {
            let Some(table) = catalog.table(shape.table.as_str()) else { continue };
            for column in table.columns.iter().filter(|column| !is_settled(column, link, &shape)) {
                if let Some(why) = may_turn(table, column, link) {
                    lines.insert(format!("{}.{} ({}): {why}", table.name, column.name, shape.key));
                }
            }
        }
    }
    if lines.is_empty() {
        return None;
    }
    let title = "a column may change what a link means, and the schema map does not name it";
    let level = if writes { Level::Stop } else { Level::Warn };
    let finding = Finding::graded(codes::SEED_LINK_MEANING_UNKNOWN, level, title);
    let finding = finding.evidence_lines(lines);
    Some(finding.advice(if writes {
        "say in the map which rows are meant (`only`, `fixed`, `deleted`), or that the column means nothing \
         (`ignored = [\"column\"]` under the link); or accept it with --accept seed.link-meaning-unknown"
    } else {
        "say in the map which rows are meant (`only`, `fixed`, `deleted`), or that the column means nothing \
         (`ignored = [\"column\"]` under the link)"
    }))
}

/// Whether the map names it, or another rule says it, or nobody but the server fills it.
fn is_settled(column: &Column, link: &Link, shape: &Shape<'_>) -> bool {
    let is_named = column.name.parse::<Ident>().is_ok_and(|name| shape.uses(&name));
    is_named
        || link.ignored.iter().any(|ignored| ignored.is_column(&column.name))
        || may_mark_deleted(&column.name)
        || column.is_generated()
        || column.is_auto_increment()
        || column.is_invisible()
        || key(&column.name) == "id"
}

/// Why rows of a pair may mean different things by this column.
fn may_turn(table: &Table, column: &Column, link: &Link) -> Option<&'static str> {
    let name = words(&column.name);
    if name.first().is_some_and(|word| WRITTEN.contains(&word.as_str())) {
        return None;
    }
    let is_in_key = |columns: &[String]| {
        let has = |wanted: &str| columns.iter().any(|name| name.eq_ignore_ascii_case(wanted));
        has(link.owner.as_str()) && has(link.member.as_str()) && has(&column.name)
    };
    let in_key = table.indexes.iter().any(|index| index.unique && is_in_key(&index.columns));
    if in_key && covering(table, &never_null(link)).is_none() {
        return Some("part of the unique key of a pair, so that a pair may stand in several rows");
    }
    let kind = column.data_type.as_str();
    if ["enum", "set"].contains(&kind) {
        return Some("one of a few values");
    }
    if ["date", "datetime", "timestamp"].contains(&kind) {
        // A moment that stands for none is written out where NULL is not allowed.
        let is_open = column.nullable || matches!(column.default, ColumnDefault::Literal(_));
        return is_open.then_some("a moment that only some rows have");
    }
    // Types of every engine are told by the names that they have on a server, and SQLite keeps those.
    let family = Family { column, engine: Engine::Sqlite };
    let is_flag = ["bit", "bool", "boolean", "tinyint"].contains(&kind);
    let counts = name.iter().any(|word| RANKS.contains(&word.as_str()));
    if is_flag && !counts {
        return Some("a flag");
    }
    let is_narrow = family.is_integer() || family.is_text();
    (is_narrow && !counts && says_a_kind(&name)).then_some("called as if it said what kind of row it is")
}

fn says_a_kind(name: &[String]) -> bool {
    let name = name.strip_suffix(&["id".to_owned()]).unwrap_or(name);
    let name = name.strip_suffix(&["code".to_owned()]).unwrap_or(name);
    let asks = name.len() > 1 && name.first().is_some_and(|word| ASKS.contains(&word.as_str()));
    let says = |word: &String| MEANINGS.contains(&word.as_str()) || turns(word);
    asks || name.last().is_some_and(says)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::catalog::{Covers, Index};
    use crate::seed::Channel;
    use crate::seed::map::LinkKind;

    fn column(name: &str, full_type: &str, nullable: bool) -> Column {
        Column { nullable, ..Column::bare(name, full_type) }
    }

    fn link() -> Link {
        let map = Map::built_in();
        map.link(LinkKind::Personal(Channel::Chat)).expect("it has every link").clone()
    }

    #[test]
    fn columns_that_say_what_a_row_is_are_told_from_those_that_do_not() {
        let table = Table::default();
        let turned = |name: &str, full_type: &str, nullable: bool| {
            may_turn(&table, &column(name, full_type, nullable), &link()).is_some()
        };
        for (name, full_type, nullable) in [
            ("role", "enum('member','supervisor')", false),
            ("days", "set('mon','tue')", true),
            ("muted", "tinyint(1)", false),
            ("canRead", "tinyint(4)", false),
            ("x", "bit(1)", false),
            ("status", "varchar(255)", false),
            ("linkType", "char(1)", true),
            ("state_id", "int(11)", false),
            ("isSupervisor", "smallint(6)", false),
            ("validTo", "datetime", true),
            ("discarded_at", "datetime", true),
            ("expires", "date", true),
        ] {
            assert!(turned(name, full_type, nullable), "{name} {full_type}");
        }
        for (name, full_type, nullable) in [
            ("penalty", "int(11)", false),
            ("priority", "tinyint(4)", false),
            ("position", "smallint(6)", true),
            ("addedBy", "int(11)", true),
            ("note", "varchar(255)", true),
            ("createdAt", "datetime", true),
            ("updated_at", "timestamp", true),
            ("seenAt", "datetime", false),
            ("settings", "json", true),
        ] {
            assert!(!turned(name, full_type, nullable), "{name} {full_type}");
        }
        let sentinel = Column {
            default: ColumnDefault::Literal("9999-12-31 00:00:00".to_owned()),
            ..column("endsAt", "datetime", false)
        };
        assert!(may_turn(&table, &sentinel, &link()).is_some());
    }

    #[test]
    fn what_a_key_has_besides_the_pair_counts_unless_the_pair_is_unique_by_itself() {
        let link = link();
        let pair = [link.owner.to_string(), link.member.to_string()];
        let index = |name: &str, more: Option<&str>| Index {
            name: name.to_owned(),
            unique: true,
            columns: pair.iter().cloned().chain(more.map(str::to_owned)).collect(),
            covers: Covers::Whole,
        };
        let slot = column("slot", "int(11)", false);
        let mut table = Table { indexes: vec![index("PRIMARY", Some("slot"))], ..Table::default() };
        assert!(may_turn(&table, &slot, &link).is_some());
        table.indexes.push(index("pair", None));
        assert_eq!(may_turn(&table, &slot, &link), None);
    }

    #[test]
    fn lists_of_words_are_in_order() {
        assert!(MEANINGS.is_sorted() && ASKS.is_sorted() && RANKS.is_sorted() && WRITTEN.is_sorted());
    }
}
