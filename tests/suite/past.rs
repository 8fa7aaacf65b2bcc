//! What is told of a server's past: its runs, what became of each, and the one command that helps.
//!
//! Invariant: each past is made by real runs; what a status says of it is held against what the next command does.

mod backups;
mod history;
mod log;
mod night;
mod open;
mod ordinary;
mod rollback;
mod runbook;

use crate::support::machine::{Machine, SITE};
use crate::support::said::Said;
use serde_json::Value;

/// What a status says in one line, and the commands that it names.
fn said(machine: &Machine) -> (String, Vec<String>) {
    let status = machine.json(&["status"]);
    let verdict = status.json["details"]["verdict"].as_str().expect("a verdict").to_owned();
    (verdict, next(&status))
}

fn next(answer: &Said) -> Vec<String> {
    let steps = answer.json["next"].as_array().into_iter().flatten();
    steps.filter_map(|step| step["command"].as_str()).map(str::to_owned).collect()
}

/// Runs a command that was named to a person, as it stands, but for its question.
fn follow(machine: &Machine, command: &str) -> Said {
    let arguments: Vec<&str> = command.split(' ').skip(1).collect();
    machine.json(&[&arguments[..], if arguments[0] == "rollback" { &["--yes"] } else { &[] }].concat())
}
