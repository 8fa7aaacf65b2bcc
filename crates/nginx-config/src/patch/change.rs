//! One change of a base, as it is kept.
//!
//! Invariant: data; how it is made is `apply`'s.

use crate::diff::show;

/// One change of a base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What is changed.
    pub kind: ChangeKind,
    /// The blocks around it, as the base names them; empty at the top.
    pub block: String,
    /// Name and arguments that tell it from its siblings; of what the base has,
    /// as the base names it. Empty where the whole file is meant.
    pub directive: String,
    /// Of an addition: the directive of the base that it stands behind; none at
    /// the start of the block.
    pub after: Option<String>,
    /// What is there now.
    pub text: Option<Vec<u8>>,
    /// What is there in the base.
    pub was: Option<Vec<u8>>,
    /// The line of what is there now; 0 where there is nothing.
    pub line: usize,
}

/// What a change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// A directive, with what stands in it, that the base lacks.
    Added,
    /// One that only the base has.
    Removed,
    /// Other arguments; of a block, without what stands in it.
    Changed,
    /// The comments before a directive.
    CommentAbove,
    /// The comment behind a directive, on its last line.
    CommentBehind,
    /// The comments at the end of a block, or of the file.
    CommentAtEnd,
    /// The whole file: no list of single changes leads to it.
    Whole,
}

impl ChangeKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Added,
        Self::Removed,
        Self::Changed,
        Self::CommentAbove,
        Self::CommentBehind,
        Self::CommentAtEnd,
        Self::Whole,
    ];

    /// As it is written down.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::CommentAbove => "comment-above",
            Self::CommentBehind => "comment-behind",
            Self::CommentAtEnd => "comment-at-end",
            Self::Whole => "whole",
        }
    }

    /// Whether it is about comments alone.
    #[must_use]
    pub fn is_comment(self) -> bool {
        matches!(self, Self::CommentAbove | Self::CommentBehind | Self::CommentAtEnd)
    }
}

impl Change {
    /// Block and directive: what it is named by.
    #[must_use]
    pub fn path(&self) -> String {
        show::join(&self.block, &self.directive)
    }
}
