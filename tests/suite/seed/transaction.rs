//! One transaction: all of it or nothing, and what was agreed to or nothing.

use super::support::{Db, EXAMPLE, manifest};
use motionctl::outcome::{Failure, FailureKind};
use motionctl::seed::apply::{Advisory, NotApplied, SeedEvent, Stopped};
use motionctl::seed::snapshot::Unnamed;
use std::sync::Barrier;

const STAFF: &str = "
queues:
  voice: [{ name: V1, strategy: ringall, type: inbound }, { name: V2, strategy: ringall, type: inbound }]
agents:
  - { username: ann, fullname: Ann A, internal: '1' }
  - { username: bob, fullname: Bob B, internal: '2' }
profiles:
  - { name: Day, agents: [ann], queues: { voice: [V1] } }
";

/// Applies what is planned after `between` has changed the database.
fn after(db: &Db, text: &str, between: impl FnOnce()) -> Result<(), Failure> {
    let manifest = manifest(text);
    let planned = db.session().plan(&manifest, Unnamed::Stay).expect("a plan");
    between();
    let answer = db.carry_out(&manifest, Unnamed::Stay, &planned, Advisory::Taken, &mut |_| Ok(()));
    answer.map(drop).map_err(Failure::from)
}

/// Trap 24, and the fingerprint: whatever the plan relies on and finds changed refuses it.
#[test]
fn a_database_that_moved_refuses_the_plan() {
    let moves = [
        "UPDATE users SET fullname = 'Other' WHERE name = 'ann'",
        "INSERT INTO agent_profile_has_users SELECT p.id, u.id, u.createdAt, u.updatedAt FROM agent_profiles p, users u WHERE u.name = 'bob'",
        "DELETE FROM agent_profile_has_users",
        "INSERT INTO agent_profiles (name, createdAt, updatedAt) SELECT 'New', createdAt, updatedAt FROM agent_profiles",
        "UPDATE agent_profile_has_voice_queues SET penalty = 9",
        "UPDATE users SET role = 'admin' WHERE name = 'ann'",
    ];
    let wanted = "profiles:
  - { name: New }
  - { name: Day, agents: [ann, bob], queues: { voice: [V1, V2] } }";
    for change in moves {
        for db in Db::staffed(STAFF) {
            let before = db.rows("SELECT COUNT(*) FROM agent_profile_has_voice_queues");
            let failure = after(&db, wanted, || db.sql(change)).expect_err(change);
            assert_eq!(failure.kind, FailureKind::Refused, "{change}: {failure}");
            assert!(
                failure.message.starts_with("the database has moved since the plan was made"),
                "{failure}"
            );
            assert_eq!(db.rows("SELECT COUNT(*) FROM agent_profile_has_voice_queues"), before, "{change}");
        }
    }
}

#[test]
fn what_nobody_relies_on_may_change_meanwhile() {
    for db in Db::staffed(STAFF) {
        let unrelated = "UPDATE users SET online = 1, fullcontact = 'x', updatedAt = '2030-01-01 00:00:00'; \
                         INSERT INTO agent_profiles (name, createdAt, updatedAt) SELECT 'Else', createdAt, updatedAt FROM agent_profiles";
        after(&db, "profiles: [{ name: Day, agents: [bob] }]", || db.sql(unrelated)).expect("applied");
        assert!(db.dump().contains(&"agents Day|bob".to_owned()));
    }
}

/// The database changes the words that are put into it.
#[test]
fn what_is_not_as_wanted_before_commit_is_rolled_back() {
    for db in Db::staffed(STAFF) {
        let before = db.dump();
        let body = "UPDATE agent_profiles SET description = 'meddled'";
        let server = "CREATE TRIGGER meddle BEFORE INSERT ON agent_profiles FOR EACH ROW SET NEW.description = 'meddled'";
        let file = format!(
            "CREATE TRIGGER meddle AFTER INSERT ON agent_profiles BEGIN {body} WHERE id = NEW.id; END"
        );
        db.sql(if db.is_server() { server } else { &file });
        let failure = db
            .try_apply("profiles: [{ name: New, description: mine, agents: [bob] }]", Unnamed::Stay)
            .expect_err("not what was wanted");
        assert_eq!(failure.kind, FailureKind::Failed);
        assert!(failure.message.contains("what was written is not what was wanted"), "{failure}");
        assert_eq!(db.dump(), before);
    }
}

/// An error in the last statement takes the first one back.
#[test]
fn an_error_rolls_everything_back() {
    for db in Db::both() {
        let trigger = if db.is_server() {
            "CREATE TRIGGER no BEFORE INSERT ON user_has_chat_queues FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not today'"
        } else {
            "CREATE TRIGGER no BEFORE INSERT ON user_has_chat_queues BEGIN SELECT RAISE(ABORT, 'not today'); END"
        };
        db.sql(trigger);
        let failure = db.try_apply(EXAMPLE, Unnamed::Stay).expect_err("the last insert fails");
        assert_eq!(failure.kind, FailureKind::Failed);
        assert!(failure.message.contains("not today"), "{failure}");
        assert!(failure.message.contains("everything was rolled back"), "{failure}");
        assert_eq!(db.dump(), [""; 0]);
    }
}

#[test]
fn whoever_watches_may_stop_it_before_commit() {
    for db in Db::both() {
        let manifest = manifest(EXAMPLE);
        let planned = db.session().plan(&manifest, Unnamed::Stay).expect("a plan");
        let mut seen = Vec::new();
        let mut watch = |event: SeedEvent<'_>| match event {
            SeedEvent::Written(rows) => {
                seen.push(rows);
                if rows >= 8 { Err(Stopped) } else { Ok(()) }
            }
            SeedEvent::Stage(_) => Ok(()),
        };
        let answer = db.carry_out(&manifest, Unnamed::Stay, &planned, Advisory::Taken, &mut watch);
        assert!(matches!(answer, Err(NotApplied::Failed(_))), "{answer:?}");
        assert!(seen.windows(2).all(|pair| pair[0] < pair[1]) && seen.last() == Some(&8), "{seen:?}");
        assert_eq!(db.dump(), [""; 0]);
    }
}

/// Two runs that know nothing of each other.
#[test]
fn two_applies_at_once_end_as_one_after_the_other() {
    let wishes = [
        "profiles:\n  - { name: New, agents: [ann] }\n  - { name: Day, agents: { mode: exact, members: [bob] }, description: one }",
        "profiles:\n  - { name: New, agents: [bob] }\n  - { name: Day, agents: { mode: exact, members: [ann, bob] }, queues: { voice: [V2] }, description: two }",
    ];
    // Without a unique index nothing but our own locks keeps a name from being made twice.
    let loose = |schema: &str| {
        schema.replace(
            "name VARCHAR(255) NOT NULL COLLATE NOCASE UNIQUE",
            "name VARCHAR(255) NOT NULL COLLATE NOCASE",
        )
    };
    let serial = |order: [usize; 2]| {
        Db::both_with(loose, str::to_owned).map(|db| {
            db.apply(STAFF);
            order.iter().for_each(|index| drop(db.apply(wishes[*index])));
            db.dump()
        })
    };
    let expect = [serial([0, 1]), serial([1, 0])];
    for (engine, db) in Db::both_with(loose, str::to_owned).iter().enumerate() {
        for advisory in [Advisory::Taken, Advisory::Left, Advisory::Left, Advisory::Left] {
            for table in ["agent_profile_has_users", "agent_profile_has_voice_queues", "agent_profiles"] {
                db.sql(&format!("DELETE FROM {table}"));
            }
            db.apply(STAFF);
            let barrier = Barrier::new(2);
            std::thread::scope(|scope| {
                for text in wishes {
                    scope.spawn(|| until_done(db, text, advisory, &barrier));
                }
            });
            let found = db.dump();
            assert!(expect.iter().any(|serial| serial[engine] == found), "{advisory:?}: {found:#?}");
        }
    }
}

/// As `seed apply --yes` does it; also waits where another run has the lock.
fn until_done(db: &Db, text: &str, advisory: Advisory, barrier: &Barrier) {
    let manifest = manifest(text);
    let mut planned = db.session().plan(&manifest, Unnamed::Stay).expect("a plan");
    barrier.wait();
    for _ in 0..200 {
        match db.carry_out(&manifest, Unnamed::Stay, &planned, advisory, &mut |_| Ok(())) {
            Ok(_) => return,
            Err(NotApplied::Moved(_)) => {}
            Err(NotApplied::Failed(failure)) => {
                assert!(failure.message.contains("another apply works on this database"), "{failure}");
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        }
        planned = db.session().plan(&manifest, Unnamed::Stay).expect("a plan");
    }
    panic!("never done: {text}");
}
