//! What stands between directives: white space and the comments that belong
//! to them.
//!
//! Invariant: the units of a block lie end to end: each starts where the one
//! before ended and ends behind the comment on its directive's last line; what
//! is left before the brace, or the end of the file, is the foot.

use crate::position::Span;
use crate::tree::{Body, DirectiveId, Tree};

/// The extents of every unit of one tree.
#[derive(Debug)]
pub struct Units<'t> {
    tree: &'t Tree,
    /// Where the unit of each directive starts and ends.
    extents: Vec<Span>,
}

impl<'t> Units<'t> {
    /// The units of a tree.
    pub fn of(tree: &'t Tree) -> Self {
        let mut extents = vec![Span::new(0, 0); tree.len()];
        let mut lists = vec![(0, tree.roots())];
        for id in tree.walk() {
            if let Body::Block { open, children, .. } = tree.directive(id).body {
                lists.push((open.end, children));
            }
        }
        for (mut start, list) in lists {
            for &id in list {
                let end = tree.directive(id).span.end;
                let end = tree.comment_behind(id).map_or(end, |comment| comment.end);
                extents[id.index()] = Span::new(start, end);
                start = end;
            }
        }
        Self { tree, extents }
    }

    /// White space and comments before a directive.
    pub fn gap(&self, id: DirectiveId) -> Span {
        Span::new(self.extents[id.index()].start, self.tree.directive(id).span.start)
    }

    /// The comment behind a directive, with the space before it.
    pub fn tail(&self, id: DirectiveId) -> Span {
        Span::new(self.tree.directive(id).span.end, self.extents[id.index()].end)
    }

    /// A directive up to and with what opens or ends it.
    pub fn head(&self, id: DirectiveId) -> Span {
        let directive = self.tree.directive(id);
        match directive.body {
            Body::Block { open, .. } => Span::new(directive.span.start, open.end),
            Body::Semicolon | Body::Lua { .. } => directive.span,
        }
    }

    /// What stands behind the last directive of a block, or of the file.
    pub fn foot(&self, block: Option<DirectiveId>) -> Span {
        let last = self.tree.children(block).last().map(|last| self.extents[last.index()].end);
        let (start, end) = match block.map(|id| self.tree.directive(id).body) {
            Some(Body::Block { open, close, .. }) => (open.end, close.start),
            Some(Body::Semicolon | Body::Lua { .. }) => (0, 0),
            None => (0, self.tree.source().len()),
        };
        Span::new(last.unwrap_or(start), end)
    }

    /// Where the comments that belong to a directive begin, or it itself.
    pub fn attached(&self, id: DirectiveId) -> usize {
        let start = self.tree.directive(id).span.start;
        self.tree.comments_before(id).next().map_or(start, |comment| comment.start.max(self.gap(id).start))
    }

    /// The comments that go with a directive: right above, within and behind it.
    pub fn notes(&self, id: DirectiveId) -> Vec<&'t [u8]> {
        let head = self.head(id);
        let mut notes = self.comments(Span::new(self.attached(id), head.end));
        notes.extend(self.comments(self.tail(id)));
        notes
    }

    /// The comments that stand before a directive, apart from it.
    pub fn apart(&self, id: DirectiveId) -> Vec<&'t [u8]> {
        self.comments(Span::new(self.gap(id).start, self.attached(id)))
    }

    /// The comments of a block, or of the file, that belong to no directive in it.
    pub fn loose(&self, block: Option<DirectiveId>) -> Vec<&'t [u8]> {
        let mut loose: Vec<_> = self.tree.children(block).iter().flat_map(|&id| self.apart(id)).collect();
        loose.extend(self.comments(self.foot(block)));
        loose
    }

    /// The comments of a span, without the space behind them.
    pub fn comments(&self, span: Span) -> Vec<&'t [u8]> {
        self.tree.comments_in(span).map(|comment| self.text(comment).trim_ascii_end()).collect()
    }

    /// The bytes of a span.
    pub fn text(&self, span: Span) -> &'t [u8] {
        &self.tree.source()[span.range()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_lie_end_to_end() {
        let source = "# file\n\n# a\na 1; # behind\nb { # inner\n  c # in\n 1;\n  # foot\n} # end\n# last\n";
        let tree = Tree::parse(source).expect("parses");
        let units = Units::of(&tree);
        let found: Vec<_> = tree
            .walk()
            .map(|id| units.notes(id).into_iter().map(String::from_utf8_lossy).collect::<Vec<_>>().join("|"))
            .collect();
        assert_eq!(found, ["# a|# behind", "# end", "# in"]);
        assert_eq!(units.loose(None), [&b"# file"[..], b"# last"]);
        assert_eq!(units.loose(Some(tree.roots()[1])), [&b"# inner"[..], b"# foot"]);
        let foot = |block| units.comments(units.foot(block));
        assert_eq!(foot(None), [b"# last"]);
        assert_eq!(foot(Some(tree.roots()[1])), [b"# foot"]);
        let [a, b] = tree.roots() else { panic!("two roots") };
        assert_eq!(units.tail(*a).end, units.gap(*b).start);
        assert_eq!(units.tail(*b).end, units.foot(None).start);
    }
}
