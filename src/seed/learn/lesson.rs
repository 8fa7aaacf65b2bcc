//! What a person's profile teaches.
//!
//! Invariant: pure. What was asked for and not found is said; nothing else is concluded from it.

use super::changes::{Cells, Changes};
use super::evidence::value;
use super::links::{kinds, link_rows};
use super::look::{columns, number_key, print};
use super::mistakes::instead;
use super::model::{LinkRow, Lost, Profile, Witness};
use super::picture::{Found, FoundRow, Picture, Task};
use super::sections::{left_open, of_link, of_profile, without_trace};
use super::task::said;
use super::told_apart::{Mark, mark};
use super::twins::twins;
use super::{besides, profile};
use crate::db::{Catalog, Engine, Value};
use crate::seed::Channel;
use crate::seed::discover::{Proposal, Section};
use crate::seed::map::LinkKind;

/// What was learned.
#[derive(Debug, Clone, Default)]
pub struct Lesson {
    /// The lines, those of one part after the other.
    pub sections: Vec<Section>,
    /// The table of profiles and the rows that were found; none where the profile was not.
    pub found: Option<Found>,
    /// Each part with its table.
    pub parts: Vec<(String, String)>,
    /// What the profile's row holds, what looks like a secret left out.
    pub profile: Vec<(String, String)>,
    /// What was asked for and not found, or cannot be mapped.
    pub notes: Vec<String>,
    /// Why the profile was not found.
    pub missing: Option<Lost>,
}

/// Learns from what has changed. `proposal` is what `discover` concludes: it knows agents and queues.
#[must_use]
pub fn lesson(
    catalog: &Catalog,
    engine: Engine,
    picture: &Picture,
    changes: &[Changes],
    proposal: &Proposal,
) -> Lesson {
    let task = &picture.task;
    let users = said(proposal, "users", "table").unwrap_or_default();
    let queues = |channel: Channel| said(proposal, &format!("queues.{channel}"), "table").unwrap_or_default();
    let witness = Witness { users: &users, queues: &queues };
    let mut lesson = Lesson::default();
    let profile = match profile::profile(catalog, changes, picture, &witness) {
        Ok(profile) => profile,
        Err(lost) => {
            lesson.missing = Some(lost);
            return lesson;
        }
    };
    lesson.sections = of_profile(&profile, task, engine);
    lesson.parts.push(("profiles".to_owned(), profile.table.name.clone()));
    lesson.profile = profile.row.iter().map(|(name, value)| (name.clone(), value.display())).collect();
    let rows = link_rows(catalog, changes, task, &witness, Some(&profile));
    let mut chosen: Vec<LinkRow<'_>> = Vec::new();
    for kind in kinds(task) {
        chosen.extend(choose(kind, task, &rows, &chosen, &mut lesson.notes));
    }
    for link in &chosen {
        let second = rows.iter().find(|row| row.kind == link.kind && row.table.name != link.table.name);
        let mark = mark(link, &chosen);
        let twins = twins(link, &mark, &chosen, changes);
        let only = twins.as_ref().and_then(|twins| twins.only.clone());
        let mut sections = of_link(link, second, Mark { only: mark.only.or(only), ..mark }, task, engine);
        if let Some(twins) = twins {
            lesson.notes.push(format!("links.{}: {twins}", link.kind));
            if twins.is_open {
                left_open(&mut sections, &twins.to_string());
            }
        }
        lesson.sections.extend(sections);
        lesson.parts.push((format!("links.{}", link.kind), link.table.name.clone()));
    }
    let unseen: Vec<LinkKind> =
        kinds(task).into_iter().filter(|kind| !chosen.iter().any(|link| link.kind == *kind)).collect();
    let swapped = unseen.iter().filter(|kind| !rows.iter().any(|row| row.kind == **kind));
    lesson
        .notes
        .extend(swapped.filter_map(|kind| instead(*kind, task, catalog, changes, &witness, &profile)));
    lesson.sections.extend(unseen.into_iter().filter(|kind| !task.is_left_out(*kind)).map(without_trace));
    lesson.notes.extend(besides::notes(catalog, changes, task, &profile, &chosen));
    lesson.found = Some(found(picture, &profile, &chosen, &lesson.sections));
    lesson
}

/// The likeliest row of a kind, unless another one is as likely.
fn choose<'a>(
    kind: LinkKind,
    task: &Task,
    rows: &[LinkRow<'a>],
    chosen: &[LinkRow<'a>],
    notes: &mut Vec<String>,
) -> Option<LinkRow<'a>> {
    // One row is one link: where ids are the same in two channels, it would be taken for both.
    let is_taken = |row: &LinkRow<'_>| {
        chosen
            .iter()
            .any(|other| std::ptr::eq(other.row, row.row) && other.member.column == row.member.column)
    };
    let found: Vec<&LinkRow<'a>> = rows.iter().filter(|row| row.kind == kind && !is_taken(row)).collect();
    let best = found.first().copied();
    let equal = |row: &&&LinkRow<'a>| best.is_some_and(|best| best.points == row.points);
    let in_one =
        found.iter().filter(equal).filter(|row| best.is_some_and(|best| best.table.name == row.table.name));
    if let Some(best) = best
        && in_one.count() > 1
        && rows.iter().any(|row| row.kind != kind && std::ptr::eq(row.row, best.row))
    {
        notes.push(format!(
            "links.{kind}: ids are the same in several channels, and nothing says which new row of {} is about this one: \
             begin again with other queues",
            best.table.name
        ));
        return None;
    }
    let other = found.iter().find(|row| best.is_some_and(|best| best.table.name != row.table.name)).copied();
    match (best, other) {
        (None, _) => {
            let step = task.step_of(kind).unwrap_or_default();
            notes.push(if task.is_left_out(kind) {
                format!("links.{kind}: step {step} was left out; what discover concludes stands in its place")
            } else {
                format!(
                    "links.{kind}: no new row has both ids, so what discover concludes is only a comment; if step {step} \
                     was left out, say so with `--left-out {step}`"
                )
            });
            None
        }
        (Some(one), Some(other)) if one.points == other.points => {
            let names = format!("{} and {}", one.table.name, other.table.name);
            notes.push(format!(
                "links.{kind}: rows of {names} have both ids, and nothing more speaks for one of them"
            ));
            None
        }
        (Some(best), _) => Some(best.clone()),
    }
}

/// The rows to look at again once the profile is deleted.
fn found(picture: &Picture, profile: &Profile<'_>, chosen: &[LinkRow<'_>], sections: &[Section]) -> Found {
    let row = |part: String, table: &crate::db::catalog::Table, cells: &Cells, by: Vec<(String, i64)>| {
        let columns: Vec<String> = columns(table).iter().map(|column| column.name.clone()).collect();
        let print = cells.iter().map(|(_, value)| print(value, &picture.salt)).collect();
        FoundRow { part, table: table.name.clone(), by, columns, print }
    };
    let mut rows = vec![row("profiles".to_owned(), profile.table, profile.row, vec![profile.id.clone()])];
    for link in chosen {
        let number = |column: &str| match value(link.row, column) {
            Some(Value::Int(number)) => Some((column.to_owned(), *number)),
            _ => None,
        };
        let mut by: Vec<_> =
            [&link.owner.column, &link.member.column].into_iter().filter_map(|name| number(name)).collect();
        if by.len() == 2 {
            // Another row may have the same ends; its own number it has alone.
            by.extend(number_key(link.table).and_then(number));
            rows.push(row(format!("links.{}", link.kind), link.table, link.row, by));
        }
    }
    Found { sections: sections.to_vec(), profiles: profile.table.name.clone(), rows, notes: Vec::new() }
}
