//! Agents who go from one profile to another.
//!
//! Invariant: of one agent and one profile a move and a list never say two things; under the server's collation as well,
//! which the reader of manifests does not know. Who has moved already is left alone, and so is the other profile's link.

use super::model::{NewLink, Origin, RowRef};
use super::planner::Planner;
use crate::seed::manifest::{Links, Mode, Name, Place, Problem, Spanned, shown, shown_beside};
use crate::seed::map::{LinkKind, Part};
use crate::seed::snapshot::{Group, LinkRow};
use std::collections::{HashMap, HashSet};

const KIND: LinkKind = LinkKind::ProfileAgents;

/// A profile that agents leave or get.
#[derive(Clone, Copy)]
struct End<'m> {
    group: Group,
    /// The row; none of a profile that the manifest deletes and that is gone.
    row: Option<RowRef>,
    name: &'m Spanned<Name>,
}

/// Plans every move, behind the lists.
pub(super) fn moves(planner: &mut Planner<'_>) {
    let manifest = planner.manifest;
    let Some(place) = manifest.moves.first().map(|moved| moved.from.place) else { return };
    let has_profiles = planner.part(Part::Profiles, place).is_some();
    if !(has_profiles && planner.has_links(KIND, place)) {
        return;
    }
    let lists = lists(planner);
    // By then no list adds a link any more.
    let planned = planner.plan.link.get(&KIND).into_iter().flatten();
    let mut linked: HashSet<(RowRef, RowRef)> = planned.map(|link| (link.owner, link.member)).collect();
    let mut used: HashMap<(Group, Group), Place> = HashMap::new();
    for moved in &manifest.moves {
        let from = end(planner, &moved.from);
        let to = end(planner, &moved.to);
        if let (Some(from), Some(to)) = (from, to)
            && from.group == to.group
        {
            to_itself(planner, &moved.from, &moved.to);
            continue;
        }
        let mut named: HashMap<Group, &Spanned<Name>> = HashMap::new();
        for agent in &moved.agents {
            let Some((group, row)) = planner.target(Part::Users, &agent.value, agent.place) else { continue };
            if let Some(first) = named.insert(group, agent) {
                named_twice(planner, first, agent);
                continue;
            }
            let (Some(from), Some(to)) = (from, to) else { continue };
            let ends = [from.group, to.group];
            let before = ends.iter().filter_map(|end| used.insert((group, *end), agent.place));
            let other = before.last().map(Other::Move);
            if let Some(other) =
                other.or_else(|| said_otherwise(planner, &lists, (from.group, to.group), group))
            {
                contradicted(planner, agent, other);
                continue;
            }
            one(planner, &mut linked, from, to, (row, agent));
        }
    }
}

/// A profile by its name; nothing where that means none, which was said.
fn end<'m>(planner: &mut Planner<'_>, name: &'m Spanned<Name>) -> Option<End<'m>> {
    let records = planner.snapshot.profiles()?;
    let group = planner.group(Part::Profiles, records, &name.value, name.place)?;
    if let Some((_, row)) = planner.target(Part::Profiles, &name.value, name.place) {
        return Some(End { group, row: Some(row), name });
    }
    let is_group = |name: &Name| records.names.group(name) == Some(group);
    let mut absent = planner.manifest.profiles.iter().filter(|profile| profile.absent.is_some());
    // Deleted by an apply before; who had left it by then has moved.
    absent.any(|profile| is_group(&profile.name.value)).then_some(End { group, row: None, name })
}

/// Lists of agents and what their profiles are called, by profile.
type Lists<'m> = HashMap<Group, (&'m Name, &'m Links)>;

/// The lists of agents of the manifest.
fn lists<'m>(planner: &Planner<'m>) -> Lists<'m> {
    let Some(records) = planner.snapshot.profiles() else { return HashMap::new() };
    let lists = planner.manifest.profiles.iter().filter_map(|profile| {
        let group = records.names.group(&profile.name.value)?;
        Some((group, (&profile.name.value, profile.agents.as_ref()?)))
    });
    lists.collect()
}

/// What else a manifest says of an agent who moves, and where.
enum Other<'m> {
    /// Another move is about the same profile.
    Move(Place),
    /// The list of this profile is exact.
    Exact(&'m Name, Place),
    /// The agent is a member by the list of this profile.
    Member(&'m Name, Place),
    /// The agent is removed by the list of this profile.
    Removed(&'m Name, Place),
}

/// Whether a list says that an agent stays in the profile that is left, or goes from the other one.
fn said_otherwise<'m>(
    planner: &Planner<'_>,
    lists: &Lists<'m>,
    (from, to): (Group, Group),
    agent: Group,
) -> Option<Other<'m>> {
    let agents = planner.snapshot.agents()?;
    let is_agent = |name: &Name| agents.names.group(name) == Some(agent);
    [(from, true), (to, false)].into_iter().find_map(|(end, is_left)| {
        let (name, links) = *lists.get(&end)?;
        if links.mode == Mode::Exact {
            return Some(Other::Exact(name, links.place));
        }
        let member = links.members.iter().find(|member| is_left && is_agent(&member.name));
        let removed = || links.remove.iter().find(|name| is_agent(&name.value));
        match member {
            Some(member) => Some(Other::Member(name, member.place)),
            None => removed().map(|removed| Other::Removed(name, removed.place)),
        }
    })
}

/// Says what contradicts a move. The spellings differ, or the reader of manifests had seen it.
fn contradicted(planner: &mut Planner<'_>, agent: &Spanned<Name>, other: Other<'_>) {
    let one_of_two = "say it in one of the two places";
    let there = |place| planner.source().in_words(place, agent.place);
    let (what, hint) = match other {
        Other::Move(place) => (
            format!("and by the move in {} as well", there(place)),
            "one move of an agent takes one run; chains and swaps take two",
        ),
        Other::Exact(profile, place) => (
            format!("and the list of agents of {} in {} is exact", shown(profile), there(place)),
            "change that list instead, or leave `mode: exact` out",
        ),
        Other::Member(profile, place) => {
            (format!("and is a member of {} in {}", shown(profile), there(place)), one_of_two)
        }
        Other::Removed(profile, place) => {
            (format!("and is removed from {} in {}", shown(profile), there(place)), one_of_two)
        }
    };
    let message = format!("{} is moved, {what}", shown(&agent.value));
    let hint = format!("{hint}; names that differ in spelling may be the same to the database");
    planner.report(Problem::error(agent.place, message).hint(hint));
}

fn named_twice(planner: &mut Planner<'_>, first: &Spanned<Name>, agent: &Spanned<Name>) {
    let [this, other] = shown_beside(&agent.value, &first.value);
    let message = format!(
        "{this} is named twice in one move: to the database it is {other} of {}",
        planner.source().in_words(first.place, agent.place)
    );
    planner.report(Problem::error(agent.place, message).hint("leave one of them out"));
}

fn to_itself(planner: &mut Planner<'_>, from: &Spanned<Name>, to: &Spanned<Name>) {
    let [from, there] = shown_beside(&from.value, &to.value);
    let message = format!("agents cannot move from {from} to itself: to the database it is {there}");
    planner.report(Problem::error(to.place, message).hint("name two profiles, or leave the move out"));
}

fn one(
    planner: &mut Planner<'_>,
    linked: &mut HashSet<(RowRef, RowRef)>,
    from: End<'_>,
    to: End<'_>,
    (agent, name): (RowRef, &Spanned<Name>),
) {
    let found: Vec<LinkRow> = links(planner, from.row, agent);
    let is_there = !links(planner, to.row, agent).is_empty();
    if found.is_empty() {
        if !is_there {
            let message = format!(
                "{} is neither in {} nor in {}",
                shown(&name.value),
                shown(&from.name.value),
                shown(&to.name.value)
            );
            let hint = format!("to add the agent, name it under `agents` of {}", shown(&to.name.value));
            planner.report(Problem::error(name.place, message).hint(hint));
        }
        return;
    }
    let Some(owner) = to.row else { return };
    for link in &found {
        planner.plan.moved.insert((link.owner, link.member), owner);
        label(planner, owner);
    }
    // The links of a profile that is deleted go with it.
    let is_deleted = |link: &LinkRow| planner.plan.delete.iter().any(|delete| delete.id == link.owner);
    let gone: Vec<LinkRow> = found.into_iter().filter(|link| !is_deleted(link)).collect();
    if !gone.is_empty() {
        planner.plan.unlink.entry(KIND).or_default().extend(gone);
    }
    if !is_there && linked.insert((owner, agent)) {
        let link = NewLink { owner, member: agent, penalty: None, origin: Origin::Manifest };
        planner.plan.link.entry(KIND).or_default().push(link);
    }
}

/// The links of an agent with a profile.
fn links(planner: &Planner<'_>, profile: Option<RowRef>, agent: RowRef) -> Vec<LinkRow> {
    match (profile, agent) {
        (Some(RowRef::Id(profile)), RowRef::Id(agent)) => {
            let all = planner.snapshot.links(KIND, profile);
            let start = all.partition_point(|link| link.member < agent);
            all[start..].iter().take_while(|link| link.member == agent).copied().collect()
        }
        _ => Vec::new(),
    }
}

/// The profile that is got is named beside the link that goes, also where it gets no link itself.
fn label(planner: &mut Planner<'_>, profile: RowRef) {
    if let RowRef::Id(id) = profile
        && let Some(record) = planner.snapshot.profiles().and_then(|records| records.rows.get(&id))
    {
        planner.plan.labels.insert((Part::Profiles, id), record.name.clone());
    }
}
