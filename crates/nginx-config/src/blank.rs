//! Blanks: what stands in a vendor's text, as many servers share it, in the
//! place of what each server has for itself.
//!
//! `<any:port>` stands for one word or a part of one, `<any:names...>` for any
//! number of words. A comment that begins with `#|` is a note of whoever wrote
//! the blanks, and no part of the text.
//!
//! Invariant: what is no blank by its spelling is text and nothing else. A
//! pattern without a blank fits exactly itself.

use super::position::Span;
use super::tree::{Args, Tree};
use super::word::Word;
use std::ops::Range;

/// How every blank begins.
const OPEN: &[u8] = b"<any:";
/// What ends the name of one that stands for any number of words.
const REST: &[u8] = b"...";
/// The blank of numbers: it fits digits alone.
const PORT: &[u8] = b"port";
/// The blank of paths: that there is none is another setting.
const PATH: &[u8] = b"path";
/// How a note begins.
pub const NOTE: &[u8] = b"#|";

/// A blank of this name.
#[must_use]
pub fn blank(name: &str) -> Vec<u8> {
    [OPEN, name.as_bytes(), b">"].concat()
}

/// A blank for any number of words.
#[must_use]
pub fn rest(name: &str) -> Vec<u8> {
    [OPEN, name.as_bytes(), REST, b">"].concat()
}

/// Whether a word has a blank in it.
#[must_use]
pub fn has_blank(word: &[u8]) -> bool {
    next(word).is_some()
}

/// Whether a text has blanks or notes, so that it is no file by itself.
#[must_use]
pub fn is_pattern(tree: &Tree) -> bool {
    let has_blanks = |word: Word<'_>| has_blank(word.value);
    tree.walk().any(|id| tree.directive(id).args.iter().any(has_blanks)) || notes(tree).next().is_some()
}

/// The values of words.
#[must_use]
pub fn values(words: Args<'_>) -> Vec<&[u8]> {
    words.iter().map(|word| word.value).collect()
}

/// Where the notes of a text stand.
pub fn notes(tree: &Tree) -> impl Iterator<Item = Range<usize>> + '_ {
    tree.comments().map(Span::range).filter(|range| tree.source()[range.clone()].starts_with(NOTE))
}

/// Whether a word is a blank for any number of words.
#[must_use]
pub fn is_rest(word: &[u8]) -> bool {
    next(word).is_some_and(|(at, name)| at == (0..word.len()) && name.ends_with(REST))
}

/// The first blank of a word: where it stands, and its name.
fn next(word: &[u8]) -> Option<(Range<usize>, &[u8])> {
    let mut from = 0;
    while let Some(at) = find(&word[from..], OPEN) {
        let start = from + at;
        let inside = &word[start + OPEN.len()..];
        let is_name = |byte: &&u8| byte.is_ascii_lowercase() || matches!(**byte, b'-' | b'.');
        let len = inside.iter().take_while(is_name).count();
        if len > 0 && inside.get(len) == Some(&b'>') {
            return Some((start..start + OPEN.len() + len + 1, &inside[..len]));
        }
        from = start + OPEN.len();
    }
    None
}

/// Whether a word is what a pattern stands for.
#[must_use]
pub fn fits(pattern: &[u8], word: &[u8]) -> bool {
    let Some((at, _)) = next(pattern) else { return pattern == word };
    let Some(mut left) = word.strip_prefix(&pattern[..at.start]) else { return false };
    let mut rest = &pattern[at.start..];
    while let Some((at, name)) = next(rest) {
        rest = &rest[at.end..];
        let literal = &rest[..next(rest).map_or(rest.len(), |(at, _)| at.start)];
        let is_last = literal.len() == rest.len();
        // At least one byte is the blank's; the last piece ends the word.
        let end = match is_last {
            true => left.len().checked_sub(literal.len()).filter(|&end| end > 0 && left.ends_with(literal)),
            false => left.get(1..).and_then(|tail| find(tail, literal)).map(|at| at + 1),
        };
        let Some(end) = end else { return false };
        let taken = &left[..end];
        if name == PORT && !taken.iter().all(u8::is_ascii_digit) || name == PATH && taken == b"off" {
            return false;
        }
        left = &left[end + literal.len()..];
        rest = &rest[literal.len()..];
    }
    left.is_empty()
}

/// The words that each word of a pattern stands for; `None` where they do not fit.
#[must_use]
pub fn taken(pattern: &[&[u8]], words: &[&[u8]]) -> Option<Vec<Range<usize>>> {
    taken_where(pattern, words, fits)
}

/// The same, where only words with a blank have to fit.
#[must_use]
pub fn taken_loosely(pattern: &[&[u8]], words: &[&[u8]]) -> Option<Vec<Range<usize>>> {
    let fits = |pattern: &[u8], word: &[u8]| !has_blank(pattern) || fits(pattern, word);
    let has_rest = pattern.iter().any(|word| is_rest(word));
    // A word more or less at the end is no matter: the blanks stand before.
    let common = if has_rest { pattern.len() } else { pattern.len().min(words.len()) };
    if pattern[common..].iter().any(|word| has_blank(word)) {
        return None;
    }
    let until = if has_rest { words.len() } else { common };
    taken_where(&pattern[..common], &words[..until], fits)
}

fn taken_where(
    pattern: &[&[u8]],
    words: &[&[u8]],
    fits: impl Fn(&[u8], &[u8]) -> bool,
) -> Option<Vec<Range<usize>>> {
    let open = pattern.iter().position(|word| is_rest(word));
    let single = pattern.len() - usize::from(open.is_some());
    let many = words.len().checked_sub(single)?;
    if open.is_none() && many > 0 {
        return None;
    }
    let mut at = 0;
    let mut found = Vec::with_capacity(pattern.len());
    for (index, word) in pattern.iter().enumerate() {
        let len = if Some(index) == open { many } else { 1 };
        if Some(index) != open && !fits(word, words[at]) {
            return None;
        }
        found.push(at..at + len);
        at += len;
    }
    Some(found)
}

fn find(text: &[u8], piece: &[u8]) -> Option<usize> {
    if piece.is_empty() {
        return Some(0);
    }
    text.windows(piece.len()).position(|window| window == piece)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_what_its_blanks_may_hold() {
        let check = |pattern: &str, word: &str, expect: bool| {
            assert_eq!(fits(pattern.as_bytes(), word.as_bytes()), expect, "{pattern} and {word}");
        };
        check("on", "on", true);
        check("on", "off", false);
        check("<any:port>", "8443", true);
        check("<any:port>", "unix:/x", false);
        check("[::]:<any:port>", "[::]:443", true);
        check("http://127.0.0.1:<any:port>/", "http://127.0.0.1:9000/", true);
        check("http://127.0.0.1:<any:port>/", "http://127.0.0.1:9000", false);
        check("https://<any:name>$request_uri", "https://a.test$request_uri", true);
        check("https://<any:name>$request_uri", "https://$request_uri", false);
        check("<any:name>/<any:path>", "a/b/c", true);
        check("<any:name>/<any:path>", "a/", false);
        check("<any:path>", "logs/x", true);
        check("<any:path>", "off", false);
        // Neither HTML nor a name that only looks like it.
        check("<head>", "<head>", true);
        check("<any:>", "x", false);
        check("<any:X>", "x", false);
    }

    #[test]
    fn words_are_taken_one_by_one_and_the_rest_by_its_blank() {
        fn words(text: &str) -> Vec<&[u8]> {
            text.split(' ').map(str::as_bytes).collect()
        }
        let shown =
            |found: Option<Vec<Range<usize>>>| found.map_or("none".to_owned(), |at| format!("{at:?}"));
        let check = |pattern: &str, text: &str, expect: &str| {
            assert_eq!(shown(taken(&words(pattern), &words(text))), expect, "{pattern} and {text}");
        };
        check("<any:port> ssl", "443 ssl", "[0..1, 1..2]");
        check("<any:port> ssl", "443 ssl http2", "none");
        check("<any:port> <any:options...>", "443 ssl http2", "[0..1, 1..3]");
        check("<any:names...>", "a b c", "[0..3]");
        check("a <any:values...>", "a", "[0..1, 1..1]");
        check("<any:port> ssl", "443", "none");
        let loosely = |pattern: &str, text: &str| shown(taken_loosely(&words(pattern), &words(text)));
        assert_eq!(loosely("<any:port> ssl", "443 ssl http2"), "[0..1, 1..2]");
        assert_eq!(loosely("<any:port> ssl", "443"), "[0..1]");
        assert_eq!(loosely("a <any:value>", "a"), "none");
    }

    #[test]
    fn only_blanks_and_notes_make_a_pattern() {
        let is = |source: &str| is_pattern(&Tree::parse(source).unwrap());
        assert!(is("listen <any:port>;"));
        assert!(is("a; #| 3 of 4 servers"));
        assert!(!is("sub_filter '<head>' '<any>'; # a note"));
    }
}
