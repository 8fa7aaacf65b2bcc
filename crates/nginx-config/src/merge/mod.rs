//! Three-way merge of configurations by directive: the vendor's changes put
//! into the file that is there, and what became of each local change.
//!
//! Ours is the canvas: a server's own file keeps its comments, spacing and
//! order, and the vendor's changes are splices of it. Only what stands in ours
//! byte for byte as in the base is taken from theirs as it is written there.
//!
//! Invariant: each local change is in exactly one list, and while a conflict
//! or a doubt is open there is no text. Nothing here chooses between two
//! versions, and two blocks never become one.

mod conflict;
mod distance;
mod emit;
mod fill;
mod fingerprint;
mod model;
mod order;
mod references;
mod reindent;
mod resolution;
mod select;
mod servers;
mod trivia;
mod walk;
mod walked;
mod walker;
mod writer;

pub use distance::{Share, distance};
pub use fill::fill_base;
pub use model::{
    Cause, Choice, Choose, Conflict, ConflictId, Doubt, Fingerprint, From, General, Kept, Lists, Local,
    Merged, Otherwise, Unresolved,
};
pub use references::Sort;
pub use resolution::{Resolutions, covers};
pub use select::{Around, Offer, Selected, select};

use super::diff::at::{At, Ours};
use super::diff::compare::{Difference, Side, compare};
use super::diff::outline::Meanings;
use super::diff::{Kind, describe, show, version};
use super::position::SyntaxError;
use super::tree::{DirectiveId, Tree};
use fingerprint::Own;
use model::{Output, Sides};
use references::Hints;
use walked::{Fate, Walked};
use walker::Decider;

/// Merges the vendor's changes, base to theirs, into ours.
///
/// # Errors
/// Where the merged file would not parse: a word that only just fits nginx's
/// buffer may not fit it behind another indentation.
pub fn merge(
    base: &Tree,
    ours: &Tree,
    theirs: &Tree,
    resolutions: &Resolutions,
) -> Result<Merged, SyntaxError> {
    merge_into(base, ours, theirs, resolutions, &[])
}

/// The same, where somebody said which server blocks of ours the vendor's are.
///
/// A base with blanks, as [`crate::learn`] writes it, is filled first: what
/// stands in the place of a blank is nobody's change.
///
/// # Errors
/// As of [`merge`].
pub fn merge_into(
    base: &Tree,
    ours: &Tree,
    theirs: &Tree,
    resolutions: &Resolutions,
    chosen: &[DirectiveId],
) -> Result<Merged, SyntaxError> {
    let filled = fill::fill(base, ours, theirs)?;
    let (base, theirs) = filled.as_ref().map_or((base, theirs), |filled| (&filled.base, &filled.theirs));
    let values = filled.as_ref().map(|filled| filled.values.clone()).unwrap_or_default();
    let mut meanings = Meanings::default();
    let (base, mut ours) = (Side::of_tree(base, &mut meanings), Side::of_tree(ours, &mut meanings));
    let theirs = Side::of_tree(theirs, &mut meanings);
    for &id in chosen {
        ours.outline.items[At::of(id)].is_chosen = true;
    }
    let sides = Sides { base: &base, ours: &ours, theirs: &theirs };
    let own = Own::of(&ours, values);
    let mut hints = Hints::default();
    loop {
        let walked = walk::walk(&sides, Decider::Resolutions(resolutions), &hints, &own);
        let result = emit::emit(&sides, &walked);
        let tree = Tree::parse(result.text.clone())?;
        if !references::look(&sides, &walked, &tree, &mut hints) {
            return Ok(sides.merged(walked, result, resolutions));
        }
    }
}

impl Sides<'_, '_> {
    fn merged(&self, walked: Walked, result: Output, resolutions: &Resolutions) -> Merged {
        let mut lists = Lists::default();
        debug_assert_eq!(walked.locals.len(), self.changes(&walked), "every local change has a fate");
        let mut locals = walked.locals.clone();
        locals.sort_by_key(|local| {
            let Difference { old, new, .. } = local.difference;
            (new.is_none(), new, old.filter(|_| new.is_none()))
        });
        for local in &locals {
            let change = describe(self.base, self.ours, local.difference);
            let (list, conflict) = match local.fate {
                Fate::Carried => (&mut lists.carried, None),
                Fate::AlreadyPresent => (&mut lists.already_present, None),
                Fate::Dropped => (&mut lists.dropped, None),
                Fate::Disputed(id) => match walked.conflicts[id.0].choice {
                    None => (&mut lists.conflicting, Some(id)),
                    Some(Choice::Ours) => (&mut lists.carried, Some(id)),
                    Some(Choice::Theirs) if walked.conflicts[id.0].cause == Cause::Order => {
                        (&mut lists.carried, Some(id))
                    }
                    Some(Choice::Theirs) => (&mut lists.dropped, Some(id)),
                },
            };
            list.push(Local {
                kind: change.kind,
                path: change.path,
                directive: change.directive,
                select: self.select(local.difference),
                base: change.old,
                ours: change.new,
                theirs: local.theirs.map(|index| version(self.theirs, index, change.kind)),
                conflict,
                rows: change.rows,
            });
        }
        let kept = walked.kept.iter().map(|&index| Kept {
            path: show::full_path(&self.ours.outline, index),
            ours: version(self.ours, index, Kind::Removed),
        });
        let asked: Vec<&str> = walked.conflicts.iter().map(|conflict| conflict.path.as_str()).collect();
        Merged {
            lists,
            kept: kept.collect(),
            unused: resolutions.unused(&asked, &walked.decided),
            doubts: walked.doubts,
            conflicts: walked.conflicts,
            result,
        }
    }

    /// Block path and label of a local change; what was removed by the base's.
    fn select(&self, difference: Difference) -> String {
        match (difference.new, difference.old) {
            (Some(new), _) => show::full_path(&self.ours.outline, new),
            (None, Some(old)) => show::full_path(&self.base.outline, old),
            (None, None) => String::new(),
        }
    }

    /// How many local changes there are: of a block that both sides added,
    /// those in it.
    fn changes(&self, walked: &Walked) -> usize {
        let mut count = 0;
        let mut open: Vec<Option<At<Ours>>> = Vec::new();
        for found in compare(self.base, self.ours).iter().filter(|found| found.kind != Kind::Spacing) {
            open.push(found.new.filter(|_| found.kind == Kind::Added));
        }
        while let Some(added) = open.pop() {
            let children = added
                .filter(|index| walked.opened.contains(index))
                .map(|index| &self.ours.outline.items[index].children)
                .filter(|children| !children.is_empty());
            match children {
                Some(children) => {
                    open.extend(children.iter().copied().map(Some));
                    count += usize::from(added.is_some_and(|index| walked.headed.contains(&index)));
                }
                None => count += 1,
            }
        }
        count
    }
}

#[cfg(test)]
mod tests;
