//! What `seed plan` says where nothing would be written: as agreed, or not.
//!
//! Invariant: 0 with `--detailed-exitcode` means that the database is as the manifest says, and nothing else does.

use super::commands::{file, seed};
use super::support::{Db, EXAMPLE};
use crate::support::binary::{codes, motionctl};
use serde_json::json;

/// Manifests that an apply refuses and that have nothing to write, and why.
const DRIFTED: [(&str, &str); 3] = [
    ("agents: [{ username: agent1, internal: '9' }]", "seed.internal-differs"),
    ("profiles: [{ name: Profile 2, previous_name: Profile 1 }]", "seed.rename-conflict"),
    ("agents: [{ username: boss, fullname: The Boss }]", "seed.name-of-other-role"),
];

#[test]
fn a_stop_without_changes_is_drift() {
    for db in Db::both() {
        assert_eq!(seed(&db, "apply", &file(&db, "m.yaml", EXAMPLE), &["--yes"]).code, 0);
        db.sql(
            "INSERT INTO users (name, fullname, role, createdAt, updatedAt) \
             SELECT 'boss', 'The Boss', 'admin', createdAt, updatedAt FROM users",
        );
        let before = db.dump();
        for (text, code) in DRIFTED {
            let path = file(&db, "drift.yaml", text);
            let plan = seed(&db, "plan", &path, &["--json", "--detailed-exitcode"]);
            assert_eq!(plan.code, 2, "{code}: {plan:?}");
            let plan = plan.document();
            assert_eq!((&plan["outcome"], &plan["changes"]), (&json!("changes-pending"), &json!([])));
            assert!(codes(&plan).contains(&code.to_owned()), "{plan}");
            let plan = seed(&db, "plan", &path, &[]);
            let verdict = "nothing would be written, but 1 finding would stop an apply";
            assert_eq!(plan.code, 0, "without the flag a plan that was made is a success");
            assert!(plan.stdout.contains(verdict), "{}", plan.stdout);
            for flags in [&["--yes", "--json"][..], &["--dry-run", "--json"]] {
                let apply = seed(&db, "apply", &path, flags);
                assert_eq!((apply.code, &apply.document()["outcome"]), (3, &json!("refused")), "{apply:?}");
            }
        }
        assert_eq!(db.dump(), before);
    }
}

/// A gate may run on a replica, or before anybody signed the map: neither says that somebody changed a profile.
#[test]
fn what_only_keeps_from_writing_is_no_drift() {
    let db = Db::on_server();
    let path = file(&db, "m.yaml", EXAMPLE);
    assert_eq!(seed(&db, "apply", &path, &["--yes"]).code, 0);
    let map = db.folder().join("unsigned.toml");
    std::fs::write(&map, motionctl::seed::map::Map::built_in_text()).expect("writing");
    let (url, map) = (db.url(), map.display().to_string());
    let plan = |path: &std::path::Path| {
        let path = path.to_str().expect("text");
        motionctl(["seed", "plan", path, "--db", &url, "--map", &map, "--detailed-exitcode", "--json"])
    };
    let agreed = plan(&path);
    assert_eq!(agreed.code, 0, "{agreed:?}");
    let agreed = agreed.document();
    assert_eq!(agreed["outcome"], "up-to-date");
    assert_eq!(agreed["details"]["verdict"], "up to date: nothing to do; 1 finding would stop an apply");
    let (text, code) = DRIFTED[0];
    let drifted = plan(&file(&db, "drift.yaml", text));
    assert_eq!(drifted.code, 2, "{code}: {drifted:?}");
}
