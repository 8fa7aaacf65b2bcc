//! Runs and their undo by the command line: the road, what is kept, and runs that were killed.
//!
//! Invariant: whole runs of the binary; the runs of a database are kept beside it.

use super::kill::settled;
use super::proxy::{self, Fate};
use super::support::Db;
use super::undo::{BASE, both, change, kept};
use crate::support::binary::binary;
use crate::support::said::{Said, answer};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

/// The command line of a database whose runs are kept beside it.
fn seed(db: &Db, arguments: &[&str]) -> Said {
    let output = command(db, arguments).output().expect("the binary starts");
    answer(&output)
}

fn command(db: &Db, arguments: &[&str]) -> Command {
    let mut command = binary();
    command.arg("seed").args(arguments).args(["--db", &db.url()]).arg("--map").arg(db.map_file());
    command.env("MOTIONCTL_SEED_RUNS", db.folder().join("runs"));
    command
}

fn file(db: &Db, name: &str, text: &str) -> String {
    let path = db.folder().join(name);
    std::fs::write(&path, format!("version: 1{text}")).expect("writing");
    path.display().to_string()
}

#[test]
fn the_road_from_an_apply_to_its_undo() {
    for db in both() {
        let before = db.everything();
        let path = file(&db, "shift.yaml", &change());
        let none = seed(&db, &["undo", "--yes", "--json"]);
        assert_eq!((none.code, none.document()["outcome"].as_str()), (0, Some("up-to-date")));
        let applied = seed(
            &db,
            &["apply", &path, "--yes", "--json", "--prune", "absent,memberships", "--max-delete", "9"],
        )
        .document();
        assert_eq!(applied["outcome"], "applied", "{applied:#}");
        let run = applied["details"]["run"].as_str().expect("a run").to_owned();
        let after = db.everything();

        let history = seed(&db, &["history", "--json"]).document();
        let listed = &history["details"]["runs"][0];
        assert_eq!(
            (listed["id"].as_str(), &listed["undoable"]),
            (Some(run.as_str()), &true.into()),
            "{history:#}"
        );
        assert!(listed["manifest"].as_str().is_some_and(|name| name.ends_with("shift.yaml")));

        let tried = seed(&db, &["undo", "--dry-run"]);
        assert_eq!((tried.code, db.everything()), (0, after.clone()), "{tried:?}");
        assert!(tried.stdout.contains("~  profile"), "{tried:?}");
        let asked = seed(&db, &["undo"]);
        assert_eq!((asked.code, db.everything()), (64, after), "no terminal to ask on: {asked:?}");

        let undone = seed(&db, &["undo", &run, "--yes", "--json"]).document();
        assert_eq!(undone["outcome"], "applied", "{undone:#}");
        assert_eq!(db.everything(), before);
        let history = seed(&db, &["history"]);
        assert!(history.stdout.contains("undone"), "{history:?}");
        let again = seed(&db, &["undo", "--yes"]);
        assert!(again.stdout.contains("there is no run to undo"), "{again:?}");
        assert_eq!(seed(&db, &["undo", "20260101T000000Z-1"]).code, 65);
        assert_eq!(seed(&db, &["undo", "yesterday"]).code, 64);
    }
}

#[test]
fn what_is_kept_is_its_users_alone_and_holds_no_password() {
    use std::os::unix::fs::PermissionsExt;
    let db = Db::sqlite(
        |schema| schema.replace("fullname", "password VARCHAR(255) DEFAULT 'pwd-hash-9',\n  fullname"),
        str::to_owned,
    );
    db.apply(BASE);
    let run = kept(&db, &change());
    let folder = db.folder().join("runs").join(run.as_str());
    let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(&db.folder().join("runs")), mode(&folder)), (0o700, 0o700));
    let mut files = 0;
    for entry in std::fs::read_dir(&folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        assert_eq!(mode(&path), 0o600, "{path:?}");
        let text = std::fs::read_to_string(&path).expect("text");
        assert!(!text.contains("pwd-hash-9"), "{path:?}");
        files += 1;
    }
    assert_eq!(files, 3);
    assert!(db.rows("SELECT password FROM users WHERE name = 'cid'")[0].contains("pwd-hash-9"));
}

#[test]
fn without_a_place_for_its_undo_nothing_is_written() {
    for db in both() {
        let before = db.everything();
        let path = file(&db, "shift.yaml", "\nprofiles: [{ name: Noon }]");
        let runs = db.folder().join("runs");
        std::fs::write(&runs, "a file stands here").expect("writing");
        let refused = seed(&db, &["apply", &path, "--yes"]);
        assert_ne!(refused.code, 0, "{refused:?}");
        assert_eq!(db.everything(), before);
    }
}

/// Applies through a proxy, and kills the run when it sends COMMIT, which then meets its fate.
fn killed_at_commit(db: &Db, text: &str, fate: Fate) {
    let schema = db.schema.as_ref().expect("a server");
    let (user, password) = db.user("ALL PRIVILEGES");
    let victim = Arc::new(AtomicI32::new(0));
    let judge = {
        let victim = Arc::clone(&victim);
        move |statement: &str| {
            let pid = victim.load(Ordering::SeqCst);
            if !statement.starts_with("COMMIT") || pid == 0 {
                return Fate::Passes;
            }
            let pid = nix::unistd::Pid::from_raw(pid);
            nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("the run is there");
            fate
        }
    };
    let port = proxy::start(schema.server.port, judge);
    let path = file(db, "shift.yaml", text);
    let mut run = binary();
    run.args([
        "seed",
        "apply",
        &path,
        "--yes",
        "--db",
        &format!("mysql://{user}@127.0.0.1:{port}/{}", schema.name),
    ]);
    run.arg("--map").arg(db.map_file()).env("MOTIONCTL_DB_PASSWORD_FILE", password);
    run.env("MOTIONCTL_SEED_RUNS", db.folder().join("runs"));
    let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary starts");
    victim.store(i32::try_from(run.id()).expect("a pid"), Ordering::SeqCst);
    assert!(!run.wait().expect("it ends").success(), "it was not killed");
    settled(db, &user);
}

const NOON: &str = "\nprofiles: [{ name: Noon, agents: [ann] }, { name: Day, description: New }]";

#[test]
fn a_run_that_was_killed_before_its_commit_can_do_no_harm() {
    let db = Db::on_server();
    db.apply(BASE);
    let before = db.everything();
    killed_at_commit(&db, NOON, Fate::CutBefore);
    assert_eq!(db.everything(), before, "rolled back");
    let history = seed(&db, &["history", "--json"]).document();
    let listed = &history["details"]["runs"][0];
    assert_eq!(
        (&listed["committed"], &listed["undoable"], listed["why"].as_str()),
        (&Value::Null, &false.into(), Some("interrupted: it changed nothing")),
        "{history:#}"
    );
    let nothing = seed(&db, &["undo", "--yes"]);
    assert!(nothing.code == 0 && nothing.stdout.contains("nothing to undo"), "{nothing:?}");
    // Somebody else makes some of what it would have made.
    db.apply("profiles: [{ name: Day, description: New }]");
    let made = db.everything();
    let refused = seed(&db, &["undo", "--yes"]);
    assert_eq!((refused.code, db.everything()), (3, made), "{refused:?}");
}

#[test]
fn a_run_that_was_killed_after_its_commit_is_asked_about() {
    let db = Db::on_server();
    db.apply(BASE);
    let before = db.everything();
    killed_at_commit(&db, NOON, Fate::CutAfter);
    let made = db.everything();
    assert_ne!(made, before, "committed");
    let refused = seed(&db, &["undo", "--yes"]);
    assert!(refused.code == 3 && refused.stdout.contains("seed.undo-uncertain"), "{refused:?}");
    assert_eq!(db.everything(), made);
    let undone = seed(&db, &["undo", "--yes", "--accept", "seed.undo-uncertain"]);
    assert_eq!((undone.code, db.everything()), (0, before), "{undone:?}");
}
