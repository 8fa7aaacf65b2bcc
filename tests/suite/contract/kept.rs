//! Documents that lie in files: each has the shape that its schema says.

use crate::support::binary::{Server, motionctl};
use crate::support::schema::complaints;
use serde_json::Value;
use std::fs;
use std::path::Path;

fn conforms(kind: &str, path: &Path, document: &str) {
    let document: Value = serde_json::from_str(document).expect("JSON");
    assert_eq!(complaints(kind, &document), [""; 0], "{}: {document:#}", path.display());
}

#[test]
fn plans_backups_and_journals_have_the_shape_of_their_schemas() {
    for fixture in ["standalone", "shared-include"] {
        let server = Server::copy(fixture);
        let folder = tempfile::tempdir().expect("a folder");
        let plan = folder.path().join("plan.json");
        let out = plan.display().to_string();
        assert_eq!(server.json(&["plan", "--out", &out])["outcome"], "changes-pending");
        conforms("plan", &plan, &fs::read_to_string(&plan).expect("the plan"));
        assert_eq!(server.json(&["apply", &out, "--yes"])["outcome"], "applied");
        assert_eq!(server.json(&["rollback", "--yes"])["outcome"], "applied");

        let mut backups = 0;
        for entry in fs::read_dir(server.path().join("var/backups/motionctl")).expect("backups") {
            let manifest = entry.expect("a backup").path().join("manifest.json");
            conforms("backup", &manifest, &fs::read_to_string(&manifest).expect("a manifest"));
            backups += 1;
        }
        assert!(backups > 0);
        let journal = server.path().join("var/lib/motionctl/journal");
        let lines = fs::read_to_string(&journal).expect("a journal");
        // The checksum stands in front of each record.
        let records: Vec<_> = lines.lines().filter_map(|line| line.split_once(' ')).collect();
        assert!(records.len() > 10, "{lines}");
        records.iter().for_each(|(_, record)| conforms("journal-record", &journal, record));
    }
}

#[test]
fn a_saved_plan_of_seed_has_the_shape_of_its_schema() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let database = format!("sqlite:{}", at("motion.db"));
    let manifest = format!("{}/fixtures/manifests/good/example.yaml", env!("CARGO_MANIFEST_DIR"));
    let plan = at("plan.json");
    let answer = motionctl(["seed", "plan", &manifest, "--db", &database, "--out", &plan, "--json"]);
    assert!(answer.document()["changes"].as_array().is_some_and(|changes| changes.len() > 10));
    conforms("seed-plan", Path::new(&plan), &fs::read_to_string(&plan).expect("the plan"));
}
