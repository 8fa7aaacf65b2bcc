//! Seventy secrets are planted wherever a server has some, every command says and writes what it has to say, and none
//! of them is in it.
//!
//! Invariant: commands and outputs come from the definition of the command line: one that is not in the lists here
//! fails. All secrets have one mark, so that a part of one is found, too.

mod places;
mod runs;

use crate::support::binary::fixture;
use motionctl::cli::Cli;
use places::{PLACES, numbers, planted};
use runs::{ALL, INPUTS, OUTPUTS};
use std::collections::BTreeSet;
use std::fs;

/// Every command that can be given, with its path-valued arguments.
fn defined() -> (BTreeSet<String>, BTreeSet<String>) {
    fn explore(
        command: &clap::Command,
        path: &str,
        commands: &mut BTreeSet<String>,
        files: &mut BTreeSet<String>,
    ) {
        let path = match (path, command.get_name()) {
            (_, "motionctl") => String::new(),
            (path, name) => format!("{path} {name}").trim_start().to_owned(),
        };
        let named = command.get_arguments().filter(|one| one.get_value_hint() != clap::ValueHint::Unknown);
        files.extend(named.map(|one| format!("{path} {}", one.get_id()).trim_start().to_owned()));
        let mut children = command.get_subcommands().peekable();
        if children.peek().is_none() {
            commands.insert(path.clone());
        }
        children.for_each(|child| explore(child, &path, commands, files));
    }
    let (mut commands, mut files) = (BTreeSet::new(), BTreeSet::new());
    explore(&<Cli as clap::CommandFactory>::command(), "", &mut commands, &mut files);
    (commands, files)
}

#[test]
fn every_command_and_every_file_that_is_written_is_in_the_lists() {
    let (commands, files) = defined();
    // The sandbox's side is started by the others.
    let expect: BTreeSet<String> = commands.into_iter().filter(|name| name != "sandbox-child").collect();
    let listed: BTreeSet<String> = ALL.iter().map(|command| (*command).to_owned()).collect();
    assert_eq!(listed, expect, "a command is not run with the planted secrets");
    let known = |name: &String| {
        let argument = name.rsplit(' ').next().expect("a name");
        INPUTS.contains(&argument) || OUTPUTS.contains(&name.as_str())
    };
    let unknown: Vec<_> = files.iter().filter(|name| !known(name)).collect();
    assert_eq!(unknown, Vec::<&String>::new(), "does it write, and what of the secrets?");
    let gone: Vec<_> = OUTPUTS.iter().filter(|name| !files.contains(**name)).collect();
    assert_eq!(gone, Vec::<&&str>::new());
}

#[test]
fn seventy_secrets_are_planted() {
    let all: Vec<u32> = PLACES.iter().flat_map(|text| numbers(text)).collect();
    let once: BTreeSet<u32> = all.iter().copied().collect();
    assert_eq!(once, (1..=70).collect());
}

#[test]
fn no_command_says_or_writes_a_secret() {
    let server = planted();
    let found = runs::everything(&server);
    assert!(found.leaks.is_empty(), "{}", found.leaks.join("\n"));
    let lacking: Vec<_> = OUTPUTS.iter().filter(|name| !found.written.contains(**name)).collect();
    assert_eq!(lacking, Vec::<&&str>::new(), "not written");
    assert_eq!(found.run.iter().map(String::as_str).collect::<BTreeSet<_>>(), ALL.into_iter().collect());
    // Something was hidden, so that something was there.
    assert!(found.hidden > 20, "{}", found.hidden);
}

#[test]
fn ordinary_lines_stay_in_a_difference() {
    let ordinary = fixture("../crates/nginx-config/fixtures/redact/ordinary.conf");
    let text = fs::read_to_string(&ordinary).expect("a fixture");
    let folder = tempfile::tempdir().expect("a folder");
    let empty = folder.path().join("empty.conf");
    fs::write(&empty, "").expect("writing");
    let (empty, ordinary) = (empty.display().to_string(), ordinary.display().to_string());
    let said = crate::support::binary::motionctl(["diff", "--lines", &empty, &ordinary]);
    assert_eq!(said.code, 2, "{said:?}");
    for line in text.lines() {
        assert!(said.stdout.lines().any(|shown| shown.trim_start() == format!("+{line}")), "{line}");
    }
    let said = crate::support::binary::motionctl(["diff", "--json", &empty, &ordinary]);
    assert!(!said.stdout.contains("[redacted]"), "{}", said.stdout);
}
