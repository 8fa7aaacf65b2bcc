//! What writes the rows of a plan: one statement at a time, each counted.
//!
//! Invariant: a statement that changes another number of rows than the plan says stops the run.

use super::model::{SeedEvent, Stopped};
use crate::db::{Catalog, Connection, Value};
use crate::outcome::counted_as;
use crate::seed::map::{Ident, Map};
use crate::seed::plan::Plan;
use std::collections::BTreeSet;

pub(super) type Done = Result<(), Trouble>;

/// A plan that is being written, inside a transaction of the caller.
pub(in crate::seed) struct Writer<'a> {
    pub conn: &'a mut Connection,
    pub map: &'a Map,
    pub catalog: &'a Catalog,
    pub plan: &'a Plan,
    /// The moment that goes into the columns for times, in UTC.
    pub now: &'a str,
    /// Hears of rows that were written; may ask to stop.
    pub watch: &'a mut dyn FnMut(SeedEvent<'_>) -> Result<(), Stopped>,
    /// Rows written so far.
    pub done: u64,
    /// Notes of the server.
    pub notes: BTreeSet<String>,
}

/// Why writing stopped.
pub(in crate::seed) enum Trouble {
    /// The database said no.
    Database(crate::db::DbError),
    /// What was to be changed is not as it was.
    Moved(String),
    /// The caller asked to stop.
    Stopped,
}

impl From<crate::db::DbError> for Trouble {
    fn from(error: crate::db::DbError) -> Self {
        Self::Database(error)
    }
}

pub(super) fn assignments(columns: &[&Ident]) -> String {
    columns.iter().map(|column| format!("{} = ?", column.quoted())).collect::<Vec<_>>().join(", ")
}

impl Writer<'_> {
    /// Runs one statement that must change exactly so many rows.
    pub fn change(&mut self, sql: &str, values: &[Value], rows: usize, what: &str) -> Done {
        let change = self.conn.change(sql, values).map_err(|error| error.during(what))?;
        self.notes.extend(change.notes);
        if change.rows != rows as u64 {
            return Err(Trouble::Moved(format!(
                "{what}: {} changed, not {rows}",
                counted_as(change.rows, "row was", "rows were")
            )));
        }
        self.done += rows as u64;
        (self.watch)(SeedEvent::Written(self.done)).map_err(|Stopped| Trouble::Stopped)
    }
}
