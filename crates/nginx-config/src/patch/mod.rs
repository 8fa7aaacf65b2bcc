//! What one version of a file has beyond another, as a list of changes that
//! can be read, kept and made again.
//!
//! Invariant: the changes that are recorded, made to the base, give what they
//! were recorded from: the same directives in the same order and the same
//! comments. Where single changes cannot say it, one change says the whole.
//! Texts are the file's own bytes, never redacted; names are.

mod apply;
mod change;
mod record;

pub use apply::{Misfit, Unfit, apply};
pub use change::{Change, ChangeKind};
pub use record::record;

use crate::diff::outline::{Meanings, Outline};
use crate::diff::show;
use crate::tree::Tree;

/// The change that removes what a path names; nothing where the base has no such directive.
#[must_use]
pub fn named(base: &Tree, path: &str) -> Option<Change> {
    let outline: Outline<'_> = Outline::of_tree(base, &mut Meanings::default());
    let index = outline.items.places().find(|&index| show::full_path(&outline, index) == path)?;
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
        assert_eq!((misfit.index, misfit.why), (0, super::Unfit::NoBlock("t".to_owned())));
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
