//! What a build says of itself, and that every format it writes is promised something.
//!
//! Invariant: a debug build is judged, which records no commit; that a release does is seen where one is built
//! (packaging/dist.sh).

use super::ours;
use serde_json::{Value, json};
use std::fs;
use std::process::Command;
use walkdir::WalkDir;

fn said(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_motionctl")).args(arguments).output().expect("it runs");
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).expect("text")
}

fn details() -> Value {
    let document: Value = serde_json::from_str(&said(&["version", "--json"])).expect("one document");
    assert_eq!(document["command"], "version");
    assert_eq!(document["version"], env!("CARGO_PKG_VERSION"));
    document["details"].clone()
}

#[test]
fn a_build_says_what_it_is() {
    let line = format!("motionctl {} (debug build)\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(said(&["--version"]), line);
    assert_eq!(said(&["-V"]), line);
    let details = details();
    assert_eq!((&details["commit"], &details["changed"]), (&Value::Null, &Value::Null));
    assert_eq!(details["debug"], true);
    assert!(details["target"].as_str().expect("always known").ends_with("-unknown-linux-gnu"));
    assert!(details["compiler"].as_str().expect("rustc says it").starts_with("rustc 1."));
    assert!(said(&["version"]).starts_with(&line.replace("motionctl ", "version: ")));
}

#[test]
fn it_is_said_without_any_right_and_without_a_home() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_motionctl"));
    let output = command.arg("version").env_clear().current_dir("/").output().expect("it runs");
    assert!(output.status.success());
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[test]
fn every_format_is_in_the_table_of_promises() {
    let page = fs::read_to_string(ours("docs/release.md")).expect("the page");
    let rows = page.lines().skip_while(|line| !line.starts_with("| name | what | writes")).skip(2);
    let documented: serde_json::Map<String, Value> = rows
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let numbers =
                |cell: &str| cell.split(", ").map(|n| n.parse().expect("a number")).collect::<Vec<u32>>();
            assert!(!cells[4].is_empty(), "{line}: no promise");
            let shape = json!({ "writes": numbers(cells[2])[0], "reads": numbers(cells[3]) });
            (cells[0].trim_matches('`').to_owned(), shape)
        })
        .collect();
    assert_eq!(Value::Object(documented), details()["formats"]);
}

/// A new kind of file must not be forgotten in the table.
#[test]
fn every_number_of_a_format_in_the_code_is_listed() {
    let mut declared = Vec::new();
    for file in WalkDir::new(ours("src")).into_iter().flatten().filter(|file| file.file_type().is_file()) {
        let text = fs::read_to_string(file.path()).expect("our own sources");
        let numbers = text.lines().filter(|line| {
            ["FORMAT: u32", "ENVELOPE_FORMAT: u32", "NEWEST: u32", " VERSION: u32"]
                .iter()
                .any(|name| line.contains("const ") && line.contains(name))
        });
        declared.extend(numbers.map(|line| format!("{}: {}", file.path().display(), line.trim())));
    }
    let listed = details()["formats"].as_object().expect("a list").len();
    assert_eq!(declared.len(), listed, "src/cli/formats.rs lacks one of {declared:#?}");
}

#[test]
fn the_changes_name_this_version() {
    let changes = fs::read_to_string(ours("CHANGELOG.md")).expect("the changes");
    let newest = changes.lines().find_map(|line| line.strip_prefix("## ")).expect("a version");
    assert!(newest.starts_with(env!("CARGO_PKG_VERSION")), "{newest}");
}
