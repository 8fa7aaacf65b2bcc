//! Differences between two states of a tree: two backups, or a backup and the server.
//!
//! Invariant: pure. Each path that differs is named once, with everything in which it differs.

use super::manifest::Entry;
use crate::values::{AttributeDifference, Hash, LinkText, RootPath};
use std::collections::{BTreeMap, BTreeSet};

/// One path in which two states differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub path: RootPath,
    pub changes: Vec<Change>,
}

/// One way in which a path differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Only the new state has it.
    Added,
    /// Only the old state has it.
    Removed,
    /// A file became a link or a folder, and so on.
    Kind,
    Contents(Hash, Hash),
    /// The link leads elsewhere.
    Target(LinkText, LinkText),
    /// Other owner, mode, time of change or extended attributes.
    Attributes(Vec<AttributeDifference>),
}

/// Every path in which `new` differs from `old`, sorted.
#[must_use]
pub fn compare(old: &BTreeMap<RootPath, Entry>, new: &BTreeMap<RootPath, Entry>) -> Vec<Difference> {
    let paths: BTreeSet<&RootPath> = old.keys().chain(new.keys()).collect();
    let differs = |path: &RootPath| {
        let changes = match (old.get(path), new.get(path)) {
            (Some(_), None) => vec![Change::Removed],
            (None, Some(_)) => vec![Change::Added],
            (Some(old), Some(new)) => changes(old, new),
            (None, None) => Vec::new(),
        };
        (!changes.is_empty()).then(|| Difference { path: path.clone(), changes })
    };
    paths.into_iter().filter_map(differs).collect()
}

fn changes(old: &Entry, new: &Entry) -> Vec<Change> {
    let mut found = Vec::new();
    match (old, new) {
        (Entry::File { sha256: a, .. }, Entry::File { sha256: b, .. }) => {
            found.extend((a != b).then_some(Change::Contents(*a, *b)));
        }
        (Entry::Symlink { target: a, .. }, Entry::Symlink { target: b, .. }) => {
            found.extend((a != b).then(|| Change::Target(a.clone(), b.clone())));
        }
        (Entry::Folder { .. }, Entry::Folder { .. }) => {}
        (Entry::Skipped { kind: a }, Entry::Skipped { kind: b }) if a == b => {}
        _ => return vec![Change::Kind],
    }
    if let (Some(old), Some(new)) = (old.attributes(), new.attributes()) {
        let attributes = old.differences(new);
        found.extend((!attributes.is_empty()).then_some(Change::Attributes(attributes)));
    }
    found
}
