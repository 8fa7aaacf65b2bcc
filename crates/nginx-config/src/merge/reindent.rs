//! Text of theirs, laid out for a place in ours.
//!
//! Invariant: words, comments and Lua code stay byte for byte; only white
//! space between them is changed, and only where the two files differ in
//! their line ends or indentation.

use crate::layout::Layout;
use crate::lexer::TokenKind;
use crate::position::Span;
use crate::tree::Tree;

/// How theirs is laid out, and how ours is.
pub(super) struct Reindent<'t> {
    theirs: &'t Tree,
    from: Layout,
    to: Layout,
}

impl<'t> Reindent<'t> {
    pub fn new(theirs: &'t Tree, ours: &Tree) -> Self {
        Self { theirs, from: Layout::of(theirs), to: Layout::of(ours) }
    }

    /// A span of theirs that starts and ends between tokens, for a place whose
    /// lines start with `to` where they start with `from` in theirs.
    pub fn text(&self, span: Span, from: &[u8], to: &[u8]) -> Vec<u8> {
        let source = self.theirs.source();
        let alike =
            self.from.newline == self.to.newline && (self.from.unit == self.to.unit || is_flat(source, span));
        if alike && from == to {
            return source[span.range()].to_vec();
        }
        let mut text = Vec::with_capacity(span.len());
        for token in self.theirs.tokens_of(span) {
            let raw = &source[token.span.start..token.span.end.min(span.end)];
            match token.kind {
                TokenKind::Space if raw.contains(&b'\n') => self.lines(raw, from, to, &mut text),
                TokenKind::Comment => text.extend(raw.strip_suffix(b"\r").unwrap_or(raw)),
                _ => text.extend(raw),
            }
        }
        text
    }

    /// What ours ends its lines with.
    pub fn newline(&self) -> &'static [u8] {
        self.to.newline
    }

    /// One level of indentation in ours.
    pub fn unit(&self) -> &[u8] {
        &self.to.unit
    }

    fn lines(&self, space: &[u8], from: &[u8], to: &[u8], text: &mut Vec<u8>) {
        let breaks = space.iter().filter(|&&byte| byte == b'\n').count();
        // What stands before the first line end is no indentation.
        let before = space.iter().take_while(|byte| !matches!(byte, b'\r' | b'\n')).count();
        text.extend(&space[..before]);
        text.extend(self.to.newline.repeat(breaks));
        let indent = space.rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
        let Some(mut deeper) = indent.strip_prefix(from) else {
            text.extend(to);
            return;
        };
        text.extend(to);
        while let Some(rest) = deeper.strip_prefix(&self.from.unit[..]).filter(|_| !self.from.unit.is_empty())
        {
            text.extend(&self.to.unit);
            deeper = rest;
        }
        text.extend(deeper);
    }
}

/// The white space that the line of `offset` starts with. The tree knows where
/// lines start, so that a file on one line is not searched over and over.
pub(super) fn line_indent(tree: &Tree, offset: usize) -> &[u8] {
    let start = offset + 1 - tree.position(offset).column;
    let line = &tree.source()[start..];
    let len = line.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(line.len());
    &line[..len]
}

/// The same, if nothing else stands before `offset` on its line.
pub(super) fn indent_at(tree: &Tree, offset: usize) -> Option<&[u8]> {
    let indent = line_indent(tree, offset);
    (indent.len() + 1 >= tree.position(offset).column).then_some(indent)
}

fn is_flat(source: &[u8], span: Span) -> bool {
    !source[span.range()].contains(&b'\n')
}
