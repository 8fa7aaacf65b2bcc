//! `history`: the runs that the journal tells of, newest first.
//!
//! Invariant: reads only. A journal that is gone is said, and never shown as a server without a past.

use super::past_run::{ended, kind, section, when, who};
use crate::cli::context::Context;
use crate::journal::{PastRun, Phase, Status, runs};
use crate::outcome::{Failure, Outcome, OutcomeKind, Row, counted, only_root};
use crate::prepare::{Known, Past, history_gone};

/// Lists the runs.
pub fn history(context: &Context) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::new("history", OutcomeKind::Ok);
    outcome.host = Some(context.host());
    let known = match Past::look(&context.root)? {
        Past::Known(known) => known,
        Past::Hidden(why) => {
            return Err(only_root(format!("only root may see what earlier runs left: {why}")));
        }
    };
    outcome.findings.extend(history_gone(&context.root, &known.journal));
    let runs = runs(&known.journal.records);
    let undoable = runs.iter().rfind(|run| run.stands());
    let rows: Vec<Row> = runs.iter().rev().map(|run| row(run, &known, undoable)).collect();
    let verdict = match (outcome.findings.is_empty(), runs.as_slice()) {
        (false, _) => "the history of changes is gone".to_owned(),
        (true, []) => "no run has changed this server".to_owned(),
        (true, runs) => {
            let newest = match undoable {
                Some(run) => format!("in place is the {} of {}", kind(run), when(&run.began)),
                None => "no change is in place".to_owned(),
            };
            format!("{}; {newest}", counted(runs.len(), "run"))
        }
    };
    if undoable.is_some() {
        outcome.next(
            format!("motionctl rollback{}", context.root_argument()),
            "undoes the newest change that is in place",
        );
    }
    outcome.set_verdict(verdict);
    outcome.details.runs = Some(runs.iter().rev().map(section).collect());
    outcome.details.rows = Some(rows);
    Ok(outcome)
}

fn row(run: &PastRun, known: &Known, undoable: Option<&PastRun>) -> Row {
    let mut how = ended(run).unwrap_or_else(|| open(known).to_owned());
    if run.undone_by.is_some() {
        how.push_str(", taken back later");
    } else if undoable.is_some_and(|newest| newest.run == run.run) {
        how.push_str(", in place");
    }
    vec![when(&run.began), kind(run).to_owned(), who(&run.actor), how]
}

/// What is to be said of the run that is open: only the newest can be.
fn open(known: &Known) -> &'static str {
    match (&known.at_work, &known.journal.status) {
        (_, Status::Active(run)) if run.phase == Phase::Awaiting => "waits for its confirmation",
        (Some(_), _) => "is being made now",
        (None, _) => "interrupted",
    }
}
