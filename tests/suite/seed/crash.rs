//! An apply that is killed: at every write to a SQLite file, and at every statement to a server.
//!
//! Invariant: a kill that did not happen where it was meant to fails the test. What is left is everything or nothing,
//! and the next apply finishes the work.

use super::support::{Db, EXAMPLE};
use crate::support::binary::binary;
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Rows of every kind come, change and go.
const CHANGE: &str = "version: 1
queues: { chat: [{ name: Support, strategy: rrmemory }], sms: [{ name: Texts, strategy: beepall, timeout: 5 }] }
agents:
  - { username: agent1, fullname: Agent 1, personal: { chat: { remove: [Support] }, sms: [Texts] } }
  - { username: agent2, fullname: Agent Two, internal: '1002' }
profiles:
  - { name: Profile 2, absent: true }
  - { name: Profile 3, agents: [agent1, agent2] }
  - name: Morning
    previous_name: Profile 1
    queues: { voice: { mode: exact, members: [{ name: Talk Now, penalty: 3 }, Tech Hour] } }
";

/// The command that makes the change.
fn apply(db: &Db, url: &str) -> Command {
    let mut command = binary();
    let file = db.folder().join("change.yaml");
    fs::write(&file, CHANGE).expect("writing");
    command.args(["seed", "apply", "--yes", "--json", "--prune", "memberships,absent", "--max-delete", "20"]);
    command.args(["--db", url, "--map"]).arg(db.map_file()).arg(file);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// A database with the example in it, and what it holds before and after the change.
fn prepared(db: &Db) -> [Vec<String>; 2] {
    db.apply(EXAMPLE);
    let before = db.dump();
    let other = if db.is_server() {
        Db::mariadb(str::to_owned, str::to_owned)
    } else {
        Db::sqlite(str::to_owned, str::to_owned)
    };
    other.apply(EXAMPLE);
    assert!(apply(&other, &other.url()).status().expect("it starts").success());
    [before, other.dump()]
}

#[test]
fn killed_at_any_write_to_the_file_it_is_all_or_nothing() {
    let db = Db::sqlite(str::to_owned, str::to_owned);
    let [before, after] = prepared(&db);
    let original = fs::read(db.file()).expect("a file");
    let journal = db.folder().join("motion.db-journal");
    let mut left = BTreeSet::new();
    let mut kills = 0;
    for call in ["pwrite64", "fdatasync", "fsync", "unlink"] {
        for number in 1.. {
            fs::remove_file(&journal).ok();
            fs::write(db.file(), &original).expect("writing");
            let plain = apply(&db, &db.url());
            let mut command = Command::new("strace");
            command.args(["-f", "-qq", "-o", "/dev/null", "-P"]).arg(db.file()).arg("-P").arg(&journal);
            command.args(["-e", &format!("trace={call}")]);
            command.args(["-e", &format!("inject={call}:signal=SIGKILL:when={number}")]);
            command.arg(plain.get_program()).args(plain.get_args()).stdin(Stdio::null());
            let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("strace starts");
            let found = db.dump();
            assert!(found == before || found == after, "{call} {number}: {found:#?}");
            left.insert(found == after);
            if status.success() {
                break;
            }
            assert_eq!((status.signal(), status.code()), (Some(9), None), "{call} {number}");
            kills += 1;
            if found == before && number % 8 == 1 {
                assert!(apply(&db, &db.url()).status().expect("it starts").success(), "{call} {number}");
                assert_eq!(db.dump(), after, "{call} {number}");
            }
        }
    }
    assert!(kills >= 10, "only {kills} kills");
    assert_eq!(left, BTreeSet::from([false, true]));
}

#[test]
fn killed_at_any_statement_it_is_all_or_nothing() {
    let db = Db::mariadb(str::to_owned, str::to_owned);
    let [before, after] = prepared(&db);
    let original = db.session().export(&super::export::exact()).expect("an export").manifest;
    let mut left = BTreeSet::new();
    let mut kills = 0;
    for moment in [Moment::Before, Moment::After] {
        for number in 1.. {
            let (killed, statement) = run(&db, moment, number);
            // The server rolls back as soon as it sees that nobody is there any more.
            let found = settled(&db, &before, &after);
            assert!(found == before || found == after, "{moment:?} {number} {statement}: {found:#?}");
            left.insert((moment == Moment::After, found == after));
            if !killed {
                assert_eq!(found, after, "{moment:?} {number}");
                break;
            }
            kills += 1;
            if found == after {
                assert!(statement.contains("COMMIT") || number > 1, "{moment:?} {number} {statement}");
            }
            if found == after {
                restore(&db, &original, &before);
            }
        }
        restore(&db, &original, &before);
    }
    assert!(kills >= 60, "only {kills} kills");
    // Before COMMIT is sent nothing is there; once it was answered everything is.
    assert!(left.contains(&(false, false)) && left.contains(&(true, true)), "{left:?}");
}

/// Makes the database what it was, by name.
fn restore(db: &Db, original: &str, before: &[String]) {
    for table in db.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()") {
        db.sql(&format!("SET foreign_key_checks = 0; DELETE FROM {table}; SET foreign_key_checks = 1"));
    }
    db.apply(original);
    assert_eq!(db.dump(), before);
}

/// What is there once no other connection works on the schema.
fn settled(db: &Db, before: &[String], after: &[String]) -> Vec<String> {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let others = "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()";
        let busy = db.rows(others) != ["0"];
        let found = db.dump();
        if !busy && (found == before || found == after) || std::time::Instant::now() > deadline {
            return found;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// On which side of a statement's effect the process is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// The server never gets the statement.
    Before,
    /// It was answered, and nobody hears the answer.
    After,
}

/// Runs an apply through a relay that kills it at a statement; whether it was killed, and the statement.
fn run(db: &Db, moment: Moment, number: usize) -> (bool, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("relay");
    let listener = UnixListener::bind(&socket).expect("a socket");
    let schema = db.schema.as_ref().expect("a server");
    let server = schema.server.file("socket");
    let url = format!("mysql:///{}?socket={}", schema.name, socket.display());
    let child = Arc::new(Mutex::new(apply(db, &url).spawn().expect("it starts")));
    let relay = Relay {
        child: Arc::clone(&child),
        moment,
        number,
        seen: AtomicUsize::new(0),
        last: Mutex::new(String::new()),
    };
    listener.set_nonblocking(true).expect("a socket");
    let status = std::thread::scope(|scope| {
        loop {
            if let Ok((client, _)) = listener.accept() {
                client.set_nonblocking(false).expect("a socket");
                let (relay, server) = (&relay, &server);
                scope.spawn(move || relay.serve(client, server));
            }
            if let Some(status) = child.lock().expect("a child").try_wait().expect("a child") {
                break status;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    });
    let statement = relay.last.lock().expect("a text").clone();
    match (status.signal(), status.code()) {
        (Some(9), _) => (true, statement),
        (_, Some(0)) => (false, statement),
        other => panic!("{moment:?} {number} {statement}: {other:?}"),
    }
}

struct Relay {
    child: Arc<Mutex<Child>>,
    moment: Moment,
    number: usize,
    seen: AtomicUsize,
    last: Mutex<String>,
}

impl Relay {
    /// Carries packets between a client and the server, command by command.
    fn serve(&self, client: UnixStream, server: &Path) {
        let server = UnixStream::connect(server).expect("the server");
        let (mut from_server, mut to_client) =
            (server.try_clone().expect("a socket"), client.try_clone().expect("a socket"));
        std::thread::scope(|scope| {
            let (answered, heard) = std::sync::mpsc::channel();
            scope.spawn(move || {
                let mut buffer = [0; 65_536];
                while let Ok(count @ 1..) = from_server.read(&mut buffer) {
                    // Nobody may wait for it.
                    answered.send(()).ok();
                    if to_client.write_all(&buffer[..count]).is_err() {
                        break;
                    }
                }
                to_client.shutdown(std::net::Shutdown::Both).ok();
            });
            self.commands(client, &server, &heard);
            server.shutdown(std::net::Shutdown::Both).ok();
        });
    }

    fn commands(
        &self,
        mut client: UnixStream,
        mut server: &UnixStream,
        heard: &std::sync::mpsc::Receiver<()>,
    ) {
        while let Some(packet) = packet(&mut client) {
            // The sequence begins anew with each command (Protocol::Packet); 1 closes the connection.
            let is_command = packet[3] == 0 && packet.get(4).is_some_and(|code| matches!(code, 0x03 | 0x17));
            let is_meant = is_command && self.seen.fetch_add(1, Ordering::SeqCst) + 1 == self.number;
            if is_meant {
                *self.last.lock().expect("a text") =
                    String::from_utf8_lossy(&packet[5..packet.len().min(200)]).into_owned();
                if self.moment == Moment::Before {
                    return self.kill();
                }
                while heard.try_recv().is_ok() {}
            }
            if server.write_all(&packet).is_err() {
                return;
            }
            if is_meant {
                heard.recv().ok();
                return self.kill();
            }
        }
    }

    fn kill(&self) {
        self.child.lock().expect("a child").kill().expect("it runs");
    }
}

/// One packet with its head of four bytes.
fn packet(client: &mut UnixStream) -> Option<Vec<u8>> {
    let mut packet = vec![0; 4];
    client.read_exact(&mut packet).ok()?;
    let length = usize::from(packet[0]) | usize::from(packet[1]) << 8 | usize::from(packet[2]) << 16;
    packet.resize(4 + length, 0);
    client.read_exact(&mut packet[4..]).ok()?;
    Some(packet)
}
