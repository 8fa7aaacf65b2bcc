//! Writes the merged file, as splices of ours.
//!
//! Invariant: what is not decided otherwise is copied from ours byte for byte,
//! and nothing ever follows a comment on its line. Nothing is decided here.

use super::model::{Output, Sides};
use super::reindent::{Reindent, indent_at, line_indent};
use super::walked::{Act, Entry, Walked};
use super::writer::{Piece, Writer};
use crate::diff::at::{At, Ours, Theirs};
use crate::diff::trivia::Units;
use crate::position::Span;
use crate::splice::Splice;
use crate::tree::{Body, DirectiveId, Tree};
use std::collections::BTreeSet;

pub(super) fn emit(sides: &Sides<'_, '_>, walked: &Walked) -> Output {
    let [base, ours, theirs] = [sides.base.tree, sides.ours.tree, sides.theirs.tree]
        .map(|tree| tree.map(Tree::source).unwrap_or_default().to_vec());
    if base == ours && walked.decided.is_empty() && !walked.by_choice {
        let splices = vec![Splice { range: 0..ours.len(), text: theirs.clone() }];
        return Output { splices: if ours == theirs { Vec::new() } else { splices }, text: theirs };
    }
    let (Some(ours), Some(theirs)) = (sides.ours.tree, sides.theirs.tree) else {
        return Output { text: ours, splices: Vec::new() };
    };
    let units = Units::of(ours);
    let stays = |id: &DirectiveId| !walked.gaps.contains_key(&At::of(*id));
    let emitter = Emitter {
        ours,
        staying: ours.walk().filter(stays).flat_map(|id| units.apart(id)).collect(),
        units,
        led: None,
        theirs,
        their_units: Units::of(theirs),
        reindent: Reindent::new(theirs, ours),
        walked,
        writer: Writer::new(ours.source()),
    };
    emitter.run()
}

struct Emitter<'a> {
    ours: &'a Tree,
    units: Units<'a>,
    theirs: &'a Tree,
    their_units: Units<'a>,
    reindent: Reindent<'a>,
    walked: &'a Walked,
    /// Comments of ours between directives, as far as they stay.
    staying: BTreeSet<&'a [u8]>,
    /// The directive of ours whose comments apart are written before it is.
    led: Option<DirectiveId>,
    writer: Writer<'a>,
}

/// A block that is being written.
struct Frame<'a> {
    block: Option<At<Ours>>,
    entries: std::slice::Iter<'a, Entry>,
    /// What a new line in the block starts with.
    indent: Vec<u8>,
    /// The block stands on one line.
    is_inline: bool,
}

impl<'a> Emitter<'a> {
    fn run(mut self) -> Output {
        let mut open = vec![self.frame(None)];
        while let Some(frame) = open.last_mut() {
            match frame.entries.next() {
                Some(Entry::Theirs(theirs)) => self.insert(*theirs, frame),
                Some(Entry::Ours(ours)) => {
                    if self.directive(*ours, &frame.indent) {
                        let inner = self.frame(Some(*ours));
                        open.push(inner);
                    }
                }
                None => {
                    let block = frame.block;
                    open.pop();
                    self.close(block);
                }
            }
        }
        self.writer.finish()
    }

    fn frame(&self, block: Option<At<Ours>>) -> Frame<'a> {
        let entries = self.walked.blocks.get(&block).map(|entries| entries.iter()).unwrap_or_default();
        let Some(index) = block else {
            return Frame { block, entries, indent: Vec::new(), is_inline: false };
        };
        let id = index.id();
        let (outer, first) = (self.line_indent(id), self.ours.directive(id).children().first());
        let beside = first.and_then(|first| indent_at(self.ours, self.ours.directive(*first).span.start));
        let indent = beside.map_or_else(|| [&outer, self.reindent.unit()].concat(), <[u8]>::to_vec);
        let line = |offset: usize| self.ours.position(offset).line;
        let is_inline = match &self.ours.directive(id).body {
            Body::Block { open, close, .. } => line(open.end) == line(close.start),
            Body::Semicolon | Body::Lua { .. } => false,
        };
        Frame { block, entries, indent, is_inline }
    }

    /// Writes a directive of ours; says whether its block is to be written next.
    fn directive(&mut self, index: At<Ours>, indent: &[u8]) -> bool {
        let id = index.id();
        let act = self.walked.acts[index];
        if act == Act::Remove {
            self.remove(id);
            return false;
        }
        let to = self.line_indent(id);
        match self.walked.gaps.get(&index) {
            Some(&theirs) => {
                let their_id = theirs.id();
                let gap =
                    self.reindent.text(self.their_units.gap(their_id), self.their_indent(their_id), &to);
                self.writer.gap(Piece::Text(gap), self.reindent.newline(), indent);
            }
            None => {
                let mut gap = self.units.gap(id);
                if self.led == Some(id) {
                    gap.start = self.apart(id).end;
                }
                self.writer.gap(Piece::Ours(gap.range()), self.reindent.newline(), indent);
            }
        }
        let span = self.ours.directive(id).span;
        match act {
            Act::Keep | Act::Remove => self.writer.ours(span.range()),
            Act::Replace(theirs) => {
                let their_id = theirs.id();
                let their_span = self.theirs.directive(their_id).span;
                let text = self.reindent.text(their_span, self.their_indent(their_id), &to);
                self.writer.text(text);
            }
            Act::Open(head) => {
                let rest = match head {
                    Some(theirs) => {
                        let their_id = theirs.id();
                        let words = words_of(self.theirs, their_id);
                        let text = self.reindent.text(words, self.their_indent(their_id), &to);
                        self.writer.text(text);
                        words_of(self.ours, id).end
                    }
                    None => span.start,
                };
                self.writer.ours(rest..self.units.head(id).end);
                return true;
            }
        }
        self.tail(index);
        false
    }

    fn close(&mut self, block: Option<At<Ours>>) {
        let id = block.map(At::id);
        let indent = id.map(|id| self.line_indent(id)).unwrap_or_default();
        let foot = match self.walked.feet.get(&block) {
            Some(theirs) => {
                let their_id = theirs.map(At::id);
                let from = their_id.map(|id| self.their_indent(id)).unwrap_or_default();
                Piece::Text(self.reindent.text(self.their_units.foot(their_id), from, &indent))
            }
            None => Piece::Ours(self.units.foot(id).range()),
        };
        let newline = self.reindent.newline();
        let (Some(index), Some(id)) = (block, id) else {
            self.writer.end(foot, newline);
            return;
        };
        self.writer.foot(foot, newline, &indent);
        if let Body::Block { close, .. } = self.ours.directive(id).body {
            self.writer.ours(close.range());
        }
        self.tail(index);
    }

    fn tail(&mut self, index: At<Ours>) {
        let tail = match self.walked.tails.get(&index) {
            Some(&theirs) => {
                let text = self.their_units.text(self.their_units.tail(theirs.id()));
                Piece::Text(text.strip_suffix(b"\r").unwrap_or(text).to_vec())
            }
            None => Piece::Ours(self.units.tail(index.id()).range()),
        };
        self.writer.tail(tail);
    }

    /// Leaves a directive out with the comments that belong to it; those that
    /// stand apart above it stay.
    fn remove(&mut self, id: DirectiveId) {
        let mut kept = self.apart(id);
        if self.led == Some(id) {
            kept.start = kept.end;
        }
        let has_comments = !self.units.comments(kept).is_empty();
        self.writer.leave(kept.range(), has_comments);
    }

    /// What stands apart above a directive of ours, without the last line end.
    fn apart(&self, id: DirectiveId) -> Span {
        let gap = self.units.gap(id);
        let text = self.units.text(Span::new(gap.start, self.units.attached(id)));
        let end = text.iter().rposition(|byte| !matches!(byte, b' ' | b'\t')).map_or(0, |at| at + 1);
        let line = text[..end]
            .strip_suffix(b"\n")
            .map_or(end, |line| line.strip_suffix(b"\r").unwrap_or(line).len());
        Span::new(gap.start, gap.start + line)
    }

    /// Writes what stands apart above the next directive of ours, such as the
    /// file's header, where something new comes between.
    fn lead(&mut self, frame: &Frame<'_>) {
        let next = frame.entries.clone().find_map(|entry| match entry {
            Entry::Ours(index) => Some(*index),
            Entry::Theirs(_) => None,
        });
        let Some(index) = next.filter(|index| !self.walked.gaps.contains_key(index)) else { return };
        let id = index.id();
        let apart = self.apart(id);
        if self.led == Some(id) || self.units.comments(apart).is_empty() {
            return;
        }
        self.writer.gap(Piece::Ours(apart.range()), self.reindent.newline(), &frame.indent);
        self.writer.ends_in_comment = true;
        self.led = Some(id);
    }

    /// Writes a directive of theirs that is new here.
    fn insert(&mut self, index: At<Theirs>, frame: &Frame<'_>) {
        let id = index.id();
        let span = self.theirs.directive(id).span;
        let from = self.their_indent(id);
        let text = self.block_of_theirs(span, from, &frame.indent);
        let mut gap = self.their_units.gap(id);
        let apart = self.their_units.apart(id);
        if !apart.is_empty() && apart.iter().all(|comment| self.staying.contains(comment)) {
            // It stands in ours already, before another directive.
            gap.start = self.their_units.attached(id);
            self.lead(frame);
        }
        let is_flat = !text.contains(&b'\n') && self.their_units.notes(id).is_empty();
        if frame.is_inline && is_flat {
            self.writer.inline(text);
            return;
        }
        let gap = self.reindent.text(gap, from, &frame.indent);
        self.writer.own_line(gap, self.reindent.newline(), &frame.indent);
        self.writer.text(text);
        let tail = self.their_units.text(self.their_units.tail(id));
        self.writer.tail(Piece::Text(tail.strip_suffix(b"\r").unwrap_or(tail).to_vec()));
        self.writer.must_break = true;
    }

    /// Text of theirs, with the names that its block takes over from ours.
    fn block_of_theirs(&self, span: Span, from: &[u8], to: &[u8]) -> Vec<u8> {
        let mut text = Vec::new();
        let mut at = span.start;
        for (&theirs, &ours) in &self.walked.renamed {
            let names = self.theirs.directive(theirs.id()).span;
            if names.start < at || names.end > span.end {
                continue;
            }
            text.extend(self.reindent.text(Span::new(at, names.start), from, to));
            text.extend(&self.ours.source()[self.ours.directive(ours.id()).span.range()]);
            at = names.end;
        }
        text.extend(self.reindent.text(Span::new(at, span.end), from, to));
        text
    }

    /// The white space that the line of a directive of ours starts with.
    fn line_indent(&self, id: DirectiveId) -> Vec<u8> {
        line_indent(self.ours, self.ours.directive(id).span.start).to_vec()
    }

    fn their_indent(&self, id: DirectiveId) -> &'a [u8] {
        line_indent(self.theirs, self.theirs.directive(id).span.start)
    }
}

/// A directive's name and arguments, as they are written.
fn words_of(tree: &Tree, id: DirectiveId) -> Span {
    let directive = tree.directive(id);
    let last = directive.args.last().unwrap_or(directive.name);
    Span::new(directive.span.start, last.span.end)
}
