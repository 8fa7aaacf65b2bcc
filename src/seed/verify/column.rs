//! One column held against what is expected of it, and a new row against what a table demands.
//!
//! Invariant: types are judged by family, because the map of one version must serve the next; what
//! was recorded exactly is compared in `definition`.

use super::Difference;
use super::definition::describe;
use super::shape::{Filled, Kind, Shape, Want};
use crate::db::Engine;
use crate::db::catalog::{Column, ColumnDefault, Table};
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
            if fits && !(is_written && column.is_generated()) {
                return None;
            }
            describe(table, column)
        }
    };
    let place = format!("{}.{} ({})", table.name, want.column, shape.key);
    Some(Difference { place, expected: expected(want), found })
}

/// Columns that a new row must fill and nobody does: those that the map does not know, and those
/// that a manifest may leave out.
pub fn uncovered(shape: &Shape<'_>, table: &Table) -> (Vec<Difference>, BTreeSet<Ident>) {
    let mut missing = Vec::new();
    let mut demanded = BTreeSet::new();
    let is_demanded = |column: &&Column| {
        !column.nullable
            && column.default == ColumnDefault::None
            && !column.is_auto_increment()
            && !column.is_generated()
    };
    for column in table.columns.iter().filter(is_demanded) {
        let want = shape.wants.iter().filter(|want| want.column.is_column(&column.name));
        match want.map(|want| want.filled).max() {
            Some(Filled::Always) => {}
            Some(Filled::Sometimes) => {
                demanded.extend(column.name.parse::<Ident>());
            }
            Some(Filled::Never) | None => missing.push(Difference {
                place: format!("{}.{} ({})", table.name, column.name, shape.key),
                expected: format!("a default, NULL, or a value for new rows under {}.fixed", shape.key),
                found: describe(table, column),
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

/// What kind of values a column takes.
struct Family<'a> {
    column: &'a Column,
    engine: Engine,
}

impl Family<'_> {
    fn is_one_of(&self, types: &[&str]) -> bool {
        types.contains(&self.column.data_type.as_str())
    }

    fn is_integer(&self) -> bool {
        match self.engine {
            // SQLite's own rule for the affinity of a declared type.
            Engine::Sqlite => self.column.data_type.contains("int"),
            Engine::MariaDb | Engine::MySql => {
                self.is_one_of(&["int", "bigint", "mediumint", "smallint", "tinyint"])
            }
        }
    }

    fn is_text(&self) -> bool {
        match self.engine {
            Engine::Sqlite => {
                ["char", "clob", "text"].iter().any(|part| self.column.data_type.contains(part))
            }
            Engine::MariaDb | Engine::MySql => {
                self.is_one_of(&["varchar", "char", "text", "tinytext", "mediumtext", "longtext", "enum"])
            }
        }
    }

    fn is_flag(&self) -> bool {
        self.is_integer() || self.is_one_of(&["bit", "bool", "boolean"])
    }

    fn is_decimal(&self) -> bool {
        self.is_integer() || self.is_one_of(&["decimal", "numeric", "double", "float", "real"])
    }

    fn is_time(&self) -> bool {
        self.is_one_of(&["datetime", "timestamp"])
    }

    /// Whether a text can be stored as it is.
    fn holds(&self, text: &str) -> bool {
        let fits = self.column.length.is_none_or(|most| text.chars().count() as u64 <= most);
        self.is_text()
            && fits
            && self.members().is_none_or(|members| members.iter().any(|member| member == text))
    }

    fn members(&self) -> Option<Vec<String>> {
        (self.column.data_type == "enum").then(|| enum_members(&self.column.full_type))
    }
}

/// The members of `enum('a','b')`, without quotes.
pub fn enum_members(full_type: &str) -> Vec<String> {
    let inside = full_type.split_once('(').map_or("", |(_, rest)| rest);
    let mut members = Vec::new();
    let mut member: Option<String> = None;
    let mut letters = inside.chars().peekable();
    while let Some(letter) = letters.next() {
        match (&mut member, letter) {
            (None, '\'') => member = Some(String::new()),
            (None, _) => {}
            (Some(text), '\'') if letters.peek() == Some(&'\'') => {
                letters.next();
                text.push('\'');
            }
            (Some(_), '\'') => members.extend(member.take()),
            (Some(text), letter) => text.push(letter),
        }
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_an_enum_are_read() {
        assert_eq!(enum_members("enum('voice','it''s','a,b)')"), ["voice", "it's", "a,b)"]);
        assert_eq!(enum_members("enum("), [""; 0]);
    }
}
