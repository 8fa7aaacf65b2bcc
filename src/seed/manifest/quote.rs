//! Text as a manifest holds it.
//!
//! Invariant: whatever the text, this reader and every other one of YAML 1.1 or 1.2 gets it back, in block and in flow
//! context; nothing in it can end a line or a comment, or act on a terminal.

use super::scalar::{Plain, classify};
use crate::outcome::is_unseen;
use std::borrow::Cow;
use std::fmt::Write;

/// A text in the shortest safe form: as it is, or in double quotes.
#[must_use]
pub fn scalar(text: &str) -> Cow<'_, str> {
    if is_plain(text) { Cow::Borrowed(text) } else { Cow::Owned(quoted(text)) }
}

/// A text in double quotes.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if is_unseen(c) || is_outside(c) => escape(c, &mut quoted),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Letters and what never means anything between them; all else is quoted without asking what it would mean where.
fn is_plain(text: &str) -> bool {
    let inner =
        |c: char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | '/' | '@' | '+' | '(' | ')');
    text.starts_with(char::is_alphabetic)
        && !text.ends_with(' ')
        && text.chars().all(inner)
        && classify(text) == Plain::Text
}

/// What YAML does not call printable, or takes for a mark of its own (section 5.1, `c-printable`).
fn is_outside(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn escape(c: char, text: &mut String) {
    let code = u32::from(c);
    let written = match code {
        0..=0xff => write!(text, "\\x{code:02x}"),
        0x100..=0xffff => write!(text, "\\u{code:04x}"),
        _ => write!(text, "\\U{code:08x}"),
    };
    written.expect("a string takes any text");
}

#[cfg(test)]
mod tests {
    use super::super::{Managed, validate};
    use super::*;
    use proptest::prelude::*;

    fn comes_back(text: &str) {
        for written in [scalar(text).into_owned(), quoted(text)] {
            let file = format!(
                "version: 1\nprofiles:\n  - {{ name: P, description: {written} }}\n  - name: Q\n    description: {written}\n"
            );
            let read = validate(file.as_bytes(), "file");
            let manifest = read.manifest.unwrap_or_else(|| panic!("{file}\n{:?}", read.problems));
            for profile in &manifest.profiles {
                let Managed::Value(found) = &profile.description else { panic!("{file}") };
                assert_eq!(&*found.value, text, "{file}");
            }
        }
    }

    #[test]
    fn simple_names_stay_as_they_are() {
        for text in ["Talk Now", "agent.one_1", "Straße 7", "a@b.test", "24/7 no"] {
            let plain = !text.starts_with('2');
            assert_eq!(scalar(text) == text, plain, "{text}");
            comes_back(text);
        }
    }

    #[test]
    fn what_yaml_may_take_for_something_else_is_quoted() {
        let texts = "NO y on ~ null Null true 1001 0123 1e3 1.10 12:30 2024-01-31 - -- ... --- # & * ! | > % @ ` ? << = [ ] { } , : a: #a a,b";
        for text in
            texts.split(' ').chain(["", " ", "a ", " a", "a #b", "a: b", "\"", "'", "\\", "a\nb", "a\tb"])
        {
            assert!(scalar(text).starts_with('"'), "{text}");
            comes_back(text);
        }
    }

    #[test]
    fn what_acts_on_a_terminal_is_escaped() {
        let text = "\0\u{1b}[2J\u{85}\u{a0}\u{2028}\u{202e}\u{feff}\u{fffe}\u{e000}\u{1f600}\u{10ffff}\r\n";
        assert!(!scalar(text).chars().any(|c| c.is_control() || is_unseen(c)), "{}", scalar(text));
        comes_back(text);
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in any::<String>()) {
            // Such a text cannot be written at all: it would ask for a value of a site.
            prop_assume!(!super::super::asks(&text));
            comes_back(&text);
        }
    }
}
