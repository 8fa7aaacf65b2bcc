//! Asking a person before a change.
//!
//! Invariant: without a terminal nothing is ever asked; unless a person is seen to
//! sit at this machine, the answer is the host's name, so that nobody says yes to
//! the wrong server.

use super::context::Context;
use super::interrupt;
use super::terminal::question as fitted;
use crate::host::origin::{self, Origin};
use crate::outcome::{Failure, FailureKind, Outcome};
use crate::report;
use console::Term;
use std::sync::atomic::Ordering;

/// Shows what would be done to this server and asks whether to go on, on standard error.
pub fn confirm(context: &Context, outcome: &Outcome) -> Result<(), Failure> {
    confirm_change_of(host(outcome), context, outcome)
}

/// Whether there is somebody to ask.
pub fn can_ask(context: &Context) -> bool {
    let is_attended = Term::stdout().is_term() && Term::stderr().is_term() && console::user_attended();
    is_attended && !context.global.no_input && !context.global.json
}

/// The same about something else than this server.
pub fn confirm_change_of(what: &str, context: &Context, outcome: &Outcome) -> Result<(), Failure> {
    context.progress.clear();
    let host = report::plain_line(host(outcome));
    let mut asked = outcome.clone();
    asked.set_verdict("this would be done");
    if asked.summary().is_none() {
        asked.summarise(asked.plan_in_counts());
    }
    let shown = report::before_a_question(&asked, super::style(&context.global));
    let terminal = Term::stderr();
    if !can_ask(context) {
        return Err(Failure::new(FailureKind::Usage, "there is no terminal to ask on")
            .with_hint("say --yes to go on without being asked"));
    }
    let over_ssh = origin::origin() != Origin::Here;
    let what = report::plain_line(what);
    let (question, wanted) = match over_ssh {
        true => (format!("Change {what}? Type this host's name ({host}) to go on: "), host.as_str()),
        false => (format!("Change {what}? Type yes to go on: "), "yes"),
    };
    let failed =
        |error: std::io::Error| Failure::new(FailureKind::Failed, format!("asking on the terminal: {error}"));
    terminal.write_str(&shown).and_then(|()| terminal.write_str(&fitted(&question))).map_err(failed)?;
    let is_to_go_on = || match context.stop.load(Ordering::SeqCst) {
        true => Err(Failure::new(FailureKind::Cancelled, "interrupted at the question")),
        false => Ok(()),
    };
    // Reading a line goes on after a signal: one that came before would wait for the answer.
    is_to_go_on()?;
    let answer = interrupt::while_waiting(|| terminal.read_line()).map_err(failed)?;
    is_to_go_on()?;
    if answer.trim() == wanted {
        return Ok(());
    }
    Err(Failure::new(FailureKind::Cancelled, "the answer was not the one asked for"))
}

fn host(outcome: &Outcome) -> &str {
    outcome.host.as_ref().map_or("this server", |host| host.name.as_str())
}
