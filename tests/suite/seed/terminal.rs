//! `seed apply` at a terminal: what is shown, what is asked, and that nothing waits for the answer.
//!
//! Invariant: a real pseudo-terminal; answers are typed only after their question is on the screen.

use super::support::{Db, EXAMPLE};
use nix::pty::{Winsize, openpty};
use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A run with somebody in front of it.
struct Seat {
    terminal: File,
    child: Child,
    screen: String,
}

impl Seat {
    fn apply(db: &Db, text: &str, ssh: bool) -> Self {
        let manifest = db.folder().join("manifest.yaml");
        std::fs::write(&manifest, text).expect("writing");
        let size = Winsize { ws_row: 50, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0 };
        let pair = openpty(Some(&size), None).expect("a terminal");
        let end = || Stdio::from(pair.slave.try_clone().expect("a handle"));
        // Whoever runs the tests may have come over a network: only in a namespace of its own has it nobody above. The
        // other person's shell keeps what `sudo` takes from the command.
        let mut command = if ssh {
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", "env -u SSH_CONNECTION \"$@\"; exit $?", "sh"]);
            shell.env("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22");
            shell
        } else {
            let mut alone = Command::new("unshare");
            alone.args(["--pid", "--fork", "--mount-proc", "--"]).env_remove("SSH_CONNECTION");
            alone
        };
        command.env_remove("NO_COLOR").env("TERM", "xterm").arg(env!("CARGO_BIN_EXE_motionctl"));
        command.args(["seed", "apply"]).arg(manifest).args(["--db", &db.url()]);
        if db.is_server() {
            command.arg("--map").arg(db.map_file());
        }
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().expect("the binary starts");
        Self { terminal: pair.master.into(), child, screen: String::new() }
    }

    /// Reads until this is on the screen.
    fn see(&mut self, text: &str) {
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut buffer = [0; 4096];
        while !self.screen.contains(text) {
            assert!(Instant::now() < deadline, "no {text:?} in {:?}", self.screen);
            let count = self.terminal.read(&mut buffer).unwrap_or_else(|error| {
                panic!("{error} before {text:?} in {:?}", self.screen);
            });
            self.screen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    }

    fn say(&mut self, answer: &str) {
        self.terminal.write_all(format!("{answer}\n").as_bytes()).expect("typing");
    }

    /// Its exit code, once it has said all.
    fn end(mut self) -> (i32, String) {
        let mut buffer = [0; 4096];
        // A terminal whose last user has gone answers with an error.
        while let Ok(count @ 1..) = self.terminal.read(&mut buffer) {
            self.screen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
        (self.child.wait().expect("it ends").code().expect("by itself"), self.screen)
    }
}

/// Where the question says that the change goes.
fn place(db: &Db) -> String {
    match &db.schema {
        Some(schema) => format!("the schema {} at {}", schema.name, schema.server.file("socket").display()),
        None => format!("the database {}", db.file().display()),
    }
}

#[test]
fn the_change_is_shown_and_asked_for() {
    for db in Db::both() {
        let mut seat = Seat::apply(&db, EXAMPLE, false);
        seat.see(&format!("Change {}? Type yes to go on: ", place(&db)));
        for shown in ["this would be done", "Talk Now (penalty 0, default)", "personal chat queues"] {
            assert!(seat.screen.contains(shown), "{shown}: {}", seat.screen);
        }
        if let Some(schema) = &db.schema {
            let sql =
                format!("SELECT COUNT(*) FROM information_schema.processlist WHERE db = '{}'", schema.name);
            assert_eq!(schema.server.sql(&sql), "0", "a connection waits for a person");
        }
        seat.say("yes");
        let (code, screen) = seat.end();
        assert_eq!(code, 0, "{screen}");
        assert!(
            screen.contains("applied: 15 rows in one transaction") && screen.contains("/15 rows"),
            "{screen}"
        );
        assert!(db.plan(EXAMPLE).expect("a plan").plan.is_empty());
    }
}

#[test]
fn any_other_answer_is_a_no() {
    let host = nix::sys::utsname::uname().expect("a name");
    let host = host.nodename().to_str().expect("text").to_owned();
    for db in Db::both() {
        for (ssh, answer) in [(false, "y"), (false, ""), (true, "yes")] {
            let mut seat = Seat::apply(&db, EXAMPLE, ssh);
            seat.see(" to go on: ");
            seat.say(answer);
            let (code, screen) = seat.end();
            assert_eq!(code, 1, "{answer:?}: {screen}");
            let (_, last) = screen.rsplit_once("cancelled: nothing was changed").expect("what it is called");
            assert!(
                last.replace("\u{1b}[0m", "").trim().is_empty(),
                "what was read is not shown again: {last}"
            );
        }
        if db.is_server() || db.file().exists() {
            assert_eq!(db.dump(), [""; 0]);
        }
        let mut seat = Seat::apply(&db, EXAMPLE, true);
        seat.see(&format!("Change {}? Type this host's name ({host}) to go on: ", place(&db)));
        seat.say(&host);
        let (code, screen) = seat.end();
        assert_eq!(code, 0, "{screen}");
    }
}

/// What moved while somebody read is not overwritten: nobody agreed to that.
#[test]
fn what_moves_during_the_question_refuses_the_answer() {
    for db in Db::staffed(EXAMPLE) {
        let text = "version: 1\nprofiles: [{ name: Profile 1, description: Mine }]";
        let mut seat = Seat::apply(&db, text, false);
        seat.see(" to go on: ");
        db.sql("UPDATE agent_profiles SET description = 'Theirs' WHERE name = 'Profile 1'");
        seat.say("yes");
        let (code, screen) = seat.end();
        assert_eq!(code, 3, "{screen}");
        assert!(screen.contains("the database has moved since the plan was made"), "{screen}");
        assert_eq!(db.rows("SELECT description FROM agent_profiles WHERE name = 'Profile 1'"), ["Theirs"]);
    }
}
