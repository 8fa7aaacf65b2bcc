//! How motionctl is built and handed on: which programs the check of symbols lets pass, which Rust is taken, what is
//! installed.
//!
//! Invariant: nothing is installed on this machine; each test has folders and programs of its own.

mod commit;
mod rust;
mod symbols;
mod tools;
mod version;

use crate::support::binary::write_program;
use std::path::{Path, PathBuf};
use std::process::Output;

/// A file of this project.
fn ours(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Puts a shell script there, for everybody to run.
fn script(path: &Path, text: &str) {
    write_program(path, format!("#!/bin/sh\n{text}\n"));
}

/// The exit code, and what was said on both streams.
fn answer(output: &Output) -> (i32, String) {
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.code().expect("no signal"), String::from_utf8_lossy(&said).into_owned())
}
