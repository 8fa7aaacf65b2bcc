//! Keeps what a run writes, from just before its COMMIT.
//!
//! Invariant: what is not on the disk is not committed. A run of which nobody saw the COMMIT is never marked.

use super::head::{Head, Identity};
use super::record::{FORMAT, Labels};
use super::store::{Store, UnfinishedRun, Unusable};
use crate::host::clock;
use crate::outcome::Failure;
use crate::seed::plan::{Counts, Plan};
use crate::seed::session::Session;
use crate::values::RunId;
use jiff::Timestamp;

/// Where a run is kept, and what it is.
#[derive(Debug, Clone)]
pub struct Keep {
    store: Store,
    id: RunId,
    began: Timestamp,
    actor: String,
    manifest: String,
}

impl Keep {
    /// For a run that begins now.
    ///
    /// # Errors
    /// When there is no place for it.
    pub fn new(store: Store, actor: String, manifest: String) -> Result<Self, Failure> {
        store.prepare()?;
        let began = clock::now();
        let id = store.reserve(began)?;
        Ok(Self { store, id, began, actor, manifest })
    }

    /// The run's name.
    #[must_use]
    pub fn id(&self) -> &RunId {
        &self.id
    }

    /// Begins to write what a plan does.
    pub(in crate::seed) fn begin(
        &self,
        plan: &Plan,
        session: &Session,
    ) -> Result<UnfinishedRun<'_>, Failure> {
        let Counts { add, change, remove } = plan.counts();
        let head = Head {
            format: FORMAT,
            id: self.id.clone(),
            began: self.began,
            actor: self.actor.clone(),
            manifest: self.manifest.clone(),
            host: session.server().host.clone(),
            schema: session.server().schema.clone(),
            database: Identity::of(&session.identity),
            map: session.map.hash(),
            add,
            change,
            remove,
        };
        self.store.begin(&head).map_err(not_kept)
    }

    /// From here on it is kept.
    pub(in crate::seed) fn finish(run: UnfinishedRun<'_>, labels: &Labels) -> Result<(), Failure> {
        run.finish(labels).map_err(not_kept)
    }

    /// Notes that the run was committed.
    pub(in crate::seed) fn committed(&self) -> Result<(), Unusable> {
        self.store.committed(&self.id, clock::now())
    }

    /// Forgets a run that was rolled back. What cannot be removed is a run of which nobody saw the COMMIT.
    pub(in crate::seed) fn forget(&self) {
        self.store.forget(&self.id).ok();
    }
}

fn not_kept(why: Unusable) -> Failure {
    let mut failure = Failure::from(why);
    failure.message = format!("{}; everything was rolled back", failure.message);
    failure.with_hint("nothing is written without what would undo it: make room, or look at that folder")
}
