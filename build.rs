//! Tells the program which commit it is built from, for which target and by which compiler.
//!
//! Invariant: what is not known is left out and never guessed. A debug build does not ask git: else every commit would
//! compile everything again.

#![expect(clippy::disallowed_methods, reason = "a build script asks git and the compiler")]

use std::env;
use std::ffi::OsStr;
use std::process::Command;

/// What the program is compiled from. A change to anything else is none to the program.
const COMPILED: [&str; 6] = ["build.rs", "src", "crates", "templates", "Cargo.toml", "Cargo.lock"];

fn main() {
    for path in COMPILED {
        println!("cargo::rerun-if-changed={path}");
    }
    // Where there is no repository: the hash and the date of the commit, such as `0123456789abcdef 2026-11-28`.
    println!("cargo::rerun-if-env-changed=MOTIONCTL_COMMIT");
    let target = env::var("TARGET").expect("cargo says it");
    println!("cargo::rustc-env=MOTIONCTL_TARGET={target}");
    let compiler = env::var_os("RUSTC").expect("cargo says it");
    if let Some(version) = said(&compiler, &["--version"]) {
        println!("cargo::rustc-env=MOTIONCTL_RUSTC={version}");
    }
    let given = env::var("MOTIONCTL_COMMIT").ok();
    let is_debug = env::var("PROFILE").is_ok_and(|profile| profile == "debug");
    let commit = given.or_else(|| if is_debug { None } else { of_repository() });
    if let Some((hash, rest)) = commit.as_deref().and_then(|commit| commit.split_once(' ')) {
        println!("cargo::rustc-env=MOTIONCTL_BUILT_FROM={hash}");
        println!("cargo::rustc-env=MOTIONCTL_BUILT_DATE={rest}");
    }
}

/// The commit of our own repository, with its date; a `+` behind the hash where files differ from it.
fn of_repository() -> Option<String> {
    let package = env::var("CARGO_MANIFEST_DIR").expect("cargo says it");
    // Of sources that were unpacked inside of another project the commit would be the other's.
    let top = git(&["rev-parse", "--show-toplevel"])?;
    if std::fs::canonicalize(top).ok()? != std::fs::canonicalize(package).ok()? {
        return None;
    }
    // Both change with every commit; in a worktree they lie elsewhere than in `.git`.
    for file in ["HEAD", "logs/HEAD"] {
        println!("cargo::rerun-if-changed={}", git(&["rev-parse", "--git-path", file])?);
    }
    let commit = git(&["log", "-1", "--date=short", "--format=%H %cd"])?;
    let changed = git(&[&["--no-optional-locks", "status", "--porcelain", "--"][..], &COMPILED].concat())?;
    let (hash, date) = commit.split_once(' ')?;
    Some(format!("{hash}{} {date}", if changed.is_empty() { "" } else { "+" }))
}

fn git(arguments: &[&str]) -> Option<String> {
    said(OsStr::new("git"), arguments)
}

/// What a program says, when it is there and succeeds.
fn said(program: &OsStr, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
