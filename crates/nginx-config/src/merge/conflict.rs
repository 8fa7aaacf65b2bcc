//! Conflicts: noted, and decided as somebody said.
//!
//! Invariant: every conflict is looked up when it is noted; nothing is decided here that nobody decided.

use super::model::{Cause, Choice, Conflict, Sides};
use super::walked::Triple;
use super::walker::Walker;
use crate::diff::compare::{Kind, Side};
use crate::diff::{show, version};

impl Walker<'_, '_> {
    /// Notes a conflict and looks up how it is decided.
    pub fn conflict(&mut self, cause: Cause, triple: Triple) -> usize {
        let path = self.path(triple);
        self.conflict_at(path, cause, triple)
    }

    /// The same, under a path of its own.
    pub fn conflict_at(&mut self, path: String, cause: Cause, triple: Triple) -> usize {
        let Sides { base: from, ours: here, theirs: there } = *self.sides;
        // A conflict about arguments shows the heading; one about all shows all.
        let kind =
            if cause == Cause::BothChanged || cause == Cause::Order { Kind::Changed } else { Kind::Added };
        let shown = |side: &Side<'_>, index: Option<usize>| index.map(|index| version(side, index, kind));
        let last = path.rsplit(show::SEPARATOR).next().unwrap_or_default();
        let general = self.own.general(self.sides, self.within, (last, cause, triple));
        let choice = match self.choose {
            Some(_) => self.chosen_side(&path, cause, triple),
            None => self.resolutions.of(&path, &general.fingerprint),
        };
        let (base, ours, theirs) =
            (shown(from, triple.base), shown(here, triple.ours), shown(there, triple.theirs));
        self.walked.conflicts.push(Conflict { path, general, cause, base, ours, theirs, choice });
        self.walked.conflicts.len() - 1
    }

    /// How a conflict is decided.
    pub fn choice(&self, conflict: usize) -> Option<Choice> {
        self.walked.conflicts[conflict].choice
    }
}
