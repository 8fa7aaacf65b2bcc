//! The characters beyond ASCII that motionctl itself writes, and what stands for them where a terminal has no others.
//!
//! Invariant: every character beyond ASCII in a text of this program is in the table; the tidy test reads the sources
//! for it. What a server's files say is nobody's to spell again and stays as it is.

/// Which characters can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glyphs {
    Unicode,
    /// Those of ASCII: a serial console, or `LANG=C`.
    Ascii,
}

/// What points on.
pub const ARROW: &str = "→";
/// What stands between the parts of a line.
pub const DOT: &str = "·";
/// What stands for what is left out.
pub const ELLIPSIS: &str = "…";
/// More are not needed.
pub const GLYPHS: [(&str, &str); 3] = [(ARROW, "->"), (DOT, "|"), (ELLIPSIS, "...")];

impl Glyphs {
    /// What the locale's name says: the first variable that is set and not empty decides, and without any it is `C`.
    #[must_use]
    pub fn of_locale<'a>(variables: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let locale = variables.into_iter().flatten().find(|value| !value.is_empty()).unwrap_or("C");
        let locale = locale.to_ascii_lowercase();
        if locale.contains("utf-8") || locale.contains("utf8") { Self::Unicode } else { Self::Ascii }
    }

    /// The text with motionctl's own characters as they can be shown.
    #[must_use]
    pub fn of(self, text: &str) -> String {
        if self == Self::Unicode || text.is_ascii() {
            return text.to_owned();
        }
        GLYPHS.iter().fold(text.to_owned(), |text, (glyph, ascii)| text.replace(glyph, ascii))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_says_something_decides() {
        let check = |variables: [Option<&str>; 3], expect: Glyphs| {
            assert_eq!(Glyphs::of_locale(variables), expect, "{variables:?}");
        };
        check([None, None, Some("en_US.UTF-8")], Glyphs::Unicode);
        check([Some("C"), None, Some("en_US.UTF-8")], Glyphs::Ascii);
        check([Some(""), Some("de_DE.utf8"), Some("C")], Glyphs::Unicode);
        check([None, None, Some("de_DE@euro")], Glyphs::Ascii);
        check([None, None, Some("C.UTF-8")], Glyphs::Unicode);
        // As POSIX has it: no word about the locale means `C`.
        check([None, None, None], Glyphs::Ascii);
    }

    #[test]
    fn only_our_own_characters_are_spelled_otherwise() {
        assert_eq!(Glyphs::Ascii.of("a → b · Straße …"), "a -> b | Straße ...");
        assert_eq!(Glyphs::Unicode.of("a → b · …"), "a → b · …");
        for (glyph, ascii) in GLYPHS {
            assert!(!glyph.is_ascii() && ascii.is_ascii());
        }
    }
}
