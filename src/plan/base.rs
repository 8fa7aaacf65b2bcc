//! What the live file descends from, so that local changes can be told from
//! the vendor's.
//!
//! Invariant: a base is named, remembered or near enough; one that is only
//! guessed is none.

use super::PlanError;
use super::bundle::{Bundle, SiteValues};
use super::material::{Material, Naming};
use super::wish::{Input, Wish};
use nginx_config::diff::{Kind, diff};
use nginx_config::merge::{Share, distance};
use nginx_config::{EditError, Edits, Tree, splice};
use std::collections::BTreeSet;

/// How much of a legacy template has to be found in the live file.
const NEAR: usize = 80;

/// A known base.
#[derive(Debug, Clone)]
pub struct Base {
    /// What it is, for people.
    pub name: String,
    /// The base itself.
    pub tree: Tree,
}

/// The base of the site's file, when one is known: as named, else for a
/// candidate what the last change was made with, else the nearest legacy
/// template.
pub fn base(material: &Material, bundle: &Bundle, wish: &Wish) -> Result<Option<Base>, PlanError> {
    if let Some(Input { name, bytes }) = &wish.base {
        let tree = Tree::parse(bytes.clone())
            .map_err(|error| PlanError::BadInput(name.clone(), error.to_string()))?;
        return Ok(Some(Base { name: name.clone(), tree }));
    }
    let remembered = wish.memory.as_ref().and_then(|memory| memory.remembered.as_ref());
    if let (Some((_, bytes)), Some(_)) = (remembered, &wish.candidate)
        && let Ok(tree) = Tree::parse(bytes.clone())
    {
        return Ok(Some(Base { name: "what the last change was made with".to_owned(), tree }));
    }
    // The old file may lack what the templates need; then none is near.
    let Ok(values) = material.site_values(Naming::AsWritten) else { return Ok(None) };
    nearest(bundle, &values, &material.site_file()?.tree)
}

/// What two files have in common: the base where none is known. What only one
/// side has is then kept, and what both have otherwise is a conflict.
pub fn common(ours: &Tree, theirs: &Tree) -> Result<Tree, PlanError> {
    let mut edits = Edits::new(theirs);
    let differing: BTreeSet<_> = diff(ours, theirs)
        .directives
        .iter()
        .filter(|change| change.kind != Kind::Removed)
        .filter_map(|change| change.new.as_ref().map(|new| new.span))
        .collect();
    let mut end = 0;
    for id in theirs.walk() {
        let directive = theirs.directive(id);
        // A block that differs in its own arguments only has common directives.
        let is_whole = differing.contains(&directive.span) && directive.span.start >= end;
        if is_whole {
            edits.remove(id);
            end = directive.span.end;
        }
    }
    let bytes = splice(theirs.source(), &edits.finish()?).map_err(EditError::Overlap)?;
    Ok(Tree::parse(bytes).map_err(EditError::Result)?)
}

fn nearest(bundle: &Bundle, values: &SiteValues, ours: &Tree) -> Result<Option<Base>, PlanError> {
    let mut best: Option<(Share, Base)> = None;
    for (name, text) in bundle.render_legacy(values)? {
        let tree = Tree::parse(text).map_err(EditError::Result)?;
        let share = distance(&tree, ours);
        if best.as_ref().is_none_or(|(nearest, _)| share.is_nearer_than(*nearest)) {
            let percent = share.found * 100 / share.total.max(1);
            let name = format!("the legacy template `{name}`, of which {percent} % is found");
            best = Some((share, Base { name, tree }));
        }
    }
    Ok(best.filter(|(share, _)| share.is_at_least(NEAR)).map(|(_, base)| base))
}
