//! The planner of migrations: from facts to the steps that bring the routes.
//!
//! Invariant: planning again after the plan was applied gives the empty plan,
//! and every block that serves Motion serves the new client afterwards.

use super::assemble::finish;
use super::base::{Base, Certainty, as_found, base, guess};
use super::bundle::Bundle;
use super::candidate::{additions, has_route, pages, same_page};
use super::carry::carried;
use super::draft::{Draft, staged};
use super::effect::{effect, is_served_as_before, motion_blocks};
use super::error::{Conflicts, PlanError};
use super::graft::{graft, of_bundle};
use super::guards::inherit;
use super::input::{PlanInput, Strategy, WantedGuard, WantedStrategy};
use super::inputs::{Material, Naming, serving};
use super::kept::{Back, Kept, Stand, back, had_the_route, own, stand};
use super::local;
use super::local_include::extract;
use super::migration::{Made, Migration};
use super::offered::{still_offered, take};
use super::replace::Replacing;
use super::to_https::to_https;
use crate::facts::{Facts, FileFacts, RouteState, ServerRole};
use crate::motion::route_state;
use crate::values::{NotText, TextPath};
use nginx_config::merge::merge_into;
use nginx_config::{Config, EditError, Node, Tree};
use std::collections::BTreeMap;

/// Plans the migration of a server.
///
/// # Errors
/// When the bundle, the server's values, the operator's files or open
/// conflicts do not allow a plan.
pub fn migrate(
    facts: &Facts,
    config: &Config,
    bundle: &Bundle,
    wanted: &PlanInput,
) -> Result<Migration, PlanError> {
    let site = facts.site.file.to_str().ok_or_else(|| NotText::named(&facts.site.file))?;
    let files = named_in_text(facts)?;
    let material = Material { facts, config, files: &files, site };
    let stand = standing(&material, wanted)?;
    let due = stand.as_ref().filter(|stand| stand.is_due());
    let asks_more = wanted.candidate.is_some() || wanted.local_include.is_some() || wanted.carry.is_some();
    if is_migrated(facts) && due.is_none() && !asks_more {
        let strategy = match wanted.strategy {
            WantedStrategy::Named(strategy) => strategy,
            WantedStrategy::Auto => Strategy::Graft,
        };
        return finish(&material, strategy, None, Made::taking_nothing(wanted), wanted, stand.as_ref());
    }
    if let Some(due) = due.filter(|_| wanted.strategy != WantedStrategy::Named(Strategy::Replace)) {
        return returning(&material, bundle, due, wanted);
    }
    let mut base = base(wanted)?;
    let strategy = match (wanted.strategy, &base) {
        (WantedStrategy::Named(strategy), _) => strategy,
        (WantedStrategy::Auto, Some(_)) => Strategy::Merge,
        (WantedStrategy::Auto, None) => Strategy::Graft,
    };
    let is_planned = !is_migrated(facts) || wanted.candidate.is_some() || wanted.carry.is_some();
    if strategy == Strategy::Merge && base.is_none() && is_planned && wanted.carry.is_none() {
        base = guess(&material, bundle)?;
    }
    let made = match (strategy, &wanted.candidate) {
        _ if wanted.carry.is_some() => carried(&material, base.as_ref(), wanted)?,
        _ if !is_planned => Made::taking_nothing(wanted),
        (Strategy::Graft, None) => Made::taking_nothing(wanted),
        (Strategy::Graft, Some(candidate)) => take(&material, candidate, wanted)?,
        (Strategy::Merge, _) => merged(&material, bundle, base.as_ref(), wanted)?,
        (Strategy::Replace, _) => replaced(&material, bundle, wanted)?,
    };
    completed(&material, bundle, wanted, base, strategy, made, stand.as_ref())
}

/// What a strategy made, with what is missing in it.
fn completed(
    material: &Material,
    bundle: &Bundle,
    wanted: &PlanInput,
    base: Option<Base>,
    strategy: Strategy,
    mut made: Made,
    stand: Option<&Stand>,
) -> Result<Migration, PlanError> {
    let Material { facts, config, .. } = *material;
    let text = |made: &Made| -> Result<Vec<u8>, PlanError> {
        let site = material.site_file()?;
        Ok(made.draft.get(&site.identity).map_or_else(|| site.tree.source().to_vec(), Clone::clone))
    };
    // What a merge takes from a template is as little the customer's as a grafted route.
    let is_merged = made.lists.is_some() && !made.is_return && wanted.candidate.is_none();
    let before = if is_merged { material.site_file()?.tree.source().to_vec() } else { text(&made)? };
    complete(material, bundle, wanted, &mut made, stand)?;
    if let Some(candidate) = &wanted.candidate {
        made.offered = still_offered(material, candidate, &made.draft, std::mem::take(&mut made.offered))?;
    }
    let with_routes = text(&made)?;
    if wanted.guards == WantedGuard::Inherit {
        inherit(facts, config, &mut made.draft)?;
    }
    made.own = own(&before, &with_routes, &text(&made)?);
    made.routes = Some([before, with_routes]);
    if let Some(target) = &wanted.local_include {
        let known = base.as_ref().filter(|base| base.certainty == Certainty::Known);
        let found = if known.is_some() { None } else { as_found(wanted) };
        let moved = extract(material, known.or(found.as_ref()), target, &mut made.draft)?;
        made.include = moved.include;
        made.stays = moved.stays;
        made.stays.extend(found.map(|found| found.untold()));
    }
    let mut draft = made.draft.clone();
    if let (Some(target), Some(own)) = (&wanted.local_include, &made.include) {
        draft.insert(target.path.as_path().to_owned(), own.clone());
    }
    let new = staged(config, &draft)?;
    let (effect, to_https) = (effect(facts, config, &new, &draft), to_https(facts, config, &new));
    Ok(Migration { effect, to_https, ..finish(material, strategy, base, made, wanted, stand)? })
}

/// How the site's file stands against what the last change left; nothing where it left no record.
pub(super) fn standing(material: &Material, wanted: &PlanInput) -> Result<Option<Stand>, PlanError> {
    let (Some(memory), Some(keeping)) = (&wanted.memory, &wanted.keeping) else { return Ok(None) };
    let Some(patch) = &keeping.patch else { return Ok(None) };
    let Ok(site) = material.site_file() else { return Ok(None) };
    let base = memory.standing.as_ref().map_or(&[][..], |(_, bytes)| bytes);
    let name = site.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let upstreams = material.facts.site.upstreams.iter().filter(|upstream| upstream.serves_motion);
    let motion: Vec<String> = upstreams.map(|upstream| upstream.address.to_string()).collect();
    let found = stand(Kept { patch, base }, &site.tree, name, &motion);
    found.map(Some).map_err(|error| PlanError::Kept(keeping.path.as_str().to_owned(), error))
}

/// Brings back what is gone since the last change.
fn returning(
    material: &Material,
    bundle: &Bundle,
    stand: &Stand,
    wanted: &PlanInput,
) -> Result<Migration, PlanError> {
    if wanted.candidate.is_some() || wanted.carry.is_some() {
        return Err(PlanError::BringBackFirst);
    }
    let site = material.site_file()?;
    let mut made = Made { is_return: true, ..Made::taking_nothing(wanted) };
    if stand.standing.lacks_changes() {
        let Back { text, lists, resolved, offered, unused } =
            back(stand, &site.tree, &serving(material), wanted)?;
        made.draft.insert(site.identity.clone(), text);
        made = Made { lists: Some(lists), resolved, kept_ours: offered, unused, ..made };
    }
    // What stands there is the vendor's: what moves to a file of its own is told from it.
    let base = stand.is_vendors.then(|| Base::known("what the update wrote".to_owned(), site.tree.clone()));
    completed(material, bundle, wanted, base, Strategy::Merge, made, Some(stand))
}

/// The configuration files that were read, by names that a plan can hold.
pub(super) fn named_in_text(facts: &Facts) -> Result<BTreeMap<TextPath, FileFacts>, NotText> {
    facts.files.iter().map(|(path, file)| Ok((path.clone().try_into()?, file.clone()))).collect()
}

/// Whether no block that serves Motion lacks the route. Where something else
/// answers it, nothing can be added either.
fn is_migrated(facts: &Facts) -> bool {
    let mut serving = facts.site.servers.iter().filter(|server| server.role == ServerRole::ServesMotion);
    serving.all(|server| server.new_client != RouteState::Missing)
}

/// The vendor's file: the candidate, or the template with the old values.
fn theirs(
    material: &Material,
    bundle: &Bundle,
    wanted: &PlanInput,
    naming: Naming,
) -> Result<Vec<u8>, PlanError> {
    match &wanted.candidate {
        Some(candidate) => Ok(candidate.input.bytes.clone()),
        None => Ok(bundle.render_site(&material.site_values(naming)?)?.into_bytes()),
    }
}

fn parse_theirs(bytes: &[u8], wanted: &PlanInput) -> Result<Tree, PlanError> {
    Tree::parse(bytes).map_err(|error| match &wanted.candidate {
        Some(candidate) => PlanError::BadInput(candidate.input.name.clone(), error.to_string()),
        None => PlanError::Edit(EditError::Result(error)),
    })
}

/// Strategy `merge`. Where nothing is known of the base, everything that only
/// one side has is kept, and everything that both have otherwise is a conflict.
fn merged(
    material: &Material,
    bundle: &Bundle,
    base: Option<&Base>,
    wanted: &PlanInput,
) -> Result<Made, PlanError> {
    let file = material.site_file()?;
    let bytes = theirs(material, bundle, wanted, Naming::AsWritten)?;
    let theirs = parse_theirs(&bytes, wanted)?;
    // Two files with nothing before them: each directive was added, by one side or by both.
    let nothing = Tree::parse("").expect("no directive is no fault");
    let from = base.map_or(&nothing, |base| &base.tree);
    let mut merged = merge_into(from, &file.tree, &theirs, &wanted.resolutions, &serving(material))
        .map_err(EditError::Result)?;
    if !merged.doubts.is_empty() {
        return Err(PlanError::Doubts(merged.doubts));
    }
    if base.is_none() {
        // What both files say alike is no change of anybody's.
        merged.lists.already_present.clear();
    }
    let Ok(text) = merged.text() else {
        return Err(PlanError::Conflicts(Box::new(Conflicts {
            conflicts: merged.open().cloned().collect(),
            local_changes: local::of_merge(&merged.lists),
        })));
    };
    let draft = Draft::from([(file.identity.clone(), text.to_vec())]);
    Ok(Made {
        draft,
        vendor: Some(bytes),
        lists: Some(merged.lists.clone()),
        resolved: merged.conflicts.clone(),
        unused: merged.unused.clone(),
        ..Made::taking_nothing(wanted)
    })
}

/// Strategy `replace`: the whole template or candidate in the place of all that is Motion's.
fn replaced(material: &Material, bundle: &Bundle, wanted: &PlanInput) -> Result<Made, PlanError> {
    let bytes = theirs(material, bundle, wanted, Naming::ByAddress)?;
    parse_theirs(&bytes, wanted)?;
    let identity = material.site_file()?.identity.clone();
    let candidate = wanted.candidate.as_ref();
    let template;
    let (new, name) = match candidate {
        Some(candidate) => (&candidate.config, candidate.input.name.as_str()),
        None => {
            template = staged(material.config, &Draft::from([(identity.clone(), bytes.clone())]))?;
            (&template, "the template")
        }
    };
    let text = Replacing { material, new, name }.text(candidate)?;
    Ok(Made {
        draft: Draft::from([(identity, text)]),
        vendor: Some(bytes),
        is_whole: true,
        ..Made::taking_nothing(wanted)
    })
}

/// Sees to it that every block that serves Motion has the routes: what a
/// strategy did not bring is grafted, from the candidate where there is one.
fn complete(
    material: &Material,
    bundle: &Bundle,
    wanted: &PlanInput,
    made: &mut Made,
    stand: Option<&Stand>,
) -> Result<(), PlanError> {
    if let Some(candidate) = &wanted.candidate {
        made.draft.extend(candidate.beside.clone());
    }
    made.draft.extend(wanted.named.clone());
    let config = staged(material.config, &made.draft)?;
    let mut missing = missing(material, &config, &made.draft);
    if let Some(stand) = stand.filter(|_| made.is_return) {
        // A block that the update had taken away comes back as it was left: with the client.
        let had = had_the_route(stand, &config, &material.site_file()?.identity).into_iter();
        let lacks = had.filter(|node| route_state(&config, *node) == RouteState::Missing);
        missing.extend(lacks.filter(|node| !missing.contains(node)).collect::<Vec<_>>());
    }
    let Some(candidate) = &wanted.candidate else {
        let mut routed = Vec::new();
        for server in missing {
            routed.push((server, bundle.render_routes(&material.route_values(&config, &[server])?)?));
        }
        made.draft.extend(graft(&config, of_bundle(&config, &routed))?);
        return Ok(());
    };
    if !is_served_by_motion(material) {
        has_route(candidate)?;
    }
    if missing.is_empty() {
        return Ok(());
    }
    let additions = additions(candidate, &config, &missing, &material.facts.motion.assets)?;
    let blocks = |config: &Config, draft: &Draft| -> Vec<Node> {
        let found = motion_blocks(material.facts, material.config, config, draft);
        found.into_iter().map(|(server, _)| server).collect()
    };
    let before = pages(&config, &blocks(&config, &made.draft));
    made.draft.extend(graft(&config, additions)?);
    let grafted = staged(material.config, &made.draft)?;
    let mut new = pages(&grafted, &blocks(&grafted, &made.draft));
    new.retain(|page| !before.contains(page));
    same_page(candidate, &new)
}

/// Whether a block was seen to get the new client from Motion itself, without a location of its own: then a file of the
/// vendor's needs none either.
fn is_served_by_motion(material: &Material) -> bool {
    let present =
        material.facts.site.servers.iter().filter(|server| server.new_client == RouteState::Present);
    present.map(|server| server.node).any(|node| route_state(material.config, node) == RouteState::Missing)
}

/// Server blocks of the staged configuration that serve Motion and lack the
/// route. A strategy may have moved them inside the file that it changed:
/// there a block is known by its names and addresses.
fn missing(material: &Material, config: &Config, draft: &Draft) -> Vec<Node> {
    let found = motion_blocks(material.facts, material.config, config, draft);
    let lacks = |(server, origins): &(Node, Vec<_>)| {
        route_state(config, *server) == RouteState::Missing
            && !is_served_as_before(material.config, origins, config, *server)
    };
    found.into_iter().filter(lacks).map(|(server, _)| server).collect()
}
