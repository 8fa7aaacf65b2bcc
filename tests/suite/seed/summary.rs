//! What a plan and an apply end with, and what `-v` opens.

use super::commands::{file, seed};
use super::people::STAFF;
use super::support::Db;
use std::fmt::Write;

/// The last line before what comes next.
fn last_line(text: &str) -> &str {
    let counts = text.split("\n\nNext\n").next().unwrap_or_default();
    counts.trim_end().lines().last().unwrap_or_default()
}

#[test]
fn every_plan_and_every_apply_ends_with_a_count() {
    for db in Db::both() {
        let path = file(&db, "m.yaml", STAFF);
        let plan = seed(&db, "plan", &path, &[]);
        assert_eq!(
            last_line(&plan.stdout),
            "12 to add, 0 to change, 0 to remove; nothing else is touched",
            "{plan:?}"
        );
        let dry = seed(&db, "apply", &path, &["--dry-run"]);
        assert_eq!(last_line(&dry.stdout), last_line(&plan.stdout));
        let applied = seed(&db, "apply", &path, &["--yes"]);
        assert_eq!(last_line(&applied.stdout), "12 added, 0 changed, 0 removed; nothing else was touched");
        for command in ["plan", "apply"] {
            let more: &[&str] = if command == "plan" { &[] } else { &["--yes"] };
            let answer = seed(&db, command, &path, more);
            assert_eq!(last_line(&answer.stdout), "0 to add, 0 to change, 0 to remove; nothing is touched");
        }
        let change = "profiles:\n  - { name: Day, description: Early, agents: { remove: [bob] }, queues: { voice: [{ name: V1, penalty: 3 }] } }\n  - { name: Night, absent: true }\n  - { name: Late, agents: [bob], queues: { chat: [C1] } }";
        let path = file(&db, "change.yaml", change);
        let plan = seed(&db, "plan", &path, &["--json"]);
        assert_eq!(
            plan.document()["details"]["counts"],
            serde_json::json!({ "add": 3, "change": 2, "remove": 3 })
        );
        let plan = seed(&db, "plan", &path, &[]);
        assert_eq!(last_line(&plan.stdout), "3 to add, 2 to change, 3 to remove; nothing else is touched");
        // An apply that is refused has changed nothing, and does not say so of the plan.
        let refused = seed(&db, "apply", &path, &["--yes"]);
        assert_eq!(refused.code, 3);
        assert!(
            refused.stdout.contains("3 to add, 2 to change, 3 to remove")
                && !refused.stdout.contains("added,")
        );
    }
}

#[test]
fn numbers_and_nouns_agree() {
    for db in Db::staffed(STAFF) {
        let path = file(&db, "one.yaml", "profiles: [{ name: Day, agents: { remove: [ann] } }]");
        let plan = seed(&db, "plan", &path, &[]);
        for words in [
            "1 row, which is deleted", "1 row would be deleted", "1 membership of agents",
            "1 finding would stop",
        ] {
            assert!(plan.stdout.contains(words), "{words}\n{}", plan.stdout);
        }
        let path = file(&db, "two.yaml", "profiles: [{ name: Day, agents: { remove: [ann, bob] } }]");
        let plan = seed(&db, "plan", &path, &[]);
        for words in ["2 rows, all of them deleted", "2 rows would be deleted", "2 memberships of agents"] {
            assert!(plan.stdout.contains(words), "{words}\n{}", plan.stdout);
        }
    }
}

/// As many agents of one profile as do not fit into a line, and more profiles than are listed.
fn many() -> String {
    let mut text = "agents:\n".to_owned();
    for number in 0..28 {
        writeln!(text, "  - {{ username: a{number:02}, fullname: A {number}, internal: '{number}' }}")
            .expect("a string");
    }
    text.push_str("profiles:\n");
    for number in 0..210 {
        writeln!(text, "  - {{ name: P{number:03} }}").expect("a string");
    }
    let all: Vec<String> = (0..28).map(|number| format!("a{number:02}")).collect();
    writeln!(text, "  - {{ name: All, agents: [{}] }}", all.join(", ")).expect("a string");
    text
}

#[test]
fn v_opens_what_a_plan_leaves_out() {
    for db in Db::both() {
        let path = file(&db, "m.yaml", &many());
        let short = seed(&db, "plan", &path, &[]).stdout;
        assert!(short.contains("more lines; -v shows all") && !short.contains("P209 "), "{short}");
        assert!(short.contains("… and 18 more"), "agents without queues: {short}");
        let long = seed(&db, "plan", &path, &["-v"]).stdout;
        assert!(!long.contains("… and"), "{long}");
        for name in ["P209", "a12, a13, a14", "a26, a27"] {
            assert!(long.contains(name), "{name}\n{long}");
        }
        assert_eq!(last_line(&long), last_line(&short));
        db.apply(&many());
        let path = file(
            &db,
            "gone.yaml",
            "profiles: [{ name: All, agents: { mode: exact, members: [], allow_empty: true } }]",
        );
        let short = seed(&db, "plan", &path, &[]).stdout;
        assert!(short.contains("a11, … and 16 more"), "{short}");
        let long = seed(&db, "plan", &path, &["-v"]).stdout;
        assert!(long.contains("a26, a27") && !long.contains("… and"), "{long}");
        // Programs get everything without asking.
        let document = seed(&db, "plan", &path, &["--json"]).document();
        assert!(!document["findings"].to_string().contains("… and"), "{document}");
    }
}
