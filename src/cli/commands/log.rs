//! What the system's log hears of commands whose change is no run of the journal, and of those that need an operator.
//!
//! Invariant: one line for a change; a command that only looked, or refused, is not worth one.

use crate::cli::args::{BackupsArgs, BackupsCommand, Command, LocalCommand, seed::SeedCommand};
use crate::cli::context::Context;
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
    let name = super::name(command);
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
    let verdict = outcome.details.get("verdict").and_then(|verdict| verdict.as_str());
    let error = outcome.error.as_ref().map(|error| error.message.as_str());
    error.or(verdict).unwrap_or("applied").to_owned()
}

/// Commands that change the server; what has a run is in the journal besides.
fn changes(command: &Command) -> bool {
    let has_runs = matches!(
        command,
        Command::Apply(_)
            | Command::Confirm
            | Command::Rollback(_)
            | Command::Recover(_)
            | Command::RestoreVendor(_)
    );
    has_runs || is_no_run(command)
}

fn is_no_run(command: &Command) -> bool {
    matches!(
        command,
        Command::Seed(SeedCommand::Apply(_))
            | Command::InstallUnit(_)
            | Command::Local(LocalCommand::Drop { .. } | LocalCommand::Add { .. })
            | Command::Backups(BackupsArgs { command: Some(BackupsCommand::Prune { .. }) })
    )
}
