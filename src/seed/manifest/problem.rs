//! What is wrong or doubtful in a manifest, and how messages quote a text of it.
//!
//! Invariant: what is quoted is harmless for a terminal and cut to a length that a person reads.

use super::place::Place;
use crate::outcome::codes::Code;
use crate::outcome::{unmasked, visible, visible_beside};

/// As much of a name as is compared with another by eye.
const LONGEST_NAME: usize = 255;

/// As much of a text as a message quotes.
const QUOTED: usize = 60;

/// A text as messages quote it: in backticks, cut, and with all spelled out that cannot be seen.
#[must_use]
pub fn shown(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("`{}…`", visible(&text[..end])),
        None => format!("`{}`", visible(text)),
    }
}

/// The same, and spelled out where a person would take it for a text of ASCII letters.
#[must_use]
pub fn shown_unmasked(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("`{}…`", unmasked(&text[..end])),
        None => format!("`{}`", unmasked(text)),
    }
}

/// Two texts as a message quotes them that tells one from the other; they are cut only where no column holds more.
#[must_use]
pub fn shown_beside(one: &str, other: &str) -> [String; 2] {
    let cut = |text: &str| text.chars().take(LONGEST_NAME).collect::<String>();
    visible_beside(&cut(one), &cut(other)).map(|text| format!("`{text}`"))
}

/// Something wrong or doubtful at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Whether it refuses the file.
    pub weight: Weight,
    pub place: Place,
    /// What, in lower case and without a full stop.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

/// Whether a problem refuses the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    Error,
    /// It does not; the code of the finding that says so.
    Warning(Code),
}

impl Problem {
    /// What refuses the file.
    pub fn error(place: Place, message: impl Into<String>) -> Self {
        Self { weight: Weight::Error, place, message: message.into(), hint: None }
    }

    /// What a person should read, as part of the finding `code`.
    pub fn warning(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self { weight: Weight::Warning(code), place, message: message.into(), hint: None }
    }

    /// The same with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with "did you mean", where there is something to mean.
    #[must_use]
    pub fn did_you_mean(self, suggestion: Option<&str>) -> Self {
        match suggestion {
            Some(suggestion) => self.hint(format!("did you mean {}?", shown(suggestion))),
            None => self,
        }
    }

    /// Whether it refuses the file.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.weight == Weight::Error
    }
}
