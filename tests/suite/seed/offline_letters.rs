//! Plans against an export: letters that a column of the server cannot hold.
//!
//! Invariant: what a server is said to lose was asked of a real one; with a map that records the columns, a plan offline refuses
//! what the plan of the server refuses, and no more.

use super::commands::{file, seed};
use super::offline::{against, exported, of_manifest};
use super::support::Db;
use crate::support::binary::motionctl;
use crate::support::database_server::shared;
use motionctl::seed::snapshot::{is_known_charset, lost_letter};
use std::fs;
use std::path::Path;

const STAFF: &str = "queues: { voice: [ { name: V, strategy: ringall, type: inbound } ], chat: [ { name: C, strategy: beepall, timeout: 1 } ] }
agents: [ { username: ann, fullname: Ann, internal: '1' } ]
profiles: [ { name: Day, description: Day } ]
";

/// A map that records the columns of the server, as `discover` writes them, and is signed.
fn recorded(db: &Db) -> String {
    let new = db.folder().join("recorded.toml");
    let (old, to) = (db.map_file(), new.display().to_string());
    let made = motionctl([
        "seed",
        "schema",
        "discover",
        "--db",
        &db.url(),
        "--map",
        &old.display().to_string(),
        "--out",
        &to,
        "--force",
    ]);
    assert_eq!(made.code, 0, "{made:?}");
    let text =
        fs::read_to_string(&new).expect("a map").replace("reviewed_by = \"\"", "reviewed_by = \"Ann\"");
    fs::write(&new, text).expect("writing");
    to
}

fn evidence(path: &Path, export: &Path, map: &str) -> String {
    let json = against(path, export, &["--json", "--map", map]).document();
    let findings = json["findings"].as_array().cloned().unwrap_or_default();
    let offline = findings.iter().find(|finding| finding["code"] == "seed.offline");
    offline.map(|finding| finding["evidence"].to_string()).unwrap_or_default()
}

#[test]
fn a_letter_that_the_column_loses_is_refused_as_by_the_server() {
    let columns = |schema: &str| {
        schema
            .replacen("fullname VARCHAR(255)", "fullname VARCHAR(255) CHARACTER SET latin1", 1)
            .replace("description VARCHAR(255)", "description TINYTEXT CHARACTER SET utf8mb3")
            .replace("monitor_format VARCHAR(255)", "monitor_format VARCHAR(255) CHARACTER SET ascii")
            .replace(
                "name VARCHAR(255) NOT NULL COLLATE NOCASE",
                "name VARCHAR(255) CHARACTER SET latin1 NOT NULL",
            )
    };
    let db = Db::mariadb(columns, str::to_owned);
    let path = file(&db, "staff.yaml", STAFF);
    let map = recorded(&db);
    let applied = seed(&db, "apply", &path, &["--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    let export = exported(&db, "export.yaml", &[]);
    let full = "ü".repeat(128);
    for (index, (wanted, code)) in [
        ("agents: [ { username: ann, fullname: 'Größe €' } ]".to_owned(), 0),
        ("agents: [ { username: ann, fullname: Łódź } ]".to_owned(), 65),
        (
            "profiles: [ { name: Łódź }, { name: Day, queues: { chat: ['😀'], voice: ['ż'] } } ]".to_owned(),
            65,
        ),
        ("profiles: [ { name: Größe, description: Łódź } ]".to_owned(), 0),
        ("profiles: [ { name: Day, description: '😀' } ]".to_owned(), 65),
        (format!("profiles: [ {{ name: Day, description: {full} }} ]"), 65),
        ("queues: { voice: [ { name: V, settings: { monitor_format: wäv } } ] }".to_owned(), 65),
        ("queues: { voice: [ { name: V, settings: { monitor_format: wav } } ] }".to_owned(), 0),
    ]
    .iter()
    .enumerate()
    {
        let path = file(&db, "wanted.yaml", wanted);
        let online = of_manifest(&seed(&db, "plan", &path, &["--json"]));
        let offline = of_manifest(&against(&path, &export, &["--json", "--map", &map]));
        assert_eq!(offline, online, "{index}");
        assert_eq!(offline["code"], *code, "{index}: {offline:#}");
    }
    // All columns are recorded, and all of their character sets known: nothing is left to say of them.
    let said = evidence(&path, &export, &map);
    assert!(said.contains("CHECK constraints") && !said.contains("these columns"), "{said}");
}

#[test]
fn a_character_set_that_is_not_known_is_said_and_refuses_nothing() {
    let columns = |schema: &str| {
        schema.replace("description VARCHAR(255)", "description VARCHAR(255) CHARACTER SET latin2")
    };
    let db = Db::mariadb(columns, str::to_owned);
    let path = file(&db, "staff.yaml", STAFF);
    let map = recorded(&db);
    let export = file(&db, "export.yaml", STAFF);
    let said = evidence(&path, &export, &map);
    assert!(
        said.contains(
            "which letters these columns hold, in their character set: agent_profiles.description (latin2)"
        ),
        "{said}"
    );
    let path = file(&db, "wanted.yaml", "profiles: [ { name: Day, description: '¥ 😀' } ]");
    assert_eq!(against(&path, &export, &["--map", &map]).code, 0);
    // A line that was taken out of the map is as unknown.
    let text = fs::read_to_string(&map).expect("the map");
    let without: Vec<&str> = text.lines().filter(|line| !line.contains("charset latin2")).collect();
    assert_ne!(without.len(), text.lines().count());
    fs::write(&map, without.join("\n")).expect("writing");
    let said = evidence(&path, &export, &map);
    assert!(said.contains("`[tables]` has no line"), "{said}");
    assert!(said.contains("agent_profiles.description") && !said.contains("latin2"), "{said}");
}

#[test]
fn a_map_without_recorded_columns_says_so_and_is_used() {
    let db = Db::on_server();
    let export = file(&db, "export.yaml", STAFF);
    let path = file(&db, "wanted.yaml", "profiles: [ { name: Day, description: '😀' }, { name: New } ]");
    let map = db.map_file().display().to_string();
    assert!(!fs::read_to_string(&map).expect("the map").contains("[tables"), "nothing is recorded");
    let answer = against(&path, &export, &["--map", &map, "--detailed-exitcode"]);
    assert_eq!(answer.code, 2, "{answer:?}");
    let said = evidence(&path, &export, &map);
    assert!(
        said.contains("the map has no `[tables]`") && said.contains("which letters their columns"),
        "{said}"
    );
    assert!(!said.contains("no --map was named") && !said.contains("these columns"), "{said}");
}

/// What is known of each character set, held against a server's own answer about every letter.
#[test]
fn a_server_loses_the_letters_that_it_is_said_to_lose() {
    let schema = shared().schema();
    let mut conn = schema.connect();
    let letters: Vec<char> =
        ('\u{1}'..='\u{2ffff}').filter(|c| u32::from(*c) < 0x1_0000 || u32::from(*c) % 257 == 0).collect();
    for charset in ["utf8mb4", "utf8mb3", "utf16", "utf32", "ucs2", "ascii", "latin1"] {
        assert!(is_known_charset(charset), "{charset}");
        let sql =
            format!("SELECT HEX(CONVERT(CONVERT(CONVERT(? USING utf8mb4) USING {charset}) USING utf8mb4))");
        for chunk in letters.chunks(4_096) {
            let text: String = chunk.iter().collect();
            let rows = conn.rows(&sql, &[text.as_str().into()]).expect("an answer");
            let back = hex::decode(rows[0].text(0).expect("a text")).expect("hexadecimal");
            let back: Vec<char> = String::from_utf8_lossy(&back).chars().collect();
            assert_eq!(back.len(), chunk.len(), "{charset}");
            for (letter, back) in chunk.iter().zip(back) {
                let lost = lost_letter(charset, &letter.to_string()).is_some();
                assert_eq!(lost, back != *letter, "U+{:04X} in {charset}", u32::from(*letter));
            }
        }
    }
    assert!(!is_known_charset("latin2") && lost_letter("latin2", "😀").is_none());
}
