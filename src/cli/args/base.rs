//! The vendor's text as many servers share it.
//!
//! Invariant: as of the whole command line, nothing here decides.

use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;

/// What to do with bases.
#[derive(Debug, Subcommand)]
pub enum BaseCommand {
    /// Find the vendor's text in many servers' files, for --base
    Learn(LearnArgs),
}

/// Arguments of `base learn`.
#[derive(Debug, Args)]
pub struct LearnArgs {
    /// One server each: a copy of its tree, of /etc/nginx, an archive of either, or Motion's file
    #[arg(value_name = "TREE|ARCHIVE|FILE", required = true, value_hint = ValueHint::AnyPath)]
    pub servers: Vec<PathBuf>,
    /// Write the base to FILE
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub out: Option<PathBuf>,
    /// How many servers of a hundred have to share what is the vendor's, from 51 to 100
    #[arg(long, value_name = "PERCENT", default_value_t = 80, value_parser = clap::value_parser!(u8).range(51..=100))]
    pub share: u8,
    /// Motion's NGINX file in each tree, such as /etc/nginx/conf.d/motion.conf
    #[arg(long, value_name = "FILE")]
    pub site: Option<PathBuf>,
    /// Replace FILE if it is there
    #[arg(long)]
    pub force: bool,
}
