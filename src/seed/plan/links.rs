//! Lists of links: by set difference, so that an unchanged pair is left alone.
//!
//! Invariant: of one owner and one kind of links a member is added, removed, weighed or left, never two of these.

use super::column_fit::refusal;
use super::model::{NewLink, Origin, RowRef, Weigh};
use super::planner::Planner;
use crate::seed::Channel;
use crate::seed::manifest::{Links, Mode, Name, Place, Problem, shown};
use crate::seed::map::{LinkKind, Part};
use crate::seed::snapshot::{Group, LinkRow};
use std::collections::HashMap;

/// Plans every list of the manifest.
pub(super) fn lists(planner: &mut Planner<'_>) {
    let manifest = planner.manifest;
    for agent in &manifest.agents {
        for (channel, links) in &agent.personal {
            let owner = (Part::Users, &agent.username.value, agent.username.place);
            list(planner, LinkKind::Personal(*channel), owner, links);
        }
    }
    for profile in &manifest.profiles {
        let owner = (Part::Profiles, &profile.name.value, profile.name.place);
        if let Some(links) = &profile.agents {
            list(planner, LinkKind::ProfileAgents, owner, links);
        }
        for (channel, links) in &profile.queues {
            list(planner, LinkKind::ProfileQueues(*channel), owner, links);
        }
    }
}

/// A member that is wanted.
struct Wanted {
    row: RowRef,
    penalty: Option<i32>,
}

fn list(planner: &mut Planner<'_>, kind: LinkKind, owner: (Part, &Name, Place), links: &Links) {
    let (_, member_part) = super::model::ends(kind);
    let has_members = planner.part(member_part, links.place).is_some();
    if !(planner.has_links(kind, links.place) && has_members) {
        return;
    }
    // All names are judged, whatever became of the owner.
    let (wanted, removed) = members(planner, kind, member_part, links);
    let Some((_, owner)) = planner.target(owner.0, owner.1, owner.2) else { return };
    let existing: &[LinkRow] = match owner {
        RowRef::Id(id) => planner.snapshot.links(kind, id),
        RowRef::New(_) => &[],
    };
    let position = |member: i64| existing.partition_point(|row| row.member < member);
    let same = |row: RowRef| match row {
        RowRef::Id(id) => {
            let rest = &existing[position(id)..];
            &rest[..rest.iter().take_while(|row| row.member == id).count()]
        }
        RowRef::New(_) => &[],
    };
    let has_penalty = planner.map.link(kind).is_some_and(|link| link.penalty.is_some());
    let mut kept: Vec<i64> = Vec::with_capacity(existing.len().min(wanted.len()));
    let mut added = Vec::new();
    let mut weighed = Vec::new();
    for Wanted { row, penalty } in wanted {
        let found = same(row);
        if found.is_empty() {
            let origin = if penalty.is_some() { Origin::Manifest } else { Origin::Default };
            let penalty = has_penalty.then_some(penalty.unwrap_or(0));
            added.push(NewLink { owner, member: row, penalty, origin });
            continue;
        }
        for link in found {
            kept.push(link.member);
            weighed.extend(
                penalty
                    .filter(|penalty| link.penalty != Some(*penalty))
                    .map(|penalty| Weigh { link: *link, penalty }),
            );
        }
    }
    let gone: Vec<LinkRow> = match links.mode {
        Mode::Merge => removed.into_iter().flat_map(same).copied().collect(),
        Mode::Exact => {
            kept.sort_unstable();
            existing.iter().filter(|row| kept.binary_search(&row.member).is_err()).copied().collect()
        }
    };
    let plan = &mut planner.plan;
    if !gone.is_empty() {
        plan.unlink.entry(kind).or_default().extend(gone);
    }
    if !added.is_empty() {
        plan.link.entry(kind).or_default().extend(added);
    }
    if !weighed.is_empty() {
        plan.weigh.entry(kind).or_default().extend(weighed);
    }
}

/// The rows that a list names, each once under the server's collation.
fn members(
    planner: &mut Planner<'_>,
    kind: LinkKind,
    part: Part,
    links: &Links,
) -> (Vec<Wanted>, Vec<RowRef>) {
    let mut seen: HashMap<Group, (&Name, Place)> = HashMap::with_capacity(links.members.len());
    let mut wanted = Vec::with_capacity(links.members.len());
    for member in &links.members {
        let Some((group, row)) = planner.target(part, &member.name, member.place) else { continue };
        if once(planner, &mut seen, group, &member.name, member.place) {
            let penalty = penalty(planner, kind, member.penalty, member.place);
            wanted.push(Wanted { row, penalty });
        }
    }
    let mut removed = Vec::new();
    for name in &links.remove {
        let Some((group, row)) = planner.target(part, &name.value, name.place) else { continue };
        if once(planner, &mut seen, group, &name.value, name.place) {
            removed.push(row);
        }
    }
    (wanted, removed)
}

fn once<'n>(
    planner: &mut Planner<'_>,
    seen: &mut HashMap<Group, (&'n Name, Place)>,
    group: Group,
    name: &'n Name,
    place: Place,
) -> bool {
    let Some((first, first_place)) = seen.insert(group, (name, place)) else { return true };
    let message = format!(
        "{} stands twice in one list: to the database it is {} of {}",
        shown(name),
        shown(first),
        planner.source().in_words(first_place, place)
    );
    planner.report(Problem::error(place, message).hint("leave one of them out"));
    false
}

fn penalty(planner: &mut Planner<'_>, kind: LinkKind, penalty: Option<u32>, place: Place) -> Option<i32> {
    let penalty = penalty?;
    let lacks = planner.map.link(kind).is_some_and(|link| link.penalty.is_none());
    if lacks && kind == LinkKind::ProfileQueues(Channel::Voice) {
        let message = format!("the schema map names no column for `penalty` of links.{kind}");
        planner.report(Problem::error(place, message).hint("leave it out, or complete the map"));
        return None;
    }
    let column = planner
        .map
        .link(kind)
        .and_then(|link| planner.catalog.table(link.table.as_str())?.column(link.penalty.as_ref()?.as_str()));
    let value = i64::from(penalty).into();
    if let Some(message) = column.and_then(|column| refusal(&"penalty", &value, column)) {
        planner.report(Problem::error(place, message));
        return None;
    }
    let Ok(penalty) = i32::try_from(penalty) else {
        planner.report(Problem::error(place, format!("the penalty {penalty} is too large")));
        return None;
    };
    Some(penalty)
}
