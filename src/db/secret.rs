//! A password: it can be used, and not be shown.
//!
//! Invariant: neither `Debug` nor `Display`, nor any way to serialise one; only this room reads it.

/// A password.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a password in.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the driver.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}
