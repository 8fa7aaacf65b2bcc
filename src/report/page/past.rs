//! What earlier runs left, as the templates are given it: history and backups.
//!
//! Invariant: an answer without a list shows none, and an empty list is said to be empty.

use crate::outcome::{Details, KeptBackup, RunSection};
use serde::Serialize;

/// History and backups; `None` where the answer has no such list.
#[derive(Serialize)]
pub struct Past<'a> {
    runs: Option<Vec<Run<'a>>>,
    backups: Option<Vec<Backup<'a>>>,
}

/// A run of the journal.
#[derive(Serialize)]
struct Run<'a> {
    began: String,
    ended: String,
    what: &'a str,
    how: String,
    who: &'a str,
    command: &'a str,
}

/// A backup.
#[derive(Serialize)]
struct Backup<'a> {
    id: &'a str,
    created: String,
    files: u64,
    bytes: u64,
    reason: &'a str,
}

impl<'a> Past<'a> {
    /// Of an answer.
    pub fn of(details: &'a Details) -> Self {
        Self {
            runs: details.runs.as_ref().map(|runs| runs.iter().map(run).collect()),
            backups: details.backups.as_ref().map(|backups| backups.iter().map(backup).collect()),
        }
    }
}

/// `2026-11-28T01:39:27.5Z` as people write it.
fn time(text: &str) -> String {
    match text.get(..16).map(|minutes| minutes.replacen('T', " ", 1)) {
        Some(minutes) if text.ends_with('Z') => format!("{minutes} UTC"),
        _ => text.to_owned(),
    }
}

fn run(run: &RunSection) -> Run<'_> {
    let outcome = run.outcome.unwrap_or("still open");
    let reason = run.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    let undone = if run.undone_by.is_some() { ", taken back later" } else { "" };
    Run {
        began: time(&run.began),
        ended: time(run.ended.as_deref().unwrap_or_default()),
        what: run.kind,
        how: format!("{outcome}{reason}{undone}"),
        who: &run.actor,
        command: &run.command,
    }
}

fn backup(KeptBackup { backup, created, reason }: &KeptBackup) -> Backup<'_> {
    Backup { id: &backup.id, created: time(created), files: backup.files, bytes: backup.bytes, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_in_the_answer_is_no_empty_list() {
        let past = |runs| serde_json::json!(Past::of(&Details { runs, ..Details::default() }));
        assert!(past(None)["runs"].is_null());
        assert_eq!(past(Some(Vec::new()))["runs"], serde_json::json!([]));
    }

    #[test]
    fn a_run_says_when_it_was_how_it_ended_and_why() {
        let open = RunSection { began: "2026-11-28T01:44:12.123Z".to_owned(), ..RunSection::default() };
        let undone = RunSection {
            began: "soon".to_owned(),
            ended: Some("2026-11-28T01:54:14Z".to_owned()),
            outcome: Some("rolled-back"),
            reason: Some("nobody confirmed it".to_owned()),
            undone_by: Some("x".to_owned()),
            ..RunSection::default()
        };
        let told = [&open, &undone].map(run).map(|run| [run.began, run.ended, run.how]);
        assert_eq!(told[0], ["2026-11-28 01:44 UTC", "", "still open"]);
        assert_eq!(
            told[1],
            ["soon", "2026-11-28 01:54 UTC", "rolled-back: nobody confirmed it, taken back later"]
        );
    }
}
