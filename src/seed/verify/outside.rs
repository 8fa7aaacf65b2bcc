//! Tables outside a map that refer to tables inside it.
//!
//! Invariant: only what the database itself enforces is a reference; the catalog must be whole.

use crate::db::Catalog;
use crate::seed::map::{Ident, Map};

/// A column outside the map that refers to a table of the map.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OutsideReference {
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
pub fn outside_references(map: &Map, catalog: &Catalog, table: &Ident) -> Vec<OutsideReference> {
    let inside = map.table_names();
    let is_outside = |name: &str| !inside.iter().any(|known| known.as_str() == name);
    let mut found: Vec<OutsideReference> = catalog
        .references_to(table.as_str())
        .filter(|(from, _)| is_outside(&from.name))
        .flat_map(|(from, key)| {
            key.columns.iter().zip(&key.to_columns).filter_map(|(column, to)| {
                Some(OutsideReference {
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
