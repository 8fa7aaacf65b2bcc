//! Saved plans, when they are read again.

use super::commands::{file, seed};
use super::support::{Db, EXAMPLE};
use serde_json::{Value, json};
use std::fs;

/// JSON is YAML: what a file is follows from its keys, not from its words.
#[test]
fn a_manifest_that_speaks_of_plans_is_one() {
    for db in Db::both() {
        let profile =
            json!({ "name": "Day", "description": "see motionctl_seed_plan, \"motionctl_seed_plan\": 1" });
        let text = json!({ "version": 1, "profiles": [profile] }).to_string();
        let path = file(&db, "m.json", &text);
        assert_eq!(seed(&db, "plan", &path, &[]).code, 0);
        let applied = seed(&db, "apply", &path, &["--yes"]);
        assert_eq!(applied.code, 0, "{applied:?}");
        assert_eq!(db.rows("SELECT name FROM agent_profiles"), ["Day"]);
        let broken = file(&db, "broken.json", "{ \"version\": 1, \"motionctl_seed_plan\": 1, \"map");
        let refused = seed(&db, "apply", &broken, &["--yes"]);
        assert_eq!(refused.code, 65, "{refused:?}");
        assert!(refused.stdout.contains("reading the plan"), "a plan that breaks off: {}", refused.stdout);
    }
}

/// The changes in the file are for people; reading them would take memory, and a limit on their depth.
#[test]
fn the_changes_of_a_saved_plan_are_passed_over() {
    for db in Db::both() {
        let path = file(&db, "m.yaml", EXAMPLE);
        let plan = db.folder().join("plan.json");
        assert_eq!(seed(&db, "plan", &path, &["--out", &plan.display().to_string()]).code, 0);
        let saved: Value = serde_json::from_slice(&fs::read(&plan).expect("reading")).expect("JSON");
        assert_eq!(saved["changes"].as_array().map(Vec::len), Some(15));
        let mut other = saved.clone();
        other["changes"] = json!("here");
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        fs::write(&plan, other.to_string().replace("\"here\"", &deep)).expect("writing");
        let applied = seed(&db, "apply", &plan, &["--yes"]);
        assert_eq!(applied.code, 0, "{applied:?}");
    }
}
