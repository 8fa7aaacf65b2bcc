//! Tables that got rows for several steps, as a journal of what was done does.
//!
//! Invariant: what is found here speaks against a table and never excludes it: some applications keep all of their
//! links in one table.

use super::evidence::is_past;
use super::model::LinkRow;
use crate::seed::map::LinkKind;
use std::collections::{BTreeMap, BTreeSet};

/// What it counts against a row that a column of its table holds the ids of two things.
const MIXED: i32 = 3;
/// And that each of its steps has left a row in a table with fewer of them.
const BESIDES: i32 = 4;

/// Whose id a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Profile,
    Agent,
    Queue,
}

/// Takes the points from the rows of such tables.
pub fn weigh(rows: &mut [LinkRow<'_>]) {
    let (mixed, besides) = (mixed(rows), besides(rows));
    for row in rows {
        let holds = |tables: &BTreeSet<String>| i32::from(tables.contains(&row.table.name));
        row.points -= MIXED * holds(&mixed) + BESIDES * holds(&besides);
    }
}

/// Tables with a column that holds a profile's id in one row and an agent's in another: it refers to neither.
fn mixed(rows: &[LinkRow<'_>]) -> BTreeSet<String> {
    // Rows are told by where they are: two may hold the same.
    let mut columns: BTreeMap<(&str, &str), BTreeMap<*const (), BTreeSet<Who>>> = BTreeMap::new();
    for row in rows {
        let (owner, member) = match row.kind {
            LinkKind::ProfileAgents => (Who::Profile, Who::Agent),
            LinkKind::ProfileQueues(_) => (Who::Profile, Who::Queue),
            LinkKind::Personal(_) => (Who::Agent, Who::Queue),
        };
        for (column, who) in [(&row.owner.column, owner), (&row.member.column, member)] {
            let place = columns.entry((&row.table.name, column)).or_default();
            place.entry(std::ptr::from_ref(row.row).cast()).or_default().insert(who);
        }
    }
    let is_mixed = |rows: &BTreeMap<*const (), BTreeSet<Who>>| {
        // A row that may be read in two ways, because ids are equal, says nothing.
        let sure: BTreeSet<Who> = rows.values().filter(|who| who.len() == 1).flatten().copied().collect();
        sure.len() > 1
    };
    columns.iter().filter(|(_, rows)| is_mixed(rows)).map(|((table, _), _)| (*table).to_owned()).collect()
}

/// Tables that got rows for several steps, each of which is told by another table, too, that got rows for fewer.
fn besides(rows: &[LinkRow<'_>]) -> BTreeSet<String> {
    let mut kinds: BTreeMap<&str, Vec<LinkKind>> = BTreeMap::new();
    for row in rows.iter().filter(|row| !is_past(&row.table.name)) {
        let of_table = kinds.entry(&row.table.name).or_default();
        if !of_table.contains(&row.kind) {
            of_table.push(row.kind);
        }
    }
    let is_elsewhere = |kind: &LinkKind, count: usize| {
        kinds.values().any(|others| others.len() < count && others.contains(kind))
    };
    let is_besides =
        |of_it: &Vec<LinkKind>| of_it.len() > 1 && of_it.iter().all(|kind| is_elsewhere(kind, of_it.len()));
    kinds.iter().filter(|(_, of_it)| is_besides(of_it)).map(|(table, _)| (*table).to_owned()).collect()
}
