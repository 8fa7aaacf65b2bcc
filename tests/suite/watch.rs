//! Looking after a server: what a monitor is told, what the admin's command hears, what is set right without a person.
//!
//! Invariant: NGINX is real, and what a verdict says of the route is asked on the wire.

mod heal;
mod settle;
mod states;
mod tell;
mod textfile;
mod units;
mod users;

use crate::support::binary::write_program;
use crate::support::machine::{Machine, SITE};
use crate::support::said::Said;
use serde_json::Value;
use std::fs;

/// The machine's own folder that is root's alone; `/etc/motionctl` is the host's.
const OWN: &str = "/run/own";
/// What the admin's command wrote: each call's state, what it was before, and its document.
const HEARD: &str = "/run/own/heard";

/// Runs the check; the line and its exit code.
fn check(machine: &Machine) -> (i32, String) {
    let said = machine.motionctl(&["status", "--check"]);
    assert_eq!(said.stdout.lines().count(), 1, "{said}");
    assert!(said.stderr.is_empty(), "{said}");
    (said.code, said.stdout)
}

#[track_caller]
fn expect(machine: &Machine, code: i32, words: &[&str]) {
    let (found, line) = check(machine);
    let word = ["OK", "WARNING", "CRITICAL", "UNKNOWN"][usize::try_from(code).expect("0 to 3")];
    assert_eq!(found, code, "{line}");
    assert!(line.starts_with(&format!("{word} - ")), "{line}");
    for word in words {
        assert!(line.contains(word), "{word}: {line}");
    }
}

/// Settings of the machine's own, with a command that writes down what it hears.
fn settings(machine: &Machine, more: &str) {
    let script = format!(
        "#!/bin/sh\necho \"state $1 $MOTIONCTL_STATE was $MOTIONCTL_WAS\" >>{HEARD}\ncat >{HEARD}.json\n\
         test ! -e {OWN}/deaf\n"
    );
    machine.inside(|| {
        fs::create_dir_all(OWN).expect("a folder");
        let tell = format!("{OWN}/tell");
        write_program(&tell, script);
        let text = format!("[watch]\nsettle = \"200ms\"\ncommand = [\"{tell}\", \"an argument\"]\n{more}");
        fs::write(format!("{OWN}/config.toml"), text).expect("writing");
    });
}

/// Runs the watcher once with these settings.
fn watch(machine: &Machine, more: &[&str]) -> Said {
    let config = format!("{OWN}/config.toml");
    machine.motionctl(&[&["watch", "--json", "--config", &config], more].concat())
}

/// What the command heard so far, a line for each call.
fn heard(machine: &Machine) -> Vec<String> {
    let text = machine.inside(|| fs::read_to_string(HEARD).unwrap_or_default());
    text.lines().map(str::to_owned).collect()
}

/// The document of the newest call.
fn document(machine: &Machine) -> Value {
    let text = machine.inside(|| fs::read(format!("{HEARD}.json")).expect("it heard something"));
    serde_json::from_slice(&text).expect("one document")
}

fn line(said: &Said) -> &str {
    said.json["details"]["check"]["line"].as_str().unwrap_or_default()
}
