//! What a person names to be compared: a file, a whole configuration, an archive of one, or a
//! folder of files.
//!
//! Invariant: keys and lists of passwords that lie beside configurations are not read as one.

use crate::cli::files::read_config;
use crate::cli::tree::{self, Use};
use crate::host::{Root, archive};
use crate::inspect::{Holds, holds, load_folder, load_server};
use crate::outcome::{Failure, FailureKind};
use nginx_config::{Config, ConfigError, SyntaxError, Tree};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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
            return server(path);
        }
        let bytes = read_config(path).map_err(|error| unreadable(&error))?;
        return Ok(Operand::Tree(parse(path, bytes)?));
    }
    let root = Root::at(path).map_err(|error| unreadable(&error))?.in_parts();
    match holds(&root) {
        Holds::Server => server(path),
        Holds::Configuration => whole(path, load_folder(&root)),
        Holds::Files => files(path),
    }
}

/// A server's tree, or an archive of one.
fn server(path: &Path) -> Result<Operand, Failure> {
    let tree = tree::open(path, Use::Looks)?;
    whole(path, load_server(&tree.root))
}

fn whole(path: &Path, loaded: Result<Config, ConfigError>) -> Result<Operand, Failure> {
    loaded.map(Operand::Config).map_err(|error| {
        let text = nginx_config::redact_text(&error.to_string());
        Failure::new(FailureKind::Invalid, format!("reading {}: {text}", path.display()))
    })
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
