//! Which directives two configurations differ in, by block and identity.
//!
//! Invariant: each directive that differs is in the result once, in the block
//! in which it stands; order counts only where nginx gives it a meaning, and
//! what is only spelled differently is kept apart. Everything shown is redacted.

pub(super) mod at;
pub(super) mod compare;
pub(super) mod outline;
pub(super) mod pairing;
pub(super) mod purpose;
mod rows;
pub(super) mod show;
pub(super) mod trivia;

pub use compare::Kind;
pub use rows::Row;
pub use show::join;

use super::config::Config;
use super::position::{Position, Span};
use super::tree::Tree;
use at::{At, Base, Ours, Whose};
use compare::{Difference, Side, compare};
use outline::Meanings;
use std::path::PathBuf;

/// What is compared.
#[derive(Debug, Clone, Copy)]
pub enum Source<'s> {
    /// One file by itself; its includes are directives like others.
    Tree(&'s Tree),
    /// A configuration with its includes expanded.
    Config(&'s Config),
}

impl<'s> From<&'s Tree> for Source<'s> {
    fn from(tree: &'s Tree) -> Self {
        Self::Tree(tree)
    }
}

impl<'s> From<&'s Config> for Source<'s> {
    fn from(config: &'s Config) -> Self {
        Self::Config(config)
    }
}

impl<'s> Source<'s> {
    pub(super) fn side<S: Whose>(self, meanings: &mut Meanings) -> Side<'s, S> {
        match self {
            Self::Tree(tree) => Side::of_tree(tree, meanings),
            Self::Config(config) => Side::of_config(config, meanings),
        }
    }
}

/// What two configurations differ in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Differences in directives, in the order of the old side, block by block.
    pub directives: Vec<Change>,
    /// Differences in comments, white space and spelling alone.
    pub cosmetic: Vec<Change>,
}

impl Changes {
    /// Whether no directive differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.directives.is_empty()
    }

    /// The differences directive by directive: a block that only one side has
    /// is a row for each directive in it.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.directives.iter().flat_map(|change| &change.rows)
    }
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The kind.
    pub kind: Kind,
    /// The blocks around the directive: `server cc.example.test:443 / location /api/`.
    pub path: String,
    /// Name and arguments as they are now, or were: `proxy_read_timeout 600s`.
    /// Empty for comments of the file that belong to no directive.
    pub directive: String,
    /// The old version.
    pub old: Option<Version>,
    /// The new version.
    pub new: Option<Version>,
    /// The same, line by line.
    pub rows: Vec<Row>,
}

/// A directive on one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its file, where a whole configuration was compared.
    pub file: Option<PathBuf>,
    /// Where it starts in its file.
    pub position: Position,
    /// The bytes it takes there, without its comments.
    pub span: Span,
    /// Its text with all that stands in it, laid out again and redacted; of a
    /// cosmetic change, the comments.
    pub text: String,
}

/// Compares two files or two configurations.
#[must_use]
pub fn diff<'s>(old: impl Into<Source<'s>>, new: impl Into<Source<'s>>) -> Changes {
    let mut meanings = Meanings::default();
    let (old, new) = (old.into().side(&mut meanings), new.into().side(&mut meanings));
    let mut changes = Changes::default();
    for difference in compare(&old, &new) {
        let is_cosmetic = matches!(difference.kind, Kind::Comment | Kind::Spacing);
        let list = if is_cosmetic { &mut changes.cosmetic } else { &mut changes.directives };
        list.push(describe(&old, &new, difference));
    }
    changes
}

/// A difference as it is shown.
pub(super) fn describe(old: &Side<'_, Base>, new: &Side<'_, Ours>, difference: Difference) -> Change {
    let Difference { kind, old: from, new: to } = difference;
    let (path, directive) = match (from, to) {
        (_, Some(index)) => names(new, index),
        (Some(index), None) => names(old, index),
        (None, None) => (String::new(), String::new()),
    };
    let rows = rows::rows(old, new, difference);
    let (from, to) = (from.map(|at| version(old, at, kind)), to.map(|at| version(new, at, kind)));
    Change { kind, path, directive, old: from, new: to, rows }
}

fn names<S: Whose>(side: &Side<'_, S>, index: At<S>) -> (String, String) {
    let parent = side.outline.items[index].parent;
    (show::path_of(&side.outline, parent), show::heading(&side.outline, index))
}

/// One side of a difference of this kind.
pub(super) fn version<S: Whose>(side: &Side<'_, S>, index: At<S>, kind: Kind) -> Version {
    let item = &side.outline.items[index];
    let span = item.directive().span;
    let text = match kind {
        Kind::Added | Kind::Removed => show::text(item.tree, item.id),
        Kind::Changed if !item.is_block() => show::text(item.tree, item.id),
        Kind::Changed | Kind::Moved | Kind::Spacing => show::heading(&side.outline, index),
        Kind::Comment => {
            let notes = side.notes(index).into_iter().chain(side.loose_notes(index));
            show::comments(notes)
        }
    };
    Version { file: item.file.map(PathBuf::from), position: item.tree.position(span.start), span, text }
}

#[cfg(test)]
mod tests;
