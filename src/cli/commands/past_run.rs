//! A run of the journal in words: when, what, how it ended and why, and who asked.
//!
//! Invariant: says what the journal says and nothing more; times are UTC, and of one day the second one has no date.

use crate::journal::{PastRun, RunKind, RunOutcome};
use crate::outcome::{RunSection, on_one_line};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use nginx_config::redact_text;

/// What the run was, when, and how it ended: `migration 2026-11-28 01:44 UTC, undone 01:44: nobody confirmed it`.
pub fn in_words(run: &PastRun) -> String {
    match ended(run) {
        None => format!("{} {}", kind(run), when(&run.began)),
        Some(ended) => format!("{} {}, {ended}", kind(run), when(&run.began)),
    }
}

/// What the run was.
pub fn kind(run: &PastRun) -> &'static str {
    match run.kind {
        RunKind::Rollback => "rollback",
        RunKind::Migrate if run.command.split(' ').any(|word| word == "restore-vendor") => "restore-vendor",
        RunKind::Migrate => "migration",
    }
}

/// How it ended; `None` while it is open.
pub fn ended(run: &PastRun) -> Option<String> {
    let end = run.end.as_ref()?;
    let time = since(&run.began, &end.time);
    let why = why(run).map_or_else(String::new, |why| format!(": {why}"));
    Some(match (end.outcome, &run.confirmed_by) {
        (RunOutcome::Applied, Some(actor)) => format!("confirmed {time} by {}", who(actor)),
        // Only what was interrupted has a reason.
        (RunOutcome::Applied, None) if run.reason.is_some() => format!("finished {time}{why}"),
        (RunOutcome::Applied, None) => "done".to_owned(),
        (RunOutcome::RolledBack, _) => format!("undone {time}{why}"),
        (RunOutcome::Failed, _) => format!("failed and undone {time}{why}"),
    })
}

/// Why it went another way than forward. The journal adds to it which way that was, which the outcome says.
fn why(run: &PastRun) -> Option<String> {
    let reason = run.reason.as_deref()?;
    let why = reason.rsplit_once("; ").map_or(reason, |(why, _)| why);
    Some(redact_text(&on_one_line(why)))
}

/// Who asked, in a word or two.
pub fn who(actor: &str) -> String {
    let part = |name: &str| actor.split(", ").find_map(|part| part.strip_prefix(name));
    match (part("sudo by "), part("uid ")) {
        (Some(user), _) => redact_text(user),
        (None, Some("0")) => "root".to_owned(),
        (None, Some(uid)) => format!("uid {uid}"),
        (None, None) => redact_text(actor),
    }
}

/// A moment of the journal: date and minute.
pub fn when(time: &str) -> String {
    moment(time).map_or_else(|| time.to_owned(), |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

/// A later moment, without its date where the earlier one has it.
fn since(earlier: &str, later: &str) -> String {
    match (moment(earlier), moment(later)) {
        (Some(one), Some(other)) if day(one) == day(other) => other.strftime("%H:%M").to_string(),
        _ => when(later),
    }
}

fn moment(time: &str) -> Option<Timestamp> {
    time.parse().ok()
}

fn day(time: Timestamp) -> jiff::civil::Date {
    time.to_zoned(TimeZone::UTC).date()
}

/// The run for programs.
pub fn section(run: &PastRun) -> RunSection {
    let outcome = run.end.as_ref().map(|end| match end.outcome {
        RunOutcome::Applied => "applied",
        RunOutcome::RolledBack => "rolled-back",
        RunOutcome::Failed => "failed",
    });
    RunSection {
        id: run.run.as_str().to_owned(),
        kind: kind(run),
        began: run.began.clone(),
        ended: run.end.as_ref().map(|end| end.time.clone()),
        outcome,
        reason: why(run),
        actor: redact_text(&run.actor),
        command: redact_text(&run.command),
        backup: run.backup.to_string(),
        files: run.left().map(|(path, _)| path.as_str().to_owned()).collect(),
        confirm_by: run.confirm_by.as_ref().map(|deadline| deadline.wall.clone()),
        confirmed_by: run.confirmed_by.as_deref().map(redact_text),
        undone_by: run.undone_by.as_ref().map(|run| run.as_str().to_owned()),
        undoable: run.stands(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::End;

    fn run(end: Option<(RunOutcome, &str)>, reason: Option<&str>) -> PastRun {
        PastRun {
            run: "20261128T014412Z-812".parse().expect("a run's name"),
            kind: RunKind::Migrate,
            backup: "20261128T014412Z-0a1b2c3d".parse().expect("a backup's name"),
            steps: Vec::new(),
            actor: "uid 0, sudo by alice, login uid 1000, /dev/pts/3".to_owned(),
            command: "apply --yes".to_owned(),
            began: "2026-11-28T01:44:12.123Z".to_owned(),
            end: end.map(|(outcome, time)| End { outcome, time: time.to_owned() }),
            reason: reason.map(str::to_owned),
            confirm_by: None,
            confirmed_by: None,
            undone_by: None,
        }
    }

    #[test]
    fn a_run_says_when_it_was_how_it_ended_and_why() {
        let check = |run: &PastRun, expect: &str| assert_eq!(in_words(run), expect);
        check(&run(None, None), "migration 2026-11-28 01:44 UTC");
        let applied = || run(Some((RunOutcome::Applied, "2026-11-28T01:44:14Z")), None);
        check(&applied(), "migration 2026-11-28 01:44 UTC, done");
        let unconfirmed = Some("nobody confirmed the change in time; the change is undone");
        check(
            &run(Some((RunOutcome::RolledBack, "2026-11-28T01:54:14Z")), unconfirmed),
            "migration 2026-11-28 01:44 UTC, undone 01:54: nobody confirmed the change in time",
        );
        check(
            &run(
                Some((RunOutcome::Failed, "2026-11-29T00:01:00Z")),
                Some("a route failed: /a; b; the change is undone"),
            ),
            "migration 2026-11-28 01:44 UTC, failed and undone 2026-11-29 00:01 UTC: a route failed: /a; b",
        );
        let confirmed = PastRun {
            confirmed_by: Some("uid 0".to_owned()),
            reason: unconfirmed.map(str::to_owned),
            ..applied()
        };
        check(&confirmed, "migration 2026-11-28 01:44 UTC, confirmed 01:44 by root");
        check(&PastRun { began: "once".to_owned(), ..applied() }, "migration once, done");
    }

    #[test]
    fn a_person_is_named_by_the_name_that_people_know() {
        let check = |actor: &str, expect: &str| assert_eq!(who(actor), expect);
        check("uid 0, sudo by alice, login uid 1000, /dev/pts/3", "alice");
        check("uid 0", "root");
        check("uid 1000, /dev/pts/0", "uid 1000");
        check("", "");
    }
}
