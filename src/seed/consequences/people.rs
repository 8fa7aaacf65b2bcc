//! What a plan leaves agents with.
//!
//! Invariant: judged by what links will be there when the plan is done, of which only those are read that it touches.

use super::look::{PlanContext, few, id, names};
use crate::db::{DbError, Value};
use crate::outcome::{Finding, codes, counted_as};
use crate::seed::Channel;
use crate::seed::manifest::shown;
use crate::seed::map::{Ident, LinkKind, Part};
use crate::seed::plan::{FieldChange, RowRef, is_set};
use crate::seed::snapshot::{CHUNK, Field, Links, Section, links, marks};
use std::collections::{BTreeMap, BTreeSet};

/// Owner and member.
pub(super) type Pair = (RowRef, RowRef);

pub(super) fn findings(look: &mut PlanContext<'_>) -> Result<Vec<Finding>, DbError> {
    let mut findings = becomes_personal(look)?;
    findings.extend(without_queue(look)?);
    findings.extend(online(look)?);
    Ok(findings)
}

/// Links of a kind whose owner or member is one of these, as they will be.
pub(super) fn after(
    look: &mut PlanContext<'_>,
    kind: LinkKind,
    end: End,
    ids: &BTreeSet<i64>,
) -> Result<BTreeSet<Pair>, DbError> {
    let Some(link) = look.map.link(kind) else { return Ok(BTreeSet::new()) };
    let found = if ids.is_empty() {
        Links::default()
    } else {
        links(look.conn, link, Some((end.column(&link.owner, &link.member), ids)))?
    };
    let mut pairs: BTreeSet<Pair> =
        found.rows().iter().map(|row| (RowRef::Id(row.owner), RowRef::Id(row.member))).collect();
    for gone in look.plan.unlink.get(&kind).into_iter().flatten() {
        pairs.remove(&(RowRef::Id(gone.owner), RowRef::Id(gone.member)));
    }
    pairs.extend(look.plan.link.get(&kind).into_iter().flatten().map(|new| (new.owner, new.member)));
    Ok(pairs)
}

/// One of the two columns of a link.
#[derive(Clone, Copy)]
pub(super) enum End {
    Owner,
    Member,
}

impl End {
    fn column<'a>(self, owner: &'a Ident, member: &'a Ident) -> &'a Ident {
        match self {
            Self::Owner => owner,
            Self::Member => member,
        }
    }
}

/// Queues that leave a profile and stay with its agents as personal ones.
fn becomes_personal(look: &mut PlanContext<'_>) -> Result<Vec<Finding>, DbError> {
    let mut findings = Vec::new();
    for channel in Channel::ALL {
        let Some(gone) = look.plan.unlink.get(&LinkKind::ProfileQueues(channel)) else { continue };
        let profiles: BTreeSet<i64> = gone.iter().map(|link| link.owner).collect();
        let queues: BTreeSet<i64> = gone.iter().map(|link| link.member).collect();
        let mut agents: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
        // Those who had it until now keep it as well when the profile itself goes.
        if let Some(link) = look.map.link(LinkKind::ProfileAgents) {
            for row in links(look.conn, link, Some((&link.owner, &profiles)))?.rows() {
                agents.entry(row.owner).or_default().insert(row.member);
            }
        }
        for (owner, member) in after(look, LinkKind::ProfileAgents, End::Owner, &BTreeSet::new())? {
            if let (Some(owner), Some(member)) = (id(owner), id(member)) {
                agents.entry(owner).or_default().insert(member);
            }
        }
        let personal = after(look, LinkKind::Personal(channel), End::Member, &queues)?;
        for link in gone.clone() {
            let of_profile = agents.get(&link.owner).into_iter().flatten();
            let kept: BTreeSet<i64> = of_profile
                .filter(|agent| personal.contains(&(RowRef::Id(**agent), RowRef::Id(link.member))))
                .copied()
                .collect();
            if kept.is_empty() {
                continue;
            }
            let Some(section) = Section::of(look.map, Part::Users) else { continue };
            let names = names(look.conn, &section, &kept)?;
            let queue = look.plan.label(Part::Queues(channel), RowRef::Id(link.member));
            let profile = look.plan.label(Part::Profiles, RowRef::Id(link.owner));
            let title = "agents keep a queue that is removed from their profile: it is a personal one, too";
            findings.push(
                Finding::new(codes::SEED_QUEUE_BECOMES_PERSONAL, title)
                    .evidence(format!(
                        "{channel} queue {} of profile {}: {}",
                        shown(&queue),
                        shown(&profile),
                        few(names.into_values(), look.telling)
                    ))
                    .advice("remove it from their `personal` lists if they shall not serve it any more"),
            );
        }
    }
    Ok(findings)
}

/// Agents whom the plan touches and leaves without any queue.
fn without_queue(look: &mut PlanContext<'_>) -> Result<Vec<Finding>, DbError> {
    let candidates = touched(look)?;
    let ids: BTreeSet<i64> = candidates.iter().filter_map(|row| id(*row)).collect();
    let mut left = candidates;
    for channel in Channel::ALL {
        for (agent, _) in after(look, LinkKind::Personal(channel), End::Owner, &ids)? {
            left.remove(&agent);
        }
    }
    let ids: BTreeSet<i64> = ids.into_iter().filter(|id| left.contains(&RowRef::Id(*id))).collect();
    let members = after(look, LinkKind::ProfileAgents, End::Member, &ids)?;
    let mut by_profile: BTreeMap<RowRef, Vec<RowRef>> = BTreeMap::new();
    for (profile, agent) in members {
        if left.contains(&agent) {
            by_profile.entry(profile).or_default().push(agent);
        }
    }
    let profiles: BTreeSet<i64> = by_profile.keys().filter_map(|row| id(*row)).collect();
    let closed = closed(look, &profiles)?;
    by_profile.retain(|profile, _| !closed.contains(profile));
    for channel in Channel::ALL {
        for (profile, _) in after(look, LinkKind::ProfileQueues(channel), End::Owner, &profiles)? {
            // One queue is enough for all of them.
            for agent in by_profile.remove(&profile).into_iter().flatten() {
                left.remove(&agent);
            }
        }
    }
    if left.is_empty() {
        return Ok(Vec::new());
    }
    let ids: BTreeSet<i64> = left.iter().filter_map(|row| id(*row)).collect();
    let Some(section) = Section::of(look.map, Part::Users) else { return Ok(Vec::new()) };
    let known = names(look.conn, &section, &ids)?;
    let called = left.iter().map(|row| match row {
        RowRef::Id(id) => known.get(id).cloned().unwrap_or_else(|| format!("id {id}")),
        new @ RowRef::New(_) => look.plan.label(Part::Users, *new).to_string(),
    });
    let title = "agents are left without any queue";
    Ok(vec![
        Finding::new(codes::SEED_AGENT_WITHOUT_QUEUE, title)
            .evidence(few(called, look.telling))
            .advice("give them a personal queue, or put them into an enabled profile that has queues"),
    ])
}

/// Agents that the plan creates or takes something from, themselves or by a profile.
fn touched(look: &mut PlanContext<'_>) -> Result<BTreeSet<RowRef>, DbError> {
    let plan = look.plan;
    let mut touched = BTreeSet::new();
    for (index, insert) in plan.insert.iter().enumerate() {
        if insert.part == Part::Users {
            touched.insert(RowRef::New(u32::try_from(index).unwrap_or(u32::MAX)));
        }
    }
    let mut poorer: BTreeSet<i64> = BTreeSet::new();
    for (kind, links) in &plan.unlink {
        match kind {
            LinkKind::ProfileAgents => touched.extend(links.iter().map(|link| RowRef::Id(link.member))),
            LinkKind::Personal(_) => touched.extend(links.iter().map(|link| RowRef::Id(link.owner))),
            LinkKind::ProfileQueues(_) => poorer.extend(links.iter().map(|link| link.owner)),
        }
    }
    let disabled = plan.update.iter().filter(|update| {
        let is_off = |change: &FieldChange| change.field == Field::Enabled && !is_set(&change.new);
        update.part == Part::Profiles && update.changes.iter().any(is_off)
    });
    poorer.extend(disabled.map(|update| update.id));
    if let Some(link) = look.map.link(LinkKind::ProfileAgents).filter(|_| !poorer.is_empty()) {
        let members = links(look.conn, link, Some((&link.owner, &poorer)))?;
        touched.extend(members.rows().iter().map(|row| RowRef::Id(row.member)));
    }
    Ok(touched)
}

/// Profiles that cannot be chosen when the plan is done.
pub(super) fn closed(
    look: &mut PlanContext<'_>,
    profiles: &BTreeSet<i64>,
) -> Result<BTreeSet<RowRef>, DbError> {
    let mut closed = BTreeSet::new();
    let Some(section) = Section::of(look.map, Part::Profiles) else { return Ok(closed) };
    let Some(enabled) = section.ident(&Field::Enabled) else { return Ok(closed) };
    let (key, enabled, table) = (section.id.quoted(), enabled.quoted(), section.table.quoted());
    let ids: Vec<i64> = profiles.iter().copied().collect();
    for chunk in ids.chunks(CHUNK) {
        let sql = format!("SELECT {key}, {enabled} FROM {table} WHERE {key} IN ({})", marks(chunk.len()));
        let values: Vec<Value> = chunk.iter().map(|id| (*id).into()).collect();
        for row in look.conn.rows(&sql, &values)? {
            if !is_set(row.value(1)) {
                closed.insert(RowRef::Id(row.int(0)?));
            }
        }
    }
    let mut decide = |row: RowRef, field: &Field, value: &Value| {
        if *field == Field::Enabled {
            if is_set(value) {
                closed.remove(&row)
            } else {
                closed.insert(row)
            };
        }
    };
    for update in look.plan.update.iter().filter(|update| update.part == Part::Profiles) {
        update.changes.iter().for_each(|change| decide(RowRef::Id(update.id), &change.field, &change.new));
    }
    for (index, insert) in look.plan.insert.iter().enumerate().filter(|(_, i)| i.part == Part::Profiles) {
        let row = RowRef::New(u32::try_from(index).unwrap_or(u32::MAX));
        insert.values.iter().for_each(|given| decide(row, &given.field, &given.value));
    }
    Ok(closed)
}

/// Agents who are logged in and will notice nothing until they log in again.
fn online(look: &mut PlanContext<'_>) -> Result<Vec<Finding>, DbError> {
    let called = logged_in(look)?;
    if called.is_empty() {
        return Ok(Vec::new());
    }
    let [one, several] = ["agent whom this concerns is logged in", "agents whom this concerns are logged in"];
    let title = counted_as(called.len(), one, several);
    Ok(vec![
        Finding::new(codes::SEED_AGENTS_ONLINE, title)
            .evidence(few(called, look.telling))
            .advice("they keep their queues until their next login or Change Profile"),
    ])
}

/// Agents who are logged in and whose profiles, or whose queues in them, the plan changes.
pub(super) fn logged_in(look: &mut PlanContext<'_>) -> Result<Vec<String>, DbError> {
    let Some(section) = Section::of(look.map, Part::Users) else { return Ok(Vec::new()) };
    let Some((online, (role, agent))) = section.online.zip(section.role) else { return Ok(Vec::new()) };
    let mut profiles: BTreeSet<i64> = BTreeSet::new();
    let mut agents: BTreeSet<i64> = BTreeSet::new();
    let plan = look.plan;
    let gone =
        plan.unlink.iter().flat_map(|(kind, links)| links.iter().map(|l| (*kind, l.owner, Some(l.member))));
    let weighed = plan.weigh.iter().flat_map(|(kind, all)| all.iter().map(|w| (*kind, w.link.owner, None)));
    let new = plan.link.iter().flat_map(|(kind, links)| {
        links.iter().filter_map(|link| Some((*kind, id(link.owner)?, id(link.member))))
    });
    for (kind, owner, member) in gone.chain(weighed).chain(new) {
        match kind {
            LinkKind::ProfileAgents => agents.extend(member),
            LinkKind::ProfileQueues(_) => {
                profiles.insert(owner);
            }
            LinkKind::Personal(_) => {
                agents.insert(owner);
            }
        }
    }
    if profiles.is_empty() && agents.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT {}, {} FROM {} WHERE {} = 1 AND {} = ?",
        section.id.quoted(),
        section.name.quoted(),
        section.table.quoted(),
        online.quoted(),
        role.quoted()
    );
    let mut logged_in: BTreeMap<i64, String> = BTreeMap::new();
    for row in look.conn.rows(&sql, &[agent.into()])? {
        logged_in.insert(row.int(0)?, row.optional_text(1)?.unwrap_or_default().to_owned());
    }
    if let Some(link) = look.map.link(LinkKind::ProfileAgents).filter(|_| !profiles.is_empty()) {
        let ids: BTreeSet<i64> = logged_in.keys().copied().collect();
        if !ids.is_empty() {
            let found = links(look.conn, link, Some((&link.member, &ids)))?;
            let of_profile = found.rows().iter().filter(|row| profiles.contains(&row.owner));
            agents.extend(of_profile.map(|row| row.member));
        }
    }
    Ok(agents.iter().filter_map(|agent| logged_in.get(agent).cloned()).collect())
}
