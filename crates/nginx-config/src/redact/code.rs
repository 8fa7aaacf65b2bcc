//! Code, of which only its size is shown.
//!
//! Invariant: nothing that code compares or sends is shown, and what is shown has as many lines.

use super::mask::{in_as_many_lines, pattern};
use crate::Word;
use regex::Regex;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// What is shown of code, which may be looked at again.
static SHOWN_CODE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:\{ )?[0-9]+ lines?, sha256:[0-9a-f]{8}\s*(?: \})?$"));

/// What is shown of code: `12 lines, sha256:0123abcd`. Whatever it compares or sends would have to be understood.
#[must_use]
pub fn redact_code(code: &[u8]) -> String {
    use std::fmt::Write as _;

    let code = code.trim_ascii();
    if let Ok(text) = std::str::from_utf8(code)
        && SHOWN_CODE.is_match(text)
    {
        return text.to_owned();
    }
    let lines = code.split(|byte| *byte == b'\n').count();
    let mut shown = format!("{lines} line{}, sha256:", if lines == 1 { "" } else { "s" });
    // So short that a guess of the code cannot be proven by it.
    for byte in &Sha256::digest(code)[..4] {
        write!(shown, "{byte:02x}").expect("a string takes everything");
    }
    shown
}

/// Whether an argument is code, and no name of a function.
pub fn is_code(word: Word<'_>) -> bool {
    !std::str::from_utf8(word.value).is_ok_and(|text| SHOWN_CODE.is_match(text))
        && word.value.iter().any(|byte| !byte.is_ascii_alphanumeric() && !b"_.:$".contains(byte))
}

/// What is shown of code, with as many lines as it had.
pub fn code_in_lines(code: &[u8]) -> Vec<u8> {
    let before = if code.first().is_some_and(u8::is_ascii_whitespace) { " " } else { "" };
    let behind = if before.is_empty() || code.contains(&b'\n') { "" } else { " " };
    in_as_many_lines(format!("{before}{}{behind}", redact_code(code)), code).into_bytes()
}
