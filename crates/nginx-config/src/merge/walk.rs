//! Decides, directive by directive, what the merged file takes from where.
//!
//! Invariant: each difference between base and ours gets one fate here, and
//! an undecided conflict leaves ours in place. Nothing is written yet; open
//! blocks wait on a list, so nesting costs memory only.

use super::order::{self, Seat};
use super::references::Hints;
use super::{Cause, Choice, Conflict, Resolutions, Sides};
use crate::diff::compare::{Difference, Kind, Side, compare_pair, pair_lists, same_words};
use crate::diff::{show, version};
use std::collections::{BTreeMap, BTreeSet};

/// What the merged file is made of, and what became of each local change.
pub(super) struct Walked {
    /// What happens to each directive of ours.
    pub acts: Vec<Act>,
    /// Directives of theirs whose gap takes the place of ours.
    pub gaps: BTreeMap<usize, usize>,
    /// The same for the comment behind a directive.
    pub tails: BTreeMap<usize, usize>,
    /// Blocks of theirs whose foot takes the place of that of ours.
    pub feet: BTreeMap<Option<usize>, Option<usize>>,
    /// What stands in each block that is not kept or replaced whole.
    pub blocks: BTreeMap<Option<usize>, Vec<Entry>>,
    /// Every local change.
    pub locals: Vec<Decided>,
    /// Where in that list a directive added here is.
    pub added: BTreeMap<usize, usize>,
    /// Every conflict.
    pub conflicts: Vec<Conflict>,
    /// Directives of ours that the vendor removed.
    pub removed: Vec<usize>,
    /// Directives of theirs that were removed here and stay so.
    pub left_out: Vec<usize>,
    /// Directives of ours that the vendor removed and that stay.
    pub kept: Vec<usize>,
}

/// What happens to a directive of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// It stays as it is, with all that stands in it.
    Keep,
    /// It goes.
    Remove,
    /// A directive of theirs takes its place.
    Replace(usize),
    /// It is a block that stays, and what stands in it is decided one by one;
    /// its arguments may come from theirs.
    Open(Option<usize>),
}

/// One directive of a merged block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// Of ours, by its [`Act`].
    Ours(usize),
    /// Of theirs, new here.
    Theirs(usize),
}

/// What becomes of a local change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Carried,
    AlreadyPresent,
    Dropped,
    /// As the conflict of this index is decided.
    Disputed(usize),
}

/// A local change and its fate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decided {
    pub difference: Difference,
    pub fate: Fate,
    pub theirs: Option<usize>,
}

/// One directive in three versions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Triple {
    pub base: Option<usize>,
    pub ours: Option<usize>,
    pub theirs: Option<usize>,
}

/// A block that all three have; `None` is the file itself.
pub(super) type Open = [Option<usize>; 3];

pub(super) fn walk(sides: &Sides<'_, '_>, resolutions: &Resolutions, hints: &Hints) -> Walked {
    let walked = Walked {
        acts: vec![Act::Keep; sides.ours.outline.items.len()],
        gaps: BTreeMap::new(),
        tails: BTreeMap::new(),
        feet: BTreeMap::new(),
        blocks: BTreeMap::new(),
        locals: Vec::new(),
        added: BTreeMap::new(),
        conflicts: Vec::new(),
        removed: Vec::new(),
        left_out: Vec::new(),
        kept: Vec::new(),
    };
    let mut walker = Walker { sides, resolutions, hints, walked, open: vec![[None; 3]] };
    while let Some(block) = walker.open.pop() {
        walker.block(block);
    }
    walker.walked
}

pub(super) struct Walker<'a, 's> {
    pub sides: &'a Sides<'a, 's>,
    resolutions: &'a Resolutions,
    hints: &'a Hints,
    pub walked: Walked,
    open: Vec<Open>,
}

impl Walker<'_, '_> {
    fn block(&mut self, block: Open) {
        let [base, ours, theirs] = block;
        self.foot(block);
        let triples = self.triples(block);
        let mut seats: BTreeMap<usize, Seat> = BTreeMap::new();
        let mut inserted = BTreeSet::new();
        for triple in triples {
            if self.directive(triple) {
                inserted.extend(triple.theirs);
            }
            if let Some(ours) = triple.ours {
                let is_gone = self.walked.acts[ours] == Act::Remove;
                seats.insert(ours, Seat { ours, base: triple.base, theirs: triple.theirs, is_gone });
            }
        }
        debug_assert_eq!(seats.len(), self.sides.ours.outline.children(ours).len());
        debug_assert!(base.is_some() == theirs.is_some());
        let entries = order::arrange(self, block, seats.into_values().collect(), &inserted);
        self.walked.blocks.insert(ours, entries);
    }

    /// The directives of a block, each in the versions in which it exists.
    fn triples(&self, [base, ours, theirs]: Open) -> Vec<Triple> {
        let Sides { base: from, ours: here, theirs: there } = self.sides;
        let [from, here, there] = [&from.outline, &here.outline, &there.outline];
        let (from_list, here_list, there_list) =
            (from.children(base), here.children(ours), there.children(theirs));
        let in_ours = pair_lists(from, here, from_list, here_list);
        let in_theirs = pair_lists(from, there, from_list, there_list);
        let of_base = from_list.iter().zip(in_ours.iter().zip(&in_theirs));
        let mut triples: Vec<_> =
            of_base.map(|(&base, (&ours, &theirs))| Triple { base: Some(base), ours, theirs }).collect();
        let left = |list: &[usize], partners: &[Option<usize>]| -> Vec<usize> {
            let taken: BTreeSet<usize> = partners.iter().flatten().copied().collect();
            list.iter().copied().filter(|index| !taken.contains(index)).collect()
        };
        let (here_left, there_left) = (left(here_list, &in_ours), left(there_list, &in_theirs));
        let partners = pair_lists(here, there, &here_left, &there_left);
        let both = here_left.iter().zip(&partners);
        triples.extend(both.map(|(&ours, &theirs)| Triple { base: None, ours: Some(ours), theirs }));
        let only = left(&there_left, &partners).into_iter();
        triples.extend(only.map(|theirs| Triple { base: None, ours: None, theirs: Some(theirs) }));
        triples
    }

    /// Decides one directive; says whether that of theirs is to be inserted.
    fn directive(&mut self, triple: Triple) -> bool {
        match (triple.base, triple.ours, triple.theirs) {
            (Some(base), Some(ours), Some(theirs)) => {
                self.in_all(base, ours, theirs);
                false
            }
            (Some(base), Some(ours), None) => {
                self.removed_by_theirs(base, ours);
                false
            }
            (Some(base), None, Some(theirs)) => self.removed_by_ours(triple, base, theirs),
            (Some(base), None, None) => {
                self.local(Kind::Removed, triple, Fate::AlreadyPresent);
                debug_assert!(base < self.sides.base.outline.items.len());
                false
            }
            (None, Some(ours), Some(theirs)) => {
                self.added_by_both(triple, ours, theirs);
                false
            }
            (None, Some(_), None) => {
                self.local(Kind::Added, triple, Fate::Carried);
                false
            }
            (None, None, theirs) => theirs.is_some(),
        }
    }

    fn in_all(&mut self, base: usize, ours: usize, theirs: usize) {
        let Sides { base: from, ours: here, theirs: there } = *self.sides;
        self.around(base, ours, theirs);
        let triple = Triple { base: Some(base), ours: Some(ours), theirs: Some(theirs) };
        if written(from, base) == written(here, ours) {
            if written(there, theirs) != written(here, ours) {
                self.walked.acts[ours] = Act::Replace(theirs);
            }
            self.comments(triple);
            return;
        }
        let is_block = here.outline.items[ours].is_block();
        let same = |one: (&Side<'_>, usize), other: (&Side<'_>, usize)| {
            if is_block {
                same_words(one.0, other.0, (one.1, other.1))
            } else {
                one.0.outline.items[one.1].meaning == other.0.outline.items[other.1].meaning
            }
        };
        let changed_here = !same((from, base), (here, ours));
        let changed_there = !same((from, base), (there, theirs));
        let mut takes_theirs = changed_there && !changed_here;
        if changed_here {
            let fate = if same((here, ours), (there, theirs)) {
                Fate::AlreadyPresent
            } else if changed_there {
                let conflict = self.conflict(Cause::BothChanged, triple);
                takes_theirs = self.choice(conflict) == Some(Choice::Theirs);
                Fate::Disputed(conflict)
            } else {
                Fate::Carried
            };
            self.local(Kind::Changed, triple, fate);
        }
        if is_block {
            self.walked.acts[ours] = Act::Open(takes_theirs.then_some(theirs));
            self.open.push([base, ours, theirs].map(Some));
        } else if takes_theirs {
            self.walked.acts[ours] = Act::Replace(theirs);
        }
        self.comments(triple);
    }

    fn removed_by_theirs(&mut self, base: usize, ours: usize) {
        let Sides { base: from, ours: here, .. } = *self.sides;
        let differences = compare_pair(from, here, (base, ours));
        let triple = Triple { base: Some(base), ours: Some(ours), theirs: None };
        let is_same = from.outline.items[base].meaning == here.outline.items[ours].meaning;
        let fate = if self.hints.keep.contains(&ours) {
            self.walked.kept.push(ours);
            Fate::Carried
        } else if is_same {
            self.walked.acts[ours] = Act::Remove;
            self.walked.removed.push(ours);
            Fate::Dropped
        } else {
            let conflict = self.conflict(Cause::RemovedByTheirs, triple);
            if self.choice(conflict) == Some(Choice::Theirs) {
                self.walked.acts[ours] = Act::Remove;
            }
            Fate::Disputed(conflict)
        };
        for difference in differences.into_iter().filter(|difference| difference.kind != Kind::Spacing) {
            self.walked.locals.push(Decided { difference, fate, theirs: None });
        }
    }

    fn removed_by_ours(&mut self, triple: Triple, base: usize, theirs: usize) -> bool {
        let Sides { base: from, theirs: there, .. } = *self.sides;
        let is_same = from.outline.items[base].meaning == there.outline.items[theirs].meaning;
        let cause = if self.hints.used_by_theirs.contains(&theirs) {
            Cause::UsedByTheirs
        } else if is_same {
            self.walked.left_out.push(theirs);
            self.local(Kind::Removed, triple, Fate::Carried);
            return false;
        } else {
            Cause::RemovedByOurs
        };
        let conflict = self.conflict(cause, triple);
        self.local(Kind::Removed, triple, Fate::Disputed(conflict));
        self.choice(conflict) == Some(Choice::Theirs)
    }

    fn added_by_both(&mut self, triple: Triple, ours: usize, theirs: usize) {
        let (here, there) = (self.sides.ours, self.sides.theirs);
        if here.outline.items[ours].meaning == there.outline.items[theirs].meaning {
            self.local(Kind::Added, triple, Fate::AlreadyPresent);
            return;
        }
        let conflict = self.conflict(Cause::BothAdded, triple);
        self.local(Kind::Added, triple, Fate::Disputed(conflict));
        if self.choice(conflict) == Some(Choice::Theirs) {
            self.walked.acts[ours] = Act::Replace(theirs);
        }
    }

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

    /// Notes a conflict and looks up how it is decided.
    pub fn conflict(&mut self, cause: Cause, triple: Triple) -> usize {
        let Sides { base: from, ours: here, theirs: there } = *self.sides;
        let path = match triple {
            Triple { ours: Some(index), .. } => show::full_path(&here.outline, index),
            Triple { theirs: Some(index), .. } => show::full_path(&there.outline, index),
            Triple { base: Some(index), .. } => show::full_path(&from.outline, index),
            Triple { .. } => String::new(),
        };
        // A conflict about arguments shows the heading; one about all shows all.
        let kind =
            if cause == Cause::BothChanged || cause == Cause::Order { Kind::Changed } else { Kind::Added };
        let shown = |side: &Side<'_>, index: Option<usize>| index.map(|index| version(side, index, kind));
        let choice = self.resolutions.of(&path);
        let (base, ours, theirs) =
            (shown(from, triple.base), shown(here, triple.ours), shown(there, triple.theirs));
        self.walked.conflicts.push(Conflict { path, cause, base, ours, theirs, choice });
        self.walked.conflicts.len() - 1
    }

    /// How a conflict is decided.
    pub fn choice(&self, conflict: usize) -> Option<Choice> {
        self.walked.conflicts[conflict].choice
    }
}

/// A directive's own bytes, without what stands around it.
fn written<'s>(side: &Side<'s>, index: usize) -> &'s [u8] {
    let item = &side.outline.items[index];
    &item.tree.source()[item.directive().span.range()]
}
