//! Puts the merged file together from parts of ours and new text.
//!
//! Invariant: nothing ever follows a comment on its line, and what is new on a
//! line of its own is not followed by anything there either. What is written
//! where is decided elsewhere.

use super::model::Output;
use crate::splice::Splice;
use std::ops::Range;

/// A part of the merged file.
pub(super) enum Piece {
    Ours(Range<usize>),
    Text(Vec<u8>),
}

pub(super) struct Writer<'s> {
    source: &'s [u8],
    pieces: Vec<Piece>,
    /// Up to here ours is written or left out.
    written: usize,
    /// The last thing written is a comment, which nothing may follow on its line.
    pub ends_in_comment: bool,
    /// The last thing written stands on a line of its own.
    pub must_break: bool,
    /// Blank lines above something that was left out.
    blank: Option<Range<usize>>,
}

impl<'s> Writer<'s> {
    pub fn new(source: &'s [u8]) -> Self {
        Self {
            source,
            pieces: Vec::new(),
            written: 0,
            ends_in_comment: false,
            must_break: false,
            blank: None,
        }
    }

    pub fn ours(&mut self, range: Range<usize>) {
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

    pub fn text(&mut self, text: Vec<u8>) {
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
    pub fn gap(&mut self, gap: Piece, newline: &[u8], indent: &[u8]) {
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
    pub fn foot(&mut self, foot: Piece, newline: &[u8], indent: &[u8]) {
        self.blank = None;
        if leading_breaks(self.bytes(&foot)) == 0 && (self.ends_in_comment || self.must_break) {
            let rest = self.bytes(&foot).trim_ascii_start().to_vec();
            self.text([newline, indent, &rest].concat());
        } else {
            self.piece(foot);
        }
    }

    /// What stands at the end of the file.
    pub fn end(&mut self, foot: Piece, newline: &[u8]) {
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

    pub fn tail(&mut self, tail: Piece) {
        let is_comment = !self.bytes(&tail).is_empty();
        self.piece(tail);
        self.ends_in_comment |= is_comment;
    }

    /// Something of ours goes; what stands apart above it stays.
    pub fn leave(&mut self, kept: Range<usize>, has_comments: bool) {
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
    pub fn inline(&mut self, text: Vec<u8>) {
        if self.ends_in_comment || self.must_break {
            self.text(b"\n".to_vec());
        }
        self.text([b" ", &text[..]].concat());
    }

    /// The gap of something new that starts a line.
    pub fn own_line(&mut self, gap: Vec<u8>, newline: &[u8], indent: &[u8]) {
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

    pub fn finish(self) -> Output {
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
