//! What character sets hold, where no server can be asked.
//!
//! Invariant: a character is lost only if every version of every server loses it. Of a set that is not known here nothing is
//! lost, and a plan says so.

/// The characters of `latin1` above U+00FF; to servers it is Windows' 1252, not the standard of that name.
const OF_WINDOWS: &str = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ";
/// The control characters between U+0080 and U+009F that Windows' 1252 has no letter for, and servers let through.
const LET_THROUGH: [char; 5] = ['\u{81}', '\u{8d}', '\u{8f}', '\u{90}', '\u{9d}'];

/// Whether it is known here what a character set holds.
#[must_use]
pub fn is_known(charset: &str) -> bool {
    holds(charset, 'a').is_some()
}

/// The first character of a text that a character set is known to lose.
#[must_use]
pub fn lost(charset: &str, text: &str) -> Option<char> {
    text.chars().find(|letter| holds(charset, *letter) == Some(false))
}

fn holds(charset: &str, letter: char) -> Option<bool> {
    match charset.to_ascii_lowercase().as_str() {
        "utf8mb4" | "utf16" | "utf16le" | "utf32" => Some(true),
        "utf8mb3" | "utf8" | "ucs2" => Some(letter <= '\u{ffff}'),
        "ascii" => Some(letter.is_ascii()),
        "latin1" => Some(match letter {
            '\u{80}'..='\u{9f}' => LET_THROUGH.contains(&letter),
            _ => letter <= '\u{ff}' || OF_WINDOWS.contains(letter),
        }),
        _ => None,
    }
}
