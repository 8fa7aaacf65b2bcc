//! Completion scripts and manual pages, from the one definition of the flags.
//!
//! Invariant: a page says nothing that `--help`, the flags and the table of exit codes do not say.

use super::args::Cli;
use super::files::write_public;
use crate::outcome::{EXIT_CODES, Failure, FailureKind, Outcome, OutcomeKind};
use clap::CommandFactory;
use clap_mangen::roff::{Roff, bold, roman};
use std::ffi::OsString;
use std::io;
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
    let pages = rendered()
        .map_err(|error| Failure::new(FailureKind::Failed, format!("making the manual pages: {error}")))?;
    for (name, text) in pages {
        write_public(&dir.join(name), &text)?;
    }
    let mut outcome = Outcome::new("man", OutcomeKind::Ok);
    let verdict = format!("manual pages written to {}", dir.display());
    outcome.details.insert("verdict".to_owned(), verdict.into());
    Ok(outcome)
}

/// The pages by their names.
fn rendered() -> io::Result<Vec<(OsString, Vec<u8>)>> {
    // The library writes by names that it makes up itself, through whatever stands there: into a folder of our own.
    let folder = tempfile::tempdir()?;
    // As `man` readers expect them: a section of its own, not the help's text under "EXTRA".
    clap_mangen::generate_to(Cli::command().after_help(None), folder.path())?;
    let pages = std::fs::read_dir(folder.path())?.map(|page| {
        let page = page?;
        let mut text = std::fs::read(page.path())?;
        if page.file_name() == "motionctl.1" {
            exit_status().to_writer(&mut text)?;
        }
        Ok((page.file_name(), text))
    });
    pages.collect()
}

fn exit_status() -> Roff {
    let mut section = Roff::new();
    section.control("SH", ["EXIT STATUS"]);
    for row in EXIT_CODES {
        section.control("TP", []);
        section.text([bold(row.code.to_string())]);
        section.text([roman(format!("{}. Server: {}. Next: {}.", row.meaning, row.state, row.next))]);
    }
    section.control("PP", []);
    section.text([roman(
        "motionctl status --check and motionctl watch exit as monitoring plugins do: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.",
    )]);
    section.control("PP", []);
    section.text([roman("motionctl explain CODE says the same, and what each finding means.")]);
    section
}
