//! Completion scripts and manual pages, from the one definition of the flags.

use super::args::Cli;
use crate::outcome::{Failure, FailureKind, Outcome, OutcomeKind};
use clap::CommandFactory;
use std::path::Path;

/// The completion script of a shell.
pub fn completions(shell: clap_complete::Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "motionctl", &mut script);
    script
}

/// The same for programs that asked for a document.
pub fn completions_outcome(shell: clap_complete::Shell) -> Outcome {
    let mut outcome = Outcome::new("completions", OutcomeKind::Ok);
    let script = String::from_utf8_lossy(&completions(shell)).into_owned();
    outcome.details.insert("script".to_owned(), script.into());
    outcome
}

/// Writes `motionctl.1` and a page for each command.
pub fn pages(dir: &Path) -> Result<Outcome, Failure> {
    clap_mangen::generate_to(Cli::command(), dir).map_err(|error| {
        let message = format!("writing manual pages to {}: {error}", dir.display());
        Failure::new(FailureKind::Failed, message)
    })?;
    let mut outcome = Outcome::new("man", OutcomeKind::Ok);
    let verdict = format!("manual pages written to {}", dir.display());
    outcome.details.insert("verdict".to_owned(), verdict.into());
    Ok(outcome)
}
