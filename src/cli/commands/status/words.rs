//! What `status` says: in one line how the server stands, in rows what was done last, and the commands that help.
//!
//! Invariant: who changed a file is said only where something tells it; without that it is said that it changed.

use super::super::change::{BROKEN, route_in_words};
use super::super::confirm::time_in_words;
use super::super::past_run::{ended, in_words, kind, when};
use crate::cli::context::Context;
use crate::cli::retype::Typed;
use crate::facts::RouteState;
use crate::journal::{PastRun, runs};
use crate::outcome::{Outcome, Row, row};
use crate::prepare::{Advice, Known, Past, Prepared};
use crate::values::TextPath;

/// How the server stands: first a run that is open, then what became of the files, then the route.
pub fn verdict(prepared: &Prepared, known: &Known) -> String {
    let (standing, route, drifted) = (prepared.standing(), prepared.route(), &known.drifted);
    if let Some(holder) = &known.at_work {
        return format!("a change is being made by process {}", holder.pid);
    }
    if let Some(open) = &known.open {
        return open.verdict();
    }
    match standing.verdict() {
        // The texts alone cannot tell an update that is as old as that from a hand.
        _ if known.is_put_back && known.stands() && !standing.lacks_changes() => put_back(known),
        Some(verdict) => verdict,
        None if drifted.is_empty() && prepared.is_broken() => BROKEN.to_owned(),
        None if drifted.is_empty() => route_in_words(&route).to_owned(),
        None if route == RouteState::Missing && known.stands() => {
            format!("the new client's route is gone again: {}", overwritten(drifted))
        }
        None => format!("{}; {} since the last run", route_in_words(&route), edited(drifted)),
    }
}

fn put_back(known: &Known) -> String {
    let runs = runs(&known.journal.records);
    let before = runs.last().map_or_else(String::new, |run| format!("{} of {}", kind(run), when(&run.began)));
    let (files, are) = match known.drifted.as_slice() {
        [one] => (one.as_str().to_owned(), "is"),
        several => (format!("{} files", several.len()), "are"),
    };
    format!("{files} {are} again as before the {before}: put back by hand, or by an update")
}

fn edited(drifted: &[TextPath]) -> String {
    match drifted {
        [one] => format!("{} was edited", one.as_str()),
        several => format!("{} files were edited", several.len()),
    }
}

/// No text tells who it was.
fn overwritten(drifted: &[TextPath]) -> String {
    match drifted {
        [one] => format!("an update, or somebody by hand, has overwritten {}", one.as_str()),
        several => format!("an update, or somebody by hand, has overwritten {} files", several.len()),
    }
}

/// What was done last, and what is left of it.
pub fn rows(prepared: &Prepared, known: &Known) -> Vec<Row> {
    let newest = match prepared.lost_history() {
        true => "not known: the history of changes is gone".to_owned(),
        false => last_run(known),
    };
    let pending = known.pending.iter().map(|pending| ("confirmation", time_in_words(pending)));
    let drifted = known.drifted.iter().map(|path| ("edited since", path.as_str().to_owned()));
    let backup = known.newest_backup.iter().map(|backup| ("newest backup", backup.clone()));
    let rows = [("last run", newest)].into_iter().chain(pending).chain(drifted).chain(backup);
    rows.map(|(name, value)| row(&[&name, &value])).collect()
}

/// The newest run: what, when, how it ended and why.
fn last_run(known: &Known) -> String {
    let runs = runs(&known.journal.records);
    let Some(newest) = runs.last() else { return "none".to_owned() };
    match ended(newest) {
        Some(_) => in_words(newest),
        None => format!("{}, {}", in_words(newest), open(newest, known)),
    }
}

fn open(run: &PastRun, known: &Known) -> &'static str {
    match (&known.at_work, &known.pending) {
        (Some(_), _) => "is being made now",
        (None, Some(_)) => "waits for its confirmation",
        (None, None) if run.confirm_by.is_some() => "interrupted, and to be confirmed",
        (None, None) => "interrupted",
    }
}

/// Puts the commands that help into the answer; none where all is well.
pub fn next(context: &Context, outcome: &mut Outcome, prepared: &Prepared, past: &Past) {
    let advice = match past {
        Past::Known(known) => advice(prepared, known),
        Past::Hidden(_) => of_route(&prepared.route()),
    };
    let (typed, root) = (Typed::here(), context.root_argument());
    for (command, why) in advice {
        // Where Motion's file was named for this look, it is to be named for the next command.
        let command = match command.strip_prefix("motionctl ") {
            Some(looks @ ("check" | "plan" | "apply")) => typed.instead("status", looks, ""),
            _ => format!("{command}{root}"),
        };
        outcome.next(command, why);
    }
}

fn advice(prepared: &Prepared, known: &Known) -> Vec<Advice> {
    if known.at_work.is_some() {
        return Vec::new();
    }
    if let Some(open) = &known.open {
        return open.next();
    }
    let standing = prepared.standing();
    let mut advice = of_route(&prepared.route());
    if standing.is_unknown() || prepared.is_broken() {
        advice = vec![("motionctl check".to_owned(), "says why, and what to do")];
    } else if advice.is_empty() && standing.lacks_changes() {
        advice = brings_back("shows what comes back", "brings it back");
    }
    if let (false, Some(backup)) = (known.drifted.is_empty(), &known.newest_backup) {
        advice
            .push((format!("motionctl backups diff {backup}"), "shows every line that differs from before"));
    }
    advice
}

fn of_route(route: &RouteState) -> Vec<Advice> {
    match route {
        RouteState::Present => Vec::new(),
        RouteState::Missing => brings_back("shows what would bring it", "brings it"),
        RouteState::Elsewhere(_) => {
            brings_back("shows what answers instead", "brings it, where nothing stops it")
        }
        RouteState::CannotTell(_) => vec![("motionctl check".to_owned(), "says why it cannot be told")],
    }
}

fn brings_back(plan: &'static str, apply: &'static str) -> Vec<Advice> {
    vec![("motionctl plan".to_owned(), plan), ("motionctl apply".to_owned(), apply)]
}
