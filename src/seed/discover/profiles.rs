//! The table of agent profiles, which is not public.
//!
//! Invariant: judged by what links to it, not by its name alone. User profiles, of which the server has a table as well,
//! say what users may do: they never win against another candidate, be it one that no map can be made of or one whose
//! name does not say so. Of two that are about as good none is taken.

use super::entities::{Entities, Found, PROFILES, unfit, unfit_and_behind};
use super::fields::{Known, find};
use super::names::{against, words};
use super::proposal::{Grade, Note, and};
use super::references::{Referenced, Targets};
use crate::db::catalog::Table;
use crate::db::{Catalog, Engine};
use std::cmp::Reverse;

/// A table that leads by less than this is not chosen.
const MARGIN: u32 = 2;

/// More columns than this say that a row is more than a link.
const LINK_COLUMNS: usize = 8;

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
) -> Result<Found<'a>, Note> {
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
    let others = unusable(&named, catalog, targets, engine);
    match candidates.as_slice() {
        [] => {
            let is_it =
                |table: &&&Table| matches!(words(&table.name).as_slice(), [.., last] if last == "profile");
            let tables: Vec<&Table> = catalog.tables.values().collect();
            let why = named
                .iter()
                .filter(is_it)
                .filter_map(|table| unfit_and_behind(table, &PROFILES[..2], &tables, engine));
            Err(Note::absent("profiles", why.collect()))
        }
        [best, next, ..] if best.is_of_users == next.is_of_users && best.score < next.score + MARGIN => {
            let said = [best, next].map(|it| format!("{} ({})", it.found.table.name, it.found.reason));
            Err(Note::open("profiles", format!("not told which of {} it is", said.join(" and "))))
        }
        [best, ..] if best.is_of_users => {
            let unnamed = unnamed(catalog, entities, targets, engine);
            let rivals: Vec<String> = others.into_iter().chain(unnamed).collect();
            if rivals.is_empty() {
                return Ok(best.found.clone());
            }
            let name = &best.found.table.name;
            let why = format!("{name} ({}) is not taken where there is another", best.found.reason);
            Err(Note::open("profiles", and(&why, rivals)))
        }
        // A name that says so and cannot be taken must be heard: what is left over may be something else.
        [best, rest @ ..] => {
            let mut found = best.found.clone();
            found.grade = if others.is_empty() { found.grade } else { Grade::Guess };
            let rather = rest.first();
            let rather =
                rather.map(|it| format!("rather than {} ({})", it.found.table.name, it.found.reason));
            found.reason = and(&found.reason, rather.into_iter().chain(others).collect());
            Ok(found)
        }
    }
}

/// Tables that are linked or called as that of agent profiles is, and that no map can be made of: why.
fn unusable<'a>(
    named: &[&'a Table],
    catalog: &'a Catalog,
    targets: &Targets<'a>,
    engine: Engine,
) -> Vec<String> {
    let tables: Vec<&Table> = catalog.tables.values().collect();
    let is_meant = |table: &'a Table| {
        let is_called = matches!(words(&table.name).as_slice(), [only] if only == "profile");
        is_called || judged(table, catalog, targets, engine).is_some_and(|it| !it.is_of_users)
    };
    let others = named.iter().filter(|table| against(&table.name).is_empty() && is_meant(table));
    others.filter_map(|table| unfit_and_behind(table, &PROFILES[..2], &tables, engine)).collect()
}

/// Tables of other names that have links to users and links to queues of their own, as that of agent profiles has.
fn unnamed<'a>(
    catalog: &'a Catalog,
    entities: &Entities<'a>,
    targets: &Targets<'a>,
    engine: Engine,
) -> Vec<String> {
    let is_sessions =
        |table: &Table| entities.sessions.as_ref().is_some_and(|found| found.table.name == table.name);
    let others = catalog.tables.values().filter(|table| {
        !targets.has(table)
            && !is_sessions(table)
            && against(&table.name).is_empty()
            && !words(&table.name).iter().any(|word| word == "profile")
    });
    let said = others.filter_map(|table| {
        let with = targets.clone().with(Referenced::Profiles, table);
        // What was said or done names a user and a queue at once; a link is of one of them, and has little besides.
        let is_link = |link: &&Table, of_queue: bool| {
            let ends = with.of(link);
            let is_queue = |target| matches!(target, Referenced::Queues(_) | Referenced::AnyQueue);
            let has = |is_wanted: &dyn Fn(Referenced) -> bool| ends.iter().any(|end| is_wanted(end.target));
            !with.has(link)
                && link.columns.len() <= LINK_COLUMNS
                && against(&link.name).is_empty()
                && has(&|target| target == Referenced::Profiles)
                && has(&is_queue) == of_queue
                && has(&|target| target == Referenced::Users) != of_queue
        };
        let find = |of_queue| catalog.tables.values().find(|link| is_link(link, of_queue));
        let (agents, queues) = (find(false)?, find(true)?);
        let links = format!("{} links it to users, {} to queues", agents.name, queues.name);
        let unfit = unfit(table, &PROFILES[..2], engine);
        Some(and(&format!("{} may be it ({links})", table.name), unfit.into_iter().collect()))
    });
    said.collect()
}

fn judged<'a>(
    table: &'a Table,
    catalog: &'a Catalog,
    targets: &Targets<'a>,
    engine: Engine,
) -> Option<Candidate<'a>> {
    let with = targets.clone().with(Referenced::Profiles, table);
    let linked = |is_wanted: fn(Referenced) -> bool| {
        let links = |other: &&Table| {
            let ends = with.of(other);
            ends.iter().any(|end| end.target == Referenced::Profiles)
                && ends.iter().any(|end| is_wanted(end.target))
        };
        let tables = catalog.tables.values().filter(|other| !with.has(other));
        tables.filter(|other| against(&other.name).is_empty()).find(links)
    };
    let agents = linked(|target| target == Referenced::Users);
    let queues = linked(|target| matches!(target, Referenced::Queues(_) | Referenced::AnyQueue));
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
