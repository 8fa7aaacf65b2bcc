//! Applies a plan: one transaction, all of it or nothing.
//!
//! Invariant: what is written is what was agreed to: rows are locked and read again before the first write, and before
//! COMMIT planning again gives nothing. On any error the transaction is rolled back. Nobody is asked while a lock is held.

mod batch;
mod locks;
mod lost_commit;
mod model;
mod revive;
mod rights;
mod transaction;
mod write;
mod writer;

use super::consequences;
use super::consequences::PlanContext;
use super::plan::{Draft, Plan};
use super::session::Session;
use super::snapshot::{Scope, read};
use super::undo::{Images, Keep};
use crate::db::DbError;
use crate::host::clock;
use crate::outcome::{Failure, FailureKind, Finding, counted_as};
pub(super) use batch::pieces;
pub use locks::Advisory;
pub(super) use locks::rows as lock_rows;
pub(super) use lost_commit::over;
pub use model::{Applied, NotApplied, SeedEvent, SeedRequest, Stopped};
use std::collections::BTreeSet;
pub use transaction::moved;
pub(super) use transaction::{Again, Ended, Watch, Work, Written, carry_out, new_stop};
pub(super) use writer::{Trouble, Writer};

impl From<NotApplied> for Failure {
    fn from(why: NotApplied) -> Self {
        match why {
            NotApplied::Moved(failure) | NotApplied::Failed(failure) => *failure,
        }
    }
}

impl Session {
    /// Applies what was agreed to. `again` opens the same database again, for when the connection is lost.
    ///
    /// # Errors
    /// Refused when the database is not as it was, failed when it was rolled back, and [`FailureKind::NeedsOperator`]
    /// when nobody can tell.
    pub fn apply(
        &mut self,
        request: &SeedRequest<'_>,
        again: &mut dyn FnMut() -> Result<Self, Failure>,
        watch: &mut dyn FnMut(SeedEvent<'_>) -> Result<(), Stopped>,
    ) -> Result<Applied, NotApplied> {
        let mut applied = carry_out(self, &mut Apply { request }, request.advisory, again, watch);
        match (&mut applied, request.keep) {
            (Ok(applied), Some(keep)) => {
                if let Err(why) = keep.committed() {
                    let note = format!(
                        "that this run was committed cannot be noted, so that its undo will ask: {why}"
                    );
                    applied.notes.push(note);
                }
            }
            // Whether it was committed is not known: what would undo it stays, and is marked by nobody.
            (Err(NotApplied::Failed(failure)), Some(_)) if failure.kind == FailureKind::NeedsOperator => {}
            (Err(_), Some(keep)) => keep.forget(),
            (_, None) => {}
        }
        applied
    }
}

/// The work of an apply.
struct Apply<'a> {
    request: &'a SeedRequest<'a>,
}

impl Apply<'_> {
    /// Planning again gives nothing.
    fn prove(&self, session: &mut Session, scope: &Scope) -> Result<(), Ended> {
        let after = read(&mut session.conn, &session.map, &session.catalog, scope)?;
        let left = session.draft(self.request.manifest, self.request.unnamed, &after);
        match leftover(&left) {
            None => Ok(()),
            Some(what) => {
                let message = format!("what was written is not what was wanted: {what}; rolled back");
                Err(Failure::new(FailureKind::Failed, message).with_findings(left.findings).into())
            }
        }
    }
}

impl Work for Apply<'_> {
    fn known(&self) -> &[Finding] {
        &self.request.planned.findings
    }

    fn inside(&mut self, session: &mut Session, watch: &mut Watch<'_>) -> Result<Written, Ended> {
        let request = self.request;
        let plan = &request.planned.plan;
        if let Some(gone) = locks::rows(&mut session.conn, &session.map, &session.catalog, plan)? {
            return Err(Ended::Moved(gone));
        }
        // The view of the transaction begins here, behind the locks: nothing that it relies on can change any more.
        let scope = &Scope::of(request.manifest, &session.map, request.unnamed);
        let before = read(&mut session.conn, &session.map, &session.catalog, scope)?;
        if session.fingerprint(&before) != request.planned.fingerprint {
            return Err(Ended::Moved("rows that the plan relies on were changed".to_owned()));
        }
        drop(before);
        let (conn, map, catalog, telling) = session.look();
        let found = consequences::guards(&mut PlanContext { conn, map, catalog, plan, telling })?;
        if let Some(stop) = new_stop(found, &request.planned.findings) {
            return Err(stop);
        }
        let images = request.keep.map(|_| Images::before(session, plan)).transpose()?;
        (watch)(SeedEvent::Stage("writing"))?;
        let now = clock::now().strftime("%Y-%m-%d %H:%M:%S").to_string();
        let (conn, map, catalog, _) = session.look();
        let notes = BTreeSet::new();
        let mut writer = Writer { conn, map, catalog, plan, now: &now, watch, done: 0, notes };
        let ids = writer.run()?;
        let (rows, notes) = (writer.done, writer.notes);
        (watch)(SeedEvent::Stage("reading again"))?;
        self.prove(session, scope)?;
        if let (Some(keep), Some(images)) = (request.keep, images) {
            let mut run = keep.begin(plan, session)?;
            let labels = images.compared(session, plan, &ids, &mut run)?;
            Keep::finish(run, &labels)?;
        }
        Ok(Written { rows, notes })
    }

    fn settle(&mut self, error: &DbError, again: &mut Again<'_>) -> Result<u64, Failure> {
        lost_commit::settle(self.request, error, again)?;
        Ok(self.request.planned.plan.rows())
    }
}

/// What is still to be done, in a few words; nothing after an apply that worked.
fn leftover(draft: &Draft) -> Option<String> {
    if let Some(problem) = draft.problems.first() {
        return Some(problem.message.clone());
    }
    if let Some(unknown) = draft.unknown.first() {
        return Some(format!("{} is not there", unknown.name));
    }
    if let Some(stop) = draft.findings.iter().find(|finding| finding.stops()) {
        return Some(stop.title.clone());
    }
    let Plan { insert, update, .. } = &draft.plan;
    if draft.plan.is_empty() {
        return None;
    }
    let first = insert.first().map(|insert| &insert.name).or(update.first().map(|update| &update.name));
    let first = first.map_or_else(String::new, |name| format!(", {name} among them"));
    let changes = counted_as(draft.plan.rows(), "change is", "changes are");
    Some(format!("{changes} still to be made{first}"))
}
