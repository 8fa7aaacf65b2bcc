//! What each command is called in its answer.
//!
//! Invariant: a name is a person's words: what was typed, without its options.

use super::seed;
use crate::cli::args::{BackupsCommand, BaseCommand, Command, LocalCommand};

/// A command's name in the answer.
pub fn name(command: &Command) -> &'static str {
    match command {
        Command::Check(_) => "check",
        Command::Plan(_) => "plan",
        Command::Apply(_) => "apply",
        Command::Rehearse(_) => "rehearse",
        Command::Try(_) => "try",
        Command::Status(_) => "status",
        Command::Report(_) => "report",
        Command::Collect(_) => "collect",
        Command::Routes(_) => "routes",
        Command::Watch(_) => "watch",
        Command::InstallUnit(_) => "install-unit",
        Command::Rollback(_) => "rollback",
        Command::Confirm => "confirm",
        Command::Recover(_) => "recover",
        Command::Diff(_) => "diff",
        Command::History => "history",
        Command::Backups(args) => name_of_backups(&args.command()),
        Command::Base(BaseCommand::Learn(_)) => "base learn",
        Command::Local(LocalCommand::List) => "local list",
        Command::Local(LocalCommand::Show { .. }) => "local show",
        Command::Local(LocalCommand::Drop { .. }) => "local drop",
        Command::Local(LocalCommand::Add { .. }) => "local add",
        Command::RestoreVendor(_) => "restore-vendor",
        Command::Seed(command) => seed::name(command),
        Command::Explain { .. } => "explain",
        Command::Version => "version",
        Command::Completions { .. } => "completions",
        Command::Man { .. } => "man",
        Command::SandboxChild => "sandbox-child",
    }
}

/// The same of what is below `backups`.
pub fn name_of_backups(command: &BackupsCommand) -> &'static str {
    match command {
        BackupsCommand::List => "backups list",
        BackupsCommand::Show { .. } => "backups show",
        BackupsCommand::Verify { .. } => "backups verify",
        BackupsCommand::Diff { .. } => "backups diff",
        BackupsCommand::Extract { .. } => "backups extract",
        BackupsCommand::Prune { .. } => "backups prune",
    }
}
