//! The tables of a map in a database in memory, and how they are made on the server.
//!
//! Invariant: what the map records of a column (type, length, default) is believed; of the rest nothing is assumed that
//! would refuse a value.

use crate::db::Catalog;
use crate::db::catalog::{Column, ColumnDefault, Covers, Index, Table, TableKind};
use crate::seed::map::{Ident, Literal, Map, Part};
use crate::seed::snapshot::is_known_charset;
use crate::seed::verify::{Kind, Shape, words};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// How SQLite makes ids of its own.
const KEY: &str = "INTEGER PRIMARY KEY";

/// The tables of a map.
pub(super) struct Tables {
    /// What makes them in SQLite.
    pub script: String,
    /// How they are made on the server, as far as that is recorded.
    pub catalog: Catalog,
}

/// A column and how it is made in SQLite.
struct Made {
    column: Column,
    sqlite: &'static str,
}

/// The tables that a plan reads.
pub(super) fn of(map: &Map) -> Tables {
    let mut tables: BTreeMap<&str, Vec<Made>> = BTreeMap::new();
    for shape in shapes(map) {
        let table = tables.entry(shape.table.as_str()).or_default();
        for want in &shape.wants {
            let is_there = |made: &Made| want.column.is_column(&made.column.name);
            if !table.iter().any(is_there) {
                let recorded = recorded(map, shape.table, want.column);
                let column = recorded
                    .map_or_else(|| column(want.column, usual(want.kind)), |line| column(want.column, line));
                let is_name = shape.name == Some(want.column);
                table.push(Made { column, sqlite: affinity(want.kind, is_name) });
            }
        }
    }
    let (mut script, mut catalog) = (String::new(), Catalog::default());
    for (name, columns) in tables {
        let list: Vec<String> =
            columns.iter().map(|made| format!("`{}` {}", made.column.name, made.sqlite)).collect();
        writeln!(script, "CREATE TABLE `{name}` ({});", list.join(", ")).expect("a string takes any text");
        let keys = columns.iter().filter(|made| made.sqlite == KEY).map(|made| Index {
            name: "PRIMARY".to_owned(),
            unique: true,
            columns: vec![made.column.name.clone()],
            covers: Covers::Whole,
        });
        let table = Table {
            name: name.to_owned(),
            kind: TableKind::Table,
            engine: Some("InnoDB".to_owned()),
            indexes: keys.collect(),
            columns: columns.into_iter().map(|made| made.column).collect(),
            ..Table::default()
        };
        catalog.tables.insert(name.to_owned(), table);
    }
    Tables { script, catalog }
}

fn shapes(map: &Map) -> impl Iterator<Item = Shape<'_>> {
    let parts = [Part::Users, Part::Profiles, Part::ReportMember].into_iter();
    let parts = parts.chain(map.queues.keys().map(|channel| Part::Queues(*channel)));
    let parts = parts.chain(map.links.keys().map(|kind| Part::Links(*kind)));
    parts.flat_map(move |part| Shape::of(map, part))
}

/// What a map leaves open about its columns.
pub(super) struct Open {
    /// Columns of which it records nothing.
    pub unrecorded: BTreeSet<String>,
    /// Columns whose character set may or may not hold a letter.
    pub charsets: BTreeSet<String>,
}

/// What only the server could say of the columns that a map names.
pub(super) fn open(map: &Map) -> Open {
    let mut open = Open { unrecorded: BTreeSet::new(), charsets: BTreeSet::new() };
    for shape in shapes(map) {
        for want in &shape.wants {
            let name = format!("{}.{}", shape.table, want.column);
            match recorded(map, shape.table, want.column).map(|line| column(want.column, line).charset) {
                None => _ = open.unrecorded.insert(name),
                Some(Some(charset)) if !is_known_charset(&charset) => {
                    open.charsets.insert(format!("{name} ({charset})"));
                }
                Some(_) => {}
            }
        }
    }
    open
}

fn recorded<'a>(map: &'a Map, table: &Ident, column: &Ident) -> Option<&'a str> {
    let columns = &map.tables.get(table)?.columns;
    let found = columns.iter().find(|(name, _)| name.is_column(column.as_str()));
    found.map(|(_, line)| line.as_str())
}

/// How SQLite keeps it: names have no case, as under the usual collations of servers.
fn affinity(kind: Kind<'_>, is_name: bool) -> &'static str {
    match kind {
        Kind::Key => KEY,
        _ if is_name => "TEXT COLLATE NOCASE",
        Kind::Text | Kind::TextOrInteger | Kind::Says(_) => "TEXT",
        _ => "",
    }
}

/// A column that takes all that its use may need.
fn usual(kind: Kind<'_>) -> &'static str {
    match kind {
        Kind::Key => "bigint not null auto_increment",
        Kind::Reference(..) | Kind::Integer | Kind::Null | Kind::Holds(Literal::Integer(_)) => "bigint null",
        Kind::Flag | Kind::Holds(Literal::Boolean(_)) => "tinyint(1) null",
        Kind::Decimal => "decimal null",
        Kind::Time | Kind::TimeOrNull => "datetime null",
        Kind::Text | Kind::TextOrInteger | Kind::Holds(_) | Kind::Says(_) | Kind::Anything => "longtext null",
    }
}

/// A column by the line that a map records of it.
fn column(name: &Ident, line: &str) -> Column {
    let words = words(line);
    let of_type = words.iter().take_while(|word| !["charset", "null", "not"].contains(&word.as_str()));
    let full_type = of_type.cloned().collect::<Vec<_>>().join(" ");
    let data_type: String =
        full_type.chars().take_while(char::is_ascii_alphanumeric).flat_map(char::to_lowercase).collect();
    let nullable = !words.windows(2).any(|pair| pair == ["not", "null"]);
    let default = words.iter().position(|word| word == "default").and_then(|index| words.get(index + 1));
    let default = match default {
        Some(text) => match text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            Some(inner) => ColumnDefault::Literal(inner.replace("''", "'")),
            None => ColumnDefault::Expression(text.clone()),
        },
        None if nullable => ColumnDefault::Null,
        None => ColumnDefault::None,
    };
    let says = |what: &str| words.iter().any(|word| word == what);
    let extra = match (says("auto_increment"), says("generated")) {
        (true, _) => "auto_increment",
        (false, true) => "VIRTUAL GENERATED",
        (false, false) => "",
    };
    Column {
        name: name.as_str().to_owned(),
        length: length(&data_type, &full_type),
        data_type,
        full_type,
        charset: words.iter().position(|word| word == "charset").and_then(|at| words.get(at + 1)).cloned(),
        // How the server compares letters is not recorded.
        collation: None,
        nullable,
        default,
        extra: extra.to_owned(),
        comment: String::new(),
    }
}

/// The most characters of a type.
fn length(data_type: &str, full_type: &str) -> Option<u64> {
    match data_type {
        "char" | "varchar" => {
            full_type.split_once('(').and_then(|(_, rest)| rest.split(')').next()?.trim().parse().ok())
        }
        "tinytext" => Some(255),
        "text" => Some(65_535),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::verify::describe;

    #[test]
    fn a_recorded_line_is_the_column_again() {
        let check = |line: &str, length: Option<u64>| {
            let name = Map::built_in().users.columns.name;
            let column = column(&name, line);
            let without = line.split(" references ").next().unwrap_or_default();
            assert_eq!(describe(&Table::default(), &column), without);
            assert_eq!(column.length, length, "{line}");
        };
        check("int unsigned not null auto_increment", None);
        check("varchar(80) charset latin1 not null", Some(80));
        check("varchar(255) charset latin1 null default 'it''s not null'", Some(255));
        check("enum('a','b not null)') not null default 'a'", None);
        check("datetime not null default current_timestamp()", None);
        check("decimal(5,2) not null default '0.00'", None);
        check("bigint null references users(id)", None);
        check("varchar(9) null generated", Some(9));
        check("tinyint(1) not null default '1'", None);
        check("text null", Some(65_535));
    }
}
