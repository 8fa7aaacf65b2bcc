//! A copy of `/etc/nginx` that names itself by its place on the server, and what else a folder may be.
//!
//! Invariant: includes are followed inside the folder only; a copy of `/etc/nginx` means its own files, never this
//! server's.

use super::copies::main_files;
use super::reader::RootReader;
use crate::host::Root;
use nginx_config::{Config, ConfigError, Reader};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// Where a configuration folder lies on a server.
pub(super) const CONF_FOLDER: &str = "/etc/nginx";
/// The main file in it.
const MAIN_FILE: &str = "nginx.conf";

/// What a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// A server's tree, or the upper part of one.
    Server,
    /// What lies in `/etc/nginx`.
    Configuration,
    /// Files without a main file.
    Files,
}

/// Looks what a folder is.
#[must_use]
pub fn holds(root: &Root) -> Holds {
    let is_there = |file: &Path| root.metadata(file).is_ok();
    if is_there(&Path::new("/nginx").join(MAIN_FILE)) || main_files().any(is_there) {
        return Holds::Server;
    }
    if is_there(&Path::new("/").join(MAIN_FILE)) { Holds::Configuration } else { Holds::Files }
}

/// The configuration of a server's tree.
///
/// # Errors
/// When it cannot be read.
pub fn load_server(root: &Root) -> Result<Config, ConfigError> {
    let main = main_files().find(|main| root.metadata(main).is_ok()).unwrap_or(Path::new(MAIN_FILE));
    let prefix = main.parent().unwrap_or(Path::new(CONF_FOLDER));
    Config::load(main, prefix, &RootReader::new(root))
}

/// The configuration of a copy of `/etc/nginx`.
///
/// # Errors
/// When it cannot be read.
pub fn load_folder(root: &Root) -> Result<Config, ConfigError> {
    let main = Path::new(CONF_FOLDER).join(MAIN_FILE);
    Config::load(&main, Path::new(CONF_FOLDER), &FolderReader { below: RootReader::new(root) })
}

/// Reads such a copy.
pub(super) struct FolderReader<'a> {
    pub below: RootReader<'a>,
}

fn inside(path: &Path) -> io::Result<PathBuf> {
    let rest = path.strip_prefix(CONF_FOLDER).map_err(|_| {
        io::Error::new(io::ErrorKind::NotFound, format!("it lies outside of the copied {CONF_FOLDER}"))
    })?;
    Ok(Path::new("/").join(rest))
}

impl Reader for FolderReader<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.below.read(&inside(path)?)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        self.below.list(&inside(folder)?)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        // What lies outside is not in the copy.
        inside(path).map_or(Ok(false), |path| self.below.exists(&path))
    }

    fn identity(&self, path: &Path) -> io::Result<PathBuf> {
        let found = self.below.identity(&inside(path)?)?;
        Ok(Path::new(CONF_FOLDER).join(found.strip_prefix("/").unwrap_or(&found)))
    }
}
