//! The arguments of `seed schema learn`.
//!
//! Invariant: as in [`super`]: nothing here decides.

use super::DatabaseArgs;
use crate::seed::Channel;
use clap::{ArgGroup, Args, ValueHint};
use std::path::PathBuf;

/// Arguments of `seed schema learn`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("step").required(true).args(["begin", "end"]))]
pub struct SchemaLearnArgs {
    /// Look at the database before, and say what to do in Motion
    #[arg(long)]
    pub begin: bool,
    /// Look again, and propose a map from what has changed
    #[arg(long)]
    pub end: bool,
    /// After `--end`, once the profile was deleted in Motion: learn what a
    /// deletion does
    #[arg(long, requires = "end")]
    pub deleted: bool,
    /// A step that was left out, by its number: what discover concludes stands
    /// in its place; may be given several times
    #[arg(long, value_name = "STEP", requires = "end", conflicts_with = "deleted")]
    pub left_out: Vec<usize>,
    /// The agent to use; by default one who is not logged in
    #[arg(long, value_name = "USERNAME", requires = "begin")]
    pub agent: Option<String>,
    /// A queue to use, the first of a channel for the profile, the second for
    /// the agent; may be given several times
    #[arg(long, value_name = "CHANNEL=NAME", value_parser = queue, requires = "begin")]
    pub queue: Vec<(Channel, String)>,
    /// The file of the first look, for `--end`; by default the one in the
    /// state folder
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "end")]
    pub from: Option<PathBuf>,
    /// Write to FILE: with `--begin` the first look, by default in the state
    /// folder; with `--end` the proposal, which is printed otherwise
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub out: Option<PathBuf>,
    /// Replace the file where there is one
    #[arg(long)]
    pub force: bool,
    /// The database.
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// `CHANNEL=NAME`.
fn queue(text: &str) -> Result<(Channel, String), String> {
    let (channel, name) = text.split_once('=').ok_or("it takes CHANNEL=NAME")?;
    let channel = Channel::named(channel)
        .ok_or_else(|| format!("a channel is one of {}", Channel::NAMES.join(", ")))?;
    if name.is_empty() { Err("it takes CHANNEL=NAME".to_owned()) } else { Ok((channel, name.to_owned())) }
}
