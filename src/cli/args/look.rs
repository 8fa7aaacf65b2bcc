//! Commands that only look.
//!
//! Invariant: as of the whole command line, nothing here decides.

use super::{DatabaseArgs, SiteArgs};
use clap::{Args, ValueHint};
use std::path::PathBuf;

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
    /// Answer as monitoring plugins do: one line, exit 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN
    #[arg(long, conflicts_with = "detailed_exitcode")]
    pub check: bool,
    /// Write figures for Prometheus to FILE, for the textfile collector of node_exporter
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub textfile: Option<PathBuf>,
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
