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
mod bundle;
mod commands;
mod context;
mod database;
mod decisions;
mod door;
mod explain;
mod files;
mod formats;
mod interrupt;
mod manual;
mod old_copy;
mod pages;
mod progress;
mod prompt;
mod retype;
mod schemas;
mod settings;
mod stand_in;
mod terminal;
mod tree;
mod version;

pub use args::Cli;
pub use manual::{PLACES, VARIABLES};
pub use schemas::schemas;
pub use settings::{KEYS, Key};

use crate::host::sandbox::{self, SUBCOMMAND};
use crate::outcome::{Failure, FailureKind, Outcome, OutcomeKind};
use crate::seed::manifest::JSON_SCHEMA;
use crate::{rehearse, report, tryout};
use args::Command;
use args::seed::{SchemaCommand, SeedCommand};
use clap::Parser;
use clap::error::ErrorKind;
use context::Context;
use progress::Progress;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use terminal::style;

/// Parses, runs, reports.
#[must_use]
pub fn main() -> ExitCode {
    // Before anything else looks at the arguments: inside of a private copy they are another command's.
    if let Some(code) = stand_in::when_called() {
        return code;
    }
    // The sandbox starts us again.
    if std::env::args_os().nth(1).is_some_and(|first| first == SUBCOMMAND) {
        let code = sandbox::child_main(inside);
        return ExitCode::from(u8::try_from(code).unwrap_or(1));
    }
    #[cfg(feature = "kill-points")]
    arm_kill_points();
    let mut cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&explained(error)),
    };
    // A line and nothing beside it.
    cli.global.quiet |= commands::is_for_a_monitor(&cli.command);
    let cli = Arc::new(cli);
    if let Err(error) = watch_for_interrupts(&cli) {
        let failure = Failure::new(FailureKind::Failed, format!("watching for signals: {error}"));
        return ExitCode::from(conclude(&cli, Outcome::failed(commands::name(&cli.command), failure)));
    }
    let answer = match &cli.command {
        Command::Completions { shell } if cli.global.json => Ok(manual::completions_outcome(*shell)),
        Command::Completions { shell } => return ExitCode::from(print(&manual::completions(*shell), 0)),
        Command::Seed(SeedCommand::Schema(SchemaCommand::JsonSchema)) if !cli.global.json => {
            return ExitCode::from(print(JSON_SCHEMA.as_bytes(), 0));
        }
        Command::Man { dir } => manual::pages(dir),
        Command::Explain { what } => explain::explain(what.as_deref()),
        Command::Version => Ok(version::version()),
        command => {
            Context::new(&cli.global, command).and_then(|context| commands::dispatch(command, &context))
        }
    };
    let mut outcome = answer.unwrap_or_else(|failure| Outcome::failed(commands::name(&cli.command), failure));
    if !interrupt::is_first_to_answer() {
        return interrupt::wait_for_the_end();
    }
    door::outcome(&mut outcome);
    pages::write(&cli, &mut outcome);
    ExitCode::from(conclude(&cli, outcome))
}

/// Answers in the form that was asked for.
fn conclude(cli: &Cli, mut outcome: Outcome) -> u8 {
    if outcome.outcome == OutcomeKind::Cancelled {
        outcome.details.verdict = interrupt::done_all_the_same().map(Into::into);
    }
    door::outcome(&mut outcome);
    if commands::is_for_a_monitor(&cli.command) {
        commands::could_not_look(&mut outcome);
        let journal = manual::JOURNAL_STREAM.text();
        let mark = match cli.command {
            Command::Watch(_) => commands::log_of_watch(&outcome, journal.as_deref()).unwrap_or_default(),
            _ => String::new(),
        };
        if let (Some(line), false) = (commands::monitor_line(&outcome), cli.global.json) {
            let line = terminal::glyphs().of(line);
            return print(format!("{mark}{line}\n").as_bytes(), outcome.exit_code);
        }
    }
    if is_text(&cli.command) && !cli.global.json {
        return show_text(&cli.global, &outcome);
    }
    show(&cli.global, &mut outcome)
}

/// From here on Ctrl-C is answered in the form of any other failure.
fn watch_for_interrupts(cli: &Arc<Cli>) -> std::io::Result<()> {
    let answered = Arc::clone(cli);
    interrupt::watch(&cli.command, move || {
        Progress::wipe(&answered.global);
        let failure = Failure::new(FailureKind::Cancelled, "interrupted before anything was changed");
        conclude(&answered, Outcome::failed(commands::name(&answered.command), failure))
    })
}

/// What a sandbox is for is told by its order.
fn inside(payload: serde_json::Value, context: &sandbox::ChildContext) -> i32 {
    if tryout::is_ours(&payload) {
        tryout::inside(payload, context)
    } else {
        rehearse::inside(payload, context)
    }
}

/// Where a test wants this process to end: a file for the places reached, the name and number of one,
/// and another signal than the one that ends it at once.
#[cfg(feature = "kill-points")]
fn arm_kill_points() {
    use crate::host::crash::{Asked, MARK, arm};
    use nix::sys::signal::Signal;
    let asked = |what: &str| std::env::var(format!("{MARK}_{what}")).ok();
    if let Some(log) = asked("LOG") {
        let asked = Asked {
            place: asked("PLACE").unwrap_or_default(),
            at: asked("AT").and_then(|at| at.parse().ok()).unwrap_or(0),
            signal: asked("SIGNAL").and_then(|name| name.parse().ok()).unwrap_or(Signal::SIGKILL),
        };
        arm(std::path::Path::new(&log), asked).expect("a test's log can be opened");
    }
}

/// Whether the answer is a file, which people read and redirect; programs get it inside of the document.
fn is_text(command: &Command) -> bool {
    match command {
        Command::Seed(SeedCommand::Schema(SchemaCommand::Show(_)) | SeedCommand::Export(_)) => true,
        Command::Seed(SeedCommand::Import(args)) => args.out.is_none(),
        Command::Seed(SeedCommand::Usage(args)) => args.csv,
        Command::Seed(SeedCommand::Access(args)) => args.csv,
        Command::Seed(SeedCommand::Schema(SchemaCommand::Discover(args))) => args.out.is_none(),
        Command::Seed(SeedCommand::Schema(SchemaCommand::Learn(args))) => args.end && args.out.is_none(),
        _ => false,
    }
}

/// Prints the file; a failure must not end up in what it is redirected to.
fn show_text(global: &args::Global, outcome: &Outcome) -> u8 {
    if let Some(text) = &outcome.details.text {
        let code = print(text.as_bytes(), outcome.exit_code);
        // What to do with the file is for who looks on, and no part of it.
        let mut stderr = std::io::stderr().lock();
        if !outcome.findings.is_empty() {
            drop(stderr.write_all(report::human(outcome, style(global)).as_bytes()));
        } else if let Some(verdict) = outcome.verdict() {
            drop(writeln!(stderr, "{}", terminal::glyphs().of(verdict)));
        }
        return code;
    }
    // A closed pipe is nobody's failure.
    drop(std::io::stderr().lock().write_all(report::human(outcome, style(global)).as_bytes()));
    outcome.exit_code
}

fn show(global: &args::Global, outcome: &mut Outcome) -> u8 {
    if !global.json {
        return print(report::human(outcome, style(global)).as_bytes(), outcome.exit_code);
    }
    // As below: a closed pipe is nobody's failure.
    drop(report::write_json(outcome, std::io::stdout().lock()));
    outcome.exit_code
}

/// Prints the answer; a closed pipe is nobody's failure.
fn print(text: &[u8], exit_code: u8) -> u8 {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text).and_then(|()| stdout.flush());
    exit_code
}

/// The same about the command line with its headings and examples, which are put together only for who reads them.
fn explained(error: clap::Error) -> clap::Error {
    manual::command().try_get_matches().err().unwrap_or(error)
}

/// Help and version are answers; anything else is exit 64.
fn usage(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // A closed pipe while help is printed is nobody's failure.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    if std::env::args_os().any(|argument| argument == "--json") {
        // The reason, which may name arguments in lines of its own; usage and
        // tips follow after an empty line.
        let text = door::text(&error.to_string());
        let reason: Vec<_> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
        let reason = reason.join(" ").trim_start_matches("error: ").to_owned();
        let failure = Failure::new(FailureKind::Usage, reason).with_hint("see `motionctl --help`");
        return ExitCode::from(print(report::json(&mut Outcome::failed("usage", failure)).as_bytes(), 64));
    }
    // A value that was refused is quoted, and may be an address with a password.
    let (text, plain) = (error.render().ansi().to_string(), error.to_string());
    if door::text(&plain) == plain && door::text(&text) == text {
        let _ = error.print();
    } else {
        drop(std::io::stderr().lock().write_all(door::text(&plain).as_bytes()));
    }
    ExitCode::from(64)
}
