//! The local patch of a run, from the files that stand there when it is
//! written.
//!
//! Invariant: a function of these files and of what the plan says, so that the
//! plan can promise the hash and hold none of the text.

use super::file::{BaseKind, KeptChange, LocalPatch, Origin};
use crate::values::{Hash, TextPath};
use nginx_config::patch::{Change, ChangeKind, record};
use nginx_config::{SyntaxError, Tree};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use thiserror::Error;

/// How a local patch is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LocalRecord {
    /// The record of the base, as the run leaves it.
    pub base: TextPath,
    /// The site's file as it is when the patch is written.
    pub site: TextPath,
    /// The same as the configuration names it.
    pub named: String,
    /// What the base is.
    pub kind: BaseKind,
    /// The hash of what the run leaves in the site's file.
    pub left: Hash,
    /// Whether that is the vendor's own text, on request.
    pub vendor_on_request: bool,
    /// Where changes come from that the patch did not have before.
    pub origin: Origin,
    /// Additions of this run, by the hash of their words; what differs in its routes, by the hash of place and words.
    pub own: BTreeSet<Hash>,
}

/// Why a patch cannot be made.
#[derive(Debug, Error)]
pub enum UnderivedError {
    /// One of the two does not parse.
    #[error("making the local patch: {0}")]
    Syntax(#[from] SyntaxError),
}

/// The bytes of the patch. `previous` is the patch that stands there.
///
/// # Errors
/// When the base or the site's file does not parse.
pub fn derived(
    how: &LocalRecord,
    base: &[u8],
    site: &[u8],
    previous: Option<&[u8]>,
) -> Result<Vec<u8>, UnderivedError> {
    let (old, new) = (Tree::parse(base.to_vec())?, Tree::parse(site.to_vec())?);
    // One that cannot be read has nothing to say of where a change came from.
    let previous = previous.and_then(|bytes| LocalPatch::parse(bytes).ok());
    let (known, forgotten) =
        previous.map_or_else(Default::default, |previous| (previous.changes, previous.forgotten));
    let origin = |change: &Change| {
        let before = known.iter().find(|kept| is_same(&kept.change, change));
        match before {
            _ if how.own.contains(&mark(change)) => Origin::Motionctl,
            _ if change.kind == ChangeKind::Added && how.own.contains(&words(change)) => Origin::Motionctl,
            Some(kept) => kept.from.clone(),
            None => how.origin.clone(),
        }
    };
    let found = record(&old, &new).into_iter().filter(|change| !forgotten.contains(&change.path()));
    let changes = found.map(|change| KeptChange { from: origin(&change), change, at_line: 0 });
    let patch = LocalPatch {
        site: how.named.clone(),
        base: how.kind,
        base_sha256: Hash::of(base),
        left_sha256: how.left,
        vendor_on_request: how.vendor_on_request,
        changes: changes.collect(),
        forgotten,
    };
    Ok(patch.to_bytes())
}

/// Whether two are one change; the blocks around them may go by other names.
pub fn is_same(one: &Change, other: &Change) -> bool {
    (one.kind, &one.directive) == (other.kind, &other.directive) && words(one) == words(other)
}

/// A change by its kind, its place and its words.
pub fn mark(change: &Change) -> Hash {
    let place = format!("{}\n{}\n{}", change.kind.name(), change.path(), words(change));
    Hash::of(place.as_bytes())
}

/// What an addition says, whatever its spacing.
pub fn words(change: &Change) -> Hash {
    let text = change.text.as_deref().unwrap_or_default();
    let words: Vec<&[u8]> = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
    Hash::of(&words.join(&b' '))
}
