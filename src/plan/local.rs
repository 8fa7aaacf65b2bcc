//! What becomes of each local change, for the answer.
//!
//! Invariant: each local change is in exactly one list.

use super::base::Base;
use super::input::Strategy;
use crate::outcome::{LocalChange, LocalChanges};
use nginx_config::Tree;
use nginx_config::diff::{Change, Kind, diff};
use nginx_config::merge::{Lists, Local};

/// The lists of a merge.
pub fn of_merge(lists: &Lists) -> LocalChanges {
    let all = |list: &[Local]| list.iter().map(local).collect();
    LocalChanges {
        carried: all(&lists.carried),
        already_present: all(&lists.already_present),
        conflicting: all(&lists.conflicting),
        dropped: all(&lists.dropped),
    }
}

/// The lists where nothing was merged: a graft keeps everything, a replacement
/// keeps what the new file says as well, and what of the new file is not the
/// vendor's. Without a base, what a replacement takes away counts as local.
pub fn unmerged(
    strategy: Strategy,
    base: Option<&Base>,
    (old, new): (&Tree, &Tree),
    vendor: Option<&Tree>,
) -> LocalChanges {
    let mut lists = LocalChanges::default();
    if let (Strategy::Replace, Some(vendor)) = (strategy, vendor) {
        // What is neither the vendor's nor the customer's came with the change, as a guard that was copied.
        let added: Vec<_> = diff(old, new).directives.iter().map(kept).collect();
        let rows = diff(vendor, new).directives;
        let rows = rows.iter().filter(|change| change.kind != Kind::Removed).map(kept);
        lists.carried = rows.filter(|row| !added.contains(row)).collect();
    }
    match (strategy, base) {
        (Strategy::Replace, None) => {
            let gone = diff(old, new).directives;
            lists.dropped = gone.iter().filter(|change| change.old.is_some()).map(dropped).collect();
        }
        (_, None) => {}
        (Strategy::Replace, Some(base)) => {
            let still = diff(&base.tree, new).directives;
            for change in diff(&base.tree, old).directives {
                let same = |other: &Change| {
                    (&other.path, &other.directive, other.kind)
                        == (&change.path, &change.directive, change.kind)
                };
                let row = kept(&change);
                match still.iter().any(same) {
                    _ if lists.carried.contains(&row) => {}
                    true => lists.already_present.push(row),
                    false => lists.dropped.push(row),
                }
            }
        }
        (_, Some(base)) => lists.carried = diff(&base.tree, old).directives.iter().map(kept).collect(),
    }
    lists
}

fn local(change: &Local) -> LocalChange {
    LocalChange {
        path: change.path.clone(),
        directive: named(change.kind, &change.directive),
        snippet: change.ours.as_ref().map(|ours| ours.text.clone()),
        today: None,
        take: None,
    }
}

/// What changed: a directive, or only what is said about it.
pub fn named(kind: Kind, directive: &str) -> String {
    match (kind, directive) {
        (Kind::Comment, "") => "comments of the file".to_owned(),
        (Kind::Comment, directive) => format!("comments of {directive}"),
        (Kind::Removed, directive) => format!("removed: {directive}"),
        (_, directive) => directive.to_owned(),
    }
}

/// A change of the old file against its base.
fn kept(change: &Change) -> LocalChange {
    LocalChange {
        path: change.path.clone(),
        directive: named(change.kind, &change.directive),
        snippet: change.new.as_ref().map(|ours| ours.text.clone()),
        today: None,
        take: None,
    }
}

/// Something of the old file that the new one does not have.
fn dropped(change: &Change) -> LocalChange {
    LocalChange {
        path: change.path.clone(),
        directive: change.directive.clone(),
        snippet: change.old.as_ref().map(|ours| ours.text.clone()),
        today: None,
        take: None,
    }
}
