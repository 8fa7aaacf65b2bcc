//! Turns new bytes into a plan, and into what people want to see of it.
//!
//! Invariant: only what differs becomes a step, and files are written before
//! others name them.

use super::base::{Base, Certainty};
use super::draft::{Draft, staged};
use super::effect::effect;
use super::input::{Companion, LocalInclude, PlanInput, Strategy};
use super::inputs::Material;
use super::kept::{Stand, is_record, keep};
use super::migration::{Made, Migration};
use super::model::{Plan, PlanKind};
use super::step::{Content, Step, Version, line_patches, patch, write_text};
use super::to_https::to_https;
use super::{PlanError, local};
use crate::facts::Facts;
use crate::outcome::{Comparison, DirectiveChange, GuessSection, LocalChanges};
use crate::values::{Hash, TextPath};
use nginx_config::diff::diff;
use nginx_config::{Config, EditError, File, Tree, redact_source};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Turns new bytes into a plan and what people want to see of it.
pub(super) fn finish(
    material: &Material,
    strategy: Strategy,
    base: Option<Base>,
    made: Made,
    wanted: &PlanInput,
    stand: Option<&Stand>,
) -> Result<Migration, PlanError> {
    let Material { facts, config, .. } = *material;
    let site = material.site_file().map(|file| &file.tree).ok();
    let mut steps = Vec::new();
    let mut previews = Vec::new();
    let mut directives = Vec::new();
    let mut local_changes = LocalChanges::default();
    let mut guess = None;
    let mut dropped_routes = BTreeSet::new();
    for (path, bytes) in &made.draft {
        let Some((_, file)) = config.files().find(|(_, file)| file.identity == *path) else { continue };
        if file.tree.source() == bytes {
            continue;
        }
        if let Ok(new) = Tree::parse(bytes.clone()) {
            directives.extend(directive_changes(&file.tree, &new));
            if strategy == Strategy::Replace {
                dropped_routes.extend(dropped_locations(&file.tree, &new));
            }
            if site.is_some_and(|site| std::ptr::eq(site, &file.tree)) {
                (local_changes, guess) = told(&made, strategy, base.as_ref(), (&file.tree, &new));
            }
        }
        previews.push(preview(path, file.tree.source(), bytes));
        steps.push(set_file(material, path, file.tree.source(), bytes)?);
    }
    if let Some(lists) = &made.carried {
        local_changes = lists.clone();
    }
    if let Some((target, own)) = wanted.local_include.as_ref().zip(made.include.as_ref()) {
        // The vendor's file may name the customer's only once it is there.
        let before = target.existing.as_ref().map_or(&[][..], |(_, old)| old);
        previews.insert(0, preview(&target.path, before, own));
        steps.splice(0..0, include_steps(target, own));
    }
    if !steps.is_empty() {
        let included = included(config, &made.draft, wanted)?;
        previews.splice(0..0, included.iter().map(|one| preview(&one.file.path, &[], &one.bytes)));
        steps.splice(0..0, companion_steps(&included));
    }
    steps.extend(last_steps(material, wanted, &made, stand, steps.is_empty())?);
    let relies_on = material.files.iter().map(|(path, file)| (path.clone(), file.sha256)).collect();
    let site = material.site.to_owned();
    let plan = Plan::new(PlanKind::Migrate, strategy.name(), site, facts.nginx.version, relies_on, steps)
        .bound_to(&facts.ways.links, &facts.host.scope);
    Ok(Migration {
        base: base.filter(|base| base.certainty == Certainty::Known).map(|base| base.name),
        guess,
        offered: made.offered,
        taken: made.taken,
        untaken: made.untaken,
        local_changes,
        resolved: made.resolved,
        unused_resolutions: made.unused,
        standing: stand.map(|stand| stand.standing.clone()).unwrap_or_default(),
        kept_ours: made.kept_ours,
        stays: made.stays,
        dropped_routes,
        ..Migration::showing(plan, directives, previews)
    })
}

/// What becomes of local changes, or of what differs from a guess: that is nobody's change.
fn told(
    made: &Made,
    strategy: Strategy,
    base: Option<&Base>,
    (old, new): (&Tree, &Tree),
) -> (LocalChanges, Option<GuessSection>) {
    let (known, guess) = match base {
        Some(base) if base.certainty == Certainty::Guessed => (None, Some(base)),
        known => (known, None),
    };
    match (&made.lists, guess) {
        (Some(lists), Some(guess)) => {
            let guess = GuessSection { base: guess.name.clone(), lists: local::of_merge(lists) };
            (LocalChanges::default(), Some(guess))
        }
        (Some(lists), None) => (local::of_merge(lists), None),
        (None, _) => {
            let vendor = made.vendor.as_deref().and_then(|vendor| Tree::parse(vendor).ok());
            (local::unmerged(strategy, known, (old, new), vendor.as_ref()), None)
        }
    }
}

/// Where a run keeps what the next update is told from.
#[derive(Debug, Clone)]
pub struct RecordPaths {
    pub base: TextPath,
    pub patch: TextPath,
}

/// What follows the files: the record, and the reload.
fn last_steps(
    material: &Material,
    wanted: &PlanInput,
    made: &Made,
    stand: Option<&Stand>,
    no_file_changes: bool,
) -> Result<Vec<Step>, PlanError> {
    // An update that took nothing away is written down all the same: its text is the next base.
    if no_file_changes && !stand.is_some_and(Stand::is_due) {
        return Ok(Vec::new());
    }
    let mut steps = keep(material, wanted, made, stand)?;
    let reloads = !no_file_changes && material.facts.nginx.master.is_some();
    steps.extend(reloads.then_some(Step::Reload));
    Ok(steps)
}

/// A saved plan with what people want to see of it. `beside` holds the files
/// of its steps that are there and no part of the configuration yet,
/// `included` those that its files name and nothing read before.
///
/// # Errors
/// When it does not fit this configuration, or changes a file that is neither
/// part of it nor one of ours beside it.
pub fn explain(
    plan: Plan,
    facts: &Facts,
    config: &Config,
    records: &RecordPaths,
    beside: &BTreeMap<TextPath, Vec<u8>>,
    included: Draft,
) -> Result<Migration, PlanError> {
    let mut previews = Vec::new();
    let mut directives = Vec::new();
    let mut dropped_routes = BTreeSet::new();
    let mut local_changes = LocalChanges::default();
    let mut draft = included;
    for (path, from, to) in plan.files() {
        let patches = match to {
            Version::File { content: Content::Patched(patches), .. } => patches,
            Version::File { content, .. } if keeps(content, path, records, facts, config) => continue,
            Version::File { .. } | Version::Absent => return Err(PlanError::Foreign(path.clone())),
        };
        let file = config.files().map(|(_, file)| file).find(|file| file.identity == path.as_path());
        let is_ours = path.as_path().starts_with(&facts.nginx.conf_prefix);
        match file {
            Some(file) => {
                let result = patch(file.tree.source(), patches)?;
                let new = Tree::parse(result.clone()).map_err(EditError::Result)?;
                directives.extend(directive_changes(&file.tree, &new));
                if plan.strategy == Strategy::Replace.name() {
                    dropped_routes.extend(dropped_locations(&file.tree, &new));
                    let lists = local::unmerged(Strategy::Replace, None, (&file.tree, &new), None);
                    local_changes.dropped.extend(lists.dropped);
                }
                previews.push(preview(path, file.tree.source(), &result));
                draft.insert(file.identity.clone(), result);
            }
            None if records.base == *path => {}
            None if is_ours => {
                let absent = Vec::new();
                let old = match from {
                    Version::Absent => &absent,
                    Version::File { .. } => {
                        beside.get(path).ok_or_else(|| PlanError::Foreign(path.clone()))?
                    }
                };
                let result = patch(old, patches)?;
                previews.push(preview(path, old, &result));
                draft.insert(path.as_path().to_owned(), result);
            }
            None => return Err(PlanError::Foreign(path.clone())),
        }
    }
    let new = staged(config, &draft)?;
    if let Some(path) = unread(&plan, config, &new) {
        return Err(PlanError::Foreign(path.clone()));
    }
    Ok(Migration {
        local_changes,
        dropped_routes,
        effect: effect(facts, config, &new, &draft),
        to_https: to_https(facts, config, &new),
        ..Migration::showing(plan, directives, previews)
    })
}

/// A file of this plan that NGINX would not read afterwards, and that is none of our records: no planner writes such
/// a file, and beside a configuration lie keys, pages and passwords.
fn unread<'p>(plan: &'p Plan, old: &Config, new: &Config) -> Option<&'p TextPath> {
    let reads = |config: &Config, path: &TextPath| {
        let is_it =
            |file: &File| file.identity == path.as_path() || file.paths().any(|name| name == path.as_path());
        config.files().any(|(_, file)| is_it(file))
    };
    let mut paths = plan.files().map(|(path, ..)| path).filter(|path| !is_record(path));
    paths.find(|path| !reads(old, path) && !reads(new, path))
}

/// Whether a step keeps what the next update is told from, in its own place and from the site's file.
fn keeps(content: &Content, path: &TextPath, records: &RecordPaths, facts: &Facts, config: &Config) -> bool {
    let is_site = |at: &TextPath| {
        config.files().any(|(_, file)| file.identity == at.as_path() && file.path == facts.site.file)
    };
    match content {
        Content::Copied(of) => *path == records.base && is_site(of),
        Content::Local(how) => *path == records.patch && how.base == records.base && is_site(&how.site),
        Content::Live | Content::Patched(_) | Content::Backup(_) => false,
    }
}

/// Paths of locations that only the old file has.
#[must_use]
pub fn dropped_locations(old: &Tree, new: &Tree) -> BTreeSet<String> {
    let paths = |tree: &Tree| -> BTreeSet<String> {
        let locations = tree.walk().map(|id| tree.directive(id)).filter(|directive| directive.is("location"));
        locations.filter_map(|location| location.args.last().map(|path| path.text().into_owned())).collect()
    };
    paths(old).difference(&paths(new)).cloned().collect()
}

/// What differs between two files, directive by directive.
#[must_use]
pub fn directive_changes(old: &Tree, new: &Tree) -> Vec<DirectiveChange> {
    diff(old, new).rows().map(directive_change).collect()
}

/// A row of a comparison as the answer has it.
#[must_use]
pub fn directive_change(row: &nginx_config::diff::Row) -> DirectiveChange {
    DirectiveChange {
        path: row.path.clone(),
        directive: row.directive.clone(),
        old: row.old.clone(),
        new: row.new.clone(),
    }
}

/// # Errors
/// When a changed line is no text: a plan could not hold it.
pub(super) fn set_file(material: &Material, path: &Path, old: &[u8], new: &[u8]) -> Result<Step, PlanError> {
    let unknown = || PlanError::Lacks(format!("{} was not read", path.display()));
    let (path, found) = material.files.get_key_value(path).ok_or_else(unknown)?;
    let version = |sha256, attributes, content| Version::File { sha256, attributes, content };
    Ok(Step::SetFile {
        path: path.clone(),
        from: version(found.sha256, found.attributes.clone(), Content::Live),
        to: version(
            Hash::of(new),
            found.attributes.for_new_bytes(),
            Content::Patched(line_patches(old, new).ok_or(PlanError::NotText)?),
        ),
    })
}

/// Files that the candidate brings along and that the new configuration names.
fn included<'w>(
    config: &Config,
    draft: &Draft,
    wanted: &'w PlanInput,
) -> Result<Vec<&'w Companion>, PlanError> {
    if wanted.companions.is_empty() {
        return Ok(Vec::new());
    }
    let new = staged(config, draft)?;
    let names = |one: &&Companion| {
        new.files().any(|(_, file)| file.paths().any(|path| path == one.file.path.as_path()))
    };
    Ok(wanted.companions.iter().filter(names).collect())
}

/// The files that a candidate brings along, with the folders that they need; several may need the same.
fn companion_steps(companions: &[&Companion]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for step in companions.iter().flat_map(|companion| include_steps(&companion.file, &companion.bytes)) {
        if !steps.contains(&step) {
            steps.push(step);
        }
    }
    steps
}

/// The customer's own file, with the folders that it needs.
fn include_steps(target: &LocalInclude, own: &[u8]) -> Vec<Step> {
    let folders = target.missing_folders.iter().map(|path| Step::MakeFolder { path: path.clone() });
    folders.chain(write_text(&target.path, target.existing.as_ref(), &target.attributes, own)).collect()
}

pub(super) fn preview(path: impl AsRef<Path>, old: &[u8], new: &[u8]) -> Comparison {
    let text = |bytes: &[u8]| String::from_utf8_lossy(&redact_source(bytes)).into_owned();
    Comparison::of_file(path.as_ref(), text(old), text(new))
}
