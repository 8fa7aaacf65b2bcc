//! What a merge is told and what it tells: the three versions, causes, choices, and each local change.
//!
//! Invariant: data. While a conflict or a doubt is open there is no text.

use crate::diff::at::{Base, Ours, Theirs};
use crate::diff::compare::Side;
use crate::diff::{Kind, Row, Version};
use crate::position::Position;
use crate::splice::Splice;
use crate::tree::DirectiveId;

/// The three versions that a merge is about.
pub(super) struct Sides<'a, 's> {
    pub base: &'a Side<'s, Base>,
    pub ours: &'a Side<'s, Ours>,
    pub theirs: &'a Side<'s, Theirs>,
}

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
    pub(super) result: Output,
}

/// The merged file, and how it is made from ours.
#[derive(Debug, Clone)]
pub(super) struct Output {
    pub text: Vec<u8>,
    pub splices: Vec<Splice>,
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
    pub conflict: Option<ConflictId>,
    /// The same line by line.
    pub rows: Vec<Row>,
}

/// The place of a conflict among those of a merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConflictId(pub(super) usize);

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

/// The side that wins a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Choice {
    /// The file that is there.
    Ours,
    /// The vendor's.
    Theirs,
}

/// What a conflict is known by, on whatever server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Fingerprint(pub(super) String);

impl Fingerprint {
    /// A fingerprint as it was written down; `None` for what is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_hash = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_hash.then(|| Self(text.to_owned()))
    }

    /// As it is written down.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A conflict as it is told of a whole fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct General {
    /// What it is known by.
    pub fingerprint: Fingerprint,
    /// Where it is, without names of the server.
    pub path: String,
    /// The version both sides started from, redacted, likewise.
    pub base: Option<String>,
    /// Ours.
    pub ours: Option<String>,
    /// Theirs.
    pub theirs: Option<String>,
}

/// Whether something that the other file has otherwise is to be taken.
pub type Choose<'a> = &'a dyn Fn(&Otherwise) -> bool;

/// One thing that the other file has otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Otherwise {
    /// Added or removed by taking it, changed, or of another order.
    pub kind: Kind,
    /// What it is named by: block path and directive.
    pub path: String,
    /// The block of the file that is there.
    pub within: Option<DirectiveId>,
    /// The directive of the file that is there.
    pub ours: Option<DirectiveId>,
    /// That of the other file.
    pub theirs: Option<DirectiveId>,
}
