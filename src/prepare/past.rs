//! What earlier runs left: the journal, who is at work, and which files are not as they were left.
//!
//! Invariant: what this user may not read is hidden, which is another answer than that there is nothing.

use super::Prepared;
use super::open_run::OpenRun;
use super::undoing::Undoing;
use crate::apply::{History, Pending, base_record, distrusted};
use crate::backup::Store;
use crate::host::{Holder, Root, holder, machine};
use crate::inspect::file_facts;
use crate::journal::{Event, Journal, JournalStep, Phase, RunKind, RunOutcome, Status};
use crate::outcome::{Failure, FailureKind, Finding, codes, in_words, is_denied};
use crate::plan::{SiteState, is_record};
use crate::values::{RunId, TextPath};

/// What earlier runs left.
pub enum Past {
    Known(Box<Known>),
    /// Only root may read it; why it could not be read.
    Hidden(String),
}

/// What is known of earlier runs.
pub struct Known {
    pub journal: Journal,
    /// The change that waits for its confirmation.
    pub pending: Option<Pending>,
    /// Whether a timer will undo that one.
    pub undoing: Option<Undoing>,
    /// The process that is at work now.
    pub at_work: Option<Holder>,
    /// The run that is open, where nobody is at work on it.
    pub open: Option<OpenRun>,
    /// Files that are not as the newest run left them.
    pub drifted: Vec<TextPath>,
    /// Whether all of those are, byte for byte, as before that run: whoever put them back, by hand or by an update.
    pub is_put_back: bool,
    pub newest_backup: Option<String>,
}

impl Past {
    /// Looks.
    ///
    /// # Errors
    /// `NeedsOperator` when the journal cannot be trusted; `Unavailable` when a file cannot be looked at.
    pub fn look(root: &Root) -> Result<Self, Failure> {
        let may_be_hidden = !machine::is_superuser();
        match known(root) {
            Err(Unread::Denied(why)) if may_be_hidden => Ok(Self::Hidden(why)),
            Err(Unread::Denied(why)) => Err(Failure::new(FailureKind::Unavailable, why)),
            Err(Unread::Failed(failure)) => Err(failure),
            Ok(known) => Ok(Self::Known(Box::new(known))),
        }
    }

    /// Without Motion's file among those that are not as they were left, where it is as the record of local changes
    /// says: somebody kept its edits with `local add`.
    pub fn without_kept(mut self, prepared: &Prepared) -> Self {
        let is_as_kept = matches!(prepared.standing().state, SiteState::AsLeft | SiteState::VendorOnRequest);
        if let (Self::Known(known), true) = (&mut self, is_as_kept) {
            known.drifted.retain(|path| !prepared.is_site(path));
        }
        self
    }

    /// What is known, where it is.
    pub fn known(&self) -> Option<&Known> {
        match self {
            Self::Known(known) => Some(known),
            Self::Hidden(_) => None,
        }
    }
}

impl Prepared {
    /// Whether earlier runs left something and their journal is gone.
    #[must_use]
    pub fn lost_history(&self) -> bool {
        self.findings.iter().any(|finding| finding.code == codes::RUN_HISTORY_GONE)
    }
}

enum Unread {
    Denied(String),
    Failed(Failure),
}

fn known(root: &Root) -> Result<Known, Unread> {
    let journal = journal(root)?;
    let pending = Pending::of(&journal.status).map_err(|error| Unread::Failed(distrusted(error)))?;
    let undoing = pending.as_ref().map(|pending| Undoing::of(root, pending));
    // A lock that cannot be asked for is nobody's: then an open run counts as interrupted, which is the worse.
    let at_work = matches!(journal.status, Status::Active(_)).then(|| holder(root).ok().flatten()).flatten();
    let open = OpenRun::of(root, &journal.status).filter(|_| at_work.is_none());
    let found = drift(root, &journal.status)?;
    let is_put_back = !found.is_empty() && found.iter().all(|drift| drift.is_as_before);
    let drifted = found.into_iter().map(|drift| drift.path).collect();
    let newest = Store::new(root).list().ok().and_then(|listing| listing.backups.into_iter().next());
    let newest_backup = newest.map(|backup| backup.manifest.id.to_string());
    Ok(Known { journal, pending, undoing, at_work, open, drifted, is_put_back, newest_backup })
}

fn journal(root: &Root) -> Result<Journal, Unread> {
    History::look(root).map_err(|error| {
        if is_denied(error.as_ref()) {
            return Unread::Denied(in_words(&error));
        }
        Unread::Failed(distrusted(error))
    })
}

/// Whether what a command says may rest on the journal. Where this user may not read it, the command says so itself.
///
/// # Errors
/// `NeedsOperator` when the journal cannot be trusted.
pub fn is_trusted(root: &Root) -> Result<(), Failure> {
    match journal(root) {
        Err(Unread::Failed(failure)) => Err(failure),
        Ok(_) | Err(Unread::Denied(_)) => Ok(()),
    }
}

/// Backups or a base record without a journal: somebody lost it, and "no run was ever made" would be a guess.
pub fn history_gone(root: &Root, journal: &Journal) -> Option<Finding> {
    if !journal.records.is_empty() {
        return None;
    }
    let backups = Store::new(root).list().unwrap_or_default();
    let newest = backups.backups.first().map(|backup| backup.manifest.id.to_string());
    let newest = newest.or_else(|| backups.damaged.first().map(|(id, _)| id.to_string()));
    let found: Vec<String> =
        newest.map(|id| format!("backup {id}")).into_iter().chain(base_record(root)).collect();
    if found.is_empty() {
        return None;
    }
    let title = "the history of changes is gone: what earlier runs left is here, and their journal is not";
    let finding = Finding::new(codes::RUN_HISTORY_GONE, title);
    let finding = finding.evidence_lines(found);
    Some(finding.advice(
        "put `/var/lib/motionctl/journal` back, where a copy of it exists; `motionctl backups list` and `backups diff ID` \
         show what can be restored, `motionctl rollback ID --whole-tree` restores it",
    ))
}

/// A file that is not as the newest run left it.
struct Drift {
    path: TextPath,
    is_as_before: bool,
}

/// Files that are not as the newest run left them.
fn drift(root: &Root, status: &Status) -> Result<Vec<Drift>, Unread> {
    let (steps, stands) = match status {
        Status::Quiet(run) => (&run.steps, run.outcome == RunOutcome::Applied),
        Status::Active(run) if run.phase == Phase::Awaiting => (&run.steps, true),
        Status::Empty | Status::Active(_) => return Ok(Vec::new()),
    };
    let mut drifted = Vec::new();
    for step in steps {
        let JournalStep::SetFile { path, from, to } = step else { continue };
        // What we keep for the next update is edited by commands of ours.
        if is_record(path) {
            continue;
        }
        let left = if stands { to } else { from };
        let now = file_facts(root, path).map_err(|error| {
            let message = format!("looking at {}: {error}", path.as_str());
            match is_denied(&error) {
                true => Unread::Denied(message),
                false => Unread::Failed(Failure::new(FailureKind::Unavailable, message)),
            }
        })?;
        let now = now.map(|file| file.sha256);
        if now != left.hash() {
            drifted.push(Drift { path: path.clone(), is_as_before: now == from.hash() });
        }
    }
    Ok(drifted)
}

impl Known {
    /// The files that are not as the newest run left them, for people.
    pub fn drifted_names(&self) -> Vec<String> {
        self.drifted.iter().map(|path| path.as_str().to_owned()).collect()
    }

    /// Whether a run has begun and not ended; one that is being made counts.
    pub fn is_open(&self) -> bool {
        matches!(self.journal.status, Status::Active(_))
    }

    /// Whether the newest run is a change that stands.
    pub fn stands(&self) -> bool {
        matches!(&self.journal.status, Status::Quiet(run)
            if run.kind == RunKind::Migrate && run.outcome == RunOutcome::Applied)
    }

    /// Whether this run was made, stayed, and was not the one that the next run took back.
    pub fn was_kept(&self, wanted: &RunId) -> bool {
        let events = self.journal.records.iter().map(|record| &record.body);
        let mut of_it =
            events.skip_while(|event| !matches!(event, Event::Started { run, .. } if run == wanted));
        let ended = of_it.find_map(|event| match event {
            Event::Finished { outcome } => Some(*outcome),
            _ => None,
        });
        let next = of_it.find_map(|event| match event {
            Event::Started { kind, .. } => Some(*kind),
            _ => None,
        });
        ended == Some(RunOutcome::Applied) && next != Some(RunKind::Rollback)
    }
}
