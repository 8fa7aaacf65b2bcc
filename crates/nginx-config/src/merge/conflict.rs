//! Conflicts: noted, and decided as somebody said.
//!
//! Invariant: every conflict is looked up when it is noted; nothing is decided here that nobody decided.

use super::model::{Cause, Choice, Conflict, ConflictId, Sides};
use super::walked::Triple;
use super::walker::Walker;
use crate::diff::compare::Kind;
use crate::diff::{show, version};

impl Walker<'_, '_> {
    /// Notes a conflict and looks up how it is decided.
    pub fn conflict(&mut self, cause: Cause, triple: Triple) -> ConflictId {
        let path = self.path(triple);
        self.conflict_at(path, cause, triple)
    }

    /// The same, under a path of its own.
    pub fn conflict_at(&mut self, path: String, cause: Cause, triple: Triple) -> ConflictId {
        let Sides { base: from, ours: here, theirs: there } = *self.sides;
        // A conflict about arguments shows the heading; one about all shows all.
        let kind =
            if cause == Cause::BothChanged || cause == Cause::Order { Kind::Changed } else { Kind::Added };
        let last = path.rsplit(show::SEPARATOR).next().unwrap_or_default();
        let general = self.own.general(self.sides, self.within, (last, cause, triple));
        let choice = match self.choose {
            Some(_) => self.chosen_side(&path, cause, triple),
            None => self.resolutions.of(&path, &general.fingerprint),
        };
        let base = triple.base.map(|base| version(from, base, kind));
        let ours = triple.ours.map(|ours| version(here, ours, kind));
        let theirs = triple.theirs.map(|theirs| version(there, theirs, kind));
        self.walked.conflicts.push(Conflict { path, general, cause, base, ours, theirs, choice });
        ConflictId(self.walked.conflicts.len() - 1)
    }

    /// How a conflict is decided.
    pub fn choice(&self, conflict: ConflictId) -> Option<Choice> {
        self.walked.conflicts[conflict.0].choice
    }
}
