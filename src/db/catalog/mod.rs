//! What tables there are, and how they are made.
//!
//! Invariant: names are kept as the server writes them; a table's name counts letter by letter, a column's does not.
//! What the user may not see is missing here: missing is not the same as not there.

mod checks;
mod file;
mod model;
mod server;

use super::connection::Connection;
use super::error::DbError;
use super::model::Engine;
use model::Names;
pub use model::{
    Check, Column, ColumnDefault, Covers, Elsewhere, ForeignKey, Index, Table, TableKind, Trigger, quoted,
};
use std::collections::BTreeMap;

/// The tables of one schema.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalog {
    pub tables: BTreeMap<String, Table>,
}

impl Catalog {
    /// Reads the whole schema.
    ///
    /// # Errors
    /// When the database fails; what the user may not see is missing instead.
    pub fn read(conn: &mut Connection) -> Result<Self, DbError> {
        Self::read_names(conn, &Names::All)
    }

    /// Reads these tables only, which is quick also where there are thousands. One that does not exist is missing.
    ///
    /// # Errors
    /// When the database fails.
    pub fn of(conn: &mut Connection, names: &[&str]) -> Result<Self, DbError> {
        if names.is_empty() {
            return Ok(Self::default());
        }
        Self::read_names(conn, &Names::Some(names))
    }

    fn read_names(conn: &mut Connection, names: &Names<'_>) -> Result<Self, DbError> {
        let tables = match conn.engine() {
            Engine::MariaDb | Engine::MySql => server::read(conn, names)?,
            Engine::Sqlite => file::read(conn, names)?,
        };
        Ok(Self { tables })
    }

    /// What refers to this schema from others. Servers look through every schema for it.
    ///
    /// # Errors
    /// When the database fails; what the user may not see is missing instead.
    pub fn elsewhere(conn: &mut Connection) -> Result<Vec<Elsewhere>, DbError> {
        match conn.engine() {
            Engine::MariaDb | Engine::MySql => server::elsewhere(conn),
            Engine::Sqlite => Ok(Vec::new()),
        }
    }

    /// The table with exactly this name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.get(name)
    }

    /// Every foreign key that refers to this table, with the table that has it.
    pub fn references_to<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a Table, &'a ForeignKey)> {
        self.tables.values().flat_map(move |table| {
            let refers = move |key: &&ForeignKey| key.to_table == name && key.to_schema.is_none();
            table.foreign_keys.iter().filter(refers).map(move |key| (table, key))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_quotes() {
        assert_eq!(quoted("users"), "`users`");
        assert_eq!(quoted("a`; DROP TABLE b; --"), "`a``; DROP TABLE b; --`");
    }

    #[test]
    fn indexes_answer_what_they_serve() {
        let index = |name: &str, unique, columns: &[&str]| Index {
            name: name.to_owned(),
            unique,
            columns: columns.iter().map(ToString::to_string).collect(),
            covers: Covers::Whole,
        };
        let indexes = vec![index("PRIMARY", true, &["id"]), index("a", true, &["UserId", "QueueId"])];
        let table = Table { indexes, ..Table::default() };
        assert_eq!(table.primary_key(), ["id"]);
        assert!(table.is_indexed(&["userid"]) && table.is_indexed(&["UserId", "QueueId"]));
        assert!(!table.is_indexed(&["QueueId"]) && !table.is_unique(&["UserId"]));
        assert!(table.is_unique(&["QueueId", "UserId"]));
    }
}
