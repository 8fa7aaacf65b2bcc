//! Writes the merged file, as splices of ours.
//!
//! Invariant: what is not decided otherwise is copied from ours byte for byte,
//! and nothing ever follows a comment on its line. Nothing is decided here.

use super::super::diff::trivia::Units;
use super::super::position::Span;
use super::super::splice::Splice;
use super::super::tree::{Body, DirectiveId, Tree};
use super::relay::{Relay, indent_at};
use super::walk::{Act, Entry, Walked};
use super::{Output, Sides};
use std::ops::Range;

pub(super) fn emit(sides: &Sides<'_, '_>, walked: &Walked) -> Output {
    let tree = |side: &super::Side<'_>| side.tree.map(Tree::source).unwrap_or_default().to_vec();
    let (base, ours, theirs) = (tree(sides.base), tree(sides.ours), tree(sides.theirs));
    if base == ours {
        let splices = vec![Splice { range: 0..ours.len(), text: theirs.clone() }];
        return Output { splices: if ours == theirs { Vec::new() } else { splices }, text: theirs };
    }
    let (Some(ours), Some(theirs)) = (sides.ours.tree, sides.theirs.tree) else {
        return Output { text: ours, splices: Vec::new() };
    };
    let emitter = Emitter {
        ours,
        units: Units::of(ours),
        theirs,
        their_units: Units::of(theirs),
        relay: Relay::new(theirs, ours),
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
    relay: Relay<'a>,
    walked: &'a Walked,
    writer: Writer<'a>,
}

/// A block that is being written.
struct Frame<'a> {
    block: Option<usize>,
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

    fn frame(&self, block: Option<usize>) -> Frame<'a> {
        let entries = self.walked.blocks.get(&block).map(|entries| entries.iter()).unwrap_or_default();
        let Some(index) = block else {
            return Frame { block, entries, indent: Vec::new(), is_inline: false };
        };
        let id = DirectiveId::at(index);
        let (outer, first) = (self.line_indent(id), self.ours.directive(id).children().first());
        let beside =
            first.and_then(|first| indent_at(self.ours.source(), self.ours.directive(*first).span.start));
        let indent = beside.map_or_else(|| [&outer, self.relay.unit()].concat(), <[u8]>::to_vec);
        let inside = match &self.ours.directive(id).body {
            Body::Block { open, close, .. } => Span::new(open.end, close.start),
            Body::Semicolon | Body::Lua { .. } => Span::new(0, 0),
        };
        Frame { block, entries, indent, is_inline: !self.units.text(inside).contains(&b'\n') }
    }

    /// Writes a directive of ours; says whether its block is to be written next.
    fn directive(&mut self, index: usize, indent: &[u8]) -> bool {
        let id = DirectiveId::at(index);
        let act = self.walked.acts[index];
        if act == Act::Remove {
            self.remove(id);
            return false;
        }
        let to = self.line_indent(id);
        match self.walked.gaps.get(&index) {
            Some(&theirs) => {
                let their_id = DirectiveId::at(theirs);
                let gap = self.relay.text(self.their_units.gap(their_id), self.their_indent(their_id), &to);
                self.writer.gap(Piece::Text(gap), self.relay.newline(), indent);
            }
            None => {
                let gap = Piece::Ours(self.units.gap(id).range());
                self.writer.gap(gap, self.relay.newline(), indent);
            }
        }
        let span = self.ours.directive(id).span;
        match act {
            Act::Keep | Act::Remove => self.writer.ours(span.range()),
            Act::Replace(theirs) => {
                let their_id = DirectiveId::at(theirs);
                let their_span = self.theirs.directive(their_id).span;
                let text = self.relay.text(their_span, self.their_indent(their_id), &to);
                self.writer.text(text);
            }
            Act::Open(head) => {
                let rest = match head {
                    Some(theirs) => {
                        let their_id = DirectiveId::at(theirs);
                        let words = words_of(self.theirs, their_id);
                        let text = self.relay.text(words, self.their_indent(their_id), &to);
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

    fn close(&mut self, block: Option<usize>) {
        let id = block.map(DirectiveId::at);
        let indent = id.map(|id| self.line_indent(id)).unwrap_or_default();
        let foot = match self.walked.feet.get(&block) {
            Some(theirs) => {
                let their_id = theirs.map(DirectiveId::at);
                let from = their_id.map(|id| self.their_indent(id)).unwrap_or_default();
                Piece::Text(self.relay.text(self.their_units.foot(their_id), from, &indent))
            }
            None => Piece::Ours(self.units.foot(id).range()),
        };
        let newline = self.relay.newline();
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

    fn tail(&mut self, index: usize) {
        let tail = match self.walked.tails.get(&index) {
            Some(&theirs) => {
                let text = self.their_units.text(self.their_units.tail(DirectiveId::at(theirs)));
                Piece::Text(text.strip_suffix(b"\r").unwrap_or(text).to_vec())
            }
            None => Piece::Ours(self.units.tail(DirectiveId::at(index)).range()),
        };
        self.writer.tail(tail);
    }

    /// Leaves a directive out with the comments that belong to it; those that
    /// stand apart above it stay.
    fn remove(&mut self, id: DirectiveId) {
        let gap = self.units.gap(id);
        let attached = self.ours.comments_before(id).first().map_or(gap.end, |token| token.span.start);
        // A comment on the line of an opening brace is nobody's; it is never cut in two.
        let kept = Span::new(gap.start, attached.max(gap.start));
        let text = self.units.text(kept);
        let end = text.iter().rposition(|byte| !matches!(byte, b' ' | b'\t')).map_or(0, |at| at + 1);
        let line = text[..end]
            .strip_suffix(b"\n")
            .map_or(end, |line| line.strip_suffix(b"\r").unwrap_or(line).len());
        let kept = Span::new(kept.start, kept.start + line);
        let has_comments = !self.units.comments(kept).is_empty();
        self.writer.leave(kept.range(), has_comments);
    }

    /// Writes a directive of theirs that is new here.
    fn insert(&mut self, index: usize, frame: &Frame<'_>) {
        let id = DirectiveId::at(index);
        let span = self.theirs.directive(id).span;
        let from = self.their_indent(id);
        let text = self.relay.text(span, from, &frame.indent);
        let gap = self.their_units.gap(id);
        let is_flat = !text.contains(&b'\n') && self.their_units.notes(id).is_empty();
        if frame.is_inline && is_flat {
            self.writer.inline(text);
            return;
        }
        let gap = self.relay.text(gap, from, &frame.indent);
        self.writer.own_line(gap, self.relay.newline(), &frame.indent);
        self.writer.text(text);
        let tail = self.their_units.text(self.their_units.tail(id));
        self.writer.tail(Piece::Text(tail.strip_suffix(b"\r").unwrap_or(tail).to_vec()));
        self.writer.must_break = true;
    }

    /// The white space that the line of a directive of ours starts with.
    fn line_indent(&self, id: DirectiveId) -> Vec<u8> {
        super::super::layout::indentation(self.ours.source(), self.ours.directive(id).span.start).to_vec()
    }

    fn their_indent(&self, id: DirectiveId) -> &'a [u8] {
        super::super::layout::indentation(self.theirs.source(), self.theirs.directive(id).span.start)
    }
}

/// A directive's name and arguments, as they are written.
fn words_of(tree: &Tree, id: DirectiveId) -> Span {
    let directive = tree.directive(id);
    let last = directive.args.last().unwrap_or(&directive.name);
    Span::new(directive.span.start, last.span.end)
}

/// A part of the merged file.
enum Piece {
    Ours(Range<usize>),
    Text(Vec<u8>),
}

struct Writer<'s> {
    source: &'s [u8],
    pieces: Vec<Piece>,
    /// Up to here ours is written or left out.
    written: usize,
    /// The last thing written is a comment, which nothing may follow on its line.
    ends_in_comment: bool,
    /// The last thing written stands on a line of its own.
    must_break: bool,
    /// Blank lines above something that was left out.
    blank: Option<Range<usize>>,
}

impl<'s> Writer<'s> {
    fn new(source: &'s [u8]) -> Self {
        Self {
            source,
            pieces: Vec::new(),
            written: 0,
            ends_in_comment: false,
            must_break: false,
            blank: None,
        }
    }

    fn ours(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        self.ends_in_comment = false;
        self.must_break = false;
        if range.start < self.written {
            // It stands elsewhere now: a copy, because splices do not move.
            self.pieces.push(Piece::Text(self.source[range].to_vec()));
        } else {
            self.written = range.end;
            self.pieces.push(Piece::Ours(range));
        }
    }

    fn text(&mut self, text: Vec<u8>) {
        if !text.is_empty() {
            self.ends_in_comment = false;
            self.must_break = false;
            self.pieces.push(Piece::Text(text));
        }
    }

    fn piece(&mut self, piece: Piece) {
        match piece {
            Piece::Ours(range) => self.ours(range),
            Piece::Text(text) => self.text(text),
        }
    }

    fn bytes<'p>(&'p self, piece: &'p Piece) -> &'p [u8] {
        match piece {
            Piece::Ours(range) => &self.source[range.clone()],
            Piece::Text(text) => text,
        }
    }

    /// What stands before a directive that was there.
    fn gap(&mut self, gap: Piece, newline: &[u8], indent: &[u8]) {
        let bytes = self.bytes(&gap);
        let breaks = leading_breaks(bytes);
        if self.pieces.is_empty() && !matches!(&gap, Piece::Ours(range) if range.start == 0) {
            let text = without_leading_lines(bytes).to_vec();
            self.blank = None;
            self.text(text);
            return;
        }
        if let Some(blank) = self.blank.take()
            && breaks == 1
        {
            self.ours(blank);
            self.piece(gap);
            return;
        }
        if breaks == 0 && (self.ends_in_comment || self.must_break) {
            let rest = self.bytes(&gap).trim_ascii_start().to_vec();
            self.text([newline, indent, &rest].concat());
        } else {
            self.piece(gap);
        }
    }

    /// What stands before a closing brace.
    fn foot(&mut self, foot: Piece, newline: &[u8], indent: &[u8]) {
        self.blank = None;
        if leading_breaks(self.bytes(&foot)) == 0 && (self.ends_in_comment || self.must_break) {
            let rest = self.bytes(&foot).trim_ascii_start().to_vec();
            self.text([newline, indent, &rest].concat());
        } else {
            self.piece(foot);
        }
    }

    /// What stands at the end of the file.
    fn end(&mut self, foot: Piece, newline: &[u8]) {
        self.blank = None;
        let bytes = self.bytes(&foot);
        if bytes.is_empty() && self.must_break {
            self.text(newline.to_vec());
        } else if !bytes.is_empty() && leading_breaks(bytes) == 0 && (self.ends_in_comment || self.must_break)
        {
            let rest = bytes.to_vec();
            self.text([newline, &rest].concat());
        } else {
            self.piece(foot);
        }
    }

    fn tail(&mut self, tail: Piece) {
        let is_comment = !self.bytes(&tail).is_empty();
        self.piece(tail);
        self.ends_in_comment |= is_comment;
    }

    /// Something of ours goes; what stands apart above it stays.
    fn leave(&mut self, kept: Range<usize>, has_comments: bool) {
        if has_comments {
            if let Some(blank) = self.blank.take() {
                self.ours(blank);
            }
            let gap = Piece::Ours(kept);
            self.gap(gap, b"\n", b"");
            self.ends_in_comment = true;
        } else if !kept.is_empty() && self.blank.is_none() {
            self.blank = Some(kept);
        }
    }

    /// Something new that fits on the line of its neighbours.
    fn inline(&mut self, text: Vec<u8>) {
        if self.ends_in_comment || self.must_break {
            self.text(b"\n".to_vec());
        }
        self.text([b" ", &text[..]].concat());
    }

    /// The gap of something new that starts a line.
    fn own_line(&mut self, gap: Vec<u8>, newline: &[u8], indent: &[u8]) {
        self.blank = None;
        if self.pieces.is_empty() {
            self.text(without_leading_lines(&gap).to_vec());
        } else if leading_breaks(&gap) == 0 {
            let rest = gap.trim_ascii_start().to_vec();
            self.text([newline, indent, &rest].concat());
        } else {
            self.text(gap);
        }
    }

    fn finish(self) -> Output {
        let mut splices: Vec<Splice> = Vec::new();
        let mut result = Vec::with_capacity(self.source.len());
        let mut at = 0;
        let mut new: Vec<u8> = Vec::new();
        for piece in self.pieces {
            match piece {
                Piece::Text(text) => {
                    result.extend(&text);
                    new.extend(text);
                }
                Piece::Ours(range) => {
                    result.extend(&self.source[range.clone()]);
                    if range.start > at || !new.is_empty() {
                        splices.push(Splice { range: at..range.start, text: std::mem::take(&mut new) });
                    }
                    at = range.end;
                }
            }
        }
        if at < self.source.len() || !new.is_empty() {
            splices.push(Splice { range: at..self.source.len(), text: new });
        }
        Output { text: result, splices }
    }
}

/// Line ends before anything else.
fn leading_breaks(bytes: &[u8]) -> usize {
    let space = bytes.iter().take_while(|byte| byte.is_ascii_whitespace());
    space.filter(|&&byte| byte == b'\n').count()
}

/// From the start of the first line that is not blank.
fn without_leading_lines(bytes: &[u8]) -> &[u8] {
    let space = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let start = bytes[..space].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    &bytes[start..]
}
