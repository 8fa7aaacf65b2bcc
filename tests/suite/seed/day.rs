//! A day in the life of a contact centre, as docs/seeding.md tells it: every command of the section is run, on each engine.
//!
//! Invariant: what the document shows is what comes on SQLite; servers come to the same rows. `UPDATE_DOCS=1` writes what
//! came into the document.

use super::support::Db;
use crate::support::binary::write_program;
use crate::support::said::answer;
use regex::Regex;
use std::fs;
use std::process::{Command, Stdio};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/seeding.md");
const BEGIN: &str = "\n## A day\n";
const END: &str = "\n## ";

fn staff() -> String {
    let agent = |number: usize| {
        format!("  - {{ username: a{number:02}, fullname: Agent {number}, internal: '{}' }}\n", 1000 + number)
    };
    let agents: String = (1..=60).map(agent).collect();
    let names = |from: usize, to: usize| {
        (from..=to).map(|number| format!("a{number:02}")).collect::<Vec<_>>().join(", ")
    };
    let queues = "queues: { voice: [{ name: Sales, penalty: 1 }, { name: Support, penalty: 2 }, Legacy] }";
    let queue = |name: &str| format!("{{ name: {name}, strategy: rrmemory, type: inbound }}");
    format!(
        "queues: {{ voice: [{}, {}, {}] }}\nagents:\n{agents}profiles:\n  - {{ name: Morning, agents: [{}], {queues} }}\n  - {{ name: Evening, agents: [{}], {queues} }}\n",
        queue("Sales"),
        queue("Support"),
        queue("Legacy"),
        names(1, 40),
        names(41, 60)
    )
}

/// A command of the document, for this database; what it printed, and its exit code where it is not 0.
fn run(db: &Db, command: &str) -> String {
    let folder = db.folder();
    let text = format!(
        "#!/bin/sh\nexec '{}' \"$@\" --map '{}'\n",
        env!("CARGO_BIN_EXE_motionctl"),
        db.map_file().display()
    );
    write_program(folder.join("bin/motionctl"), text);
    let path = format!("{}:{}", folder.join("bin").display(), std::env::var("PATH").unwrap_or_default());
    let shell = format!("{command} 2>&1; code=$?; [ $code = 0 ] || echo \"(exit $code)\"");
    let output = Command::new("sh")
        .args(["-c", &shell])
        .current_dir(&folder)
        .env("PATH", path)
        .env("LC_ALL", "C.UTF-8")
        .env("MOTIONCTL_DB", db.url())
        .env("MOTIONCTL_SEED_RUNS", folder.join("runs"))
        .stdin(Stdio::null())
        .output();
    let said = answer(&output.expect("a shell")).stdout;
    let lines = said.lines().filter(|line| !line.starts_with("motionctl: "));
    lines.map(|line| format!("{}\n", line.trim_end())).collect()
}

/// What differs from run to run.
fn settled(text: &str, db: &Db) -> String {
    let rule = |text: String, pattern: &str, by: &str| {
        Regex::new(pattern).expect("a pattern").replace_all(&text, by).into_owned()
    };
    // The document's server has its map where it is looked for.
    let text = text.replace(&format!(" --map {}", db.map_file().display()), "");
    let text = rule(text, r"(?m)^  motionctl explain (\S+) +", "  motionctl explain $1  ");
    let text = text.replace(&db.folder().display().to_string(), "/var/lib/motionctl");
    // With the blanks that make a column of them.
    let text = rule(text, r"( {2}) *\b\d+ ms\b", "${1}9 ms");
    let text = rule(text, r"\b\d+ ms\b", "9 ms");
    let text = rule(text, r"\b\d{8}T\d{6}Z-\d\b", "20261128T224501Z-1");
    let text = rule(text, r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "2026-11-28 22:45 UTC");
    let text = rule(text, r"(?m)^\S+ · Debian .*\n", "");
    rule(text, r"SQLite [\d.]+", "SQLite 3.50.0")
}

#[test]
fn a_day_goes_as_the_document_tells_it() {
    let text = fs::read_to_string(DOCUMENT).expect("the document");
    let start = text.find(BEGIN).expect("the section") + BEGIN.len();
    let end = start + text[start..].find(END).expect("the next section");
    let mut dumps = Vec::new();
    for db in Db::both() {
        db.apply(&staff());
        let (made, commands) = told(&db, &text[start..end]);
        assert_eq!(commands, 12);
        dumps.push(db.dump());
        if db.is_server() {
            continue;
        }
        if std::env::var_os("UPDATE_DOCS").is_some() {
            let whole = format!("{}{made}{}", &text[..start], &text[end..]);
            fs::write(DOCUMENT, &whole).expect("writing");
        } else {
            assert_eq!(made, &text[start..end], "UPDATE_DOCS=1 writes what came into the document");
        }
    }
    assert_eq!(dumps[0], dumps[1]);
    let has = |line: &str| assert!(dumps[0].iter().any(|row| row == line), "no {line} in {:#?}", dumps[0]);
    for line in [
        "profile Day|1|NULL",
        "agents Evening|a40",
        "agents Day Support|a06",
        "voice Legacy|rrmemory|inbound|NULL",
    ] {
        has(line);
    }
    // The swap was taken back.
    for line in ["voice of profile Evening|Sales|1", "voice of profile Evening|Support|2"] {
        has(line);
    }
    assert!(dumps[0].iter().all(|row| !row.contains("of profile") || !row.contains("Legacy")));
}

/// The section with what its commands print now, and how many there are.
fn told(db: &Db, section: &str) -> (String, usize) {
    let (mut made, mut commands, mut before) = (String::new(), 0, "");
    let mut lines = section.lines();
    while let Some(line) = lines.next() {
        made.extend([line, "\n"]);
        let mut block = || -> Vec<&str> { lines.by_ref().take_while(|line| *line != "```").collect() };
        match line {
            "```yaml" => {
                let body = block().join("\n") + "\n";
                let name = before.rsplit('`').nth(1).expect("a file's name before it");
                fs::write(db.folder().join(name), &body).expect("writing");
                made.extend([body.as_str(), "```\n"]);
            }
            "```console" => {
                for command in block().iter().filter_map(|line| line.strip_prefix("$ ")) {
                    made.extend(["$ ", command, "\n", &settled(&run(db, command), db)]);
                    commands += 1;
                }
                made.push_str("```\n");
            }
            "" => {}
            line => before = line,
        }
    }
    (made, commands)
}
