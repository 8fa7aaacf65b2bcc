//! Lists of ids inside of a text, as some applications keep their links.
//!
//! Invariant: remarks only. A list is named if it holds exactly the ids of the task, in a row that is the profile's or
//! the agent's; no map can say such links.

use super::changes::{Cells, Changes};
use super::evidence::{is, is_past};
use super::model::Profile;
use super::picture::Task;
use super::profile;
use crate::db::Value;
use crate::seed::discover::names::{key, spellings};
use crate::seed::manifest::shown;
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// A list of ids, and where in the text it stands.
type List = (String, BTreeSet<String>);

/// What the lists of a table's rows are, if they are the task's.
pub fn of_ids(change: &Changes, task: &Task, profile: &Profile<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if is_past(&change.table) {
        return notes;
    }
    for (row, changed) in change.rows.iter().filter(|(row, _)| is_about(row, change, task, profile)) {
        for (name, value) in row {
            let Value::Text(text) = value else { continue };
            if changed.as_ref().is_some_and(|columns| !columns.contains(name)) {
                continue;
            }
            for list in lists(text) {
                let Some(what) = told(&list, task) else { continue };
                let at = if list.0.is_empty() { String::new() } else { format!(" (at {})", shown(&list.0)) };
                let note = format!(
                    "{}: {name} lists within a text{at} exactly {what}; such links cannot be mapped",
                    change.table
                );
                if !notes.contains(&note) {
                    notes.push(note);
                }
            }
        }
    }
    notes
}

fn is_about(row: &Cells, change: &Changes, task: &Task, profile: &Profile<'_>) -> bool {
    let ids = [profile.id.1, task.agent.id].map(|id| id.to_string());
    (change.table == profile.table.name && profile::holds(row, &task.profile).is_some())
        || profile::holds(row, &task.agent.name).is_some()
        || row.iter().any(|(_, value)| ids.iter().any(|id| is(value, id)))
}

/// Whose ids a list holds.
fn told((place, ids): &List, task: &Task) -> Option<String> {
    let is_list = |found: &[i64]| *ids == found.iter().map(i64::to_string).collect();
    let mut told = Vec::new();
    let mut all = Vec::new();
    for (channel, pair) in &task.queues {
        all.push(pair.of_profile.id);
        for queue in pair.both() {
            if is_list(&[queue.id]) {
                told.push((Some(*channel), format!("the id of the {channel} queue {}", shown(&queue.name))));
            }
        }
    }
    if all.len() > 1 && is_list(&all) {
        told.push((None, "the ids of the profile's queues".to_owned()));
    }
    if is_list(&[task.agent.id]) {
        told.push((None, format!("the id of the agent {}", shown(&task.agent.name))));
    }
    // Ids may be the same in two channels; then the place often says which.
    let place = key(place);
    let names = |channel: &Option<crate::seed::Channel>| {
        channel.is_some_and(|channel| spellings(channel).iter().any(|word| place.contains(word)))
    };
    if told.iter().any(|(channel, _)| names(channel)) {
        told.retain(|(channel, _)| names(channel));
    }
    let told: Vec<String> = told.into_iter().map(|(_, what)| what).collect();
    (!told.is_empty()).then(|| told.join(" or "))
}

fn lists(text: &str) -> Vec<List> {
    let mut found = Vec::new();
    match serde_json::from_str::<Json>(text) {
        Ok(document) => within(&document, "", &mut found),
        Err(_) if text.contains([',', ';', '|']) => {
            let parts = text.split([',', ';', '|', ' ']).filter(|part| !part.is_empty());
            let ids: Option<BTreeSet<String>> = parts.map(|part| number(part).map(str::to_owned)).collect();
            found.extend(ids.map(|ids| (String::new(), ids)));
        }
        Err(_) => {}
    }
    found
}

/// The lists of a document: of numbers, of objects with an id, or an object whose keys are numbers.
fn within(document: &Json, place: &str, found: &mut Vec<List>) {
    let below = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    match document {
        Json::Array(items) => {
            let ids: Option<BTreeSet<String>> = items.iter().map(id_of).collect();
            found.extend(ids.filter(|ids| !ids.is_empty()).map(|ids| (place.to_owned(), ids)));
            items.iter().filter(|item| item.is_object()).for_each(|item| within(item, place, found));
        }
        Json::Object(members) => {
            let ids: Option<BTreeSet<String>> =
                members.keys().map(|name| number(name).map(str::to_owned)).collect();
            found.extend(ids.filter(|ids| !ids.is_empty()).map(|ids| (place.to_owned(), ids)));
            members.iter().for_each(|(name, member)| within(member, &below(name), found));
        }
        _ => {}
    }
}

fn id_of(item: &Json) -> Option<String> {
    match item {
        Json::Number(id) => Some(id.to_string()),
        Json::String(id) => number(id).map(str::to_owned),
        Json::Object(members) => {
            let mut ids = members.iter().filter(|(name, _)| key(name).ends_with("id"));
            ids.next().and_then(|(_, id)| id.as_i64()).map(|id| id.to_string())
        }
        _ => None,
    }
}

fn number(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::lists;

    #[test]
    fn a_list_is_found_however_it_is_written() {
        let found = |text| {
            let all = lists(text).into_iter();
            all.map(|(place, ids)| format!("{place}={}", ids.into_iter().collect::<Vec<_>>().join("+")))
                .collect::<Vec<_>>()
        };
        assert_eq!(found(r#"{"voice":[23],"chat":["31",32]}"#), ["chat=31+32", "voice=23"]);
        assert_eq!(found(r#"{"queues":[{"id":23,"penalty":7}]}"#), ["queues=23"]);
        assert_eq!(found(r#"{"23":7}"#), ["=23"]);
        assert_eq!(found("11, 12"), ["=11+12"]);
        for none in ["23", "a,b", "Talk, 7", r#"{"id":9,"agent":41}"#, "[]"] {
            assert_eq!(found(none), [""; 0], "{none}");
        }
    }
}
