//! Which comments and white space the merged file takes from where.
//!
//! Invariant: local comments stay, unless what they stand in goes; the vendor's
//! come where ours are still the base's. They never make a conflict, because
//! nginx does not read them.

use super::Sides;
use super::walked::{Act, Decided, Fate, Triple};
use super::walker::Walker;
use crate::diff::compare::{Difference, Kind, Side, compare_heads};
use crate::position::Span;

impl Walker<'_, '_> {
    /// White space and comments around a directive: theirs, where ours are
    /// still the base's.
    pub fn around(&mut self, base: usize, ours: usize, theirs: usize) {
        let gap = |side: &Side<'_>, index: usize| side.units_of(index).gap(side.outline.items[index].id);
        let is_first = |side: &Side<'_>, index: usize| {
            side.outline.children(side.outline.items[index].parent).first() == Some(&index)
        };
        // What stands before the first directive of a block suits no other place.
        let alike = is_first(self.sides.ours, ours) == is_first(self.sides.theirs, theirs);
        if alike && self.takes_theirs([base, ours, theirs], gap) {
            self.walked.gaps.insert(ours, theirs);
        }
        let tail = |side: &Side<'_>, index: usize| side.units_of(index).tail(side.outline.items[index].id);
        if self.takes_theirs([base, ours, theirs], tail) {
            self.walked.tails.insert(ours, theirs);
        }
    }

    fn takes_theirs(
        &self,
        [base, ours, theirs]: [usize; 3],
        span: impl Fn(&Side<'_>, usize) -> Span,
    ) -> bool {
        let Sides { base: from, ours: here, theirs: there } = *self.sides;
        let text = |side: &'_ Side<'_>, index| side.units_of(index).text(span(side, index)).to_vec();
        let notes = |side: &'_ Side<'_>, index| -> Vec<Vec<u8>> {
            let notes = side.units_of(index).comments(span(side, index));
            notes.into_iter().map(<[u8]>::to_vec).collect()
        };
        let same_text = text(from, base) == text(here, ours);
        same_text && text(there, theirs) != text(here, ours)
            || notes(from, base) == notes(here, ours) && notes(there, theirs) != notes(here, ours)
    }

    pub fn foot(&mut self, block: [Option<usize>; 3]) {
        let Sides { base: from, ours: here, theirs: there } = *self.sides;
        let foot = |side: &Side<'_>, index: Option<usize>| {
            let (units, id) = match (index, side.root_units()) {
                (Some(index), _) => (side.units_of(index), Some(side.outline.items[index].id)),
                (None, Some(units)) => (units, None),
                (None, None) => return (Vec::new(), Vec::new()),
            };
            let span = units.foot(id);
            let notes: Vec<_> = units.comments(span).into_iter().map(<[u8]>::to_vec).collect();
            (units.text(span).to_vec(), notes)
        };
        let [base_foot, our_foot, their_foot] =
            [foot(from, block[0]), foot(here, block[1]), foot(there, block[2])];
        let same_text = base_foot.0 == our_foot.0 && their_foot.0 != our_foot.0;
        let theirs_is_new = same_text || base_foot.1 == our_foot.1 && their_foot.1 != our_foot.1;
        // Comments are no directive that somebody chose.
        if theirs_is_new && self.choose.is_none() {
            self.walked.feet.insert(block[1], block[2]);
        }
        if block[1].is_none() && from.file_notes() != here.file_notes() {
            let is_present = here.file_notes() == there.file_notes();
            let fate = if is_present { Fate::AlreadyPresent } else { Fate::Carried };
            let difference = Difference { kind: Kind::Comment, old: None, new: None };
            self.walked.locals.push(Decided { difference, fate, theirs: None });
        }
    }

    /// The fate of comments that differ: they stay as they are here, unless
    /// they stand within a directive that is replaced.
    pub fn comments(&mut self, triple: Triple) {
        let (Some(base), Some(ours), Some(theirs)) = (triple.base, triple.ours, triple.theirs) else {
            return;
        };
        let Sides { base: from, ours: here, theirs: there } = *self.sides;
        let heads = compare_heads(from, here, (base, ours));
        if !heads.iter().any(|difference| difference.kind == Kind::Comment) {
            return;
        }
        let within = |side: &Side<'_>, index: usize| -> Vec<Vec<u8>> {
            let units = side.units_of(index);
            let notes = units.comments(units.head(side.outline.items[index].id));
            notes.into_iter().map(<[u8]>::to_vec).collect()
        };
        let is_replaced = matches!(self.walked.acts[ours], Act::Replace(_) | Act::Open(Some(_)));
        let same_loose =
            !here.outline.items[ours].is_block() || here.loose_notes(ours) == there.loose_notes(theirs);
        let fate = if same_loose && here.notes(ours) == there.notes(theirs) {
            Fate::AlreadyPresent
        } else if is_replaced && within(from, base) != within(here, ours) {
            Fate::Dropped
        } else {
            Fate::Carried
        };
        self.local(Kind::Comment, triple, fate);
    }
}
