//! The configuration as it would be, in memory: files of the server with some
//! of them changed.
//!
//! Invariant: what is not changed is what was read, byte for byte; nothing is
//! read again.

use super::PlanError;
use crate::nginx::{Config, Reader};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// New bytes by the identity of their file.
pub type Draft = BTreeMap<PathBuf, Vec<u8>>;

/// Loads the configuration with the draft's files in place.
pub fn staged(config: &Config, draft: &Draft) -> Result<Config, PlanError> {
    let main = &config.file(config.main()).path;
    Config::load(main, config.prefix(), &Drafted { config, draft })
        .map_err(|error| PlanError::Unloadable(error.to_string()))
}

struct Drafted<'a> {
    config: &'a Config,
    draft: &'a Draft,
}

impl Drafted<'_> {
    fn known(&self, path: &Path) -> io::Result<&crate::nginx::File> {
        let found = self.config.files().find(|(_, file)| file.path == path || file.identity == path);
        found.map(|(_, file)| file).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

impl Reader for Drafted<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if let Some(bytes) = self.draft.get(&self.identity(path)?) {
            return Ok(bytes.clone());
        }
        Ok(self.known(path)?.tree.source().to_vec())
    }

    fn glob(&self, pattern: &Path) -> io::Result<Vec<PathBuf>> {
        let pattern = glob::Pattern::new(&pattern.to_string_lossy()).map_err(io::Error::other)?;
        let options = glob::MatchOptions {
            case_sensitive: true,
            require_literal_separator: true,
            require_literal_leading_dot: true,
        };
        let known = self.config.files().map(|(_, file)| file.path.clone());
        let drafted = self.draft.keys().cloned();
        let mut found: Vec<_> =
            known.chain(drafted).filter(|path| pattern.matches_path_with(path, options)).collect();
        found.sort();
        found.dedup();
        Ok(found)
    }

    fn identity(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(self.known(path).map_or_else(|_| path.to_owned(), |file| file.identity.clone()))
    }
}
