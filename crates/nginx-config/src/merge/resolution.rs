//! Which side wins a conflict, as the user decided.
//!
//! Invariant: a path decides the conflict of that path and those below it; the
//! longest path that fits wins. All paths win over what was decided on another
//! server, and that over the general choice. What is no conflict is decided
//! only by its own path.

use super::model::{Choice, Fingerprint};
use crate::diff::show::SEPARATOR;
use std::collections::{BTreeMap, BTreeSet};

/// What the user decided about conflicts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Resolutions {
    general: Option<Choice>,
    paths: BTreeMap<String, Choice>,
    #[cfg_attr(feature = "serde", serde(default))]
    fingerprints: BTreeMap<Fingerprint, Choice>,
    #[cfg_attr(feature = "serde", serde(skip))]
    tells_redirects: bool,
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
        Self { general: Some(choice), ..Self::default() }
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

    /// The same decisions, where two blocks that send people to HTTPS in other
    /// words are told apart: against a template, they are the same.
    #[must_use]
    pub fn telling_redirects(mut self) -> Self {
        self.tells_redirects = true;
        self
    }

    pub(super) fn tells_redirects(&self) -> bool {
        self.tells_redirects
    }

    /// The same decisions and one more, for a conflict that was decided on
    /// another server.
    #[must_use]
    pub fn with_known(mut self, conflict: Fingerprint, choice: Choice) -> Self {
        self.fingerprints.insert(conflict, choice);
        self
    }

    /// What was decided about the conflict of this path, or about the same one
    /// of another server.
    #[must_use]
    pub fn of(&self, path: &str, conflict: &Fingerprint) -> Option<Choice> {
        self.by_path(path).or_else(|| self.fingerprints.get(conflict).copied()).or(self.general)
    }

    /// What was decided by a path about the conflict of this path.
    #[must_use]
    pub fn by_path(&self, path: &str) -> Option<Choice> {
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
        let one = Fingerprint::parse(&"1".repeat(64)).unwrap();
        let other = Fingerprint::parse(&"2".repeat(64)).unwrap();
        assert_eq!(some.of("server b:443", &one), Some(Choice::Ours));
        assert_eq!(some.of("server a:443 / root", &one), Some(Choice::Theirs));
        assert_eq!(some.of("server a:4433", &one), Some(Choice::Ours));
        assert_eq!(some.of("server a:443 / location /x / root", &one), Some(Choice::Ours));
        assert_eq!(some.of("server a:443 / location /xy", &one), Some(Choice::Theirs));
        let known = some.clone().with_known(one.clone(), Choice::Theirs);
        assert_eq!(known.of("server b:443", &one), Some(Choice::Theirs));
        assert_eq!(known.of("server b:443", &other), Some(Choice::Ours));
        assert_eq!(known.of("server a:443 / location /x", &one), Some(Choice::Ours));
        assert_eq!(Resolutions::none().of("a", &one), None);
        assert_eq!(some.unused(&["server a:443 / root"], &BTreeSet::new()), ["server a:443 / location /x"]);
    }
}
