//! Which side wins a conflict, as the user decided.
//!
//! Invariant: a path decides the conflict of that path and those below it; the
//! longest path that fits wins, and all paths win over the general choice. What
//! is no conflict is decided only by its own path.

use crate::diff::show::SEPARATOR;
use std::collections::{BTreeMap, BTreeSet};

/// The side that wins a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Choice {
    /// The file that is there.
    Ours,
    /// The vendor's.
    Theirs,
}

/// What the user decided about conflicts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Resolutions {
    general: Option<Choice>,
    paths: BTreeMap<String, Choice>,
}

impl Resolutions {
    /// Nothing is decided: every conflict stays open.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// One choice for every conflict that no path decides.
    #[must_use]
    pub fn all(choice: Choice) -> Self {
        Self { general: Some(choice), paths: BTreeMap::new() }
    }

    /// The same decisions and one more, for a conflict's path or a block.
    #[must_use]
    pub fn with(mut self, path: impl Into<String>, choice: Choice) -> Self {
        self.paths.insert(path.into(), choice);
        self
    }

    /// The same decisions, with one for every conflict that no path decides.
    #[must_use]
    pub fn otherwise(mut self, choice: Choice) -> Self {
        self.general = Some(choice);
        self
    }

    /// Whether one choice covers every conflict.
    #[must_use]
    pub fn is_general(&self) -> bool {
        self.general.is_some()
    }

    /// What was decided about the conflict of this path.
    #[must_use]
    pub fn of(&self, path: &str) -> Option<Choice> {
        self.named(path).or(self.general)
    }

    /// What a path decides about what this path names; the general choice is not asked.
    #[must_use]
    pub fn named(&self, path: &str) -> Option<Choice> {
        let fitting = self.paths.iter().filter(|(known, _)| covers(known, path));
        fitting.max_by_key(|(known, _)| known.len()).map(|(_, choice)| *choice)
    }

    /// The paths that name none of these.
    #[must_use]
    pub fn naming_none_of(&self, found: &[&str]) -> Vec<String> {
        self.unused(found, &BTreeSet::new())
    }

    /// What was decided about the directive of exactly this path, conflict or not.
    pub(super) fn exactly(&self, path: &str) -> Option<Choice> {
        self.paths.get(path).copied()
    }

    /// Whether any path is named.
    pub(super) fn has_paths(&self) -> bool {
        !self.paths.is_empty()
    }

    /// Whether something is decided about a part of the block of this path.
    pub(super) fn decides_below(&self, block: &str) -> bool {
        self.paths.keys().any(|path| path != block && covers(block, path))
    }

    /// The paths that decide none of these conflicts.
    pub(super) fn unused(&self, conflicts: &[&str], decided: &BTreeSet<String>) -> Vec<String> {
        let is_unused = |path: &&String| {
            !decided.contains(*path) && !conflicts.iter().any(|conflict| covers(path, conflict))
        };
        self.paths.keys().filter(is_unused).cloned().collect()
    }
}

/// Whether the path `known` names this one, or a block around it.
#[must_use]
pub fn covers(known: &str, path: &str) -> bool {
    path.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with(SEPARATOR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_path_decides() {
        let some = Resolutions::all(Choice::Ours)
            .with("server a:443", Choice::Theirs)
            .with("server a:443 / location /x", Choice::Ours);
        assert_eq!(some.of("server b:443"), Some(Choice::Ours));
        assert_eq!(some.of("server a:443 / root"), Some(Choice::Theirs));
        assert_eq!(some.of("server a:4433"), Some(Choice::Ours));
        assert_eq!(some.of("server a:443 / location /x / root"), Some(Choice::Ours));
        assert_eq!(some.of("server a:443 / location /xy"), Some(Choice::Theirs));
        assert_eq!(Resolutions::none().of("a"), None);
        assert_eq!(some.unused(&["server a:443 / root"], &BTreeSet::new()), ["server a:443 / location /x"]);
    }
}
