//! The table of agent profiles, which is not public.
//!
//! Invariant: judged by what links to it, not by its name alone. User profiles, of which the server has a table as well,
//! say what users may do: they never win against another candidate. Of two that are about as good none is taken.

use super::entities::{Entities, Found, PROFILES, and, unfit};
use super::fields::{Known, find};
use super::names::{against, words};
use super::proposal::Grade;
use super::references::{Target, Targets};
use crate::db::catalog::Table;
use crate::db::{Catalog, Engine};
use std::cmp::Reverse;

/// A table that leads by less than this is not chosen.
const MARGIN: u32 = 2;

/// A table that could be it.
struct Candidate<'a> {
    found: Found<'a>,
    score: u32,
    /// User profiles are documented, and something else.
    is_of_users: bool,
}

/// The best candidate, or why there is none.
pub fn profiles<'a>(
    catalog: &'a Catalog,
    entities: &Entities<'a>,
    targets: &Targets<'a>,
    engine: Engine,
) -> Result<Found<'a>, String> {
    let named: Vec<&Table> = catalog
        .tables
        .values()
        .filter(|table| !targets.has(table))
        .filter(|table| entities.sessions.as_ref().is_none_or(|found| found.table.name != table.name))
        .filter(|table| words(&table.name).iter().any(|word| word == "profile"))
        .collect();
    let fits = |table: &&&Table| unfit(table, &PROFILES[..2], engine).is_none();
    let mut candidates: Vec<Candidate<'_>> =
        named.iter().filter(fits).filter_map(|table| judged(table, catalog, targets, engine)).collect();
    candidates.sort_by_key(|it| (it.is_of_users, Reverse(it.score), &it.found.table.name));
    match candidates.as_slice() {
        [] => {
            let is_it =
                |table: &&&Table| matches!(words(&table.name).as_slice(), [.., last] if last == "profile");
            let why = named.iter().filter(is_it).filter_map(|table| unfit(table, &PROFILES[..2], engine));
            Err(and("profiles: no table found", why.collect()))
        }
        [only] => Ok(only.found.clone()),
        [best, next, ..] if best.is_of_users == next.is_of_users && best.score < next.score + MARGIN => {
            let said = [best, next].map(|it| format!("{} ({})", it.found.table.name, it.found.reason));
            Err(format!("profiles: not told which of {} it is", said.join(" and ")))
        }
        [best, next, ..] => {
            let mut found = best.found.clone();
            let rival = format!("rather than {} ({})", next.found.table.name, next.found.reason);
            found.reason = and(&found.reason, vec![rival]);
            Ok(found)
        }
    }
}

fn judged<'a>(
    table: &'a Table,
    catalog: &'a Catalog,
    targets: &Targets<'a>,
    engine: Engine,
) -> Option<Candidate<'a>> {
    let with = targets.clone().with(Target::Profiles, table);
    let linked = |is_wanted: fn(Target) -> bool| {
        let links = |other: &&Table| {
            let ends = with.of(other);
            ends.iter().any(|end| end.target == Target::Profiles)
                && ends.iter().any(|end| is_wanted(end.target))
        };
        let tables = catalog.tables.values().filter(|other| !with.has(other));
        tables.filter(|other| against(&other.name).is_empty()).find(links)
    };
    let agents = linked(|target| target == Target::Users);
    let queues = linked(|target| matches!(target, Target::Queues(_) | Target::AnyQueue));
    let words = words(&table.name);
    let ends_in =
        |first: &str| matches!(words.as_slice(), [.., it, last] if it == first && last == "profile");
    let (is_named, is_of_users) = (ends_in("agent"), ends_in("user"));
    let has_enabled = find(table, &PROFILES[2], engine).is_some();
    if queues.is_none() && (is_of_users || agents.is_none() && !is_named) {
        return None;
    }
    let score = [(agents.is_some(), 4), (queues.is_some(), 4), (is_named, 3), (has_enabled, 1)];
    let score = score.iter().map(|(holds, points)| if *holds { *points } else { 0 }).sum();
    let mut said = match (agents, queues) {
        (Some(agents), Some(queues)) => {
            format!("{} links it to users, {} to queues", agents.name, queues.name)
        }
        (Some(link), None) => format!("{} links it to users; nothing links it to queues", link.name),
        (None, Some(link)) => format!("{} links it to queues; nothing links it to users", link.name),
        (None, None) => "its name says so; nothing links it to users or queues".to_owned(),
    };
    if is_of_users {
        said.push_str("; but User Profiles are documented as what users may do");
    }
    let is_linked = agents.is_some() && queues.is_some();
    let grade = if is_linked && !is_of_users { Grade::Likely } else { Grade::Guess };
    let found = Found { table, grade, reason: said, known: Known::ByConvention };
    Some(Candidate { found, score, is_of_users })
}
