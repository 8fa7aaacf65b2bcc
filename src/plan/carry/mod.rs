//! An old copy of Motion's file, and what of it the live file lost: put back where that is safe, and said where not.
//!
//! Invariant: everything that only the live file has stays. What both have otherwise is listed with both versions,
//! whoever wins; what decides where a request goes, and what is a fact of today, is never taken from an old file
//! unless a person names it.

use super::base::{Base, Certainty};
use super::input::{Carry, PlanInput};
use super::inputs::{Material, serving};
use super::migration::Made;
use super::needs::{Name, defined, defined_beside, given};
use super::{Conflicts, PlanError, local};
use crate::facts::{Facts, RouteState, ServerRole};
use crate::outcome::{LocalChange, LocalChanges};
use crate::values::NotText;
use nginx_config::diff::Kind;
use nginx_config::merge::{
    Around, Choice, Local, Offer, Otherwise, Resolutions, Selected, Sort, merge_into, select,
};
use nginx_config::{Config, Directive, DirectiveId, EditError, Edits, Node, Place, Tree, splice};
use safe::{Ends, decides_who_answers, old_value_is_safe};
use std::collections::{BTreeMap, BTreeSet};

mod safe;

/// What is to become of one thing that the old file has otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Back,
    /// It does not; why.
    Stays(&'static str),
    NotLost,
}

const TODAY: &str = "what is live today stays";

/// Puts back what the live file lost against an old one.
///
/// # Errors
/// When it cannot be told which block is which, what comes back needs a name that nobody defines, or the base shows
/// that both files changed the same.
pub(super) fn carried(
    material: &Material,
    base: Option<&Base>,
    wanted: &PlanInput,
) -> Result<Made, PlanError> {
    let Some(carry) = &wanted.carry else { return Ok(Made::nothing()) };
    match base.filter(|base| base.certainty == Certainty::Known) {
        Some(base) => from_base(material, carry, base, wanted),
        None => without_base(material, carry, &wanted.resolutions, &wanted.take),
    }
}

/// What the live file lost against an old copy, where nobody decides anything.
///
/// # Errors
/// As of carrying it.
pub fn lost(facts: &Facts, config: &Config, carry: Carry) -> Result<Vec<LocalChange>, PlanError> {
    let site = facts.site.file.to_str().ok_or_else(|| NotText::named(&facts.site.file))?;
    let material = Material { facts, config, files: &BTreeMap::new(), site };
    let made = without_base(&material, &carry, &Resolutions::none(), &[])?;
    Ok(made.carried.map(|lists| lists.carried).unwrap_or_default())
}

/// A true merge of the old copy's changes with those of the live file. What is a fact of today is the live file's.
fn from_base(material: &Material, carry: &Carry, base: &Base, wanted: &PlanInput) -> Result<Made, PlanError> {
    let site = material.site_file()?;
    let merge = |resolutions: &Resolutions| {
        merge_into(&base.tree, &carry.tree, &site.tree, resolutions, &[]).map_err(EditError::Result)
    };
    let said = decisions(&wanted.resolutions, &wanted.take);
    let first = merge(&said)?;
    let lists = [&first.lists.carried, &first.lists.conflicting];
    let facts = lists.into_iter().flatten().filter(|local| {
        let is_said = said.by_path(&local.select).is_some();
        !is_said && local.theirs.is_some() && is_fact_of_today(material, local)
    });
    let facts: BTreeSet<String> = facts.map(|local| local.select.clone()).collect();
    let with_facts = facts.iter().fold(said, |all, path| all.with(path.as_str(), Choice::Theirs));
    let merged = merge(&with_facts)?;
    if !merged.doubts.is_empty() {
        return Err(PlanError::Doubts(merged.doubts));
    }
    let lists = local::of_merge(&merged.lists);
    let Ok(text) = merged.text() else {
        let conflicts = merged.open().cloned().collect();
        return Err(PlanError::Conflicts(Box::new(Conflicts { conflicts, local_changes: lists })));
    };
    let mut unused = merged.unused.clone();
    unused.retain(|path| !facts.contains(path));
    let (untaken, unused) = unused.into_iter().partition(|path| wanted.take.contains(path));
    let text = text.to_vec();
    let is_new = text != site.tree.source();
    let resolved = merged.conflicts.into_iter().filter(|conflict| !facts.contains(&conflict.path)).collect();
    let mut made = Made { unused, untaken, resolved, carried: Some(lists), ..Made::nothing() };
    if is_new {
        made.draft.insert(site.identity.clone(), text);
    }
    Ok(made)
}

/// Whether what is live decides, whatever an old file says: the certificates, and where Motion listens.
fn is_fact_of_today(material: &Material, local: &Local) -> bool {
    let name = local.directive.split(' ').next().unwrap_or_default();
    let live = local.theirs.as_ref().map_or("", |version| version.text.as_str());
    let leads_to_motion = || {
        let of_motion = material.facts.site.addresses_of_motion();
        of_motion.iter().any(|address| live.contains(&address.to_string()))
    };
    name.starts_with("ssl_certificate") || name == "listen" || name == "proxy_pass" && leads_to_motion()
}

/// Nothing is known of what both come from: what only one has stays or comes back.
fn without_base(
    material: &Material,
    carry: &Carry,
    resolutions: &Resolutions,
    take: &[String],
) -> Result<Made, PlanError> {
    let said = decisions(resolutions, take);
    let site = material.site_file()?;
    let names = with_old_names(material, &site.tree, carry, &said)?;
    let live = names.as_ref().map_or(&site.tree, |named| &named.tree);
    let policy = Policy::of(material, live, carry, said);
    // Ids of the blocks that serve Motion hold for the file as it was read.
    let servers = if names.is_none() { serving(material) } else { Vec::new() };
    let beside = defined_beside(material.config, material.site_id()?);
    let around = Around { servers: &servers, names: &beside };
    let found = select(live, &carry.tree, around, &|what| policy.verdict(what) == Verdict::Back)
        .map_err(EditError::Result)?;
    if !found.doubts.is_empty() {
        return Err(PlanError::Doubts(found.doubts));
    }
    let text = with_definitions(material, carry, &found)?;
    let mut lists = lists(&policy, &found);
    lists.carried.extend(names.into_iter().flat_map(|named| named.changes));
    let asked: Vec<&str> =
        found.taken.iter().chain(&found.offered).map(|offer| offer.what.path.as_str()).collect();
    let mut made = Made {
        unused: resolutions.naming_none_of(&asked),
        untaken: super::offered::unused(take, &found.taken),
        ..Made::nothing()
    };
    made.carried = Some(lists);
    if text != site.tree.source() {
        made.draft.insert(site.identity.clone(), text);
    }
    Ok(made)
}

/// The live file with the names of its blocks that only the old one has.
struct Named {
    tree: Tree,
    changes: Vec<LocalChange>,
}

fn with_old_names(
    material: &Material,
    live: &Tree,
    carry: &Carry,
    said: &Resolutions,
) -> Result<Option<Named>, PlanError> {
    let found = select(live, &carry.tree, Around { servers: &serving(material), names: &[] }, &|_| false)
        .map_err(EditError::Result)?;
    let ends = Ends::of_config(material.config);
    let site = material.site_id()?;
    let mut edits = Edits::new(live);
    let mut changes = Vec::new();
    for offer in &found.offered {
        let (Some(ours), Some(theirs), Some(block)) = (offer.what.ours, offer.what.theirs, offer.what.within)
        else {
            continue;
        };
        let (here, there) = (live.directive(ours), carry.tree.directive(theirs));
        let is_left = said.by_path(&offer.what.path).is_some();
        if !here.is("server_name") || safe::is_placeholder(here) || is_left {
            continue;
        }
        let block = Node { file: site, directive: block };
        let has = |word: &&[u8]| here.args.iter().any(|own| own.value.eq_ignore_ascii_case(word));
        let lost: Vec<&[u8]> = there
            .args
            .iter()
            .map(|word| word.value)
            .filter(|word| !has(word) && !ends.others_answer(block, word))
            .collect();
        if lost.is_empty() || safe::is_placeholder(there) {
            continue;
        }
        let words = here.args.iter().map(|word| word.value).chain(lost.iter().copied());
        let mut text = b"server_name".to_vec();
        for word in words {
            text.push(b' ');
            text.extend(nginx_config::quote_word(word).map_err(|error| PlanError::Lacks(error.to_string()))?);
        }
        text.push(b';');
        edits.replace(ours, &text)?;
        changes.push(LocalChange {
            directive: format!("server_name {}", String::from_utf8_lossy(&lost.join(&b' '))),
            ..change(offer, offer.ours.as_ref().map(|one| one.text.clone()))
        });
    }
    if changes.is_empty() {
        return Ok(None);
    }
    let text = splice(live.source(), &edits.finish()?).map_err(EditError::Overlap)?;
    Ok(Some(Named { tree: Tree::parse(text).map_err(EditError::Result)?, changes }))
}

/// What a person said of single things: a path to take is one where the old file wins.
fn decisions(resolutions: &Resolutions, take: &[String]) -> Resolutions {
    take.iter().fold(resolutions.clone(), |all, path| all.with(path, Choice::Ours))
}

/// What decides on each thing.
struct Policy<'a> {
    live: &'a Tree,
    old: &'a Tree,
    carry: &'a Carry,
    said: Resolutions,
    /// Names that other files of the live configuration define.
    elsewhere: BTreeSet<Name>,
    ends: Ends,
    /// Whether the live blocks serve the new client.
    served: bool,
    site: nginx_config::FileId,
}

impl<'a> Policy<'a> {
    fn of(material: &Material, live: &'a Tree, carry: &'a Carry, said: Resolutions) -> Self {
        let site = material.site_id().unwrap_or_else(|_| material.config.main());
        let names = defined(material.config).into_iter().filter(|(_, node)| node.file != site);
        let mut serving =
            material.facts.site.servers.iter().filter(|server| server.role == ServerRole::ServesMotion);
        Self {
            live,
            old: &carry.tree,
            carry,
            said,
            elsewhere: names.map(|(name, _)| name).collect(),
            ends: Ends::of_config(material.config),
            served: serving.all(|server| server.new_client != RouteState::Missing),
            site,
        }
    }

    fn verdict(&self, what: &Otherwise) -> Verdict {
        match self.said.by_path(&what.path) {
            Some(Choice::Ours) => return Verdict::Back,
            Some(Choice::Theirs) => return Verdict::Stays("it was left out by name"),
            None => {}
        }
        match (what.kind, what.ours, what.theirs) {
            (Kind::Added, _, Some(theirs)) => self.of_lost(what, theirs),
            (Kind::Changed, Some(ours), Some(theirs)) => self.of_changed(what, ours, theirs),
            // What only the live file has is no loss.
            (Kind::Removed, ..) => Verdict::NotLost,
            _ => Verdict::Stays(TODAY),
        }
    }

    /// Something that only the old file has.
    fn of_lost(&self, what: &Otherwise, theirs: DirectiveId) -> Verdict {
        let lost = self.old.directive(theirs);
        let within = what.within.map(|id| self.live.directive(id));
        let in_server = within.is_some_and(|block| block.is("server"));
        let name = lost.name.text();
        if given(lost).is_some_and(|name| self.elsewhere.contains(&name)) {
            return Verdict::Stays("another file of the live configuration defines it");
        }
        match name.as_ref() {
            "listen" => match what.within {
                Some(block) if self.ends.others_listen(self.node(block), lost) => {
                    Verdict::Stays("another block of the live configuration answers there")
                }
                _ => Verdict::Back,
            },
            "server" if self.ends.is_answered(self.old, theirs) => {
                Verdict::Stays("a block of the live configuration answers there")
            }
            "server" if within.is_some_and(|block| block.is("upstream")) => {
                Verdict::Stays("it would change where requests of today go")
            }
            "location" if self.served && safe::is_about_new_client(lost) => Verdict::Stays(TODAY),
            "return" if in_server => Verdict::Stays("it would answer for every location of the live block"),
            "include" if self.is_missing(lost) => Verdict::Stays("the file that it names is not there"),
            name if name.starts_with("ssl_certificate") => Verdict::Stays(TODAY),
            _ if self.is_in_new_client(what) => Verdict::Stays(TODAY),
            _ if decides_who_answers(lost) && !in_server => Verdict::Stays(TODAY),
            _ => Verdict::Back,
        }
    }

    /// Something that both have otherwise.
    fn of_changed(&self, what: &Otherwise, ours: DirectiveId, theirs: DirectiveId) -> Verdict {
        let (live, old) = (self.live.directive(ours), self.old.directive(theirs));
        match () {
            () if live.is("server_name") && safe::is_placeholder(live) => Verdict::Back,
            () if live.is("server_name") && safe::names_all(live, old) => Verdict::NotLost,
            () if self.is_in_new_client(what) => Verdict::Stays(TODAY),
            () if old_value_is_safe(old) => Verdict::Back,
            () => Verdict::Stays(TODAY),
        }
    }

    fn is_missing(&self, include: Directive<'_>) -> bool {
        include.args.first().is_some_and(|word| self.carry.missing.contains(word.text().as_ref()))
    }

    /// Whether it stands in a location that is for the new client.
    fn is_in_new_client(&self, what: &Otherwise) -> bool {
        let mut next = what.within;
        while let Some(id) = next {
            let block = self.live.directive(id);
            if block.is("location") && safe::is_about_new_client(block) {
                return true;
            }
            next = block.parent;
        }
        false
    }

    fn node(&self, directive: DirectiveId) -> Node {
        Node { file: self.site, directive }
    }
}

fn lists(policy: &Policy, found: &Selected) -> LocalChanges {
    let mut lists = LocalChanges::default();
    for offer in &found.taken {
        let today = offer.ours.as_ref().filter(|_| offer.what.kind != Kind::Removed);
        lists.carried.push(change(offer, today.map(|one| one.text.clone())));
    }
    for offer in &found.offered {
        let Verdict::Stays(why) = policy.verdict(&offer.what) else { continue };
        let today = offer.ours.as_ref().map_or_else(|| why.to_owned(), |one| one.text.clone());
        lists.conflicting.push(change(offer, Some(today)));
    }
    lists.already_present = found
        .present
        .iter()
        .map(|one| LocalChange {
            path: one.path.clone(),
            directive: one.directive.clone(),
            snippet: None,
            today: None,
            take: None,
        })
        .collect();
    lists
}

fn change(offer: &Offer, today: Option<String>) -> LocalChange {
    let old = offer.theirs.as_ref().map(|one| one.text.clone());
    let is_block = offer.directive.contains(' ') || old.as_ref().is_some_and(|text| text.contains('{'));
    let directive = match &old {
        Some(text) if !is_block && !text.is_empty() => format!("{} {text}", offer.directive),
        Some(_) => offer.directive.clone(),
        None => format!("removed: {}", offer.directive),
    };
    let snippet = old.map(|text| if is_block { text } else { format!("{directive};") });
    LocalChange { path: offer.block.clone(), directive, snippet, today, take: Some(offer.what.path.clone()) }
}

/// The text with the definitions that what comes back uses, and that another file of the old tree has.
fn with_definitions(material: &Material, carry: &Carry, found: &Selected) -> Result<Vec<u8>, PlanError> {
    let mut text = found.text.clone();
    let known: BTreeSet<Name> = defined(material.config).into_keys().collect();
    let mut lacking: BTreeSet<Name> = found.lacks.iter().filter_map(name).collect();
    let mut brought: BTreeMap<Name, Vec<u8>> = BTreeMap::new();
    lacking.retain(|name| !known.contains(name));
    while let Some(name) = lacking.pop_first() {
        if brought.contains_key(&name) || known.contains(&name) {
            continue;
        }
        let Some((tree, id)) = carry.others.iter().find_map(|tree| Some((tree, definition(tree, &name)?)))
        else {
            if let Name::Zone(zone) | Name::Format(zone) = &name {
                return Err(PlanError::CarryNeeds { name: carry.name.clone(), wanted: zone.clone() });
            }
            // One of NGINX's own variables, or a host: NGINX itself says where it is neither.
            continue;
        };
        let own = super::local_include::outdented(tree, id);
        let alone = Tree::parse(own.clone()).map_err(EditError::Text)?;
        let nothing = Tree::parse("").map_err(EditError::Text)?;
        let needs = select(&nothing, &alone, Around::default(), &|_| true).map_err(EditError::Result)?;
        lacking.extend(needs.lacks.iter().filter_map(self::name).filter(|name| !known.contains(name)));
        brought.insert(name, own);
    }
    if brought.is_empty() {
        return Ok(text);
    }
    let tree = Tree::parse(text).map_err(EditError::Result)?;
    let http = tree.roots().iter().find(|id| tree.directive(**id).is("http"));
    let mut edits = Edits::new(&tree);
    let place = http.map_or(Place::Top, |http| Place::Block(*http));
    edits.prepend_to(place, brought.into_values().collect::<Vec<_>>().concat())?;
    text = splice(tree.source(), &edits.finish()?).map_err(EditError::Overlap)?;
    Ok(text)
}

fn name((sort, name): &(Sort, String)) -> Option<Name> {
    Some(match sort {
        Sort::Variable => Name::Variable(name.to_ascii_lowercase()),
        Sort::Upstream => Name::Group(name.clone()),
        Sort::Zone => Name::Zone(name.clone()),
        Sort::LogFormat => Name::Format(name.clone()),
        Sort::Location => return None,
    })
}

/// The directive of a file that gives this name.
fn definition(tree: &Tree, name: &Name) -> Option<DirectiveId> {
    tree.walk().find(|id| given(tree.directive(*id)).as_ref() == Some(name))
}
