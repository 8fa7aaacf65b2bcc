//! The runs that a journal tells of, each with how it ended and what became of it.
//!
//! Invariant: pure. A migration stands while it was applied and no later rollback took it back; the newest that stands
//! is the one that a rollback undoes.

use super::{Deadline, Event, JournalStep, Record, RunKind, RunOutcome, StepVersion};
use crate::values::{BackupId, Hash, RunId, TextPath};

/// A run, whether it is over or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRun {
    pub run: RunId,
    /// What it was for.
    pub kind: RunKind,
    /// The backup that holds what it replaced, or what it brought back.
    pub backup: BackupId,
    /// What it was to do, in order.
    pub steps: Vec<JournalStep>,
    /// Who asked: login name, sudo user, terminal.
    pub actor: String,
    /// With which command line, redacted.
    pub command: String,
    /// When it began; for people.
    pub began: String,
    /// How it ended; `None` while it is open.
    pub end: Option<End>,
    /// Why it went another way than forward: the newest reason of a recovery.
    pub reason: Option<String>,
    /// By when it had to be confirmed, where that was asked for.
    pub confirm_by: Option<Deadline>,
    pub confirmed_by: Option<String>,
    /// The rollback that took it back later.
    pub undone_by: Option<RunId>,
}

/// The end of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    pub outcome: RunOutcome,
    pub time: String,
}

impl PastRun {
    /// Whether it is a change that is in place: a rollback would take it back.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.changed_something() && self.undone_by.is_none()
    }

    /// Whether it was a migration that came to what was wanted, whatever became of it since.
    #[must_use]
    pub fn changed_something(&self) -> bool {
        self.kind == RunKind::Migrate && self.was_applied()
    }

    /// Whether it came to what was wanted.
    #[must_use]
    pub fn was_applied(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.outcome == RunOutcome::Applied)
    }

    /// What it was to leave in each file, in its order; `None` where it was to leave none.
    pub fn left(&self) -> impl Iterator<Item = (&TextPath, Option<Hash>)> {
        self.steps.iter().filter_map(|step| match step {
            JournalStep::SetFile { path, to, .. } => Some((path, to.hash())),
            _ => None,
        })
    }

    /// Whether it put everything in its backup back.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, JournalStep::RestoreTree { .. }))
    }
}

impl StepVersion {
    /// Its bytes; `None` where there is no file.
    #[must_use]
    pub fn hash(&self) -> Option<Hash> {
        match self {
            Self::Absent => None,
            Self::File(hash) => Some(*hash),
        }
    }
}

/// Every run, oldest first.
#[must_use]
pub fn runs(records: &[Record]) -> Vec<PastRun> {
    let mut runs: Vec<PastRun> = Vec::new();
    for Record { time, body, .. } in records {
        if let Event::Started { run, kind, backup, steps, actor, command, .. } = body {
            runs.push(PastRun {
                run: run.clone(),
                kind: *kind,
                backup: backup.clone(),
                steps: steps.clone(),
                actor: actor.clone(),
                command: command.clone(),
                began: time.clone(),
                end: None,
                reason: None,
                confirm_by: None,
                confirmed_by: None,
                undone_by: None,
            });
            continue;
        }
        let Some(newest) = runs.last_mut() else { continue };
        match body {
            Event::ConfirmBy { deadline } => newest.confirm_by = Some(deadline.clone()),
            Event::Confirmed { actor } => newest.confirmed_by = Some(actor.clone()),
            Event::Recovering { reason, .. } => newest.reason = Some(reason.clone()),
            Event::Finished { outcome } => {
                newest.end = Some(End { outcome: *outcome, time: time.clone() });
                take_back(&mut runs);
            }
            Event::Started { .. }
            | Event::Intent { .. }
            | Event::Done { .. }
            | Event::Proven
            | Event::AwaitingConfirmation => {}
        }
    }
    runs
}

/// A rollback that has just ended takes back the run whose backup it used; one that restored everything also takes
/// back those that came after that one.
fn take_back(runs: &mut [PastRun]) {
    let Some((newest, earlier)) = runs.split_last_mut() else { return };
    if newest.kind != RunKind::Rollback || !newest.was_applied() {
        return;
    }
    let Some(undone) = earlier.iter().rposition(|run| run.stands() && run.backup == newest.backup) else {
        return;
    };
    let reach = if newest.is_whole() { undone..earlier.len() } else { undone..undone + 1 };
    for run in earlier[reach].iter_mut().filter(|run| run.stands()) {
        run.undone_by = Some(newest.run.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKUP: [&str; 3] =
        ["20261122T101500Z-00000001", "20261122T101500Z-00000002", "20261122T101500Z-00000003"];

    fn begun(number: usize, kind: RunKind, backup: usize, steps: Vec<JournalStep>) -> Event {
        Event::Started {
            run: format!("20261122T101500Z-{number}").parse().expect("a run's name"),
            kind,
            plan: Hash::of(b"a plan"),
            backup: BACKUP[backup].parse().expect("a backup's name"),
            steps,
            actor: "uid 0".to_owned(),
            command: "apply".to_owned(),
        }
    }

    fn whole(backup: usize) -> Vec<JournalStep> {
        vec![JournalStep::RestoreTree { backup: BACKUP[backup].parse().expect("a backup's name") }]
    }

    /// The runs that stand after these events, by their place.
    fn check(events: Vec<Event>, expect: &[usize]) {
        let record = |(sequence, body): (usize, Event)| Record {
            version: 1,
            sequence: sequence as u64 + 1,
            time: format!("2026-11-22T10:15:{sequence:02}Z"),
            body,
        };
        let records: Vec<_> = events.into_iter().enumerate().map(record).collect();
        let runs = runs(&records);
        let standing = runs.iter().enumerate().filter(|(_, run)| run.stands()).map(|(place, _)| place);
        assert_eq!(standing.collect::<Vec<_>>(), expect, "{runs:#?}");
    }

    #[test]
    fn a_rollback_takes_back_what_it_undid_and_a_whole_one_what_came_after_it() {
        let done = || Event::Finished { outcome: RunOutcome::Applied };
        let migrated = |number| [begun(number, RunKind::Migrate, number, Vec::new()), done()];
        let back = |number, backup, steps| [begun(number, RunKind::Rollback, backup, steps), done()];
        let three = || [migrated(0), migrated(1), migrated(2)].concat();
        check(three(), &[0, 1, 2]);
        check([three(), back(3, 1, Vec::new()).to_vec()].concat(), &[0, 2]);
        check([three(), back(3, 1, whole(1)).to_vec()].concat(), &[0]);
        // One that did not end has taken nothing back yet.
        check([three(), back(3, 1, Vec::new())[..1].to_vec()].concat(), &[0, 1, 2]);
        let undone = [
            begun(0, RunKind::Migrate, 0, Vec::new()),
            Event::Recovering { reason: "nobody confirmed".to_owned(), steps: Vec::new() },
            Event::Finished { outcome: RunOutcome::RolledBack },
        ];
        check(undone.to_vec(), &[]);
    }
}
