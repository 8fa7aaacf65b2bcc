//! What `report` takes.
//!
//! Invariant: as of the whole command line, nothing here decides.

use super::{DatabaseArgs, SiteArgs};
use clap::{Args, ValueHint};
use std::path::PathBuf;

/// Arguments of `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Where Motion's site and the new client are.
    #[command(flatten)]
    pub site: SiteArgs,
    /// Which database is asked.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Write one page of HTML to FILE, which needs nothing beside itself
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub out: Option<PathBuf>,
    /// Write an archive to FILE, such as report.tar.gz
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub archive: Option<PathBuf>,
}
