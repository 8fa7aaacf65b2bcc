//! What speaks for a column to hold somebody's id.
//!
//! Invariant: a column holds an id only if its row does; names and keys then decide between several. A foreign key to
//! something else excludes a column whatever it holds: small numbers are equal by chance.

use super::changes::Cells;
use crate::db::Value;
use crate::db::catalog::{Column, Table};
use crate::seed::discover::names::{self, key, referred, words};

/// Whose id it is.
#[derive(Debug, Clone)]
pub struct Whose {
    /// The id, as it is displayed.
    pub id: String,
    /// The table that it is the key of.
    pub table: String,
    /// Words by which columns may call it.
    pub words: &'static [&'static str],
}

/// The words for agents.
pub const AGENT: &[&str] = &["agent", "user", "member"];
/// The words for profiles.
pub const PROFILE: &[&str] = &["profile"];
/// The words for queues.
pub const QUEUE: &[&str] = &["queue"];

/// What a column is worth as such a reference.
const BY_KEY: i32 = 5;
const BY_TABLE: i32 = 4;
const BY_NAME: i32 = 3;
const BY_ID_ALONE: i32 = 1;

/// A column that holds an id, and what speaks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub column: String,
    /// The more, the surer.
    pub points: i32,
    pub why: String,
}

impl Whose {
    /// The columns of a row that hold the id, the surest first.
    pub fn held(&self, table: &Table, row: &Cells) -> Vec<Holder> {
        let columns = row.iter().filter(|(_, value)| is(value, &self.id));
        let columns = columns.filter_map(|(name, _)| table.column(name));
        let mut found: Vec<Holder> = columns.filter_map(|column| self.holder(table, column)).collect();
        found.sort_by_key(|holder| -holder.points);
        found
    }

    fn holder(&self, table: &Table, column: &Column) -> Option<Holder> {
        let holder = |points, why: String| Some(Holder { column: column.name.clone(), points, why });
        // The row's own number is nobody else's, and who did it is not whom it is about.
        if column.is_auto_increment() || is_doer(&column.name) {
            return None;
        }
        let is_its = |columns: &[String]| matches!(columns, [only] if *only == column.name);
        let mut keys = table.foreign_keys.iter().filter(|found| is_its(&found.columns)).peekable();
        if keys.peek().is_some() {
            let refers = keys.any(|found| found.to_table.eq_ignore_ascii_case(&self.table));
            return if refers { holder(BY_KEY, format!("a foreign key to {}", self.table)) } else { None };
        }
        let stem = referred(&column.name).unwrap_or_else(|| key(&column.name));
        let named = || format!("named {}", column.name);
        // `ChatQueueId` is a better name for a chat queue than for a voice queue, where their ids are the same.
        if stem == key(&self.table) {
            return holder(BY_TABLE, named());
        }
        // `AgentProfileId` is a profile's and no agent's.
        let said = words(&column.name);
        let is_known = |word: &&String| [AGENT, PROFILE, QUEUE].concat().contains(&word.as_str());
        let is_its = said.iter().rfind(is_known).is_some_and(|word| self.words.contains(&word.as_str()));
        if is_its || self.words.iter().any(|word| stem.ends_with(word)) {
            return holder(BY_NAME, named());
        }
        holder(BY_ID_ALONE, "by the id that it holds".to_owned())
    }
}

/// `created_by`, `invitedBy`, `actor`.
fn is_doer(column: &str) -> bool {
    let said = words(column);
    let last = said.iter().rfind(|word| *word != "id").map(String::as_str);
    matches!(last, Some("by" | "actor" | "creator" | "author" | "editor"))
}

/// Whether a value is this id, as a number or as text.
pub fn is(value: &Value, id: &str) -> bool {
    !value.is_null() && value.display() == id
}

/// The value of a row's column.
pub fn value<'a>(row: &'a Cells, column: &str) -> Option<&'a Value> {
    row.iter().find(|(name, _)| name == column).map(|(_, value)| value)
}

/// Whether a table's name says that it keeps what was.
pub fn is_past(table: &str) -> bool {
    words(table).iter().any(|word| names::is_past(word))
}
