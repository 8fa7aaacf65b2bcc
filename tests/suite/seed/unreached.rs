//! What a plan must not take for what it knows: users of other roles, sessions that cannot be looked at, a map that nobody
//! signed.

use super::findings::{ADMIN, Engine, ONLINE, found, one_column, planned};
use super::people::{DELETE, DISABLE, STAFF, session};
use super::support::{finding, manifest};
use motionctl::seed::Session;
use motionctl::seed::map::Map;
use motionctl::seed::snapshot::Unnamed;

/// An admin stands in the same table as the agents. Nothing that a manifest can say writes to that row or links it, even
/// where every stop was passed over.
#[test]
fn no_manifest_reaches_the_row_of_another_role() {
    let reaching = [
        "agents: [{ username: root, fullname: Taken, email: a@b.test, internal: '9' }]",
        "agents: [{ username: ROOT, fullname: Taken }]",
        "agents: [{ username: root, personal: { chat: [C1] } }]",
        "profiles: [{ name: Day, agents: [root] }]",
        "profiles: [{ name: Day, agents: { mode: exact, members: [root] } }]",
        "profiles: [{ name: Day, agents: { remove: [root] } }]",
        "move: [{ from: Day, to: Night, agents: [root] }]",
        "agents: [{ username: root, fullname: T, internal: '9' }]\nprofiles: [{ name: Day, agents: [root] }]",
    ];
    for engine in [Engine::Sqlite, Engine::Server] {
        let db = engine.staffed(ADMIN);
        // Somebody linked the admin by hand.
        db.sql("INSERT INTO agent_profile_has_users (AgentProfileId, UserId, createdAt, updatedAt) SELECT p.id, u.id, '2026-01-01', '2026-01-01' FROM agent_profiles p, users u WHERE p.name = 'Day' AND u.name = 'root'");
        let rows = || {
            let row = db.rows("SELECT * FROM users WHERE name = 'root'");
            let links = db.rows("SELECT COUNT(*) FROM agent_profile_has_users l JOIN users u ON u.id = l.UserId WHERE u.name = 'root'");
            let personal = db.rows("SELECT COUNT(*) FROM user_has_chat_queues l JOIN users u ON u.id = l.UserId WHERE u.name = 'root'");
            [row, links, personal]
        };
        let before = rows();
        for text in reaching {
            let found = planned(&db, text);
            let refused = db.plan(text).is_err();
            let stops = found.iter().any(|code| code == "stop seed.name-of-other-role");
            assert!(stops || refused, "{text}: {found:?}");
            // Whatever anybody accepts.
            drop(db.try_apply(text, Unnamed::Stay));
            assert_eq!(rows(), before, "{text}");
            let failed = db.try_apply(text, Unnamed::Go);
            drop(failed);
            assert_eq!(rows()[0], before[0], "{text}");
        }
    }
}

/// A table of sessions that has changed since the map was made, and one that this user may not read: unknown is not no,
/// and no error.
#[test]
fn sessions_that_cannot_be_looked_at_may_be_open() {
    for engine in [Engine::Sqlite, Engine::Server] {
        for (change, by) in [
            ("ALTER TABLE report_member DROP COLUMN data4", "data4"),
            ("DROP TABLE report_member", "report_member"),
        ] {
            let db = engine.staffed(change);
            let plan = db.plan(DELETE).expect("a plan, and no error of the database");
            let stop = finding(&plan.findings, "seed.profile-maybe-in-use");
            assert!(stop.stops() && stop.evidence[0].contains(by), "{stop:?}");
            assert!(planned(&db, DISABLE).contains(&"stop seed.disable-in-use".to_owned()));
            // It is asked where it matters alone.
            let other = planned(&db, "profiles: [{ name: New }]");
            assert!(!other.iter().any(|code| code.contains("in-use")), "{other:?}");
        }
    }
    let db = Engine::Server.staffed("");
    let user = db.schema.as_ref().expect("a server").user("secret", "");
    let schema = db.schema.as_ref().expect("a server");
    for table in schema.sql("SHOW TABLES").lines().filter(|table| *table != "report_member") {
        schema.sql(&format!("GRANT SELECT ON {table} TO '{user}'@'%'"));
    }
    let found = found(db.session_of(&user).plan(&manifest(DELETE), Unnamed::Stay));
    assert!(found.contains(&"stop seed.profile-maybe-in-use".to_owned()), "{found:?}");
}

/// A map that names one column still finds the sessions of that column.
#[test]
fn a_map_with_one_column_for_the_profile_looks_there() {
    for engine in [Engine::Sqlite, Engine::Server] {
        let db = engine.with(str::to_owned, one_column);
        db.apply(STAFF);
        db.sql("ALTER TABLE report_member DROP COLUMN data4");
        assert!(!planned(&db, DELETE).iter().any(|code| code.contains("in-use")));
        session(&db, "ann", "data3", "Day");
        assert!(planned(&db, DELETE).contains(&"stop seed.profile-maybe-in-use".to_owned()));
        db.sql(ONLINE);
        assert!(planned(&db, DELETE).contains(&"stop seed.profile-in-use".to_owned()));
    }
}

/// A map as `discover` leaves it, on the server where one is needed.
fn unsigned(engine: Engine) -> Vec<String> {
    let db = engine.with(str::to_owned, str::to_owned);
    found(
        Session::of(db.connect(), Map::built_in()).expect("a session").plan(&manifest(STAFF), Unnamed::Stay),
    )
}

#[test]
fn a_map_that_nobody_signed_serves_files_alone() {
    assert_eq!(unsigned(Engine::Server), ["stop seed.map-unreviewed"]);
    assert_eq!(unsigned(Engine::Sqlite), [""; 0]);
}
