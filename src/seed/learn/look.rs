//! Looks at the rows of a database, table by table.
//!
//! Invariant: only SELECTs, each within the connection's limit. A table that cannot be read, or is too large, is said;
//! it never ends the look. Columns that look like secrets are not asked for, and of large values only the beginning.

use super::picture::{FORMAT, Picture, Seen, Task};
use crate::db::catalog::{Column, Table, TableKind};
use crate::db::{Catalog, Connection, DbError, Value, quoted};
use crate::seed::discover::names::{key, words};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Tables with more rows are only looked at by their highest key.
pub const MOST_ROWS: u64 = 100_000;
/// The letters of one column's digest.
pub const DIGEST: usize = 4;
/// How much of a long text is looked at.
const LONGEST: usize = 1_000;
/// Engines whose tables are somewhere else, or lose what is written.
const ELSEWHERE: [&str; 5] = ["federated", "connect", "spider", "blackhole", "oqgraph"];

/// Takes the first look. Runs in the caller's transaction.
///
/// # Errors
/// When the connection is lost; a table that cannot be read is only noted.
pub fn photograph(
    conn: &mut Connection,
    catalog: &Catalog,
    task: Task,
    salt: &str,
    taken: &str,
) -> Result<Picture, DbError> {
    let mut tables = BTreeMap::new();
    for table in catalog.tables.values() {
        if let Some(seen) = seen(conn, table, salt)? {
            tables.insert(table.name.clone(), seen);
        }
    }
    let (taken, salt, database) = (taken.to_owned(), salt.to_owned(), which(conn));
    Ok(Picture { format: FORMAT, taken, database, salt, task, tables, found: None })
}

/// Which database a connection is to, in words that stay the same.
fn which(conn: &Connection) -> String {
    let server = conn.server();
    format!("{} on {}", server.schema, server.host)
}

impl Picture {
    /// Whether the connection is to the database that was looked at.
    #[must_use]
    pub fn is_of(&self, conn: &Connection) -> bool {
        self.database == which(conn)
    }

    /// The tables of which less is known, and why.
    #[must_use]
    pub fn unseen(&self) -> Vec<String> {
        let note = |(table, seen): (&String, &Seen)| match seen {
            Seen::Whole { .. } => None,
            Seen::Top { key, .. } => Some(format!(
                "{table}: it is large; only rows with a new {key} will be found, not changed ones"
            )),
            Seen::Nothing(why) => Some(format!("{table}: not looked at: {why}")),
        };
        self.tables.iter().filter_map(note).collect()
    }
}

fn seen(conn: &mut Connection, table: &Table, salt: &str) -> Result<Option<Seen>, DbError> {
    if table.kind == TableKind::View {
        return Ok(None);
    }
    if let Some(engine) = table.engine.as_deref().filter(|engine| is_elsewhere(engine)) {
        return Ok(Some(Seen::Nothing(format!("its rows are not here (engine {engine})"))));
    }
    let looked = if table.rows.is_some_and(|rows| rows > MOST_ROWS) {
        top(conn, table)
    } else {
        match whole(conn, table, salt)? {
            Looked::Rows(seen) => return Ok(Some(seen)),
            Looked::TooMany => top(conn, table),
            Looked::Not(why) => Ok(Seen::Nothing(why)),
        }
    };
    looked.map(Some).or_else(|error| tolerated(conn, &error).map(|why| Some(Seen::Nothing(why))))
}

enum Looked {
    Rows(Seen),
    TooMany,
    Not(String),
}

fn whole(conn: &mut Connection, table: &Table, salt: &str) -> Result<Looked, DbError> {
    let columns = columns(table);
    let mut rows = BTreeMap::new();
    let sql = format!("{} LIMIT {}", select(table, &columns), MOST_ROWS + 1);
    let read = conn.each(&sql, &[], &mut |row| {
        let (key, print) = prints(table, &columns, row.values(), salt);
        rows.insert(unused(key, &rows), print);
        Ok(())
    });
    match read {
        Err(error) => tolerated(conn, &error).map(Looked::Not),
        Ok(()) if rows.len() as u64 > MOST_ROWS => Ok(Looked::TooMany),
        Ok(()) => Ok(Looked::Rows(Seen::Whole {
            columns: columns.iter().map(|column| column.name.clone()).collect(),
            rows,
        })),
    }
}

fn top(conn: &mut Connection, table: &Table) -> Result<Seen, DbError> {
    let Some(key) = number_key(table) else {
        return Ok(Seen::Nothing(format!(
            "it has more than {MOST_ROWS} rows, and no whole number as its key"
        )));
    };
    let rows = conn.rows(&format!("SELECT MAX({}) FROM {}", quoted(key), quoted(&table.name)), &[])?;
    let highest = rows.first().map(|row| row.optional_int(0)).transpose()?.flatten();
    Ok(Seen::Top { key: key.to_owned(), highest })
}

/// Why a table could not be read, where the connection goes on.
pub fn tolerated(conn: &mut Connection, error: &DbError) -> Result<String, DbError> {
    // Whatever the error: only a connection that still answers may go on, and what is lost is no fault of this table.
    conn.rows("SELECT 1", &[])?;
    Ok(format!("it cannot be read: {error}"))
}

fn is_elsewhere(engine: &str) -> bool {
    ELSEWHERE.contains(&engine.to_ascii_lowercase().as_str())
}

/// The column of a key that is one whole number.
pub fn number_key(table: &Table) -> Option<&str> {
    let [name] = table.primary_key() else { return None };
    table.column(name).filter(|column| is_number(column)).map(|column| column.name.as_str())
}

/// Whether a column holds whole numbers.
pub fn is_number(column: &Column) -> bool {
    column.data_type == "integer" || (column.data_type.ends_with("int") && column.data_type != "point")
}

/// The columns that are looked at: all but those that look like secrets, unless the key needs them.
pub fn columns(table: &Table) -> Vec<&Column> {
    let in_key = |column: &Column| table.primary_key().contains(&column.name);
    table.columns.iter().filter(|column| in_key(column) || !is_secret(&column.name)).collect()
}

/// Whether a name says that the column holds what nobody should read.
pub fn is_secret(name: &str) -> bool {
    const WORDS: [&str; 9] =
        ["secret", "token", "salt", "otp", "pin", "credential", "hash", "cookie", "signature"];
    const PARTS: [&str; 6] = ["password", "passwd", "passphrase", "apikey", "privatekey", "secret"];
    let joined = key(name);
    let words = words(name);
    PARTS.iter().any(|part| joined.contains(part))
        || words.iter().any(|word| WORDS.contains(&word.as_str()) || ["pass", "pwd"].contains(&word.as_str()))
}

/// `SELECT …` of these columns: of what may be long, only the beginning or the length.
pub fn select(table: &Table, columns: &[&Column]) -> String {
    let asked: Vec<String> = columns.iter().map(|column| asked(column)).collect();
    format!("SELECT {} FROM {}", asked.join(", "), quoted(&table.name))
}

fn asked(column: &Column) -> String {
    const SHAPES: [&str; 8] = [
        "geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon",
        "geometrycollection",
    ];
    let name = quoted(&column.name);
    let kind = column.data_type.as_str();
    if kind.ends_with("blob") || kind == "vector" || SHAPES.contains(&kind) {
        format!("length({name})")
    } else if kind.ends_with("text") || kind == "json" {
        format!("substr({name}, 1, {LONGEST})")
    } else {
        name
    }
}

/// The digest of a row's key, and those of its columns one after the other.
pub fn prints(table: &Table, columns: &[&Column], values: &[Value], salt: &str) -> (String, String) {
    let keys = table.primary_key();
    let is_key = |column: &Column| keys.is_empty() || keys.contains(&column.name);
    let mut digest = Sha256::new();
    digest.update(salt);
    for (_, value) in columns.iter().zip(values).filter(|(column, _)| is_key(column)) {
        take(&mut digest, value);
    }
    let key = URL_SAFE_NO_PAD.encode(&digest.finalize()[..9]);
    let print = values.iter().map(|value| print(value, salt)).collect();
    (key, print)
}

/// The digest of one value.
pub fn print(value: &Value, salt: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(salt);
    take(&mut digest, value);
    URL_SAFE_NO_PAD.encode(&digest.finalize()[..DIGEST * 3 / 4])
}

fn take(digest: &mut Sha256, value: &Value) {
    // NULL is not the text of that name, and two values in a row are not their sum.
    let text = if value.is_null() { String::new() } else { format!("={}", value.display()) };
    digest.update((text.len() as u64).to_le_bytes());
    digest.update(text);
}

/// Rows without a key may be there twice.
pub fn unused<T>(key: String, taken: &BTreeMap<String, T>) -> String {
    if !taken.contains_key(&key) {
        return key;
    }
    let mut count = 2_u64;
    while taken.contains_key(&format!("{key}~{count}")) {
        count += 1;
    }
    format!("{key}~{count}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        for name in
            ["password", "userPassword", "api_key", "md5secret", "refreshToken", "loginPin", "PASS", "salt"]
        {
            assert!(is_secret(name), "{name}");
        }
        for name in ["name", "passedAt", "pinned", "key", "description", "spinner", "compass", "online"] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn null_is_not_an_empty_text_and_the_salt_counts() {
        assert_ne!(print(&Value::Null, "a"), print(&"".into(), "a"));
        assert_ne!(print(&"x".into(), "a"), print(&"x".into(), "b"));
        assert_eq!(print(&Value::Int(7), "a"), print(&Value::UInt(7), "a"));
        assert_eq!(print(&Value::Null, "a").len(), DIGEST);
    }
}
