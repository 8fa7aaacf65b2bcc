//! What the live file descends from, so that local changes can be told from
//! the vendor's.
//!
//! Invariant: a base is named, remembered or near enough; one that is only
//! guessed is none.

use super::PlanError;
use super::bundle::{Bundle, SiteValues};
use super::material::{Material, Naming};
use super::wish::{Input, Wish};
use nginx_config::merge::{Share, distance};
use nginx_config::{EditError, Tree};

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
