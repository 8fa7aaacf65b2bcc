//! Three versions of a file, parted by lines of `%%`: the laws of a merge hold for any of them.
//!
//! Invariant: a side that changed nothing decides nothing, every conflict can be resolved, and what is handed out
//! parses. What is merged may be odd; it is not judged here whether NGINX would take it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nginx_config::diff::diff;
use nginx_config::merge::{Choice, Merged, Resolutions, merge};
use nginx_config::{Tree, splice};

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let versions: Vec<&str> = text.splitn(3, "\n%%\n").collect();
    let [base, ours, theirs] = versions[..] else { return };
    let trees = [base, ours, theirs].map(|text| Tree::parse(text.as_bytes()));
    let [Ok(base), Ok(ours), Ok(theirs)] = trees else { return };
    // A base with blanks is filled before it is merged; these laws are about bases without.
    if has_blanks(&base) || has_blanks(&ours) || has_blanks(&theirs) {
        return;
    }
    a_side_that_changed_nothing_decides_nothing(&base, &ours);
    let Ok(open) = merge(&base, &ours, &theirs, &Resolutions::none()) else { return };
    is_consistent(&open, &ours);
    for choice in [Choice::Ours, Choice::Theirs] {
        let Ok(merged) = merge(&base, &ours, &theirs, &Resolutions::all(choice)) else { continue };
        assert_eq!(merged.open().count(), 0);
        assert!(merged.lists.conflicting.is_empty());
        assert_eq!(merged.lists.len(), open.lists.len());
        is_consistent(&merged, &ours);
    }
});

fn has_blanks(tree: &Tree) -> bool {
    let has = |mark: &[u8]| tree.source().windows(mark.len()).any(|bytes| bytes == mark);
    has(b"<any:") || has(b"#|")
}

/// On bytes: nobody's white space may change where only one side has something to say.
fn a_side_that_changed_nothing_decides_nothing(base: &Tree, other: &Tree) {
    for (ours, theirs) in [(other, base), (base, other), (other, other)] {
        let Ok(merged) = merge(base, ours, theirs, &Resolutions::none()) else { continue };
        // Two blocks that could be one are asked about, whoever wrote them.
        let Ok(text) = merged.text() else { continue };
        if std::ptr::eq(theirs, base) || std::ptr::eq(ours, theirs) {
            assert_eq!(text, ours.source(), "what is there already is kept byte for byte");
            assert!(merged.splices().expect("it has a text").is_empty());
        } else {
            let result = Tree::parse(text).expect("a merged file parses");
            assert!(diff(&result, theirs).directives.is_empty(), "{}", String::from_utf8_lossy(text));
        }
        is_consistent(&merged, ours);
    }
}

fn is_consistent(merged: &Merged, ours: &Tree) {
    let is_open = merged.open().count() + merged.doubts.len() > 0;
    assert_eq!(merged.text().is_err(), is_open);
    let (Ok(text), Ok(splices)) = (merged.text(), merged.splices()) else { return };
    assert_eq!(splice(ours.source(), splices).expect("the splices fit ours"), text);
    Tree::parse(text).expect("a merged file parses");
}
