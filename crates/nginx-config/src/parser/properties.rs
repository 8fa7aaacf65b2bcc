//! What holds for every input of the parser.
//!
//! Invariant: these tests know nothing of any particular configuration.

use crate::{Lexer, Position, Tree, quote_word, value_of};
use proptest::prelude::*;

fn check(source: &[u8]) -> Result<bool, TestCaseError> {
    match Tree::parse(source) {
        Ok(tree) => {
            prop_assert_eq!(tree.print(), source);
            let mut end = 0;
            for token in tree.tokens() {
                prop_assert_eq!(token.span.start, end);
                prop_assert!(!token.span.is_empty() || token.kind == crate::TokenKind::LuaBody);
                end = token.span.end;
            }
            for id in tree.walk() {
                let directive = tree.directive(id);
                let (parent, span) = (directive.parent, directive.span);
                prop_assert!(parent.is_none_or(|parent| tree.directive(parent).span.end > span.end));
                prop_assert!(tree.children(parent).contains(&id));
            }
            Ok(true)
        }
        Err(error) => {
            prop_assert!(error.offset <= source.len());
            prop_assert_eq!(error.position(), Position::find(source, error.offset));
            Ok(false)
        }
    }
}

fn soup() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        "a", "b c", ";", "{", "}", "\"", "'", "\\", "#", "\n", " ", "\r\n", "$", "${", ")", "x;", "y {",
        "\0", "é", "map ", "rewrite ", "_by_lua_block {", "[[", "]]", "--", "include ",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..40)
        .prop_map(|all| all.concat().into_bytes())
}

/// Words, comments and blocks in any valid layout.
fn valid() -> impl Strategy<Value = String> {
    let word = "[a-z/.$*~^]{1,8}|\"[^\"\\\\]{0,8}\"|'([^'\\\\]|\\\\.)'|\\$\\{[a-z]{1,3}\\}";
    let space = "[ \t\n]{1,3}|\r\n| #[^\n]{0,6}\n";
    let simple = prop::collection::vec((word, space), 1..4).prop_map(|words| {
        "d ".to_owned() + &words.into_iter().map(|(word, space)| word + &space).collect::<String>() + ";"
    });
    simple.prop_recursive(5, 60, 6, move |inner| {
        (prop::collection::vec((inner, space), 0..6), space).prop_map(|(items, start)| {
            format!(
                "b{start}{{{}}}",
                items.into_iter().map(|(item, space)| item + &space).collect::<String>()
            )
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_parse_or_err(source in prop::collection::vec(any::<u8>(), 0..300)) {
        check(&source)?;
    }

    #[test]
    fn token_soup_parses_or_errs(source in soup()) {
        check(&source)?;
    }

    #[test]
    fn valid_sources_parse(source in valid()) {
        prop_assert!(check(source.as_bytes())?, "{source:?}: {:?}", Tree::parse(source.clone()));
    }

    #[test]
    fn every_start_of_a_valid_source_is_read_alike(source in valid(), cut in any::<prop::sample::Index>()) {
        let cut = &source.as_bytes()[..cut.index(source.len() + 1)];
        let whole: Vec<_> = Lexer::new(source.as_bytes()).flatten().collect();
        let part: Vec<_> = Lexer::new(cut).flatten().collect();
        let shared = part.len().saturating_sub(1);
        prop_assert_eq!(&part[..shared], &whole[..shared]);
    }

    #[test]
    fn quoted_values_come_back(value in prop::collection::vec(1_u8.., 0..60)) {
        let spelling = quote_word(&value).expect("short and without NUL");
        prop_assert_eq!(&value_of(&spelling)[..], &value[..]);
        for source in [[b"d ", &spelling[..], b";"].concat(), [b"d ", &spelling[..], b" e {}"].concat()] {
            let tree = Tree::parse(source).expect("one word among others");
            prop_assert_eq!(tree.directive(tree.roots()[0]).arg(0), Some(&value[..]));
        }
    }
}
