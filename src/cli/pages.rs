//! Answers as pages: what `--html` and `report --out` write.
//!
//! Invariant: a page is made from the answer that is printed, behind the last door. An answer that says nothing about a
//! server, such as wrong usage, takes no page's place.

use super::args::seed::SeedCommand;
use super::args::{Cli, Command};
use super::files::{IfExists, read_plain, write_out};
use crate::host::clock;
use crate::outcome::{Failure, FailureKind, Outcome};
use crate::report;
use std::path::Path;

/// How every page begins.
const BEGINNING: &[u8] = b"<!doctype html>";

/// Writes the page that was asked for.
pub fn write(cli: &Cli, outcome: &mut Outcome) {
    let Some(file) = wanted(&cli.command) else { return };
    if outcome.exit_code == FailureKind::Usage.exit_code() {
        return;
    }
    let written = clock::now().strftime("%Y-%m-%d %H:%M UTC").to_string();
    let written = made(outcome, Some(&written)).and_then(|page| put(file, &page));
    match written {
        Ok(()) => {
            outcome.details.page = Some(file.display().to_string());
            // Who asked for a file reads it there; programs get the whole document all the same.
            if let (Command::Report(_), false) = (&cli.command, cli.global.json) {
                outcome.plan = None;
                outcome.comparisons.clear();
            }
        }
        Err(failure) => outcome.fail(failure),
    }
}

/// Puts it there, in the place of nothing but an older page or an empty file: a slip of the hand would replace a
/// configuration.
fn put(file: &Path, page: &str) -> Result<(), Failure> {
    match read_plain(file) {
        Ok(Some(there)) if !there.is_empty() && !there.starts_with(BEGINNING) => {
            let message = format!("writing {}: the file that stands there is no page", file.display());
            Err(Failure::new(FailureKind::Refused, message).with_hint("name another file"))
        }
        // What else stands there, or that it cannot be written, is said by who writes.
        Ok(_) | Err(_) => write_out(file, page.as_bytes(), IfExists::Replace, &[]),
    }
}

/// The page of an answer.
pub fn made(outcome: &Outcome, written: Option<&str>) -> Result<String, Failure> {
    report::page(outcome, written)
        .map_err(|error| Failure::new(FailureKind::Failed, format!("making the page: {error}")))
}

fn wanted(command: &Command) -> Option<&Path> {
    let file = match command {
        Command::Report(args) => &args.out,
        Command::Plan(args) => &args.html,
        Command::Rehearse(args) => &args.html,
        Command::Seed(SeedCommand::Plan(args)) => &args.html,
        _ => return None,
    };
    file.as_deref()
}
