//! Completion scripts and manual pages, from the one definition of the flags.

use super::args::Cli;
use clap::CommandFactory;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// Prints the completion script of a shell.
pub fn completions(shell: clap_complete::Shell) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "motionctl", &mut script);
    // A closed pipe is nobody's failure.
    drop(std::io::stdout().write_all(&script));
    ExitCode::SUCCESS
}

/// Writes `motionctl.1` and a page for each command.
pub fn pages(dir: &Path) -> ExitCode {
    match clap_mangen::generate_to(Cli::command(), dir) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let message = format!("error: writing manual pages to {}: {error}", dir.display());
            drop(writeln!(std::io::stderr(), "{message}"));
            ExitCode::from(1)
        }
    }
}
