//! Differences line by line, as the contract's `diff.directives` lists them.
//!
//! Invariant: a directive that holds no others is one row; a block is rows
//! for what stands in it, and a row of its own only where it is empty or its
//! own arguments differ.

use super::at::{At, Base, Ours, Whose};
use super::compare::{Difference, Kind, Side};
use super::show;
use crate::redact::redact_name;

/// One directive that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The blocks around it.
    pub path: String,
    /// Its name.
    pub directive: String,
    /// Its arguments before, redacted; none where it is new.
    pub old: Option<String>,
    /// Its arguments now, redacted; none where it is gone.
    pub new: Option<String>,
}

pub(super) fn rows(old: &Side<'_, Base>, new: &Side<'_, Ours>, difference: Difference) -> Vec<Row> {
    match (difference.kind, difference.old, difference.new) {
        (Kind::Added, _, Some(index)) => {
            leaves(new, index).map(|leaf| row(new, leaf, None, Some(arguments(new, leaf)))).collect()
        }
        (Kind::Removed, Some(index), _) => {
            leaves(old, index).map(|leaf| row(old, leaf, Some(arguments(old, leaf)), None)).collect()
        }
        (Kind::Changed | Kind::Moved, Some(from), Some(to)) => {
            vec![row(new, to, Some(arguments(old, from)), Some(arguments(new, to)))]
        }
        _ => Vec::new(),
    }
}

fn arguments<S: Whose>(side: &Side<'_, S>, index: At<S>) -> String {
    show::arguments(&side.outline.items[index])
}

fn row<S: Whose>(side: &Side<'_, S>, index: At<S>, old: Option<String>, new: Option<String>) -> Row {
    let item = &side.outline.items[index];
    let directive = redact_name(item.tree, item.id);
    Row { path: show::path_of(&side.outline, item.parent), directive, old, new }
}

/// The directives in an item that hold no others, or the item itself.
fn leaves<'a, S: Whose>(side: &'a Side<'_, S>, index: At<S>) -> impl Iterator<Item = At<S>> + 'a {
    let mut open = vec![index];
    std::iter::from_fn(move || {
        while let Some(index) = open.pop() {
            let children = &side.outline.items[index].children;
            if children.is_empty() {
                return Some(index);
            }
            open.extend(children.iter().rev());
        }
        None
    })
}
