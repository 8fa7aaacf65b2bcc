//! What has changed between two looks.
//!
//! Invariant: rows are compared by digest. Of rows that are new or changed the values are kept in memory for the
//! search, and never shown: who shows something takes it from a [`Lesson`](super::Lesson).

use super::look::{self, DIGEST, MOST_ROWS, prints, select, tolerated, unused};
use super::picture::{Picture, Seen};
use crate::db::catalog::{Column, Table, TableKind};
use crate::db::{Catalog, Connection, DbError, Row, Value, quoted};
use crate::outcome::counted;
use std::collections::{BTreeMap, BTreeSet};

/// So many rows of a table are searched; those that hold the profile's name always are.
const MOST_KEPT: usize = 2_000;

/// A row, column by column.
pub type Cells = Vec<(String, Value)>;

/// What has changed in one table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    pub table: String,
    /// Rows that are new.
    pub new: u64,
    /// Rows that are not what they were.
    pub changed: u64,
    /// Rows that are gone.
    pub gone: u64,
    /// The columns that hold something else in a row that was there.
    pub columns: BTreeSet<String>,
    /// What could not be compared, and why.
    pub note: Option<String>,
    /// The rows that are new or changed, with the columns that are.
    pub(super) rows: Vec<(Cells, Option<BTreeSet<String>>)>,
}

impl Changes {
    /// Whether nothing has changed, as far as one could tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.new == 0 && self.changed == 0 && self.gone == 0
    }
}

/// In words: `3 new rows, 1 changed row (exitAt, updatedAt)`.
impl std::fmt::Display for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns: Vec<&str> = self.columns.iter().map(String::as_str).collect();
        let parts = [
            (self.new, counted(self.new, "new row")),
            (self.changed, format!("{} ({})", counted(self.changed, "changed row"), columns.join(", "))),
            (self.gone, format!("{} gone", counted(self.gone, "row"))),
        ];
        let said: Vec<String> =
            parts.into_iter().filter(|(count, _)| *count > 0).map(|(_, text)| text).collect();
        f.write_str(&said.join(", "))
    }
}

/// Takes the second look, and compares. Runs in the caller's transaction.
///
/// # Errors
/// When the connection is lost; a table that cannot be read is only noted.
pub fn compare(conn: &mut Connection, catalog: &Catalog, before: &Picture) -> Result<Vec<Changes>, DbError> {
    let mut all = Vec::new();
    for table in catalog.tables.values().filter(|table| table.kind == TableKind::Table) {
        let mut comparison = Comparison::new(table, before);
        let seen = before.tables.get(&table.name);
        if let Err(error) = comparison.look(conn, seen) {
            comparison.changes.note = Some(tolerated(conn, &error)?);
        }
        all.push(comparison.changes);
    }
    let gone = before.tables.keys().filter(|name| catalog.table(name).is_none());
    all.extend(gone.map(|name| Changes {
        table: name.clone(),
        note: Some("the table is no longer there".to_owned()),
        ..Changes::default()
    }));
    Ok(all)
}

struct Comparison<'a> {
    table: &'a Table,
    columns: Vec<&'a Column>,
    before: &'a Picture,
    changes: Changes,
}

impl<'a> Comparison<'a> {
    fn new(table: &'a Table, before: &'a Picture) -> Self {
        let changes = Changes { table: table.name.clone(), ..Changes::default() };
        Self { table, columns: look::columns(table), before, changes }
    }

    fn look(&mut self, conn: &mut Connection, seen: Option<&'a Seen>) -> Result<(), DbError> {
        let everything = select(self.table, &self.columns);
        match seen {
            Some(Seen::Nothing(why)) => self.changes.note = Some(why.clone()),
            None => {
                self.changes.note = Some("the table is new".to_owned());
                let sql = format!("{everything} LIMIT {MOST_KEPT}");
                conn.each(&sql, &[], &mut |row| {
                    self.keep(&row, None);
                    Ok(())
                })?;
            }
            Some(Seen::Top { key, highest }) => {
                self.changes.note = Some(format!(
                    "it is large: only rows with a new {key} were looked for, not changed ones"
                ));
                let key = quoted(key);
                let above = format!("WHERE {key} > ? ORDER BY {key} LIMIT {MOST_KEPT}");
                let from = Value::Int(highest.unwrap_or(i64::MIN));
                conn.each(&format!("{everything} {above}"), &[from], &mut |row| {
                    self.keep(&row, None);
                    Ok(())
                })?;
            }
            Some(Seen::Whole { columns, rows }) => {
                if columns.iter().ne(self.columns.iter().map(|column| &column.name)) {
                    self.changes.note = Some("its columns are not what they were".to_owned());
                    return Ok(());
                }
                let sql = format!("{everything} LIMIT {}", 2 * MOST_ROWS);
                let mut met = BTreeMap::new();
                conn.each(&sql, &[], &mut |row| {
                    self.held_against(&row, rows, &mut met);
                    Ok(())
                })?;
                self.changes.gone = rows.keys().filter(|key| !met.contains_key(*key)).count() as u64;
            }
        }
        Ok(())
    }

    fn held_against(&mut self, row: &Row, rows: &BTreeMap<String, String>, met: &mut BTreeMap<String, ()>) {
        let (key, print) = prints(self.table, &self.columns, row.values(), &self.before.salt);
        let key = unused(key, met);
        match rows.get(&key) {
            None => self.keep(row, None),
            Some(known) if *known == print => {}
            Some(known) => {
                let parts = known.as_bytes().chunks(DIGEST).zip(print.as_bytes().chunks(DIGEST));
                let differ = self.columns.iter().zip(parts).filter(|(_, (was, is))| was != is);
                self.keep(row, Some(differ.map(|(column, _)| column.name.clone()).collect()));
            }
        }
        met.insert(key, ());
    }

    fn keep(&mut self, row: &Row, changed: Option<BTreeSet<String>>) {
        match &changed {
            None => self.changes.new += 1,
            Some(columns) => {
                self.changes.changed += 1;
                self.changes.columns.extend(columns.iter().cloned());
            }
        }
        let name = &self.before.task.profile;
        let is_about_it =
            || row.values().iter().any(|value| matches!(value, Value::Text(text) if text.contains(name)));
        if self.changes.rows.len() < MOST_KEPT || is_about_it() {
            let names = self.columns.iter().map(|column| column.name.clone());
            self.changes.rows.push((names.zip(row.values().iter().cloned()).collect(), changed));
        }
    }
}
