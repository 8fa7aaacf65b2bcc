//! SIGKILL at every statement of an apply, and at every write to a SQLite file: all or nothing.
//!
//! Invariant: a kill that did not happen fails the test; so does a run that was never killed, or never finished.

use super::proxy::{self, Fate};
use super::support::{Db, EXAMPLE};
use crate::support::binary::binary;
use crate::support::depth;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const CHANGE: &str = "version: 1
agents:
  - { username: agent1, fullname: Renamed }
  - { username: agent2, fullname: Agent Two, internal: '1002', personal: { chat: [Medical] } }
profiles:
  - { name: Profile 1, agents: { mode: exact, members: [agent2] }, queues: { voice: [{ name: Talk Now, penalty: 4 }] } }
  - { name: Profile 2, absent: true }
  - { name: Third, agents: [agent1] }
";
/// A sample kills at so many statements, at the first and at COMMIT among them.
const STATEMENTS: usize = 10;
const FLAGS: [&str; 5] = ["--yes", "--prune", "absent,memberships", "--max-delete", "99"];

/// Counts the statements of a run, and kills it at one of them.
#[derive(Default)]
struct State {
    victim: AtomicI32,
    seen: AtomicUsize,
    killed: Mutex<Option<String>>,
}

impl State {
    fn heard(&self, statement: &str, at: usize, fate: Fate) -> Fate {
        if self.seen.fetch_add(1, Ordering::SeqCst) + 1 != at {
            return Fate::Passes;
        }
        // Its number is stored just after it was started; 0 would mean everybody.
        let mut pid = 0;
        while pid == 0 {
            pid = self.victim.load(Ordering::SeqCst);
        }
        let pid = nix::unistd::Pid::from_raw(pid);
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("the run is there");
        *self.killed.lock().expect("nobody panicked") = Some(statement.to_owned());
        fate
    }
}

fn run(db: &Db, command: &str, url: &str, password: &Path) -> Child {
    let manifest = db.folder().join("change.yaml");
    std::fs::write(&manifest, CHANGE).expect("writing");
    let flags = if command == "apply" { &FLAGS[..] } else { &[] };
    let mut program = binary();
    program.args(["seed", command]).arg(manifest).args(["--db", url]).args(flags);
    let command = &mut program;
    command.arg("--map").arg(db.map_file()).env("MOTIONCTL_DB_PASSWORD_FILE", password);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary starts")
}

/// Until the server has noticed that the user's connections are gone.
pub fn settled(db: &Db, user: &str) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let sql = format!("SELECT COUNT(*) FROM information_schema.processlist WHERE user = '{user}'");
    while db.rows(&sql) != ["0"] {
        assert!(Instant::now() < deadline, "the server keeps a dead connection");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn killed_at_every_statement_an_apply_is_all_or_nothing() {
    let db = Db::on_server();
    let schema = db.schema.as_ref().expect("a server");
    let (user, password) = db.user("ALL PRIVILEGES");
    db.apply(EXAMPLE);
    let before = db.dump();
    let attempt = |command: &str, at: usize, fate: Fate| {
        let state = Arc::new(State::default());
        let port = {
            let state = Arc::clone(&state);
            proxy::start(schema.server.port, move |statement| state.heard(statement, at, fate))
        };
        let url = format!("mysql://{user}@127.0.0.1:{port}/{}", schema.name);
        let mut child = run(&db, command, &url, &password);
        state.victim.store(i32::try_from(child.id()).expect("a pid"), Ordering::SeqCst);
        let status = child.wait().expect("it ends");
        settled(&db, &user);
        let killed = state.killed.lock().expect("nobody panicked").clone();
        assert_eq!(killed.is_some(), !status.success(), "{command} {at}: {status:?}");
        (killed, state.seen.load(Ordering::SeqCst))
    };
    // What a plan asks writes nothing; the connection that writes comes after it.
    let (_, first) = attempt("plan", usize::MAX, Fate::CutBefore);
    let (_, total) = attempt("apply", usize::MAX, Fate::CutBefore);
    restore(&db, &before);
    let statements: Vec<usize> = (first + 1..=total).collect();
    assert!(statements.len() >= 30, "{first} to {total}");
    let chosen = depth::evenly(&statements, STATEMENTS);
    let mut last = String::new();
    for &at in &chosen {
        let (killed, _) = attempt("apply", at, Fate::CutBefore);
        last = killed.unwrap_or_else(|| panic!("statement {at} was not reached"));
        assert_eq!(db.dump(), before, "killed before statement {at}, {last:?}");
    }
    // Killed once the server has the statement: only COMMIT, the last of all, is the difference.
    assert!(last.contains("COMMIT"), "{last:?}");
    let mut whole = 0;
    for at in total - 2..=total {
        let (killed, _) = attempt("apply", at, Fate::CutAfter);
        let statement = killed.expect("it is reached");
        if db.dump() != before {
            whole += 1;
            assert!(statement.contains("COMMIT"), "{statement:?}");
            assert!(db.plan(CHANGE).expect("a plan").plan.is_empty(), "half of it is there");
            restore(&db, &before);
        }
    }
    assert!(whole > 0, "COMMIT was never sent");
    let title = format!("seed, killed at {} of {} statements", chosen.len(), statements.len());
    depth::report(&title, "");
}

/// As it was before the change.
fn restore(db: &Db, before: &[String]) {
    if db.dump() == before {
        return;
    }
    db.sql(
        "DELETE FROM agent_profile_has_users; DELETE FROM agent_profile_has_voice_queues; \
         DELETE FROM agent_profile_has_chat_queues; DELETE FROM agent_profile_has_mail_queues; \
         DELETE FROM user_has_chat_queues; DELETE FROM agent_profiles; DELETE FROM users",
    );
    db.apply(EXAMPLE);
    assert_eq!(db.dump(), before);
}

/// A SQLite file is written by system calls; strace kills the run at each of them.
#[test]
fn killed_at_every_write_a_file_is_all_or_nothing() {
    let db = Db::in_file();
    db.apply(EXAMPLE);
    let before = db.dump();
    let manifest = db.folder().join("change.yaml");
    std::fs::write(&manifest, CHANGE).expect("writing");
    let original = std::fs::read(db.file()).expect("the file");
    let (mut whole, mut half) = (0, 0);
    // In a sample every other call.
    let each = if depth::is_deep() { 1 } else { 2 };
    for call in ["pwrite64", "fsync", "unlink"] {
        for at in (1..).step_by(each) {
            let _ = std::fs::remove_file(db.folder().join("motion.db-journal"));
            std::fs::write(db.file(), &original).expect("writing");
            let mut command = Command::new("strace");
            command.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")]);
            command.args(["-e", &format!("inject={call}:signal=SIGKILL:when={at}")]);
            command.arg(env!("CARGO_BIN_EXE_motionctl")).args(["seed", "apply"]).arg(&manifest);
            command.args(["--db", &db.url()]).args(FLAGS).stdin(Stdio::null());
            command.env("MOTIONCTL_SEED_RUNS", db.folder().join("runs"));
            let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("strace");
            let found = db.dump();
            if status.success() {
                assert_ne!(found, before);
                assert!(at > 1, "{call} was never called");
                break;
            }
            if found == before {
                half += 1;
            } else {
                whole += 1;
                assert!(db.plan(CHANGE).expect("a plan").plan.is_empty(), "{call} {at}: {found:#?}");
            }
        }
    }
    assert!((whole + half) * each > 10 && half > 2, "{whole} times all of it, {half} times nothing");
    depth::report(&format!("seed, killed at {} writes, one in {each}", whole + half), "");
}
