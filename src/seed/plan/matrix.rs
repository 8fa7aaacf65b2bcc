//! A plan as a table of agents against profiles.
//!
//! Invariant: pure, and bounded: those whom the plan changes come first, and who is left out is counted. Who belongs to a
//! profile and stays is shown as far as it was read.

use super::describe::named;
use super::model::{Plan, RowRef};
use crate::outcome::{AgentRow, Change, Heading, Matrix, Membership};
use crate::seed::map::{LinkKind, Part};
use crate::seed::snapshot::{RowState, Snapshot};
use std::collections::{BTreeMap, BTreeSet};

/// As many agents as a page shows.
const AGENTS: usize = 400;
/// As many profiles.
const PROFILES: usize = 60;

/// The table; `None` where the plan is about no profile and no agent.
#[must_use]
pub fn matrix(plan: &Plan, snapshot: &Snapshot) -> Option<Matrix> {
    let (of_profiles, of_agents) = (changes(plan, Part::Profiles), changes(plan, Part::Users));
    let mut profiles: BTreeSet<RowRef> = of_profiles.keys().copied().collect();
    let mut agents: BTreeSet<RowRef> = of_agents.keys().copied().collect();
    let kind = LinkKind::ProfileAgents;
    let mut cells: BTreeMap<(RowRef, RowRef), Membership> = BTreeMap::new();
    for link in plan.unlink.get(&kind).into_iter().flatten() {
        cells.insert((RowRef::Id(link.owner), RowRef::Id(link.member)), Membership::Removed);
    }
    for link in plan.link.get(&kind).into_iter().flatten() {
        cells.insert((link.owner, link.member), Membership::Added);
    }
    profiles.extend(cells.keys().map(|(profile, _)| *profile));
    agents.extend(cells.keys().map(|(_, agent)| *agent));
    profiles.extend(owners_of_queues(plan));
    if profiles.is_empty() {
        return None;
    }
    let mut standing = BTreeSet::new();
    for profile in &profiles {
        let RowRef::Id(id) = *profile else { continue };
        for link in snapshot.links(kind, id) {
            let agent = RowRef::Id(link.member);
            cells.entry((*profile, agent)).or_insert(Membership::Stays);
            if !agents.contains(&agent) && is_known(snapshot, link.member) {
                standing.insert(agent);
            }
        }
    }
    let headings = |part, changes: &BTreeMap<RowRef, Change>, rows: BTreeSet<RowRef>| {
        let change = |row: &RowRef| changes.get(row).copied().unwrap_or(Change::Stays);
        let heading = |row| Heading { name: name(plan, snapshot, part, row), change: change(&row) };
        let mut rows: Vec<_> = rows.into_iter().map(|row| (heading(row), row)).collect();
        rows.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
        rows
    };
    let mut columns = headings(Part::Profiles, &of_profiles, profiles);
    columns.truncate(PROFILES);
    let mut rows = headings(Part::Users, &of_agents, agents);
    rows.extend(headings(Part::Users, &of_agents, standing));
    let left_out = rows.len().saturating_sub(AGENTS);
    rows.truncate(AGENTS);
    rows.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
    let row = |(agent, row): (Heading, RowRef)| {
        let cell =
            |(_, profile): &(Heading, RowRef)| cells.get(&(*profile, row)).copied().unwrap_or(Membership::No);
        AgentRow { agent, cells: columns.iter().map(cell).collect() }
    };
    let agents = rows.into_iter().map(row).collect();
    Some(Matrix { agents, profiles: columns.into_iter().map(|(profile, _)| profile).collect(), left_out })
}

/// What happens to the rows of a part themselves; those that stay as they are, are not among them.
fn changes(plan: &Plan, part: Part) -> BTreeMap<RowRef, Change> {
    let new = (0..).zip(&plan.insert).filter(|(_, insert)| insert.part == part);
    let updated = plan.update.iter().filter(|update| update.part == part);
    let gone = plan.deleted(part);
    new.map(|(index, _)| (RowRef::New(index), Change::Added))
        .chain(updated.map(|update| (RowRef::Id(update.id), Change::Changed)))
        .chain(gone.map(|id| (RowRef::Id(id), Change::Removed)))
        .collect()
}

/// The profiles whose queues change.
fn owners_of_queues(plan: &Plan) -> BTreeSet<RowRef> {
    let is_theirs = |kind: &LinkKind| matches!(kind, LinkKind::ProfileQueues(_));
    let gone = plan.unlink.iter().filter(|(kind, _)| is_theirs(kind)).flat_map(|(_, links)| links);
    let weighed = plan.weigh.iter().filter(|(kind, _)| is_theirs(kind)).flat_map(|(_, links)| links);
    let new = plan.link.iter().filter(|(kind, _)| is_theirs(kind)).flat_map(|(_, links)| links);
    gone.map(|link| RowRef::Id(link.owner))
        .chain(weighed.map(|weigh| RowRef::Id(weigh.link.owner)))
        .chain(new.map(|link| link.owner))
        .collect()
}

fn is_known(snapshot: &Snapshot, agent: i64) -> bool {
    let record = snapshot.agents().and_then(|records| records.rows.get(&agent));
    record.is_some_and(|record| record.standing == RowState::Live)
}

/// What a row is called, as a person can tell it from all others.
fn name(plan: &Plan, snapshot: &Snapshot, part: Part, row: RowRef) -> String {
    let known = |id: i64| snapshot.part(part).and_then(|records| Some(records.rows.get(&id)?.name.clone()));
    let name = match row {
        // What a plan renames is called by its new name there.
        RowRef::Id(id) if !plan.labels.contains_key(&(part, id)) => {
            known(id).unwrap_or_else(|| plan.label(part, row))
        }
        _ => plan.label(part, row),
    };
    named(plan, part, &name)
}
