//! Any bytes: parsing never panics, and what parses prints as it was.
//!
//! Invariant: tokens lie end to end. What the tree means is not judged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nginx_config::{Tree, quote_word, value_of};

fuzz_target!(|source: &[u8]| {
    if let Ok(tree) = Tree::parse(source) {
        assert_eq!(tree.print(), source);
        let mut end = 0;
        for token in tree.tokens() {
            assert_eq!(token.span.start, end);
            end = token.span.end;
        }
        for id in tree.walk() {
            let directive = tree.directive(id);
            let _ = (tree.comments_before(id).count(), tree.comment_behind(id));
            assert!(directive.span.end <= source.len());
        }
    }
    if let Ok(spelling) = quote_word(source) {
        assert_eq!(value_of(&spelling), source);
    }
});
