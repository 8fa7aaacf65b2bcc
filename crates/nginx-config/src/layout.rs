//! How a file is laid out: its line ends, its indentation, and inserted text
//! made to match.
//!
//! Invariant: only white space between tokens is changed; words, comments and
//! Lua code are inserted as they were given. Where to insert is not decided here.

use super::lexer::{Token, TokenKind};
use super::tree::Tree;
use std::collections::BTreeMap;

/// So many spaces are one level in the text that callers hand in.
const GIVEN_UNIT: usize = 4;

/// Directives looked at to learn a file's indentation.
const SAMPLE: usize = 2_000;

/// The habits of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    pub newline: &'static [u8],
    pub unit: Vec<u8>,
}

/// Text ready to be inserted, without indentation before its first line and
/// without a line end behind its last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Formatted {
    pub bytes: Vec<u8>,
    pub shape: Shape,
}

/// Whether inserted text can share a line with what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// It fits between two directives of a line.
    Inline,
    /// It has several lines, or a comment that nothing may follow.
    Lines,
}

impl Layout {
    pub(super) fn of(tree: &Tree) -> Self {
        let source = tree.source();
        let breaks = source.iter().filter(|&&byte| byte == b'\n').count();
        let windows_breaks = source.windows(2).filter(|pair| pair == b"\r\n").count();
        let newline: &[u8] = if windows_breaks * 2 > breaks { b"\r\n" } else { b"\n" };
        Self { newline, unit: unit_of(tree) }
    }

    /// The tokens of `text` for a place whose lines start with `indent`.
    pub(super) fn format(&self, text: &Tree, indent: &[u8]) -> Formatted {
        let tokens: Vec<_> = text.tokens().collect();
        let tokens = trimmed(&tokens);
        let first = tokens.first().map_or(0, |token| token.span.start);
        let given = depth(indentation(text.source(), first));
        let mut bytes = Vec::new();
        let mut shape = Shape::Inline;
        for token in tokens {
            let raw = &text.source()[token.span.range()];
            match token.kind {
                TokenKind::Space if raw.contains(&b'\n') => {
                    shape = Shape::Lines;
                    let breaks = raw.iter().filter(|&&byte| byte == b'\n').count();
                    bytes.extend(self.newline.repeat(breaks));
                    let line = raw.rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
                    bytes.extend(indent);
                    self.indent(depth(line).saturating_sub(given), &mut bytes);
                }
                TokenKind::Comment => {
                    shape = Shape::Lines;
                    bytes.extend(raw.strip_suffix(b"\r").unwrap_or(raw));
                }
                _ => bytes.extend(raw),
            }
        }
        Formatted { bytes, shape }
    }

    fn indent(&self, columns: usize, bytes: &mut Vec<u8>) {
        bytes.extend(self.unit.repeat(columns / GIVEN_UNIT));
        bytes.extend(b" ".repeat(columns % GIVEN_UNIT));
    }
}

/// The white space at the start of the line in which `offset` lies.
pub(super) fn indentation(source: &[u8], offset: usize) -> &[u8] {
    let line = &source[line_start(source, offset)..];
    let len = line.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(line.len());
    &line[..len]
}

/// Where the line in which `offset` lies begins.
pub(super) fn line_start(source: &[u8], offset: usize) -> usize {
    source[..offset].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1)
}

/// White space as columns of the text that callers hand in.
fn depth(space: &[u8]) -> usize {
    space
        .iter()
        .map(|byte| match byte {
            b'\t' => GIVEN_UNIT,
            b' ' => 1,
            _ => 0,
        })
        .sum()
}

fn trimmed(tokens: &[Token]) -> &[Token] {
    let is_space = |token: &Token| token.kind == TokenKind::Space;
    let start = tokens.iter().position(|token| !is_space(token)).unwrap_or(tokens.len());
    let end = tokens.iter().rposition(|token| !is_space(token)).map_or(start, |at| at + 1);
    &tokens[start..end]
}

/// What most blocks of the file indent their first directive by.
fn unit_of(tree: &Tree) -> Vec<u8> {
    let source = tree.source();
    let mut counts: BTreeMap<&[u8], usize> = BTreeMap::new();
    for id in tree.walk().take(SAMPLE) {
        let block = tree.directive(id);
        let Some(&child) = block.children().first() else { continue };
        let outer = indentation(source, block.span.start);
        let inner = indentation(source, tree.directive(child).span.start);
        if let Some(more) = inner.strip_prefix(outer).filter(|more| !more.is_empty()) {
            *counts.entry(more).or_default() += 1;
        }
    }
    let most = counts.into_iter().max_by_key(|&(_, count)| count);
    most.map_or_else(|| b" ".repeat(GIVEN_UNIT), |(unit, _)| unit.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(file: &str, text: &str, indent: &str, expect: &str) {
        let layout = Layout::of(&Tree::parse(file).expect("file"));
        let formatted = layout.format(&Tree::parse(text).expect("text"), indent.as_bytes());
        assert_eq!(String::from_utf8_lossy(&formatted.bytes), expect, "{text:?} into {file:?}");
    }

    #[test]
    fn text_takes_the_files_habits() {
        let text = "\n    a {\n        b \"x\n    y\";  # c\n\n        d;\n    }\n";
        check("s {\n\tx;\n}\n", text, "\t", "a {\n\t\tb \"x\n    y\";  # c\n\n\t\td;\n\t}");
        check("s {\r\n  x;\r\n}\r\n", text, "", "a {\r\n  b \"x\n    y\";  # c\r\n\r\n  d;\r\n}");
        check("", "a { b; }", "", "a { b; }");
    }
}
