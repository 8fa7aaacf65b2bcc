//! What the live file descends from, so that local changes can be told from
//! the vendor's.
//!
//! Invariant: a base is named or remembered; a legacy template that is only near is a guess, and called so. What
//! differs from a guess is nobody's change.

use super::PlanError;
use super::bundle::{Bundle, SiteValues};
use super::input::{Input, Keeping, Memory, PlanInput};
use super::inputs::{Material, Naming};
use super::kept::{LocalPatch, Origin};
use nginx_config::merge::{Share, distance};
use nginx_config::{EditError, Tree};

/// How much of a legacy template has to be found in the live file.
const NEAR: usize = 80;

/// What the live file descends from.
#[derive(Debug, Clone)]
pub struct Base {
    /// What it is, for people.
    pub name: String,
    pub tree: Tree,
    /// Whether it is known.
    pub certainty: Certainty,
}

impl Base {
    /// One that somebody named, or that a change of ours left.
    pub fn known(name: String, tree: Tree) -> Self {
        Self { name, tree, certainty: Certainty::Known }
    }

    /// What is not known where this is only what stood there once.
    pub fn untold(&self) -> String {
        format!(
            "{}: local blocks of that time cannot be told from the vendor's without --base FILE",
            self.name
        )
    }
}

/// Whether a base is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// Somebody named it, or a change of ours left it.
    Known,
    /// It is like the live file, and no more is known.
    Guessed,
}

/// The base of the site's file, when one is known: as named, else what the last change was made with, where a
/// candidate is compared with it or local changes are to be told from the vendor's text.
pub fn base(wanted: &PlanInput) -> Result<Option<Base>, PlanError> {
    if let Some(Input { name, bytes }) = &wanted.base {
        let tree = Tree::parse(bytes.clone())
            .map_err(|error| PlanError::BadInput(name.clone(), error.to_string()))?;
        return Ok(Some(Base::known(name.clone(), tree)));
    }
    let is_needed = wanted.candidate.is_some()
        && remembers_base(wanted.memory.as_ref(), wanted.keeping.as_ref())
        || wanted.local_include.is_some();
    let remembered = wanted.memory.as_ref().and_then(|memory| memory.remembered.as_ref());
    Ok(remembered
        .filter(|_| is_needed)
        .and_then(|(_, bytes)| Tree::parse(bytes.clone()).ok())
        .map(|tree| Base::known("what the last change was made with".to_owned(), tree)))
}

/// What stood in the file before the first change, where no more is known: what came since then is the customer's.
pub fn as_found(wanted: &PlanInput) -> Option<Base> {
    let (_, bytes) = wanted.memory.as_ref()?.standing.as_ref()?;
    let tree = Tree::parse(bytes.clone()).ok()?;
    Some(Base::known("what stood there before the first change".to_owned(), tree))
}

/// Whether a candidate can be merged from what the last change left. What is told from the candidate of a graft was
/// found there: it need not be the customer's, and is no reason for a conflict with the next one.
#[must_use]
pub fn remembers_base(memory: Option<&Memory>, keeping: Option<&Keeping>) -> bool {
    let patch = keeping.and_then(|keeping| keeping.patch.as_ref());
    let as_found = |patch: &LocalPatch| patch.changes.iter().any(|change| change.from == Origin::AsFound);
    memory.is_some_and(|memory| memory.remembered.is_some()) && !patch.is_some_and(as_found)
}

/// The legacy template that is nearest to the live file, where one is near.
pub fn guess(material: &Material, bundle: &Bundle) -> Result<Option<Base>, PlanError> {
    // The old file may lack what the templates need; then none is near.
    let Ok(values) = material.site_values(Naming::AsWritten) else { return Ok(None) };
    nearest(bundle, &values, &material.site_file()?.tree)
}

fn nearest(bundle: &Bundle, values: &SiteValues, ours: &Tree) -> Result<Option<Base>, PlanError> {
    let mut best: Option<(Share, Base)> = None;
    for (name, text) in bundle.render_legacy(values)? {
        let tree = Tree::parse(text).map_err(EditError::Result)?;
        let share = distance(&tree, ours);
        if best.as_ref().is_none_or(|(nearest, _)| share.is_nearer_than(*nearest)) {
            let percent = share.found * 100 / share.total.max(1);
            let name = format!("the legacy template `{name}`, of which {percent} % is found");
            best = Some((share, Base { name, tree, certainty: Certainty::Guessed }));
        }
    }
    Ok(best.filter(|(share, _)| share.is_at_least(NEAR)).map(|(_, base)| base))
}
