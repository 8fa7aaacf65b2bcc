//! Names as people can tell them apart: what cannot be seen is spelled out.
//!
//! Invariant: two names that differ, and have no backslash, are never shown as the same text by [`visible_beside`]; a name
//! of letters, digits, marks and single spaces between them is shown as it is.

use regex::Regex;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;
use unicode_security::skeleton;

/// Characters that a screen shows as nothing, as a blank, or as a box that all of them share. By general category:
/// controls, format characters, surrogates, private use, and every separator but the space; besides what Unicode calls
/// ignorable, which has letters (the fillers of Hangul) and marks among it, and the empty Braille pattern, a symbol.
static UNSEEN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[[\p{Cc}\p{Cf}\p{Co}\p{Zs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\x{2800}]--[\x20]]")
        .expect("the expression is constant")
});

/// Those of them that take room as a space does.
static BLANK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[\p{White_Space}\x{2800}]").expect("the expression is constant"));

/// Whether a character cannot be seen, or looks like a space and is none.
#[must_use]
pub fn is_unseen(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_control() } else { UNSEEN.is_match(c.encode_utf8(&mut [0; 4])) }
}

/// Whether a character is a space or takes room like one.
#[must_use]
pub fn is_blank(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_whitespace() || c == '\u{b}'
    } else {
        BLANK.is_match(c.encode_utf8(&mut [0; 4]))
    }
}

/// The text with what cannot be seen spelled out, as `\u{a0}`; so are spaces at its ends and those behind a space.
#[must_use]
pub fn visible(text: &str) -> String {
    named_out(text, is_unseen)
}

/// Two texts that are to be told apart: where they would look the same, whatever is not ASCII is spelled out as well.
#[must_use]
pub fn visible_beside(one: &str, other: &str) -> [String; 2] {
    let looks_the_same = is_mistaken_for(one, other);
    let foreign = |c: char| is_unseen(c) || (looks_the_same && !c.is_ascii());
    [one, other].map(|text| named_out(text, foreign))
}

/// Whether two texts differ and look the same.
#[must_use]
pub fn is_mistaken_for(one: &str, other: &str) -> bool {
    one != other && look(one) == look(other)
}

/// The text with everything spelled out that is not ASCII.
#[must_use]
pub fn ascii_only(text: &str) -> String {
    named_out(text, |c| is_unseen(c) || !c.is_ascii())
}

/// The text as [`visible`] shows it, and spelled out where a person would take it for one of ASCII letters.
#[must_use]
pub fn unmasked(text: &str) -> String {
    if !text.is_ascii() && look(text).is_ascii() { ascii_only(text) } else { visible(text) }
}

/// A text without what cannot be told by eye: names that differ only in case, in blanks, in characters that cannot be
/// seen, or in letters that look like others have the same.
#[must_use]
pub fn alike(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    let mut is_gap = false;
    for c in text.nfkc() {
        if is_blank(c) {
            is_gap = true;
        } else if !is_unseen(c) {
            // Numbers that only a blank parts are two.
            if is_gap && c.is_numeric() && words.ends_with(char::is_numeric) {
                words.push(' ');
            }
            is_gap = false;
            words.extend(c.to_lowercase());
        }
    }
    look(&words)
}

/// What a text looks like: the skeleton of Unicode's list of confusable characters (UTS #39).
fn look(text: &str) -> String {
    if text.is_ascii() {
        skeleton(text).collect()
    } else {
        skeleton(text).filter(|c| !is_unseen(*c)).collect()
    }
}

/// Of a name also the spaces that nobody sees.
fn named_out(name: &str, is_harmful: impl Fn(char) -> bool) -> String {
    let end = name.trim_end_matches(' ').len();
    spelled_out(name, |index, c| {
        let is_blank = c == ' ' && (index == 0 || index >= end || name.as_bytes()[index - 1] == b' ');
        is_blank || is_harmful(c)
    })
}

/// The text with those characters spelled out that are harmful where they stand, as `\n` or `\u{1b}`.
#[must_use]
pub fn spelled_out(text: &str, is_harmful: impl Fn(usize, char) -> bool) -> String {
    let mut result = String::with_capacity(text.len());
    for (index, c) in text.char_indices() {
        if is_harmful(index, c) {
            match c {
                '\n' | '\r' | '\t' => result.extend(c.escape_default()),
                c => result.extend(c.escape_unicode()),
            }
        } else {
            result.push(c);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_cannot_be_seen_is_spelled_out() {
        let check = |text: &str, expect: &str| assert_eq!(visible(text), expect, "{text:?}");
        check("Profile\u{a0}1", "Profile\\u{a0}1");
        check("Zero\u{200b}width", "Zero\\u{200b}width");
        check("\u{202e}fnoc", "\\u{202e}fnoc");
        check("ideographic\u{3000}and\u{2009}thin", "ideographic\\u{3000}and\\u{2009}thin");
        check("soft\u{ad}hyphen\u{feff}", "soft\\u{ad}hyphen\\u{feff}");
        check("\u{3164}filler\u{2800}", "\\u{3164}filler\\u{2800}");
        check("a\tb\nc\u{1b}", "a\\tb\\nc\\u{1b}");
        check(" Two  blanks ", "\\u{20}Two \\u{20}blanks\\u{20}");
        check("Straße 日本 Łódź e\u{301} ☎ 😀", "Straße 日本 Łódź e\u{301} ☎ 😀");
        check("", "");
    }

    #[test]
    fn names_beside_each_other_can_be_told_apart() {
        let check = |one: &str, other: &str, expect: [&str; 2]| {
            assert_eq!(visible_beside(one, other), expect);
            assert_eq!(alike(one), alike(other));
        };
        check("Profile 1", "Profile\u{a0}1", ["Profile 1", "Profile\\u{a0}1"]);
        // Composed and decomposed, and letters of two alphabets.
        check("Café", "Cafe\u{301}", ["Caf\\u{e9}", "Cafe\\u{301}"]);
        check("Support", "Ѕuppоrt", ["Support", "\\u{405}upp\\u{43e}rt"]);
        check("Größe", "größe", ["Größe", "größe"]);
        check("Talk Now", "TalkNow ", ["Talk Now", "TalkNow\\u{20}"]);
    }

    #[test]
    fn letters_that_pose_as_ascii_are_spelled_out() {
        let check = |text: &str, expect: &str| assert_eq!(unmasked(text), expect);
        check("\u{430}1", "\\u{430}1");
        check("a1", "a1");
        check("jörg", "jörg");
        check("Жанна", "Жанна");
        check("a\u{a0}1", "a\\u{a0}1");
    }

    #[test]
    fn names_that_are_told_apart_by_eye_are_not_alike() {
        for (one, other) in [("Shift 1", "Shift 2"), ("1 2", "12"), ("Support", "Suport"), ("Süd", "Sud")] {
            assert_ne!(alike(one), alike(other), "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn different_texts_are_shown_differently(one in "[ a\u{a0}\u{200b}е\u{301}é\u{2009}]{0,5}", other in "[ a\u{a0}\u{200b}е\u{301}é\u{2009}]{0,5}") {
            let [first, second] = visible_beside(&one, &other);
            prop_assert_eq!(first == second, one == other);
        }
    }
}
