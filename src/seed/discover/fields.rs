//! Columns by their names and types.
//!
//! Invariant: a name alone never makes a line certain, unless the vendor documents it; a type that
//! does not fit excludes a column whatever its name.

use super::names::{OPPOSITES, key};
use super::proposal::{Grade, ProposalLine, Section};
use crate::db::Engine;
use crate::db::catalog::{Column, Table};
use crate::seed::verify::{Family, describe};

/// What a column must take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Number,
    Text,
    /// Text or whole numbers.
    TextOrNumber,
    Flag,
    Time,
}

/// A key of the map, and how its column may be called; the usual name first.
pub struct Field {
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
    optional(
        "created",
        Type::Time,
        &["createdat", "creationdate", "dateadded", "addedat", "assignedat", "insertedat", "linkedat"],
    ),
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

/// The column of a field, and the place of its name among the known ones; an id may have any name if it is the key.
pub fn find<'a>(table: &'a Table, field: &Field, engine: Engine) -> Option<(&'a Column, usize)> {
    let by_name = field.names.iter().enumerate().find_map(|(place, name)| {
        let column = named(table, name)?;
        // A row is there while its mark is NULL.
        let can_be_unset = field.key != DELETED.key || column.nullable;
        (can_be_unset && takes(column, field.kind, engine)).then_some((column, place))
    });
    by_name.or_else(|| {
        let [only] = table.primary_key() else { return None };
        let column = table.column(only).filter(|_| field.key == "id")?;
        // A key that the server made by itself is shown or hidden by a setting of the server: no map may rest on it.
        let is_own = takes(column, field.kind, engine) && !column.is_invisible();
        // The key of a table with one other row each is somebody else's id.
        let refers = table.foreign_keys.iter().any(|key| key.columns == [only.clone()]);
        (is_own && !refers).then_some((column, field.names.len()))
    })
}

fn named<'a>(table: &'a Table, name: &str) -> Option<&'a Column> {
    table.columns.iter().find(|column| key(&column.name) == *name)
}

/// Why there is no column for a field.
pub fn not_found(table: &Table, field: &Field) -> String {
    let looked_for = format!("no column called {} or the like", field.names.join(", "));
    let opposite = || OPPOSITES.iter().find_map(|name| named(table, name)).filter(|_| field.key == "enabled");
    match (field.names.iter().find_map(|name| named(table, name)), opposite()) {
        (Some(column), _) => {
            let only = if field.key == "id" {
                "only whole-number keys are supported"
            } else {
                "it is of another type"
            };
            format!("`{}` is {}; {only}", column.name, describe(table, column))
        }
        (None, Some(column)) => {
            format!("{looked_for}; `{}` says the opposite, which a map cannot turn around", column.name)
        }
        (None, None) => looked_for,
    }
}

/// The first of these fields that a table lacks, and why.
pub fn lacks(table: &Table, fields: &[Field], engine: Engine) -> Option<String> {
    let lacking = fields.iter().find(|field| find(table, field, engine).is_none())?;
    Some(not_found(table, lacking))
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
                    (_, place) if place == field.names.len() => (Grade::Likely, "the primary key"),
                    _ => (Grade::Guess, "a name like it"),
                };
                section.text(field.key, &column.name, grade, format!("{why}, {}", describe(table, column)));
            }
            None if field.needed => {
                let why = not_found(table, field);
                section.entries.push(ProposalLine::Missing(field.key.to_owned(), why));
            }
            None => {}
        }
    }
    section
}
