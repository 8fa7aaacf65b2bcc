//! The laws of taking single differences of another file, over generated configurations.
//!
//! Invariant: nothing is lost in silence: what the other file has is in the result, or is offered.

use super::laws::{tree, versions};
use crate::depth::generated;
use nginx_config::Body;
use nginx_config::diff::{Kind, diff};
use nginx_config::merge::{Around, Otherwise, Selected, select};
use proptest::prelude::*;

fn selected(ours: &str, theirs: &str, choose: &dyn Fn(&Otherwise) -> bool) -> Selected {
    select(&tree(ours), &tree(theirs), Around::default(), choose).expect("the result parses")
}

fn text(selected: &Selected) -> String {
    String::from_utf8_lossy(&selected.text).into_owned()
}

/// Every line of a configuration, whatever stands around it: name and arguments.
fn leaves(source: &str) -> Vec<String> {
    let tree = tree(source);
    let mut all: Vec<String> = tree
        .walk()
        .map(|id| tree.directive(id))
        .filter(|directive| matches!(directive.body, Body::Semicolon))
        .map(|directive| {
            let words = directive.words();
            words.map(|word| word.text().into_owned()).collect::<Vec<_>>().join(" ")
        })
        .collect();
    all.sort();
    all
}

fn is_new(what: &Otherwise) -> bool {
    what.kind == Kind::Added
}

proptest! {
    #![proptest_config(generated("merge, single differences", 256, 8_192))]

    #[test]
    fn who_chooses_nothing_changes_nothing([_, ours, theirs] in versions()) {
        let found = selected(&ours, &theirs, &|_| false);
        prop_assert_eq!(text(&found), &*ours);
        prop_assert!(found.taken.is_empty());
        let differs = !diff(&tree(&ours), &tree(&theirs)).directives.is_empty();
        prop_assert_eq!(!found.offered.is_empty(), differs, "{:#?}", found.offered);
    }

    #[test]
    fn two_files_that_mean_the_same_offer_nothing([_, ours, _] in versions()) {
        let found = selected(&ours, &ours.replace("\n", "\n\n"), &|_| true);
        prop_assert_eq!(text(&found), &*ours);
        prop_assert!(found.offered.is_empty() && found.taken.is_empty());
    }

    #[test]
    fn what_only_the_other_file_has_comes_once_and_nothing_goes([_, ours, theirs] in versions()) {
        let found = selected(&ours, &theirs, &is_new);
        let result = leaves(&text(&found));
        let mut left = result.clone();
        for leaf in leaves(&ours) {
            let at = left.iter().position(|one| *one == leaf);
            prop_assert!(at.is_some(), "{} is gone from {}", leaf, text(&found));
            left.remove(at.expect("it is there"));
        }
        // An offer is shown as it is written.
        let bare = |text: &str| text.replace(['\'', '"'], "");
        let offered: Vec<_> =
            found.offered.iter().filter_map(|offer| Some(bare(&offer.theirs.as_ref()?.text))).collect();
        for leaf in leaves(&theirs) {
            let own = bare(&leaf);
            let said = || offered.iter().any(|one| own.contains(one) || one.contains(&own));
            prop_assert!(result.contains(&leaf) || said(), "{} is lost in {}", leaf, text(&found));
        }
        let again = selected(&text(&found), &theirs, &is_new);
        prop_assert_eq!(text(&again), text(&found));
        prop_assert!(again.taken.is_empty(), "{:#?}", again.taken);
    }

    #[test]
    fn each_offer_is_taken_by_its_path([_, ours, theirs] in versions()) {
        let offered = selected(&ours, &theirs, &|_| false).offered;
        for offer in offered.iter().take(4) {
            let one = |what: &Otherwise| what.path == offer.what.path && what.kind == offer.what.kind;
            let found = selected(&ours, &theirs, &one);
            prop_assert!(found.taken.iter().any(|taken| taken.what.path == offer.what.path), "{:?}", offer);
        }
    }
}
