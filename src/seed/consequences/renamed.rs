//! Profiles that a plan creates although they are there under another name.
//!
//! Invariant: a profile that the manifest names is never taken for another one. Nothing is read where the plan creates no
//! profile that has agents or queues. Sets are compared by going through both in their order, and no further than it
//! takes to know.

use super::look::PlanContext;
use crate::db::DbError;
use crate::outcome::{Finding, codes};
use crate::seed::manifest::{scalar, shown};
use crate::seed::map::{LinkKind, Part};
use crate::seed::plan::RowRef;
use crate::seed::snapshot::{Others, Section, Wanted, links, records};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// Agents and queues of a profile, in order.
type Members = Vec<(LinkKind, RowRef)>;

/// Out of a hundred: as many members must both have of the larger of the two.
const LIKE: usize = 80;

pub(super) fn findings(look: &mut PlanContext<'_>, named: &BTreeSet<i64>) -> Result<Vec<Finding>, DbError> {
    let new = created(look);
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let Some(section) = Section::of(look.map, Part::Profiles) else { return Ok(Vec::new()) };
    let wanted = Wanted { names: BTreeSet::new(), others: Others::Read };
    let known = records(look.conn, look.catalog, &section, &wanted)?;
    let unnamed: BTreeMap<i64, _> = known
        .live()
        .filter(|record| !named.contains(&record.id))
        .map(|record| (record.id, record.name.clone()))
        .collect();
    let there = members(look, &unnamed.keys().copied().collect())?;
    let mut findings = Vec::new();
    for (profile, wanted) in new {
        let like = there.iter().filter_map(|(id, members)| Some((common(&wanted, members)?, *id)));
        // Of several the nearest, and of those the oldest.
        let best = like.max_by_key(|((common, of), id)| (common * 100 / of, std::cmp::Reverse(*id)));
        let Some(((common, of), id)) = best else { continue };
        let Some(old) = unnamed.get(&id) else { continue };
        let name = look.plan.label(Part::Profiles, profile);
        let title = "a profile to be created looks like one that was renamed since";
        findings.push(
            Finding::new(codes::SEED_LOOKS_RENAMED, title)
                .evidence(format!(
                    "{} shares {} with {}, which the manifest does not name; if it is \
                     the same: `previous_name: {}`",
                    shown(&name),
                    shared(common, of, &wanted),
                    shown(old),
                    scalar(old)
                ))
                .advice("put that line below the profile's name, or name both profiles; it is right if both are meant"),
        );
    }
    Ok(findings)
}

/// What two profiles have in common, in words.
fn shared(common: usize, of: usize, members: &Members) -> String {
    match (common, of, members.first()) {
        (1, 1, Some((LinkKind::ProfileAgents, _))) => "its only agent".to_owned(),
        (1, 1, _) => "its only queue".to_owned(),
        (all, of, _) if all == of => format!("all {of} agents and queues"),
        (some, of, _) => format!("{some} of {of} agents and queues"),
    }
}

/// Profiles that come, with their members.
fn created(look: &PlanContext<'_>) -> BTreeMap<RowRef, Members> {
    let mut created: BTreeMap<RowRef, Members> = BTreeMap::new();
    for (kind, links) in look.plan.link.iter().filter(|(kind, _)| is_of_profiles(**kind)) {
        for link in links.iter().filter(|link| matches!(link.owner, RowRef::New(_))) {
            created.entry(link.owner).or_default().push((*kind, link.member));
        }
    }
    created.values_mut().for_each(|members| members.sort_unstable());
    created
}

/// The members that profiles have now.
fn members(look: &mut PlanContext<'_>, ids: &BTreeSet<i64>) -> Result<BTreeMap<i64, Members>, DbError> {
    let mut members: BTreeMap<i64, Members> = BTreeMap::new();
    let kinds: Vec<_> = look.map.links.iter().filter(|(kind, _)| is_of_profiles(**kind)).collect();
    for (kind, link) in kinds.into_iter().filter(|_| !ids.is_empty()) {
        for row in links(look.conn, link, Some((&link.owner, ids)))?.rows() {
            members.entry(row.owner).or_default().push((*kind, RowRef::Id(row.member)));
        }
    }
    for members in members.values_mut() {
        members.sort_unstable();
        members.dedup();
    }
    Ok(members)
}

fn is_of_profiles(kind: LinkKind) -> bool {
    !matches!(kind, LinkKind::Personal(_))
}

/// How many members two profiles share, and how many the larger has; nothing where they are not like each other.
fn common(one: &Members, other: &Members) -> Option<(usize, usize)> {
    let of = one.len().max(other.len());
    let needed = (of * LIKE).div_ceil(100);
    let (mut one, mut other, mut common) = (one.as_slice(), other.as_slice(), 0);
    while common + one.len().min(other.len()) >= needed {
        let (Some((first, one_rest)), Some((second, other_rest))) = (one.split_first(), other.split_first())
        else {
            return Some((common, of));
        };
        match first.cmp(second) {
            Ordering::Less => one = one_rest,
            Ordering::Greater => other = other_rest,
            Ordering::Equal => {
                (one, other) = (one_rest, other_rest);
                common += 1;
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_of_five_are_like_and_three_of_four_are_not() {
        let members = |ids: std::ops::Range<i64>| -> Members {
            ids.map(|id| (LinkKind::ProfileAgents, RowRef::Id(id))).collect()
        };
        let check = |one, other, expect| {
            assert_eq!(common(&members(one), &members(other)), expect);
        };
        check(0..5, 0..5, Some((5, 5)));
        check(0..4, 0..5, Some((4, 5)));
        check(1..5, 0..5, Some((4, 5)));
        check(0..5, 1..5, Some((4, 5)));
        check(0..4, 1..4, None);
        check(0..10, 2..12, Some((8, 10)));
        check(0..10, 3..13, None);
        check(0..1, 0..9, None);
        check(0..3, 5..8, None);
    }
}
