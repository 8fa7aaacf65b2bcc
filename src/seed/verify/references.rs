//! Tables that refer to a table, in its own schema and in others.
//!
//! Invariant: only what the database itself enforces is a reference; the catalog must be whole.

use crate::db::Catalog;
use crate::db::catalog::Elsewhere;
use crate::seed::map::Ident;

/// A column that refers to a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The schema of the table that refers, where it is another one.
    pub schema: Option<Ident>,
    /// The table that refers.
    pub table: Ident,
    pub column: Ident,
    /// The column that it refers to.
    pub to: Ident,
    /// What a deletion would do to the referring row, as the server says it; empty where it does not say.
    pub on_delete: String,
}

/// Who refers to this table. Names that no statement could hold are left out: no such table can be made.
#[must_use]
pub fn references_to(catalog: &Catalog, elsewhere: &[Elsewhere], table: &Ident) -> Vec<Reference> {
    let own = catalog.references_to(table.as_str()).flat_map(|(from, key)| {
        let pairs = key.columns.iter().zip(&key.to_columns);
        pairs.map(|(column, to)| (None, &from.name, column, to, key.on_delete.as_str()))
    });
    let others = elsewhere.iter().filter(|other| other.to_table == table.as_str());
    let others = others.map(|other| (Some(&other.schema), &other.table, &other.column, &other.to_column, ""));
    let mut found: Vec<Reference> = own
        .chain(others)
        .filter_map(|(schema, table, column, to, on_delete)| {
            Some(Reference {
                schema: schema.map(|name| name.parse()).transpose().ok()?,
                table: table.parse().ok()?,
                column: column.parse().ok()?,
                to: to.parse().ok()?,
                on_delete: on_delete.to_owned(),
            })
        })
        .collect();
    found.sort();
    found
}
