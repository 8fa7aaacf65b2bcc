//! In which order the directives of a merged block stand.
//!
//! Invariant: what stands in ours keeps its place unless the vendor moved it;
//! what is new stands beside the neighbours it has in theirs. Where order has
//! a meaning and both sides want a say in one place, it is a conflict.

use super::model::{Cause, Choice, ConflictId};
use super::walked::{Entry, Fate, Triple};
use super::walker::Walker;
use crate::diff::at::{At, Base, Ours, Theirs};
use crate::diff::compare::{Kind, moved};
use crate::identity::OrderClass;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A directive of ours in its block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat {
    pub ours: At<Ours>,
    pub base: Option<At<Base>>,
    pub theirs: Option<At<Theirs>>,
    pub is_gone: bool,
}

impl Seat {
    fn triple(&self) -> Triple {
        Triple { base: self.base, ours: Some(self.ours), theirs: self.theirs }
    }

    /// Whether both sides have it in the merged file.
    fn is_shared(&self) -> bool {
        self.theirs.is_some() && !self.is_gone
    }
}

/// The merged order of a block: ours as in `seats`, and of theirs those that
/// are `inserted`.
pub(super) fn arrange(
    walker: &mut Walker<'_, '_>,
    block: Option<At<Theirs>>,
    mut seats: Vec<Seat>,
    inserted: &BTreeSet<At<Theirs>>,
) -> Vec<Entry> {
    let list = walker.sides.theirs.outline.children(block).to_vec();
    let partner: Partners = seats.iter().filter_map(|seat| Some((seat.theirs?, seat.ours))).collect();
    let mut places = Places::default();
    // Class by class, since order has a meaning among the members of one class alone: `allow` and `deny` may stand
    // anywhere between locations. What has no class is put beside its neighbours at the end, when the seats stand.
    for class in classes(walker, &seats, &list, inserted) {
        let mut group = Group { walker, class, seats: &seats, list: &list, inserted, partner: &partner };
        group.insertions(&mut places);
        if let Some(reordered) = group.reordered() {
            seats = reordered;
        }
    }
    dropped_moves(walker, &seats);
    places.beside_neighbours(walker, &list, &partner, inserted);
    let mut entries = Vec::with_capacity(seats.len() + inserted.len());
    for seat in &seats {
        entries.extend(places.before.remove(&seat.ours).into_iter().flatten().map(Entry::Theirs));
        entries.push(Entry::Ours(seat.ours));
        entries.extend(places.after.remove(&seat.ours).into_iter().flatten().map(Entry::Theirs));
    }
    entries.extend(places.end.into_iter().map(Entry::Theirs));
    entries
}

/// The classes of order that occur in the block.
fn classes(
    walker: &Walker<'_, '_>,
    seats: &[Seat],
    list: &[At<Theirs>],
    inserted: &BTreeSet<At<Theirs>>,
) -> BTreeSet<OrderClass> {
    let here = seats.iter().filter_map(|seat| walker.sides.ours.outline.items[seat.ours].identity.order);
    let new = list.iter().filter(|index| inserted.contains(index));
    let there = new.filter_map(|&index| walker.sides.theirs.outline.items[index].identity.order);
    here.chain(there).collect()
}

/// What was moved here and removed by the vendor has no place any more.
fn dropped_moves(walker: &mut Walker<'_, '_>, seats: &[Seat]) {
    for (seat, is_shared) in moved_seats(walker, seats) {
        if !is_shared {
            let fate = if seat.is_gone { Fate::Dropped } else { Fate::Carried };
            walker.local(Kind::Moved, seat.triple(), fate);
        }
    }
}

/// What was moved here, and whether both sides still have it.
fn moved_seats(walker: &Walker<'_, '_>, seats: &[Seat]) -> Vec<(Seat, bool)> {
    let pairs: Vec<_> = seats.iter().filter_map(|seat| Some((seat.base?, seat.ours))).collect();
    let by_ours: HashMap<At<Ours>, Seat> = seats.iter().map(|seat| (seat.ours, *seat)).collect();
    let moves = moved(&walker.sides.base.outline, &pairs);
    moves.into_iter().map(|(_, ours)| (by_ours[&ours], by_ours[&ours].is_shared())).collect()
}

/// By directive of theirs the one of ours that it is.
type Partners = HashMap<At<Theirs>, At<Ours>>;

/// Where what is new of theirs is put, beside directives of ours.
#[derive(Default)]
struct Places {
    before: HashMap<At<Ours>, Vec<At<Theirs>>>,
    after: HashMap<At<Ours>, Vec<At<Theirs>>>,
    end: Vec<At<Theirs>>,
    placed: BTreeSet<At<Theirs>>,
}

impl Places {
    fn put_before(&mut self, ours: At<Ours>, theirs: At<Theirs>) {
        self.before.entry(ours).or_default().push(theirs);
        self.placed.insert(theirs);
    }

    fn put_after(&mut self, ours: At<Ours>, theirs: At<Theirs>) {
        self.after.entry(ours).or_default().push(theirs);
        self.placed.insert(theirs);
    }

    /// Where order has no meaning: behind the neighbour before it or before
    /// the one behind it, preferring the one that also is, or is not, a block.
    fn beside_neighbours(
        &mut self,
        walker: &Walker<'_, '_>,
        list: &[At<Theirs>],
        partner: &Partners,
        inserted: &BTreeSet<At<Theirs>>,
    ) {
        let items = &walker.sides.theirs.outline.items;
        let mut next_of: Vec<Option<At<Theirs>>> = vec![None; list.len()];
        let mut next = None;
        for (at, index) in list.iter().enumerate().rev() {
            next_of[at] = next;
            next = if partner.contains_key(index) { Some(*index) } else { next };
        }
        let mut previous: Option<At<Theirs>> = None;
        for (at, &index) in list.iter().enumerate() {
            if partner.contains_key(&index) {
                previous = Some(index);
            }
            if !inserted.contains(&index) || self.placed.contains(&index) {
                continue;
            }
            let fits = |neighbour: &At<Theirs>| items[*neighbour].is_block() == items[index].is_block();
            match (previous, next_of[at]) {
                (Some(before), _) if fits(&before) => self.put_after(partner[&before], index),
                (_, Some(behind)) if fits(&behind) => self.put_before(partner[&behind], index),
                (Some(before), _) => self.put_after(partner[&before], index),
                (None, Some(behind)) => self.put_before(partner[&behind], index),
                (None, None) => self.end.push(index),
            }
        }
    }
}

/// The directives of one class of order in one block.
struct Group<'g, 'a, 's> {
    walker: &'g mut Walker<'a, 's>,
    class: OrderClass,
    seats: &'g [Seat],
    list: &'g [At<Theirs>],
    inserted: &'g BTreeSet<At<Theirs>>,
    partner: &'g Partners,
}

/// What stands between two directives that both sides have.
#[derive(Default)]
struct Between {
    /// Only in ours.
    ours: Vec<At<Ours>>,
    /// New from theirs.
    theirs: Vec<At<Theirs>>,
}

impl Group<'_, '_, '_> {
    fn in_ours(&self, index: At<Ours>) -> bool {
        self.walker.sides.ours.outline.items[index].identity.order == Some(self.class)
    }

    fn in_theirs(&self, index: At<Theirs>) -> bool {
        self.walker.sides.theirs.outline.items[index].identity.order == Some(self.class)
    }

    fn members(&self) -> Vec<Seat> {
        self.seats.iter().copied().filter(|seat| self.in_ours(seat.ours)).collect()
    }

    /// Places what is new from theirs between the shared directives of the class.
    fn insertions(&mut self, places: &mut Places) {
        // Shared directives are fixed points: both sides have them, so what stands behind the same one is in one
        // place, whatever else is around it. `None` is the place before the first.
        let mut between: BTreeMap<Option<At<Ours>>, Between> = BTreeMap::new();
        let mut last = None;
        for seat in self.members().into_iter().filter(|seat| !seat.is_gone) {
            if seat.is_shared() {
                last = Some(seat.ours);
            } else {
                between.entry(last).or_default().ours.push(seat.ours);
            }
        }
        let shared: BTreeSet<At<Ours>> =
            self.seats.iter().filter(|seat| seat.is_shared()).map(|seat| seat.ours).collect();
        let mut last = None;
        let mut following: HashMap<Option<At<Ours>>, At<Ours>> = HashMap::new();
        for &index in self.list.iter().filter(|index| self.in_theirs(**index)) {
            if let Some(ours) = self.partner.get(&index).filter(|ours| shared.contains(ours)) {
                following.insert(last, *ours);
                last = Some(*ours);
            } else if self.inserted.contains(&index) {
                between.entry(last).or_default().theirs.push(index);
            }
        }
        for (last, Between { ours, theirs }) in between {
            if theirs.is_empty() {
                continue;
            }
            let ours_first = !ours.is_empty() && self.dispute(&ours, &theirs) == Choice::Ours;
            // Beside something of ours that is sure to be written. Without anything of the class in ours there is
            // no such thing, and the neighbours decide.
            for index in theirs {
                match (last, ours.first(), ours.last(), following.get(&last)) {
                    (_, _, Some(&end), _) if ours_first => places.put_after(end, index),
                    (Some(last), ..) => places.put_after(last, index),
                    (None, Some(&start), ..) => places.put_before(start, index),
                    (None, None, _, Some(&next)) => places.put_before(next, index),
                    (None, None, _, None) => {}
                }
            }
        }
    }

    /// Both sides put something into one place. Both stay; who comes first is
    /// for somebody to say, unless it makes no difference.
    fn dispute(&mut self, ours: &[At<Ours>], theirs: &[At<Theirs>]) -> Choice {
        let sides = self.walker.sides;
        let verbs = ours.iter().map(|&index| sides.ours.outline.items[index].directive().name.value);
        let verbs: BTreeSet<_> = verbs
            .chain(theirs.iter().map(|&index| sides.theirs.outline.items[index].directive().name.value))
            .collect();
        // The first rule that fits decides; among rules that all allow, or all deny, that is no difference.
        if self.class == OrderClass::Access && verbs.len() == 1 {
            return Choice::Theirs;
        }
        let triple = Triple { base: None, ours: ours.first().copied(), theirs: theirs.first().copied() };
        let conflict = self.conflict(triple);
        for index in ours {
            if let Some(&local) = self.walker.walked.added.get(index) {
                self.walker.walked.locals[local].fate = Fate::Disputed(conflict);
            }
        }
        self.walker.choice(conflict).unwrap_or(Choice::Ours)
    }

    /// A conflict about order is named by the list it is about: the directives
    /// in it have paths of their own, by which each can be taken or left out.
    fn conflict(&mut self, triple: Triple) -> ConflictId {
        let path = self.walker.path_of(self.class.list());
        self.walker.conflict_at(path, Cause::Order, triple)
    }

    /// The seats in the vendor's order, where that is the one to follow.
    fn reordered(&mut self) -> Option<Vec<Seat>> {
        let members: Vec<Seat> = self.members().into_iter().filter(Seat::is_shared).collect();
        let ranks: HashMap<At<Theirs>, usize> =
            self.list.iter().enumerate().map(|(rank, &index)| (index, rank)).collect();
        let by_theirs = sorted(&members, |seat| seat.theirs.map(|theirs| ranks[&theirs]));
        let is_same = |a: &[Seat], b: &[Seat]| a.iter().zip(b).all(|(a, b)| a.ours == b.ours);
        let moves: Vec<Seat> = moved_seats(self.walker, self.seats)
            .into_iter()
            .filter(|(seat, is_shared)| *is_shared && self.in_ours(seat.ours))
            .map(|(seat, _)| seat)
            .collect();
        // Three orders of the same directives. Whoever kept that of the base has changed nothing, and the other's
        // counts; where both left it, and differently, they disagree. What both added has no order in the base.
        if is_same(&members, &by_theirs) {
            self.note(&moves, Fate::AlreadyPresent);
            return None;
        }
        let both_added = members.iter().any(|seat| seat.base.is_none());
        let by_base = sorted(&members, |seat| seat.base);
        if !both_added && is_same(&by_theirs, &by_base) {
            self.note(&moves, Fate::Carried);
            return None;
        }
        let takes_theirs = if !both_added && is_same(&members, &by_base) {
            self.note(&moves, Fate::Carried);
            true
        } else {
            let first = moves.first().or(members.first())?;
            let conflict = self.conflict(first.triple());
            self.note(&moves, Fate::Disputed(conflict));
            self.walker.choice(conflict) == Some(Choice::Theirs)
        };
        takes_theirs.then(|| self.refilled(&by_theirs))
    }

    fn note(&mut self, moves: &[Seat], fate: Fate) {
        for seat in moves {
            self.walker.local(Kind::Moved, seat.triple(), fate);
        }
    }

    /// The shared seats in another order, all others where they are.
    fn refilled(&self, order: &[Seat]) -> Vec<Seat> {
        let mut next = order.iter().copied();
        let fill = |seat: &Seat| {
            let is_member = seat.is_shared() && self.in_ours(seat.ours);
            if is_member { next.next().unwrap_or(*seat) } else { *seat }
        };
        self.seats.iter().map(fill).collect()
    }
}

fn sorted<K: Ord>(seats: &[Seat], key: impl FnMut(&Seat) -> K) -> Vec<Seat> {
    let mut seats = seats.to_vec();
    seats.sort_by_key(key);
    seats
}
