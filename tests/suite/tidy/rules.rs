//! The rules, each a function from a source file to complaints about it, and
//! proof that each can complain.

use super::source::Source;
use motionctl::report::GLYPHS;

/// Rooms whose every value may end on a screen or in a file.
const ORDERED: [&str; 6] = ["values", "outcome", "facts", "plan", "journal", "report"];

pub fn too_many_lines(source: &Source, most: usize) -> Vec<String> {
    // Tests beside the code have a limit of their own: the file's without them.
    let lines = if source.is_product() {
        Source::code_lines(source.code())
    } else {
        Source::code_lines(source.tokens())
    };
    if lines > most { vec![format!("{lines} lines of code, {most} are the most")] } else { Vec::new() }
}

pub fn no_module_doc(source: &Source) -> Vec<String> {
    if source.text.starts_with("//! ") { Vec::new() } else { vec!["does not start with `//! `".to_owned()] }
}

pub fn left_for_later(source: &Source) -> Vec<String> {
    // Built from halves, because this file is read as well.
    let words = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["XX", "X"].concat()];
    let says_it = |(_, line): &(usize, &str)| {
        let comment = line.split_once("//").map_or("", |(_, comment)| comment);
        comment.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| words.iter().any(|w| w == word))
    };
    let found = source.text.lines().enumerate().filter(says_it).map(|(index, _)| index + 1);
    complaints(found, "something is left for later")
}

pub fn unordered_maps(source: &Source) -> Vec<String> {
    if !ORDERED.contains(&source.room()) {
        return Vec::new();
    }
    let code = source.code();
    let found = code.iter().filter(|token| ["HashMap", "HashSet"].contains(&token.text.as_str()));
    complaints(found.map(|token| *token.lines.start()), "an order that changes from run to run")
}

/// Texts with characters for which a terminal of ASCII alone has no others.
pub fn not_spelled_in_ascii(source: &Source) -> Vec<String> {
    let is_known = |c: char| c.is_ascii() || GLYPHS.iter().any(|(glyph, _)| glyph.contains(c));
    let code = source.code();
    let found =
        code.iter().filter(|token| token.text.contains(['"', '\'']) && !token.text.chars().all(is_known));
    complaints(found.map(|token| *token.lines.start()), "a character that the table of glyphs lacks")
}

pub fn holds_a_key(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.lines().any(|line| line.contains("-----BEGIN ") && line.contains(concat!("PRIVATE ", "KEY-----")))
}

fn complaints(lines: impl Iterator<Item = usize>, what: &str) -> Vec<String> {
    lines.map(|line| format!("line {line}: {what}")).collect()
}

/// Asserts how many complaints `rule` has about each text.
fn check(path: &str, rule: impl Fn(&Source) -> Vec<String>, cases: &[(&str, usize)]) {
    for (text, wanted) in cases {
        let found = rule(&Source::new(path, text));
        assert_eq!(found.len(), *wanted, "{path}: {text:?}: {found:?}");
    }
}

#[test]
fn sizes_are_complained_about() {
    let cases = [("a\nb", 0), ("a\n\n//\nb\nc", 1), ("a\n#[cfg(test)]\nmod b {\nc\n}", 0)];
    for path in ["src/a.rs", "crates/a/src/b.rs"] {
        check(path, |source| too_many_lines(source, 2), &cases);
    }
    check("tests/a.rs", |source| too_many_lines(source, 2), &[("#[cfg(test)]\nmod b {\nc\n}", 1)]);
}

#[test]
fn habits_are_complained_about() {
    check("src/a.rs", no_module_doc, &[("//! a", 0), ("\n//! a", 1), ("// a", 1)]);
    let late = ["// TO", "DO later\n fn a() {}"].concat();
    check("src/a.rs", left_for_later, &[(&late, 1), ("// done", 0)]);
    check("src/facts/a.rs", unordered_maps, &[("use std::collections::HashMap;", 1), ("BTreeMap", 0)]);
    check("src/host/a.rs", unordered_maps, &[("HashMap", 0)]);
    let texts = [("fn a() { b(\"→ …\"); }", 0), ("fn a() { b(\"✓\"); }", 1), ("fn a() { b('─'); } // ✓", 1)];
    check("src/a.rs", not_spelled_in_ascii, &texts);
}

#[test]
fn keys_are_complained_about() {
    assert!(holds_a_key(concat!("a\n-----BEGIN EC PRIVATE ", "KEY-----\n").as_bytes()));
    assert!(!holds_a_key(b"ssl_certificate_key /etc/nginx/tls/motion.key;"));
}
