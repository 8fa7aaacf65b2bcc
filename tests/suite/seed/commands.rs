//! `seed plan` and `seed apply` as commands: flags, files, exit codes, the document of `--json`.

use super::support::{Db, EXAMPLE};
use crate::support::binary::{Server, codes, motionctl};
use crate::support::database_server::programs::programs;
use crate::support::said::Said;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A manifest's file beside the database.
pub fn file(db: &Db, name: &str, text: &str) -> PathBuf {
    let path = db.folder().join(name);
    let text = if text.starts_with(['#', '{']) { text.to_owned() } else { format!("version: 1\n{text}") };
    std::fs::write(&path, text).expect("writing");
    path
}

/// Runs a command on a manifest or a saved plan.
pub fn seed(db: &Db, command: &str, input: &Path, more: &[&str]) -> Said {
    let mut arguments = vec!["seed".to_owned(), command.to_owned(), input.display().to_string()];
    arguments.extend(["--db".to_owned(), db.url()]);
    if db.is_server() {
        arguments.extend(["--map".to_owned(), db.map_file().display().to_string()]);
    }
    arguments.extend(more.iter().map(ToString::to_string));
    motionctl(arguments)
}

#[test]
fn a_plan_and_an_apply_answer_with_one_document() {
    for db in Db::both() {
        let path = file(&db, "m.yaml", EXAMPLE);
        let plan = seed(&db, "plan", &path, &["--json", "--detailed-exitcode"]);
        assert_eq!(plan.code, 2, "{plan:?}");
        let plan = plan.document();
        let server = if db.is_server() { programs().kind.name() } else { "SQLite" };
        assert_eq!((&plan["command"], &plan["outcome"]), (&json!("seed plan"), &json!("changes-pending")));
        assert_eq!(plan["database"]["server"], server);
        for key in ["version", "schema", "transport"] {
            assert!(plan["database"][key].as_str().is_some_and(|text| !text.is_empty()), "{plan}");
        }
        let changes = plan["changes"].as_array().expect("changes");
        assert_eq!(
            changes[0],
            json!({ "action": "create", "kind": "queue", "channel": "voice", "name": "Talk Now", "fields": [
                { "field": "strategy", "new": "rrmemory", "default": false },
                { "field": "type", "new": "inbound", "default": false },
                { "field": "description", "new": null, "default": true },
            ]})
        );
        let link = json!({ "action": "link", "kind": "membership", "links": "profile_queues.voice", "profile": "Profile 1",
            "members": [{ "name": "Talk Now", "penalty": 0, "default": true }] });
        assert!(changes.contains(&link), "{changes:#?}");
        let refused = seed(&db, "apply", &path, &["--json"]);
        assert_eq!(refused.code, 64, "without a terminal nobody can be asked: {refused:?}");
        let applied = seed(&db, "apply", &path, &["--json", "--yes"]);
        assert_eq!(applied.code, 0, "{applied:?}");
        let applied = applied.document();
        assert_eq!((&applied["outcome"], &applied["changes"]), (&json!("applied"), &plan["changes"]));
        assert_eq!(applied["durations"][0]["step"], "rows locked");
        let again = seed(&db, "apply", &path, &["--json", "--yes"]).document();
        assert_eq!((&again["outcome"], &again["changes"]), (&json!("up-to-date"), &json!([])));
        let plan = seed(&db, "plan", &path, &["--detailed-exitcode"]);
        assert_eq!(plan.code, 0, "{plan:?}");
    }
}

#[test]
fn a_dry_run_changes_nothing() {
    for db in Db::both() {
        let path = file(&db, "m.yaml", EXAMPLE);
        let answer = seed(&db, "apply", &path, &["--dry-run"]);
        assert_eq!(answer.code, 0, "{answer:?}");
        assert!(
            answer.stdout.contains("dry run: nothing was changed; 15 rows would be"),
            "{}",
            answer.stdout
        );
        assert_eq!(db.dump(), [""; 0]);
    }
}

#[test]
fn deletions_need_their_flags() {
    for db in Db::both() {
        assert_eq!(seed(&db, "apply", &file(&db, "m.yaml", EXAMPLE), &["--yes"]).code, 0);
        let path = file(
            &db,
            "gone.yaml",
            "profiles:\n  - { name: Profile 1, absent: true }\n  - { name: Profile 2, queues: { chat: { remove: [Medical] } } }",
        );
        let before = db.dump();
        let plan = seed(&db, "plan", &path, &["--json"]);
        assert_eq!(plan.code, 0, "a plan shows stops and goes on");
        let plan = plan.document();
        let stop =
            plan["findings"].as_array().unwrap().iter().find(|f| f["code"] == "seed.deletions-not-allowed");
        let flags = "--prune absent,memberships --max-delete 5";
        assert_eq!(stop.expect("a stop")["advice"], format!("to allow: {flags}"));
        for flags in [
            "",
            "--prune absent,memberships",
            "--max-delete 9",
            "--prune absent,memberships --max-delete 4",
            "--prune memberships --max-delete 9",
        ] {
            let flags: Vec<&str> = flags.split_whitespace().chain(["--yes"]).collect();
            let refused = seed(&db, "apply", &path, &flags);
            assert_eq!(refused.code, 3, "{flags:?}: {refused:?}");
            assert!(refused.stdout.contains("--max-delete 5"), "{}", refused.stdout);
        }
        assert_eq!(db.dump(), before);
        let flags: Vec<&str> = flags.split(' ').chain(["--yes"]).collect();
        assert_eq!(seed(&db, "apply", &path, &flags).code, 0);
        assert_eq!(db.rows("SELECT name FROM agent_profiles"), ["Profile 2"]);
        let nothing = file(&db, "none.yaml", "profiles: []");
        let pruned = seed(&db, "apply", &nothing, &["--prune", "profiles", "--max-delete", "9", "--yes"]);
        assert_eq!(
            (pruned.code, db.rows("SELECT COUNT(*) FROM agent_profiles").remove(0).as_str()),
            (0, "0"),
            "{pruned:?}"
        );
    }
}

#[test]
fn a_saved_plan_is_made_again_and_compared() {
    for db in Db::both() {
        seed(&db, "apply", &file(&db, "m.yaml", EXAMPLE), &["--yes"]);
        let wanted = file(&db, "third.yaml", "profiles: [{ name: Third, agents: [agent1] }]");
        let plan = db.folder().join("plan.json");
        let out = plan.display().to_string();
        let save = || assert_eq!(seed(&db, "plan", &wanted, &["--out", &out]).code, 0);
        save();
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&plan).unwrap().permissions().mode() & 0o777, 0o600);
        db.sql("UPDATE users SET fullname = 'Moved'");
        let stale = seed(&db, "apply", &plan, &["--yes"]);
        assert_eq!(stale.code, 3, "{stale:?}");
        assert!(stale.stdout.contains("the plan is stale: the database has moved since"), "{}", stale.stdout);
        save();
        // Who is online and when rows were written do not count.
        db.sql("UPDATE users SET online = 1, updatedAt = '2030-01-01 00:00:00'");
        tampered(&db, &plan);
        assert_eq!(db.rows("SELECT COUNT(*) FROM agent_profiles"), ["2"]);
        let applied = seed(&db, "apply", &plan, &["--yes"]);
        assert_eq!(applied.code, 0, "{applied:?}");
        assert_eq!(db.rows("SELECT COUNT(*) FROM agent_profiles"), ["3"]);
        let twice = seed(&db, "apply", &plan, &["--yes"]);
        assert_eq!(twice.code, 3, "{twice:?}");
    }
}

/// Neither another manifest nor other changes get in by the file.
fn tampered(db: &Db, plan: &Path) {
    let whole: Value = serde_json::from_slice(&std::fs::read(plan).unwrap()).unwrap();
    let check = |change: &dyn Fn(&mut Value), code: i32| {
        let mut other = whole.clone();
        change(&mut other);
        let path = db.folder().join("tampered.json");
        std::fs::write(&path, other.to_string()).unwrap();
        let answer = seed(db, "apply", &path, &["--yes"]);
        assert_eq!(answer.code, code, "{answer:?}");
    };
    let more = |text: &str| json!(whole["manifest"]["text"].as_str().unwrap().replace("Third", text));
    check(&|plan| plan["manifest"]["text"] = more("Fourth"), 3);
    check(&|plan| plan["manifest"]["text"] = more("Third, enabled: false"), 3);
    check(&|plan| plan["digest"] = json!("0"), 3);
    check(&|plan| plan["map"] = json!("0"), 3);
    check(&|plan| plan["motionctl_seed_plan"] = json!(2), 65);
    check(&|plan| plan["table"] = json!("users"), 65);
}

#[test]
fn a_file_is_made_by_apply_alone_and_a_foreign_one_is_left() {
    let db = Db::in_file();
    let manifest = file(&db, "m.yaml", EXAMPLE);
    let missing = db.folder().join("sub/new.db");
    let run = |command: &str, path: &Path, more: &[&str]| {
        let url = format!("sqlite:{}", path.display());
        let arguments = ["seed", command, manifest.to_str().unwrap(), "--db", &url];
        motionctl(arguments.iter().copied().chain(more.iter().copied()))
    };
    let plan = run("plan", &missing, &["--json", "--detailed-exitcode"]);
    assert_eq!(plan.code, 2, "{plan:?}");
    assert_eq!(plan.document()["database"]["host"], missing.display().to_string());
    assert!(!missing.exists() && !missing.parent().unwrap().exists());
    let refused = run("apply", &missing, &[]);
    assert_eq!((refused.code, missing.exists()), (64, false), "{refused:?}");
    assert_eq!(run("apply", &missing, &["--yes"]).code, 0);
    assert_eq!(run("plan", &missing, &["--detailed-exitcode"]).code, 0);
    // A plan for a file that was missing is one for the file that is made.
    let other = db.folder().join("other.db");
    let saved = db.folder().join("plan.json");
    assert_eq!(run("plan", &other, &["--out", saved.to_str().unwrap()]).code, 0);
    let url = format!("sqlite:{}", other.display());
    let answer = motionctl(["seed", "apply", saved.to_str().unwrap(), "--db", &url, "--yes"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    let foreign = db.folder().join("foreign.db");
    let source =
        motionctl::db::Source::File { path: foreign.clone(), access: motionctl::db::FileAccess::Create };
    let mut conn = motionctl::db::Connection::open(&source, &motionctl::db::Limits::work()).expect("a file");
    conn.script("CREATE TABLE users (id INTEGER PRIMARY KEY)").expect("a table");
    drop(conn);
    let before = std::fs::read(&foreign).unwrap();
    for command in ["plan", "apply"] {
        let answer = run(command, &foreign, &[]);
        assert_eq!(answer.code, 3, "{answer:?}");
    }
    assert_eq!(std::fs::read(&foreign).unwrap(), before);
}

#[test]
fn what_is_wrong_is_said_before_a_database_is_asked() {
    let db = Db::in_file();
    let bad = file(&db, "bad.yaml", "agents: [{ usrname: ann }]");
    let answer = seed(&db, "plan", &bad, &["--json"]);
    assert_eq!((answer.code, answer.document()["problems"][0]["line"].clone()), (65, json!(2)));
    let good = file(&db, "good.yaml", "profiles: [{ name: Day, agents: [nobody] }]");
    let unknown = seed(&db, "apply", &good, &["--yes", "--json"]);
    assert_eq!((unknown.code, unknown.document()["problems"][0]["column"].clone()), (65, json!(34)));
    for (flags, code) in
        [(&["--accept", "seed.name-of-other-role"][..], 64), (&["--prune", "agents"], 64), (&["--no-db"], 64)]
    {
        assert_eq!(seed(&db, "plan", &good, flags).code, code, "{flags:?}");
    }
    let nowhere = motionctl(["seed", "plan", good.to_str().unwrap(), "--db", "mysql://u@127.0.0.1:1/x"]);
    assert_eq!(nowhere.code, 69, "{nowhere:?}");
    let nothing = motionctl(["seed", "plan", good.to_str().unwrap(), "--no-db"]);
    assert_eq!(nothing.code, 69, "{nothing:?}");
    assert!(nothing.stdout.contains("--db sqlite"), "{}", nothing.stdout);
}

#[test]
fn an_unsigned_map_refuses_an_apply_and_not_a_plan() {
    let db = Db::on_server();
    let path = file(&db, "m.yaml", EXAMPLE);
    let map = db.folder().join("unsigned.toml");
    std::fs::write(&map, motionctl::seed::map::Map::built_in_text()).unwrap();
    let run = |command: &str, more: &[&str]| {
        let url = db.url();
        let arguments =
            ["seed", command, path.to_str().unwrap(), "--db", &url, "--map", map.to_str().unwrap()];
        motionctl(arguments.iter().copied().chain(more.iter().copied()))
    };
    assert_eq!(run("plan", &[]).code, 0);
    let refused = run("apply", &["--yes"]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.stdout.contains("seed.map-unreviewed"), "{}", refused.stdout);
    assert_eq!(db.dump(), [""; 0]);
}

#[test]
fn a_stop_that_was_read_can_be_accepted() {
    for db in Db::both() {
        seed(&db, "apply", &file(&db, "m.yaml", EXAMPLE), &["--yes"]);
        let now = "'2024-01-01 10:00:00'";
        db.sql(&format!(
            "INSERT INTO report_member (membername, type, data3, enterAt, createdAt, updatedAt) VALUES ('agent1', 'LOGIN', 'Profile 2', {now}, {now}, {now}); UPDATE users SET online = 1"
        ));
        let path = file(&db, "off.yaml", "profiles: [{ name: Profile 2, enabled: false }]");
        assert_eq!(seed(&db, "apply", &path, &["--yes"]).code, 3);
        let accepted = seed(&db, "apply", &path, &["--yes", "--accept", "seed.disable-in-use"]);
        assert_eq!(accepted.code, 0, "{accepted:?}");
        let gone = file(&db, "gone.yaml", "profiles: [{ name: Profile 2, absent: true }]");
        let flags = ["--yes", "--prune", "absent", "--max-delete", "9"];
        assert_eq!(seed(&db, "apply", &gone, &flags).code, 3, "in use is in use");
        db.sql("UPDATE users SET online = 0");
        assert_eq!(seed(&db, "apply", &gone, &flags).code, 3);
        let accepted: Vec<&str> =
            flags.into_iter().chain(["--accept", "seed.profile-maybe-in-use"]).collect();
        assert_eq!(seed(&db, "apply", &gone, &accepted).code, 0);
    }
}

/// Profiles are chosen in the new client alone.
#[test]
fn a_site_without_the_new_client_is_said() {
    let [db, _] = Db::both();
    let path = file(&db, "m.yaml", EXAMPLE);
    let warned = |server: &Server| {
        let root = server.path().display().to_string();
        let plan = seed(&db, "plan", &path, &["--json", "--root", &root]);
        assert_eq!(plan.code, 0, "{plan:?}");
        codes(&plan.document()).contains(&"seed.no-new-client".to_owned())
    };
    let server = Server::copy("standalone");
    assert!(warned(&server));
    assert_eq!(server.run(&["apply", "--yes"]).code, 0);
    assert!(!warned(&server), "the route is there now");
}
