//! What the events add up to: a pure state machine.
//!
//! Invariant: an event that does not fit the status is an error, never ignored.

use super::{Deadline, Event, JournalStep, RunKind, RunOutcome};
use crate::values::{BackupId, Hash, RunId};
use thiserror::Error;

/// Where the newest run stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Status {
    /// No run has ever started.
    #[default]
    Empty,
    /// A run has started and not ended.
    Active(ActiveRun),
    /// The newest run is over.
    Quiet(FinishedRun),
}

/// A run that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveRun {
    pub run: RunId,
    /// What it is for.
    pub kind: RunKind,
    pub plan: Hash,
    /// The backup that holds what the run replaces.
    pub backup: BackupId,
    /// The run's own steps, whatever the phase.
    pub steps: Vec<JournalStep>,
    /// How far it is.
    pub phase: Phase,
    /// The state of each step of the phase.
    pub progress: Vec<StepState>,
    /// Whether a reload has been asked for, in any phase.
    pub reload_intended: bool,
    /// What the gates and the operator have said of it, in any phase.
    pub standing: Acceptance,
    /// By when it must be confirmed; `None` when nobody asked for that.
    pub confirm_by: Option<Deadline>,
}

/// What an active run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Forward,
    /// Every gate has passed, and nothing more is to happen.
    Proven,
    /// Every gate has passed, and somebody must confirm it.
    Awaiting,
    /// The steps of a recovery.
    Recovering,
}

/// What the gates and the operator have said of a run. It outlives the phase:
/// a recovery that is interrupted goes the same way again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceptance {
    /// Not every gate has passed yet.
    Unproven,
    /// Every gate has passed; it was to be confirmed.
    Unconfirmed,
    Kept,
}

/// How far one step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    Pending,
    /// Begun; the effect may or may not be there.
    Intended,
    /// The effect is there.
    Done,
}

/// A run that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedRun {
    pub run: RunId,
    /// What it was for.
    pub kind: RunKind,
    /// The backup that holds what it replaced.
    pub backup: BackupId,
    pub steps: Vec<JournalStep>,
    pub outcome: RunOutcome,
}

/// An event that does not fit the status.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{event} does not follow {status}")]
pub struct IllegalTransition {
    event: &'static str,
    status: &'static str,
}

/// The status after one more event.
///
/// # Errors
/// When the event cannot happen in this status.
pub fn next_status(status: Status, event: &Event) -> Result<Status, IllegalTransition> {
    let illegal = IllegalTransition { event: event_name(event), status: status_name(&status) };
    match (status, event) {
        (Status::Empty | Status::Quiet(_), Event::Started { run, kind, plan, backup, steps, .. }) => {
            Ok(Status::Active(ActiveRun {
                run: run.clone(),
                kind: *kind,
                plan: *plan,
                backup: backup.clone(),
                steps: steps.clone(),
                phase: Phase::Forward,
                progress: vec![StepState::Pending; steps.len()],
                reload_intended: false,
                standing: Acceptance::Unproven,
                confirm_by: None,
            }))
        }
        (Status::Active(active), event) => advance(active, event).ok_or(illegal),
        (Status::Empty | Status::Quiet(_), _) => Err(illegal),
    }
}

fn advance(mut active: ActiveRun, event: &Event) -> Option<Status> {
    match event {
        Event::Started { .. } => return None,
        Event::Intent { step } => {
            let takes_steps = matches!(active.phase, Phase::Forward | Phase::Recovering);
            if !takes_steps || !active.may_begin(*step) {
                return None;
            }
            active.progress[*step] = StepState::Intended;
            if active.phase == Phase::Forward && active.steps.get(*step) == Some(&JournalStep::Reload) {
                active.reload_intended = true;
            }
        }
        Event::Done { step } => {
            if active.progress.get(*step) != Some(&StepState::Intended) {
                return None;
            }
            active.progress[*step] = StepState::Done;
        }
        Event::ConfirmBy { deadline } => {
            if !active.may_get_a_deadline() {
                return None;
            }
            active.confirm_by = Some(deadline.clone());
        }
        Event::Proven => {
            if active.phase != Phase::Forward || !active.all_done() || active.confirm_by.is_some() {
                return None;
            }
            (active.phase, active.standing) = (Phase::Proven, Acceptance::Kept);
        }
        Event::AwaitingConfirmation => {
            if active.phase != Phase::Forward || !active.all_done() || active.confirm_by.is_none() {
                return None;
            }
            (active.phase, active.standing) = (Phase::Awaiting, Acceptance::Unconfirmed);
        }
        Event::Confirmed { .. } => {
            if active.phase != Phase::Awaiting {
                return None;
            }
            (active.phase, active.standing) = (Phase::Proven, Acceptance::Kept);
        }
        // Allowed in every phase: a recovery that was itself interrupted is
        // planned again from the disk.
        Event::Recovering { steps, .. } => {
            active.phase = Phase::Recovering;
            active.progress = vec![StepState::Pending; steps.len()];
        }
        Event::Finished { outcome } => return active.finish(*outcome).map(Status::Quiet),
    }
    Some(Status::Active(active))
}

impl ActiveRun {
    /// Whether every step of the phase has taken effect.
    #[must_use]
    pub fn all_done(&self) -> bool {
        self.progress.iter().all(|state| *state == StepState::Done)
    }

    /// Only what can be undone may wait for a confirmation, and only before
    /// anything was touched.
    fn may_get_a_deadline(&self) -> bool {
        self.kind == RunKind::Migrate
            && self.phase == Phase::Forward
            && self.confirm_by.is_none()
            && self.progress.iter().all(|state| *state == StepState::Pending)
    }

    fn may_begin(&self, step: usize) -> bool {
        self.progress.get(step) == Some(&StepState::Pending)
            && self.progress[..step].iter().all(|state| *state == StepState::Done)
    }

    fn finish(self, outcome: RunOutcome) -> Option<FinishedRun> {
        let fits = match outcome {
            RunOutcome::Applied => {
                self.phase == Phase::Proven || (self.phase == Phase::Recovering && self.all_done())
            }
            RunOutcome::RolledBack | RunOutcome::Failed => self.phase == Phase::Recovering && self.all_done(),
        };
        fits.then_some(FinishedRun {
            run: self.run,
            kind: self.kind,
            backup: self.backup,
            steps: self.steps,
            outcome,
        })
    }
}

fn event_name(event: &Event) -> &'static str {
    match event {
        Event::Started { .. } => "the start of a run",
        Event::Intent { .. } => "the intent of a step",
        Event::Done { .. } => "the end of a step",
        Event::ConfirmBy { .. } => "the deadline of a run",
        Event::Proven => "the proof of a run",
        Event::AwaitingConfirmation => "the wait for a confirmation",
        Event::Confirmed { .. } => "the confirmation of a run",
        Event::Recovering { .. } => "the start of a recovery",
        Event::Finished { .. } => "the end of a run",
    }
}

fn status_name(status: &Status) -> &'static str {
    match status {
        Status::Empty => "an empty journal",
        Status::Active(active) => match active.phase {
            Phase::Forward => "a run under way",
            Phase::Proven => "a proven run",
            Phase::Awaiting => "a run that waits for its confirmation",
            Phase::Recovering => "a recovery under way",
        },
        Status::Quiet(_) => "a run that is over",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started() -> Event {
        Event::Started {
            run: "20261122T101500Z-1".parse().expect("a run's name"),
            kind: RunKind::Migrate,
            plan: Hash::of(b"a plan"),
            backup: "20261122T101500Z-0a1b2c3d".parse().expect("a backup's name"),
            steps: vec![JournalStep::Reload, JournalStep::Reload],
            actor: String::new(),
            command: String::new(),
        }
    }

    fn check(events: &[Event], expect: Result<&str, &str>) {
        let result = events.iter().try_fold(Status::default(), next_status);
        let shown = result.as_ref().map(status_name).map_err(ToString::to_string);
        assert_eq!(shown, expect.map_err(str::to_owned), "{events:?}");
    }

    #[test]
    fn a_confirmation_follows_a_deadline_and_every_step() {
        let deadline = Deadline { boot: "b".into(), uptime_millis: 1, wall: String::new() };
        let by = Event::ConfirmBy { deadline };
        let confirmed = Event::Confirmed { actor: String::new() };
        let (intent, done) = (|step| Event::Intent { step }, |step| Event::Done { step });
        let steps = [intent(0), done(0), intent(1), done(1)];
        let open = [&[started(), by.clone()][..], &steps].concat();
        let waiting = [&open[..], &[Event::AwaitingConfirmation]].concat();
        let applied = Event::Finished { outcome: RunOutcome::Applied };
        let undo = Event::Recovering { reason: String::new(), steps: Vec::new() };
        let undone = Event::Finished { outcome: RunOutcome::RolledBack };
        check(&waiting, Ok("a run that waits for its confirmation"));
        check(&[&waiting[..], std::slice::from_ref(&confirmed)].concat(), Ok("a proven run"));
        check(&[&waiting[..], &[confirmed.clone(), applied.clone()]].concat(), Ok("a run that is over"));
        check(&[&waiting[..], &[undo.clone(), undone]].concat(), Ok("a run that is over"));

        let refused = |events: &[Event], last: &Event| {
            let result =
                [events, std::slice::from_ref(last)].concat().iter().try_fold(Status::default(), next_status);
            assert!(result.is_err(), "{last:?} after {events:?}");
        };
        refused(&open, &Event::Proven);
        refused(&[started()], &Event::AwaitingConfirmation);
        refused(&[&[started()][..], &steps].concat(), &Event::AwaitingConfirmation);
        refused(&[started(), by.clone()], &by);
        refused(&[started(), intent(0)], &by);
        refused(&waiting, &applied);
        refused(&waiting, &intent(0));
        refused(&[&waiting[..], &[undo]].concat(), &confirmed);
        refused(&open, &confirmed);
    }

    #[test]
    fn the_events_of_a_run_follow_each_other() {
        let recovering = || Event::Recovering { reason: String::new(), steps: vec![JournalStep::Reload] };
        let (intent, done) = (|step| Event::Intent { step }, |step| Event::Done { step });
        let finished = |outcome| Event::Finished { outcome };
        let whole = [started(), intent(0), done(0), intent(1), done(1), Event::Proven];
        check(&[], Ok("an empty journal"));
        check(&whole, Ok("a proven run"));
        check(&[&whole[..], &[finished(RunOutcome::Applied)]].concat(), Ok("a run that is over"));
        check(&[&whole[..], &[finished(RunOutcome::Applied), started()]].concat(), Ok("a run under way"));
        check(&[started(), intent(0), recovering(), recovering()], Ok("a recovery under way"));
        check(
            &[started(), recovering(), intent(0), done(0), finished(RunOutcome::RolledBack)],
            Ok("a run that is over"),
        );

        check(&[intent(0)], Err("the intent of a step does not follow an empty journal"));
        check(&[started(), started()], Err("the start of a run does not follow a run under way"));
        check(&[started(), intent(1)], Err("the intent of a step does not follow a run under way"));
        check(&[started(), intent(2)], Err("the intent of a step does not follow a run under way"));
        check(&[started(), done(0)], Err("the end of a step does not follow a run under way"));
        check(&[started(), Event::Proven], Err("the proof of a run does not follow a run under way"));
        check(
            &[started(), finished(RunOutcome::Applied)],
            Err("the end of a run does not follow a run under way"),
        );
        check(
            &[&whole[..], &[finished(RunOutcome::RolledBack)]].concat(),
            Err("the end of a run does not follow a proven run"),
        );
    }
}
