//! Setting right what an update has overwritten, where the settings allow it.
//!
//! Invariant: nothing is done here that `rehearse` and `apply --confirm-within` would not do for a person; an attempt
//! is remembered before its first change. What needs a decision is left, and said.

use super::options::{WatchOptions, once};
use super::remembered::Remembered;
use crate::cli::args::{ApplyArgs, ChangeArgs, RehearseArgs, WatchArgs};
use crate::cli::commands::aftermath::{self, Ask};
use crate::cli::commands::status::ServerState;
use crate::cli::commands::{apply, rehearse};
use crate::cli::context::Context;
use crate::host::clock;
use crate::outcome::{Outcome, OutcomeKind};
use crate::prepare::Past;
use crate::values::{Hash, RunId};
use crate::watch::{Decision, Grade, Healing, Reason, decide, judge};
use serde_json::{Value, json};

/// Requests of the rehearsal's load: enough to see a reload, and no burden at night.
const LOAD: u64 = 100;

/// Heals, or says why not; the look as it is afterwards, and what was done for programs.
pub fn heal(
    context: &Context,
    args: &WatchArgs,
    options: &WatchOptions,
    remembered: &mut Remembered,
    mut look: ServerState,
) -> (ServerState, Option<Value>) {
    let content = match decided(options, remembered, &look) {
        Decision::Nothing => return (look, None),
        Decision::Leave(why) => {
            look.seen.said.push(Reason { grade: Grade::Critical, kind: "left", text: why.clone() });
            return (look, Some(json!({ "decision": "left", "why": why })));
        }
        Decision::Apply(content) => content,
    };
    match make(context, args, options, remembered, content) {
        Ok(run) => {
            let mut look = once(context, args);
            let text = "what an update had overwritten was brought back, and waits".to_owned();
            look.seen.said.push(Reason { grade: Grade::Warning, kind: "healed", text });
            (look, Some(json!({ "decision": "applied", "run": run.map(|run| run.to_string()) })))
        }
        Err(why) => {
            let mut look = once(context, args);
            let text = format!("not healed: {why}");
            look.seen.said.push(Reason { grade: Grade::Critical, kind: "left", text });
            (look, Some(json!({ "decision": "failed", "why": why })))
        }
    }
}

fn decided(options: &WatchOptions, remembered: &Remembered, look: &ServerState) -> Decision {
    let known = look.past.as_ref().and_then(|past| past.known());
    let verdict = judge(&look.seen);
    decide(
        options.heal,
        &Healing {
            seen: &look.seen,
            verdict: &verdict,
            content: look.content,
            stands: known.is_some_and(|known| known.stands()),
            attempts: remembered.memory().map(|memory| memory.attempts.as_slice()),
            was_kept: &|run| known.is_some_and(|known| known.was_kept(run)),
        },
    )
}

/// Rehearses, applies, and remembers both; the run that waits now.
fn make(
    context: &Context,
    args: &WatchArgs,
    options: &WatchOptions,
    remembered: &mut Remembered,
    content: Hash,
) -> Result<Option<RunId>, String> {
    let change = || ChangeArgs { site: args.site.clone(), ..ChangeArgs::default() };
    let rehearsal = RehearseArgs { change: change(), load: LOAD, ..RehearseArgs::default() };
    let rehearsed = rehearse::rehearse(context, &rehearsal).map_err(|failure| failure.message)?;
    if rehearsed.exit_code != 0 {
        return Err(format!("the rehearsal failed: {}", why(&rehearsed)));
    }
    let time = clock::now().to_string();
    remembered.change(context, |memory| memory.attempt(content, &time))?;
    let wanted = ApplyArgs {
        change: change(),
        yes: true,
        confirm_within: Some(options.confirm_within),
        ..ApplyArgs::default()
    };
    let before = newest_run(context);
    let applied = aftermath::observed(context, "apply", apply::apply(context, &wanted), Ask::Nginx);
    let run = newest_run(context).filter(|run| before.as_ref() != Some(run));
    remembered.change(context, |memory| match &run {
        Some(_) => memory.attempted(run.clone()),
        // Refused before it began: another day it may go through.
        None => drop(memory.attempts.pop()),
    })?;
    let applied = applied.map_err(|failure| failure.message)?;
    match applied.outcome {
        OutcomeKind::AwaitingConfirmation => Ok(run),
        OutcomeKind::UpToDate | OutcomeKind::Ok => {
            Err("nothing was found that would bring it back".to_owned())
        }
        _ => Err(why(&applied)),
    }
}

fn newest_run(context: &Context) -> Option<RunId> {
    let past = Past::look(&context.root).ok()?;
    Some(past.known()?.journal.status.newest()?.run.clone())
}

/// Why a command did not do it.
fn why(outcome: &Outcome) -> String {
    let stops =
        outcome.findings.iter().filter(|finding| finding.stops()).map(|finding| finding.title.clone());
    let message = outcome.error.as_ref().map(|error| error.message.clone());
    let all: Vec<_> = message.into_iter().chain(stops).chain(aftermath::summary(outcome)).collect();
    if all.is_empty() { format!("it ended with {:?}", outcome.outcome) } else { all.join("; ") }
}
