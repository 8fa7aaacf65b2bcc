//! The command line: the only reader of arguments and environment, the only
//! printer.
//!
//! Invariant: exactly one answer on standard output, whatever happened;
//! progress and messages go to standard error. Domain logic lives elsewhere.

#![expect(
    clippy::disallowed_methods,
    reason = "arguments, environment and the user's own files are read here"
)]

mod args;
mod commands;
mod context;
mod files;
mod man;
mod progress;
mod prompt;
mod settings;

pub use args::Cli;

use crate::host::sandbox::{self, SUBCOMMAND};
use crate::outcome::{Failure, FailureKind, Outcome};
use crate::{rehearse, report};
use args::{ColorChoice, Command};
use clap::Parser;
use clap::error::ErrorKind;
use context::Context;
use std::io::Write;
use std::process::ExitCode;

/// Parses, runs, reports.
#[must_use]
pub fn main() -> ExitCode {
    // Before anything else looks at the arguments: the sandbox starts us anew.
    if std::env::args_os().nth(1).is_some_and(|first| first == SUBCOMMAND) {
        let code = sandbox::child_main(rehearse::inside);
        return ExitCode::from(u8::try_from(code).unwrap_or(1));
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    match &cli.command {
        Command::Completions { shell } => return man::completions(*shell),
        Command::Man { dir } => return man::pages(dir),
        _ => {}
    }
    let answer = Context::new(&cli.global).and_then(|context| commands::dispatch(&cli.command, &context));
    let outcome = answer.unwrap_or_else(|failure| Outcome::failed(commands::name(&cli.command), failure));
    show(&cli.global, &outcome)
}

/// Prints the answer; a closed pipe is nobody's failure.
fn show(global: &args::Global, outcome: &Outcome) -> ExitCode {
    let text = if global.json { report::json(outcome) } else { report::human(outcome, style(global)) };
    let mut stdout = std::io::stdout().lock();
    if stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).is_err() {
        return ExitCode::from(outcome.exit_code);
    }
    ExitCode::from(outcome.exit_code)
}

/// Help and version are answers; anything else is exit 64.
fn usage(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // A closed pipe while help is printed is nobody's failure.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    if std::env::args_os().any(|argument| argument == "--json") {
        let message = error.kind().as_str().unwrap_or("wrong usage").to_owned();
        let detail = error.to_string();
        let detail =
            detail.lines().next().map_or(message, |line| line.trim_start_matches("error: ").to_owned());
        let outcome = Outcome::failed("usage", Failure::new(FailureKind::Usage, detail));
        drop(std::io::stdout().write_all(report::json(&outcome).as_bytes()));
    } else {
        let _ = error.print();
    }
    ExitCode::from(64)
}

/// How the human text looks on this terminal.
fn style(global: &args::Global) -> report::Style {
    let on_terminal = console::Term::stdout().is_term() && std::env::var_os("NO_COLOR").is_none();
    let colour = match global.color {
        ColorChoice::Always => report::Colour::On,
        ColorChoice::Auto if on_terminal => report::Colour::On,
        ColorChoice::Auto | ColorChoice::Never => report::Colour::Off,
    };
    let detail = match (global.quiet, global.verbose) {
        (true, _) => report::Detail::Quiet,
        (false, 0) => report::Detail::Normal,
        (false, _) => report::Detail::Verbose,
    };
    report::Style { colour, detail }
}
