//! A connection that is lost during COMMIT: whether it arrived is found out, and said in the exit code.
//!
//! Invariant: whole runs against a real server; the connection is cut at the COMMIT of the apply and nowhere else.

use super::proxy::{self, Fate};
use super::support::{Db, EXAMPLE};
use crate::support::binary::binary;
use serde_json::Value;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

/// Applies the example through a proxy that does `fate` to COMMIT, and `then` hears of each later statement.
fn apply(fate: Fate, then: impl Fn(&Db) -> Fate + Send + Sync + 'static) -> (Arc<Db>, i32, Value) {
    let db = Arc::new(Db::on_server());
    let (user, password) = db.user("ALL PRIVILEGES");
    let manifest = db.folder().join("example.yaml");
    std::fs::write(&manifest, EXAMPLE).expect("writing");
    let cuts = Arc::new(AtomicUsize::new(0));
    let judge = {
        let (db, cuts) = (Arc::clone(&db), Arc::clone(&cuts));
        move |statement: &str| match cuts.load(Ordering::SeqCst) {
            0 if statement.starts_with("COMMIT") => {
                cuts.store(1, Ordering::SeqCst);
                fate
            }
            0 => Fate::Passes,
            _ => then(&db),
        }
    };
    let schema = db.schema.as_ref().expect("a server");
    let port = proxy::start(schema.server.port, judge);
    let mut command = binary();
    command.args(["seed", "apply", "--yes", "--json"]).arg(manifest);
    command.args(["--db", &format!("mysql://{user}@127.0.0.1:{port}/{}", schema.name)]);
    command.arg("--map").arg(db.map_file()).env("MOTIONCTL_DB_PASSWORD_FILE", password);
    let output = command.stdin(Stdio::null()).output().expect("the binary starts");
    assert_eq!(cuts.load(Ordering::SeqCst), 1, "COMMIT was never sent");
    let answer = serde_json::from_slice(&output.stdout).expect("one document");
    (db, output.status.code().expect("it ends by itself"), answer)
}

fn passes(_: &Db) -> Fate {
    Fate::Passes
}

fn message(answer: &Value) -> &str {
    answer["error"]["message"].as_str().unwrap_or_default()
}

#[test]
fn a_commit_that_arrived_is_done() {
    let (db, code, answer) = apply(Fate::CutAfter, passes);
    assert_eq!((code, &answer["outcome"]), (0, &"applied".into()), "{answer:#}");
    assert!(db.plan(EXAMPLE).expect("a plan").plan.is_empty());
}

#[test]
fn a_commit_that_never_arrived_is_not() {
    let (db, code, answer) = apply(Fate::CutBefore, passes);
    assert_eq!(code, 1, "{answer:#}");
    assert!(message(&answer).contains("nothing was changed"), "{answer:#}");
    assert_eq!(db.dump(), [""; 0]);
}

/// Nothing is concluded while the server still has the transaction.
#[test]
fn a_commit_that_is_still_on_its_way_is_waited_for() {
    let late = Duration::from_secs(4);
    let begun = Instant::now();
    let (db, code, answer) = apply(Fate::CutAndLate(late), passes);
    assert_eq!((code, &answer["outcome"]), (0, &"applied".into()), "{answer:#}");
    assert!(begun.elapsed() >= late && db.plan(EXAMPLE).expect("a plan").plan.is_empty());
}

#[test]
fn what_another_writer_did_meanwhile_is_for_an_operator() {
    let once = Once::new();
    let (db, code, answer) = apply(Fate::CutBefore, move |db| {
        let profile =
            "INSERT INTO agent_profiles (name, createdAt, updatedAt) VALUES ('Profile 1', NOW(), NOW())";
        // Later it would wait for the run's own locks.
        once.call_once(|| db.sql(profile));
        Fate::Passes
    });
    assert_eq!(code, 5, "{answer:#}");
    assert!(message(&answer).contains("neither as it was nor as it was to become"), "{answer:#}");
    assert_eq!(db.dump(), ["profile Profile 1|1|NULL"]);
}

#[test]
fn a_server_that_stays_away_is_for_an_operator() {
    let (db, code, answer) = apply(Fate::CutBefore, |_| Fate::CutBefore);
    assert_eq!(code, 5, "{answer:#}");
    assert!(message(&answer).contains("the database cannot be asked"), "{answer:#}");
    assert_eq!(db.dump(), [""; 0]);
}
