//! `seed status`: whether the database is as a manifest says.
//!
//! Invariant: it agrees with `seed plan` about whether anything differs, and writes nothing.

use super::commands::{file, seed};
use super::people::STAFF;
use super::support::{Db, EXAMPLE};
use crate::support::binary::codes;
use serde_json::json;
use std::fmt::Write;

#[test]
fn it_agrees_or_says_what_differs() {
    for db in Db::both() {
        let path = file(&db, "m.yaml", STAFF);
        db.apply(STAFF);
        let agreed = seed(&db, "status", &path, &["--detailed-exitcode"]);
        assert_eq!(agreed.code, 0, "{agreed:?}");
        assert!(agreed.stdout.contains("the database is as "), "{agreed:?}");
        let agreed = seed(&db, "status", &path, &["--quiet"]);
        assert_eq!(agreed.stdout.trim_end().lines().count(), 1, "one line for cron: {agreed:?}");
        db.sql("UPDATE agent_profiles SET description = 'by hand' WHERE name = 'Day'");
        let drifted = "profiles: [{ name: Day, description: Early, agents: { remove: [bob] } }, { name: Late, agents: [bob] }]";
        let path = file(&db, "drifted.yaml", drifted);
        let before = db.dump();
        for (flags, code) in [(&["--json"][..], 0), (&["--json", "--detailed-exitcode"], 2)] {
            let answer = seed(&db, "status", &path, flags);
            assert_eq!(answer.code, code, "{answer:?}");
            let answer = answer.document();
            assert_eq!(
                (&answer["command"], &answer["outcome"]),
                (&json!("seed status"), &json!("changes-pending"))
            );
            assert_eq!(
                answer["details"]["differs"],
                json!({
                    "agents of profiles": { "missing": 1, "different": 0, "unwanted": 1 },
                    "profiles": { "missing": 1, "different": 1, "unwanted": 0 },
                })
            );
            let plan = seed(&db, "plan", &path, &["--json"]).document();
            assert_eq!(answer["changes"], plan["changes"]);
            assert!(!codes(&answer).contains(&"seed.deletions-not-allowed".to_owned()), "{answer}");
        }
        let shown = seed(&db, "status", &path, &[]).stdout;
        for words in [
            "4 rows",
            "agents of profiles: 1 missing, 1 unwanted; profiles: 1 missing, 1 different",
            "by hand",
        ] {
            assert!(shown.contains(words), "{words}\n{shown}");
        }
        assert_eq!(db.dump(), before);
    }
}

/// Such as an extension that is not the manifest's: no apply changes it, and it is drift nevertheless.
#[test]
fn a_stop_is_shown_and_is_a_difference() {
    for db in Db::staffed(EXAMPLE) {
        let path = file(&db, "m.yaml", "agents: [{ username: agent1, internal: '9' }]");
        let answer = seed(&db, "status", &path, &["--detailed-exitcode"]);
        assert_eq!(answer.code, 2, "{answer:?}");
        for words in ["in what no apply changes", "1 finding would stop an apply", "seed.internal-differs"] {
            assert!(answer.stdout.contains(words), "{words}\n{answer:?}");
        }
    }
}

#[test]
fn profiles_that_the_manifest_does_not_name_differ_only_where_that_was_asked() {
    for db in Db::staffed(STAFF) {
        let before = db.dump();
        let path = file(&db, "m.yaml", "profiles: [{ name: Day }]");
        assert_eq!(seed(&db, "status", &path, &["--detailed-exitcode"]).code, 0);
        let exact = seed(&db, "status", &path, &["--detailed-exitcode", "--exact"]);
        assert_eq!(exact.code, 2, "{exact:?}");
        assert!(exact.stdout.contains("not in the manifest"), "{exact:?}");
        assert!(exact.stdout.contains("--prune profiles"), "what comes next shows the same: {exact:?}");
        assert_eq!(db.dump(), before);
    }
}

#[test]
fn ten_lines_are_shown_and_all_of_them_where_asked() {
    for db in Db::both() {
        let mut text = "profiles:\n".to_owned();
        for number in 10..32 {
            writeln!(text, "  - {{ name: P{number} }}").expect("a string");
        }
        let path = file(&db, "m.yaml", &text);
        let short = seed(&db, "status", &path, &[]).stdout;
        assert!(
            short.contains("P19 ") && !short.contains("P20 ") && short.contains("12 more lines"),
            "{short}"
        );
        let long = seed(&db, "status", &path, &["-v"]).stdout;
        assert!(long.contains("P31 ") && !long.contains("more lines"), "{long}");
    }
}

#[test]
fn a_manifest_that_is_wrong_is_refused() {
    let db = Db::in_file();
    let path = file(&db, "m.yaml", "profiles: [{ name: Day, agents: [nobody] }]");
    assert_eq!(seed(&db, "status", &path, &["--detailed-exitcode"]).code, 65);
}
