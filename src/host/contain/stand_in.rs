//! Owns what a stand-in does inside: runs the real command, hands out files. Invariant: called by the program, with its
//! rights and no others. Must not decide anything.

use super::{GROUND, TREE};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Whether the real command is there, in whose place a stand-in is.
#[must_use]
pub fn is_there(command: &str) -> bool {
    real(command).exists()
}

fn real(command: &str) -> PathBuf {
    Path::new(GROUND).join("real").join(command)
}

/// Whether the copy is one of a tree: what is not there may be there on its server.
#[must_use]
pub fn is_of_a_tree() -> bool {
    Path::new(GROUND).join(TREE).exists()
}

/// Which program of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The one in whose place the stand-in is.
    Real,
    /// The one that PATH has, which may be a stand-in.
    OnPath,
}

/// Runs a command to its end with our input and output. Returns its exit code, 127 where there is none.
#[must_use]
pub fn execute(which: Which, command: &str, arguments: &[String], environment: &[(&str, &str)]) -> i32 {
    let program = if which == Which::Real { real(command) } else { PathBuf::from(command) };
    let mut run = Command::new(program);
    run.arg0(command).args(arguments).envs(environment.iter().copied());
    match run.status() {
        Ok(status) => status.code().unwrap_or(128),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => 127,
        Err(_) => 126,
    }
}

/// The files that may be handed out, below their folder.
fn file(name: &str) -> PathBuf {
    Path::new(GROUND).join("files").join(name)
}

/// Which of these is a file that may be handed out: the first.
#[must_use]
pub fn list(names: &[String]) -> Option<String> {
    names.iter().find(|name| fs::symlink_metadata(file(name)).is_ok_and(|found| found.is_file())).cloned()
}

/// Copies one of them to where the program wants it.
///
/// # Errors
/// What the system says.
pub fn copy_to(name: &str, target: &Path) -> io::Result<u64> {
    let mut from = File::open(file(name))?;
    io::copy(&mut from, &mut File::create(target)?)
}

/// Prints one of them.
///
/// # Errors
/// What the system says.
pub fn stream(name: &str, to: &mut dyn Write) -> io::Result<u64> {
    io::copy(&mut File::open(file(name))?, to)
}
