//! Which comments and white space the merged file takes from where.
//!
//! Invariant: local comments stay, unless what they stand in goes; the vendor's
//! come where ours are still the base's. They never make a conflict, because
//! nginx does not read them.

use super::Sides;
use super::walked::{Act, Decided, Fate, Triple};
use super::walker::Walker;
use crate::diff::at::{At, Base, Ours, Theirs, Whose};
use crate::diff::compare::{Difference, Kind, Side, compare_heads};
use crate::diff::trivia::Units;
use crate::position::Span;
use crate::tree::DirectiveId;

impl Walker<'_, '_> {
    /// White space and comments around a directive: theirs, where ours are
    /// still the base's.
    pub fn around(&mut self, base: At<Base>, ours: At<Ours>, theirs: At<Theirs>) {
        let Sides { base: from, ours: here, theirs: there } = *self.sides;
        let (from, in_here, in_there) = (place(from, base), place(here, ours), place(there, theirs));
        // What stands before the first directive of a block suits no other place.
        let alike = is_first(here, ours) == is_first(there, theirs);
        if alike && takes_theirs([from, in_here, in_there], Units::gap) {
            self.walked.gaps.insert(ours, theirs);
        }
        if takes_theirs([from, in_here, in_there], Units::tail) {
            self.walked.tails.insert(ours, theirs);
        }
    }

    pub fn foot(&mut self, block: Triple) {
        let Sides { base: from, ours: here, theirs: there } = *self.sides;
        let feet = [foot(from, block.base), foot(here, block.ours), foot(there, block.theirs)];
        // Comments are no directive that somebody chose.
        if theirs_is_new(&feet) && self.choose.is_none() {
            self.walked.feet.insert(block.ours, block.theirs);
        }
        if block.ours.is_none() && from.file_notes() != here.file_notes() {
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
        let (old, own) = (place(from, base), place(here, ours));
        let is_replaced = matches!(self.walked.acts[ours], Act::Replace(_) | Act::Open(Some(_)));
        let same_loose =
            !here.outline.items[ours].is_block() || here.loose_notes(ours) == there.loose_notes(theirs);
        let fate = if same_loose && here.notes(ours) == there.notes(theirs) {
            Fate::AlreadyPresent
        } else if is_replaced && within(old) != within(own) {
            Fate::Dropped
        } else {
            Fate::Carried
        };
        self.local(Kind::Comment, triple, fate);
    }
}

/// A directive, and what stands around those of its tree.
type Place<'a, 's> = (&'a Units<'s>, DirectiveId);

fn place<'a, 's, S: Whose>(side: &'a Side<'s, S>, index: At<S>) -> Place<'a, 's> {
    (side.units_of(index), side.outline.items[index].id)
}

/// The comments between its words.
fn within<'s>((units, id): Place<'_, 's>) -> Vec<&'s [u8]> {
    units.comments(units.head(id))
}

fn is_first<S: Whose>(side: &Side<'_, S>, index: At<S>) -> bool {
    side.outline.children(side.outline.items[index].parent).first() == Some(&index)
}

/// What a span holds, and the comments in it.
type Texts<'s> = (&'s [u8], Vec<&'s [u8]>);

fn texts<'s>(units: &Units<'s>, span: Span) -> Texts<'s> {
    (units.text(span), units.comments(span))
}

/// Of white space and comments of the base, ours and theirs: whether those of
/// theirs come in the place of ours.
fn theirs_is_new([base, ours, theirs]: &[Texts<'_>; 3]) -> bool {
    base.0 == ours.0 && theirs.0 != ours.0 || base.1 == ours.1 && theirs.1 != ours.1
}

fn takes_theirs<'s>(places: [Place<'_, 's>; 3], span: impl Fn(&Units<'s>, DirectiveId) -> Span) -> bool {
    theirs_is_new(&places.map(|(units, id)| texts(units, span(units, id))))
}

fn foot<'s, S: Whose>(side: &Side<'s, S>, block: Option<At<S>>) -> Texts<'s> {
    let place = match block {
        Some(index) => Some((side.units_of(index), Some(side.outline.items[index].id))),
        None => side.root_units().map(|units| (units, None)),
    };
    place.map(|(units, id)| texts(units, units.foot(id))).unwrap_or_default()
}
