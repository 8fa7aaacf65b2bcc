//! What people see: every command on terminals of two widths, as texts that were read and kept.
//!
//! Invariant: no line is wider than the terminal, whatever is shown; every command has a screen here or a reason why not.
//! The texts lie in `screens/shown/`; `UPDATE_EXPECT=1 cargo test --test suite -- screens::` writes them again, and then they
//! are read.

mod ascii;
mod changing;
mod looking;
mod seeding;
mod stage;

use clap::CommandFactory;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A serial console or half a screen, and a whole one.
const WIDTHS: [u16; 2] = [80, 140];

/// Commands that print something else than a screen, or nothing that could be compared.
const NO_SCREEN: [(&str, &str); 5] = [
    ("completions", "a script for a shell"),
    ("version", "what was compiled, by which compiler"),
    ("watch", "a line for a log"),
    ("seed schema json-schema", "a document for editors"),
    ("seed schema show", "the map as a file"),
];

/// Where the texts lie.
fn shown() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/screens/shown")
}

/// The commands that do something, by their words.
fn commands(command: &clap::Command, before: &str, found: &mut BTreeSet<String>) {
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help" && !sub.is_hide_set()) {
        let name = format!("{before} {}", sub.get_name()).trim().to_owned();
        if sub.has_subcommands() {
            commands(sub, &name, found);
        } else {
            found.insert(name);
        }
    }
}

#[test]
fn every_command_has_its_screens() {
    let mut all = BTreeSet::new();
    commands(&motionctl::cli::Cli::command(), "", &mut all);
    let files: BTreeSet<String> = fs::read_dir(shown())
        .expect("the texts are there")
        .map(|file| file.expect("a file").file_name().into_string().expect("a name"))
        .collect();
    for command in &all {
        let has = |width: u16| files.contains(&stage::file_name(command, width));
        let reason = NO_SCREEN.iter().find(|(name, _)| name == command);
        assert_eq!(WIDTHS.map(has), [reason.is_none(); 2], "`{command}` on {WIDTHS:?} columns, {reason:?}");
    }
    for (name, _) in NO_SCREEN {
        assert!(all.contains(name), "there is no `{name}`");
    }
}
