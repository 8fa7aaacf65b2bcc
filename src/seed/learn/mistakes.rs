//! What a tired person may have done instead of the steps, in words that say how to put it right.
//!
//! Invariant: remarks only: nothing is learned from a mistake. Of rows that are not the profile's own no value is
//! repeated, but for a name that is nearly the one that was to be typed.

use super::changes::Changes;
use super::links::link_rows;
use super::model::{LinkRow, Lost, Profile, Witness};
use super::picture::{Picture, Task};
use crate::db::{Catalog, Value};
use crate::seed::manifest::{shown, suggest};
use crate::seed::map::LinkKind;

/// Where nothing more is known.
pub const AGAIN: &str =
    "was it saved in this database, under exactly the name? Then run --end again; else begin again";
/// Where there is more than one profile of the name.
pub const ONE_TOO_MANY: &str =
    "delete all but one of them in Motion, and run --end again; if they are still counted then, begin again";

/// Why no row has the name.
pub fn nothing(changes: &[Changes], picture: &Picture) -> Lost {
    let name = shown(&picture.task.profile);
    if let Some((change, column, typed)) = nearly(changes, &picture.task) {
        return Lost {
            why: format!(
                "no new row has the name {name}; {} has {} in {column}, which is nearly the same",
                change.table,
                shown(&typed)
            ),
            advice: "if that is the profile, correct its name in Motion, letter by letter, and run --end again",
        };
    }
    // Who has deleted it by now has left nothing that is new.
    if picture.found.is_some() {
        return Lost {
            why: format!("it was found at the last look, and no row has the name {name} any more"),
            advice: "once it is deleted in Motion, `learn --end --deleted` goes on; else begin again",
        };
    }
    if changes.iter().all(Changes::is_empty) {
        return Lost {
            why: format!("nothing has changed since the first look, so that no row has the name {name}"),
            advice: "do the steps that --begin has printed, in the Motion of this very database, and run --end again",
        };
    }
    Lost { why: format!("no new row has the name {name}"), advice: AGAIN }
}

/// A text that was probably to be the name.
fn nearly<'a>(changes: &'a [Changes], task: &Task) -> Option<(&'a Changes, &'a str, String)> {
    changes.iter().find_map(|change| {
        change.rows.iter().find_map(|(row, changed)| {
            let may = |name: &String| changed.as_ref().is_none_or(|columns| columns.contains(name));
            row.iter().filter(|(name, _)| may(name)).find_map(|(name, value)| match value {
                Value::Text(text) if suggest(&task.profile, [text.trim()]).is_some() => {
                    Some((change, name.as_str(), text.trim().to_owned()))
                }
                _ => None,
            })
        })
    })
}

/// What a step without a trace got instead: the queue that another step was to give.
pub fn instead<'a>(
    kind: LinkKind,
    task: &Task,
    catalog: &'a Catalog,
    changes: &'a [Changes],
    witness: &Witness<'_>,
    profile: &Profile<'_>,
) -> Option<String> {
    let channel = kind.channel()?;
    let mut swapped = task.clone();
    let pair = swapped.queues.get_mut(&channel)?;
    let personal = pair.personal.as_mut().filter(|queue| queue.id != pair.of_profile.id)?;
    std::mem::swap(&mut pair.of_profile, personal);
    let rows: Vec<LinkRow<'a>> = link_rows(catalog, changes, &swapped, witness, Some(profile));
    let row = rows.iter().find(|row| row.kind == kind)?;
    let other = match kind {
        LinkKind::Personal(_) => LinkKind::ProfileQueues(channel),
        _ => LinkKind::Personal(channel),
    };
    let (step, other) = (task.step_of(kind)?, task.step_of(other)?);
    Some(format!(
        "links.{kind}: {} has the queue of step {other} where that of step {step} was to be; give each its own in Motion, and \
         run --end again",
        row.table.name
    ))
}
