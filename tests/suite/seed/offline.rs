//! Plans against an export: the same as against the database that it came from.
//!
//! Invariant: the binary is given no database, and an environment that names one is not followed.

use super::commands::{file, seed};
use super::support::{Db, EXAMPLE};
use crate::support::binary::binary;
use crate::support::said::{Said, answer};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Two queues and two agents more than the example, with what is odd about each.
const MORE: &str = "\
queues:
  voice: [ { name: Late, strategy: ringall, type: outbound, description: At night, settings: { monitor_format: wav } } ]
  chat: [ { name: 'A: \"b\" & c', strategy: beepall, timeout: 5, weight: 3, description: null } ]
agents:
  - { username: agent2, fullname: 'O''Brien', email: null, internal: '0100' }
  - { username: agent3, fullname: Three, internal: '1003', personal: { chat: ['A: \"b\" & c'] } }
profiles:
  - { name: Night, enabled: false, description: '', agents: [agent2, agent3] }
  - name: Profile 1
    agents: [agent2]
    queues: { voice: [ { name: Late, penalty: 4 } ] }
";

/// What may be wanted of it: additions, changes, deletions, renames and things that are refused.
const WANTED: [&str; 8] = [
    "profiles: [ { name: Profile 1, agents: [agent1, agent2, agent3] } ]",
    "profiles: [ { name: Profile 1, enabled: false, description: null, queues: { voice: { mode: exact, members: [ { name: Late, penalty: 1 } ] } } } ]",
    "profiles: [ { name: New, previous_name: Night, description: x }, { name: Profile 2, absent: true } ]",
    "queues: { chat: [ { name: 'A: \"b\" & c', weight: 9, timeout: 6 }, { name: New, strategy: beepall, timeout: 1 } ], voice: [ { name: Late, settings: { monitor_format: null } } ] }",
    "agents: [ { username: agent2, fullname: Two, internal: '0200', personal: { chat: { remove: [], members: [Support] } } }, { username: new, fullname: New, internal: '9' } ]",
    "agents: [ { username: agent3, personal: { chat: { mode: exact, members: [], allow_empty: true } } } ]",
    "profiles: [ { name: Profile 1, agents: [agnt1], queues: { chat: [Suport] } }, { name: P, previous_name: Gone, queues: { voice: [Late] } } ]",
    "agents: [ { username: other, fullname: Other, internal: '1003' } ]\nprofiles: [ { name: Night, queues: { mail: [Assistance] } } ]",
];

pub fn exported(db: &Db, name: &str, more: &[&str]) -> PathBuf {
    let mut arguments = vec!["seed".to_owned(), "export".to_owned(), "--db".to_owned(), db.url()];
    if db.is_server() {
        arguments.extend(["--map".to_owned(), db.map_file().display().to_string()]);
    }
    let export = binary().args(arguments).args(more).output().expect("the binary starts");
    let export = answer(&export);
    assert_eq!(export.code, 0, "{export:?}");
    let path = db.folder().join(name);
    std::fs::write(&path, export.stdout).expect("writing");
    path
}

pub fn against(path: &Path, export: &Path, more: &[&str]) -> Said {
    let mut command = binary();
    command.env("MOTIONCTL_DB", "mysql://nobody@192.0.2.1/none");
    command.args(["seed", "plan"]).arg(path).arg("--against").arg(export).args(more);
    answer(&command.output().expect("the binary starts"))
}

/// What of an answer is about the manifest, and not about the server.
pub fn of_manifest(answer: &Said) -> Value {
    let json = answer.document();
    let about = |finding: &&Value| {
        let code = finding["code"].as_str().unwrap_or_default();
        !["seed.offline", "seed.replica-unknown", "seed.no-new-client"].contains(&code)
    };
    let problems: Vec<Value> = json["problems"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|problem| json!([problem["line"], problem["column"], problem["message"], problem["hint"]]))
        .collect();
    let findings: Vec<&Value> = json["findings"].as_array().into_iter().flatten().filter(about).collect();
    // Those of rows that are there come in the order of their ids, which an export does not have.
    let mut changes = json["changes"].as_array().cloned().unwrap_or_default();
    for members in changes.iter_mut().filter_map(|change| change["members"].as_array_mut()) {
        members.sort_by_key(Value::to_string);
    }
    changes.sort_by_key(Value::to_string);
    json!({ "code": json["exit_code"], "changes": changes, "problems": problems, "findings": findings })
}

#[test]
fn a_plan_against_an_export_is_that_against_its_database() {
    for db in Db::both() {
        for text in [EXAMPLE, MORE] {
            let path = file(&db, "base.yaml", text);
            let applied = seed(&db, "apply", &path, &["--yes"]);
            assert_eq!(applied.code, 0, "{applied:?}");
        }
        let map = db.map_file().display().to_string();
        for more in [&[][..], &["--exact"]] {
            let export = exported(&db, "export.yaml", more);
            for (index, wanted) in WANTED.iter().enumerate() {
                let path = file(&db, "wanted.yaml", wanted);
                for flags in [&["--json", "--detailed-exitcode"][..], &["--json", "--prune", "profiles"]] {
                    let online = of_manifest(&seed(&db, "plan", &path, flags));
                    let offline = of_manifest(&against(&path, &export, &[flags, &["--map", &map]].concat()));
                    assert_eq!(offline, online, "{index} {flags:?}, server: {}", db.is_server());
                }
            }
            let same = against(&export, &export, &["--detailed-exitcode"]);
            assert_eq!(same.code, 0, "{same:?}");
        }
    }
}

#[test]
fn what_only_the_server_knows_is_said() {
    let [db, _] = Db::both();
    let path = file(&db, "base.yaml", EXAMPLE);
    assert_eq!(seed(&db, "apply", &path, &["--yes"]).code, 0);
    let export = exported(&db, "export.yaml", &[]);
    let text = against(&path, &export, &[]);
    assert!(text.stdout.contains("up to date: nothing to do; against the export"), "{text:?}");
    assert!(text.stdout.contains("no database was asked"), "{text:?}");
    let json = against(&path, &export, &["--json"]).document();
    assert!(json.get("database").is_none() && json["details"].get("fingerprint").is_none(), "{json:#}");
    assert_eq!(json["details"]["against"]["map"], false);
    let finding = &json["findings"][0];
    assert_eq!((&finding["code"], &finding["level"]), (&json!("seed.offline"), &json!("warn")));
    for part in ["who is logged in", "users who are no agents", "no --map was named"] {
        assert!(finding["evidence"].to_string().contains(part), "{part}: {finding:#}");
    }
}

#[test]
fn what_was_left_out_of_the_export_is_said() {
    let [db, _] = Db::both();
    let path = file(&db, "base.yaml", EXAMPLE);
    let export = file(
        &db,
        "export.yaml",
        "# Left out, because a manifest cannot say it:\n# - agent x: its name is blank\nversion: 1\n",
    );
    let evidence = against(&path, &export, &["--json"]).document()["findings"].to_string();
    assert!(evidence.contains("left out of the export: agent x: its name is blank"), "{evidence}");
}

#[test]
fn what_the_map_records_of_a_column_is_believed() {
    let [db, _] = Db::both();
    let map = db.map_file();
    let signed = std::fs::read_to_string(&map).expect("the map");
    let recorded = "\n[tables.agent_profiles.columns]\nname = \"varchar(6) charset utf8mb4 not null\"\n\
                    [tables.chat_queues.columns]\nstrategy = \"enum('beepall','x y') not null\"\ntimeout = \"tinyint unsigned not null\"\n";
    let unsigned = signed.replace("reviewed_by = \"Ann\"", "reviewed_by = \"\"") + recorded;
    std::fs::write(&map, unsigned).expect("writing");
    let export = file(&db, "export.yaml", "profiles: []");
    let flags = ["--json", "--map", map.to_str().expect("text")];
    let path = file(
        &db,
        "wanted.yaml",
        "queues: { chat: [ { name: Q, strategy: rrmemory, timeout: 256 } ] }\nprofiles: [ { name: Morning } ]",
    );
    let problems = against(&path, &export, &flags).document()["problems"].to_string();
    for part in [
        "holds only beepall, x y",
        "holds whole numbers from 0 to 255",
        "has 7 characters, and the column name holds 6",
    ] {
        assert!(problems.contains(part), "{part}: {problems}");
    }
    let path = file(&db, "wanted.yaml", "profiles: [ { name: Early } ]");
    let json = against(&path, &export, &flags).document();
    assert_eq!((&json["exit_code"], &json["outcome"]), (&json!(0), &json!("changes-pending")), "{json:#}");
    assert!(json["findings"].to_string().contains("seed.map-unreviewed"), "{json:#}");
}

#[test]
fn a_name_that_may_be_another_one_to_the_server_is_refused() {
    let [db, _] = Db::both();
    let export = file(
        &db,
        "export.yaml",
        "queues: { chat: [ { name: Support, strategy: beepall, timeout: 1 } ] }\nagents: [ { username: anna, fullname: A, internal: '1' } ]\n",
    );
    let check = |text: &str, parts: &[&str]| {
        let path = file(&db, "wanted.yaml", text);
        let json = against(&path, &export, &["--json"]).document();
        assert_eq!(json["exit_code"], if parts.is_empty() { 0 } else { 65 }, "{json:#}");
        let problems = json["problems"].as_array().cloned().unwrap_or_default();
        assert_eq!(problems.len(), parts.len(), "{problems:#?}");
        for (problem, part) in problems.iter().zip(parts) {
            assert!(problem["message"].as_str().is_some_and(|message| message.contains(part)), "{problem:#}");
        }
    };
    check("profiles: [ { name: P, agents: [anna], queues: { chat: [Support] } } ]", &[]);
    check(
        "profiles: [ { name: P, queues: { chat: [SUPPORT] } } ]",
        &["the chat queue `SUPPORT` may be `Support`, in the export"],
    );
    check(
        "profiles: [ { name: P, agents: [änna], queues: { chat: [Süpport, 'Support '] } } ]",
        &["`änna` may be `anna`", "`Süpport` may be", "`Support\\u{20}` may be"],
    );
    check("profiles: [ { name: P }, { name: p } ]", &["the profile `p` may be `P`, elsewhere in this file"]);
}

#[test]
fn what_is_no_export_is_refused_and_nothing_can_be_saved() {
    let [db, _] = Db::both();
    let path = file(&db, "m.yaml", "profiles: []");
    let check = |text: &str, part: &str| {
        let export = file(&db, "export.yaml", text);
        let json = against(&path, &export, &["--json"]).document();
        assert_eq!(json["exit_code"], 65, "{json:#}");
        assert!(json["problems"].to_string().contains(part), "{json:#}");
    };
    check("profiles: [ { name: P, absent: true } ]", "no such key");
    check("profiles: [ { name: P, agents: { remove: [a] } } ]", "removes nothing");
    check("profiles: [ { name: P, agents: [a] } ]", "`a` is linked and not in the export");
    check("agents: [ { usrname: a } ]", "did you mean");
    let export = file(&db, "export.yaml", "profiles: []");
    for more in [["--out", "x"], ["--db", "sqlite"], ["--db-ca", "x"]] {
        assert_eq!(against(&path, &export, &more).code, 64, "{more:?}");
    }
    assert_eq!(against(&path, Path::new("/none"), &[]).code, 69);
}

#[test]
fn an_internal_number_of_two_agents_is_known_from_the_export() {
    let [db, _] = Db::both();
    let export = file(
        &db,
        "export.yaml",
        "# Left out, because a manifest cannot say it:\n\
         # - agent `a`: `internal` is that of another agent, too: \"1001\"\n\
         # - agent `b`: `internal` is that of another agent, too: \"1001\"\n\
         version: 1\nagents: [ { username: a, fullname: A }, { username: b, fullname: B } ]\n",
    );
    for (internal, code) in [("1001", 65), ("1002", 2)] {
        let text = format!("agents: [ {{ username: new, fullname: New, internal: '{internal}' }} ]");
        let answer = against(&file(&db, "wanted.yaml", &text), &export, &["--detailed-exitcode"]);
        assert_eq!(answer.code, code, "{answer:?}");
    }
}

#[test]
fn what_an_export_cannot_say_is_never_cut() {
    let [db, _] = Db::both();
    let left: String = (0..9).map(|number| format!("# - agent `x{number}`: blank\n")).collect();
    let export = file(&db, "export.yaml", &format!("{left}version: 1"));
    let answer = against(&file(&db, "wanted.yaml", "profiles: []"), &export, &[]);
    assert!(!answer.stdout.contains("with -v") && answer.stdout.contains("`x8`"), "{answer:?}");
    assert!(answer.stdout.contains("no --map was named"), "{answer:?}");
}

#[test]
fn a_doubt_about_a_name_hides_no_other_fault() {
    let [db, _] = Db::both();
    let export = file(&db, "export.yaml", "profiles: [ { name: Night } ]");
    let wanted = file(&db, "wanted.yaml", "profiles: [ { name: NIGHT, agents: [nobody] } ]");
    let json = against(&wanted, &export, &["--json"]).document();
    let problems = json["problems"].to_string();
    assert!(problems.contains("may be `Night`") && problems.contains("nobody"), "{json:#}");
}
