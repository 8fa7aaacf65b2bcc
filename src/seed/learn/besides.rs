//! What else the new rows say of the profile: what no map can name, and what Motion writes besides.
//!
//! Invariant: remarks only. Nothing here becomes a line of the map, and no value of a row is repeated.

use super::changes::{Cells, Changes};
use super::evidence::{AGENT, PROFILE, QUEUE, Whose, is, is_past};
use super::model::{LinkRow, Profile};
use super::picture::{Pair, Task};
use super::{lists, profile};
use crate::db::{Catalog, Value};
use crate::seed::discover::names::words;
use std::collections::BTreeSet;

/// Everything that should be said.
pub fn notes(
    catalog: &Catalog,
    changes: &[Changes],
    task: &Task,
    profile: &Profile<'_>,
    chosen: &[LinkRow<'_>],
) -> Vec<String> {
    let is_used =
        |name: &str| name == profile.table.name || chosen.iter().any(|link| link.table.name == name);
    let others: Vec<&Changes> = changes.iter().filter(|change| !is_used(&change.table)).collect();
    let mut notes = Vec::new();
    notes.extend(others.iter().filter_map(|change| by_name(change, task)));
    notes.extend(changes.iter().filter_map(|change| of_three(change, task, profile)));
    for change in changes {
        let lists = lists::of_ids(change, task, profile);
        // What is named exactly need not be suspected.
        notes.extend(if lists.is_empty() {
            within_text(change, task, profile).into_iter().collect()
        } else {
            lists
        });
    }
    notes.extend(others.iter().filter_map(|change| refers(catalog, change, task, profile)));
    notes
}

/// Tables that hold the profile's name where its id was expected.
fn by_name(change: &Changes, task: &Task) -> Option<String> {
    let rows = change.rows.iter().map(|(row, _)| row);
    let column =
        rows.filter(|row| mentions_others(row, task)).find_map(|row| profile::holds(row, &task.profile))?;
    Some(format!(
        "{}: {column} holds the profile's name, not its id; such links cannot be mapped, and rows of a journal are none",
        change.table
    ))
}

fn mentions_others(row: &Cells, task: &Task) -> bool {
    let known = task.queues.values().flat_map(Pair::both).chain([&task.agent]);
    known.into_iter().any(|known| {
        let id = known.id.to_string();
        row.iter()
            .any(|(_, value)| is(value, &id) || matches!(value, Value::Text(text) if *text == known.name))
    })
}

/// Rows that belong to an agent, the profile and a queue at once.
fn of_three(change: &Changes, task: &Task, profile: &Profile<'_>) -> Option<String> {
    let (own, agent) = (profile.id.1.to_string(), task.agent.id.to_string());
    let queues: Vec<String> = task.queues.values().map(|pair| pair.of_profile.id.to_string()).collect();
    let has = |row: &Cells, id: &str, called: &[&str]| {
        let said = |name: &str| words(name).iter().any(|word| called.contains(&word.as_str()));
        row.iter().any(|(name, value)| is(value, id) && said(name))
    };
    let is_one = |row: &Cells| {
        has(row, &own, PROFILE)
            && has(row, &agent, AGENT)
            && queues.iter().any(|queue| has(row, queue, QUEUE))
    };
    let note = || {
        format!(
            "{}: its rows belong to an agent, the profile and a queue at once; such links cannot be mapped",
            change.table
        )
    };
    change.rows.iter().any(|(row, _)| is_one(row)).then(note)
}

/// A text that lists ids or names of the task, as some applications keep their links.
fn within_text(change: &Changes, task: &Task, profile: &Profile<'_>) -> Option<String> {
    let of_profile = change.table == profile.table.name;
    let known: Vec<_> = task.queues.values().flat_map(Pair::both).chain([&task.agent]).collect();
    let lists = |text: &str| {
        let parts: BTreeSet<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
        let is_list = text.starts_with(['[', '{']) || text.contains(',');
        is_list
            && known
                .iter()
                .any(|known| parts.contains(known.id.to_string().as_str()) || text.contains(&known.name))
    };
    let is_own = |row: &Cells| of_profile && profile::holds(row, &task.profile).is_some();
    let is_agent = |row: &Cells| {
        row.iter().any(|(_, value)| matches!(value, Value::Text(text) if *text == task.agent.name))
    };
    for (row, changed) in &change.rows {
        if !(is_own(row) || (changed.is_some() && is_agent(row))) {
            continue;
        }
        let may = |name: &str| changed.as_ref().is_none_or(|columns| columns.contains(name));
        let found =
            row.iter().find(|(name, value)| may(name) && matches!(value, Value::Text(text) if lists(text)));
        if let Some((column, _)) = found {
            let what = "seems to list agents or queues within a text; such links cannot be mapped";
            return Some(format!("{}: {column} {what}", change.table));
        }
    }
    None
}

/// A row of another table that is about the profile: Motion keeps something more there.
fn refers(catalog: &Catalog, change: &Changes, task: &Task, profile: &Profile<'_>) -> Option<String> {
    let table = catalog.table(&change.table).filter(|table| !is_past(&table.name))?;
    let own = Whose { id: profile.id.1.to_string(), table: profile.table.name.clone(), words: PROFILE };
    for (row, changed) in &change.rows {
        let may = |name: &String| changed.as_ref().is_none_or(|columns| columns.contains(name));
        let holder = own.held(table, row).into_iter().find(|holder| holder.points > 1 && may(&holder.column));
        // What holds the name, too, is said already.
        if let Some(holder) = holder.filter(|_| profile::holds(row, &task.profile).is_none()) {
            let what = "refers to the profile, too, and is none of the links: motionctl will not write it";
            return Some(format!("{}: {} {what}", table.name, holder.column));
        }
    }
    None
}
