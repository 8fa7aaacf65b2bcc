//! `seed history`: the runs of apply on a database, newest first.
//!
//! Invariant: reads only. Whether a run can be undone is looked up in the database, never guessed from what is kept.

use super::runs;
use super::work::Place;
use crate::cli::args::seed::SeedHistoryArgs;
use crate::cli::commands::past_run::{when, who};
use crate::cli::commands::sessions::section;
use crate::cli::context::Context;
use crate::outcome::{Failure, Outcome, OutcomeKind, Row, counted, visible};
use crate::seed::undo::{KeptRun, Store, UndoState};
use crate::seed::{Purpose, Session};
use nginx_config::redact_text;
use serde_json::{Value, json};

/// As many runs are compared with the database; of older ones only what is kept is said.
const COMPARED: usize = 20;

/// Lists the runs.
pub fn history(context: &Context, args: &SeedHistoryArgs) -> Result<Outcome, Failure> {
    let store = runs::store()?;
    let mut session = Place::new(context, &args.database)?.open(context, Purpose::Read)?;
    let mut outcome = Outcome::new("seed history", OutcomeKind::Ok);
    outcome.database = Some(section(session.server()));
    let kept = runs::of(&store, &session, &mut outcome)?;
    context.progress.stage("comparing");
    let told: Vec<(KeptRun, State)> = kept
        .into_iter()
        .enumerate()
        .map(|(index, run)| {
            let state = if index < COMPARED { state(&store, &mut session, &run) } else { unlooked(&run) };
            (run, state)
        })
        .collect();
    let undoable = told.iter().filter(|(_, state)| state.undoable == Some(true)).count();
    let verdict = match (told.len(), undoable) {
        (0, _) => "no run of this database is kept here".to_owned(),
        (all, some) => format!("{}; {some} can be undone", counted(all, "run")),
    };
    outcome.set_verdict(verdict);
    outcome.details.add("runs", told.iter().map(document).collect::<Value>());
    outcome.details.rows = Some(told.iter().map(row).collect());
    Ok(outcome)
}

/// Whether a run can be undone, and why not.
struct State {
    /// Nothing where nobody looked.
    undoable: Option<bool>,
    words: String,
    /// Rows that are in the way.
    moved: Vec<String>,
}

impl State {
    fn no(words: String) -> Self {
        Self { undoable: Some(false), words, moved: Vec::new() }
    }
}

fn unlooked(run: &KeptRun) -> State {
    match &run.undone {
        Some(undone) => {
            State::no(format!("undone {} by {}", when(&undone.at.to_string()), who(&undone.actor)))
        }
        None => State { undoable: None, words: "not compared".to_owned(), moved: Vec::new() },
    }
}

fn state(store: &Store, session: &mut Session, run: &KeptRun) -> State {
    if run.undone.is_some() {
        return unlooked(run);
    }
    let standing = store
        .record(&run.head.id)
        .map_err(Failure::from)
        .and_then(|record| session.standing_of(run, &record));
    match (standing, run.committed.is_some()) {
        (Err(failure), _) => State::no(failure.message),
        (Ok(UndoState::After { .. }), true) => {
            State { undoable: Some(true), words: "can be undone".to_owned(), moved: Vec::new() }
        }
        (Ok(UndoState::After { .. }), false) => {
            let words = "may have been committed: `seed undo` asks".to_owned();
            State { undoable: None, words, moved: Vec::new() }
        }
        (Ok(UndoState::Before), true) => State::no("the rows are as before it".to_owned()),
        (Ok(UndoState::Before), false) => State::no("interrupted: it changed nothing".to_owned()),
        (Ok(UndoState::Moved(moved)), _) => {
            let more = moved.lines.len() - 1 + moved.more;
            let first = moved.lines.first().map_or("", String::as_str);
            let words = match more {
                0 => format!("cannot be undone: {first}"),
                more => format!("cannot be undone: {first}, and {more} more"),
            };
            State { undoable: Some(false), words, moved: moved.lines }
        }
    }
}

fn row((run, state): &(KeptRun, State)) -> Row {
    let head = &run.head;
    let counts = format!("+{} ~{} -{}", head.add, head.change, head.remove);
    vec![
        head.id.as_str().to_owned(),
        when(&head.began.to_string()),
        who(&head.actor),
        visible(&head.manifest),
        counts,
        state.words.clone(),
    ]
}

fn document((run, state): &(KeptRun, State)) -> Value {
    let head = &run.head;
    json!({
        "id": head.id.as_str(),
        "began": head.began.to_string(),
        "committed": run.committed.map(|at| at.to_string()),
        "actor": redact_text(&head.actor),
        "manifest": head.manifest,
        "counts": { "add": head.add, "change": head.change, "remove": head.remove },
        "undone": run.undone.as_ref().map(|undone| json!({
            "at": undone.at.to_string(), "actor": redact_text(&undone.actor),
        })),
        "undoable": state.undoable,
        "why": state.words,
        "moved": state.moved,
    })
}
