//! What a secret is compared with: the words of `if`, and the patterns that look for cookies.
//!
//! Invariant: names and what compares stay, so that it is seen what is tested; the value that it is held against goes.

use super::mask::{NAMED, REDACTED, in_as_many_lines, mask};
use super::value;
use crate::{Quote, Word};

/// What compares in a condition.
const OPERATORS: [&str; 11] = ["=", "!=", "~", "~*", "!~", "!~*", "-f", "!-f", "-d", "-e", "("];
/// How names of well-known cookies begin, which a configuration looks for in `$http_cookie`.
const COOKIES: [&str; 14] = [
    "comment_", "csrftoken", "drupal", "jsessionid", "laravel_", "no_cache", "nocache", "phpsessid",
    "postpass", "sess", "sessionid", "woocommerce_", "wordpress", "wp",
];

/// A word of a condition that tests a secret: the name and what compares stay.
pub fn operand(called: &str, word: Word<'_>, raw: &[u8]) -> Option<Vec<u8>> {
    let text = word.text();
    let inner = text.strip_prefix('(').filter(|_| word.quote == Quote::Bare).unwrap_or(&text);
    let inner = inner.strip_suffix(')').filter(|_| word.quote == Quote::Bare).unwrap_or(inner);
    let kept = OPERATORS.contains(&inner)
        || value::is_harmless(called, inner)
        || value::is_open_pattern(&format!("~{inner}"))
        || called.ends_with("http_cookie") && names_cookies(inner);
    if kept {
        return None;
    }
    if word.quote != Quote::Bare {
        return Some(mask(raw));
    }
    // `($arg_key=x)`, which NGINX refuses, is one word.
    let opening = match NAMED.find(&text).filter(|found| found.start() <= 1) {
        Some(variable) => &text[..variable.end()],
        None => &text[..text.len() - text.strip_prefix('(').unwrap_or(&text).len()],
    };
    let closing = if text.ends_with(')') { ")" } else { "" };
    Some(in_as_many_lines(format!("{opening}{REDACTED}{closing}"), raw).into_bytes())
}

/// Whether a pattern names well-known cookies, and no value of one.
pub fn names_cookies(pattern: &str) -> bool {
    let words = pattern.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let mut words = words.filter(|word| word.chars().any(|letter| letter.is_ascii_alphabetic()));
    !pattern.contains('=')
        && words.all(|word| {
            let word = word.to_ascii_lowercase();
            ["a", "f", "f0", "z", "logged_in", "_"].contains(&word.as_str())
                || COOKIES.iter().any(|cookie| word.trim_start_matches('_').starts_with(cookie))
        })
}
