//! The tree of one source: every directive, in an arena, over its own bytes.
//!
//! Invariant: `tree.print()` is the source, byte for byte. Ids are indexes in
//! source order and mean nothing in another tree. The tree is never changed:
//! an edit is a list of splices, and its result is parsed again.
//!
//! A tree takes about three times its text, since it is made of places in it:
//! a [`Directive`] is put together when it is asked for, and white space is
//! read again by those few who want it.

use super::entries::List;
use super::lexer::{Lexer, Token, is_space};
use super::position::{Lines, Position, Span};
use super::word::Word;
use super::words::Words;
use std::ops::Range;

/// Directives of one file. A tree takes some ten times as much as a file of nothing but short directives, so that they
/// are counted before one is made.
pub(super) const MOST_DIRECTIVES: usize = 2_000_000;

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
#[derive(Debug, Clone, Copy)]
pub struct Directive<'t> {
    /// The first word.
    pub name: Word<'t>,
    /// The other words up to `;` or `{`.
    pub args: Args<'t>,
    /// From the name through the `;` or the closing brace.
    pub span: Span,
    /// What ends the directive.
    pub body: Body<'t>,
    /// The block the directive stands in; `None` at the top of the source.
    pub parent: Option<DirectiveId>,
}

/// What ends a directive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body<'t> {
    /// `;`
    Semicolon,
    /// Directives in braces.
    Block {
        /// The `{`.
        open: Span,
        /// The `}`.
        close: Span,
        /// The directives between, in source order.
        children: &'t [DirectiveId],
    },
    /// Lua code in braces.
    Lua {
        /// The code between the braces.
        span: Span,
    },
}

impl<'t> Directive<'t> {
    /// Whether the directive has this name.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.is(name)
    }

    /// The value of argument `index`, from 0.
    #[must_use]
    pub fn arg(&self, index: usize) -> Option<&'t [u8]> {
        self.args.get(index).map(|word| word.value)
    }

    /// The name and the arguments.
    pub fn words(&self) -> impl DoubleEndedIterator<Item = Word<'t>> + use<'t> {
        std::iter::once(self.name).chain(self.args.iter())
    }

    /// The directives of the block; none where there is no block.
    #[must_use]
    pub fn children(&self) -> &'t [DirectiveId] {
        match self.body {
            Body::Block { children, .. } => children,
            Body::Semicolon | Body::Lua { .. } => &[],
        }
    }
}

/// The arguments of a directive.
#[derive(Debug, Clone, Copy)]
pub struct Args<'t> {
    tree: &'t Tree,
    first: u32,
    end: u32,
}

impl<'t> Args<'t> {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        (self.end - self.first) as usize
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first == self.end
    }

    /// The argument `index`, from 0.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Word<'t>> {
        let index = self.first + u32::try_from(index).ok()?;
        (index < self.end).then(|| self.tree.words.get(&self.tree.source, index))
    }

    /// The first argument.
    #[must_use]
    pub fn first(&self) -> Option<Word<'t>> {
        self.iter().next()
    }

    /// The last argument.
    #[must_use]
    pub fn last(&self) -> Option<Word<'t>> {
        self.iter().next_back()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Word<'t>> + ExactSizeIterator + Clone + use<'t> {
        let tree = self.tree;
        (self.first..self.end).map(|index| tree.words.get(&tree.source, index))
    }
}

/// A directive as the tree keeps it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored {
    /// Its name among the words. The arguments follow it, up to the next directive's name.
    pub name: u32,
    /// Where it ends, the `;` or the closing brace included.
    pub end: u32,
    pub parent: Option<DirectiveId>,
    pub body: StoredBody,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum StoredBody {
    Semicolon,
    /// Where the `{` stands, and which of the tree's children are this block's.
    Block {
        open: u32,
        first: u32,
        end: u32,
    },
    Lua {
        start: u32,
        end: u32,
    },
}

/// One source and what stands in it.
#[derive(Debug, Clone)]
pub struct Tree {
    pub(super) source: Box<[u8]>,
    pub(super) lines: Lines,
    pub(super) words: Words,
    /// From the `#` up to the end of the line, as offsets.
    pub(super) comments: Vec<(u32, u32)>,
    pub(super) directives: Vec<Stored>,
    /// The directives of each block side by side, and those of the top behind them.
    pub(super) children: Vec<DirectiveId>,
    pub(super) roots: usize,
    /// What its entries are, where a list of the configuration includes this file.
    pub(super) list: Option<List>,
}

impl Tree {
    /// The bytes the tree was made from.
    #[must_use]
    pub fn source(&self) -> &[u8] {
        &self.source
    }

    /// Every token, read again; end to end they are the source.
    pub fn tokens(&self) -> impl Iterator<Item = Token> {
        Lexer::new(&self.source).flatten()
    }

    /// The tokens from the start of a span, which lies between directives, up to where it ends.
    pub fn tokens_of(&self, span: Span) -> impl Iterator<Item = Token> {
        let moved = move |token: Token| Token {
            span: Span::new(token.span.start + span.start, token.span.end + span.start),
            ..token
        };
        let tokens = Lexer::new(&self.source[span.start..]).flatten().map(moved);
        tokens.take_while(move |token| token.span.start < span.end)
    }

    /// The source again, put together from the tokens.
    #[must_use]
    pub fn print(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.source.len());
        for token in self.tokens() {
            bytes.extend_from_slice(&self.source[token.span.range()]);
        }
        bytes
    }

    /// The directives that stand in no block, in source order.
    #[must_use]
    pub fn roots(&self) -> &[DirectiveId] {
        &self.children[self.roots..]
    }

    /// The directive of an id of this tree.
    ///
    /// # Panics
    /// Where the id comes from a larger tree.
    #[must_use]
    pub fn directive(&self, id: DirectiveId) -> Directive<'_> {
        let Stored { name: first, end, parent, body } = self.directives[id.index()];
        let next = self.directives.get(id.index() + 1).map_or_else(|| self.words.len(), |next| next.name);
        let name = self.words.get(&self.source, first);
        let end = end as usize;
        let body = match body {
            StoredBody::Semicolon => Body::Semicolon,
            StoredBody::Block { open, first, end: behind } => Body::Block {
                open: Span::new(open as usize, open as usize + 1),
                close: Span::new(end - 1, end),
                children: &self.children[first as usize..behind as usize],
            },
            StoredBody::Lua { start, end } => Body::Lua { span: Span::new(start as usize, end as usize) },
        };
        let args = Args { tree: self, first: first + 1, end: next };
        Directive { name, args, span: Span::new(name.span.start, end), body, parent }
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
        block.map_or(self.roots(), |id| self.directive(id).children())
    }

    /// Line and column of a byte of the source.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        self.lines.position(offset.min(self.source.len()))
    }

    /// Every comment, from its `#` up to the end of the line.
    pub fn comments(&self) -> impl DoubleEndedIterator<Item = Span> {
        self.comments_at(0..self.comments.len())
    }

    /// The comments that start in a span.
    pub fn comments_in(&self, span: Span) -> impl DoubleEndedIterator<Item = Span> {
        self.comments_at(self.comment_at(span.start)..self.comment_at(span.end))
    }

    /// The comments that belong to a directive: those on lines of their own
    /// right above it, up to the first blank line.
    pub fn comments_before(&self, id: DirectiveId) -> impl DoubleEndedIterator<Item = Span> {
        let mut below = self.directive(id).span.start;
        let end = self.comment_at(below);
        let is_right_above = |comment: &Span| {
            let between = &self.source[comment.end..below];
            below = comment.start;
            is_blank(between) && breaks(between) <= 1 && self.starts_line(comment.start)
        };
        let first = end - self.comments_at(0..end).rev().take_while(is_right_above).count();
        self.comments_at(first..end)
    }

    /// The comment that follows a directive on the line on which it ends.
    #[must_use]
    pub fn comment_behind(&self, id: DirectiveId) -> Option<Span> {
        let end = self.directive(id).span.end;
        let next = self.comment_at(end);
        let comment = self.comments_at(next..self.comments.len()).next()?;
        let between = &self.source[end..comment.start];
        (is_blank(between) && breaks(between) == 0).then_some(comment)
    }

    /// How many comments start before `offset`.
    fn comment_at(&self, offset: usize) -> usize {
        self.comments.partition_point(|&(start, _)| (start as usize) < offset)
    }

    fn comments_at(&self, range: Range<usize>) -> impl DoubleEndedIterator<Item = Span> {
        self.comments[range].iter().map(|&(start, end)| Span::new(start as usize, end as usize))
    }

    fn starts_line(&self, offset: usize) -> bool {
        let before = &self.source[..offset];
        before
            .iter()
            .rev()
            .find(|byte| !matches!(byte, b' ' | b'\t' | b'\r'))
            .is_none_or(|&byte| byte == b'\n')
    }
}

fn is_blank(space: &[u8]) -> bool {
    space.iter().all(|&byte| is_space(byte))
}

fn breaks(space: &[u8]) -> usize {
    space.iter().filter(|&&byte| byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comments(source: &str) -> Vec<(String, Vec<String>, Option<String>)> {
        let tree = Tree::parse(source).expect("valid");
        let shown = |comment: Span| source[comment.range()].to_owned();
        tree.walk()
            .map(|id| {
                let behind = tree.comment_behind(id).map(shown);
                let above = tree.comments_before(id).map(shown).collect();
                (tree.directive(id).name.text().into_owned(), above, behind)
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
