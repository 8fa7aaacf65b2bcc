//! Columns by their names and types.
//!
//! Invariant: a name alone never makes a line certain, unless the vendor documents it; a type that
//! does not fit excludes a column whatever its name.

use super::names::key;
use super::proposal::{Entry, Grade, Section};
use crate::db::Engine;
use crate::db::catalog::{Column, Table};
use crate::seed::verify::{Family, describe};

/// What a column must take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Whole numbers.
    Number,
    /// Text.
    Text,
    /// Text or whole numbers.
    TextOrNumber,
    /// True or false.
    Flag,
    /// A moment.
    Time,
}

/// A key of the map, and how its column may be called; the usual name first.
pub struct Field {
    /// The key.
    pub key: &'static str,
    /// What the column takes.
    pub kind: Type,
    /// Names, in one spelling.
    pub names: &'static [&'static str],
    /// Whether a map without it is none.
    pub needed: bool,
}

/// A field that must be there.
pub const fn needed(key: &'static str, kind: Type, names: &'static [&'static str]) -> Field {
    Field { key, kind, names, needed: true }
}

/// A field that may be there.
pub const fn optional(key: &'static str, kind: Type, names: &'static [&'static str]) -> Field {
    Field { key, kind, names, needed: false }
}

/// The times that every table of the framework has.
pub const TIMES: [Field; 2] = [
    optional("created", Type::Time, &["createdat", "creationdate", "dateadded"]),
    optional("updated", Type::Time, &["updatedat", "modifiedat", "changedat"]),
];

/// The mark of a row that was deleted softly.
pub const DELETED: Field = optional("deleted", Type::Time, &["deletedat", "removedat", "deletedon"]);

/// Whether the names of a table's columns are public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// The vendor or a public file shows them.
    Documented,
    /// They follow from conventions.
    ByConvention,
}

/// The column of a field, and the place of its name among the known ones.
pub fn find<'a>(table: &'a Table, field: &Field, engine: Engine) -> Option<(&'a Column, usize)> {
    field.names.iter().enumerate().find_map(|(place, name)| {
        let column = table.columns.iter().find(|column| key(&column.name) == *name)?;
        // A row is there while its mark is NULL.
        let can_be_unset = field.key != DELETED.key || column.nullable;
        (can_be_unset && takes(column, field.kind, engine)).then_some((column, place))
    })
}

/// Whether a column takes such values.
pub fn takes(column: &Column, kind: Type, engine: Engine) -> bool {
    let family = Family { column, engine };
    match kind {
        Type::Number => family.is_integer(),
        Type::Text => family.is_text(),
        Type::TextOrNumber => family.is_text() || family.is_integer(),
        Type::Flag => family.is_flag(),
        Type::Time => family.is_time(),
    }
}

/// The section with the columns of a table.
pub fn columns(section: &str, table: &Table, fields: &[&Field], known: Known, engine: Engine) -> Section {
    let mut section = Section::new(section);
    for field in fields {
        match find(table, field, engine) {
            Some((column, place)) => {
                let (grade, why) = match (known, place) {
                    (Known::Documented, 0) => (Grade::Certain, "documented"),
                    (_, 0) => (Grade::Likely, "the usual name"),
                    _ => (Grade::Guess, "a name like it"),
                };
                section.text(field.key, &column.name, grade, format!("{why}, {}", describe(table, column)));
            }
            None if field.needed => {
                let wanted = format!("no column called {} or the like", field.names.join(", "));
                section.entries.push(Entry::Missing(field.key.to_owned(), wanted));
            }
            None => {}
        }
    }
    section
}
