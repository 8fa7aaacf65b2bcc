//! The table of agent profiles, which is not public.
//!
//! Invariant: judged by what links to it, not by its name alone: user profiles, of which the server
//! has a table as well, say what users may do and are linked to no queue.

use super::entities::{Entities, Found, PROFILES};
use super::fields::{Known, find};
use super::names::words;
use super::proposal::Grade;
use super::references::{Target, Targets};
use crate::db::catalog::{Table, TableKind};
use crate::db::{Catalog, Engine};

/// The best candidate, or why there is none.
pub fn profiles<'a>(
    catalog: &'a Catalog,
    entities: &Entities<'a>,
    targets: &Targets<'a>,
    engine: Engine,
) -> Result<Found<'a>, String> {
    let mut candidates: Vec<(u32, Found<'a>)> = catalog
        .tables
        .values()
        .filter(|table| table.kind == TableKind::Table && !targets.has(table))
        .filter(|table| entities.sessions.as_ref().is_none_or(|found| found.table.name != table.name))
        .filter(|table| PROFILES[..2].iter().all(|field| find(table, field, engine).is_some()))
        .filter(|table| words(&table.name).iter().any(|word| word == "profile"))
        .filter_map(|table| judged(table, catalog, targets, engine))
        .collect();
    candidates.sort_by(|(one, a), (other, b)| (other, &a.table.name).cmp(&(one, &b.table.name)));
    match candidates.as_slice() {
        [] => Err("profiles: no table found".to_owned()),
        [(best, first), (next, second), ..] if best == next => {
            let names = format!("{} and {}", first.table.name, second.table.name);
            Err(format!("profiles: not told which of {names} it is"))
        }
        [(_, found), ..] => Ok(found.clone()),
    }
}

fn judged<'a>(
    table: &'a Table,
    catalog: &'a Catalog,
    targets: &Targets<'a>,
    engine: Engine,
) -> Option<(u32, Found<'a>)> {
    let with = targets.clone().with(Target::Profiles, table);
    let linked = |is_wanted: fn(Target) -> bool| {
        let links = |other: &&Table| {
            let ends = with.of(other);
            ends.iter().any(|end| end.target == Target::Profiles)
                && ends.iter().any(|end| is_wanted(end.target))
        };
        catalog.tables.values().filter(|other| !with.has(other)).find(links)
    };
    let agents = linked(|target| target == Target::Users);
    let queues = linked(|target| matches!(target, Target::Queues(_) | Target::AnyQueue));
    let is_named =
        matches!(words(&table.name).as_slice(), [agent, profile] if agent == "agent" && profile == "profile");
    let has_enabled = find(table, &PROFILES[2], engine).is_some();
    if agents.is_none() && queues.is_none() && !is_named {
        return None;
    }
    let score = [(agents.is_some(), 4), (queues.is_some(), 4), (is_named, 3), (has_enabled, 1)];
    let score = score.iter().map(|(holds, points)| if *holds { *points } else { 0 }).sum();
    let said = match (agents, queues) {
        (Some(agents), Some(queues)) => {
            format!("{} links it to users, {} to queues", agents.name, queues.name)
        }
        (Some(link), None) => format!("{} links it to users; nothing links it to queues", link.name),
        (None, Some(link)) => format!("{} links it to queues; nothing links it to users", link.name),
        (None, None) => "its name says so; nothing links it to users or queues".to_owned(),
    };
    let grade = if agents.is_some() && queues.is_some() { Grade::Likely } else { Grade::Guess };
    Some((score, Found { table, grade, reason: said, known: Known::ByConvention }))
}
