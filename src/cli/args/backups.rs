//! What to do with backups.
//!
//! Invariant: as of the whole command line, nothing here decides.

use super::duration::parse_duration;
use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;
use std::time::Duration;

/// Arguments of `backups`.
#[derive(Debug, Clone, Args)]
pub struct BackupsArgs {
    /// What to do; to list them, by default.
    #[command(subcommand)]
    pub command: Option<BackupsCommand>,
}

impl BackupsArgs {
    /// What to do.
    pub fn command(&self) -> BackupsCommand {
        self.command.clone().unwrap_or(BackupsCommand::List)
    }
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
    /// Write what one holds into a folder, as plain files in their places
    Extract {
        /// Its name
        id: String,
        /// A folder that is made, or is empty
        #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
        dir: PathBuf,
    },
    /// Delete old ones; never the one that the newest run would need
    Prune {
        /// Keep this many of the newest
        #[arg(long, value_name = "N", required_unless_present = "older_than")]
        keep: Option<usize>,
        /// Delete only those older than this, such as 30d
        #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
        older_than: Option<Duration>,
        /// Show which would go, and delete nothing
        #[arg(long)]
        dry_run: bool,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}
