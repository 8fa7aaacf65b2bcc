//! The state of a walk, and what every part of it does: names a path, notes a local change.
//!
//! Invariant: what is noted is noted once; who decides is asked here and nowhere else.

use super::fingerprint::Own;
use super::model::{Choice, Choose, Sides};
use super::references::Hints;
use super::resolution::Resolutions;
use super::walked::{Decided, Fate, Open, Triple, Walked};
use crate::diff::at::{At, Ours};
use crate::diff::compare::{Difference, Kind};
use crate::diff::show;

/// Who decides between two versions.
#[derive(Clone, Copy)]
pub(super) enum Decider<'a> {
    /// Paths.
    Resolutions(&'a Resolutions),
    /// A function; there is no base then.
    Choice(Choose<'a>),
}

pub(super) struct Walker<'a, 's> {
    pub sides: &'a Sides<'a, 's>,
    pub resolutions: &'a Resolutions,
    pub choose: Option<Choose<'a>>,
    pub hints: &'a Hints,
    pub own: &'a Own,
    pub walked: Walked,
    pub open: Vec<Open>,
    /// The block of ours that is looked at.
    pub within: Option<At<Ours>>,
}

impl Walker<'_, '_> {
    /// Notes a local change.
    pub fn local(&mut self, kind: Kind, triple: Triple, fate: Fate) {
        let (old, new) = match kind {
            Kind::Added => (None, triple.ours),
            Kind::Removed => (triple.base, None),
            _ => (triple.base, triple.ours),
        };
        if let (Kind::Added, Some(index)) = (kind, new) {
            self.walked.added.insert(index, self.walked.locals.len());
        }
        let difference = Difference { kind, old, new };
        self.walked.locals.push(Decided { difference, fate, theirs: triple.theirs });
    }

    /// What a directive of the block that is looked at is called in resolutions:
    /// also one that only the vendor has stands in a block that has its name here.
    pub fn path(&self, triple: Triple) -> String {
        let Sides { base: from, ours: here, theirs: there } = *self.sides;
        let own = match triple {
            Triple { ours: Some(index), .. } => show::label(&here.outline, index),
            Triple { theirs: Some(index), .. } => show::label(&there.outline, index),
            Triple { base: Some(index), .. } => show::label(&from.outline, index),
            Triple { .. } => String::new(),
        };
        self.path_of(&own)
    }

    /// The path of what is called `own` in the block that is looked at.
    pub fn path_of(&self, own: &str) -> String {
        show::join(&show::path_of(&self.sides.ours.outline, self.within), own)
    }

    /// Whether somebody named this very directive, which is no conflict, and
    /// wants this side of it.
    pub fn decided(&mut self, triple: Triple, side: Choice) -> bool {
        if self.choose.is_some() {
            // What only theirs has is asked about when the whole block is known.
            return side == Choice::Theirs && self.is_chosen(Kind::Removed, triple);
        }
        if !self.resolutions.has_paths() {
            return false;
        }
        let path = self.path(triple);
        let is_decided = self.resolutions.exactly(&path) == Some(side);
        if is_decided {
            self.walked.decided.insert(path);
        }
        is_decided
    }
}
