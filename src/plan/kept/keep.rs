//! The steps by which a run keeps base and local patch.
//!
//! Invariant: they are steps like others, so that journal, backup, rollback and
//! a crash treat them alike; undoing the run brings the old record back.

use super::derive::{LocalRecord, derived, mark, words};
use super::file::{BaseKind, Origin};
use super::stand::Stand;
use crate::facts::FileFacts;
use crate::plan::PlanError;
use crate::plan::input::{Keeping, Memory, PlanInput};
use crate::plan::inputs::Material;
use crate::plan::migration::Made;
use crate::plan::standing::SiteState;
use crate::plan::step::{Content, Step, Version, write_text};
use crate::values::{Attributes, Hash, TextPath};
use nginx_config::Tree;
use nginx_config::patch::{ChangeKind, record};
use std::collections::BTreeSet;

/// Where the base of the next update comes from.
enum Source<'a> {
    /// A text that the operator named, or a template.
    Text(&'a [u8]),
    /// What stands in the site's file before the run.
    Live,
    /// The record as it is.
    Record(&'a [u8]),
}

/// The steps behind those that change the site's file; nothing where its places could not be looked at.
///
/// # Errors
/// When a text does not parse, or a plan could not hold it.
pub fn keep(
    material: &Material,
    wanted: &PlanInput,
    made: &Made,
    stand: Option<&Stand>,
) -> Result<Vec<Step>, PlanError> {
    let (Some(memory), Some(keeping)) = (&wanted.memory, &wanted.keeping) else {
        return Ok(Vec::new());
    };
    let site = material.site_file()?;
    let live = site.tree.source();
    let new = made.draft.get(&site.identity).map_or(live, Vec::as_slice);
    let (source, kind, origin) = source(wanted, made, stand, memory, keeping);
    let base: &[u8] = match source {
        Source::Text(text) | Source::Record(text) => text,
        Source::Live => live,
    };
    let (at, facts) = material
        .files
        .get_key_value(site.identity.as_path())
        .ok_or_else(|| PlanError::Lacks(format!("{} was not read", site.identity.display())))?;
    let how = LocalRecord {
        base: memory.path.clone(),
        site: at.clone(),
        named: material.site.to_owned(),
        kind,
        left: Hash::of(new),
        vendor_on_request: false,
        origin,
        own: made.own.iter().copied().chain(in_own_routes(base, made.routes.as_ref())).collect(),
    };
    let base_step = match source {
        Source::Text(text) => write_text(&memory.path, memory.standing.as_ref(), &memory.attributes, text),
        Source::Live => copy(memory, at, facts),
        Source::Record(_) => None,
    };
    let patch_step = patch_step(keeping, how, base, new)?;
    Ok(folders(keeping).into_iter().chain(base_step).chain(patch_step).collect())
}

fn source<'a>(
    wanted: &'a PlanInput,
    made: &'a Made,
    stand: Option<&Stand>,
    memory: &'a Memory,
    keeping: &Keeping,
) -> (Source<'a>, BaseKind, Origin) {
    let known = wanted.base.as_ref().map(|base| base.bytes.as_slice());
    let record = memory.standing.as_ref().map(|(_, bytes)| bytes.as_slice());
    let hand = match stand.map(|stand| stand.standing.state) {
        Some(SiteState::Edited) => Origin::Hand,
        // It may be the update's or a hand's.
        Some(SiteState::Overwritten | SiteState::VendorOnRequest) => Origin::AsFound,
        _ => Origin::File,
    };
    let is_known = known.is_some() || memory.remembered.is_some();
    match (&wanted.candidate, &made.vendor) {
        // It was merged from a base, or it is all that is known.
        (Some(candidate), _) if is_known || made.vendor.is_some() => {
            (Source::Text(&candidate.input.bytes), BaseKind::Vendor, Origin::File)
        }
        (Some(candidate), _) => (Source::Text(&candidate.input.bytes), BaseKind::Vendor, Origin::AsFound),
        // The whole file is a template: there is nothing of the old one to bring back.
        (None, Some(text)) if made.is_whole => (Source::Text(text), BaseKind::AsFound, Origin::File),
        // What the vendor changed since the base stands in the live file; the old copy's changes are put into it.
        (None, _) if wanted.carry.is_some() && known.is_some() => {
            (Source::Live, BaseKind::Vendor, Origin::File)
        }
        (None, _) => match (stand, known, record) {
            (Some(stand), ..) if stand.is_vendors => {
                let origin = if stand.kind == BaseKind::Vendor { Origin::File } else { Origin::AsFound };
                (Source::Live, BaseKind::Vendor, origin)
            }
            (_, Some(text), _) => (Source::Text(text), BaseKind::Vendor, hand),
            (Some(stand), None, Some(text)) => (Source::Record(text), stand.kind, hand),
            // A record of a version that kept no patch beside it.
            (None, None, Some(text)) if keeping.existing.is_none() && !keeping.is_gone => {
                (Source::Record(text), BaseKind::Vendor, Origin::File)
            }
            (_, None, _) => (Source::Live, BaseKind::AsFound, Origin::File),
        },
    }
}

/// The folders that the patch needs.
pub(super) fn folders(keeping: &Keeping) -> Vec<Step> {
    keeping.missing_folders.iter().map(|path| Step::MakeFolder { path: path.clone() }).collect()
}

/// The step that makes the base record what stands in the site's file.
fn copy(memory: &Memory, site: &TextPath, live: &FileFacts) -> Option<Step> {
    let old = memory.standing.as_ref().map(|(facts, _)| facts);
    set(&memory.path, old, &memory.attributes, live.sha256, Content::Copied(site.clone()))
}

/// The step that writes the local patch; `None` when it says the same.
pub(super) fn patch_step(
    keeping: &Keeping,
    how: LocalRecord,
    base: &[u8],
    site: &[u8],
) -> Result<Option<Step>, PlanError> {
    let previous = keeping.existing.as_ref().map(|(_, bytes)| bytes.as_slice());
    let bytes = derived(&how, base, site, previous)
        .map_err(|error| PlanError::BadInput(keeping.path.as_str().to_owned(), error.to_string()))?;
    let old = keeping.existing.as_ref().map(|(facts, _)| facts);
    Ok(set(&keeping.path, old, &keeping.attributes, Hash::of(&bytes), Content::Local(Box::new(how))))
}

fn set(
    path: &TextPath,
    old: Option<&FileFacts>,
    attributes: &Attributes,
    sha256: Hash,
    content: Content,
) -> Option<Step> {
    if old.is_some_and(|old| old.sha256 == sha256) {
        return None;
    }
    let from = old.map_or(Version::Absent, |FileFacts { sha256, attributes }| Version::File {
        sha256: *sha256,
        attributes: attributes.clone(),
        content: Content::Live,
    });
    let attributes = old.map_or_else(|| attributes.clone(), |old| old.attributes.for_new_bytes());
    Some(Step::SetFile { path: path.clone(), from, to: Version::File { sha256, attributes, content } })
}

/// What our own routes have otherwise than the base's: no local change, wherever it stands in them.
fn in_own_routes(base: &[u8], routes: Option<&[Vec<u8>; 2]>) -> BTreeSet<Hash> {
    let Some([before, after]) = routes else { return BTreeSet::new() };
    let parsed = [base, before, after].map(|bytes| Tree::parse(bytes.to_vec()));
    let [Ok(base), Ok(before), Ok(after)] = parsed else { return BTreeSet::new() };
    // A block of the customer's stays one when a route is put into it.
    let local: BTreeSet<_> =
        record(&base, &before).into_iter().map(|change| (change.kind.name(), change.path())).collect();
    let found = record(&base, &after);
    found.iter().filter(|change| !local.contains(&(change.kind.name(), change.path()))).map(mark).collect()
}

/// What a run itself adds to a file, by the words of each change: it is nobody's local change.
pub fn own(before: &[u8], completed: &[u8], guarded: &[u8]) -> BTreeSet<Hash> {
    let parsed = [before, completed, guarded].map(|bytes| Tree::parse(bytes.to_vec()));
    let [Ok(before), Ok(completed), Ok(guarded)] = parsed else { return BTreeSet::new() };
    let routes = record(&before, &completed);
    // A guard that is put into the vendor's own location is asked for by the customer.
    let with_guards = record(&before, &guarded).into_iter();
    let with_guards = with_guards
        .filter(|change| change.kind == ChangeKind::Added && change.directive.starts_with("location"));
    routes.iter().map(words).chain(with_guards.map(|change| words(&change))).collect()
}
