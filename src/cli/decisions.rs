//! `--resolve-file`: decisions about conflicts that serve a whole fleet.
//!
//! Invariant: a file that is named is read, or the run ends; only `plan` writes one, and only what a person decided by
//! its path.

use super::args::ChangeArgs;
use super::files::{IfExists, read_input, write_out};
use crate::outcome::{Failure, FailureKind};
use crate::plan::{Decisions, Migration};
use nginx_config::merge::Resolutions;
use std::path::{Path, PathBuf};

/// Reads the file. One that is not there is empty where `--resolve` is given to fill it.
pub fn read(file: &Path, change: &ChangeArgs) -> Result<Decisions, Failure> {
    if !change.resolve.is_empty() && is_missing(file) {
        return Ok(Decisions::default());
    }
    let input = read_input(file)?;
    Decisions::parse(&input.bytes).map_err(|error| {
        Failure::new(FailureKind::Invalid, format!("reading the decisions of {}: {error}", file.display()))
    })
}

fn is_missing(file: &Path) -> bool {
    std::fs::symlink_metadata(file).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

/// Adds what `--resolve` decided, and says how many decisions are new; `None` without a file or a decision.
pub fn keep(
    change: &ChangeArgs,
    migration: &Migration,
    resolutions: &Resolutions,
) -> Result<Option<usize>, Failure> {
    let Some(file) = change.resolve_file.as_deref().filter(|_| !change.resolve.is_empty()) else {
        return Ok(None);
    };
    let mut decisions = read(file, change)?;
    let count = decisions.add(&migration.resolved, resolutions);
    if count > 0 {
        let named = [&change.candidate, &change.base].into_iter().flatten();
        let read: Vec<&Path> = named.map(PathBuf::as_path).collect();
        write_out(file, decisions.to_toml().as_bytes(), IfExists::Replace, &read)?;
    }
    Ok(Some(count))
}
