//! How much a database differs from a manifest, kind by kind.
//!
//! Invariant: the counts of all kinds together are those of the plan.

use super::model::{Counts, Plan};
use crate::seed::map::{LinkKind, Part};
use std::collections::BTreeMap;

/// How many rows of each kind a plan writes; a kind of which there are none is left out.
#[must_use]
pub fn by_kind(plan: &Plan) -> BTreeMap<&'static str, Counts> {
    let mut kinds: BTreeMap<&'static str, Counts> = BTreeMap::new();
    let mut count = |kind: &'static str, more: Counts| {
        let sum = kinds.entry(kind).or_default();
        sum.add += more.add;
        sum.change += more.change;
        sum.remove += more.remove;
    };
    let [add, change, remove] =
        [(1, 0, 0), (0, 1, 0), (0, 0, 1)].map(|(add, change, remove)| Counts { add, change, remove });
    plan.insert.iter().for_each(|insert| count(rows_of(insert.part), add));
    plan.update.iter().for_each(|update| count(rows_of(update.part), change));
    plan.delete.iter().for_each(|delete| count(rows_of(delete.part), remove));
    let of = |all: usize| all as u64;
    for (kind, links) in &plan.link {
        count(links_of(*kind), Counts { add: of(links.len()), ..Counts::default() });
    }
    for (kind, links) in &plan.weigh {
        count(links_of(*kind), Counts { change: of(links.len()), ..Counts::default() });
    }
    for (kind, links) in &plan.unlink {
        count(links_of(*kind), Counts { remove: of(links.len()), ..Counts::default() });
    }
    for rights in &plan.rights {
        count(rows_of(Part::Permissions), if rights.is_new { add } else { change });
    }
    kinds.retain(|_, counts| *counts != Counts::default());
    kinds
}

fn rows_of(part: Part) -> &'static str {
    match part {
        Part::Users => "agents",
        Part::Queues(_) => "queues",
        Part::Profiles => "profiles",
        Part::Permissions => "rights of User Profiles",
        _ => "other rows",
    }
}

fn links_of(kind: LinkKind) -> &'static str {
    match kind {
        LinkKind::ProfileAgents => "agents of profiles",
        LinkKind::ProfileQueues(_) => "queues of profiles",
        LinkKind::Personal(_) => "personal queues",
    }
}
