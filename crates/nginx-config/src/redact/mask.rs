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
pub static NAMED: LazyLock<Regex> = LazyLock::new(|| pattern(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?"));

/// What a name may be made of, as a part of a class: letters, digits and `_` of ASCII, and all that is not ASCII. A class
/// of Unicode's letters takes 700 ranges, and a boundary of its words no DFA: compiling them was a quarter of a `plan`.
pub const LETTERS: &str = r"A-Za-z0-9_\x{80}-\x{10FFFF}";

/// Of a constant text. Its `\w`, `\d` and `\b` stand in `(?-u:…)`; see [`LETTERS`].
pub fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern")
}

/// The replacement of a whole word, with as many lines as it had.
pub fn mask(raw: &[u8]) -> Vec<u8> {
    format!("{REDACTED}{}", line_ends(raw)).into_bytes()
}

/// The line ends of a text, so that what stands in its place has as many lines.
pub fn line_ends(raw: &[u8]) -> String {
    "\n".repeat(raw.iter().filter(|byte| **byte == b'\n').count())
}

/// The first variable of a text that is called as secrets are.
pub fn secret_variable(text: &str) -> Option<String> {
    let names = NAMED.captures_iter(text).map(|found| found[1].to_owned());
    names.into_iter().find(|name| name::is_secret_name(name))
}
