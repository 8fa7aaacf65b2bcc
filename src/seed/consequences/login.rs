//! Which agent can try a plan out at the login, and what that agent is to be offered then.
//!
//! Invariant: answered by what will be there when the plan is done, and read beside it; only the links of the profiles
//! and agents that the plan concerns are read. It changes nothing and refuses nothing.

use super::look::{PlanContext, id};
use super::people::{End, after, closed};
use crate::db::{DbError, Value};
use crate::seed::manifest::Name;
use crate::seed::map::{LinkKind, Part};
use crate::seed::plan::RowRef;
use crate::seed::snapshot::{CHUNK, Field, Section, marks};
use std::collections::{BTreeMap, BTreeSet};

/// What an agent is to be offered at the login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    pub agent: Name,
    /// The profiles that can be chosen besides Personal, by name.
    pub profiles: Vec<Name>,
}

/// The first agent, by username, who is linked to a profile that the plan changes or makes; where there is none, the
/// first of those whose own row or queues it changes.
///
/// # Errors
/// When the database fails.
pub(in crate::seed) fn login(look: &mut PlanContext<'_>) -> Result<Option<Login>, DbError> {
    let profiles = changed_profiles(look);
    let ids = profiles.iter().filter_map(|row| id(*row)).collect();
    let linked = after(look, LinkKind::ProfileAgents, End::Owner, &ids)?;
    let linked = linked.into_iter().filter(|(profile, _)| profiles.contains(profile));
    let mut called = by_name(look, Part::Users, &linked.map(|(_, agent)| agent).collect())?;
    if called.is_empty() {
        let changed = changed_agents(look);
        called = by_name(look, Part::Users, &changed)?;
    }
    let Some((agent, row)) = called.into_iter().next() else { return Ok(None) };
    let own = after(look, LinkKind::ProfileAgents, End::Member, &id(row).into_iter().collect())?;
    let own: BTreeSet<RowRef> =
        own.into_iter().filter(|(_, agent)| *agent == row).map(|(profile, _)| profile).collect();
    let closed = closed(look, &own.iter().filter_map(|row| id(*row)).collect())?;
    let open = own.difference(&closed).copied().collect();
    let profiles = by_name(look, Part::Profiles, &open)?;
    Ok(Some(Login { agent, profiles: profiles.into_iter().map(|(name, _)| name).collect() }))
}

/// Profiles that are changed or made, themselves or by their links, and are there afterwards.
fn changed_profiles(look: &PlanContext<'_>) -> BTreeSet<RowRef> {
    let plan = look.plan;
    let of_profiles = |kind: &LinkKind| !matches!(kind, LinkKind::Personal(_));
    let mut profiles = changed_rows(look, Part::Profiles);
    let gone = plan.unlink.iter().filter(|(kind, _)| of_profiles(kind));
    profiles.extend(gone.flat_map(|(_, links)| links).map(|link| RowRef::Id(link.owner)));
    let weighed = plan.weigh.iter().filter(|(kind, _)| of_profiles(kind));
    profiles.extend(weighed.flat_map(|(_, links)| links).map(|weigh| RowRef::Id(weigh.link.owner)));
    let new = plan.link.iter().filter(|(kind, _)| of_profiles(kind));
    profiles.extend(new.flat_map(|(_, links)| links).map(|link| link.owner));
    for id in plan.deleted(Part::Profiles) {
        profiles.remove(&RowRef::Id(id));
    }
    profiles
}

/// Agents whose row or personal queues are changed, or who leave a profile.
fn changed_agents(look: &PlanContext<'_>) -> BTreeSet<RowRef> {
    let mut agents = changed_rows(look, Part::Users);
    for (kind, links) in &look.plan.unlink {
        match kind {
            LinkKind::ProfileAgents => agents.extend(links.iter().map(|link| RowRef::Id(link.member))),
            LinkKind::Personal(_) => agents.extend(links.iter().map(|link| RowRef::Id(link.owner))),
            LinkKind::ProfileQueues(_) => {}
        }
    }
    let personal = look.plan.link.iter().filter(|(kind, _)| matches!(kind, LinkKind::Personal(_)));
    agents.extend(personal.flat_map(|(_, links)| links).map(|link| link.owner));
    agents
}

/// Rows of a part that the plan makes or of which it changes columns.
fn changed_rows(look: &PlanContext<'_>, part: Part) -> BTreeSet<RowRef> {
    let changed = look.plan.update.iter().filter(|update| update.part == part);
    let made = (0..).zip(&look.plan.insert).filter(|(_, insert)| insert.part == part);
    changed.map(|update| RowRef::Id(update.id)).chain(made.map(|(index, _)| RowRef::New(index))).collect()
}

/// Rows by the names that they have when the plan is done. Users who are no agents, and rows that were deleted softly,
/// are left out: links to them may be left over.
fn by_name(
    look: &mut PlanContext<'_>,
    part: Part,
    rows: &BTreeSet<RowRef>,
) -> Result<BTreeSet<(Name, RowRef)>, DbError> {
    let mut known = live(look, part, rows.iter().filter_map(|row| id(*row)).collect())?;
    for update in look.plan.update.iter().filter(|update| update.part == part) {
        let renamed = update.changes.iter().find(|change| change.field == Field::Name);
        if let (Some(change), Some(name)) = (renamed, known.get_mut(&update.id)) {
            *name = change.new.display().into();
        }
    }
    let mut named: BTreeSet<_> = known.into_iter().map(|(id, name)| (name, RowRef::Id(id))).collect();
    let new = rows.iter().filter(|row| id(**row).is_none());
    named.extend(new.map(|row| (look.plan.label(part, *row), *row)));
    Ok(named)
}

/// The names of those rows that Motion would show.
fn live(look: &mut PlanContext<'_>, part: Part, ids: Vec<i64>) -> Result<BTreeMap<i64, Name>, DbError> {
    let mut found = BTreeMap::new();
    let Some(section) = Section::of(look.map, part) else { return Ok(found) };
    let (key, name, table) = (section.id.quoted(), section.name.quoted(), section.table.quoted());
    let ((role, agent), live) = (section.and_role(), section.and_live());
    for chunk in ids.chunks(CHUNK) {
        let wanted = format!("{key} IN ({}){live}{role}", marks(chunk.len()));
        let sql = format!("SELECT {key}, {name} FROM {table} WHERE {wanted}");
        let values: Vec<Value> = chunk.iter().map(|id| (*id).into()).chain(agent.clone()).collect();
        for row in look.conn.rows(&sql, &values)? {
            if let Some(name) = row.optional_text(1)? {
                found.insert(row.int(0)?, name.into());
            }
        }
    }
    Ok(found)
}
