//! The embedded database: a SQLite file with a schema of our own, made on demand.
//!
//! Invariant: a file that somebody else made is never taken for ours, and never written to. Its
//! schema fits the built-in map; that both say the same is tested.

use crate::db::{Access, Connection, DbError};

/// The schema, with the marks by which it is known again.
const SCHEMA: &str = include_str!("../../templates/seed/schema.sql");
/// "MCTL", as the schema sets it.
const APPLICATION_ID: i64 = 1_296_258_124;
/// What the marker's row says.
const MARKER: &str = "embedded 1";

/// Whose a SQLite file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ownership {
    /// Made by this tool.
    Ours,
    /// New: nothing is in it.
    Empty,
    /// Somebody else's, and why that is believed.
    Foreign(String),
}

/// Whose the file behind a SQLite connection is.
///
/// # Errors
/// When it cannot be read, or is no database.
pub fn ownership(connection: &mut Connection) -> Result<Ownership, DbError> {
    let id = match connection.rows("PRAGMA application_id", &[])?.first() {
        Some(row) => row.int(0)?,
        None => 0,
    };
    let tables = connection.rows("SELECT name FROM sqlite_schema ORDER BY name", &[])?;
    if id == 0 && tables.is_empty() {
        return Ok(Ownership::Empty);
    }
    if id != APPLICATION_ID {
        return Ok(Ownership::Foreign(format!("its application id is {id} and not {APPLICATION_ID}")));
    }
    let marked = tables.iter().any(|row| row.text(0).is_ok_and(|name| name == "motionctl"));
    if !marked {
        return Ok(Ownership::Foreign("it has no table motionctl".to_owned()));
    }
    let rows = connection.rows("SELECT value FROM motionctl WHERE name = 'schema'", &[])?;
    Ok(match rows.first().map(|row| row.text(0)).transpose()? {
        Some(MARKER) => Ownership::Ours,
        Some(other) => {
            Ownership::Foreign(format!("its schema is `{other}`, and this motionctl knows `{MARKER}`"))
        }
        None => Ownership::Foreign("its table motionctl names no schema".to_owned()),
    })
}

/// Creates the schema in an empty SQLite database; all of it, or nothing.
///
/// # Errors
/// When it cannot be written.
pub fn create(connection: &mut Connection) -> Result<(), DbError> {
    connection.begin(Access::Write)?;
    match connection.script(SCHEMA) {
        Ok(()) => connection.commit(),
        Err(error) => {
            // The first error is the one to tell; the file is rolled back when it is closed, too.
            connection.rollback().ok();
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{Catalog, Engine, Limits, Source};
    use crate::seed::map::{Map, Needs, Part};
    use crate::seed::verify::{references_to, verify};
    use std::collections::BTreeSet;

    fn memory(script: &str) -> Connection {
        let mut connection = Connection::open(&Source::Memory, &Limits::work()).expect("memory");
        connection.script(script).expect("a script");
        connection
    }

    #[test]
    fn the_schema_fits_the_built_in_map() {
        let mut connection = memory("");
        create(&mut connection).expect("a schema");
        let catalog = Catalog::read(&mut connection).expect("a catalog");
        let map = Map::built_in();
        let found = verify(&map, &catalog, Engine::Sqlite, &Needs::all(&map));
        assert_eq!((&found.mismatches, &found.differences), (&Vec::new(), &Vec::new()));
        assert_eq!(found.demanded, std::collections::BTreeMap::new(), "a manifest may leave these out");
        assert!(found.unique_names.contains(&Part::Profiles) && found.triggers.is_empty());
        let tables: BTreeSet<&str> = catalog.tables.keys().map(String::as_str).collect();
        let mapped: BTreeSet<&str> = map.table_names().into_iter().map(|name| name.as_str()).collect();
        assert_eq!(tables.difference(&mapped).copied().collect::<Vec<_>>(), ["motionctl"]);
        for table in map.table_names() {
            let references = references_to(&catalog, &[], table);
            assert!(references.iter().all(|found| mapped.contains(found.table.as_str())), "{references:?}");
        }
    }

    #[test]
    fn only_our_own_file_is_ours() {
        let check = |script: &str, expected: &str| {
            let found = ownership(&mut memory(script)).expect("a database");
            let words = match found {
                Ownership::Ours => "ours".to_owned(),
                Ownership::Empty => "empty".to_owned(),
                Ownership::Foreign(why) => why,
            };
            assert_eq!(words, expected, "{script}");
        };
        let ours = |more: &str| format!("{SCHEMA}{more}");
        check("", "empty");
        check(&ours(""), "ours");
        check("CREATE TABLE a (b)", "its application id is 0 and not 1296258124");
        check("PRAGMA application_id = 5", "its application id is 5 and not 1296258124");
        check("PRAGMA application_id = 1296258124", "it has no table motionctl");
        check(&ours("DELETE FROM motionctl"), "its table motionctl names no schema");
        check(
            &ours("UPDATE motionctl SET value = 'embedded 2'"),
            "its schema is `embedded 2`, and this motionctl knows `embedded 1`",
        );
    }
}
