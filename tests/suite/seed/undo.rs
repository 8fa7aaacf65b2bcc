//! Undo: an apply and its undo leave the rows as they were; rows that have moved since refuse it and are named.
//!
//! Invariant: rows are compared as they are in the tables, with all their columns, ids and times. That it holds for any
//! manifest is what `property` says.

use super::deleted_links;
use super::support::{Db, codes, shown};
use motionctl::outcome::FailureKind;
use motionctl::seed::snapshot::Unnamed;
use motionctl::seed::undo::UndoState;
use motionctl::values::RunId;

pub const BASE: &str = "
queues:
  voice: [{ name: Sales, strategy: rrmemory, type: inbound }, { name: Tech, strategy: rrmemory, type: inbound }]
  chat: [{ name: Web, strategy: beepall, timeout: 30 }]
agents:
  - { username: ann, fullname: Ann, internal: '1001', personal: { chat: [Web] } }
  - { username: bob, fullname: Bob, internal: '1002' }
profiles:
  - { name: Day, description: Early, agents: [ann, bob], queues: { voice: [{ name: Sales, penalty: 1 }, Tech], chat: [Web] } }
  - { name: Old, enabled: false, agents: [bob] }
";
/// Every kind of change: rows that come, change and go, links that come, go and weigh otherwise.
const CHANGE: &str = "
queues:
  voice: [{ name: New Queue, strategy: linear, type: inbound }, { name: Tech, strategy: linear, type: inbound }]
agents:
  - { username: ann, fullname: Anna, personal: { mode: exact, members: [], allow_empty: true } }
  - { username: cid, fullname: Cid, internal: '1003', personal: { voice: [New Queue] } }
profiles:
  - { name: Morning, previous_name: Day, description: null, agents: { mode: exact, members: [ann, cid] },
      queues: { voice: { mode: exact, members: [{ name: Sales, penalty: 4 }, New Queue] } } }
  - { name: Old, absent: true }
  - { name: Fresh, agents: [bob], queues: { chat: [Web] } }
";
/// The same, as `personal` of ann has it.
pub fn change() -> String {
    CHANGE.replace(
        "personal: { mode: exact, members: [], allow_empty: true }",
        "personal: { chat: { mode: exact, members: [], allow_empty: true } }",
    )
}

/// On both engines, with times that no apply of today writes.
pub fn both() -> [Db; 2] {
    let both = Db::both();
    for db in &both {
        db.apply(BASE);
        for table in [
            "users",
            "agent_profiles",
            "voice_queues",
            "agent_profile_has_users",
            "agent_profile_has_voice_queues",
        ] {
            db.sql(&format!(
                "UPDATE {table} SET createdAt = '2026-01-02 03:04:05', updatedAt = '2026-01-03 03:04:05'"
            ));
        }
    }
    both
}

pub fn kept(db: &Db, text: &str) -> RunId {
    db.apply_and_keep(text, Unnamed::Stay).unwrap_or_else(|failure| panic!("{failure}"))
}

#[test]
fn an_apply_and_its_undo_leave_the_same_rows() {
    for db in both() {
        let before = db.everything();
        let run = kept(&db, &change());
        assert_ne!(db.everything(), before);
        let foreseen = db.foresee(&run).expect("a plan");
        assert_eq!(foreseen.standing, UndoState::After { exact: true });
        assert_eq!(codes(&foreseen.findings), [""; 0], "{:?}", foreseen.findings);
        db.undo(&run).expect("undone");
        assert_eq!(db.everything(), before);
        // Once more there is nothing to undo.
        assert_eq!(db.foresee(&run).expect("a plan").standing, UndoState::Before);
    }
}

#[test]
fn what_would_be_undone_is_shown_like_a_plan() {
    for db in both() {
        let run = kept(&db, &change());
        let foreseen = db.foresee(&run).expect("a plan");
        let lines = motionctl::seed::plan::lines(&foreseen.plan);
        let lines: Vec<String> = lines.iter().map(|line| line.join(" ")).collect();
        assert_eq!(
            lines,
            [
                "- profile Fresh made by the run",
                "- voice queue New Queue made by the run",
                "- agent cid made by the run",
                "- agents Morning cid",
                "- agents Fresh bob",
                "- voice queues Morning New Queue",
                "- chat queues Fresh Web",
                "- personal voice queues cid New Queue",
                "~ profile Morning name: Morning → Day, description: NULL → Early",
                "~ voice queue Tech strategy: linear → rrmemory",
                "~ agent ann fullname: Anna → Ann",
                "+ profile Old enabled: false, description: NULL",
                "~ voice queues Morning Sales (penalty 4 → 1)",
                "+ agents Morning bob",
                "+ agents Old bob",
                "+ voice queues Morning Tech (penalty 0)",
                "+ personal chat queues ann Web",
            ]
        );
        let planned = db.plan(&change()).expect("a plan");
        assert_eq!(shown(&planned), [""; 0]);
    }
}

/// What somebody does after the run, and what the undo says of it.
const MOVED: &[(&str, &str)] = &[
    (
        "UPDATE agent_profiles SET name = 'Noon' WHERE name = 'Morning'",
        "profile Morning has changed since: name",
    ),
    ("UPDATE users SET fullname = 'Annie' WHERE name = 'ann'", "agent ann has changed since: fullname"),
    (
        "UPDATE voice_queues SET strategy = 'random' WHERE name = 'Tech'",
        "voice queue Tech has changed since: strategy",
    ),
    (
        "DELETE FROM agent_profile_has_chat_queues WHERE AgentProfileId = (SELECT id FROM agent_profiles WHERE name = 'Fresh')",
        "chat queue Web of profile Fresh is gone",
    ),
    (
        "INSERT INTO agent_profile_has_users (AgentProfileId, UserId, createdAt, updatedAt) SELECT p.id, u.id, '2026-02-02 00:00:00', '2026-02-02 00:00:00' FROM agent_profiles p, users u WHERE p.name = 'Morning' AND u.name = 'bob'",
        "agent bob of profile Morning is there again",
    ),
    (
        "INSERT INTO agent_profile_has_users (AgentProfileId, UserId, createdAt, updatedAt) SELECT p.id, u.id, '2026-02-02 00:00:00', '2026-02-02 00:00:00' FROM agent_profiles p, users u WHERE p.name = 'Fresh' AND u.name = 'ann'",
        "profile Fresh has got another agent since",
    ),
    ("UPDATE users SET online = 1 WHERE name = 'cid'", "agent cid is logged in"),
    (
        "UPDATE agent_profiles SET description = 'by hand' WHERE name = 'Fresh'",
        "profile Fresh has changed since: description",
    ),
    (
        "UPDATE agent_profile_has_voice_queues SET penalty = 9 WHERE penalty = 4",
        "voice queue Sales of profile Morning has changed since: penalty",
    ),
    (
        "INSERT INTO agent_profiles (name, enabled, createdAt, updatedAt) VALUES ('Day', 1, '2026-02-02 00:00:00', '2026-02-02 00:00:00')",
        "another profile is called Day by now",
    ),
];

#[test]
fn rows_that_have_moved_refuse_it_and_are_named() {
    for (sql, expected) in MOVED {
        for db in both() {
            let run = kept(&db, &change());
            db.sql(sql);
            let moved = db.everything();
            let failure = db.undo(&run).expect_err(expected);
            assert_eq!(failure.kind, FailureKind::Refused, "{sql}");
            // Names stand in quotes.
            assert!(failure.message.replace('`', "").contains(expected), "{sql}: {failure}");
            assert_eq!(db.everything(), moved, "{sql}");
        }
    }
}

#[test]
fn a_login_moves_nothing_and_keeps_its_time() {
    for db in both() {
        let before = db.everything();
        let run = kept(&db, &change());
        db.sql("UPDATE users SET online = 1, updatedAt = '2027-01-01 00:00:00' WHERE name = 'ann'");
        assert_eq!(db.foresee(&run).expect("a plan").standing, UndoState::After { exact: false });
        db.undo(&run).expect("undone");
        let ann = "SELECT fullname, online, updatedAt FROM users WHERE name = 'ann'";
        assert_eq!(db.rows(ann), ["Ann|1|2027-01-01 00:00:00"]);
        db.sql("UPDATE users SET online = 0, updatedAt = '2026-01-03 03:04:05' WHERE name = 'ann'");
        assert_eq!(db.everything(), before);
    }
}

#[test]
fn runs_are_undone_from_the_newest_to_the_oldest() {
    for db in both() {
        let mut states = vec![db.everything()];
        let runs = ["Noon", "Dusk", "Night"].map(|name| {
            let run = kept(
                &db,
                &format!(
                    "profiles: [{{ name: {name}, agents: [ann] }}, {{ name: Day, description: {name} }}]"
                ),
            );
            states.push(db.everything());
            run
        });
        let failure = db.undo(&runs[0]).expect_err("another run came after it");
        assert!(failure.message.contains("profile `Day` has changed since: description"), "{failure}");
        for (run, state) in runs.iter().zip(&states).rev() {
            db.undo(run).expect("undone");
            assert_eq!(&db.everything(), state);
        }
    }
}

#[test]
fn what_the_map_does_not_know_keeps_a_row_that_it_refers_to() {
    for db in both() {
        let run = kept(&db, &change());
        let id = if db.is_server() { "INT" } else { "INTEGER" };
        db.sql(&format!(
            "CREATE TABLE notes (id {id} PRIMARY KEY, UserId {id}, FOREIGN KEY (UserId) REFERENCES users (id))"
        ));
        db.sql("INSERT INTO notes SELECT 1, id FROM users WHERE name = 'cid'");
        let foreseen = db.foresee(&run).expect("a plan");
        assert_eq!(codes(&foreseen.findings), ["stop seed.outside-reference"]);
        db.sql("DELETE FROM notes");
        db.undo(&run).expect("undone");
    }
}

#[test]
fn a_profile_in_use_is_not_taken_away() {
    for db in both() {
        let run = kept(&db, &change());
        db.sql("UPDATE users SET online = 1 WHERE name = 'bob'");
        db.sql(
            "INSERT INTO report_member (membername, type, channel, enterAt, createdAt, updatedAt, data3) \
             SELECT 'bob', 'login', 'voice', '2026-01-01 00:00:00', '2026-01-01 00:00:00', '2026-01-01 00:00:00', id FROM agent_profiles WHERE name = 'Fresh'",
        );
        let foreseen = db.foresee(&run).expect("a plan");
        assert_eq!(codes(&foreseen.findings), ["stop seed.profile-in-use"], "{:?}", foreseen.findings);
    }
}

#[test]
fn a_run_of_another_database_or_map_is_refused() {
    let [file, server] = both();
    let run = kept(&file, &change());
    let (kept, record) = file.kept(&run);
    let failure = server.session().foresee_undo(&kept, &record).expect_err("another database");
    assert!(failure.message.contains("on another database"), "{failure}");
    let mut other = kept.clone();
    other.head.map = "0".repeat(64);
    let failure = file.session().foresee_undo(&other, &record).expect_err("another map");
    assert!(failure.message.contains("on another schema map"), "{failure}");
}

#[test]
fn rights_come_back_as_they_were() {
    for db in Db::both() {
        db.sql(
            "INSERT INTO user_profiles (id, name, createdAt, updatedAt) VALUES
               (3, 'Supervisors', '2020-01-01', '2020-01-01'), (5, 'Managers', '2020-01-01', '2020-01-01');
             INSERT INTO user_profile_has_permissions
               (UserProfileId, section, canView, canRead, canEdit, canDelete, createdAt, updatedAt) VALUES
               (3, 'agent_profiles', 1, 1, 0, 1, '2020-01-01', '2020-01-01'),
               (3, 'queues', 1, 0, 1, 0, '2020-01-01', '2020-01-01')",
        );
        let before = db.everything();
        let text = "permissions:
  - { user_profile: Supervisors, agent_profiles: [view, read, edit] }
  - { user_profile: Managers, agent_profiles: [view] }";
        let run = kept(&db, text);
        let foreseen = db.foresee(&run).expect("a plan");
        let lines: Vec<String> =
            motionctl::seed::plan::lines(&foreseen.plan).iter().map(|line| line.join(" ")).collect();
        assert_eq!(
            lines,
            [
                "- rights of User Profile Supervisors edit",
                "- rights of User Profile Managers view",
                "+ rights of User Profile Supervisors delete",
            ]
        );
        db.sql("UPDATE user_profile_has_permissions SET canEdit = 1 WHERE UserProfileId = 5");
        let failure = db.undo(&run).expect_err("somebody gave another right");
        assert!(failure.message.contains("the rights of User Profile `Managers` has changed"), "{failure}");
        db.sql("UPDATE user_profile_has_permissions SET canEdit = 0 WHERE UserProfileId = 5");
        db.undo(&run).expect("undone");
        assert_eq!(db.everything(), before);
    }
}

#[test]
fn what_was_marked_as_deleted_is_marked_again_as_it_was() {
    for db in deleted_links::both("reviewed_by", "reviewed_by") {
        for text in [deleted_links::DAY, "profiles: [{ name: Day, absent: true }]"] {
            let before = db.everything();
            let run = kept(&db, text);
            assert_ne!(db.everything(), before);
            db.undo(&run).unwrap_or_else(|failure| panic!("{failure}"));
            assert_eq!(db.everything(), before, "{text}");
            kept(&db, text);
        }
    }
}
