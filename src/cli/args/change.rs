//! Commands that plan, make or undo a change.
//!
//! Invariant: as of the whole command line, nothing here decides.

use super::duration::{parse_duration, parse_window};
use super::{DatabaseArgs, NginxArgs, SiteArgs};
use crate::prepare::Extent;
use clap::{Args, ValueEnum, ValueHint};
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;

/// How the change is planned and made.
#[derive(Debug, Clone, Default, Args)]
pub struct ChangeArgs {
    /// Where Motion's site and the new client are.
    #[command(flatten)]
    pub site: SiteArgs,
    /// merge: the vendor's changes into the live file; graft: the live file
    /// plus the missing routes; replace: the whole new file, local changes
    /// dropped and listed. By default merge where it is known what the live file
    /// descends from, else graft
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
    /// Bring back what the live file lost against this old copy of it: a file, a folder, or an archive of one
    #[arg(long, value_name = "OLD", value_hint = ValueHint::AnyPath, conflicts_with = "candidate")]
    pub carry: Option<PathBuf>,
    /// Take what is only offered, by its path, or all below a block; may be given again
    #[arg(long, value_name = "PATH")]
    pub take: Vec<String>,
    /// Decide conflicts as on other servers, by FILE; plan adds what --resolve decides
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub resolve_file: Option<PathBuf>,
    /// How long a reload may take until it counts as failed, such as 30s
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub reload_timeout: Option<Duration>,
}

/// How the new configuration is made from the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StrategyChoice {
    /// The vendor's changes put into the live file.
    Merge,
    /// The live file plus the missing routes.
    Graft,
    /// The whole template.
    Replace,
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
    /// Write what is shown, and more, as one page of HTML to FILE
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub html: Option<PathBuf>,
    /// Exit 2 when changes are pending
    #[arg(long)]
    pub detailed_exitcode: bool,
}

/// Arguments of `apply`.
#[derive(Debug, Default, Args)]
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
    /// With --dry-run: exit 2 when there is something to change; 3 when it would be refused
    #[arg(long, requires = "dry_run")]
    pub detailed_exitcode: bool,
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
#[derive(Debug, Default, Args)]
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
    /// Write what is shown, and more, as one page of HTML to FILE
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub html: Option<PathBuf>,
}

/// Arguments of `rollback`.
#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// The backup to restore; the newest applied run's by default
    pub backup: Option<String>,
    /// Which database is asked who is logged in.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Which NGINX is this server's.
    #[command(flatten)]
    pub nginx: NginxArgs,
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

impl RollbackArgs {
    /// How much of the backup goes back.
    pub fn extent(&self) -> Extent {
        if self.whole_tree { Extent::WholeTree } else { Extent::Run }
    }
}

/// Arguments of `recover`.
#[derive(Debug, Args)]
pub struct RecoverArgs {
    /// Before NGINX starts: a change that waits for its confirmation is undone
    #[arg(long)]
    pub boot: bool,
    /// Which NGINX is this server's.
    #[command(flatten)]
    pub nginx: NginxArgs,
}
