//! Two texts beside each other, and their unified diff.
//!
//! Invariant: the texts are redacted before they come here.

use similar::{ChangeTag, TextDiff};

/// Lines of context around a change.
pub const CONTEXT: usize = 3;

/// Two texts that differ, redacted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// What the first is called.
    pub old_name: String,
    /// What the second is called.
    pub new_name: String,
    pub old: String,
    pub new: String,
}

impl Comparison {
    /// A file before and after a change.
    #[must_use]
    pub fn of_file(path: &std::path::Path, old: String, new: String) -> Self {
        let name = path.display().to_string();
        Self { old_name: name.clone(), new_name: name, old, new }
    }

    /// Lines that only the second has, and lines that only the first has.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let diff = TextDiff::from_lines(&self.old, &self.new);
        let of = |tag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
        (of(ChangeTag::Insert), of(ChangeTag::Delete))
    }

    /// The unified diff; empty when the texts are the same.
    #[must_use]
    pub fn unified(&self) -> String {
        TextDiff::from_lines(&self.old, &self.new)
            .unified_diff()
            .context_radius(CONTEXT)
            .header(&self.old_name, &self.new_name)
            .to_string()
    }
}
