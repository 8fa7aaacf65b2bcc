//! What a person names to be compared: a file, a whole configuration, an archive of one, or a
//! folder of files.
//!
//! Invariant: includes are followed inside the operand only; a copy of
//! `/etc/nginx` means its own files, never this server's.

use crate::cli::files::read_config;
use crate::cli::tree::{self, Use};
use crate::host::{Root, archive};
use crate::inspect::{RootReader, main_files};
use crate::outcome::{Failure, FailureKind};
use nginx_config::{Config, ConfigError, Reader, SyntaxError, Tree};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// Where a configuration folder lies on a server.
const CONF_FOLDER: &str = "/etc/nginx";
/// The main file in it.
const MAIN_FILE: &str = "nginx.conf";

/// Something that can be compared.
pub enum Operand {
    Tree(Tree),
    /// A main file with its includes.
    Config(Config),
    /// Files without a main file, by their names.
    Files(BTreeMap<PathBuf, Tree>, Tree),
}

impl Operand {
    /// The names of its files.
    pub fn names(&self) -> impl Iterator<Item = &Path> {
        let files = match self {
            Self::Files(files, _) => Some(files.keys().map(PathBuf::as_path)),
            Self::Tree(_) | Self::Config(_) => None,
        };
        files.into_iter().flatten()
    }

    /// One of its files; an empty one where it has none of that name.
    pub fn file(&self, name: &Path) -> &Tree {
        match self {
            Self::Files(files, empty) => files.get(name).unwrap_or(empty),
            Self::Tree(tree) => tree,
            Self::Config(config) => &config.file(config.main()).tree,
        }
    }
}

/// Opens what is named.
pub fn open(path: &Path) -> Result<Operand, Failure> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::new(FailureKind::Unavailable, format!("reading {}: {error}", path.display()))
    };
    if !std::fs::metadata(path).map_err(|error| unreadable(&error))?.is_dir() {
        if archive::is_archive(path).map_err(|error| unreadable(&error))? {
            return server(path, &tree::open(path, Use::Looks)?.root);
        }
        let bytes = read_config(path).map_err(|error| unreadable(&error))?;
        return Ok(Operand::Tree(parse(path, bytes)?));
    }
    let root = Root::at(path).map_err(|error| unreadable(&error))?.in_parts();
    let is_there = |file: &Path| root.metadata(file).is_ok();
    if is_there(&Path::new("/nginx").join(MAIN_FILE)) || main_files().any(is_there) {
        return server(path, &tree::open(path, Use::Looks)?.root);
    }
    if is_there(&Path::new("/").join(MAIN_FILE)) {
        let main = Path::new(CONF_FOLDER).join(MAIN_FILE);
        let reader = FolderReader { below: RootReader::new(&root) };
        let loaded = Config::load(&main, Path::new(CONF_FOLDER), &reader);
        return loaded.map(Operand::Config).map_err(|error| unloadable(path, &error));
    }
    files(path)
}

/// The configuration of a server's tree.
fn server(path: &Path, root: &Root) -> Result<Operand, Failure> {
    let main = main_files().find(|main| root.metadata(main).is_ok()).unwrap_or(Path::new(MAIN_FILE));
    let prefix = main.parent().unwrap_or(Path::new(CONF_FOLDER));
    let loaded = Config::load(main, prefix, &RootReader::new(root));
    loaded.map(Operand::Config).map_err(|error| unloadable(path, &error))
}

fn unloadable(path: &Path, error: &ConfigError) -> Failure {
    let text = nginx_config::redact_text(&error.to_string());
    Failure::new(FailureKind::Invalid, format!("reading {}: {text}", path.display()))
}

fn files(path: &Path) -> Result<Operand, Failure> {
    let mut files = BTreeMap::new();
    for name in super::lines::list(path)? {
        let file = path.join(&name);
        // Keys and lists of passwords lie beside configurations, and dumps that are too large to be one.
        let is_named = file.extension().is_some_and(|extension| extension == "conf");
        if !is_named && super::lines::is_too_large(&file) {
            continue;
        }
        let bytes = read_config(&file).map_err(|error| {
            Failure::new(FailureKind::Unavailable, format!("reading {}: {error}", file.display()))
        })?;
        match Tree::parse(bytes) {
            Ok(tree) => drop(files.insert(name, tree)),
            Err(error) if is_named => return Err(unparsable(&file, &error)),
            Err(_) => {}
        }
    }
    Ok(Operand::Files(files, parse(path, Vec::new())?))
}

fn parse(path: &Path, bytes: Vec<u8>) -> Result<Tree, Failure> {
    Tree::parse(bytes).map_err(|error| unparsable(path, &error))
}

fn unparsable(path: &Path, error: &SyntaxError) -> Failure {
    Failure::new(FailureKind::Invalid, format!("reading {}: {error}", path.display()))
}

/// A copy of the configuration folder, which names itself by its place on the
/// server.
pub struct FolderReader<'a> {
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
