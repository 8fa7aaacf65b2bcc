//! A change that waits for its confirmation, as the journal and the clock tell it.
//!
//! Invariant: looks and stops timers, and changes nothing else.

use super::journal_file::History;
use crate::host::timers::{Armed, Timers};
use crate::host::{Root, uptime};
use crate::journal::{ActiveRun, Deadline, Phase, Status, TimeLeft};
use crate::values::{BackupId, RunId};
use anyhow::{Context, Result};

/// A change that waits for its confirmation.
#[derive(Debug, Clone)]
pub struct Pending {
    pub run: RunId,
    /// The backup that holds what it replaced.
    pub backup: BackupId,
    pub deadline: Deadline,
    /// How much of the time is left.
    pub left: TimeLeft,
}

impl Pending {
    /// The change of this status that waits, if there is one.
    ///
    /// # Errors
    /// When the clock cannot be asked.
    pub fn of(status: &Status) -> Result<Option<Self>> {
        let Status::Active(ActiveRun { run, backup, confirm_by: Some(deadline), phase, .. }) = status else {
            return Ok(None);
        };
        if *phase != Phase::Awaiting {
            return Ok(None);
        }
        let left = left(deadline)?;
        Ok(Some(Self { run: run.clone(), backup: backup.clone(), deadline: deadline.clone(), left }))
    }

    /// The change that waits below `root`, if there is one.
    ///
    /// # Errors
    /// When the journal or the clock cannot be read.
    pub fn look(root: &Root) -> Result<Option<Self>> {
        Self::of(&History::look(root)?.status)
    }

    /// Whether it may still be confirmed.
    #[must_use]
    pub fn has_time(&self) -> bool {
        matches!(self.left, TimeLeft::Left(_))
    }

    /// Whether its timer waits.
    ///
    /// # Errors
    /// When systemd cannot be asked.
    pub fn armed(&self) -> std::io::Result<Armed> {
        Timers::reach()?.armed(&undo_unit(&self.run))
    }
}

/// The run of this status that is undone at a moment that has not come, whatever stage it is in.
///
/// # Errors
/// When the clock cannot be asked.
pub fn too_early(status: &Status) -> Result<Option<(RunId, Deadline)>> {
    let Status::Active(ActiveRun { run, confirm_by: Some(deadline), .. }) = status else { return Ok(None) };
    let early = matches!(left(deadline)?, TimeLeft::Left(_));
    Ok(early.then(|| (run.clone(), deadline.clone())))
}

/// Stops the timers of a run that is over; what could not be stopped, in words.
/// A timer that fires all the same finds nothing to do.
pub(super) fn disarm(root: &Root, run: &ActiveRun) -> Vec<String> {
    if run.confirm_by.is_none() || !root.is_live() {
        return Vec::new();
    }
    // Where systemd does not run any more, its timers do not either.
    let Ok(timers) = Timers::reach() else { return Vec::new() };
    let units = [warn_unit(&run.run), undo_unit(&run.run)];
    let failed: Vec<_> = units.iter().filter_map(|unit| timers.disarm(unit).err()).collect();
    units.iter().for_each(|unit| timers.forget_failures(unit));
    failed.into_iter().map(|error| format!("a timer is left, and will find nothing to do: {error}")).collect()
}

pub(super) fn left(deadline: &Deadline) -> Result<TimeLeft> {
    let now = uptime().context("reading the clock")?;
    Ok(deadline.left(&now.boot, now.elapsed))
}

pub(super) fn undo_unit(run: &RunId) -> String {
    format!("motionctl-unconfirmed-{run}")
}

pub(super) fn warn_unit(run: &RunId) -> String {
    format!("motionctl-warning-{run}")
}
