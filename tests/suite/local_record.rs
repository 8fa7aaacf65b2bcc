//! The record of local changes where it is not as it was left: unreadable, damaged, moved away, or behind what a hand
//! has edited since. On copied trees.

use crate::support::binary::{SITE, Server, finding, has};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

const PATCH: &str = "etc/motionctl/local.d/motion.conf.toml";
const BRIDGE: &str =
    "    location /whatsapp-bridge/ {\n        proxy_pass http://127.0.0.1:3434/;\n    }\n\n";
const ACCEPTED: [&str; 2] = ["--accept", "site.base-unreadable"];

/// A server with a local location and a record of it, and the vendor's file that it was made from.
fn recorded() -> (Server, String) {
    let server = Server::copy("standalone");
    let vendor = server.read(SITE);
    server.replace(SITE, "    location /api/", &format!("{BRIDGE}    location /api/"));
    assert_eq!(server.json(&["apply", "--yes", "--strategy", "graft"])["outcome"], "applied");
    assert_eq!(server.json(&["plan"])["outcome"], "up-to-date");
    (server, vendor)
}

/// What each command says where it is not known which changes are local.
fn is_unknown(server: &Server, record: &str, code: &str) -> Value {
    for command in ["check", "plan", "status"] {
        let said = server.json(&[command]);
        let verdict = said["details"]["verdict"].as_str().unwrap_or_default();
        assert!(verdict.contains("local changes unknown"), "{command}: {said:#}");
        assert_ne!(said["outcome"], "up-to-date", "{command}: {said:#}");
        let found = finding(&said, code);
        assert!(found["title"].as_str().expect("text").starts_with("local changes unknown"), "{found:#}");
        assert!(found["advice"].as_str().expect("text").contains("motionctl local add"), "{found:#}");
    }
    let status = server.json(&["status", "--detailed-exitcode"]);
    assert_eq!((status["exit_code"].as_i64(), &status["details"]["record"]), (Some(2), &record.into()));
    assert!(status["details"]["missing_changes"].is_null(), "an empty list would be a lie: {status:#}");
    let watched = server.json(&["status", "--check"]);
    let line = watched["details"]["check"]["line"].as_str().expect("a line").to_owned();
    assert_ne!(watched["exit_code"], 0, "{line}");
    assert!(line.contains("local changes unknown") && line.contains("local_changes_missing=U"), "{line}");
    server.json(&["check"])
}

/// A record that nothing can be built on stops an apply, until somebody accepts that by name; the file itself stays as
/// it is, so that it can still be set right.
fn is_refused(server: &Server) {
    let checked = is_unknown(server, "unreadable", "site.base-unreadable");
    assert_eq!(checked["exit_code"], 65, "{checked:#}");
    let record = server.at(PATCH);
    let before = fs::symlink_metadata(&record).expect("it is there").ino_and_time();
    let refused = server.json(&["apply", "--yes"]);
    assert_eq!(
        (refused["exit_code"].as_i64(), &refused["outcome"]),
        (Some(65), &"invalid".into()),
        "{refused:#}"
    );
    assert!(refused["error"]["hint"].to_string().contains("--accept site.base-unreadable"), "{refused:#}");
    let accepted = server.json(&[&["apply", "--yes"][..], &ACCEPTED].concat());
    assert_eq!(accepted["exit_code"], 0, "{accepted:#}");
    assert_ne!(accepted["outcome"], "up-to-date", "{accepted:#}");
    assert_eq!(fs::symlink_metadata(&record).expect("it is there").ino_and_time(), before);
}

trait InoAndTime {
    fn ino_and_time(&self) -> (u64, i64, u32);
}

impl InoAndTime for fs::Metadata {
    fn ino_and_time(&self) -> (u64, i64, u32) {
        use std::os::unix::fs::MetadataExt;
        (self.ino(), self.mtime_nsec(), self.mode())
    }
}

#[test]
fn a_record_that_others_could_have_written_is_not_believed_and_nothing_is_called_up_to_date() {
    for mode in [0o666, 0o660, 0o602] {
        let (server, _) = recorded();
        fs::set_permissions(server.at(PATCH), fs::Permissions::from_mode(mode)).expect("ours");
        is_refused(&server);
        fs::set_permissions(server.at(PATCH), fs::Permissions::from_mode(0o600)).expect("ours");
        assert_eq!(server.json(&["apply", "--yes"])["outcome"], "up-to-date");
    }
}

#[test]
fn what_is_no_file_is_no_record() {
    let (server, _) = recorded();
    let (record, aside) = (server.at(PATCH), server.at("etc/motionctl/aside.toml"));
    fs::rename(&record, &aside).expect("moving");
    symlink("../aside.toml", &record).expect("a link");
    is_refused(&server);
    fs::remove_file(&record).expect("removing");
    fs::create_dir(&record).expect("a folder");
    is_refused(&server);
}

#[test]
fn a_damaged_record_is_named_by_line_and_column_and_stops_an_apply_alone() {
    let (server, _) = recorded();
    let good = server.read(PATCH);
    for (old, new) in [
        ("format = 1", "format = "),
        ("format = 1", "format = 99"),
        ("[[change]]", "[[change]]\nwhat = 1"),
        ("kind = \"added\"", "kind = \"gone\""),
        ("block = \"server ", "block = \"server x"),
        ("text = ", "texts = "),
        ("base-sha256 = \"", "base-sha256 = \"00"),
        ("# Local", "\u{0}"),
    ] {
        assert!(good.contains(old), "{old}");
        server.write(PATCH, good.replacen(old, new, 1));
        is_refused(&server);
        let evidence = finding(&server.json(&["check"]), "site.base-unreadable")["evidence"].to_string();
        assert!(evidence.contains("/etc/motionctl/local.d/motion.conf.toml:"), "{new}: {evidence}");
        let listed = server.json(&["local", "list"]);
        assert_eq!(listed["exit_code"], 65, "{new}: {listed:#}");
    }
    server.write(PATCH, good);
    assert_eq!(server.json(&["plan"])["outcome"], "up-to-date");
}

#[test]
fn a_base_record_that_is_another_or_gone_makes_the_local_changes_unknown() {
    let (server, _) = recorded();
    let books = fs::read_dir(server.at("var/lib/motionctl")).expect("our books");
    let mut books = books.flatten().map(|entry| entry.path());
    let base = books.find(|path| path.to_string_lossy().contains("/base-")).expect("a base record");
    fs::write(&base, "server { listen 80; }\n").expect("writing");
    is_refused(&server);
    fs::remove_file(&base).expect("removing");
    is_refused(&server);
}

#[test]
fn a_record_that_was_moved_away_is_missed_and_can_be_begun_again() {
    let (server, vendor) = recorded();
    fs::remove_file(server.at(PATCH)).expect("removing");
    let checked = is_unknown(&server, "gone", "site.record-gone");
    assert_eq!(checked["exit_code"], 0, "{checked:#}");
    let idle = server.json(&["apply", "--yes"]);
    assert_eq!((idle["exit_code"].as_i64(), &idle["outcome"]), (Some(0), &"ok".into()), "{idle:#}");
    let listed = server.json(&["local", "list"]);
    assert_eq!(listed["exit_code"], 3, "{listed:#}");
    // The whole folder as well.
    fs::remove_dir_all(server.at("etc/motionctl")).expect("removing");
    is_unknown(&server, "gone", "site.record-gone");
    assert_eq!(server.json(&["local", "add", "--yes"])["outcome"], "applied");
    for command in ["check", "plan", "apply"] {
        let more: &[&str] = if command == "apply" { &["--yes"] } else { &[] };
        assert_eq!(server.json(&[&[command], more].concat())["outcome"], "up-to-date", "{command}");
    }
    // The new record is worth as much as the old one.
    server.write(SITE, vendor);
    let said = server.json(&["status"])["details"]["verdict"].to_string();
    assert!(said.contains("location /whatsapp-bridge/"), "{said}");
    assert_eq!(server.json(&["apply", "--yes"])["outcome"], "applied");
    has(&server, &["location /whatsapp-bridge/", "/user-ui/"]);
    assert_eq!(server.json(&["plan"])["outcome"], "up-to-date");
}

#[test]
fn a_record_that_is_gone_with_the_route_is_not_begun_from_an_update_s_text() {
    let (server, vendor) = recorded();
    fs::remove_file(server.at(PATCH)).expect("removing");
    server.write(SITE, &vendor);
    let refused = server.json(&["local", "add", "--yes"]);
    assert_eq!(refused["exit_code"], 3, "{refused:#}");
    let watched = server.json(&["status", "--check"]);
    let line = watched["details"]["check"]["line"].as_str().expect("a line");
    assert!(watched["exit_code"] == 2 && line.contains("local changes unknown"), "{line}");
    // What the base record was is not known without the patch: it is no base of a merge.
    let applied = server.json(&["apply", "--yes"]);
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    finding(&applied, "site.record-gone");
    assert!(server.read(PATCH).contains("base = \"as-found\""), "{}", server.read(PATCH));
    assert_eq!(server.json(&["plan"])["outcome"], "up-to-date");
}

#[test]
fn a_record_that_a_backup_has_is_named_with_the_backup() {
    let (server, vendor) = recorded();
    let first = server.read(PATCH);
    server.write(SITE, vendor.replace("20m", "64m"));
    let applied = server.json(&["apply", "--yes"]);
    let backup = applied["backup"]["id"].as_str().expect("a backup").to_owned();
    fs::remove_file(server.at(PATCH)).expect("removing");
    let said = server.json(&["check"]);
    let evidence = finding(&said, "site.record-gone")["evidence"].as_array().expect("a list").clone();
    let lines: Vec<&str> = evidence.iter().filter_map(Value::as_str).collect();
    assert!(lines.iter().any(|line| line.contains(&backup)), "{lines:?}");
    // What it says to type brings back both files, which belong together.
    for line in lines {
        let Some(words) = line.strip_prefix("  install -m 600 ") else { continue };
        let (from, to) = words.split_once(' ').expect("two paths");
        fs::copy(server.at(&from[1..]), server.at(&to[1..])).expect("copying");
    }
    assert_eq!(server.read(PATCH), first);
    let said = server.json(&["check"])["findings"].to_string();
    assert!(!said.contains("site.record-gone") && !said.contains("site.base-unreadable"), "{said}");
}

#[test]
fn a_server_of_an_older_version_or_after_an_undone_run_has_lost_no_record() {
    let (server, _) = recorded();
    assert_eq!(server.json(&["rollback", "--yes"])["outcome"], "applied");
    let checked = server.json(&["check"]);
    assert!(!checked["findings"].to_string().contains("site.record-gone"), "{checked:#}");
    // Older versions left the base alone, and a journal that knows no record.
    let (server, _) = recorded();
    let journal = "var/lib/motionctl/journal";
    fs::remove_file(server.at(PATCH)).expect("removing");
    fs::remove_file(server.at(journal)).expect("removing");
    let checked = server.json(&["check"]);
    assert_eq!(checked["outcome"], "up-to-date", "{checked:#}");
}

#[test]
fn edits_by_hand_are_named_until_somebody_keeps_them() {
    let (server, _) = recorded();
    server.replace(SITE, "120s", "600s");
    server.replace(
        SITE,
        "    location /api/",
        "    location /wallboard/ {\n        proxy_pass http://127.0.0.1:3435/;\n    }\n\n    location /api/",
    );
    for command in ["check", "plan", "status"] {
        let said = server.json(&[command]);
        let edited = finding(&said, "site.edited");
        assert_eq!(edited["level"], "info");
        assert!(edited["advice"].to_string().contains("motionctl local add"), "{edited:#}");
        let evidence = edited["evidence"].to_string();
        assert!(
            evidence.contains("proxy_read_timeout") && evidence.contains("location /wallboard/"),
            "{evidence}"
        );
        assert!(!evidence.contains("whatsapp"), "the record has it: {evidence}");
    }
    let drifted = server.json(&["status"])["details"]["drifted"].to_string();
    assert!(drifted.contains("motion.conf"), "{drifted}");
    assert_eq!(server.json(&["status", "--check"])["exit_code"], 1);
    // One of them is kept, and the other is still named.
    let path = "server cc.example.test:443 / location /wallboard/";
    assert_eq!(server.json(&["local", "add", "--yes", path])["outcome"], "applied");
    let evidence = finding(&server.json(&["check"]), "site.edited")["evidence"].to_string();
    assert!(evidence.contains("proxy_read_timeout") && !evidence.contains("wallboard"), "{evidence}");
    assert_eq!(server.json(&["local", "add", "--yes"])["outcome"], "applied");
    let status = server.json(&["status", "--detailed-exitcode"]);
    assert_eq!(
        (status["exit_code"].as_i64(), &status["outcome"]),
        (Some(0), &"up-to-date".into()),
        "{status:#}"
    );
    assert_eq!(status["details"]["drifted"], Value::Array(Vec::new()), "{status:#}");
    assert!(!status["findings"].to_string().contains("site.edited"), "{status:#}");
    assert_eq!(server.json(&["status", "--check"])["exit_code"], 0);
}
