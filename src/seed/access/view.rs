//! Who belongs to what: as it is, and as a plan would leave it.
//!
//! Invariant: pure; rows are those that are there and those that the plan inserts, and nothing that was deleted.

use crate::db::Value;
use crate::seed::manifest::Name;
use crate::seed::map::{LinkKind, Part};
use crate::seed::plan::{Insert, Plan, RowRef, is_set};
use crate::seed::snapshot::{Field, Record, RowState, Section, Snapshot};
use std::collections::BTreeMap;

/// A row by its name.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub name: Name,
    /// Whether a profile can be chosen; true of other rows.
    pub enabled: bool,
}

/// Members with their penalty, by owner.
type Ties = BTreeMap<RowRef, BTreeMap<RowRef, Option<i32>>>;

/// Rows and links.
#[derive(Debug, Clone, Default)]
pub(super) struct View {
    rows: BTreeMap<Part, BTreeMap<RowRef, Row>>,
    ties: BTreeMap<LinkKind, Ties>,
}

impl View {
    /// As it is.
    pub fn of(snapshot: &Snapshot, section: impl Fn(Part) -> Option<usize>) -> Self {
        let mut view = Self::default();
        for (part, records) in &snapshot.parts {
            let enabled = section(*part);
            let row = |record: &Record| Row {
                name: record.name.clone(),
                enabled: enabled.is_none_or(|index| is_set(&record.values[index])),
            };
            let live = records.rows.values().filter(|record| record.standing == RowState::Live);
            view.rows.insert(*part, live.map(|record| (RowRef::Id(record.id), row(record))).collect());
        }
        for (kind, links) in &snapshot.links {
            let ties = view.ties.entry(*kind).or_default();
            for link in links.rows() {
                let members = ties.entry(RowRef::Id(link.owner)).or_default();
                members.insert(RowRef::Id(link.member), link.penalty);
            }
        }
        view
    }

    /// As a plan would leave it.
    pub fn after(mut self, plan: &Plan) -> Self {
        for (kind, links) in &plan.unlink {
            let ties = self.ties.entry(*kind).or_default();
            for link in links {
                if let Some(members) = ties.get_mut(&RowRef::Id(link.owner)) {
                    members.remove(&RowRef::Id(link.member));
                }
            }
        }
        for delete in &plan.delete {
            self.rows.entry(delete.part).or_default().remove(&RowRef::Id(delete.id));
        }
        for update in &plan.update {
            let Some(row) = self.rows.entry(update.part).or_default().get_mut(&RowRef::Id(update.id)) else {
                continue;
            };
            for change in &update.changes {
                match (&change.field, &change.new) {
                    (Field::Name, Value::Text(name)) => row.name = name.as_str().into(),
                    (Field::Enabled, value) => row.enabled = is_set(value),
                    _ => {}
                }
            }
        }
        for (index, Insert { part, name, values }) in (0..).zip(&plan.insert) {
            let given = values.iter().find(|given| given.field == Field::Enabled);
            let enabled = given.is_none_or(|given| is_set(&given.value));
            let row = Row { name: name.clone(), enabled };
            self.rows.entry(*part).or_default().insert(RowRef::New(index), row);
        }
        for (kind, weighed) in &plan.weigh {
            let ties = self.ties.entry(*kind).or_default();
            for weigh in weighed {
                let members = ties.entry(RowRef::Id(weigh.link.owner)).or_default();
                members.insert(RowRef::Id(weigh.link.member), Some(weigh.penalty));
            }
        }
        for (kind, links) in &plan.link {
            let ties = self.ties.entry(*kind).or_default();
            for link in links {
                ties.entry(link.owner).or_default().insert(link.member, link.penalty);
            }
        }
        self
    }

    /// The rows of a part.
    pub fn rows(&self, part: Part) -> impl Iterator<Item = (RowRef, &Row)> {
        self.rows.get(&part).into_iter().flatten().map(|(row, what)| (*row, what))
    }

    pub fn row(&self, part: Part, row: RowRef) -> Option<&Row> {
        self.rows.get(&part)?.get(&row)
    }

    /// The members of an owner, with their penalty.
    pub fn members(&self, kind: LinkKind, owner: RowRef) -> impl Iterator<Item = (RowRef, Option<i32>)> {
        let members = self.ties.get(&kind).and_then(|ties| ties.get(&owner));
        members.into_iter().flatten().map(|(member, penalty)| (*member, *penalty))
    }

    /// The owners of a member, with the penalty of its link.
    pub fn owners(&self, kind: LinkKind, member: RowRef) -> impl Iterator<Item = (RowRef, Option<i32>)> {
        let ties = self.ties.get(&kind).into_iter().flatten();
        ties.filter_map(move |(owner, members)| Some((*owner, *members.get(&member)?)))
    }

    /// The profiles of each agent.
    pub fn profiles_of_agents(&self) -> BTreeMap<RowRef, Vec<RowRef>> {
        let mut profiles: BTreeMap<RowRef, Vec<RowRef>> = BTreeMap::new();
        for (profile, agents) in self.ties.get(&LinkKind::ProfileAgents).into_iter().flatten() {
            agents.keys().for_each(|agent| profiles.entry(*agent).or_default().push(*profile));
        }
        profiles
    }
}

/// Where a part's records say whether a row can be chosen.
pub(super) fn position_of_enabled(map: &crate::seed::map::Map, part: Part) -> Option<usize> {
    Section::of(map, part)?.position(&Field::Enabled)
}

/// The rows of a part that have a name to the server, those that a plan makes included.
pub(super) fn rows(view: &View, snapshot: &Snapshot, part: Part, name: &Name) -> Vec<RowRef> {
    let Some(records) = snapshot.part(part) else { return Vec::new() };
    let Some(group) = records.names.group(name) else { return Vec::new() };
    let ids = records.names.rows(group);
    let is_it = |row: &RowRef, called: &Name| match row {
        // What a plan renames is asked for by its new name.
        RowRef::Id(id) => match records.names.group(called) {
            Some(of_name) => of_name == group,
            None => ids.contains(id),
        },
        RowRef::New(_) => records.names.group(called) == Some(group),
    };
    view.rows(part).filter(|(row, what)| is_it(row, &what.name)).map(|(row, _)| row).collect()
}
