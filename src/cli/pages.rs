//! Answers as pages: what `--html` and `report --out` write.
//!
//! Invariant: a page is made from the answer that is printed, behind the last door. An answer that says nothing about a
//! server, such as wrong usage, takes no page's place.

use super::args::Command;
use super::files::{Standing, write_out};
use crate::host::clock;
use crate::outcome::{FailureKind, Outcome};
use crate::report;
use std::path::{Path, PathBuf};

/// Writes the page that was asked for.
pub fn write(command: &Command, outcome: &mut Outcome) {
    let Some((file, read)) = wanted(command) else { return };
    if outcome.exit_code == FailureKind::Usage.exit_code() {
        return;
    }
    let page = report::page(outcome, Some(&clock::now().strftime("%Y-%m-%d %H:%M UTC").to_string()));
    match write_out(file, page.as_bytes(), Standing::Replace, &read) {
        Ok(()) => drop(outcome.details.insert("page".to_owned(), file.display().to_string().into())),
        Err(failure) => outcome.fail(failure),
    }
}

/// The file, and those that were read for what it shows.
fn wanted(command: &Command) -> Option<(&Path, Vec<&Path>)> {
    let (file, read): (_, Vec<&PathBuf>) = match command {
        Command::Report(args) => (&args.out, Vec::new()),
        _ => return None,
    };
    Some((file.as_deref()?, read.into_iter().map(PathBuf::as_path).collect()))
}
