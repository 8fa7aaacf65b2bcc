//! The run that is open: what it waits for, and the command that ends it.
//!
//! Invariant: whoever advises a command for an open run asks here, and `recover` is advised only where the disk lets it
//! through: a file that somebody has edited since is never touched by it.

use crate::apply::{History, Pending, disk_state};
use crate::host::Root;
use crate::journal::{ActiveRun, Status};
use crate::plan::{Stuck, StuckReason, recover as plan_recovery};
use crate::values::BackupId;

/// A run that has begun and not ended, and that nobody is at work on.
#[derive(Debug, Clone)]
pub struct OpenRun {
    backup: BackupId,
    waits: Waits,
    /// What keeps it from being undone or finished, file by file.
    in_the_way: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waits {
    Confirmation,
    /// For nothing any more: its time is over.
    Overdue,
    Interrupted,
}

/// A command, and what it is for.
pub type Advice = (String, &'static str);

impl OpenRun {
    /// The open run of this status, if there is one.
    pub fn of(root: &Root, status: &Status) -> Option<Self> {
        let Status::Active(run) = status else { return None };
        let waits = match Pending::of(status).ok().flatten() {
            Some(pending) if pending.has_time() => Waits::Confirmation,
            Some(_) => Waits::Overdue,
            None => Waits::Interrupted,
        };
        Some(Self { backup: run.backup.clone(), waits, in_the_way: in_the_way(root, run) })
    }

    /// As [`OpenRun::of`]; a journal that cannot be used is for others to say.
    pub fn look(root: &Root) -> Option<Self> {
        Self::of(root, &History::look(root).ok()?.status)
    }

    /// Whether it was to be confirmed and is not any more.
    pub fn is_overdue(&self) -> bool {
        self.waits == Waits::Overdue
    }

    /// Whether a person has to decide: what was edited since would be lost.
    pub fn is_stuck(&self) -> bool {
        !self.in_the_way.is_empty() && self.waits != Waits::Confirmation
    }

    /// What is to be said of it.
    pub fn verdict(&self) -> String {
        let in_the_way = self.in_the_way.join("; ");
        match (&self.waits, self.is_stuck()) {
            (Waits::Confirmation, _) => "a change waits for its confirmation".to_owned(),
            (Waits::Overdue, true) => {
                format!("nobody confirmed the change in time, and it cannot be undone: {in_the_way}")
            }
            (Waits::Overdue, false) => {
                "nobody confirmed the change in time, and it is still there".to_owned()
            }
            (Waits::Interrupted, true) => {
                format!("a run was interrupted, and cannot be ended by itself: {in_the_way}")
            }
            (Waits::Interrupted, false) => "a run was interrupted and waits to be ended".to_owned(),
        }
    }

    /// The commands that help, the one to take first.
    pub fn next(&self) -> Vec<Advice> {
        let id = &self.backup;
        let whole = || (format!("motionctl rollback {id} --whole-tree"), "takes everything back, edits too");
        let diff = || (format!("motionctl backups diff {id}"), "shows what was edited");
        match (&self.waits, self.is_stuck()) {
            (Waits::Confirmation, _) => vec![
                ("motionctl confirm".to_owned(), "keeps the change"),
                ("motionctl rollback".to_owned(), "undoes it now"),
            ],
            (Waits::Overdue | Waits::Interrupted, true) => vec![diff(), whole()],
            (Waits::Overdue, false) => {
                vec![("motionctl recover".to_owned(), "undoes it now, as its timer should have")]
            }
            (Waits::Interrupted, false) => {
                vec![(
                    "motionctl recover".to_owned(),
                    "undoes or finishes it; every changing command does, too",
                )]
            }
        }
    }

    /// The same as one sentence.
    pub fn advice(&self) -> String {
        let next = self.next();
        let parts: Vec<_> = next.iter().map(|(command, why)| format!("`{command}` {why}")).collect();
        parts.join("; ")
    }
}

/// The files that neither way leads on from. What cannot be looked at now is for `recover` to say.
fn in_the_way(root: &Root, run: &ActiveRun) -> Vec<String> {
    let Ok(disk) = disk_state(root, run) else { return Vec::new() };
    let stuck = plan_recovery(run, &disk, "").err().unwrap_or_default();
    let words = |file: &Stuck| match file.reason {
        StuckReason::Edited => format!("{} was edited since", file.path.as_str()),
        StuckReason::NotInBackup => format!("{} cannot be put back from the backup", file.path.as_str()),
    };
    stuck.iter().map(words).collect()
}
