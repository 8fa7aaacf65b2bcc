//! SIGKILL at every statement of an apply, and at every write to a SQLite file: all or nothing.
//!
//! Invariant: a kill that did not happen fails the test; so does a run that was never killed, or never finished.

use super::support::{Db, EXAMPLE};
use crate::support::binary::binary;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
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
const FLAGS: [&str; 5] = ["--yes", "--prune", "absent,memberships", "--max-delete", "99"];

/// The protocol's commands that run a statement: COM_QUERY and COM_STMT_EXECUTE.
const QUERY: u8 = 3;
const EXECUTE: u8 = 23;

/// Whether the server still gets the statement.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Moment {
    Before,
    After,
}

/// Counts the statements of a client, and kills it at one of them.
struct Proxy {
    port: u16,
    victim: Arc<AtomicI32>,
    seen: Arc<AtomicUsize>,
    killed: Arc<Mutex<Option<String>>>,
}

impl Proxy {
    fn start(to: u16, at: usize, moment: Moment) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let proxy = Self { port, victim: Arc::default(), seen: Arc::default(), killed: Arc::default() };
        let (victim, seen, killed) =
            (Arc::clone(&proxy.victim), Arc::clone(&proxy.seen), Arc::clone(&proxy.killed));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { return };
                let Ok(server) = TcpStream::connect(("127.0.0.1", to)) else { return };
                // Small packets that wait for each other's receipt would take 40 ms each.
                client.set_nodelay(true).and_then(|()| server.set_nodelay(true)).expect("TCP");
                let back = (server.try_clone().expect("a handle"), client.try_clone().expect("a handle"));
                std::thread::spawn(move || copy(back.0, back.1));
                let state = (Arc::clone(&victim), Arc::clone(&seen), Arc::clone(&killed));
                std::thread::spawn(move || forward(client, server, at, moment, &state));
            }
        });
        proxy
    }
}

type State = (Arc<AtomicI32>, Arc<AtomicUsize>, Arc<Mutex<Option<String>>>);

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(std::net::Shutdown::Both);
}

/// Passes packets on; one whose sequence number is 0 is a command.
fn forward(mut client: TcpStream, mut server: TcpStream, at: usize, moment: Moment, state: &State) {
    let (victim, seen, killed) = state;
    loop {
        let mut packet = vec![0; 4];
        if client.read_exact(&mut packet).is_err() {
            break;
        }
        let header = [packet[0], packet[1], packet[2], packet[3]];
        let length = usize::from(header[0]) | usize::from(header[1]) << 8 | usize::from(header[2]) << 16;
        packet.resize(4 + length, 0);
        if client.read_exact(&mut packet[4..]).is_err() {
            break;
        }
        let runs = header[3] == 0 && matches!(packet.get(4), Some(&(QUERY | EXECUTE)));
        let hit = runs && seen.fetch_add(1, Ordering::SeqCst) + 1 == at;
        let kill = || {
            // Its number is stored just after it was started; 0 would mean everybody.
            let mut pid = 0;
            while pid == 0 {
                pid = victim.load(Ordering::SeqCst);
            }
            let pid = nix::unistd::Pid::from_raw(pid);
            nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("the run is there");
            *killed.lock().expect("nobody panicked") =
                Some(String::from_utf8_lossy(&packet[4..]).into_owned());
        };
        if hit && moment == Moment::Before {
            kill();
            break;
        }
        if server.write_all(&packet).is_err() {
            break;
        }
        if hit {
            kill();
            break;
        }
    }
    let _ = server.shutdown(std::net::Shutdown::Write);
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
fn settled(db: &Db, user: &str) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let sql = format!("SELECT COUNT(*) FROM information_schema.processlist WHERE user = '{user}'");
    while db.rows(&sql) != ["0"] {
        assert!(Instant::now() < deadline, "the server keeps a dead connection");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn killed_at_every_statement_an_apply_is_all_or_nothing() {
    let db = Db::mariadb(str::to_owned, str::to_owned);
    let schema = db.schema.as_ref().expect("a server");
    let user = schema.user("secret", "ALL PRIVILEGES");
    let password = db.folder().join("password");
    std::fs::write(&password, "secret").expect("writing");
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    db.apply(EXAMPLE);
    let before = db.dump();
    let attempt = |command: &str, at: usize, moment: Moment| {
        let proxy = Proxy::start(schema.server.port, at, moment);
        let url = format!("mysql://{user}@127.0.0.1:{}/{}", proxy.port, schema.name);
        let mut child = run(&db, command, &url, &password);
        proxy.victim.store(i32::try_from(child.id()).expect("a pid"), Ordering::SeqCst);
        let status = child.wait().expect("it ends");
        settled(&db, &user);
        let killed = proxy.killed.lock().expect("nobody panicked").clone();
        assert_eq!(killed.is_some(), !status.success(), "{command} {at}: {status:?}");
        (killed, proxy.seen.load(Ordering::SeqCst))
    };
    // What a plan asks writes nothing; the connection that writes comes after it.
    let (_, first) = attempt("plan", usize::MAX, Moment::Before);
    let mut half = 0;
    let mut last = String::new();
    let total = (first + 1..)
        .find(|at| {
            let (killed, _) = attempt("apply", *at, Moment::Before);
            let Some(statement) = killed else { return true };
            assert_eq!(db.dump(), before, "killed before statement {at}, {statement:?}");
            half += 1;
            last = statement;
            false
        })
        .expect("it ends");
    assert!(total > first + 30 && half == total - first - 1, "{half} of {first} to {total}");
    restore(&db, &before);
    // Killed once the server has the statement: only COMMIT, the last of all, is the difference.
    assert!(last.contains("COMMIT"), "{last:?}");
    let mut whole = 0;
    for at in total - 3..total {
        let (killed, _) = attempt("apply", at, Moment::After);
        let statement = killed.expect("it is reached");
        if db.dump() != before {
            whole += 1;
            assert!(statement.contains("COMMIT"), "{statement:?}");
            assert!(db.plan(CHANGE).expect("a plan").plan.is_empty(), "half of it is there");
            restore(&db, &before);
        }
    }
    assert!(whole > 0, "COMMIT was never sent");
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
    let db = Db::sqlite(str::to_owned, str::to_owned);
    db.apply(EXAMPLE);
    let before = db.dump();
    let manifest = db.folder().join("change.yaml");
    std::fs::write(&manifest, CHANGE).expect("writing");
    let original = std::fs::read(db.file()).expect("the file");
    let (mut whole, mut half) = (0, 0);
    for call in ["pwrite64", "fsync", "unlink"] {
        for at in 1.. {
            let _ = std::fs::remove_file(db.folder().join("motion.db-journal"));
            std::fs::write(db.file(), &original).expect("writing");
            let mut command = Command::new("strace");
            command.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")]);
            command.args(["-e", &format!("inject={call}:signal=SIGKILL:when={at}")]);
            command.arg(env!("CARGO_BIN_EXE_motionctl")).args(["seed", "apply"]).arg(&manifest);
            command.args(["--db", &db.url()]).args(FLAGS).stdin(Stdio::null());
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
    assert!(whole + half > 10 && half > 5, "{whole} times all of it, {half} times nothing");
}
