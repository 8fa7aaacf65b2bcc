//! Back to the vendor's own text, on request: the local changes are kept aside.
//!
//! Invariant: what is put there is the vendor's, byte for byte; nothing that
//! was only guessed is called so.

use super::derive::LocalRecord;
use super::file::{BaseKind, Origin};
use super::keep::{folders, patch_step};
use crate::facts::Facts;
use crate::outcome::{Comparison, DirectiveChange};
use crate::plan::PlanError;
use crate::plan::assemble::{directive_changes, dropped_locations, preview, set_file};
use crate::plan::input::{Keeping, Memory};
use crate::plan::inputs::Material;
use crate::plan::migrate::named_in_text;
use crate::plan::model::{Plan, PlanKind};
use crate::plan::step::{Step, write_text};
use crate::values::{Hash, NotText};
use nginx_config::{Config, Tree};
use std::collections::BTreeSet;

/// The name of the strategy in a plan.
const STRATEGY: &str = "restore-vendor";

/// The vendor's text and where it is to be kept.
#[derive(Debug, Clone, Copy)]
pub struct Restoring<'a> {
    pub text: &'a [u8],
    /// Whether somebody named it just now: then what differs may have been the vendor's.
    pub is_named: bool,
    pub memory: &'a Memory,
    pub keeping: &'a Keeping,
}

/// The plan and what it does.
#[derive(Debug, Clone, PartialEq)]
pub struct Restored {
    pub plan: Plan,
    /// What differs, directive by directive.
    pub directives: Vec<DirectiveChange>,
    /// The file before and after, redacted.
    pub previews: Vec<Comparison>,
    /// Paths of locations that go on purpose.
    pub dropped_routes: BTreeSet<String>,
}

/// Plans to put the vendor's text in the place of the site's file.
///
/// # Errors
/// When a text does not parse, or a plan could not hold it.
pub fn restore_vendor(facts: &Facts, config: &Config, wanted: Restoring<'_>) -> Result<Restored, PlanError> {
    let Restoring { text, is_named, memory, keeping } = wanted;
    let named = facts.site.file.to_str().ok_or_else(|| NotText::named(&facts.site.file))?;
    let files = named_in_text(facts)?;
    let material = Material { facts, config, files: &files, site: named };
    let site = material.site_file()?;
    let live = site.tree.source();
    let relies_on = files.iter().map(|(path, file)| (path.clone(), file.sha256)).collect();
    let plan = |steps| {
        Plan::new(PlanKind::Migrate, STRATEGY, named.to_owned(), facts.nginx.version, relies_on, steps)
    };
    let new = Tree::parse(text.to_vec())
        .map_err(|error| PlanError::BadInput("the vendor's text".to_owned(), error.to_string()))?;
    if live == text {
        return Ok(Restored {
            plan: plan(Vec::new()),
            directives: Vec::new(),
            previews: Vec::new(),
            dropped_routes: BTreeSet::new(),
        });
    }
    let (at, _) = files
        .get_key_value(site.identity.as_path())
        .ok_or_else(|| PlanError::Lacks(format!("{} was not read", site.identity.display())))?;
    let how = LocalRecord {
        base: memory.path.clone(),
        site: at.clone(),
        named: named.to_owned(),
        kind: BaseKind::Vendor,
        left: Hash::of(text),
        vendor_on_request: true,
        origin: if is_named { Origin::AsFound } else { Origin::Hand },
        own: BTreeSet::new(),
    };
    let mut steps: Vec<Step> = folders(keeping);
    steps.extend(write_text(&memory.path, memory.standing.as_ref(), &memory.attributes, text));
    // While the file still says what is kept aside.
    steps.extend(patch_step(keeping, how, text, live)?);
    steps.push(set_file(&material, &site.identity, live, text)?);
    steps.extend(facts.nginx.master.is_some().then_some(Step::Reload));
    Ok(Restored {
        plan: plan(steps),
        directives: directive_changes(&site.tree, &new),
        previews: vec![preview(&site.identity, live, text)],
        dropped_routes: dropped_locations(&site.tree, &new),
    })
}
