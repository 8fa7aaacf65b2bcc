//! A spelling of any bytes that survives JSON and terminals.
//!
//! Invariant: the text is one line of printable characters, and [`unescape`] gives back every byte.

use std::fmt::Write as _;

/// Any bytes as one line of printable text: UTF-8 stays, a backslash is doubled, control
/// characters and bytes that are not UTF-8 become `\xHH`.
#[must_use]
pub fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character == '\\' {
                text.push_str("\\\\");
            } else if character.is_control() || is_disguise(character) {
                let mut buffer = [0; 4];
                for byte in character.encode_utf8(&mut buffer).bytes() {
                    write!(text, "\\x{byte:02x}").expect("writing to a string");
                }
            } else {
                text.push(character);
            }
        }
        for byte in chunk.invalid() {
            write!(text, "\\x{byte:02x}").expect("writing to a string");
        }
    }
    text
}

/// Characters that reorder or break a line on a terminal without being control characters.
fn is_disguise(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The bytes that [`escape`] wrote; `None` for text that it never writes.
#[must_use]
pub fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'\\' {
            bytes.push(first);
            continue;
        }
        match rest {
            [b'\\', after @ ..] => {
                bytes.push(b'\\');
                rest = after;
            }
            [b'x', high, low, after @ ..] => {
                let mut byte = [0];
                hex::decode_to_slice([*high, *low], &mut byte).ok()?;
                bytes.push(byte[0]);
                rest = after;
            }
            _ => return None,
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_names_stay_one_line() {
        assert_eq!(escape(b"a\nb\\c\xff\x1b[31m"), "a\\x0ab\\\\c\\xff\\x1b[31m");
        assert_eq!(escape("caf\u{e9}\u{202e}".as_bytes()), "caf\u{e9}\\xe2\\x80\\xae");
        assert_eq!(unescape("\\q"), None);
        assert_eq!(unescape("\\x4"), None);
    }

    proptest! {
        #[test]
        fn escaping_loses_no_byte(bytes: Vec<u8>) {
            prop_assert_eq!(unescape(&escape(&bytes)), Some(bytes));
        }
    }
}
