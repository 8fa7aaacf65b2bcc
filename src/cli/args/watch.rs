//! Looking after a server: what the units run, and the units themselves.
//!
//! Invariant: as of the whole command line, nothing here decides.

use super::SiteArgs;
use super::duration::{parse_duration, parse_window};
use clap::{Args, ValueEnum, ValueHint};
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;

/// Arguments of `watch`.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// Where Motion's site and the new client are.
    #[command(flatten)]
    pub site: SiteArgs,
    /// tell: only say that an update overwrote the file; apply: rehearse what brings back
    /// what is gone, and apply it to be confirmed; tell by default
    #[arg(long, value_name = "HOW")]
    pub heal: Option<HealChoice>,
    /// Undo what was healed unless `motionctl confirm` comes in time; 1h by default
    #[arg(long, value_name = "DURATION", value_parser = parse_window)]
    pub confirm_within: Option<Duration>,
    /// How long the files must stay as they are before they are judged; 5s by default
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub settle: Option<Duration>,
    /// Write figures for Prometheus to FILE, for the textfile collector of node_exporter
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub textfile: Option<PathBuf>,
}

/// What is done about a file that an update overwrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HealChoice {
    /// Say so.
    Tell,
    /// Set it right, to be confirmed.
    Apply,
}

/// Arguments of `install-unit`.
#[derive(Debug, Args)]
pub struct InstallUnitArgs {
    /// Where Motion's site is.
    #[command(flatten)]
    pub site: SiteArgs,
    /// The units that look after Motion's file, in the place of the boot unit
    #[arg(long)]
    pub watch: bool,
    /// Write the units and enable nothing, such as for an image that others start
    #[arg(long)]
    pub no_enable: bool,
}
