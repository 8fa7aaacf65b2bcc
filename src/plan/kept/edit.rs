//! The local patch as `motionctl local` changes it: changes that are dropped,
//! and changes that are added.
//!
//! Invariant: only the record changes; the site's file is not touched. What was
//! dropped stays so until somebody adds it again.

use super::derive::is_same;
use super::file::{KeptChange, LocalPatch, Origin};
use super::record::{Kept, KeptError};
use crate::values::Hash;
use nginx_config::merge::covers;
use nginx_config::patch::{ChangeKind, named, record};
use nginx_config::{SyntaxError, Tree};

/// The changes that are the customer's, as they are numbered from 1.
pub fn local_changes(patch: &LocalPatch) -> impl Iterator<Item = (usize, &KeptChange)> {
    let local = patch.changes.iter().filter(|kept| kept.from != Origin::Motionctl);
    let local = local.filter(|kept| goes_with(patch, kept).is_none());
    local.enumerate().map(|(index, kept)| (index + 1, kept))
}

/// The addition that took this comment along: it stands above the new directive now, and above the old one no more. It
/// is no change by itself.
fn goes_with<'p>(patch: &'p LocalPatch, kept: &KeptChange) -> Option<&'p KeptChange> {
    let one = &kept.change;
    let was = one.was.as_deref().map(<[u8]>::trim_ascii).filter(|was| !was.is_empty())?;
    let is_taken = one.kind == ChangeKind::CommentAbove
        && one.text.as_deref().is_none_or(|text| text.trim_ascii().is_empty());
    patch.changes.iter().filter(|_| is_taken).find(|other| {
        let text = other.change.text.as_deref().unwrap_or_default();
        let is_addition = other.change.kind == ChangeKind::Added && other.change.block == one.block;
        is_addition && text.trim_ascii_start().starts_with(was)
    })
}

/// Those that a number, a path or a block names.
#[must_use]
pub fn chosen<'p>(patch: &'p LocalPatch, what: &str) -> Vec<&'p KeptChange> {
    let number: Option<usize> = what.parse().ok();
    let fits = |(at, kept): &(usize, &KeptChange)| number == Some(*at) || covers(what, &kept.change.path());
    local_changes(patch).filter(fits).map(|(_, kept)| kept).collect()
}

/// Forgets what these numbers and paths name; the words that name nothing.
///
/// # Errors
/// When base and patch do not fit.
pub fn drop_changes(kept: Kept<'_>, what: &[String]) -> Result<(LocalPatch, Vec<String>), KeptError> {
    let base = kept.with(|_| false)?;
    let (kept_patch, mut patch) = (kept.patch, kept.patch.clone());
    let mut unknown = Vec::new();
    for word in what {
        let gone: Vec<KeptChange> = chosen(kept.patch, word).into_iter().cloned().collect();
        // All of a file that was only found counts as local, and is named by its path.
        let is_found = kept.patch.base == super::BaseKind::AsFound && named(&base, word).is_some();
        if gone.is_empty() && !is_found {
            unknown.push(word.clone());
        }
        let paths = gone.iter().map(|kept| kept.change.path());
        patch.forgotten.extend(paths.chain(is_found.then(|| word.clone())));
        let is_gone = |kept: &KeptChange| {
            gone.contains(kept) || goes_with(kept_patch, kept).is_some_and(|with| gone.contains(with))
        };
        patch.changes.retain(|kept| !is_gone(kept));
    }
    patch.forgotten.sort();
    patch.forgotten.dedup();
    Ok((patch, unknown))
}

/// Where added changes are taken from.
#[derive(Debug, Clone, Copy)]
pub enum Taken<'a> {
    Live(&'a Tree),
    /// Another file of this name.
    File(&'a str, &'a Tree),
}

/// Adds what a file has beyond the base: everything, or what these paths name; how many changes that were, and the
/// paths that name nothing.
///
/// # Errors
/// When base and patch do not fit.
pub fn add_changes(
    kept: Kept<'_>,
    taken: Taken<'_>,
    paths: &[String],
) -> Result<(LocalPatch, usize, Vec<String>), KeptError> {
    let base = kept.with(|_| false)?;
    let mut patch = kept.patch.clone();
    let (from, tree) = match taken {
        Taken::Live(tree) => (Origin::Hand, tree),
        Taken::File(name, tree) => (Origin::Named(name.to_owned()), tree),
    };
    let mut found = record(&base, tree);
    // What another file lacks is not what somebody wants to remove here.
    found.retain(|change| matches!(taken, Taken::Live(_)) || change.kind != ChangeKind::Removed);
    let is_named = |path: &str| paths.is_empty() || paths.iter().any(|word| covers(word, path));
    found.retain(|change| is_named(&change.path()));
    let unknown = paths.iter().filter(|word| !found.iter().any(|change| covers(word, &change.path())));
    let unknown: Vec<String> = unknown.cloned().collect();
    // What was dropped is only kept again where somebody names it.
    patch.forgotten.retain(|path| paths.is_empty() || !is_named(path));
    found.retain(|change| !patch.forgotten.contains(&change.path()));
    let mut added = 0;
    for change in found {
        if patch.changes.iter().any(|kept| is_same(&kept.change, &change)) {
            continue;
        }
        // Another value of the same directive takes the place of the one before.
        patch.changes.retain(|kept| {
            (kept.change.kind, kept.change.path()) != (change.kind, change.path()) || change.text.is_none()
        });
        patch.changes.push(KeptChange { change, from: from.clone(), at_line: 0 });
        added += 1;
    }
    if let (Taken::Live(live), true) = (taken, paths.is_empty()) {
        // While something is gone from the file, it is not as it is to be.
        let there = record(&base, live);
        if patch.changes.iter().all(|kept| there.iter().any(|change| is_same(&kept.change, change))) {
            patch.left_sha256 = Hash::of(live.source());
        }
    }
    Ok((patch, added, unknown))
}

/// What the live file has beyond base and patch: edits by hand that nothing keeps yet.
///
/// # Errors
/// When base and patch do not fit.
pub fn not_kept(kept: Kept<'_>, live: &Tree) -> Result<Vec<String>, KeptError> {
    let found = record(&kept.with(|_| false)?, live);
    let is_known = |path: &String| kept.patch.forgotten.contains(path);
    let new =
        found.iter().filter(|change| !kept.patch.changes.iter().any(|known| is_same(&known.change, change)));
    Ok(new.map(nginx_config::patch::Change::path).filter(|path| !is_known(path)).collect())
}

/// A tree without what is forgotten.
///
/// # Errors
/// When what is left does not parse.
pub(super) fn without(tree: Tree, forgotten: &[String]) -> Result<Tree, SyntaxError> {
    let mut gone: Vec<_> = forgotten.iter().filter_map(|path| named(&tree, path)).collect();
    gone.dedup();
    if gone.is_empty() {
        return Ok(tree);
    }
    match nginx_config::patch::apply(&tree, &gone) {
        Ok(made) => Tree::parse(made),
        Err(_) => Ok(tree),
    }
}
