//! Tables that refer to tables of a map, from outside it and from inside.
//!
//! Invariant: only what the database itself enforces is a reference; the catalog must be whole.

use crate::db::Catalog;
use crate::seed::map::{Ident, Map};

/// A column that refers to a table of the map.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The table that refers.
    pub table: Ident,
    /// Its column.
    pub column: Ident,
    /// The column that it refers to.
    pub to: Ident,
    /// What a deletion would do to the referring row, as the server says it.
    pub on_delete: String,
}

/// Who outside the map refers to this table. Names that no statement could hold are left out: no
/// such table can be made.
#[must_use]
pub fn outside_references(map: &Map, catalog: &Catalog, table: &Ident) -> Vec<Reference> {
    let inside = map.table_names();
    references(catalog, table, |name| !inside.iter().any(|known| known.as_str() == name))
}

/// Which tables of the map itself refer to this table.
#[must_use]
pub fn inside_references(map: &Map, catalog: &Catalog, table: &Ident) -> Vec<Reference> {
    let inside = map.table_names();
    references(catalog, table, |name| inside.iter().any(|known| known.as_str() == name))
}

fn references(catalog: &Catalog, table: &Ident, is_meant: impl Fn(&str) -> bool) -> Vec<Reference> {
    let mut found: Vec<Reference> = catalog
        .references_to(table.as_str())
        .filter(|(from, _)| is_meant(&from.name))
        .flat_map(|(from, key)| {
            key.columns.iter().zip(&key.to_columns).filter_map(|(column, to)| {
                Some(Reference {
                    table: from.name.parse().ok()?,
                    column: column.parse().ok()?,
                    to: to.parse().ok()?,
                    on_delete: key.on_delete.clone(),
                })
            })
        })
        .collect();
    found.sort();
    found
}
