//! `seed apply --wait-idle`: until none of those whom the plan concerns is logged in.
//!
//! Invariant: while it waits nobody else does: rows that the plan writes can be written by others.

use super::commands::{file, seed};
use super::people::{DELETE, STAFF, session};
use super::support::Db;
use crate::support::binary::binary;
use crate::support::said::{Said, answer};
use crate::support::wait::eventually;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// Takes the voice queue from Day, whom ann and bob have.
const POORER: &str = "profiles: [{ name: Day, queues: { voice: { remove: [V1] } } }]";
const ALLOWED: [&str; 5] = ["--prune", "memberships,absent", "--max-delete", "9", "--yes"];

fn online(db: &Db, agent: &str, online: u8) {
    db.sql(&format!("UPDATE users SET online = {online} WHERE name = '{agent}'"));
}

/// An apply that goes on while the test does something else.
struct Begun {
    child: Child,
    /// What it says beside its answer.
    said: PathBuf,
}

impl Begun {
    fn new(db: &Db, input: &Path) -> Self {
        let said = db.folder().join(format!("said-{}", input.file_name().expect("a name").display()));
        let mut command = binary();
        command.args(["seed", "apply"]).arg(input).args(["--db", &db.url()]);
        if db.is_server() {
            command.arg("--map").arg(db.map_file());
        }
        command.args(ALLOWED).args(["--wait-idle", "2m"]).stdin(Stdio::null()).stdout(Stdio::piped());
        let child = command.stderr(File::create(&said).expect("a file")).spawn().expect("the binary starts");
        Self { child, said }
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.said).expect("reading")
    }

    /// It waits, and does so for longer than between two looks.
    fn still_waits(&mut self) {
        eventually("it waits", || self.said().contains("waiting: "));
        std::thread::sleep(Duration::from_millis(2_500));
        assert!(self.child.try_wait().expect("a state").is_none(), "it did not wait: {}", self.said());
    }

    fn ended(self) -> Said {
        answer(&self.child.wait_with_output().expect("it ends"))
    }
}

fn voice_links(db: &Db) -> String {
    db.rows("SELECT COUNT(*) FROM agent_profile_has_voice_queues").remove(0)
}

#[test]
fn an_apply_waits_for_those_whom_it_concerns_and_holds_nothing() {
    for db in Db::staffed(STAFF) {
        online(&db, "ann", 1);
        let path = file(&db, "m.yaml", POORER);
        let mut begun = Begun::new(&db, &path);
        begun.still_waits();
        // What it will write is free for everybody.
        let started = Instant::now();
        db.sql("UPDATE agent_profiles SET updatedAt = '2026-01-02' WHERE name = 'Day'; UPDATE agent_profile_has_voice_queues SET updatedAt = '2026-01-02'");
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
        assert_eq!(voice_links(&db), "1");
        online(&db, "ann", 0);
        let said = begun.said();
        assert!(said.contains("waiting: 1 agent is still logged in: ann"), "{said}");
        let done = begun.ended();
        assert_eq!(done.code, 0, "{done:?}");
        assert_eq!(voice_links(&db), "0");
    }
}

#[test]
fn others_are_not_waited_for_and_waiting_in_vain_changes_nothing() {
    for db in Db::staffed(STAFF) {
        online(&db, "bob", 1);
        let own = file(&db, "own.yaml", "agents: [{ username: ann, personal: { voice: [V1] } }]");
        let done = seed(&db, "apply", &own, &["--yes", "--wait-idle", "2m"]);
        assert_eq!(done.code, 0, "{done:?}");
        let before = db.dump();
        let path = file(&db, "m.yaml", POORER);
        let vain = seed(&db, "apply", &path, &[&ALLOWED[..], &["--wait-idle", "1s", "--json"]].concat());
        assert_eq!(vain.code, 3, "{vain:?}");
        let message = &vain.document()["error"]["message"];
        assert_eq!(message, "gave up after 1 s: 1 agent is still logged in: bob");
        assert_eq!(db.dump(), before);
        // Nothing is waited for where nothing would be done.
        let dry = seed(&db, "apply", &path, &[&ALLOWED[..4], &["--wait-idle", "2m", "--dry-run"]].concat());
        assert_eq!(dry.code, 0, "{dry:?}");
    }
}

#[test]
fn a_profile_in_use_may_be_waited_for_and_one_that_may_be_is_not() {
    for db in Db::staffed(STAFF) {
        let path = file(&db, "m.yaml", DELETE);
        session(&db, "ann", "data4", "Day");
        online(&db, "ann", 1);
        assert_eq!(seed(&db, "apply", &path, &ALLOWED).code, 3, "without the flag it is refused");
        let mut begun = Begun::new(&db, &path);
        begun.still_waits();
        // The session was not closed: whether somebody works with it nobody knows.
        online(&db, "ann", 0);
        let doubtful = begun.ended();
        assert_eq!(doubtful.code, 3, "{doubtful:?}");
        assert!(doubtful.stdout.contains("stopped by seed.profile-maybe-in-use"), "{doubtful:?}");
        let at_once = seed(&db, "apply", &path, &[&ALLOWED[..], &["--wait-idle", "2m"]].concat());
        assert_eq!(at_once.code, 3, "{at_once:?}");
        online(&db, "ann", 1);
        let mut begun = Begun::new(&db, &path);
        begun.still_waits();
        db.sql("UPDATE report_member SET exitAt = '2026-01-01 11:00:00'; UPDATE users SET online = 0");
        let done = begun.ended();
        assert_eq!(done.code, 0, "{done:?}");
        assert_eq!(db.rows("SELECT name FROM agent_profiles"), ["Night"]);
    }
}

#[test]
fn what_changes_meanwhile_is_looked_at_again() {
    for db in Db::staffed(STAFF) {
        online(&db, "ann", 1);
        let path = file(&db, "m.yaml", POORER);
        let plan = db.folder().join("saved");
        let saved = seed(&db, "plan", &path, &["--out", &plan.display().to_string()]);
        assert_eq!(saved.code, 0, "{saved:?}");
        let mut both = [Begun::new(&db, &plan), Begun::new(&db, &path)];
        both.iter_mut().for_each(Begun::still_waits);
        // Somebody else took the queue.
        let [saved, fresh] = both;
        db.sql("DELETE FROM agent_profile_has_voice_queues");
        online(&db, "ann", 0);
        let saved = saved.ended();
        assert_eq!(saved.code, 3, "{saved:?}");
        assert!(saved.stdout.contains("the plan is stale"), "{saved:?}");
        // A manifest is planned again: there is nothing left to do.
        let fresh = fresh.ended();
        assert!(fresh.code == 0 && fresh.stdout.contains("up to date"), "{fresh:?}");
    }
    for db in Db::staffed(STAFF) {
        online(&db, "ann", 1);
        let path = file(
            &db,
            "m.yaml",
            "profiles: [{ name: Day, queues: { voice: { mode: exact, members: [], allow_empty: true } } }]",
        );
        let mut begun = Begun::new(&db, &path);
        begun.still_waits();
        db.apply("queues: { voice: [{ name: V2, strategy: ringall, type: inbound }] }\nprofiles: [{ name: Day, queues: { voice: [V2] } }]");
        online(&db, "ann", 0);
        let other = begun.ended();
        assert_eq!(other.code, 3, "another row would go than the one that was shown: {other:?}");
        assert_eq!(voice_links(&db), "2");
    }
}
