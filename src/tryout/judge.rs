//! What a file is that somebody wants to try, and who runs it.
//!
//! Invariant: from its bytes alone.

use crate::values::Hash;
use std::path::PathBuf;

/// A script, read once: what is judged, hashed and run is the same.
#[derive(Debug, Clone)]
pub struct Script {
    /// What it is called.
    pub name: String,
    /// The folder that it lies in; none for one that came by a pipe.
    pub folder: Option<PathBuf>,
    pub bytes: Vec<u8>,
    /// What runs it, with its own first arguments.
    pub interpreter: Vec<String>,
}

/// Why a file cannot be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotRunnable {
    /// Nothing in it.
    #[error("it is empty")]
    Empty,
    /// As a download that failed leaves it.
    #[error("it is a web page, not a script: the download went wrong")]
    Page,
    /// Compressed, or an archive.
    #[error("it is an archive: unpack it, and name the script in it")]
    Archive,
    /// Machine code.
    #[error("it is a program, not a script: what it does cannot be followed by its commands")]
    Program,
    /// Something else with zero bytes.
    #[error("it is no text")]
    Binary,
    /// No interpreter could be read.
    #[error("its first line names no interpreter")]
    NoInterpreter,
}

/// The beginnings of what is not text.
const MAGIC: [(&[u8], NotRunnable); 7] = [
    (b"\x7fELF", NotRunnable::Program),
    (b"\x1f\x8b", NotRunnable::Archive),
    (b"PK\x03\x04", NotRunnable::Archive),
    (b"\xfd7zXZ", NotRunnable::Archive),
    (b"BZh", NotRunnable::Archive),
    (b"\x28\xb5\x2f\xfd", NotRunnable::Archive),
    (b"MZ", NotRunnable::Program),
];

impl Script {
    /// Judges what was read.
    ///
    /// # Errors
    /// When nothing can run it.
    pub fn new(name: String, folder: Option<PathBuf>, bytes: Vec<u8>) -> Result<Self, NotRunnable> {
        let start = bytes.trim_ascii_start();
        if start.is_empty() {
            return Err(NotRunnable::Empty);
        }
        if let Some((_, why)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
            return Err(*why);
        }
        let head = start[..start.len().min(256)].to_ascii_lowercase();
        if [&b"<!doctype html"[..], b"<html", b"<?xml"].iter().any(|tag| head.starts_with(tag)) {
            return Err(NotRunnable::Page);
        }
        let interpreter = interpreter(&bytes)?;
        // A script may carry an archive behind its text, which no shell reads.
        if bytes.split(|&byte| byte == b'\n').next().is_some_and(|first| first.contains(&0)) {
            return Err(NotRunnable::Binary);
        }
        Ok(Self { name, folder, bytes, interpreter })
    }

    /// Of its bytes.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash::of(&self.bytes)
    }
}

/// What the first line says, as the kernel reads it: a program and at most one argument. Without one it is bash, which
/// is what people type.
fn interpreter(bytes: &[u8]) -> Result<Vec<String>, NotRunnable> {
    let Some(rest) = bytes.strip_prefix(b"#!") else { return Ok(vec!["/bin/bash".to_owned()]) };
    let line = rest.split(|&byte| byte == b'\n').next().unwrap_or_default();
    // The kernel takes the carriage return of a file from Windows for a part of the name, and starts nothing.
    let line = std::str::from_utf8(line).map_err(|_| NotRunnable::NoInterpreter)?.trim();
    let (program, argument) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    if !program.starts_with('/') {
        return Err(NotRunnable::NoInterpreter);
    }
    let words = [program, argument.trim()].into_iter().filter(|word| !word.is_empty());
    Ok(words.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_a_script_is_what_its_first_line_says() {
        let check = |text: &str, wanted: &[&str]| {
            let script = Script::new("x".to_owned(), None, text.as_bytes().to_vec()).unwrap();
            assert_eq!(script.interpreter, wanted, "{text:?}");
        };
        check("#!/bin/sh\n", &["/bin/sh"]);
        check("#! /usr/bin/env bash\r\necho", &["/usr/bin/env", "bash"]);
        check("#!/bin/bash -e -x\n", &["/bin/bash", "-e -x"]);
        check("echo no first line\n", &["/bin/bash"]);
        check("#!/bin/sh\nexit\n\0\0archive", &["/bin/sh"]);
    }

    #[test]
    fn what_is_no_script_is_told_apart() {
        let check = |bytes: &[u8], wanted| {
            let judged = Script::new("x".to_owned(), None, bytes.to_vec());
            assert_eq!(judged.map(drop), Err(wanted), "{bytes:?}");
        };
        check(b" \n", NotRunnable::Empty);
        check(b"\n<!DOCTYPE html><title>404", NotRunnable::Page);
        check(b"\x1f\x8b\x08", NotRunnable::Archive);
        check(b"\x7fELF\x02", NotRunnable::Program);
        check(b"a\0b", NotRunnable::Binary);
        check(b"#!bash\n", NotRunnable::NoInterpreter);
    }
}
