//! Where things stand in a source: spans, positions, and the error that
//! carries one.
//!
//! Invariant: an offset is a byte offset into the source it was made from, and
//! lines end at LF alone, as nginx counts them. Nothing here knows the grammar.

use std::ops::Range;

/// A half-open range of bytes in one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset behind the last byte.
    pub end: usize,
}

impl Span {
    /// The span from `start` up to `end`.
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// How many bytes the span covers.
    #[must_use]
    pub const fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether the span covers no byte at all.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The span as a range, to index a source with.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// A place for people: both numbers start at 1, the column counts bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, counted as nginx counts it in its messages.
    pub line: usize,
    /// The byte within the line.
    pub column: usize,
}

impl Position {
    /// The position of `offset` in `source`, found by reading up to it.
    #[must_use]
    pub fn find(source: &[u8], offset: usize) -> Self {
        let before = &source[..offset.min(source.len())];
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        Self { line, column: before.len() - line_start + 1 }
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// The offsets at which lines start, so that many positions are cheap.
#[derive(Debug, Clone)]
pub(super) struct Lines(Vec<u32>);

impl Lines {
    pub(super) fn of(source: &[u8]) -> Self {
        let breaks = source.iter().filter(|&&byte| byte == b'\n').count();
        let mut starts = Vec::with_capacity(breaks + 1);
        starts.push(0);
        starts.extend((1..).zip(source).filter(|&(_, &byte)| byte == b'\n').map(|(behind, _)| behind));
        Self(starts)
    }

    pub(super) fn position(&self, offset: usize) -> Position {
        let line = self.0.partition_point(|&start| start as usize <= offset);
        Position { line, column: offset - self.0[line - 1] as usize + 1 }
    }
}

/// Why a source is no nginx configuration, in nginx's own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at {line}:{column}")]
pub struct SyntaxError {
    /// The line nginx names for the same fault.
    pub line: usize,
    /// The byte within that line, from 1.
    pub column: usize,
    /// The byte offset in the source.
    pub offset: usize,
    /// What `nginx -t` says before "in FILE:LINE".
    pub reason: String,
    /// Whether it is no fault for nginx: the source is larger than is read here.
    pub is_limit: bool,
}

impl SyntaxError {
    pub(super) fn at(source: &[u8], offset: usize, reason: impl Into<String>) -> Self {
        let Position { line, column } = Position::find(source, offset);
        Self { line, column, offset, reason: reason.into(), is_limit: false }
    }

    /// A source that is larger than is read here.
    pub(super) fn limit(source: &[u8], offset: usize, reason: impl Into<String>) -> Self {
        Self { is_limit: true, ..Self::at(source, offset, reason) }
    }

    /// Line and column together.
    #[must_use]
    pub fn position(&self) -> Position {
        Position { line: self.line, column: self.column }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_start_at_one_and_count_bytes() {
        let source = "a\nä b\r\n\nc".as_bytes();
        let lines = Lines::of(source);
        for offset in 0..=source.len() {
            assert_eq!(lines.position(offset), Position::find(source, offset), "offset {offset}");
        }
        assert_eq!(lines.position(0), Position { line: 1, column: 1 });
        assert_eq!(lines.position(5), Position { line: 2, column: 4 });
        assert_eq!(lines.position(source.len()), Position { line: 4, column: 2 });
    }
}
