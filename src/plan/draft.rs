//! The configuration as it would be, in memory: files of the server with some
//! of them changed.
//!
//! Invariant: what is not changed is what was read, byte for byte; nothing is
//! read again.

use super::PlanError;
use nginx_config::{Changed, Config};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// New bytes by the identity of their file.
pub type Draft = BTreeMap<PathBuf, Vec<u8>>;

/// Loads the configuration with the draft's files in place.
pub fn staged(config: &Config, draft: &Draft) -> Result<Config, PlanError> {
    let main = &config.file(config.main()).path;
    Config::load(main, config.prefix(), &Changed::new(config, draft))
        .map_err(|error| PlanError::Unloadable(error.to_string()))
}
