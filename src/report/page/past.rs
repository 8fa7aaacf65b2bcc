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
    began: String,
    ended: String,
    what: String,
    how: String,
    who: String,
    command: String,
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
    let outcome = row["outcome"].as_str().unwrap_or("still open");
    let reason = row["reason"].as_str().map_or_else(String::new, |reason| format!(": {reason}"));
    let undone = if row["undone_by"].is_string() { ", taken back later" } else { "" };
    Run {
        began: time(row, "began"),
        ended: time(row, "ended"),
        what: text(row, "kind"),
        how: format!("{outcome}{reason}{undone}"),
        who: text(row, "actor"),
        command: text(row, "command"),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::OutcomeKind;
    use serde_json::json;

    #[test]
    fn what_is_not_in_the_answer_is_no_empty_list() {
        let mut outcome = Outcome::new("report", OutcomeKind::Ok);
        let past = Past::of(&outcome);
        assert!(past.runs.is_none() && past.backups.is_none());
        outcome.details.insert("runs".to_owned(), json!([]));
        assert!(Past::of(&outcome).runs.is_some_and(|runs| runs.is_empty()));
    }

    #[test]
    fn a_run_says_when_it_was_how_it_ended_and_why() {
        let mut outcome = Outcome::new("report", OutcomeKind::Ok);
        let open = json!({ "began": "2026-11-28T01:44:12.123Z", "kind": "migration", "outcome": null, "ended": null });
        let undone = json!({ "began": "soon", "ended": "2026-11-28T01:54:14Z", "outcome": "rolled-back",
            "reason": "nobody confirmed it", "undone_by": "x" });
        outcome.details.insert("runs".to_owned(), json!([open, undone]));
        let runs = Past::of(&outcome).runs.expect("runs");
        let told: Vec<_> =
            runs.iter().map(|run| [&run.began, &run.ended, &run.how].map(String::as_str)).collect();
        assert_eq!(told[0], ["2026-11-28 01:44 UTC", "", "still open"]);
        assert_eq!(
            told[1],
            ["soon", "2026-11-28 01:54 UTC", "rolled-back: nobody confirmed it, taken back later"]
        );
    }
}
