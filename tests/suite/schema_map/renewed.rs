//! A signed map after an upgrade of the server, and after one of the application.
//!
//! Invariant: what only another server spells otherwise is still signed; what did change is shown old → new, and signing
//! again is about that alone.

use super::choices::CORE;
use super::support::{Database, lines};
use crate::support::binary::{finding, motionctl};
use motionctl::db::Engine;
use motionctl::seed::map::Map;
use std::fs;

fn signed(database: &mut Database) -> String {
    database.discover().to_toml("a test").replace("reviewed_by = \"\"", "reviewed_by = \"Ann\"")
}

#[test]
fn a_map_outlives_an_upgrade_of_the_server_alone() {
    let [_, mut database] = Database::shaped("one-table");
    let text = signed(&mut database);
    assert!(text.contains("charset utf8mb3"), "{text}");
    // As servers before and after spell the same columns.
    for (new, old) in [
        ("charset utf8mb3", "charset utf8"),
        ("\"int not null auto_increment\"", "\"int(11) not null auto_increment\""),
        ("tinyint(1) not null default '1'", "tinyint not null default 1"),
        ("\"int null default '0'", "\"int(11) null default 0"),
    ] {
        assert!(text.contains(new), "{new} in {text}");
        let map = Map::parse("old", &text.replace(new, old)).expect("a map");
        let found = database.verify(&map);
        assert_eq!((lines(&found.mismatches), lines(&found.differences)), (Vec::new(), Vec::new()), "{old}");
    }
}

#[test]
fn a_sequence_of_the_own_schema_is_recorded_without_the_name_of_the_schema() {
    let [_, mut one] = Database::both();
    if one.engine() != Engine::MariaDb {
        return;
    }
    let [_, mut other] = Database::both();
    for database in [&mut one, &mut other] {
        database.sql("CREATE SEQUENCE sq;\n");
        database.sql(&CORE.replacen(
            "strategy VARCHAR(255) NOT NULL",
            "strategy VARCHAR(255) NOT NULL DEFAULT NEXTVAL(sq)",
            1,
        ));
    }
    let text = signed(&mut one);
    assert!(text.contains("default nextval(`sq`)"), "{text}");
    let map = Map::parse("test", &text).expect("a map");
    assert_eq!(lines(&other.verify(&map).mismatches), [""; 0]);
}

#[test]
fn defaults_that_compute_the_moment_are_one() {
    let [_, mut database] = Database::shaped("lower-case");
    let text = signed(&mut database);
    let line = "datetime not null default current_timestamp";
    assert!(text.contains(line), "{text}");
    let expression = if text.contains("default current_timestamp()") {
        "current_timestamp()"
    } else {
        "current_timestamp"
    };
    for old in ["CURRENT_TIMESTAMP", "now()", "current_timestamp()", "(now())"] {
        let map =
            Map::parse("old", &text.replace(&format!("default {expression}\""), &format!("default {old}\"")));
        assert_eq!(lines(&database.verify(&map.expect("a map")).mismatches), [""; 0], "{old}");
    }
}

#[test]
fn what_did_change_is_shown_and_signing_again_is_about_that_alone() {
    let [_, mut database] = Database::shaped("channel-tables");
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (old, new) = (path("old.toml"), path("new.toml"));
    let text =
        signed(&mut database).replace("int not null auto_increment", "int(11) not null auto_increment");
    fs::write(&old, &text).expect("a map");
    let url = database.url();
    let renew = |map: &str, out: &str| {
        motionctl([
            "seed", "schema", "discover", "--db", &url, "--map", map, "--out", out, "--force", "--json",
        ])
        .document()
    };
    let unchanged = renew(&old, &new);
    assert_eq!(
        (unchanged["exit_code"].as_u64(), &unchanged["details"]["changed"]),
        (Some(0), &serde_json::json!([]))
    );
    assert_eq!(fs::read_to_string(&new).expect("a map"), text, "not one byte, and still signed");

    database.sql("ALTER TABLE agent_profiles MODIFY name VARCHAR(64) NOT NULL");
    let change =
        "agent_profiles.name: varchar(255) charset utf8mb4 not null → varchar(64) charset utf8mb4 not null";
    let check =
        |map: &str| motionctl(["seed", "schema", "check", "--db", &url, "--map", map, "--json"]).document();
    let checked = check(&old);
    assert_eq!(finding(&checked, "seed.map-mismatch")["evidence"], serde_json::json!([change]));
    let advice = finding(&checked, "seed.map-mismatch")["advice"].as_str().unwrap_or_default().to_owned();
    assert!(advice.contains("motionctl seed schema discover --map"), "{advice}");

    let renewed = renew(&old, &new);
    assert_eq!(renewed["details"]["changed"], serde_json::json!([change]));
    let verdict = renewed["details"]["verdict"].as_str().expect("a verdict");
    assert!(verdict.ends_with(
        "1 line has changed since it was signed; compare it, then put your name into reviewed_by"
    ));
    let text_new = fs::read_to_string(&new).expect("a map");
    let differing: Vec<(&str, &str)> =
        text.lines().zip(text_new.lines()).filter(|(old, new)| old != new).collect();
    assert_eq!(
        differing,
        [
            ("reviewed_by = \"Ann\"", "reviewed_by = \"\""),
            (
                "name = \"varchar(255) charset utf8mb4 not null\"",
                "name = \"varchar(64) charset utf8mb4 not null\"  # was: varchar(255) charset utf8mb4 not null"
            ),
        ]
    );
    fs::write(&new, text_new.replace("reviewed_by = \"\"", "reviewed_by = \"Bob\"")).expect("a signature");
    assert_eq!(check(&new)["exit_code"], 0);

    // What the map itself says and the database no longer has is for a person to correct.
    database.sql("ALTER TABLE chat_queues DROP COLUMN timeout");
    let renewed = renew(&new, &old);
    let notes = renewed["details"]["notes"].to_string();
    assert!(notes.contains("to be settled: chat_queues.timeout (queues.chat)"), "{notes}");
    let verdict = renewed["details"]["verdict"].as_str().expect("a verdict");
    assert!(verdict.contains("1 place of the map must be corrected by hand"), "{verdict}");
}

#[test]
fn the_map_that_is_renewed_is_not_overwritten() {
    let [_, mut database] = Database::shaped("channel-tables");
    let folder = tempfile::tempdir().expect("a folder");
    let old = folder.path().join("old.toml").display().to_string();
    fs::write(&old, signed(&mut database)).expect("a map");
    let url = database.url();
    let same = motionctl([
        "seed", "schema", "discover", "--db", &url, "--map", &old, "--out", &old, "--force", "--json",
    ]);
    assert_eq!(same.document()["exit_code"], 3);
    let missing =
        motionctl(["seed", "schema", "discover", "--db", &url, "--map", "/nonexistent.toml", "--json"]);
    assert_eq!(missing.document()["exit_code"], 69);
}
