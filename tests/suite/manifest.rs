//! Manifests: what is right, what is wrong and what is said about it.
//!
//! Invariant: every fixture below `fixtures/manifests/` is read, by the reader
//! and by the schema; no database is there.

mod cases;
mod command;
mod mutations;
mod schema;

use std::fs;
use std::path::PathBuf;

/// The manifests of a folder, by name.
fn fixtures(folder: &str) -> Vec<(String, PathBuf)> {
    let folder = super::support::binary::fixture("manifests").join(folder);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .map(|path| (path.file_stem().expect("a name").to_string_lossy().into_owned(), path))
        .collect();
    files.sort();
    files
}
