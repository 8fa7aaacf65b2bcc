//! Edits of one tree that leave everything else byte for byte.
//!
//! Invariant: what is inserted parses on its own, so that a value can never
//! close somebody else's block, and the whole parses after the edit. The tree
//! is not changed: edits become splices of its source.

use super::layout::{Formatted, Layout, Shape, indentation, line_start};
use super::position::{Span, SyntaxError};
use super::splice::{Overlap, Splice, arrange, splice};
use super::tree::{Body, DirectiveId, Tree};

/// Where to put something that has no neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Outside of all blocks.
    Top,
    /// In the block of this directive.
    Block(DirectiveId),
}

/// Why an edit is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text to insert is not a sequence of whole directives.
    #[error("the text to insert does not parse: {0}")]
    Text(SyntaxError),
    /// The text that should replace a directive holds none.
    #[error("the text to insert holds no directive")]
    NoDirective,
    /// The directive has no block of directives.
    #[error("directive \"{0}\" has no block to insert into")]
    NoBlock(String),
    /// Two edits want the same bytes.
    #[error(transparent)]
    Overlap(#[from] Overlap),
    /// The edited source would not parse, as with a block inside a `map`.
    #[error("the edited file would not parse: {0}")]
    Result(SyntaxError),
}

/// Edits being gathered; nothing happens before [`Edits::finish`].
///
/// Inserted text is written with four spaces a level and LF; it is laid out
/// like its neighbours. Insertions at one place keep the order of the calls.
#[derive(Debug, Clone)]
pub struct Edits<'t> {
    tree: &'t Tree,
    layout: Layout,
    splices: Vec<Splice>,
}

impl<'t> Edits<'t> {
    /// No edits yet.
    #[must_use]
    pub fn new(tree: &'t Tree) -> Self {
        Self { tree, layout: Layout::of(tree), splices: Vec::new() }
    }

    /// Inserts directives before one and before the comments that belong to it.
    ///
    /// # Errors
    /// Where the text does not parse on its own.
    pub fn insert_before(&mut self, id: DirectiveId, text: impl AsRef<[u8]>) -> Result<(), EditError> {
        let directive = self.tree.directive(id).span;
        let start = self.tree.comments_before(id).next().map_or(directive.start, |comment| comment.start);
        let indent = self.indent_of(id);
        let text = self.formatted(text.as_ref(), &indent)?;
        if self.starts_line(start) {
            self.insert_lines(line_start(self.source(), start), &indent, text);
        } else {
            let at = self.space_before(start);
            match text.shape {
                Shape::Inline if at == start => self.insert(start, [&text.bytes, &b" "[..]].concat()),
                Shape::Inline => self.insert(at, [b" ", &text.bytes[..]].concat()),
                Shape::Lines => self.break_line(at, start, &indent, text, &indent),
            }
        }
        Ok(())
    }

    /// Inserts directives behind one and behind the comment on its line.
    ///
    /// # Errors
    /// Where the text does not parse on its own.
    pub fn insert_after(&mut self, id: DirectiveId, text: impl AsRef<[u8]>) -> Result<(), EditError> {
        let end = self.tree.directive(id).span.end;
        let indent = self.indent_of(id);
        let text = self.formatted(text.as_ref(), &indent)?;
        match (self.line_end(end), text.shape) {
            (Some(line_end), _) => self.insert_lines(line_end, &indent, text),
            (None, Shape::Inline) => self.insert(end, [b" ", &text.bytes[..]].concat()),
            (None, Shape::Lines) => {
                let next = self.space_behind(end);
                let rest = match (self.source().get(next), self.tree.directive(id).parent) {
                    (Some(b'}'), Some(block)) => self.indent_of(block),
                    _ => indent.clone(),
                };
                self.break_line(end, next, &indent, text, &rest);
            }
        }
        Ok(())
    }

    /// Inserts directives at the start of a block, or of the file.
    ///
    /// # Errors
    /// Where the text does not parse on its own, or there is no block.
    pub fn prepend_to(&mut self, place: Place, text: impl AsRef<[u8]>) -> Result<(), EditError> {
        let Place::Block(id) = place else {
            let text = self.formatted(text.as_ref(), b"")?;
            self.insert_lines(0, b"", text);
            return Ok(());
        };
        let (open, _) = self.braces(id)?;
        let Some(&first) = self.tree.directive(id).children().first() else {
            return self.append_to(place, text);
        };
        let indent = self.indent_of(first);
        let text = self.formatted(text.as_ref(), &indent)?;
        match (self.line_end(open), text.shape) {
            (Some(line_end), _) => self.insert_lines(line_end, &indent, text),
            (None, Shape::Inline) => self.insert(open, [b" ", &text.bytes[..]].concat()),
            (None, Shape::Lines) => self.break_line(open, self.space_behind(open), &indent, text, &indent),
        }
        Ok(())
    }

    /// Inserts directives at the end of a block, or of the file.
    ///
    /// # Errors
    /// Where the text does not parse on its own, or there is no block.
    pub fn append_to(&mut self, place: Place, text: impl AsRef<[u8]>) -> Result<(), EditError> {
        let Place::Block(id) = place else {
            let text = self.formatted(text.as_ref(), b"")?;
            self.insert_lines(self.source().len(), b"", text);
            return Ok(());
        };
        let (open, close) = self.braces(id)?;
        let outer = self.indent_of(id);
        let indent = match self.tree.directive(id).children().last() {
            Some(&last) => self.indent_of(last),
            None => [&outer[..], &self.layout.unit].concat(),
        };
        let text = self.formatted(text.as_ref(), &indent)?;
        if self.starts_line(close) {
            self.insert_lines(line_start(self.source(), close), &indent, text);
            return Ok(());
        }
        let at = self.space_before(close);
        match text.shape {
            Shape::Inline if close == open => self.insert(at, [b" ", &text.bytes[..], b" "].concat()),
            Shape::Inline => self.insert(at, [b" ", &text.bytes[..]].concat()),
            Shape::Lines => self.break_line(at, close, &indent, text, &outer),
        }
        Ok(())
    }

    /// Puts directives in the place of one; its comments stay.
    ///
    /// # Errors
    /// Where the text does not parse on its own, or holds no directive.
    pub fn replace(&mut self, id: DirectiveId, text: impl AsRef<[u8]>) -> Result<(), EditError> {
        let span = self.tree.directive(id).span;
        let indent = self.indent_of(id);
        let parsed = Tree::parse(text.as_ref()).map_err(EditError::Text)?;
        if parsed.is_empty() {
            return Err(EditError::NoDirective);
        }
        let mut bytes = self.layout.format(&parsed, &indent).bytes;
        let is_last = |comment: Span| parsed.source()[comment.end..].trim_ascii().is_empty();
        let ends_in_comment = parsed.comments().next_back().is_some_and(is_last);
        if ends_in_comment && self.line_end(span.end).is_none() {
            bytes.extend(self.layout.newline);
            bytes.extend(&indent);
        }
        self.splices.push(Splice { range: span.range(), text: bytes });
        Ok(())
    }

    /// Removes a directive, with its line and the comment behind it where
    /// nothing else stands there; the comments above it stay.
    pub fn remove(&mut self, id: DirectiveId) {
        self.remove_from(id, self.tree.directive(id).span.start);
    }

    /// Removes a directive and the comments that belong to it.
    pub fn remove_with_comments(&mut self, id: DirectiveId) {
        let start = self.tree.directive(id).span.start;
        self.remove_from(id, self.tree.comments_before(id).next().map_or(start, |comment| comment.start));
    }

    /// The splices, sorted and apart.
    ///
    /// # Errors
    /// Where two edits want the same bytes, or the whole would not parse.
    pub fn finish(self) -> Result<Vec<Splice>, EditError> {
        let splices = arrange(self.splices)?;
        Tree::parse(splice(self.tree.source(), &splices)?).map_err(EditError::Result)?;
        Ok(splices)
    }

    fn remove_from(&mut self, id: DirectiveId, start: usize) {
        let source = self.source();
        let end = self.tree.directive(id).span.end;
        let range = match (self.starts_line(start), self.line_end(end)) {
            (true, Some(line_end)) => {
                let line = line_start(source, start);
                if line_end == source.len() && !source.ends_with(b"\n") {
                    let before = source[..line].strip_suffix(b"\n").unwrap_or_default();
                    before.strip_suffix(b"\r").unwrap_or(before).len()..line_end
                } else {
                    line..self.blank_line_too_many(line, line_end)
                }
            }
            (true, None) => start..self.space_behind(end),
            (false, _) => self.space_before(start)..end,
        };
        self.splices.push(Splice { range, text: Vec::new() });
    }

    /// Two blank lines that meet where lines are removed become one.
    fn blank_line_too_many(&self, line: usize, line_end: usize) -> usize {
        let source = self.source();
        let Some(above) = source[..line].strip_suffix(b"\n") else { return line_end };
        let above = &above[line_start(source, above.len())..];
        let below = &source[line_end..];
        let Some(len) = below.iter().position(|&byte| byte == b'\n') else { return line_end };
        let is_blank = |line: &[u8]| line.iter().all(u8::is_ascii_whitespace);
        if is_blank(above) && is_blank(&below[..len]) { line_end + len + 1 } else { line_end }
    }

    fn source(&self) -> &'t [u8] {
        self.tree.source()
    }

    fn formatted(&self, text: &[u8], indent: &[u8]) -> Result<Formatted, EditError> {
        let text = Tree::parse(text).map_err(EditError::Text)?;
        Ok(self.layout.format(&text, indent))
    }

    /// The offsets behind `{` and at `}`.
    fn braces(&self, id: DirectiveId) -> Result<(usize, usize), EditError> {
        let directive = self.tree.directive(id);
        match directive.body {
            Body::Block { open, close, .. } => Ok((open.end, close.start)),
            Body::Semicolon | Body::Lua { .. } => Err(EditError::NoBlock(directive.name.text().into_owned())),
        }
    }

    /// What a new line beside this directive starts with.
    fn indent_of(&self, id: DirectiveId) -> Vec<u8> {
        let mut id = id;
        let mut levels = 0;
        loop {
            let directive = self.tree.directive(id);
            match directive.parent {
                Some(block) if !self.starts_line(directive.span.start) => {
                    id = block;
                    levels += 1;
                }
                _ => {
                    let line = indentation(self.source(), directive.span.start);
                    return [line, &self.layout.unit.repeat(levels)].concat();
                }
            }
        }
    }

    fn insert(&mut self, at: usize, text: Vec<u8>) {
        self.splices.push(Splice { range: at..at, text });
    }

    /// Inserts whole lines at the start of a line, or at the end of the file.
    fn insert_lines(&mut self, at: usize, indent: &[u8], text: Formatted) {
        if text.bytes.is_empty() {
            return;
        }
        let newline = self.layout.newline;
        let unended = at > 0 && self.source()[at - 1] != b'\n';
        let parts = if unended { [newline, indent, &text.bytes] } else { [indent, &text.bytes, newline] };
        self.insert(at, parts.concat());
    }

    /// Breaks the line between `from` and `to`, which is white space, for text
    /// that needs lines of its own; what follows starts with `rest`.
    fn break_line(&mut self, from: usize, to: usize, indent: &[u8], text: Formatted, rest: &[u8]) {
        let newline = self.layout.newline;
        self.insert(from, [newline, indent, &text.bytes, newline, rest].concat());
        if from < to {
            self.splices.push(Splice { range: from..to, text: Vec::new() });
        }
    }

    /// Whether only white space stands before `offset` on its line.
    fn starts_line(&self, offset: usize) -> bool {
        let source = self.source();
        self.space_before(offset) == line_start(source, offset)
    }

    /// The start of the next line, or the end of the file, where only white
    /// space and a comment stand between.
    fn line_end(&self, offset: usize) -> Option<usize> {
        let source = self.source();
        let rest = &source[offset..];
        let next = rest.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r'));
        let len = rest.iter().position(|&byte| byte == b'\n').map_or(rest.len(), |at| at + 1);
        matches!(next, None | Some(b'\n' | b'#')).then_some(offset + len)
    }

    fn space_before(&self, offset: usize) -> usize {
        let before = &self.source()[..offset];
        before.iter().rposition(|byte| !matches!(byte, b' ' | b'\t')).map_or(0, |at| at + 1)
    }

    fn space_behind(&self, offset: usize) -> usize {
        let rest = &self.source()[offset..];
        offset + rest.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(rest.len())
    }
}

#[cfg(test)]
mod tests;
