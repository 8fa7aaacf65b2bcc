//! What earlier runs left, as the templates are given it: history and backups.
//!
//! Invariant: an answer without a list shows none, and an empty list is said to be empty.

use crate::outcome::Outcome;
use serde::Serialize;
use serde_json::Value;

/// History and backups; `None` where the answer has no such list.
#[derive(Serialize)]
pub struct Past {
    runs: Option<Vec<Run>>,
    backups: Option<Vec<Backup>>,
}

/// A run of the journal.
#[derive(Serialize)]
struct Run {
    id: String,
    began: String,
    ended: String,
    what: String,
    who: String,
    how: String,
}

/// A backup.
#[derive(Serialize)]
struct Backup {
    id: String,
    created: String,
    files: u64,
    bytes: u64,
    reason: String,
}

impl Past {
    /// Of an answer.
    pub fn of(outcome: &Outcome) -> Self {
        Self { runs: list(outcome, "runs", run), backups: list(outcome, "backups", backup) }
    }
}

fn list<T>(outcome: &Outcome, key: &str, row: fn(&Value) -> T) -> Option<Vec<T>> {
    Some(outcome.details.get(key)?.as_array()?.iter().map(row).collect())
}

fn text(row: &Value, key: &str) -> String {
    row[key].as_str().unwrap_or_default().to_owned()
}

/// `2026-11-28T01:39:27.5Z` as people write it.
fn time(row: &Value, key: &str) -> String {
    let text = text(row, key);
    match text.get(..16).map(|minutes| minutes.replacen('T', " ", 1)) {
        Some(minutes) if text.ends_with('Z') => format!("{minutes} UTC"),
        _ => text,
    }
}

fn run(row: &Value) -> Run {
    Run {
        id: text(row, "id"),
        began: time(row, "began"),
        ended: time(row, "ended"),
        what: text(row, "kind"),
        who: text(row, "who"),
        how: text(row, "outcome"),
    }
}

fn backup(row: &Value) -> Backup {
    let number = |key: &str| row[key].as_u64().unwrap_or_default();
    Backup {
        id: text(row, "id"),
        created: time(row, "created"),
        files: number("files"),
        bytes: number("bytes"),
        reason: text(row, "reason"),
    }
}
