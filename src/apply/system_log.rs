//! One line in the system's log for each change of the server.
//!
//! Invariant: written when the journal has it, whoever made the change: a person, a timer, the start of the machine. It
//! names files and no contents; reasons and commands were redacted before they came into the journal.

use crate::host::syslog::{self, Severity};
use crate::journal::{Event, Journal, PastRun, RunKind, RunOutcome, runs};
use crate::outcome::first_of;

/// So many files are named.
const NAMED: usize = 3;

/// Sends the line of an event that has just been recorded, where it changes how the server stands.
pub fn tell(journal: &Journal, event: &Event) {
    let is_news = matches!(event, Event::Finished { .. } | Event::AwaitingConfirmation);
    if let Some(run) = is_news.then(|| runs(&journal.records).pop()).flatten() {
        let (severity, line) = line(&run);
        syslog::send(severity, &line);
    }
}

fn line(run: &PastRun) -> (Severity, String) {
    let what = match run.kind {
        RunKind::Migrate => "change",
        RunKind::Rollback => "rollback",
    };
    let why = run.reason.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
    let (severity, became) = match (run.end.as_ref().map(|end| end.outcome), &run.confirm_by) {
        (None, Some(deadline)) => {
            (Severity::NOTICE, format!("applied, undone unless confirmed by {}", deadline.wall))
        }
        (None, None) => (Severity::NOTICE, "proven".to_owned()),
        (Some(RunOutcome::Applied), _) => match &run.confirmed_by {
            Some(who) => (Severity::NOTICE, format!("confirmed by {who}")),
            None => (Severity::NOTICE, format!("applied{why}")),
        },
        (Some(RunOutcome::RolledBack), _) => (Severity::WARNING, format!("undone{why}")),
        (Some(RunOutcome::Failed), _) => (Severity::WARNING, format!("failed and undone{why}")),
    };
    let PastRun { run: id, backup, actor, command, .. } = run;
    let line = format!("{what} {became}; {}; run {id}, backup {backup}; `{command}` by {actor}", files(run));
    (severity, line)
}

fn files(run: &PastRun) -> String {
    if run.is_whole() {
        return "everything in the backup".to_owned();
    }
    let names: Vec<&str> = run.left().map(|(path, _)| path.as_str()).collect();
    if names.is_empty() { "no file".to_owned() } else { first_of(&names, NAMED) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Deadline, End, JournalStep, StepVersion};
    use crate::values::{Hash, TextPath};

    fn run() -> PastRun {
        let step = |path: &str| JournalStep::SetFile {
            path: TextPath::new(path).expect("a path"),
            from: StepVersion::Absent,
            to: StepVersion::File(Hash::of(b"new")),
        };
        PastRun {
            run: "20261128T014412Z-812".parse().expect("a run's name"),
            kind: RunKind::Migrate,
            backup: "20261128T014412Z-0a1b2c3d".parse().expect("a backup's name"),
            steps: vec![step("/a"), step("/b"), step("/c"), step("/d"), JournalStep::Reload],
            actor: "uid 0, sudo by alice".to_owned(),
            command: "apply --yes".to_owned(),
            began: String::new(),
            end: None,
            reason: None,
            confirm_by: None,
            confirmed_by: None,
            undone_by: None,
        }
    }

    #[test]
    fn a_line_says_what_became_of_which_files_who_asked_and_where_the_old_ones_are() {
        let check = |run: &PastRun, severity: Severity, begin: &str| {
            let (found, line) = line(run);
            assert!(line.starts_with(begin), "{line}");
            assert_eq!(found, severity, "{line}");
            assert!(line.contains("/a, /b, /c and 1 more; run 20261128T014412Z-812, backup "), "{line}");
            assert!(line.ends_with("; `apply --yes` by uid 0, sudo by alice"), "{line}");
        };
        let ended = |outcome, reason: Option<&str>| PastRun {
            end: Some(End { outcome, time: String::new() }),
            reason: reason.map(str::to_owned),
            ..run()
        };
        let deadline =
            Deadline { boot: String::new(), uptime_millis: 1, wall: "2026-11-28T01:54:12Z".to_owned() };
        check(
            &PastRun { confirm_by: Some(deadline), ..run() },
            Severity::NOTICE,
            "change applied, undone unless confirmed by 2026-11-28T01:54:12Z; ",
        );
        check(&ended(RunOutcome::Applied, None), Severity::NOTICE, "change applied; ");
        let undone = ended(RunOutcome::RolledBack, Some("nobody confirmed; the change is undone"));
        check(&undone, Severity::WARNING, "change undone (nobody confirmed; the change is undone); ");
        check(&ended(RunOutcome::Failed, None), Severity::WARNING, "change failed and undone; ");
        let confirmed =
            PastRun { confirmed_by: Some("uid 0".to_owned()), ..ended(RunOutcome::Applied, None) };
        check(&confirmed, Severity::NOTICE, "change confirmed by uid 0; ");
    }
}
