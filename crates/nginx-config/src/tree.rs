//! The tree of one source: every directive, in an arena, over its own bytes.
//!
//! Invariant: `tree.print()` is the source, byte for byte. Ids are indexes in
//! source order and mean nothing in another tree. The tree is never changed:
//! an edit is a list of splices, and its result is parsed anew.

use super::lexer::{Token, TokenKind};
use super::position::{Lines, Position, Span, SyntaxError};
use super::redact::List;
use super::word::Word;

/// A directive of one [`Tree`]; greater ids stand later in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DirectiveId(pub(super) u32);

impl DirectiveId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }

    /// The id of an index that came from [`DirectiveId::index`].
    pub(super) fn at(index: usize) -> Self {
        Self(u32::try_from(index).expect("an index was an id"))
    }
}

/// A directive: name, arguments and what ends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// The first word.
    pub name: Word,
    /// The other words up to `;` or `{`.
    pub args: Vec<Word>,
    /// From the name through the `;` or the closing brace.
    pub span: Span,
    /// What ends the directive.
    pub body: Body,
    /// The block the directive stands in; `None` at the top of the source.
    pub parent: Option<DirectiveId>,
}

/// What ends a directive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// `;`
    Semicolon,
    /// Directives in braces.
    Block {
        /// The `{`.
        open: Span,
        /// The `}`.
        close: Span,
        /// The directives between, in source order.
        children: Vec<DirectiveId>,
    },
    /// Lua code in braces.
    Lua {
        /// The code between the braces.
        span: Span,
    },
}

impl Directive {
    /// Whether the directive has this name.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.is(name)
    }

    /// The value of argument `index`, from 0.
    #[must_use]
    pub fn arg(&self, index: usize) -> Option<&[u8]> {
        self.args.get(index).map(|word| word.value.as_slice())
    }

    /// The directives of the block; none where there is no block.
    #[must_use]
    pub fn children(&self) -> &[DirectiveId] {
        match &self.body {
            Body::Block { children, .. } => children,
            Body::Semicolon | Body::Lua { .. } => &[],
        }
    }
}

/// One source and what stands in it.
#[derive(Debug, Clone)]
pub struct Tree {
    pub(super) source: Vec<u8>,
    pub(super) lines: Lines,
    pub(super) tokens: Vec<Token>,
    pub(super) directives: Vec<Directive>,
    pub(super) roots: Vec<DirectiveId>,
    /// What its entries are, where a list of the configuration includes this file.
    pub(super) list: Option<List>,
}

impl Tree {
    /// Reads a source by nginx's rules.
    ///
    /// # Errors
    /// The first fault, with the line and the reason that nginx gives for it.
    pub fn parse(source: impl Into<Vec<u8>>) -> Result<Self, SyntaxError> {
        super::parser::parse(source.into())
    }

    /// The bytes the tree was made from.
    #[must_use]
    pub fn source(&self) -> &[u8] {
        &self.source
    }

    /// Every token; end to end they are the source.
    #[must_use]
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// The source again, put together from the tokens.
    #[must_use]
    pub fn print(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.source.len());
        for token in &self.tokens {
            bytes.extend_from_slice(&self.source[token.span.range()]);
        }
        bytes
    }

    /// The directives that stand in no block, in source order.
    #[must_use]
    pub fn roots(&self) -> &[DirectiveId] {
        &self.roots
    }

    /// The directive of an id of this tree.
    ///
    /// # Panics
    /// Where the id comes from a larger tree.
    #[must_use]
    pub fn directive(&self, id: DirectiveId) -> &Directive {
        &self.directives[id.index()]
    }

    /// How many directives the tree has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.directives.len()
    }

    /// Whether the source has no directive at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.directives.is_empty()
    }

    /// Every directive depth first, which is source order.
    pub fn walk(&self) -> impl DoubleEndedIterator<Item = DirectiveId> + ExactSizeIterator + use<> {
        (0..u32::try_from(self.directives.len()).unwrap_or(u32::MAX)).map(DirectiveId)
    }

    /// The directives of a block, or those of the top.
    #[must_use]
    pub fn children(&self, block: Option<DirectiveId>) -> &[DirectiveId] {
        block.map_or(&self.roots, |id| self.directive(id).children())
    }

    /// Line and column of a byte of the source.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        self.lines.position(offset.min(self.source.len()))
    }

    /// The comments that belong to a directive: those on lines of their own
    /// right above it, up to the first blank line.
    #[must_use]
    pub fn comments_before(&self, id: DirectiveId) -> &[Token] {
        let end = self.token_at(self.directive(id).span.start);
        let mut first = end;
        let mut at = end;
        while at > 0 {
            let token = self.tokens[at - 1];
            match token.kind {
                TokenKind::Space if self.breaks(token) <= 1 => {}
                TokenKind::Comment if self.starts_line(token) => first = at - 1,
                _ => break,
            }
            at -= 1;
        }
        let last = (first..end).rev().find(|&at| self.tokens[at].kind == TokenKind::Comment);
        last.map_or(&[], |last| &self.tokens[first..=last])
    }

    /// The comment that follows a directive on the line on which it ends.
    #[must_use]
    pub fn comment_behind(&self, id: DirectiveId) -> Option<Token> {
        let mut next = self.token_at(self.directive(id).span.end);
        if self.tokens.get(next).is_some_and(|token| token.kind == TokenKind::Space) {
            if self.breaks(self.tokens[next]) > 0 {
                return None;
            }
            next += 1;
        }
        self.tokens.get(next).copied().filter(|token| token.kind == TokenKind::Comment)
    }

    /// The index of the token that starts at `offset`.
    fn token_at(&self, offset: usize) -> usize {
        self.tokens.partition_point(|token| token.span.start < offset)
    }

    fn breaks(&self, token: Token) -> usize {
        self.source[token.span.range()].iter().filter(|&&byte| byte == b'\n').count()
    }

    fn starts_line(&self, token: Token) -> bool {
        let before = &self.source[..token.span.start];
        before
            .iter()
            .rev()
            .find(|byte| !matches!(byte, b' ' | b'\t' | b'\r'))
            .is_none_or(|&byte| byte == b'\n')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comments(source: &str) -> Vec<(String, Vec<String>, Option<String>)> {
        let tree = Tree::parse(source).expect("valid");
        let shown = |token: &Token| source[token.span.range()].to_owned();
        tree.walk()
            .map(|id| {
                let above = tree.comments_before(id).iter().filter(|token| token.kind == TokenKind::Comment);
                let behind = tree.comment_behind(id).as_ref().map(shown);
                (tree.directive(id).name.text().into_owned(), above.map(shown).collect(), behind)
            })
            .collect()
    }

    #[test]
    fn comments_belong_to_the_directive_below_them() {
        let found = comments("# file\n\n# one\n  # two\na; # behind\n# three\nb { # inner\n  c; }#end\n");
        let expect: &[(&str, &[&str], Option<&str>)] = &[
            ("a", &["# one", "# two"], Some("# behind")),
            ("b", &["# three"], Some("#end")),
            ("c", &[], None),
        ];
        for (found, expect) in found.iter().zip(expect) {
            assert_eq!(found.0, expect.0);
            assert_eq!(found.1, expect.1, "{}", expect.0);
            assert_eq!(found.2.as_deref(), expect.2, "{}", expect.0);
        }
        assert_eq!(found.len(), expect.len());
    }

    #[test]
    fn the_arena_is_in_source_order() {
        let tree = Tree::parse("a { b { c x; } d; } e;").expect("valid");
        let names: Vec<_> = tree.walk().map(|id| tree.directive(id).name.text().into_owned()).collect();
        assert_eq!(names, ["a", "b", "c", "d", "e"]);
        let [a, e] = tree.roots() else { panic!("two roots") };
        assert_eq!(tree.directive(*a).children().len(), 2);
        assert_eq!(tree.directive(*a).parent, None);
        assert_eq!(tree.directive(tree.directive(*a).children()[1]).parent, Some(*a));
        assert_eq!(&tree.source()[tree.directive(*e).span.range()], b"e;");
        assert_eq!(tree.position(tree.directive(*e).span.start), Position { line: 1, column: 21 });
    }
}
