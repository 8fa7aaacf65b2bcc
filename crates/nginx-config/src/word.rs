//! Words: what nginx makes of their spelling, and a safe spelling for a value.
//!
//! Invariant: `value_of(quote_word(v)) == v`, and the spelling is one word
//! wherever a word may stand. Variables are not escaped here, because nginx
//! has no escape for `$`: callers that carry foreign text ask [`has_variable`].

use super::grammar::BUFFER;
use super::position::Span;
use std::borrow::Cow;

/// How a word is spelled in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quote {
    /// Without quotes.
    Bare,
    /// In `'…'`.
    Single,
    /// In `"…"`.
    Double,
}

/// A directive's name or one of its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word<'t> {
    /// Where it stands, quotes included.
    pub span: Span,
    /// What nginx makes of it: without quotes, escapes resolved.
    pub value: &'t [u8],
    /// How it is spelled.
    pub quote: Quote,
}

impl<'t> Word<'t> {
    /// The value for people; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> Cow<'t, str> {
        String::from_utf8_lossy(self.value)
    }

    /// Whether the value is exactly `text`.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        self.value == text.as_bytes()
    }

    /// Whether nginx would look for variables in the value and find a `$`.
    #[must_use]
    pub fn has_variable(&self) -> bool {
        has_variable(self.value)
    }
}

/// Why a value cannot be spelled as one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuoteError {
    /// nginx's strings end at a NUL byte.
    #[error("a word of nginx cannot hold a NUL byte")]
    Nul,
    /// The spelling would not fit nginx's buffer.
    #[error("the word does not fit nginx's buffer of 4,096 bytes")]
    TooLong,
}

/// The safest spelling of `value`: bare where every byte is harmless in any
/// directive, otherwise in double quotes.
///
/// # Errors
/// Refuses values that no word can hold.
pub fn quote_word(value: &[u8]) -> Result<Vec<u8>, QuoteError> {
    if value.contains(&0) {
        return Err(QuoteError::Nul);
    }
    let spelling = if is_harmless(value) { value.to_vec() } else { in_quotes(value) };
    // One byte for the closing quote, one for a space behind it: nginx holds both.
    if spelling.len() > BUFFER - 2 {
        return Err(QuoteError::TooLong);
    }
    Ok(spelling)
}

/// Whether nginx would look for a variable in `value`.
#[must_use]
pub fn has_variable(value: &[u8]) -> bool {
    value.contains(&b'$')
}

/// What nginx makes of the spelling `raw` of one word.
#[must_use]
pub fn value_of(raw: &[u8]) -> Cow<'_, [u8]> {
    let inside = within(raw, quote_of(raw));
    if !inside.contains(&b'\\') {
        return Cow::Borrowed(inside);
    }
    let mut value = Vec::with_capacity(inside.len());
    let mut bytes = inside.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let escaped = match (byte, bytes.peek()) {
            (b'\\', Some(&next @ (b'"' | b'\'' | b'\\'))) => Some(next),
            (b'\\', Some(b't')) => Some(b'\t'),
            (b'\\', Some(b'r')) => Some(b'\r'),
            (b'\\', Some(b'n')) => Some(b'\n'),
            _ => None,
        };
        if escaped.is_some() {
            bytes.next();
        }
        value.push(escaped.unwrap_or(byte));
    }
    if value.len() == inside.len() { Cow::Borrowed(inside) } else { Cow::Owned(value) }
}

/// A spelling without its quotes.
pub(super) fn within(raw: &[u8], quote: Quote) -> &[u8] {
    match quote {
        Quote::Bare => raw,
        Quote::Single | Quote::Double => raw.get(1..raw.len() - 1).unwrap_or_default(),
    }
}

pub(super) fn quote_of(raw: &[u8]) -> Quote {
    match raw.first() {
        Some(b'"') => Quote::Double,
        Some(b'\'') => Quote::Single,
        _ => Quote::Bare,
    }
}

fn is_harmless(value: &[u8]) -> bool {
    let harmless = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-./:=@%+,*?&|^$~".contains(byte);
    !value.is_empty() && value.iter().all(harmless)
}

fn in_quotes(value: &[u8]) -> Vec<u8> {
    let mut spelling = Vec::with_capacity(value.len() + 2);
    spelling.push(b'"');
    for &byte in value {
        match byte {
            b'"' | b'\\' => spelling.extend([b'\\', byte]),
            b'\t' => spelling.extend(b"\\t"),
            b'\r' => spelling.extend(b"\\r"),
            b'\n' => spelling.extend(b"\\n"),
            _ => spelling.push(byte),
        }
    }
    spelling.push(b'"');
    spelling
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, expect: &str) {
        assert_eq!(String::from_utf8_lossy(&value_of(raw.as_bytes())), expect, "{raw:?}");
    }

    #[test]
    fn only_six_escapes_mean_something() {
        check("plain", "plain");
        check("\"a\\\"b\"", "a\"b");
        check("'a\\'b\"'", "a'b\"");
        check("a\\\\b", "a\\b");
        check("\\t\\r\\n", "\t\r\n");
        check("^/\\d+\\.js\\;$", "^/\\d+\\.js\\;$");
        check("\\\\n", "\\n");
        check("\"\"", "");
        check("a'b", "a'b");
    }

    #[test]
    fn values_are_spelled_safely() {
        let spelled =
            |value: &str| String::from_utf8(quote_word(value.as_bytes()).expect("spelled")).expect("UTF-8");
        assert_eq!(spelled("/var/www/html"), "/var/www/html");
        assert_eq!(spelled("$host"), "$host");
        assert_eq!(spelled(""), "\"\"");
        assert_eq!(spelled("a; } b"), "\"a; } b\"");
        assert_eq!(spelled("a\"\\\n'"), "\"a\\\"\\\\\\n'\"");
        assert_eq!(spelled("#x"), "\"#x\"");
        assert_eq!(quote_word(b"a\0b"), Err(QuoteError::Nul));
        assert_eq!(quote_word(&[b'x'; 4095]), Err(QuoteError::TooLong));
        assert_eq!(quote_word(&[b'\n'; 2047]), Err(QuoteError::TooLong));
    }
}
