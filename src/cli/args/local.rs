//! Local changes: the record of them, and the vendor's own text.
//!
//! Invariant: as of the whole command line, nothing here decides.

use super::NginxArgs;
use super::duration::parse_duration;
use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;
use std::time::Duration;

/// What to do with the record of local changes.
#[derive(Debug, Clone, Subcommand)]
pub enum LocalCommand {
    /// List them: what each is, where it came from, whether it stands in the file now
    List,
    /// Show what they change, or one of them
    Show {
        /// Its number or path; all by default
        what: Option<String>,
    },
    /// Forget changes: they are not brought back any more; the file itself is not touched
    Drop {
        /// Their numbers or paths, or a block
        #[arg(value_name = "WHAT", required = true)]
        what: Vec<String>,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Keep what was edited by hand since the last change, or what another file has
    Add {
        /// Paths of what is to be kept; everything by default
        #[arg(value_name = "PATH")]
        paths: Vec<String>,
        /// Take it from FILE instead of the file that is there
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        from: Option<PathBuf>,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}

/// Arguments of `restore-vendor`.
#[derive(Debug, Args)]
pub struct RestoreVendorArgs {
    /// The vendor's text, where it is not known from the last change
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub base: Option<PathBuf>,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Which NGINX is this server's.
    #[command(flatten)]
    pub nginx: NginxArgs,
    /// How long a reload may take until it counts as failed, such as 30s
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub reload_timeout: Option<Duration>,
    /// Validate after restoring where the kernel refuses a sandbox
    #[arg(long)]
    pub no_sandbox: bool,
}
