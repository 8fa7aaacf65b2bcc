//! Decides, directive by directive, what the merged file takes from where.
//!
//! Invariant: each difference between base and ours gets one fate here, and
//! an undecided conflict leaves ours in place. Nothing is written yet; open
//! blocks wait on a list, so nesting costs memory only.

use super::fingerprint::Own;
use super::model::{Cause, Choice, Doubt, From, Sides};
use super::order::{self, Seat};
use super::references::Hints;
use super::resolution::Resolutions;
use super::walked::{Act, Decided, Fate, Open, Triple, Walked};
use super::walker::{Decider, Walker};
use crate::diff::at::{At, Base, Ours, Table, Theirs, Whose};
use crate::diff::compare::{self, Kind, Side, compare_pair, pair_and_doubt, same_value, same_words};
use crate::diff::outline::Outline;
use crate::diff::purpose::{is_alike, leads_to_https};
use crate::diff::show;
use crate::identity::is_placeholder;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn walk(sides: &Sides<'_, '_>, by: Decider<'_>, hints: &Hints, own: &Own) -> Walked {
    let walked = Walked {
        acts: Table::new(vec![Act::Keep; sides.ours.outline.items.len()]),
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
        opened: BTreeSet::new(),
        headed: BTreeSet::new(),
        renamed: BTreeMap::new(),
        taken: BTreeMap::new(),
        unheard: BTreeMap::new(),
        doubts: Vec::new(),
        decided: BTreeSet::new(),
        by_choice: matches!(by, Decider::Choice(_)),
        otherwise: Vec::new(),
    };
    let file = Triple { base: None, ours: None, theirs: None };
    let open = vec![Open { block: file, is_new: false }];
    let nothing = Resolutions::none();
    let (resolutions, choose) = match by {
        Decider::Resolutions(resolutions) => (resolutions, None),
        Decider::Choice(choose) => (&nothing, Some(choose)),
    };
    let mut walker = Walker { sides, resolutions, choose, hints, own, walked, open, within: None };
    while let Some(open) = walker.open.pop() {
        walker.block(open);
    }
    walker.walked
}

impl Walker<'_, '_> {
    fn block(&mut self, open: Open) {
        let block = open.block;
        self.within = block.ours;
        if !open.is_new {
            self.foot(block);
        }
        let triples = self.triples(open);
        let mut seats: BTreeMap<At<Ours>, Seat> = BTreeMap::new();
        let mut inserted = BTreeSet::new();
        for &triple in &triples {
            if self.directive(triple) {
                inserted.extend(triple.theirs);
            }
        }
        self.renamed_blocks(&triples, &mut inserted);
        self.leave_unchosen(&mut inserted);
        self.taken_listens(&triples, &inserted);
        self.nowhere(&triples, &mut inserted);
        self.dead_locations(&triples, &inserted);
        for triple in triples {
            if let Some(ours) = triple.ours {
                let is_gone = self.walked.acts[ours] == Act::Remove;
                seats.insert(ours, Seat { ours, base: triple.base, theirs: triple.theirs, is_gone });
            }
        }
        debug_assert_eq!(seats.len(), self.sides.ours.outline.children(block.ours).len());
        let entries = order::arrange(self, block.theirs, seats.into_values().collect(), &inserted);
        self.walked.blocks.insert(block.ours, entries);
    }

    /// The directives of a block, each in the versions in which it exists.
    fn triples(&mut self, Open { block, is_new }: Open) -> Vec<Triple> {
        let Sides { base: from, ours: here, theirs: there } = self.sides;
        let (from, here, there) = (&from.outline, &here.outline, &there.outline);
        let from_list = if is_new { &[] } else { from.children(block.base) };
        let (here_list, there_list) = (here.children(block.ours), there.children(block.theirs));
        let (in_ours, doubts) = pair_and_doubt(from, here, from_list, here_list);
        self.doubts(From::Base, from, doubts);
        // Where the vendor's own two files leave a doubt, nobody here can settle it.
        let (in_theirs, _) = pair_and_doubt(from, there, from_list, there_list);
        let of_base = from_list.iter().zip(in_ours.iter().zip(&in_theirs));
        let mut triples: Vec<_> =
            of_base.map(|(&base, (&ours, &theirs))| Triple { base: Some(base), ours, theirs }).collect();
        let (here_left, there_left) = (left(here_list, &in_ours), left(there_list, &in_theirs));
        let (partners, doubts) = pair_and_doubt(there, here, &there_left, &here_left);
        self.doubts(From::Theirs, there, doubts);
        let both = there_left.iter().zip(&partners);
        triples.extend(both.map(|(&theirs, &ours)| Triple { base: None, ours, theirs: Some(theirs) }));
        let only = left(&here_left, &partners).into_iter();
        triples.extend(only.map(|ours| Triple { base: None, ours: Some(ours), theirs: None }));
        triples
    }

    /// Notes blocks of the vendor's that may be several of ours.
    fn doubts<S: Whose>(&mut self, from: From, vendor: &Outline<'_, S>, found: Vec<compare::Doubt<S, Ours>>) {
        let here = &self.sides.ours.outline;
        let fit = |index: At<Ours>| {
            let item = &here.items[index];
            (show::full_path(here, index), item.tree.position(item.directive().span.start))
        };
        self.walked.doubts.extend(found.into_iter().map(|(block, fits)| Doubt {
            from,
            block: show::full_path(vendor, block),
            fits: fits.into_iter().map(fit).collect(),
        }));
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
            (Some(_), None, None) => {
                self.local(Kind::Removed, triple, Fate::AlreadyPresent);
                false
            }
            (None, Some(ours), Some(theirs)) => {
                self.added_by_both(triple, ours, theirs);
                false
            }
            (None, Some(ours), None) => {
                let unheard = self.unheard(ours);
                let fate = if let Some(conflict) = unheard {
                    Fate::Disputed(conflict)
                } else if self.decided(triple, Choice::Theirs) {
                    Fate::Dropped
                } else if self.is_taken(ours) {
                    Fate::AlreadyPresent
                } else {
                    Fate::Carried
                };
                let is_dropped = unheard.is_none() && fate != Fate::Carried;
                if is_dropped || unheard.is_some_and(|conflict| self.choice(conflict) == Some(Choice::Theirs))
                {
                    self.walked.acts[ours] = Act::Remove;
                }
                self.local(Kind::Added, triple, fate);
                false
            }
            (None, None, theirs) => theirs.is_some() && !self.decided(triple, Choice::Ours),
        }
    }

    fn in_all(&mut self, base: At<Base>, ours: At<Ours>, theirs: At<Theirs>) {
        let Sides { base: from, ours: here, theirs: there } = *self.sides;
        self.around(base, ours, theirs);
        let triple = Triple { base: Some(base), ours: Some(ours), theirs: Some(theirs) };
        if written(from, base) == written(here, ours) {
            let is_block = here.outline.items[ours].is_block();
            let differs = written(there, theirs) != written(here, ours);
            if differs && is_block && self.resolutions.decides_below(&self.path(triple)) {
                // Somebody decides about a part of what the vendor changed.
                let head = !same_words(there, here, (theirs, ours));
                self.walked.acts[ours] = Act::Open(head.then_some(theirs));
                self.open.push(Open { block: triple, is_new: false });
            } else if differs && !self.decided(triple, Choice::Ours) {
                self.walked.acts[ours] = Act::Replace(theirs);
            }
            self.comments(triple);
            return;
        }
        let is_block = here.outline.items[ours].is_block();
        let changed_here = !same_value(from, here, (base, ours), is_block);
        let changed_there = !same_value(from, there, (base, theirs), is_block);
        let mut takes_theirs = changed_there && !changed_here && !self.decided(triple, Choice::Ours);
        if changed_here {
            let fate = if same_value(here, there, (ours, theirs), is_block) {
                Fate::AlreadyPresent
            } else if says_nothing(there, theirs) {
                Fate::Carried
            } else if !changed_there && self.decided(triple, Choice::Theirs) {
                takes_theirs = true;
                Fate::Dropped
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
            self.open.push(Open { block: triple, is_new: false });
        } else if takes_theirs {
            self.walked.acts[ours] = Act::Replace(theirs);
        }
        self.comments(triple);
    }

    fn removed_by_theirs(&mut self, base: At<Base>, ours: At<Ours>) {
        let Sides { base: from, ours: here, .. } = *self.sides;
        let differences = compare_pair(from, here, (base, ours));
        let triple = Triple { base: Some(base), ours: Some(ours), theirs: None };
        let is_same = from.outline.items[base].meaning == here.outline.items[ours].meaning;
        let fate = if let Some(conflict) = self.unheard(ours) {
            if self.choice(conflict) == Some(Choice::Theirs) {
                self.walked.acts[ours] = Act::Remove;
            }
            Fate::Disputed(conflict)
        } else if self.hints.keep.contains(&ours) {
            self.walked.kept.push(ours);
            Fate::Carried
        } else if is_same && self.decided(triple, Choice::Ours) {
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

    fn removed_by_ours(&mut self, triple: Triple, base: At<Base>, theirs: At<Theirs>) -> bool {
        let Sides { base: from, theirs: there, .. } = *self.sides;
        let is_same = from.outline.items[base].meaning == there.outline.items[theirs].meaning;
        if let Some(conflict) = self.unheard_there(theirs) {
            self.local(Kind::Removed, triple, Fate::Disputed(conflict));
            return self.choice(conflict) == Some(Choice::Theirs);
        }
        let cause = if self.hints.used_by_theirs.contains(&theirs) {
            Cause::UsedByTheirs
        } else if is_same && self.decided(triple, Choice::Theirs) {
            self.local(Kind::Removed, triple, Fate::Dropped);
            return true;
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

    /// What both sides added under one identity: the same, or merged inside,
    /// or a conflict.
    fn added_by_both(&mut self, triple: Triple, ours: At<Ours>, theirs: At<Theirs>) {
        let (here, there) = (self.sides.ours, self.sides.theirs);
        let (our_item, their_item) = (&here.outline.items[ours], &there.outline.items[theirs]);
        // Two blocks that send the same people to HTTPS, each in its own words.
        // Who chooses wants to know of the names in them.
        let both_redirect = self.choose.is_none()
            && leads_to_https(&here.outline, ours)
            && leads_to_https(&there.outline, theirs);
        let tells = self.resolutions.tells_redirects();
        if our_item.meaning == their_item.meaning || both_redirect && !tells {
            self.local(Kind::Added, triple, Fate::AlreadyPresent);
            return;
        }
        if both_redirect {
            // Whole: a redirect of one side before the locations of the other would answer in their place.
            let conflict = self.conflict(Cause::BothAdded, triple);
            if self.choice(conflict) == Some(Choice::Theirs) {
                self.walked.acts[ours] = Act::Replace(theirs);
            }
            self.local(Kind::Added, triple, Fate::Disputed(conflict));
            return;
        }
        let is_block = our_item.is_block()
            && their_item.is_block()
            && is_alike(&here.outline, ours, &there.outline, theirs);
        let head_differs = !is_block || !same_words(here, there, (ours, theirs));
        let mut takes_theirs = false;
        let mut fate = Fate::AlreadyPresent;
        if says_nothing(there, theirs) {
            fate = Fate::Carried;
        } else if head_differs {
            let conflict = self.conflict(Cause::BothAdded, triple);
            takes_theirs = self.choice(conflict) == Some(Choice::Theirs);
            fate = Fate::Disputed(conflict);
        }
        if is_block {
            self.walked.acts[ours] = Act::Open(takes_theirs.then_some(theirs));
            self.walked.opened.insert(ours);
            self.open.push(Open { block: triple, is_new: true });
            // What stands in the block is told one by one; an empty one as a whole.
            if !our_item.children.is_empty() {
                if head_differs {
                    self.walked.headed.insert(ours);
                    self.local(Kind::Added, triple, fate);
                }
                return;
            }
        } else if takes_theirs {
            self.walked.acts[ours] = Act::Replace(theirs);
        }
        self.local(Kind::Added, triple, fate);
    }
}

/// What a list has beside those that are somebody's partner.
fn left<S: Whose>(list: &[At<S>], partners: &[Option<At<S>>]) -> Vec<At<S>> {
    let taken: BTreeSet<At<S>> = partners.iter().flatten().copied().collect();
    list.iter().copied().filter(|index| !taken.contains(index)).collect()
}

/// A directive's own bytes, without what stands around it.
fn written<'s, S: Whose>(side: &Side<'s, S>, index: At<S>) -> &'s [u8] {
    let item = &side.outline.items[index];
    &item.tree.source()[item.directive().span.range()]
}

/// Whether a directive names a server as a vendor must who does not know it.
fn says_nothing(side: &Side<'_, Theirs>, index: At<Theirs>) -> bool {
    let directive = side.outline.items[index].directive();
    directive.is("server_name") && is_placeholder(directive.args.iter())
}
