//! The command line as it is typed: names, values and their help.
//!
//! Invariant: nothing here decides; each field is one flag of the contract.

pub mod seed;

use crate::cli::explain::{accept_help, exit_codes_help};
use crate::inspect::ServerName;
use crate::outcome::codes::Family;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Moves an XCALLY Motion server's NGINX configuration to the new client,
/// with a backup, a validation, a proof and a way back.
#[derive(Debug, Parser)]
#[command(name = "motionctl", version, max_term_width = 100, after_help = exit_codes_help())]
pub struct Cli {
    /// What applies to every command.
    #[command(flatten, next_help_heading = "Global options")]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The reload and its proof lie within the time to confirm.
const SHORTEST_WINDOW: Duration = Duration::from_secs(10);

/// What applies to every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Work on the server tree below DIR instead of this server
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
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
    /// Is the route served? Did the configuration drift? Is a run unfinished?
    Status(StatusArgs),
    /// Keep the change that waits for its confirmation
    Confirm,
    /// Undo the newest applied run, or restore the backup named
    Rollback(RollbackArgs),
    /// Finish or undo an interrupted run
    Recover(RecoverArgs),
    /// Compare two configurations, files or trees, by directive
    Diff(DiffArgs),
    /// List, show, verify, compare and prune backups
    #[command(subcommand)]
    Backups(BackupsCommand),
    /// Agents, queues and profiles from a file, into Motion's database
    #[command(subcommand)]
    Seed(seed::SeedCommand),
    /// What a finding or an exit code means, how it was looked for, what to do
    Explain {
        /// A finding such as site.ambiguous, an area such as topology, or an exit code; lists all by default
        #[arg(value_name = "CODE")]
        what: Option<String>,
    },
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
    /// `--nginx` of the commands that have it.
    pub fn nginx(&self) -> Option<&Path> {
        let named = match self {
            Self::Check(args) => &args.site.nginx,
            Self::Plan(args) => &args.change.site.nginx,
            Self::Apply(args) => &args.change.site.nginx,
            Self::Rehearse(args) => &args.change.site.nginx,
            Self::Status(args) => &args.site.nginx,
            Self::Rollback(args) => &args.nginx,
            Self::Recover(args) => &args.nginx,
            _ => return None,
        };
        named.as_deref()
    }
}

/// Where Motion's site and the new client are, when they cannot be found.
#[derive(Debug, Clone, Default, Args)]
pub struct SiteArgs {
    /// Motion's NGINX file, when it cannot be found
    #[arg(long, value_name = "FILE")]
    pub site: Option<PathBuf>,
    /// Motion's server block, when several could be it; may be given again for each of Motion's
    #[arg(long, value_name = "NAME[:PORT]")]
    pub server: Vec<ServerName>,
    /// NGINX's program, when it is not the one on PATH; it must be root's alone all the same
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub nginx: Option<PathBuf>,
    /// Use the templates in DIR instead of the built-in ones
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub bundle: Option<PathBuf>,
    /// The new client's folder, when it cannot be found
    #[arg(long, value_name = "DIR", conflicts_with = "new_client_upstream")]
    pub new_client_root: Option<PathBuf>,
    /// The address that serves the new client, such as http://127.0.0.1:9001
    #[arg(long, value_name = "URL")]
    pub new_client_upstream: Option<String>,
    /// Findings that are accepted.
    #[arg(long, value_name = "CODE", value_delimiter = ',', help = accept_help(Family::Migration))]
    pub accept: Vec<String>,
    /// Validate after installing where the kernel refuses a sandbox
    #[arg(long)]
    pub no_sandbox: bool,
}

/// Which database is asked, and how.
#[derive(Debug, Clone, Default, Args)]
pub struct DatabaseArgs {
    /// The database: mysql://USER@HOST:PORT/SCHEMA, mysql:///SCHEMA?socket=PATH,
    /// sqlite:FILE or sqlite; by default the local server's socket, as root
    #[arg(long, value_name = "URL", conflicts_with = "no_db")]
    pub db: Option<String>,
    /// Ask no database
    #[arg(long)]
    pub no_db: bool,
    /// Read user, password and address from a file of MySQL's kind
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub defaults_file: Option<PathBuf>,
    /// The authority that signed the database server's certificate
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub db_ca: Option<PathBuf>,
    /// The schema map: which table and column holds what
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub map: Option<PathBuf>,
}

/// How the change is planned and made.
#[derive(Debug, Clone, Args)]
pub struct ChangeArgs {
    /// Where Motion's site and the new client are.
    #[command(flatten)]
    pub site: SiteArgs,
    /// merge: the vendor's changes into the live file; graft: the live file
    /// plus the missing routes; replace: the whole new file, local changes
    /// dropped and listed. By default merge where the live file descends from a
    /// known base, else graft
    #[arg(long, value_name = "STRATEGY")]
    pub strategy: Option<StrategyChoice>,
    /// The vendor's own new file, in the place of the built-in template
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub candidate: Option<PathBuf>,
    /// The file that the live one was made from
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub base: Option<PathBuf>,
    /// Move local locations into this file of your own, and include it
    #[arg(long, value_name = "FILE")]
    pub local_include: Option<PathBuf>,
    /// Decide a conflict by its path, or all below a block
    #[arg(long, value_name = "PATH=ours|theirs")]
    pub resolve: Vec<String>,
    /// How long a reload may take until it counts as failed, such as 30s
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub reload_timeout: Option<Duration>,
}

/// How the new configuration is made from the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StrategyChoice {
    /// The vendor's changes put into the live file.
    Merge,
    /// The live file plus the missing routes.
    Graft,
    /// The whole template.
    Replace,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Where Motion's site and the new client are.
    #[command(flatten)]
    pub site: SiteArgs,
    /// Which database is asked.
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// How the change is planned.
    #[command(flatten)]
    pub change: ChangeArgs,
    /// Which database is asked.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Save the plan for a later apply
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub out: Option<PathBuf>,
    /// Exit 2 when changes are pending
    #[arg(long)]
    pub detailed_exitcode: bool,
}

/// Arguments of `apply`.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// A plan saved by `plan --out`
    #[arg(value_name = "PLAN", value_hint = ValueHint::FilePath)]
    pub plan: Option<PathBuf>,
    /// How the change is planned and made.
    #[command(flatten)]
    pub change: ChangeArgs,
    /// Which database is asked.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Show the plan and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Wait up to this long until nobody is logged in, such as 30m
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub wait_idle: Option<Duration>,
    /// Undo the change unless `motionctl confirm` comes in time, such as 10m
    #[arg(long, value_name = "DURATION", value_parser = parse_window)]
    pub confirm_within: Option<Duration>,
}

/// Arguments of `rehearse`.
#[derive(Debug, Args)]
pub struct RehearseArgs {
    /// How the change is planned and made.
    #[command(flatten)]
    pub change: ChangeArgs,
    /// Requests of the load during the reload, at least
    #[arg(long, value_name = "N", default_value_t = 400)]
    pub load: u64,
    /// Keep the changed files and NGINX's logs, redacted, in DIR; also of a rehearsal that failed
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub keep: Option<PathBuf>,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Where Motion's site and the new client are.
    #[command(flatten)]
    pub site: SiteArgs,
    /// Which database is asked.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Exit 2 when the route is not known to be served, or the configuration has drifted
    #[arg(long)]
    pub detailed_exitcode: bool,
}

/// Arguments of `rollback`.
#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// The backup to restore; the newest applied run's by default
    pub backup: Option<String>,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// NGINX's program, when it is not the one on PATH; it must be root's alone all the same
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub nginx: Option<PathBuf>,
    /// Restore everything in the backup, not only what the run changed
    #[arg(long)]
    pub whole_tree: bool,
    /// Undo RUN if it still waits for its confirmation; what the timer runs
    #[arg(long, value_name = "RUN", conflicts_with_all = ["backup", "whole_tree"])]
    pub unconfirmed: Option<String>,
    /// Only warn whoever is logged in that RUN is about to be undone
    #[arg(long, requires = "unconfirmed")]
    pub warn: bool,
    /// How long a reload may take until it counts as failed, such as 30s
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub reload_timeout: Option<Duration>,
    /// Validate after restoring where the kernel refuses a sandbox
    #[arg(long)]
    pub no_sandbox: bool,
}

/// Arguments of `recover`.
#[derive(Debug, Args)]
pub struct RecoverArgs {
    /// Before NGINX starts: a change that waits for its confirmation is undone
    #[arg(long)]
    pub boot: bool,
    /// NGINX's program, when it is not the one on PATH; it must be root's alone all the same
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub nginx: Option<PathBuf>,
}

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// A configuration file, or a folder of them
    #[arg(value_hint = ValueHint::AnyPath)]
    pub old: PathBuf,
    /// What it is compared with
    #[arg(value_hint = ValueHint::AnyPath)]
    pub new: PathBuf,
    /// Compare line by line, changed words highlighted
    #[arg(long)]
    pub lines: bool,
    /// Show differences in comments and white space, too
    #[arg(long, conflicts_with = "lines")]
    pub all: bool,
}

/// What to do with backups.
#[derive(Debug, Clone, Subcommand)]
pub enum BackupsCommand {
    /// List them, newest first
    List,
    /// Show what one holds
    Show {
        /// Its name
        id: String,
    },
    /// Read every byte again and compare with the recorded hashes
    Verify {
        /// Its name; all by default
        id: Option<String>,
    },
    /// Compare one with another, or with the server as it is
    Diff {
        /// Its name
        id: String,
        /// The other's name; the server by default
        other: Option<String>,
    },
    /// Delete old ones; never the one that the newest run would need
    Prune {
        /// Keep this many of the newest
        #[arg(long, value_name = "N", required_unless_present = "older_than")]
        keep: Option<usize>,
        /// Delete only those older than this, such as 30d
        #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
        older_than: Option<Duration>,
    },
}

/// Reads `30s`, `10m`, `2h`, `30d` or a sum of them such as `1h30m`.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let span: jiff::SignedDuration = match text.strip_suffix('d').map(str::parse::<i64>) {
        Some(Ok(days)) => {
            let seconds = days.checked_mul(86_400).ok_or("this is longer than any clock runs")?;
            jiff::SignedDuration::from_secs(seconds)
        }
        _ => text.parse().map_err(|_| "expected a duration such as 30s, 10m or 30d".to_owned())?,
    };
    Duration::try_from(span).map_err(|_| "a duration cannot be negative".to_owned())
}

/// Reads how long a change may wait for its confirmation.
fn parse_window(text: &str) -> Result<Duration, String> {
    let window = parse_duration(text)?;
    if window < SHORTEST_WINDOW {
        return Err(format!("nobody can confirm within less than {} s", SHORTEST_WINDOW.as_secs()));
    }
    Ok(window)
}

#[cfg(test)]
mod tests {
    use super::*;
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

    #[test]
    fn durations_are_read_as_people_type_them() {
        let check = |text, seconds: Option<u64>| {
            assert_eq!(parse_duration(text).ok(), seconds.map(Duration::from_secs), "{text}");
        };
        check("30s", Some(30));
        check("10m", Some(600));
        check("1h30m", Some(5400));
        check("30d", Some(2_592_000));
        check("-5s", None);
        check("9223372036854775807d", None);
        check("soon", None);
        check("", None);
    }
}
