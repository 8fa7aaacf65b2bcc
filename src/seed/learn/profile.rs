//! Which of the new rows is the profile.
//!
//! Invariant: a profile is one row that holds exactly the name, in a table with a whole number for each row. Other
//! tables may hold the name, too, such as a journal's: the profile is the one that links refer to.

use super::changes::{Cells, Changes};
use super::evidence::{is_past, value};
use super::links::link_rows;
use super::look::is_number;
use super::mistakes;
use super::model::{Lost, Profile, Witness};
use super::picture::{Picture, Task};
use crate::db::catalog::Table;
use crate::db::{Catalog, Value};
use std::collections::BTreeSet;

/// The profile among the changes, or why it could not be told; then what was seen of the name.
pub fn profile<'a>(
    catalog: &'a Catalog,
    changes: &'a [Changes],
    picture: &Picture,
    witness: &Witness<'_>,
) -> Result<Profile<'a>, Lost> {
    let task = &picture.task;
    let mut candidates = Vec::new();
    let mut reasons = Vec::new();
    let mut advice = mistakes::AGAIN;
    for change in changes {
        let Some(table) = catalog.table(&change.table) else { continue };
        let rows: Vec<(&Cells, String)> =
            change.rows.iter().filter_map(|(row, _)| Some((row, holds(row, &task.profile)?))).collect();
        match rows.as_slice() {
            [] => reasons.extend(mentioned(change, &task.profile)),
            [(row, name)] => match id_of(table, row) {
                Ok(id) => candidates.push(Profile { table, row, id, name: name.clone() }),
                Err(why) => reasons.push(format!("{}: a row has the name in {name}, but {why}", table.name)),
            },
            several => {
                advice = mistakes::ONE_TOO_MANY;
                reasons.push(format!(
                    "{}: {} rows have the name in {}, and a profile is one",
                    table.name,
                    several.len(),
                    several[0].1
                ));
            }
        }
    }
    let mut ranked: Vec<(i32, Profile<'a>)> = candidates
        .into_iter()
        .map(|candidate| (points(catalog, changes, task, witness, &candidate), candidate))
        .collect();
    ranked.sort_by_key(|(points, _)| -points);
    match ranked.as_slice() {
        [] if reasons.is_empty() => Err(mistakes::nothing(changes, picture)),
        [] => Err(Lost { why: reasons.join("; "), advice }),
        [(one, first), (other, second), ..] if one == other => {
            let (first, second) = (&first.table.name, &second.table.name);
            Err(Lost { why: format!("not told which of {first} and {second} holds profiles"), advice })
        }
        [(_, found), ..] => Ok(found.clone()),
    }
}

fn points(
    catalog: &Catalog,
    changes: &[Changes],
    task: &Task,
    witness: &Witness<'_>,
    candidate: &Profile<'_>,
) -> i32 {
    let linked = link_rows(catalog, changes, task, witness, Some(candidate));
    let of_profile = linked.iter().filter(|found| !found.kind.is_personal() && found.points > 0);
    let kinds =
        of_profile.map(|found| (found.kind.to_string(), &found.table.name)).collect::<BTreeSet<_>>().len();
    let described = candidate
        .row
        .iter()
        .any(|(_, value)| matches!(value, Value::Text(text) if *text == task.description));
    let referred = catalog.references_to(&candidate.table.name).count();
    let holds = [
        (described, 3),
        (referred > 0, 6),
        (candidate.name.eq_ignore_ascii_case("name"), 1),
        (is_past(&candidate.table.name), -8),
    ];
    let points: i32 = holds.iter().map(|(holds, points)| if *holds { *points } else { 0 }).sum();
    points + 10 * i32::try_from(kinds).unwrap_or(0)
}

/// The column that holds exactly the name.
pub fn holds(row: &Cells, name: &str) -> Option<String> {
    let is = |value: &Value| matches!(value, Value::Text(text) if text.trim() == name);
    row.iter().find(|(_, value)| is(value)).map(|(column, _)| column.clone())
}

/// A table that holds the name among other text.
fn mentioned(change: &Changes, name: &str) -> Option<String> {
    let has = |value: &Value| matches!(value, Value::Text(text) if text.contains(name));
    let (column, _) = change.rows.iter().flat_map(|(row, _)| row).find(|(_, value)| has(value))?;
    Some(format!("{}: {column} holds the name only within a longer text", change.table))
}

/// The whole number that names the row.
fn id_of(table: &Table, row: &Cells) -> Result<(String, i64), String> {
    let single = |name: &str| table.is_unique(&[name]);
    let in_key = table.primary_key();
    let candidates = table.columns.iter().filter(|column| is_number(column));
    let best = candidates
        .filter(|column| column.is_auto_increment() || single(&column.name))
        .min_by_key(|column| (!column.is_auto_increment(), !in_key.contains(&column.name)));
    let Some(column) = best else {
        let kinds: Vec<String> = in_key
            .iter()
            .filter_map(|name| table.column(name))
            .map(|column| format!("{} ({})", column.name, column.full_type))
            .collect();
        return Err(match kinds.as_slice() {
            [] => "the table has no key by which links could refer to it".to_owned(),
            kinds => format!(
                "its key is {}: links by anything else than one whole number cannot be mapped",
                kinds.join(" and ")
            ),
        });
    };
    match value(row, &column.name) {
        Some(Value::Int(id)) => Ok((column.name.clone(), *id)),
        _ => Err(format!("{} holds no whole number that fits", column.name)),
    }
}
