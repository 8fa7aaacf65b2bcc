//! What the system's log hears of commands whose change is no run of the journal, and of those that need an operator.
//!
//! Invariant: one line for a change; a command that only looked, or refused, is not worth one.

use crate::cli::args::Command;
use crate::cli::context::Context;
use crate::cli::interrupt;
use crate::host::syslog::{self, Severity};
use crate::outcome::{Failure, Outcome, OutcomeKind};
use nginx_config::redact_text;

/// Sends the line.
pub fn tell(context: &Context, command: &Command, answer: &Result<Outcome, Failure>) {
    if !context.root.is_live() {
        return;
    }
    let (kind, message) = match answer {
        Ok(outcome) => (outcome.outcome, said(outcome)),
        Err(failure) => (OutcomeKind::from(failure.kind), failure.message.clone()),
    };
    let name = super::name::name(command);
    let by = format!("`{}` by {}", context.command_line(), context.actor());
    match kind {
        OutcomeKind::NeedsOperator if changes(command) => {
            let line = format!("{name}: an operator is needed: {message}; {by}");
            syslog::send(Severity::ERROR, &redact_text(&line));
        }
        OutcomeKind::Applied if is_no_run(command) => {
            syslog::send(Severity::NOTICE, &redact_text(&format!("{name}: {message}; {by}")));
        }
        _ => {}
    }
}

fn said(outcome: &Outcome) -> String {
    let error = outcome.error.as_ref().map(|error| error.message.as_str());
    error.or(outcome.verdict()).unwrap_or("applied").to_owned()
}

/// Commands that change the server. A watcher tells of itself.
fn changes(command: &Command) -> bool {
    interrupt::changes(command) && !matches!(command, Command::Watch(_))
}

/// Those of them that the journal knows no run of.
fn is_no_run(command: &Command) -> bool {
    let has_runs = matches!(
        command,
        Command::Apply(_)
            | Command::Confirm
            | Command::Rollback(_)
            | Command::Recover(_)
            | Command::RestoreVendor(_)
    );
    changes(command) && !has_runs
}
