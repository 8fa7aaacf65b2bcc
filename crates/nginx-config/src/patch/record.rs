//! From two versions to the changes between them.
//!
//! Invariant: what is recorded was made to the base once and compared; what
//! does not come out alike is recorded whole.

use super::apply::apply;
use super::change::{Change, ChangeKind};
use crate::diff::at::{At, Base, Ours};
use crate::diff::compare::{Pair, Side, moved, pair_lists, same_value};
use crate::diff::outline::Meanings;
use crate::diff::{Kind, diff, show};
use crate::position::Span;
use crate::tree::Tree;
use std::collections::BTreeSet;

/// The changes that lead from `base` to `ours`.
#[must_use]
pub fn record(base: &Tree, ours: &Tree) -> Vec<Change> {
    let mut meanings = Meanings::default();
    let old = Side::of_tree(base, &mut meanings);
    let new = Side::of_tree(ours, &mut meanings);
    let changes = Recorder { old: &old, new: &new, base, ours, found: Vec::new() }.run();
    let leads_there =
        apply(base, &changes).ok().and_then(|made| Tree::parse(made).ok()).is_some_and(|made| {
            let left = diff(ours, &made);
            left.is_empty() && left.cosmetic.iter().all(|change| change.kind != Kind::Comment)
        });
    if leads_there { changes } else { vec![whole(base, ours)] }
}

fn whole(base: &Tree, ours: &Tree) -> Change {
    Change {
        kind: ChangeKind::Whole,
        block: String::new(),
        directive: String::new(),
        after: None,
        text: Some(ours.source().to_vec()),
        was: Some(base.source().to_vec()),
        line: 1,
    }
}

struct Recorder<'a, 's> {
    old: &'a Side<'s, Base>,
    new: &'a Side<'s, Ours>,
    base: &'a Tree,
    ours: &'a Tree,
    found: Vec<Change>,
}

impl Recorder<'_, '_> {
    fn run(mut self) -> Vec<Change> {
        let mut open: Vec<Option<Pair>> = vec![None];
        while let Some(block) = open.pop() {
            let deeper = self.block(block);
            open.extend(deeper.into_iter().rev().map(Some));
        }
        self.found
    }

    /// What differs among the directives of a block; the blocks to look into.
    fn block(&mut self, block: Option<Pair>) -> Vec<Pair> {
        let (old, new) = (&self.old.outline, &self.new.outline);
        let from = old.children(block.map(|pair| pair.0));
        let to = new.children(block.map(|pair| pair.1));
        let partners = pair_lists(old, new, from, to);
        let pairs: Vec<Pair> = from.iter().zip(&partners).filter_map(|(&a, b)| Some((a, (*b)?))).collect();
        let moves: BTreeSet<Pair> = moved(old, &pairs).into_iter().collect();
        let mut deeper = Vec::new();
        for (&index, partner) in from.iter().zip(&partners) {
            match partner.map(|other| (index, other)).filter(|pair| !moves.contains(pair)) {
                None => self.removed(index),
                Some(pair) => {
                    self.heads(pair);
                    if old.items[pair.0].is_block() && new.items[pair.1].is_block() {
                        deeper.push(pair);
                    }
                }
            }
        }
        let stays: std::collections::BTreeMap<At<Ours>, At<Base>> =
            pairs.iter().filter(|pair| !moves.contains(pair)).map(|&(a, b)| (b, a)).collect();
        let mut after = None;
        for &index in to {
            match stays.get(&index) {
                Some(&anchor) => after = Some(anchor),
                None => self.added(block.map(|pair| pair.0), after, index),
            }
        }
        self.foot(block);
        deeper
    }

    fn push(
        &mut self,
        kind: ChangeKind,
        old: At<Base>,
        text: Option<Vec<u8>>,
        was: Option<Vec<u8>>,
        at: usize,
    ) {
        let outline = &self.old.outline;
        let block = show::path_of(outline, outline.items[old].parent);
        let directive = show::label(outline, old);
        let line = self.line(at);
        self.found.push(Change { kind, block, directive, after: None, text, was, line });
    }

    fn line(&self, offset: usize) -> usize {
        self.ours.position(offset).line
    }

    fn removed(&mut self, index: At<Base>) {
        let span = self.old.outline.items[index].directive().span;
        self.push(ChangeKind::Removed, index, None, Some(bytes(self.base, span)), 0);
        self.found.last_mut().expect("just pushed").line = 0;
    }

    fn added(&mut self, block: Option<At<Base>>, after: Option<At<Base>>, index: At<Ours>) {
        let outline = &self.old.outline;
        let item = &self.new.outline.items[index];
        let units = self.new.units_of(index);
        let (gap, tail) = (units.gap(item.id), units.tail(item.id));
        let start = text_start(self.ours, gap, item.directive().span.start);
        let change = Change {
            kind: ChangeKind::Added,
            block: show::path_of(outline, block),
            directive: show::label(&self.new.outline, index),
            after: after.map(|anchor| show::label(outline, anchor)),
            text: Some(self.ours.source()[start..tail.end].to_vec()),
            was: None,
            line: self.line(item.directive().span.start),
        };
        self.found.push(change);
    }

    /// What differs of two paired directives themselves.
    fn heads(&mut self, pair: Pair) {
        let (from, to) = pair;
        let (old, new) = (&self.old.outline.items[from], &self.new.outline.items[to]);
        let (old_units, new_units) = (self.old.units_of(from), self.new.units_of(to));
        let same = same_value(self.old, self.new, pair, old.is_block() && new.is_block());
        let [old_head, new_head] =
            [(old_units, old.id), (new_units, new.id)].map(|(units, id)| units.head(id));
        let [old_tail, new_tail] =
            [(old_units, old.id), (new_units, new.id)].map(|(units, id)| units.tail(id));
        let [old_gap, new_gap] = [(old_units, old.id), (new_units, new.id)].map(|(units, id)| units.gap(id));
        let same_inside = old_units.comments(old_head) == new_units.comments(new_head);
        let same_above = old_units.comments(old_gap) == new_units.comments(new_gap);
        let same_behind = old_units.comments(old_tail) == new_units.comments(new_tail);
        let start = new.directive().span.start;
        if !(same && same_inside) {
            let (was, text) = (bytes(self.base, old_head), bytes(self.ours, new_head));
            self.push(ChangeKind::Changed, from, Some(text), Some(was), start);
        }
        if !same_above {
            let (was, text) = (lines(self.base, old_gap), lines(self.ours, new_gap));
            self.push(ChangeKind::CommentAbove, from, Some(text), Some(was), start);
        }
        if !same_behind {
            let (was, text) = (bytes(self.base, old_tail), bytes(self.ours, new_tail));
            let trimmed = |text: Vec<u8>| text.trim_ascii().to_vec();
            self.push(ChangeKind::CommentBehind, from, Some(trimmed(text)), Some(trimmed(was)), start);
        }
    }

    fn foot(&mut self, block: Option<Pair>) {
        let feet = match block {
            None => self.old.root_units().zip(self.new.root_units()).map(|(a, b)| (a, b, None, None)),
            Some((from, to)) => {
                let (old, new) = (&self.old.outline.items[from], &self.new.outline.items[to]);
                Some((self.old.units_of(from), self.new.units_of(to), Some(old.id), Some(new.id)))
            }
        };
        let Some((old_units, new_units, old, new)) = feet else { return };
        let (was, now) = (old_units.foot(old), new_units.foot(new));
        if old_units.comments(was) == new_units.comments(now) {
            return;
        }
        let (was, text) = (lines(self.base, was), lines(self.ours, now));
        let (kind, line) = (ChangeKind::CommentAtEnd, self.line(now.start));
        match block {
            Some((from, _)) => self.push(kind, from, Some(text), Some(was), now.start),
            None => self.found.push(Change {
                kind,
                block: String::new(),
                directive: String::new(),
                after: None,
                text: Some(text),
                was: Some(was),
                line,
            }),
        }
    }
}

fn bytes(tree: &Tree, span: Span) -> Vec<u8> {
    tree.source()[span.range()].to_vec()
}

/// The lines of the comments in a span of white space and comments, with the
/// blank lines between them.
fn lines(tree: &Tree, span: Span) -> Vec<u8> {
    let start = text_start(tree, span, span.end);
    let source = &tree.source()[start.min(span.end)..span.end];
    let end = source.iter().rposition(|byte| *byte == b'\n').map_or(source.len(), |at| at + 1);
    let text = &source[..end];
    if text.trim_ascii().is_empty() { Vec::new() } else { text.to_vec() }
}

/// Where the lines of a directive with the comments before it start: at the
/// first comment in the gap, and at the start of its line where only white
/// space stands before it.
fn text_start(tree: &Tree, gap: Span, directive: usize) -> usize {
    let source = tree.source();
    let blank = source[gap.range()].iter().position(|byte| !byte.is_ascii_whitespace());
    let first = blank.map_or(directive, |at| gap.start + at);
    let line = source[gap.start..first].iter().rposition(|byte| *byte == b'\n').map(|at| gap.start + at + 1);
    line.unwrap_or(if gap.start == 0 { 0 } else { first })
}
