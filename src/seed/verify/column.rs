//! One column held against what is expected of it, and a new row against what a table demands.
//!
//! Invariant: types are judged by family, because the map of one version must serve the next; what
//! was recorded exactly is compared in `definition`.

use super::definition::describe;
use super::difference::{Difference, Since};
use super::family::Family;
use super::shape::{Filled, Kind, Shape, Want};
use crate::db::Engine;
use crate::db::catalog::{Column, Covers, Table};
use crate::seed::map::{Ident, Literal, Use};
use std::collections::BTreeSet;

/// What is wrong with a column, if anything.
pub fn difference(
    shape: &Shape<'_>,
    want: &Want<'_>,
    table: &Table,
    engine: Engine,
    for_what: Use,
) -> Option<Difference> {
    let found = match table.column(want.column.as_str()) {
        None => "no such column".to_owned(),
        Some(column) => {
            let fits = fits(want, table, column, engine);
            let is_written = for_what >= Use::Change && want.filled != Filled::Never;
            let is_once = for_what == Use::Create && is_held_once(shape, want, table);
            if fits && !(is_written && column.is_generated()) && !is_once {
                return None;
            }
            let is_shared = matches!(want.kind, Kind::Key) && !table.is_unique(&[column.name.as_str()]);
            let unique = if is_shared { ", which is not unique by itself" } else { "" };
            let once =
                if is_once { ", which is unique: a second row with this value is refused" } else { "" };
            format!("{}{unique}{once}", describe(table, column))
        }
    };
    let place = format!("{}.{} ({})", table.name, want.column, shape.key);
    Some(Difference { place, expected: expected(want), found, since: Since::Ever })
}

/// Whether only one row may have the values that the map gives to every new one.
fn is_held_once(shape: &Shape<'_>, want: &Want<'_>, table: &Table) -> bool {
    let is_same = |column: &str| {
        let wants = shape.wants.iter().filter(|want| matches!(want.kind, Kind::Holds(_)));
        wants.into_iter().any(|want| want.column.is_column(column))
    };
    table.indexes.iter().any(|index| {
        index.unique
            && index.covers != Covers::SomeRows
            && index.columns.iter().any(|column| want.column.is_column(column))
            && index.columns.iter().all(|column| is_same(column))
    })
}

/// Whether each row has a value of its own in this column: no value can be given to all.
#[must_use]
pub fn is_own_in_each_row(table: &Table, column: &Column) -> bool {
    let mut unique = table.indexes.iter().filter(|index| index.unique && index.covers != Covers::SomeRows);
    unique.any(|index| matches!(index.columns.as_slice(), [only] if only.eq_ignore_ascii_case(&column.name)))
}

/// Columns that a new row must fill and nobody does: those that the map does not know, and those
/// that a manifest may leave out.
pub fn uncovered(shape: &Shape<'_>, table: &Table) -> (Vec<Difference>, BTreeSet<Ident>) {
    let mut missing = Vec::new();
    let mut demanded = BTreeSet::new();
    for column in table.columns.iter().filter(|column| column.is_demanded()) {
        let want = shape.wants.iter().filter(|want| want.column.is_column(&column.name));
        match want.map(|want| want.filled).max() {
            Some(Filled::Always) => {}
            Some(Filled::Sometimes) => {
                demanded.extend(column.name.parse::<Ident>());
            }
            Some(Filled::Never) | None => missing.push(Difference {
                place: format!("{}.{} ({})", table.name, column.name, shape.key),
                expected: if is_own_in_each_row(table, column) {
                    "a default or AUTO_INCREMENT: each row has a value of its own, so that no new row can be added"
                        .to_owned()
                } else {
                    format!("a default, NULL, or a value for new rows under {}.fixed", shape.key)
                },
                found: describe(table, column),
                since: Since::Ever,
            }),
        }
    }
    (missing, demanded)
}

fn fits(want: &Want<'_>, table: &Table, column: &Column, engine: Engine) -> bool {
    let family = Family { column, engine };
    match want.kind {
        Kind::Key => family.is_integer() && table.is_unique(&[column.name.as_str()]),
        Kind::Reference(to, key) => family.is_integer() && refers(table, column, to, key, engine),
        Kind::Text => family.is_text(),
        Kind::TextOrInteger => family.is_text() || family.is_integer(),
        Kind::Flag => family.is_flag(),
        Kind::Integer => family.is_integer(),
        Kind::Decimal => family.is_decimal(),
        Kind::Time => family.is_time(),
        Kind::TimeOrNull => family.is_time() && column.nullable,
        Kind::Holds(Literal::Text(text)) => family.holds(text),
        Kind::Holds(Literal::Integer(_)) => family.is_decimal(),
        Kind::Holds(Literal::Boolean(_)) => family.is_flag(),
        Kind::Says(text) => family.holds(text),
        Kind::Anything => true,
        Kind::Null => column.nullable,
    }
}

/// Whether a column refers to nothing else than `to`; without a foreign key that is not known.
fn refers(table: &Table, column: &Column, to: &Ident, key: &Ident, engine: Engine) -> bool {
    let same_table = |name: &str| match engine {
        Engine::Sqlite => name.eq_ignore_ascii_case(to.as_str()),
        Engine::MariaDb | Engine::MySql => name == to.as_str(),
    };
    let its_own = table.foreign_keys.iter().filter(
        |found| matches!(found.columns.as_slice(), [from] if from.eq_ignore_ascii_case(&column.name)),
    );
    its_own.into_iter().all(|found| {
        // SQLite leaves the column out where the primary key is meant.
        let same_key = matches!(found.to_columns.as_slice(), [it] if it.is_empty() || key.is_column(it));
        found.to_schema.is_none() && same_table(&found.to_table) && same_key
    })
}

fn expected(want: &Want<'_>) -> String {
    let words = match want.kind {
        Kind::Key => "whole numbers that name each row",
        Kind::Reference(to, key) => return format!("whole numbers that refer to {to}({key})"),
        Kind::Text => "text",
        Kind::TextOrInteger => "text or whole numbers",
        Kind::Flag => "true or false (a small number)",
        Kind::Integer => "whole numbers",
        Kind::Decimal => "numbers",
        Kind::Time => "a date with time",
        Kind::TimeOrNull => "a date with time that may be NULL",
        Kind::Holds(value) => return format!("a column that takes {value}"),
        Kind::Says(text) => return format!("a column that takes {text:?}"),
        Kind::Anything => "a column",
        Kind::Null => "a column that may be NULL in these rows",
    };
    words.to_owned()
}
