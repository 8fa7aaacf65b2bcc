//! The laws of a merge, over generated configurations.
//!
//! Invariant: each law is checked on bytes where bytes are promised, and on
//! directives where order and spacing have no meaning.

use super::generate::{Node, config, edited, edits, print};
use crate::depth::generated;
use nginx_config::diff::{Changes, Kind, diff};
use nginx_config::merge::{Choice, Merged, Resolutions, merge};
use nginx_config::{Span, Tree};
use proptest::prelude::*;
use std::collections::BTreeSet;

pub fn tree(source: &str) -> Tree {
    Tree::parse(source).unwrap_or_else(|error| panic!("{error}: {source}"))
}

fn merged(base: &str, ours: &str, theirs: &str, resolutions: &Resolutions) -> Merged {
    merge(&tree(base), &tree(ours), &tree(theirs), resolutions).expect("the merged file parses")
}

fn text(merged: &Merged) -> String {
    String::from_utf8_lossy(merged.text().expect("no open conflict")).into_owned()
}

/// What differs, without saying where.
fn rows(changes: &Changes) -> Vec<String> {
    let mut rows: Vec<_> = changes.rows().map(|row| format!("{row:?}")).collect();
    rows.sort();
    rows
}

/// How many local changes there are: comments count, white space does not.
fn count(base: &str, ours: &str) -> usize {
    let changes = diff(&tree(base), &tree(ours));
    changes.directives.len() + changes.cosmetic.iter().filter(|change| change.kind == Kind::Comment).count()
}

fn comments(source: &str) -> BTreeSet<String> {
    let tree = tree(source);
    let text = |comment: Span| String::from_utf8_lossy(&tree.source()[comment.range()]).trim_end().to_owned();
    tree.comments().map(text).collect()
}

/// Two halves of a configuration that no edit of one side shares with one of the other.
fn halves() -> impl Strategy<Value = [String; 4]> {
    (config(), config(), edits(), edits()).prop_map(|(left, right, left_edits, right_edits)| {
        let block = |name: &str, children: Vec<Node>| Node {
            words: format!("location /{name}"),
            children: Some(children),
            comment: None,
            behind: false,
            spacing: 3,
        };
        let whole = |left: &[Node], right: &[Node]| {
            print(&[block("left", left.to_vec()), block("right", right.to_vec())])
        };
        let (left_new, right_new) = (edited(left.clone(), &left_edits), edited(right.clone(), &right_edits));
        [
            whole(&left, &right),
            whole(&left_new, &right),
            whole(&left, &right_new),
            whole(&left_new, &right_new),
        ]
    })
}

/// A base and two edited versions of it.
pub fn versions() -> impl Strategy<Value = [String; 3]> {
    (config(), edits(), edits()).prop_map(|(base, ours, theirs)| {
        [print(&base), print(&edited(base.clone(), &ours)), print(&edited(base, &theirs))]
    })
}

proptest! {
    #![proptest_config(generated("merge, its laws", 256, 8_192))]

    #[test]
    fn without_a_change_of_theirs_ours_stays([base, ours, _] in versions()) {
        let merged = merged(&base, &ours, &base, &Resolutions::none());
        prop_assert_eq!(text(&merged), &*ours);
        prop_assert!(merged.splices().expect("no open conflict").is_empty());
        prop_assert_eq!(merged.lists.carried.len(), count(&base, &ours));
        prop_assert_eq!(merged.lists.len(), merged.lists.carried.len());
    }

    #[test]
    fn without_a_change_of_ours_theirs_comes([base, theirs, _] in versions()) {
        let merged = merged(&base, &base, &theirs, &Resolutions::none());
        prop_assert_eq!(text(&merged), &*theirs);
        prop_assert!(merged.lists.is_empty());
    }

    #[test]
    fn the_same_change_on_both_sides_is_present([base, both, _] in versions()) {
        let merged = merged(&base, &both, &both, &Resolutions::none());
        prop_assert_eq!(text(&merged), &*both);
        prop_assert_eq!(merged.lists.already_present.len(), count(&base, &both));
        prop_assert_eq!(merged.lists.len(), merged.lists.already_present.len());
    }

    #[test]
    fn disjoint_edits_commute_and_are_all_present([base, ours, theirs, both] in halves()) {
        let [one, other] = [(&ours, &theirs), (&theirs, &ours)]
            .map(|(ours, theirs)| text(&merged(&base, ours, theirs, &Resolutions::none())));
        for found in [&one, &other] {
            prop_assert_eq!(rows(&diff(&tree(&both), &tree(found))), Vec::<String>::new(), "{}", found);
        }
        prop_assert_eq!(rows(&diff(&tree(&ours), &tree(&one))), rows(&diff(&tree(&base), &tree(&theirs))));
    }

    #[test]
    fn every_local_change_is_in_one_list([base, ours, theirs] in versions()) {
        let local = count(&base, &ours);
        let open = merged(&base, &ours, &theirs, &Resolutions::none());
        // A block that both sides added is told by what stands in it.
        prop_assert!(open.lists.len() >= local);
        prop_assert_eq!(open.text().is_err(), open.open().count() > 0);
        prop_assert!(open.lists.conflicting.iter().all(|local| local.conflict.is_some()));
        for choice in [Choice::Ours, Choice::Theirs] {
            let merged = merged(&base, &ours, &theirs, &Resolutions::all(choice));
            prop_assert_eq!(merged.lists.len(), open.lists.len());
            prop_assert!(merged.lists.conflicting.is_empty());
            let result = tree(&text(&merged));
            let all: Vec<_> = diff(&tree(""), &result)
                .rows()
                .map(|row| (row.directive.clone(), row.new.clone()))
                .collect();
            for local in &merged.lists.carried {
                if matches!(local.kind, Kind::Added | Kind::Changed) && !local.rows.is_empty() {
                    let is_block = local.ours.as_ref().is_some_and(|ours| ours.text.ends_with('}'));
                    for row in local.rows.iter().filter(|_| local.kind == Kind::Added || !is_block) {
                        let leaf = (row.directive.clone(), row.new.clone());
                        let is_heading = ["location", "server", "if", "upstream"].contains(&leaf.0.as_str());
                        prop_assert!(is_heading || all.contains(&leaf), "{:?} is lost in {}", leaf, text(&merged));
                    }
                }
            }
        }
    }

    #[test]
    fn ours_resolved_as_ours_loses_nothing([base, ours, theirs] in versions()) {
        let merged = merged(&base, &ours, &theirs, &Resolutions::all(Choice::Ours));
        for local in &merged.lists.dropped {
            prop_assert!(matches!(local.kind, Kind::Comment | Kind::Moved), "{:?}", local);
        }
        let (before, found) = (comments(&base), comments(&text(&merged)));
        for comment in comments(&ours).difference(&before) {
            prop_assert!(found.contains(comment) || !merged.lists.dropped.is_empty(), "{} is lost", comment);
        }
    }

    #[test]
    fn the_side_that_wins_is_all_that_sides_mean([base, ours, theirs] in versions()) {
        let one = merged(&base, &ours, &theirs, &Resolutions::all(Choice::Ours));
        let other = merged(&base, &theirs, &ours, &Resolutions::all(Choice::Theirs));
        let changes = diff(&tree(&text(&one)), &tree(&text(&other)));
        let left: Vec<_> = changes.directives.iter().filter(|change| change.kind != Kind::Moved).collect();
        prop_assert!(left.is_empty(), "{:#?}\n{}\n---\n{}", left, text(&one), text(&other));
    }

    #[test]
    fn a_name_decides_nothing([base, ours, theirs] in versions()) {
        // What a server block is for is the same under any name; `_` in the vendor's files says nothing.
        let server = |name: &str, inner: &str| format!(
            "server {{\nlisten 8443;\nserver_name {name};\nlocation /for {{\nproxy_pass http://127.0.0.1:9000;\n}}\nlocation /in {{{inner}\n}}\n}}\n"
        );
        let choice = Resolutions::all(Choice::Ours);
        let alike = merged(&server("cc", &base), &server("cc", &ours), &server("cc", &theirs), &choice);
        let other = merged(&server("_", &base), &server("cc", &ours), &server("_", &theirs), &choice);
        // Of twins that differ in their layout the one or the other may stay.
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        prop_assert_eq!(words(&text(&other)), words(&text(&alike)));
        prop_assert_eq!(other.conflicts.len(), alike.conflicts.len());
        prop_assert_eq!(other.lists.len(), alike.lists.len() + 1);
    }
}
