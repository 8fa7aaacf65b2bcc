//! What one version of a file has beyond another, as a list of changes that
//! can be read, kept and made again.
//!
//! Invariant: the changes that are recorded, made to the base, give what they
//! were recorded from: the same directives in the same order and the same
//! comments. Where single changes cannot say it, one change says the whole.
//! Texts are the file's own bytes, never redacted; names are.

mod apply;
mod record;

pub use apply::{Misfit, apply};
pub use record::record;

use crate::diff::outline::{Meanings, Outline};
use crate::diff::show;
use crate::tree::Tree;

/// One change of a base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What is changed.
    pub kind: ChangeKind,
    /// The blocks around it, as the base names them; empty at the top.
    pub block: String,
    /// Name and arguments that tell it from its siblings; of what the base has,
    /// as the base names it. Empty where the whole file is meant.
    pub directive: String,
    /// Of an addition: the directive of the base that it stands behind; none at
    /// the start of the block.
    pub after: Option<String>,
    /// What is there now.
    pub text: Option<Vec<u8>>,
    /// What is there in the base.
    pub was: Option<Vec<u8>>,
    /// The line of what is there now; 0 where there is nothing.
    pub line: usize,
}

/// What a change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// A directive, with what stands in it, that the base lacks.
    Added,
    /// One that only the base has.
    Removed,
    /// Other arguments; of a block, without what stands in it.
    Changed,
    /// The comments before a directive.
    CommentAbove,
    /// The comment behind a directive, on its last line.
    CommentBehind,
    /// The comments at the end of a block, or of the file.
    CommentAtEnd,
    /// The whole file: no list of single changes leads to it.
    Whole,
}

impl ChangeKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Added,
        Self::Removed,
        Self::Changed,
        Self::CommentAbove,
        Self::CommentBehind,
        Self::CommentAtEnd,
        Self::Whole,
    ];

    /// As it is written down.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::CommentAbove => "comment-above",
            Self::CommentBehind => "comment-behind",
            Self::CommentAtEnd => "comment-at-end",
            Self::Whole => "whole",
        }
    }

    /// Whether it is about comments alone.
    #[must_use]
    pub fn is_comment(self) -> bool {
        matches!(self, Self::CommentAbove | Self::CommentBehind | Self::CommentAtEnd)
    }
}

impl Change {
    /// Block and directive: what it is named by.
    #[must_use]
    pub fn path(&self) -> String {
        show::join(&self.block, &self.directive)
    }
}

/// The change that removes what a path names; nothing where the base has no such directive.
#[must_use]
pub fn named(base: &Tree, path: &str) -> Option<Change> {
    let outline = Outline::of_tree(base, &mut Meanings::default());
    let index = (0..outline.items.len()).find(|&index| show::full_path(&outline, index) == path)?;
    let item = &outline.items[index];
    Some(Change {
        kind: ChangeKind::Removed,
        block: show::path_of(&outline, item.parent),
        directive: show::label(&outline, index),
        after: None,
        text: None,
        was: Some(base.source()[item.directive().span.range()].to_vec()),
        line: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::{Kind, diff};

    fn tree(source: &[u8]) -> Tree {
        Tree::parse(source).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(source)))
    }

    /// The changes lead from one to the other; of which kinds they are, and where.
    fn check(base: &str, ours: &str, expect: &[(ChangeKind, &str)]) {
        let (base, ours) = (tree(base.as_bytes()), tree(ours.as_bytes()));
        let changes = record(&base, &ours);
        let made = tree(&apply(&base, &changes).expect("fits"));
        let left = diff(&ours, &made);
        assert!(left.is_empty(), "{left:?}");
        let comments = left.cosmetic.iter().filter(|change| change.kind == Kind::Comment).count();
        assert_eq!(comments, 0, "{left:?}");
        let found: Vec<_> = changes.iter().map(|change| (change.kind, change.path())).collect();
        let found: Vec<_> = found.iter().map(|(kind, path)| (*kind, path.as_str())).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn each_difference_is_one_change() {
        use ChangeKind::{Added, Changed, CommentAbove, CommentAtEnd, CommentBehind, Removed};
        let base = "server {\n    listen 80;\n    gzip on;\n    location / {\n        proxy_pass http://a;\n    }\n}\n";
        check(base, base, &[]);
        let bridge = base.replace(
            "    location / {",
            "    # bridge\n    location /b/ {\n        proxy_pass http://b;\n    }\n\n    location / {",
        );
        check(base, &bridge, &[(Added, "server _:80 / location /b/")]);
        check(base, &base.replace("gzip on", "gzip off"), &[(Changed, "server _:80 / gzip")]);
        check(base, &base.replace("    gzip on;\n", ""), &[(Removed, "server _:80 / gzip")]);
        check(
            base,
            &base.replace("location / {", "location ^~ / {"),
            &[(Changed, "server _:80 / location /")],
        );
        check(
            base,
            &base.replace("    gzip", "    # why\n    gzip"),
            &[(CommentAbove, "server _:80 / gzip")],
        );
        check(base, &base.replace("on;", "on; # why"), &[(CommentBehind, "server _:80 / gzip")]);
        check(base, &format!("# ours\n\n{base}"), &[(CommentAbove, "server _:80")]);
        check(base, &format!("{base}# ours\n"), &[(CommentAtEnd, "")]);
        check(base, &format!("{base}map $a $b {{\n    x y;\n}}\n"), &[(Added, "map $a $b")]);
        // A name that only we know: what stands in the block is named by the base's.
        let named = base.replace("listen 80;", "listen 80;\n    server_name a.test;");
        check(base, &named, &[(Added, "server _:80 / server_name")]);
    }

    #[test]
    fn order_is_kept_where_it_has_a_meaning() {
        use ChangeKind::{Added, Removed};
        check("allow a; allow b; deny all;", "allow a; allow c; allow b; deny all;", &[(Added, "allow c")]);
        check("allow a; deny all;", "deny all; allow a;", &[(Removed, "allow a"), (Added, "allow a")]);
        check("a 1; b 1;", "x 1; y 1; a 1; z 1; b 1;", &[(Added, "x 1"), (Added, "y 1"), (Added, "z 1")]);
    }

    #[test]
    fn what_is_written_on_one_line_stays_whole() {
        use ChangeKind::{Added, CommentBehind, Removed};
        check("s { a; }", "s { a; b; # c\n }", &[(Added, "s / b")]);
        check("s { a; b; }", "s { a; # c\n b; }", &[(CommentBehind, "s / a")]);
        check("s { a; b; }", "s { b; }", &[(Removed, "s / a")]);
        check("s { a; }", "s { a; l_by_lua_block {\n  x('\n');\n} }", &[(Added, "s / l_by_lua_block")]);
    }

    #[test]
    fn a_change_that_does_not_fit_is_named() {
        let base = tree(b"s { a 1; }");
        let mut changes = record(&base, &tree(b"s { a 1; b; }"));
        "t".clone_into(&mut changes[0].block);
        let misfit = apply(&base, &changes).expect_err("no such block");
        assert_eq!((misfit.index, misfit.reason.as_str()), (0, "the base has no block `t`"));
        changes[0].block = "s".to_owned();
        for hostile in [&b"} x {"[..], b"{", b"", b"'"] {
            changes[0].text = Some(hostile.to_vec());
            assert_eq!(apply(&base, &changes).expect_err("no directive").index, 0);
        }
    }

    #[test]
    fn deep_nesting_costs_no_stack() {
        let old = "a{".repeat(20_000) + &"}".repeat(20_000);
        let new = "a{".repeat(20_000) + "b;" + &"}".repeat(20_000);
        let (base, ours) = (tree(old.as_bytes()), tree(new.as_bytes()));
        let made = apply(&base, &record(&base, &ours)).expect("fits");
        assert!(diff(&ours, &tree(&made)).is_empty());
    }
}
