//! By what the files and directives of one configuration are named.
//!
//! Invariant: an id means nothing in another configuration.

use super::tree::DirectiveId;

/// A file of one [`Config`](crate::Config).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub(super) u32);

impl FileId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A directive of one file of a [`Config`](crate::Config).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// The file it stands in.
    pub file: FileId,
    /// The directive in that file's tree.
    pub directive: DirectiveId,
}
