//! A database that moves between the plan and the locks of one `seed apply --yes`.
//!
//! Invariant: the run is known to have planned before the database moves: it waits for a lock by then.

use super::commands::{file, seed};
use super::support::Db;
use crate::support::said::Said;
use motionctl::db::Access;
use std::time::{Duration, Instant};

const STAFF: &str = "
agents:
  - { username: ann, fullname: Ann A, internal: '1' }
  - { username: bob, fullname: Bob B, internal: '2' }
  - { username: cid, fullname: Cid C, internal: '3' }
profiles:
  - { name: Day, agents: [ann, bob] }
  - { name: Old, agents: [cid] }
";
const WAITING: &str = "SELECT COUNT(*) FROM information_schema.innodb_trx t \
                       JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id \
                       WHERE t.trx_state = 'LOCK WAIT' AND p.db = DATABASE()";

/// Applies a manifest while somebody else makes these changes.
fn applied(text: &str, flags: &[&str], changes: &[&str]) -> (Db, Said) {
    let db = Db::on_server();
    db.apply(STAFF);
    let path = file(&db, "m.yaml", text);
    let mut other = db.connect();
    other.begin(Access::Write).expect("a transaction");
    other.rows("SELECT id FROM agent_profiles FOR UPDATE", &[]).expect("a lock");
    for change in changes {
        other.change(change, &[]).unwrap_or_else(|error| panic!("{error}: {change}"));
    }
    let flags: Vec<&str> = flags.iter().copied().chain(["--yes"]).collect();
    let answer = std::thread::scope(|scope| {
        let run = scope.spawn(|| seed(&db, "apply", &path, &flags));
        let deadline = Instant::now() + Duration::from_secs(30);
        while db.rows(WAITING) != ["1"] {
            assert!(Instant::now() < deadline && !run.is_finished(), "the run never waited for a lock");
            // The server answers from a copy that it renews only where nobody has asked for a while.
            std::thread::sleep(Duration::from_millis(250));
        }
        other.commit().expect("moved");
        run.join().expect("it ends")
    });
    (db, answer)
}

fn members(db: &Db, profile: &str) -> Vec<String> {
    let prefix = format!("agents {profile}|");
    db.dump().iter().filter_map(|line| line.strip_prefix(&prefix)).map(str::to_owned).collect()
}

const LINK: &str = "INSERT INTO agent_profile_has_users (AgentProfileId, UserId, createdAt, updatedAt) \
                    SELECT p.id, u.id, u.createdAt, u.updatedAt FROM agent_profiles p, users u \
                    WHERE p.name = 'Day' AND u.name = 'cid'";
const UNLINK: &str = "DELETE l FROM agent_profile_has_users l JOIN users u ON u.id = l.UserId \
                      JOIN agent_profiles p ON p.id = l.AgentProfileId WHERE p.name = 'Day' AND u.name = 'bob'";
const ONE: &[&str] = &["--prune", "memberships", "--max-delete", "1"];

/// As many as were allowed, and others than were meant.
#[test]
fn other_rows_than_the_first_plan_showed_are_not_deleted() {
    let text = "profiles: [{ name: Day, agents: { mode: exact, members: [ann] } }]";
    let (db, answer) = applied(text, ONE, &[LINK, UNLINK]);
    assert_eq!(answer.code, 3, "{answer:?}");
    assert!(answer.stdout.contains("the database has moved since the plan was made"), "{}", answer.stdout);
    assert_eq!(members(&db, "Day"), ["ann", "cid"]);

    let rename = "UPDATE agent_profiles SET name = 'Kept' WHERE name = 'Old'";
    let new = "INSERT INTO agent_profiles (name, createdAt, updatedAt) SELECT 'New', createdAt, updatedAt \
               FROM agent_profiles WHERE name = 'Day'";
    let text = "profiles: [{ name: Day }]";
    let flags = ["--prune", "profiles", "--max-delete", "9"];
    for change in [rename, new] {
        let (db, answer) = applied(text, &flags, &[change]);
        assert_eq!(answer.code, 3, "{change}: {answer:?}");
        assert!(db.rows("SELECT COUNT(*) FROM agent_profiles") > vec!["1".to_owned()], "{change}");
    }
}

/// Whatever else moved is planned again.
#[test]
fn the_same_rows_are_deleted_by_a_plan_that_was_made_again() {
    let text = "profiles: [{ name: Day, agents: { mode: exact, members: [ann] } }]";
    let (db, answer) = applied(text, ONE, &["UPDATE users SET fullname = 'Moved' WHERE name = 'ann'"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    assert_eq!(members(&db, "Day"), ["ann"]);
    let (db, answer) = applied(text, ONE, &[UNLINK]);
    assert_eq!(answer.code, 0, "what was to go is gone: {answer:?}");
    assert!(answer.stdout.contains("up to date"), "{}", answer.stdout);
    assert_eq!(members(&db, "Day"), ["ann"]);
}
