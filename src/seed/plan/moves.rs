//! Agents who go from one profile to another.
//!
//! Invariant: of one agent and one profile a move and a list never say two things; under the server's collation as well,
//! which the reader of manifests does not know. Who has moved already is left alone, and so is the other profile's link.

use super::model::{NewLink, Origin, RowRef};
use super::planner::Planner;
use crate::seed::manifest::{Links, Mode, Name, Place, Problem, Spanned, shown};
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
        for agent in &moved.agents {
            let Some((group, row)) = planner.target(Part::Users, &agent.value, agent.place) else { continue };
            let (Some(from), Some(to)) = (from, to) else { continue };
            let ends = [from.group, to.group];
            let twice = ends.iter().any(|end| used.insert((group, *end), agent.place).is_some());
            if twice || is_said_otherwise(planner, &lists, (from.group, to.group), group) {
                let message =
                    format!("{} is moved, and the manifest says otherwise as well", shown(&agent.value));
                planner.report(Problem::error(agent.place, message).hint(
                    "another move, or the list of one of the profiles, names the agent in another spelling that is the same to the database",
                ));
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

/// The lists of agents of the manifest, by profile.
fn lists<'m>(planner: &Planner<'m>) -> HashMap<Group, &'m Links> {
    let Some(records) = planner.snapshot.profiles() else { return HashMap::new() };
    let lists = planner.manifest.profiles.iter().filter_map(|profile| {
        let group = records.names.group(&profile.name.value)?;
        Some((group, profile.agents.as_ref()?))
    });
    lists.collect()
}

/// Whether a list says that an agent stays in the profile that is left, or goes from the other one.
fn is_said_otherwise(
    planner: &Planner<'_>,
    lists: &HashMap<Group, &Links>,
    (from, to): (Group, Group),
    agent: Group,
) -> bool {
    let Some(agents) = planner.snapshot.agents() else { return false };
    let is_agent = |name: &Name| agents.names.group(name) == Some(agent);
    let is_member = |links: &&Links| links.members.iter().any(|member| is_agent(&member.name));
    let is_removed = |links: &&Links| links.remove.iter().any(|name| is_agent(&name.value));
    let is_exact = |links: &&Links| links.mode == Mode::Exact;
    let (left, gotten) = (lists.get(&from), lists.get(&to));
    from == to
        || left.is_some_and(|links| is_exact(links) || is_member(links) || is_removed(links))
        || gotten.is_some_and(|links| is_exact(links) || is_removed(links))
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
