//! `seed validate` and `seed schema json-schema` as processes.

use super::super::support::binary::{binary, fixture, motionctl};
use super::super::support::said::answer;
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::process::Stdio;

fn bad(name: &str) -> String {
    fixture("manifests/bad").join(name).display().to_string()
}

#[test]
fn a_good_manifest_is_exit_0_and_counted() {
    let path = fixture("manifests/good/example.yaml").display().to_string();
    let found = motionctl(["seed", "validate", &path, "--json"]).document();
    assert_eq!((&found["exit_code"], &found["outcome"]), (&0.into(), &"ok".into()));
    let counted = &found["details"]["manifests"][0];
    assert_eq!(counted["agents"], 1);
    assert_eq!(counted["profiles"], 2);
    assert_eq!(counted["queues"], 5);
    assert_eq!(counted["memberships"], 7);
    assert!(found.get("problems").is_none());
    let text = motionctl(["seed", "validate", &path]);
    assert_eq!(text.code, 0);
    assert!(text.stdout.contains("example.yaml is a valid manifest"), "{text:?}");
}

#[test]
fn a_bad_manifest_is_exit_65_with_every_problem() {
    let path = bad("several-at-once.yaml");
    let found = motionctl(["seed", "validate", &path, "--json"]).document();
    assert_eq!((&found["exit_code"], &found["outcome"]), (&65.into(), &"invalid".into()));
    let problems = found["problems"].as_array().expect("problems");
    assert_eq!(problems.len(), 6, "{problems:#?}");
    let first = &problems[0];
    assert_eq!(
        (&first["file"], &first["line"], &first["column"]),
        (&path.clone().into(), &3.into(), &5.into())
    );
    assert_eq!(first["message"], "unknown key `usrname` in an agent");
    assert_eq!(first["hint"], "did you mean `username`?");
    assert_eq!(first["excerpt"][1], "    ^^^^^^^");
    let text = motionctl(["seed", "validate", &path]);
    assert_eq!(text.code, 65);
    // How many lines that takes depends on how long the path is.
    let words = text.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(&format!("{path}:3:5 unknown key `usrname` in an agent 3 |")), "{text:?}");
}

#[test]
fn several_files_are_read_and_each_is_judged() {
    let (one, two) = (bad("no-version.yaml"), fixture("manifests/good/example.yaml").display().to_string());
    let found = motionctl(["seed", "validate", &one, &two, &bad("empty.yaml"), "--json"]).document();
    let valid: Vec<_> =
        found["details"]["manifests"].as_array().expect("all").iter().map(|one| &one["valid"]).collect();
    assert_eq!(valid, [&Value::from(false), &Value::from(true), &Value::from(false)]);
    assert_eq!(found["problems"].as_array().map(Vec::len), Some(2));
    assert_eq!(found["error"]["message"], "2 problems in 2 files");
}

#[test]
fn standard_input_is_read_and_has_a_name() {
    let mut child = binary()
        .args(["seed", "validate", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    child.stdin.take().expect("a pipe").write_all(b"version: 2\n").expect("it reads");
    let found = answer(&child.wait_with_output().expect("it ends")).document();
    assert_eq!(found["problems"][0]["file"], "<stdin>");
    assert_eq!(found["problems"][0]["line"], 1);
}

#[test]
fn a_file_that_cannot_be_read_is_exit_69() {
    let found = motionctl(["seed", "validate", "/nowhere/manifest.yaml", "--json"]).document();
    assert_eq!(found["exit_code"], 69);
    assert!(found["error"]["message"].as_str().expect("a message").contains("/nowhere/manifest.yaml"));
    assert_eq!(motionctl(["seed", "validate"]).code, 64);
}

#[test]
fn nothing_that_a_terminal_obeys_is_printed() {
    let text = motionctl(["seed", "validate", &bad("control-characters.yaml")]);
    assert_eq!(text.code, 65);
    assert!(!text.stdout.contains('\u{1b}') && text.stdout.contains("\\u{1b}"), "{text:?}");
}

#[test]
fn a_password_is_not_repeated() {
    for format in ["--json", "--color=never"] {
        let text = motionctl(["seed", "validate", &bad("password.yaml"), format]);
        assert_eq!(text.code, 65);
        assert!(!text.stdout.contains("example-only"), "{text:?}");
    }
}

#[test]
fn more_problems_than_a_person_reads_are_for_programs() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("many.yaml");
    fs::write(&path, format!("version: 1\nagents:\n{}", "  - username: NO\n".repeat(20_000)))
        .expect("writable");
    let path = path.display().to_string();
    let text = motionctl(["seed", "validate", &path]);
    assert!(text.stdout.contains("9950 more"), "{}", text.stdout);
    assert!(text.stdout.lines().count() < 300);
    let found = motionctl(["seed", "validate", &path, "--json"]).document();
    assert_eq!(found["problems"].as_array().map(Vec::len), Some(10_000));
}

#[test]
fn the_schema_is_printed_by_itself_and_inside_an_answer() {
    let text = motionctl(["seed", "schema", "json-schema"]);
    assert_eq!(text.code, 0);
    let schema: Value = serde_json::from_str(&text.stdout).expect("JSON");
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    assert_eq!(
        motionctl(["seed", "schema", "json-schema", "--json"]).document()["details"]["schema"],
        schema
    );
}
