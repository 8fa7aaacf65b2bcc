//! What `collect` takes.
//!
//! Invariant: as of the whole command line, nothing here decides.

use super::{DatabaseArgs, SiteArgs};
use clap::{Args, ValueHint};
use std::path::PathBuf;

/// Arguments of `collect`.
#[derive(Debug, Args)]
pub struct CollectArgs {
    /// The archive to write, such as server.tar.gz
    #[arg(value_name = "FILE.tar.gz", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// Show what would be in it, and write nothing
    #[arg(long)]
    pub list: bool,
    /// Where Motion's site and the new client are.
    #[command(flatten)]
    pub site: SiteArgs,
    /// Which database is asked.
    #[command(flatten)]
    pub database: DatabaseArgs,
}
