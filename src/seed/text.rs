//! A file that was read, and what messages call it.
//!
//! Invariant: the bytes are as they were read; nothing here opens a file.

use super::manifest::File;

/// A file and its name.
pub struct Text {
    /// What messages call it.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl Text {
    /// The text for a file of ours; what was validated is UTF-8.
    #[must_use]
    pub fn to_text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The file for who checks it.
    #[must_use]
    pub fn file(&self) -> File<'_> {
        File { name: &self.name, bytes: &self.bytes }
    }
}
