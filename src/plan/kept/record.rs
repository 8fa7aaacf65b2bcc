//! What the last change kept: the base, and the local changes to it.
//!
//! Invariant: a base that the local patch was not made from is an error, never a guess.

use super::file::{LocalPatch, PatchFault};
use crate::values::Hash;
use nginx_config::patch::{Change, apply};
use nginx_config::{SyntaxError, Tree};
use thiserror::Error;

/// What the last change kept.
#[derive(Debug, Clone, Copy)]
pub struct Kept<'a> {
    pub patch: &'a LocalPatch,
    pub base: &'a [u8],
}

/// Why nothing can be built on what was kept.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeptError {
    /// The base record is another than the patch was made from.
    #[error("the base record is not the one that the local patch was made from")]
    OtherBase,
    /// A text of ours does not parse.
    #[error("what the last change kept does not parse: {0}")]
    Syntax(#[from] SyntaxError),
    /// A change does not fit.
    #[error(transparent)]
    Fault(#[from] PatchFault),
}

impl Kept<'_> {
    /// The base with those of the changes that are wanted.
    ///
    /// # Errors
    /// When base and patch do not fit.
    pub fn with(&self, wanted: impl Fn(&super::KeptChange) -> bool) -> Result<Tree, KeptError> {
        if Hash::of(self.base) != self.patch.base_sha256 {
            return Err(KeptError::OtherBase);
        }
        let base = Tree::parse(self.base.to_vec())?;
        let changes = self.patch.changes.iter().enumerate().filter(|(_, kept)| wanted(kept));
        let (which, changes): (Vec<usize>, Vec<Change>) =
            changes.map(|(index, kept)| (index, kept.change.clone())).unzip();
        let made = apply(&base, &changes).map_err(|misfit| self.patch.misfit(&misfit, &which))?;
        Ok(Tree::parse(made)?)
    }
}
