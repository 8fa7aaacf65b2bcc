//! Completion scripts and manual pages, from the one definition of the flags.

use super::args::Cli;
use clap::CommandFactory;
use std::path::Path;
use std::process::ExitCode;

/// Prints the completion script of a shell.
pub fn completions(shell: clap_complete::Shell) -> ExitCode {
    clap_complete::generate(shell, &mut Cli::command(), "motionctl", &mut std::io::stdout());
    ExitCode::SUCCESS
}

/// Writes `motionctl.1` and a page for each command.
pub fn pages(dir: &Path) -> ExitCode {
    match clap_mangen::generate_to(Cli::command(), dir) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: writing manual pages to {}: {error}", dir.display());
            ExitCode::from(1)
        }
    }
}
