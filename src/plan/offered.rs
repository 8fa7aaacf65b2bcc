//! What the candidate has otherwise than the live file, beside the routes of the new client: offered, and taken where
//! somebody names it.
//!
//! Invariant: the live file's own text stays unless its path was named; what was not taken is listed.

use super::PlanError;
use super::draft::Draft;
use super::input::{Candidate, PlanInput};
use super::inputs::{Material, serving};
use super::migration::Made;
use super::needs::defined_beside;
use crate::outcome::{OfferKind, Offered};
use nginx_config::diff::Kind;
use nginx_config::merge::{Around, Doubt, Offer, Otherwise, Selected, covers, select};
use nginx_config::{EditError, Tree};
use std::collections::BTreeSet;

/// Takes what the operator named of the candidate.
///
/// # Errors
/// When a path names a block of which it cannot be told which one it is here.
pub(super) fn take(
    material: &Material,
    candidate: &Candidate,
    wanted: &PlanInput,
) -> Result<Made, PlanError> {
    let ours = &material.site_file()?.tree;
    let is_named = |what: &Otherwise| wanted.take.iter().any(|path| covers(path, &what.path));
    let (servers, names) = (serving(material), defined_beside(material.config, material.site_id()?));
    let around = Around { servers: &servers, names: &names };
    let found = compare(candidate, ours, around, &is_named)?;
    let unused = unused(&wanted.take, &found.taken);
    let is_doubt = |doubt: &&Doubt| unused.iter().any(|path| covers(&doubt.block, path));
    if found.doubts.iter().any(|doubt| is_doubt(&doubt)) {
        return Err(PlanError::Doubts(found.doubts));
    }
    let mut made = Made { untaken: unused, taken: shown(&found.taken), ..Made::nothing() };
    made.offered = shown(&found.offered);
    made.offered.extend(found.doubts.iter().map(unclear));
    if !found.taken.is_empty() {
        made.draft.insert(material.site_file()?.identity.clone(), found.text);
    }
    Ok(made)
}

/// Of what was offered, what the finished change has not brought by another way.
pub(super) fn still_offered(
    material: &Material,
    candidate: &Candidate,
    draft: &Draft,
    offered: Vec<Offered>,
) -> Result<Vec<Offered>, PlanError> {
    let Some(text) = draft.get(&material.site_file()?.identity) else { return Ok(offered) };
    let ours = Tree::parse(text.clone()).map_err(EditError::Result)?;
    let left = compare(candidate, &ours, Around::default(), &|_| false)?;
    let left: BTreeSet<(OfferKind, String)> =
        left.offered.into_iter().map(|offer| (kind(offer.what.kind), offer.what.path)).collect();
    let is_left = |offer: &Offered| {
        offer.kind == OfferKind::Unclear || left.contains(&(offer.kind, offer.take.clone()))
    };
    Ok(offered.into_iter().filter(is_left).collect())
}

fn compare(
    candidate: &Candidate,
    ours: &Tree,
    around: Around<'_>,
    choose: &dyn Fn(&Otherwise) -> bool,
) -> Result<Selected, PlanError> {
    let theirs = &candidate.config.file(candidate.file).tree;
    // Server blocks alone say nothing about what stands around them in a main file.
    let is_part = theirs.source() != candidate.input.bytes;
    let of_a_server = |what: &Otherwise| {
        let within = what.within.map(|block| ours.directive(block));
        within.is_some_and(|block| !block.is("http"))
    };
    let may = |what: &Otherwise| !(is_part && what.kind == Kind::Removed) || of_a_server(what);
    let mut found =
        select(ours, theirs, around, &|what| may(what) && choose(what)).map_err(EditError::Result)?;
    found.offered.retain(|offer| may(&offer.what));
    let doubtful = |offer: &Offer| {
        offer.what.kind == Kind::Added && found.doubts.iter().any(|doubt| doubt.block == offer.what.path)
    };
    found.offered.retain(|offer| !doubtful(offer));
    Ok(found)
}

/// The paths that fit nothing.
pub(super) fn unused(paths: &[String], taken: &[Offer]) -> Vec<String> {
    let is_unused = |path: &&String| !taken.iter().any(|offer| covers(path, &offer.what.path));
    paths.iter().filter(is_unused).cloned().collect()
}

/// What the other file has otherwise, as it is shown.
pub(super) fn shown(offers: &[Offer]) -> Vec<Offered> {
    let text = |version: &Option<nginx_config::diff::Version>| version.as_ref().map(|one| one.text.clone());
    let mut all: Vec<Offered> = offers
        .iter()
        .map(|offer| Offered {
            kind: kind(offer.what.kind),
            path: offer.block.clone(),
            directive: offer.directive.clone(),
            old: text(&offer.ours),
            new: text(&offer.theirs),
            take: offer.what.path.clone(),
        })
        .collect();
    // What would go away comes last: most of it is the customer's own.
    all.sort_by_key(|offer| offer.kind);
    all
}

/// A block of which it cannot be told which one it is here.
fn unclear(doubt: &Doubt) -> Offered {
    let fits: Vec<&str> = doubt.fits.iter().map(|(block, _)| block.as_str()).collect();
    Offered {
        kind: OfferKind::Unclear,
        path: String::new(),
        directive: doubt.block.clone(),
        old: Some(format!("could be {}: --server NAME[:PORT] chooses", fits.join(" or "))),
        new: None,
        take: doubt.block.clone(),
    }
}

fn kind(kind: Kind) -> OfferKind {
    match kind {
        Kind::Added => OfferKind::Add,
        Kind::Removed => OfferKind::Remove,
        Kind::Moved => OfferKind::Order,
        Kind::Changed | Kind::Comment | Kind::Spacing => OfferKind::Change,
    }
}
