//! One of our source files as tokens with their lines: comments are gone,
//! strings are one token, and what is only compiled for tests is marked.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::ops::RangeInclusive;
use std::sync::LazyLock;
use walkdir::WalkDir;

/// Where Rust files lie, below the package.
const FOLDERS: [&str; 5] = ["src", "crates", "tests", "benches", "fuzz"];

/// A file of ours.
pub struct Source {
    /// Path below the package, with `/`.
    pub path: String,
    /// The bytes as they are.
    pub text: String,
    tokens: Vec<Token>,
}

/// A token in the order of the text; groups are an opening and a closing one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// As written, but for the contents of doc comments.
    pub text: String,
    /// Lines that it stands on, from 1.
    pub lines: RangeInclusive<usize>,
    /// Belongs to an item that only tests see.
    pub in_test: bool,
}

impl Source {
    /// Reads `text` as the file `path`.
    pub fn new(path: &str, text: &str) -> Self {
        let stream: TokenStream = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
        let file_of_tests = !is_product(path) || path.ends_with("/tests.rs") || path.contains("/tests/");
        let mut tokens = Vec::new();
        flatten(stream, file_of_tests, &mut tokens);
        Self { path: path.to_owned(), text: text.to_owned(), tokens }
    }

    /// Every token.
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// The tokens that are compiled into the product.
    pub fn code(&self) -> Vec<&Token> {
        self.tokens.iter().filter(|token| !token.in_test).collect()
    }

    /// How many lines the tokens stand on; blank lines and comments are none.
    pub fn code_lines<'a>(tokens: impl IntoIterator<Item = &'a Token>) -> usize {
        tokens.into_iter().flat_map(|token| token.lines.clone()).collect::<BTreeSet<_>>().len()
    }

    /// Whether the file is part of a library or a program, not of their tests, benches or fuzz targets.
    pub fn is_product(&self) -> bool {
        is_product(&self.path)
    }

    /// The room of the house that the file belongs to: `host` for `src/host/…`, `nginx-config` for that crate.
    pub fn room(&self) -> &str {
        let inside = self.path.strip_prefix("src/").or_else(|| self.path.strip_prefix("crates/"));
        inside.unwrap_or_default().split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// How many modules lie between the crate's root and this file.
    pub fn depth(&self) -> usize {
        let parts = self.path.split('/').count() - 1;
        if self.path.ends_with("/mod.rs") { parts - 1 } else { parts }
    }
}

/// Every Rust file of both packages, read once for all rules.
pub fn sources() -> &'static [Source] {
    static ALL: LazyLock<Vec<Source>> =
        LazyLock::new(|| FOLDERS.iter().flat_map(|folder| read_below(folder)).collect());
    &ALL
}

/// Every file that is compiled into the product.
pub fn product() -> impl Iterator<Item = &'static Source> {
    sources().iter().filter(|source| source.is_product())
}

fn read_below(folder: &str) -> Vec<Source> {
    let root = super::root();
    let is_ours = |name: &OsStr| name != "target" && name != "fixtures";
    let entries = WalkDir::new(root.join(folder)).sort_by_file_name().into_iter();
    let files = entries.filter_entry(|entry| is_ours(entry.file_name())).flatten();
    files
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "rs"))
        .map(|entry| {
            let path = entry.path().strip_prefix(root).expect("walked from there").display().to_string();
            Source::new(&path, &fs::read_to_string(entry.path()).expect("our own sources are readable"))
        })
        .collect()
}

fn is_product(path: &str) -> bool {
    let in_a_crate =
        || path.strip_prefix("crates/").and_then(|inside| inside.split('/').nth(1)) == Some("src");
    path.starts_with("src/") || in_a_crate()
}

fn flatten(stream: TokenStream, in_test: bool, out: &mut Vec<Token>) {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    let mut test_item = false;
    let mut index = 0;
    while index < trees.len() {
        if let Some(length) = attribute(&trees[index..]) {
            let attribute = &trees[index..index + length];
            let text: String = attribute.iter().map(ToString::to_string).collect();
            test_item |= text.replace(' ', "").contains("cfg(test)");
            // A doc comment is an attribute with a text: no code.
            if !text.replace(' ', "").starts_with("#[doc=") && !text.replace(' ', "").starts_with("#![doc=") {
                attribute.iter().for_each(|tree| push(tree, in_test || test_item, out));
            }
            index += length;
            continue;
        }
        let tree = &trees[index];
        push(tree, in_test || test_item, out);
        // An item ends with its body or its semicolon.
        let ends = match tree {
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            TokenTree::Punct(punct) => punct.as_char() == ';',
            _ => false,
        };
        test_item &= !ends;
        index += 1;
    }
}

/// How many trees an attribute at the start takes.
fn attribute(trees: &[TokenTree]) -> Option<usize> {
    let is = |tree: Option<&TokenTree>, wanted: char| matches!(tree, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted);
    let brackets = |tree: Option<&TokenTree>| matches!(tree, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket);
    if !is(trees.first(), '#') {
        None
    } else if brackets(trees.get(1)) {
        Some(2)
    } else if is(trees.get(1), '!') && brackets(trees.get(2)) {
        Some(3)
    } else {
        None
    }
}

fn push(tree: &TokenTree, in_test: bool, out: &mut Vec<Token>) {
    let TokenTree::Group(group) = tree else {
        let span = tree.span();
        let lines = span.start().line..=span.end().line;
        out.push(Token { text: tree.to_string(), lines, in_test });
        return;
    };
    let (open, close) = match group.delimiter() {
        Delimiter::Parenthesis => ("(", ")"),
        Delimiter::Brace => ("{", "}"),
        Delimiter::Bracket => ("[", "]"),
        Delimiter::None => ("", ""),
    };
    let (first, last) = (group.span_open().start().line, group.span_close().end().line);
    out.push(Token { text: open.to_owned(), lines: first..=first, in_test });
    flatten(group.stream(), in_test, out);
    out.push(Token { text: close.to_owned(), lines: last..=last, in_test });
}

#[test]
fn comments_are_no_code_and_tests_are_marked() {
    let text = "//! Doc.\n\n/// Doc.\nfn a() {\n    // note\n    b(\"// text\");\n}\n\n#[cfg(test)]\nmod tests {\n    fn c() {}\n}\nfn d() {}\n";
    let source = Source::new("src/x/y.rs", text);
    let code: Vec<String> = source.code().iter().map(|token| token.text.clone()).collect();
    assert_eq!(code.join(" "), "fn a ( ) { b ( \"// text\" ) ; } fn d ( ) { }");
    assert_eq!(Source::code_lines(source.code()), 4);
    assert_eq!((source.room(), source.depth()), ("x", 2));
    assert_eq!(Source::new("src/x/mod.rs", "").depth(), 1);
    assert!(Source::new("src/x/tests.rs", "fn a() {}").code().is_empty());
}

#[test]
fn the_product_is_told_from_what_tries_it() {
    let is = |path: &str| Source::new(path, "").is_product();
    assert!(is("src/main.rs") && is("crates/nginx-config/src/merge/walk.rs"));
    assert!(
        !is("tests/suite/main.rs")
            && !is("crates/nginx-config/tests/src/x.rs")
            && !is("fuzz/fuzz_targets/x.rs")
    );
    assert_eq!(Source::new("crates/nginx-config/src/merge/walk.rs", "").room(), "nginx-config");
    assert_eq!(Source::new("src/main.rs", "").room(), "main");
}
