//! What stands in place of a secret, and what several readings of a text look for.
//!
//! Invariant: what is put in place of a text has as many lines.

use super::name;
use regex::Regex;
use std::sync::LazyLock;

/// What stands in place of a secret.
pub const REDACTED: &str = "[redacted]";

/// A user with his password: one colon, and behind it neither a port nor a path.
pub static LOGIN: LazyLock<Regex> = LazyLock::new(|| {
    // No port has six digits.
    pattern(r"^[A-Za-z0-9._@+-]+:(?:[^\s:/$;]*[^\s:/$;0-9][^\s:/$;]*|[0-9]{6,})$")
});
/// A variable and its name.
pub static NAMED: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"\$\{{?([A-Za-z_][{LETTERS}]*)\}}?")));

/// What a name may be made of, as a part of a class: all that Unicode's `\w` has, and of what is rare some signs besides,
/// but no blank, dash or quotation mark, which part names. `\w` itself takes 700 ranges, and a boundary of its words no DFA:
/// compiling them was a quarter of a `plan`.
pub const LETTERS: &str = concat!(
    r"A-Za-z0-9_\x{AA}\x{B5}\x{BA}\x{C0}-\x{1FFF}\x{200C}\x{200D}\x{203F}\x{2040}\x{2054}",
    r"\x{2070}-\x{2FFF}\x{3005}-\x{3007}\x{3021}-\x{10FFFF}"
);

/// Of a constant text. Its `\w`, `\d` and `\b` stand in `(?-u:…)`; see [`LETTERS`].
pub fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern")
}

/// The replacement of a whole word, with as many lines as it had.
pub fn mask(raw: &[u8]) -> Vec<u8> {
    in_as_many_lines(REDACTED.to_owned(), raw).into_bytes()
}

/// The replacement of a part of a text, with as many lines as it had.
pub fn masked(hidden: &str) -> String {
    in_as_many_lines(REDACTED.to_owned(), hidden.as_bytes())
}

/// What is shown in place of a text, with the line ends that it has lost.
pub fn in_as_many_lines(mut shown: String, raw: &[u8]) -> String {
    let lines = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
    let lost = lines(raw).saturating_sub(lines(shown.as_bytes()));
    shown.extend(std::iter::repeat_n('\n', lost));
    shown
}

/// The first variable of a text that is called as secrets are.
pub fn secret_variable(text: &str) -> Option<String> {
    let names = NAMED.captures_iter(text).map(|found| found[1].to_owned());
    names.into_iter().find(|name| name::is_secret_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_those_of_unicode_and_nothing_that_parts_names() {
        let (ours, unicode) = (pattern(&format!("^[{LETTERS}]$")), pattern(r"^\w$"));
        for letter in ('\0'..=char::MAX).filter(|letter| unicode.is_match(letter.encode_utf8(&mut [0; 4]))) {
            assert!(ours.is_match(letter.encode_utf8(&mut [0; 4])), "{letter:?}");
        }
        for sign in
            "\u{a0}\u{2009}\u{3000}\u{2013}\u{2014}\u{2026}\u{201c}\u{201d}\u{b7}\u{ab}\u{bb}\u{3001}=:;,/ \t"
                .chars()
        {
            assert!(!ours.is_match(sign.encode_utf8(&mut [0; 4])), "{sign:?}");
        }
    }
}
