//! A plan as a table of agents against profiles.
//!
//! Invariant: pure, and bounded: those whom the plan changes come first, and who is left out is counted. Who belongs to a
//! profile and stays is shown as far as it was read.

use super::describe::named;
use super::model::{Plan, RowRef};
use crate::outcome::{AgentRow, Change, Heading, Matrix, Membership};
use crate::seed::map::{LinkKind, Part};
use crate::seed::snapshot::{Snapshot, Standing};
use std::collections::{BTreeMap, BTreeSet};

/// As many agents as a page shows.
const AGENTS: usize = 400;
/// As many profiles.
const PROFILES: usize = 60;

/// The table; `None` where the plan is about no profile and no agent.
#[must_use]
pub fn matrix(plan: &Plan, snapshot: &Snapshot) -> Option<Matrix> {
    let (mut profiles, mut agents) = (changed(plan, Part::Profiles), changed(plan, Part::Users));
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
    let headings = |part, rows: BTreeSet<RowRef>| {
        let mut rows: Vec<_> =
            rows.into_iter().map(|row| (heading(plan, snapshot, part, row), row)).collect();
        rows.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
        rows
    };
    let mut columns = headings(Part::Profiles, profiles);
    columns.truncate(PROFILES);
    let mut rows = headings(Part::Users, agents);
    rows.extend(headings(Part::Users, standing));
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

/// The rows of a part that come, change or go.
fn changed(plan: &Plan, part: Part) -> BTreeSet<RowRef> {
    let new = (0..).zip(&plan.insert).filter(|(_, insert)| insert.part == part);
    let updated = plan.update.iter().filter(|update| update.part == part);
    let gone = plan.delete.iter().filter(|_| part == Part::Profiles);
    new.map(|(index, _)| RowRef::New(index))
        .chain(updated.map(|update| RowRef::Id(update.id)))
        .chain(gone.map(|delete| RowRef::Id(delete.id)))
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
    record.is_some_and(|record| record.standing == Standing::Live)
}

fn heading(plan: &Plan, snapshot: &Snapshot, part: Part, row: RowRef) -> Heading {
    let change = match row {
        RowRef::New(_) => Change::Added,
        RowRef::Id(id) if part == Part::Profiles && plan.delete.iter().any(|delete| delete.id == id) => {
            Change::Removed
        }
        RowRef::Id(id) if plan.update.iter().any(|update| update.part == part && update.id == id) => {
            Change::Changed
        }
        RowRef::Id(_) => Change::Stays,
    };
    let known = |id: i64| snapshot.part(part).and_then(|records| Some(records.rows.get(&id)?.name.clone()));
    let name = match row {
        // What a plan renames is called by its new name there.
        RowRef::Id(id) if !plan.labels.contains_key(&(part, id)) => {
            known(id).unwrap_or_else(|| plan.label(part, row))
        }
        _ => plan.label(part, row),
    };
    Heading { name: named(plan, part, &name), change }
}
