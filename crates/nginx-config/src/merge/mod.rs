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
mod order;
mod references;
mod relay;
mod resolution;
mod select;
mod servers;
mod trivia;
mod walk;
mod walked;
mod writer;

pub use distance::{Share, distance};
pub use fill::fill_base;
pub use fingerprint::{Fingerprint, General};
pub use references::Sort;
pub use resolution::{Choice, Resolutions, covers};
pub use select::{Around, Choose, Offer, Otherwise, Selected, select};

use super::diff::compare::{Difference, Side, compare};
use super::diff::outline::Meanings;
use super::diff::{Kind, Row, Version, describe, show, version};
use super::position::{Position, SyntaxError};
use super::splice::Splice;
use super::tree::{DirectiveId, Tree};
use fingerprint::Own;
use references::Hints;
use select::Decider;
use walk::{Fate, Walked};

/// What came of a merge.
#[derive(Debug, Clone)]
pub struct Merged {
    /// Every local change.
    pub lists: Lists,
    /// Where both sides want something else, resolved or not.
    pub conflicts: Vec<Conflict>,
    /// What the vendor removed and stays, because a local change needs it.
    pub kept: Vec<Kept>,
    /// Paths of resolutions that no conflict asked for.
    pub unused: Vec<String>,
    /// Server blocks of the vendor's that several of ours could be.
    pub doubts: Vec<Doubt>,
    result: Output,
}

/// The merged file, and how it is made from ours.
#[derive(Debug, Clone)]
struct Output {
    text: Vec<u8>,
    splices: Vec<Splice>,
}

/// A server block of the vendor's that goes by another name here, and the
/// blocks that it could be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// Which of the vendor's files has it.
    pub from: From,
    /// What it is called there.
    pub block: String,
    /// The blocks here: what each is called, and where it starts.
    pub fits: Vec<(String, Position)>,
}

/// One of the vendor's two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum From {
    /// The old one.
    Base,
    /// The new one.
    Theirs,
}

/// Conflicts are open, and there is no merged file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{count} conflicts are not resolved")]
pub struct Unresolved {
    /// How many.
    pub count: usize,
}

impl Merged {
    /// The merged file.
    ///
    /// # Errors
    /// While a conflict is open.
    pub fn text(&self) -> Result<&[u8], Unresolved> {
        self.closed().map(|()| self.result.text.as_slice())
    }

    /// The merged file as splices of ours, sorted and apart.
    ///
    /// # Errors
    /// While a conflict is open.
    pub fn splices(&self) -> Result<&[Splice], Unresolved> {
        self.closed().map(|()| self.result.splices.as_slice())
    }

    /// The conflicts that nobody has resolved.
    pub fn open(&self) -> impl Iterator<Item = &Conflict> {
        self.conflicts.iter().filter(|conflict| conflict.choice.is_none())
    }

    fn closed(&self) -> Result<(), Unresolved> {
        match self.open().count() + self.doubts.len() {
            0 => Ok(()),
            count => Err(Unresolved { count }),
        }
    }
}

/// Each local change in exactly one list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lists {
    /// In the merged file.
    pub carried: Vec<Local>,
    /// The vendor made the same change.
    pub already_present: Vec<Local>,
    /// Part of an open conflict.
    pub conflicting: Vec<Local>,
    /// Not in the merged file: a conflict was resolved so, or it was a comment
    /// on, or the place of, a directive that the vendor removed.
    pub dropped: Vec<Local>,
}

impl Lists {
    /// How many local changes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        [&self.carried, &self.already_present, &self.conflicting, &self.dropped].map(Vec::len).iter().sum()
    }

    /// Whether there is no local change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A local change: what differs from the base in ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    /// The kind; white space alone is no change.
    pub kind: Kind,
    /// The blocks around the directive.
    pub path: String,
    /// Name and arguments, redacted; empty for comments of the
    /// file that belong to no directive.
    pub directive: String,
    /// What a resolution names it by.
    pub select: String,
    /// What it was in the base.
    pub base: Option<Version>,
    /// What it is in ours, with its place.
    pub ours: Option<Version>,
    /// The vendor's version of the same directive, with its place.
    pub theirs: Option<Version>,
    /// The conflict it is, or was, part of.
    pub conflict: Option<usize>,
    /// The same line by line.
    pub rows: Vec<Row>,
}

/// Both sides want something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// What a resolution names it by: block path and directive.
    pub path: String,
    /// The same question on other servers.
    pub general: General,
    /// What kind of conflict it is.
    pub cause: Cause,
    /// The version both sides started from.
    pub base: Option<Version>,
    /// Ours; none where it was removed.
    pub ours: Option<Version>,
    /// Theirs; none where it was removed.
    pub theirs: Option<Version>,
    /// How it was resolved.
    pub choice: Option<Choice>,
}

/// Why a conflict is one. The order is part of fingerprints: a new one comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Both changed one directive, differently.
    BothChanged,
    /// Both added a directive with one identity, differently.
    BothAdded,
    /// The vendor removed what was changed here.
    RemovedByTheirs,
    /// The vendor changed what was removed here.
    RemovedByOurs,
    /// Both put something into one place of an ordered list, or reordered it.
    /// Both stay; the choice says whose come first.
    Order,
    /// What was removed here is used by what the vendor added.
    UsedByTheirs,
    /// A local location stands where the vendor's new file answers every
    /// request before a location is chosen.
    Dead,
}

/// A definition that the vendor removed and a local change still uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Block path and directive.
    pub path: String,
    /// It, in ours.
    pub ours: Version,
}

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
    let [base, mut ours, theirs] = [base, ours, theirs].map(|tree| Side::of_tree(tree, &mut meanings));
    for id in chosen {
        ours.outline.items[id.index()].is_chosen = true;
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

/// The three versions that a merge is about.
struct Sides<'a, 's> {
    base: &'a Side<'s>,
    ours: &'a Side<'s>,
    theirs: &'a Side<'s>,
}

impl Sides<'_, '_> {
    fn merged(&self, walked: Walked, result: Output, resolutions: &Resolutions) -> Merged {
        let mut lists = Lists::default();
        debug_assert_eq!(walked.locals.len(), self.changes(&walked), "every local change has a fate");
        let mut locals = walked.locals.clone();
        locals.sort_by_key(|local| {
            (local.difference.new.is_none(), local.difference.new.or(local.difference.old))
        });
        for local in &locals {
            let change = describe(self.base, self.ours, local.difference);
            let (list, conflict) = match local.fate {
                Fate::Carried => (&mut lists.carried, None),
                Fate::AlreadyPresent => (&mut lists.already_present, None),
                Fate::Dropped => (&mut lists.dropped, None),
                Fate::Disputed(index) => match walked.conflicts[index].choice {
                    None => (&mut lists.conflicting, Some(index)),
                    Some(Choice::Ours) => (&mut lists.carried, Some(index)),
                    Some(Choice::Theirs) if walked.conflicts[index].cause == Cause::Order => {
                        (&mut lists.carried, Some(index))
                    }
                    Some(Choice::Theirs) => (&mut lists.dropped, Some(index)),
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
        let doubts = walked.doubts.iter().map(|doubt| self.doubt(doubt)).collect();
        let asked: Vec<&str> = walked.conflicts.iter().map(|conflict| conflict.path.as_str()).collect();
        Merged {
            lists,
            kept: kept.collect(),
            unused: resolutions.unused(&asked, &walked.decided),
            doubts,
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

    fn doubt(&self, (from, (block, fits)): &(From, (usize, Vec<usize>))) -> Doubt {
        let vendor = if *from == From::Base { self.base } else { self.theirs };
        let fits = fits.iter().map(|&index| {
            let item = &self.ours.outline.items[index];
            (show::full_path(&self.ours.outline, index), item.tree.position(item.directive().span.start))
        });
        Doubt { from: *from, block: show::full_path(&vendor.outline, *block), fits: fits.collect() }
    }

    /// How many local changes there are: of a block that both sides added,
    /// those in it.
    fn changes(&self, walked: &Walked) -> usize {
        let mut count = 0;
        let mut open: Vec<Option<usize>> = Vec::new();
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
