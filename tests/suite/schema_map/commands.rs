//! `seed schema show`, `check` and `discover` as processes.
//!
//! Invariant: the road from a proposal to a reviewed map is walked as a person walks it.

use super::support::{Database, for_sqlite};
use crate::support::binary::{codes, finding, motionctl};
use crate::support::database_server::programs::programs;
use motionctl::db::{Connection, FileAccess, Limits, Source};
use motionctl::seed::embedded;
use motionctl::seed::map::Map;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::Builder::new().prefix("motionctl-map-").tempdir().expect("a folder")
}

fn json(arguments: &[&str]) -> Value {
    motionctl(arguments.iter().copied().chain(["--json"])).document()
}

/// A SQLite file with these tables.
fn file(folder: &Path, sql: &str) -> PathBuf {
    let path = folder.join("motion.db");
    let source = Source::File { path: path.clone(), access: FileAccess::Create };
    let mut connection = Connection::open(&source, &Limits::work()).expect("a file");
    connection.script(&for_sqlite(sql)).expect("tables");
    path
}

#[test]
fn from_discover_to_a_reviewed_map() {
    let [_, database] = Database::shaped("one-table");
    let folder = folder();
    let map = folder.path().join("map.toml").display().to_string();
    let url = database.url();
    let discover = ["seed", "schema", "discover", "--db", &url, "--out", &map];
    let document = json(&discover);
    assert_eq!(
        (document["outcome"].as_str(), document["details"]["file"].as_str()),
        (Some("ok"), Some(map.as_str()))
    );
    assert_eq!(document["details"]["missing"], serde_json::json!([]));
    assert!(
        document["details"]["grades"]["certain"].as_u64().is_some_and(|count| count > 10),
        "{document:#}"
    );
    let text = fs::read_to_string(&map).expect("the proposal");
    assert!(text.contains("reviewed_by = \"\"\n") && !text.contains("\ncreate = true"), "{text}");
    assert!(text.contains("[effects.next-login]") && text.contains(" # likely: "), "{text}");
    let again = json(&discover);
    assert_eq!((again["exit_code"].as_u64(), again["outcome"].as_str()), (Some(3), Some("refused")));
    assert_eq!(fs::read_to_string(&map).expect("unchanged"), text);
    assert_eq!(json(&[&discover[..], &["--force"]].concat())["exit_code"], 0);

    let check = ["seed", "schema", "check", "--db", &url, "--map", &map];
    let unreviewed = json(&check);
    assert_eq!(unreviewed["exit_code"], 3);
    assert_eq!(codes(&unreviewed), ["seed.map-unreviewed"]);
    fs::write(&map, text.replace("reviewed_by = \"\"", "reviewed_by = \"Ann\"")).expect("a signature");
    let reviewed = json(&check);
    assert_eq!((reviewed["exit_code"].as_u64(), codes(&reviewed).len()), (Some(0), 0));
    assert_eq!(
        (&reviewed["details"]["map"]["reviewed_by"], &reviewed["database"]["server"]),
        (&"Ann".into(), &programs().kind.name().into())
    );
}

#[test]
fn a_check_says_what_has_changed_since() {
    let [_, mut database] = Database::shaped("channel-tables");
    let folder = folder();
    let map = folder.path().join("map.toml").display().to_string();
    let url = database.url();
    assert_eq!(json(&["seed", "schema", "discover", "--db", &url, "--out", &map])["exit_code"], 0);
    database.sql("ALTER TABLE agent_profiles MODIFY name VARCHAR(64) NOT NULL; ALTER TABLE chat_queues DROP COLUMN timeout;");
    let document = json(&["seed", "schema", "check", "--db", &url, "--map", &map]);
    assert_eq!(document["exit_code"], 3);
    let evidence = &finding(&document, "seed.map-mismatch")["evidence"];
    let expected = [
        "agent_profiles.name: varchar(255) charset utf8mb4 not null → varchar(64) charset utf8mb4 not null",
        "chat_queues.timeout (queues.chat): expected whole numbers, found no such column",
    ];
    assert_eq!(evidence, &serde_json::json!(expected));
    assert_eq!(document["details"]["mismatches"], *evidence);
}

#[test]
fn the_built_in_map_is_for_files_of_our_own() {
    let folder = folder();
    let path = file(folder.path(), "");
    let url = format!("sqlite:{}", path.display());
    let check = ["seed", "schema", "check", "--db", &url];
    let empty = json(&check);
    assert_eq!(
        (empty["exit_code"].as_u64(), empty["details"]["map"]["source"].as_str()),
        (Some(0), Some("built-in"))
    );
    let source = Source::File { path: path.clone(), access: FileAccess::Write };
    let mut connection = Connection::open(&source, &Limits::work()).expect("the file");
    embedded::create(&mut connection).expect("the schema");
    let ours = json(&check);
    assert_eq!((ours["exit_code"].as_u64(), codes(&ours).len()), (Some(0), 0));
    assert_eq!(ours["details"]["map"]["hash"], Map::built_in().hash());

    connection.script("PRAGMA application_id = 7").expect("a mark");
    let foreign = json(&check);
    assert_eq!((foreign["exit_code"].as_u64(), foreign["outcome"].as_str()), (Some(3), Some("refused")));
    let message = foreign["error"]["message"].as_str().expect("a message");
    assert!(
        message.ends_with("was not made by motionctl: its application id is 7 and not 1296258124"),
        "{message}"
    );
    let missing = json(&["seed", "schema", "check", "--db", "sqlite:/nonexistent/motion.db"]);
    assert_eq!(missing["exit_code"], 69);
}

#[test]
fn a_map_is_shown_as_it_is_written() {
    let folder = folder();
    let shown = motionctl(["seed", "schema", "show", "--db", "sqlite"]);
    assert_eq!((shown.code, shown.stdout.as_str()), (0, Map::built_in_text()));
    let path = folder.path().join("map.toml");
    let text = Map::built_in_text().replace("reviewed_by = \"\"", "reviewed_by = \"Ann\" # compared");
    fs::write(&path, &text).expect("a map");
    let name = path.display().to_string();
    let shown = motionctl(["seed", "schema", "show", "--no-db", "--map", &name]);
    assert_eq!((shown.code, shown.stdout), (0, text.clone()));
    let document = json(&["seed", "schema", "show", "--no-db", "--map", &name]);
    assert_eq!(
        (&document["details"]["map"]["reviewed_by"], &document["details"]["text"]),
        (&"Ann".into(), &text.into())
    );
}

#[test]
fn the_documented_map_is_one() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/seeding.md")).expect("the page");
    let blocks: Vec<&str> =
        page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let starting = |word: &str| {
        *blocks
            .iter()
            .find(|block| block.starts_with(word))
            .unwrap_or_else(|| panic!("no {word:?}: {blocks:?}"))
    };
    let parse =
        |text: &str| Map::parse("docs/seeding.md", text).unwrap_or_else(|error| panic!("{error}:\n{text}"));
    let whole = starting("format = 1");
    let map = parse(whole);
    assert_eq!((map.links.len(), map.queues.len(), map.is_reviewed()), (4, 2, false));
    // What is said of one section alone is one, too.
    assert!(
        map.permissions.is_none()
            && parse(&[whole, starting("[permissions]")].concat()).permissions.is_some()
    );
}

#[test]
fn maps_that_are_none_are_65_and_missing_ones_69() {
    let folder = folder();
    let path = folder.path().join("map.toml");
    let name = path.display().to_string();
    let show = || json(&["seed", "schema", "show", "--no-db", "--map", &name]);
    assert_eq!(show()["exit_code"], 69);
    for (text, wanted) in [
        ("format = 1\ncolour = 2\n", ":2:1: unknown field `colour`"),
        ("format = 9\n", "missing field `users`"),
    ] {
        fs::write(&path, text).expect("a map");
        let document = show();
        assert_eq!(document["exit_code"], 65);
        let message = document["error"]["message"].as_str().expect("a message");
        assert!(message.contains(wanted), "{message}");
    }
    fs::write(&path, b"\xff").expect("a file");
    assert_eq!(show()["exit_code"], 65);
}

#[test]
fn discovery_on_a_file_and_without_a_database() {
    let folder = folder();
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/database/shapes/without-keys.sql");
    let path = file(folder.path(), &fs::read_to_string(fixture).expect("a fixture"));
    let out = folder.path().join("map.toml").display().to_string();
    let url = format!("sqlite:{}", path.display());
    let before = fs::read(&path).expect("a file");
    let answer = motionctl(["seed", "schema", "discover", "--db", &url, "--out", &out]);
    assert_eq!(answer.code, 0, "{answer:?}");
    assert!(answer.stdout.contains("compare each line with the database"), "{answer:?}");
    assert_eq!(fs::read(&path).expect("a file"), before, "the database is only read");
    assert_eq!(json(&["seed", "schema", "check", "--db", &url, "--map", &out])["exit_code"], 0);
    let printed = motionctl(["seed", "schema", "discover", "--db", &url]);
    assert_eq!((printed.code, printed.stdout), (0, fs::read_to_string(&out).expect("the proposal")));
    assert_eq!(printed.stderr, "compare each line with the database, then put your name into reviewed_by\n");
    let document = json(&["seed", "schema", "discover", "--db", &url]);
    assert!(document["details"]["text"].as_str().is_some_and(|text| text.contains("reviewed_by = \"\"")));
    assert_eq!(document["details"]["file"], Value::Null);
    assert_eq!(motionctl(["seed", "schema", "discover", "--db", &url, "--force"]).code, 64);
    assert_eq!(json(&["seed", "schema", "discover", "--no-db", "--out", &out])["exit_code"], 69);
    let nowhere = json(&["seed", "schema", "discover", "--db", &url, "--out", "/nonexistent/map.toml"]);
    assert_eq!((nowhere["exit_code"].as_u64(), nowhere["outcome"].as_str()), (Some(1), Some("failed")));
}

#[test]
fn a_check_names_values_that_mean_a_channel_and_that_the_map_does_not_know() {
    let [_, mut database] = Database::shaped("several-values");
    let folder = folder();
    let map = folder.path().join("map.toml").display().to_string();
    let url = database.url();
    let text = database.discover().to_toml("a test").replace("reviewed_by = \"\"", "reviewed_by = \"Ann\"");
    let check = || json(&["seed", "schema", "check", "--db", &url, "--map", &map]);
    fs::write(&map, &text).expect("a map");
    let knows_both = check();
    assert_eq!((knows_both["exit_code"].as_u64(), codes(&knows_both).len()), (Some(0), 0), "{knows_both:#}");

    // A value of no channel of the map is nobody's, and the column of an ENUM that has both may hold none.
    database
        .sql("INSERT INTO agentProfileQueue (agentProfileId, queueId, channel) VALUES (1, 1, 'callback')");
    fs::write(&map, text.replace(", also = [\"voice\"]", "")).expect("a map");
    let knows_one = check();
    assert_eq!(
        (knows_one["exit_code"].as_u64(), codes(&knows_one)),
        (Some(0), vec!["seed.map-values".to_owned()])
    );
    let evidence = &finding(&knows_one, "seed.map-values")["evidence"];
    assert_eq!(
        evidence,
        &serde_json::json!([
            "agentProfileQueue.channel holds \"voice\", which means voice and is not in links.profile_queues.voice"
        ])
    );
}
