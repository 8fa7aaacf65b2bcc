//! The command line as it is typed: names, values and their help.
//!
//! Invariant: nothing here decides; each field is one flag of the contract.

mod backups;
mod base;
mod change;
mod collect;
mod duration;
pub mod learn;
mod local;
mod look;
mod report;
mod routes;
pub mod seed;
mod target;
mod tryout;
mod watch;

pub use backups::{BackupsArgs, BackupsCommand};
pub use base::{BaseCommand, LearnArgs};
pub use change::{ApplyArgs, ChangeArgs, PlanArgs, RecoverArgs, RehearseArgs, RollbackArgs, StrategyChoice};
pub use collect::CollectArgs;
pub use duration::{parse_duration, parse_window};
pub use local::{LocalCommand, RestoreVendorArgs};
pub use look::{CheckArgs, DiffArgs, StatusArgs};
pub use report::ReportArgs;
pub use routes::RoutesArgs;
pub use target::{DatabaseArgs, NginxArgs, SiteArgs};
pub use tryout::TryArgs;
pub use watch::{HealChoice, InstallUnitArgs, WatchArgs};

use crate::cli::explain::exit_codes_help;
use crate::cli::version::line;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;

/// Moves an XCALLY Motion server's NGINX configuration to the new client,
/// with a backup, a validation, a proof and a way back.
#[derive(Debug, Parser)]
#[command(name = "motionctl", version = line(), max_term_width = 100, after_help = exit_codes_help())]
pub struct Cli {
    /// What applies to every command.
    #[command(flatten, next_help_heading = "Global options")]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What applies to every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Work on the server tree below DIR instead of this server; what only looks takes an archive of one, too
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::AnyPath)]
    pub root: Option<PathBuf>,
    /// Read settings from FILE instead of /etc/motionctl/config.toml
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Answer with exactly one JSON document on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// When to use colour; NO_COLOR is honoured
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
    /// Say less: only failures, stops and results
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more; twice for every detail
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Never ask, also on a terminal
    #[arg(long, global = true)]
    pub no_input: bool,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Is this server ready? Facts and findings; nothing is written
    Check(CheckArgs),
    /// What would change: findings, steps and diff; nothing is written
    Plan(PlanArgs),
    /// Make the change: back up, validate, swap, reload, prove, or roll back
    Apply(ApplyArgs),
    /// Make and undo the change on a private copy of this server
    Rehearse(RehearseArgs),
    /// Run another's script, such as the vendor's, in a private copy of this server, and show what it would do
    Try(TryArgs),
    /// Is the route served? Did the configuration drift? Is a run unfinished?
    Status(StatusArgs),
    /// For support staff: all that is known of this server, redacted, as a page or an archive
    Report(ReportArgs),
    /// What support needs from this server, in one archive without its secrets
    Collect(CollectArgs),
    /// Which block answers which URI, server block by server block; nothing is written
    Routes(RoutesArgs),
    /// Look after the server: what the units motionctl-watch run
    Watch(WatchArgs),
    /// Keep the change that waits for its confirmation
    Confirm,
    /// Undo the newest applied run, or restore the backup named
    Rollback(RollbackArgs),
    /// Finish or undo an interrupted run
    Recover(RecoverArgs),
    /// Compare two configurations, files or trees, by directive
    Diff(DiffArgs),
    /// What earlier runs did: when, who, how each ended, what can be undone
    History,
    /// List, show, verify, compare, extract and prune backups; alone it lists them
    Backups(BackupsArgs),
    /// The vendor's text as many servers share it
    #[command(subcommand)]
    Base(BaseCommand),
    /// The record of local changes: list, show, drop and add
    #[command(subcommand)]
    Local(LocalCommand),
    /// Put exactly the vendor's text in the place of Motion's file; local changes are kept aside
    RestoreVendor(RestoreVendorArgs),
    /// Agents, queues and profiles from a file, into Motion's database
    #[command(subcommand)]
    Seed(seed::SeedCommand),
    /// Which build this is, and which formats it writes and reads
    Version,
    /// What a finding or an exit code means, how it was looked for, what to do
    Explain {
        /// A finding such as site.ambiguous, an area such as topology, or an exit code; lists all by default
        #[arg(value_name = "CODE")]
        what: Option<String>,
    },
    /// Write and enable the units for systemd: what sets an interrupted change right before NGINX starts
    InstallUnit(InstallUnitArgs),
    /// Print the completion script of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a folder
    Man {
        /// The folder, which must exist
        #[arg(value_hint = ValueHint::DirPath)]
        dir: PathBuf,
    },
    /// The child's side of the sandbox; motionctl starts it by itself
    #[command(hide = true, name = "sandbox-child")]
    SandboxChild,
}

impl Command {
    /// What the operator says of NGINX, of the commands that ask.
    pub fn nginx(&self) -> Option<&NginxArgs> {
        Some(match self {
            Self::Check(args) => &args.site.nginx,
            Self::Plan(args) => &args.change.site.nginx,
            Self::Apply(args) => &args.change.site.nginx,
            Self::Rehearse(args) => &args.change.site.nginx,
            Self::Try(args) => &args.change.site.nginx,
            Self::Status(args) => &args.site.nginx,
            Self::Report(args) => &args.site.nginx,
            Self::Collect(args) => &args.site.nginx,
            Self::Routes(args) => &args.nginx,
            Self::Watch(args) => &args.site.nginx,
            Self::InstallUnit(args) => &args.site.nginx,
            Self::Rollback(args) => &args.nginx,
            Self::Recover(args) => &args.nginx,
            Self::RestoreVendor(args) => &args.nginx,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::codes::Family;
    use clap::CommandFactory;
    use std::collections::BTreeSet;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_commands_that_take_accept_are_those_that_the_table_names() {
        fn with_accept(command: &clap::Command, path: &str, found: &mut BTreeSet<String>) {
            for child in command.get_subcommands() {
                let path = format!("{path} {}", child.get_name());
                if child.get_arguments().any(|argument| argument.get_long() == Some("accept")) {
                    found.insert(path.trim_start().to_owned());
                }
                with_accept(child, &path, found);
            }
        }
        let mut found = BTreeSet::new();
        with_accept(&Cli::command(), "", &mut found);
        let named = [Family::Migration, Family::Seed].into_iter().flat_map(Family::commands);
        assert_eq!(found, named.map(|name| (*name).to_owned()).collect());
    }
}
