//! How motionctl is built and handed on: which programs the check of symbols lets pass, which Rust is taken, what is
//! installed.
//!
//! Invariant: nothing is installed on this machine; each test has folders and programs of its own.

mod commit;
mod rust;
mod symbols;
mod tools;
mod version;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

/// A file of this project.
fn ours(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Puts a shell script there, for everybody to run.
fn script(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
    fs::write(path, format!("#!/bin/sh\n{text}\n")).expect("the script is written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it can be run");
}

/// The exit code, and what was said on both streams.
fn answer(output: &Output) -> (i32, String) {
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.code().expect("no signal"), String::from_utf8_lossy(&said).into_owned())
}
