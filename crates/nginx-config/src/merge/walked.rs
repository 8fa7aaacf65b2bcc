//! What a walk decided: what the merged file is made of, and the fate of each
//! local change.
//!
//! Invariant: as of the walk, one fate a difference; data, and nothing more.

use super::model::{Conflict, ConflictId, Doubt, Otherwise};
use crate::diff::at::{At, Base, Ours, Table, Theirs};
use crate::diff::compare::Difference;
use crate::identity::Key;
use std::collections::{BTreeMap, BTreeSet};

/// What the merged file is made of, and what became of each local change.
pub(super) struct Walked {
    /// What happens to each directive of ours.
    pub acts: Table<Ours, Act>,
    /// Directives of theirs whose gap takes the place of ours.
    pub gaps: BTreeMap<At<Ours>, At<Theirs>>,
    /// The same for the comment behind a directive.
    pub tails: BTreeMap<At<Ours>, At<Theirs>>,
    /// Blocks of theirs whose foot takes the place of that of ours.
    pub feet: BTreeMap<Option<At<Ours>>, Option<At<Theirs>>>,
    /// What stands in each block that is not kept or replaced whole.
    pub blocks: BTreeMap<Option<At<Ours>>, Vec<Entry>>,
    /// Every local change.
    pub locals: Vec<Decided>,
    /// Where in that list a directive added here is.
    pub added: BTreeMap<At<Ours>, usize>,
    /// Every conflict.
    pub conflicts: Vec<Conflict>,
    /// Directives of ours that the vendor removed.
    pub removed: Vec<At<Ours>>,
    /// Directives of theirs that were removed here and stay so.
    pub left_out: Vec<At<Theirs>>,
    /// Directives of ours that the vendor removed and that stay.
    pub kept: Vec<At<Ours>>,
    /// Blocks that both sides added and that are merged inside.
    pub opened: BTreeSet<At<Ours>>,
    /// Those of them whose own words differ, a local change beside what stands in them.
    pub headed: BTreeSet<At<Ours>>,
    /// Directives of theirs that are written as one of ours: the names of a
    /// new block that belongs to one that has other names here.
    pub renamed: BTreeMap<At<Theirs>, At<Ours>>,
    /// By block of ours: addresses that a new block of theirs listens on.
    pub taken: BTreeMap<At<Ours>, BTreeSet<Key>>,
    /// By block of ours: the conflict about where it listens.
    pub unheard: BTreeMap<At<Ours>, ConflictId>,
    /// Blocks of the vendor's, and those of ours that each may be.
    pub doubts: Vec<Doubt>,
    /// Paths of resolutions that decided what is no conflict.
    pub decided: BTreeSet<String>,
    /// Whether somebody chooses.
    pub by_choice: bool,
    /// All that theirs has otherwise then, and what of it is taken.
    pub otherwise: Vec<(Otherwise, bool)>,
}

/// What happens to a directive of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// It stays as it is, with all that stands in it.
    Keep,
    /// It goes.
    Remove,
    /// A directive of theirs takes its place.
    Replace(At<Theirs>),
    /// It is a block that stays, and what stands in it is decided one by one;
    /// its arguments may come from theirs.
    Open(Option<At<Theirs>>),
}

/// One directive of a merged block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// Of ours, by its [`Act`].
    Ours(At<Ours>),
    /// Of theirs, new here.
    Theirs(At<Theirs>),
}

/// What becomes of a local change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Carried,
    AlreadyPresent,
    Dropped,
    /// As this conflict is decided.
    Disputed(ConflictId),
}

/// A local change and its fate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decided {
    pub difference: Difference,
    pub fate: Fate,
    pub theirs: Option<At<Theirs>>,
}

/// One directive in three versions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Triple {
    pub base: Option<At<Base>>,
    pub ours: Option<At<Ours>>,
    pub theirs: Option<At<Theirs>>,
}

/// A block that is merged inside; the file itself is in no version.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    pub block: Triple,
    /// Both sides added it, so that the base has nothing in it.
    pub is_new: bool,
}
