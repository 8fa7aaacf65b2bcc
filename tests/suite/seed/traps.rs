//! Traps of MySQL and MariaDB, on a real server.

use super::support::{Db, EXAMPLE, codes, finding, manifest};
use crate::support::database_server::DatabaseServer;
use motionctl::db::{Access, Connection, Limits};
use motionctl::outcome::FailureKind;
use motionctl::seed::Session;
use motionctl::seed::apply::{Advisory, SeedEvent};
use motionctl::seed::map::Map;
use motionctl::seed::snapshot::Unnamed;
use std::time::Duration;

/// Trap 22: rows of MyISAM survive a rollback.
#[test]
fn tables_that_cannot_roll_back_are_not_written() {
    // Foreign keys would not let go of it.
    let references = regex::Regex::new(r" REFERENCES \w+ \(id\)").expect("a pattern");
    let db = Db::mariadb(|schema| references.replace_all(schema, "").into_owned(), str::to_owned);
    db.sql("ALTER TABLE agent_profile_has_chat_queues ENGINE = MyISAM");
    let planned = db.plan(EXAMPLE).expect("reading is harmless");
    let stop = finding(&planned.findings, "seed.map-mismatch");
    assert!(stop.stops());
    assert!(
        stop.evidence[0].contains("agent_profile_has_chat_queues") && stop.evidence[0].contains("MyISAM")
    );
}

/// Trap 23: 1205 rolls back one statement only; the whole is rolled back and tried again.
#[test]
fn a_lock_that_is_held_too_long_ends_the_run_and_nothing_is_half() {
    let db = Db::on_server();
    db.apply(EXAMPLE);
    let limits = Limits { lock: Duration::from_secs(1), ..Limits::work() };
    let schema = db.schema.as_ref().expect("a server");
    let open = || {
        let conn = Connection::open(&schema.server.by_socket(&schema.name), &limits).expect("a connection");
        Session::of(conn, db.session().map().clone()).expect("a session")
    };
    let wanted = manifest(
        "agents: [{ username: agent1, fullname: New }]\nprofiles: [{ name: Third, agents: [agent1] }]",
    );
    let planned = open().plan(&wanted, Unnamed::Stay).expect("a plan");
    let mut other = db.connect();
    other.begin(Access::Write).expect("begun");
    other.rows("SELECT id FROM users FOR UPDATE", &[]).expect("locked");
    let request = motionctl::seed::apply::SeedRequest {
        manifest: &wanted,
        unnamed: Unnamed::Stay,
        planned: &planned,
        advisory: Advisory::Taken,
        keep: None,
    };
    let mut stages = 0;
    let mut watch = |event: SeedEvent<'_>| {
        if matches!(event, SeedEvent::Stage("another writer was in the way; trying again")) {
            stages += 1;
        }
        Ok(())
    };
    let failure: motionctl::outcome::Failure =
        open().apply(&request, &mut || Ok(open()), &mut watch).expect_err("the row is locked").into();
    assert_eq!((failure.kind, stages), (FailureKind::Failed, 3), "{failure}");
    assert!(
        failure.message.contains("waiting for the table users: ")
            && failure.message.contains("error 1205")
            && failure.message.contains("after 4 tries"),
        "{failure}"
    );
    other.rollback().expect("free again");
    assert_eq!(db.rows("SELECT COUNT(*) FROM agent_profiles"), ["2"]);
    open().apply(&request, &mut || Ok(open()), &mut |_| Ok(())).expect("now it works");
}

/// A backup or somebody at a console may hold a whole table: then nothing can be looked at, which is no fault.
#[test]
fn a_table_that_somebody_holds_is_unavailable_and_not_a_fault() {
    let db = Db::on_server();
    let limits = Limits { lock: Duration::from_secs(1), ..Limits::work() };
    let schema = db.schema.as_ref().expect("a server");
    let conn = Connection::open(&schema.server.by_socket(&schema.name), &limits).expect("a connection");
    let mut session = Session::of(conn, db.session().map().clone()).expect("a session");
    let mut other = db.connect();
    other.script("LOCK TABLES users WRITE").expect("locked");
    let wanted = manifest("agents: [{ username: agent1, fullname: New }]");
    let failure = session.plan(&wanted, Unnamed::Stay).expect_err("the table is locked");
    assert_eq!(failure.kind, FailureKind::Unavailable, "{failure}");
    assert!(
        failure.message.contains("somebody holds a lock on")
            && failure.message.contains("waiting for the table users: ")
            && failure.message.contains("error 1205"),
        "{failure}"
    );
    assert!(failure.hint.as_deref().is_some_and(|hint| hint.contains("PROCESSLIST")), "{failure:?}");
    other.script("UNLOCK TABLES").expect("free");
}

/// Agents log in by their row's key while an apply holds its locks, with and without an index on their names.
#[test]
fn an_unrelated_login_does_not_wait_for_an_apply() {
    let without = |schema: &str| {
        schema.replace(
            "name VARCHAR(255) NOT NULL COLLATE NOCASE UNIQUE",
            "name VARCHAR(255) NOT NULL COLLATE NOCASE",
        )
    };
    for db in [Db::on_server(), Db::mariadb(without, str::to_owned)] {
        db.apply(EXAMPLE);
        db.apply("agents:\n  - { username: other, fullname: Other One, internal: '7' }\n  - { username: named, fullname: Named One, internal: '8' }");
        let wanted = manifest(
            "agents:\n  - { username: agent1, fullname: New, personal: { voice: [Talk Now] } }\n  - { username: fresh, fullname: F, internal: '9' }\nprofiles: [{ name: Profile 1, agents: [named, fresh], enabled: false }]",
        );
        let planned = db.session().plan(&wanted, Unnamed::Stay).expect("a plan");
        let limits = Limits { lock: Duration::from_secs(1), ..Limits::work() };
        let schema = db.schema.as_ref().expect("a server");
        let id = db.rows("SELECT id FROM users WHERE name = 'other'").remove(0);
        let mut logins = 0;
        let mut watch = |event: SeedEvent<'_>| {
            if let SeedEvent::Written(_) | SeedEvent::Stage("reading again") = event {
                let source = schema.server.by_socket(&schema.name);
                let mut agent = Connection::open(&source, &limits).expect("a connection");
                let login = format!("UPDATE users SET online = 1, fullcontact = 'sip' WHERE id = {id}");
                agent.change(&login, &[]).expect("nothing is in the way of another agent's login");
                logins += 1;
            }
            Ok(())
        };
        let applied =
            db.carry_out(&wanted, Unnamed::Stay, &planned, Advisory::Taken, &mut watch).expect("applied");
        assert_eq!(applied.tries, 1);
        assert!(logins > 4, "{logins}");
    }
}

/// Trap 28: strict, so that nothing is cut; and what would not fit is said before.
#[test]
fn values_that_do_not_fit_are_refused() {
    let db =
        Db::mariadb(|schema| schema.replace("fullname VARCHAR(255)", "fullname VARCHAR(10)"), str::to_owned);
    db.apply("agents: [{ username: ann, fullname: Ann, internal: '1' }]");
    let failure = db.plan("agents: [{ username: ann, fullname: Ann Elisabeth }]").expect_err("too long");
    assert_eq!(failure.kind.exit_code(), 65);
    let message = &failure.problems[0].message;
    assert_eq!(message, "`fullname` has 13 characters, and the column fullname holds 10");
}

/// Trap 30: one run at a time, and the lock goes with its connection.
#[test]
fn a_second_run_is_refused_at_once() {
    let db = Db::on_server();
    let wanted = manifest(EXAMPLE);
    let planned = db.session().plan(&wanted, Unnamed::Stay).expect("a plan");
    let mut refused = None;
    let mut watch = |event: SeedEvent<'_>| {
        if matches!(event, SeedEvent::Written(_)) && refused.is_none() {
            let answer = db.carry_out(&wanted, Unnamed::Stay, &planned, Advisory::Taken, &mut |_| Ok(()));
            refused =
                Some(motionctl::outcome::Failure::from(answer.expect_err("the first run holds the lock")));
        }
        Ok(())
    };
    db.carry_out(&wanted, Unnamed::Stay, &planned, Advisory::Taken, &mut watch).expect("applied");
    let refused = refused.expect("it was tried");
    assert_eq!(refused.kind, FailureKind::Refused);
    assert!(refused.message.starts_with("another apply works on this database (connection "), "{refused}");
    assert!(db.plan(EXAMPLE).expect("a plan").plan.is_empty());
    assert_eq!(db.apply("profiles: [{ name: Third }]").rows, 1, "the lock is free again");
}

/// Trap 31: with SELECT alone the state of a replica is unknown, which is not no, and a plan can be made.
#[test]
fn select_is_enough_to_plan() {
    let db = Db::on_server();
    db.apply(EXAMPLE);
    let user = db.schema.as_ref().expect("a server").user("secret", "SELECT");
    let mut session = db.session_of(&user);
    let planned = session
        .plan(&manifest("profiles: [{ name: Third, agents: [agent1] }]"), Unnamed::Stay)
        .expect("a plan");
    assert_eq!(codes(&planned.findings), ["warn seed.replica-unknown"]);
    assert_eq!(planned.plan.rows(), 2);
    let blind = db.schema.as_ref().expect("a server").user("secret", "");
    assert!(blind.starts_with("u_"));
}

/// Trap 32: columns are named always; their order differs between installations.
#[test]
fn the_order_of_columns_does_not_matter() {
    let db = Db::mariadb(
        |schema| {
            schema.replace("    enabled TINYINT(1) NOT NULL DEFAULT 1,\n    description VARCHAR(255),\n    createdAt DATETIME NOT NULL,", "    createdAt DATETIME NOT NULL,\n    description VARCHAR(255),\n    plugin VARCHAR(9) DEFAULT 'x',\n    enabled TINYINT(1) NOT NULL DEFAULT 1,")
        },
        str::to_owned,
    );
    db.apply(EXAMPLE);
    assert!(db.plan(EXAMPLE).expect("a plan").plan.is_empty());
    assert!(db.dump().contains(&"profile Profile 1|1|Talks and mail".to_owned()));
}

/// A server's database is written only by a map that a person signed, and never on a server that only reads.
#[test]
fn an_unsigned_map_and_a_read_only_server_stop() {
    let db = Db::on_server();
    let schema = db.schema.as_ref().expect("a server");
    let mut session = Session::of(schema.connect(), Map::built_in()).expect("a session");
    let planned = session.plan(&manifest(EXAMPLE), Unnamed::Stay).expect("a plan");
    assert!(finding(&planned.findings, "seed.map-unreviewed").stops());
    let own = DatabaseServer::start(&["--read-only=1"]);
    own.sql("CREATE DATABASE motion2");
    own.sql(&format!(
        "USE motion2;\n{}",
        super::support::for_mariadb(include_str!("../../../templates/seed/schema.sql"))
    ));
    let conn = Connection::open(&own.by_socket("motion2"), &Limits::work()).expect("a connection");
    let planned = Session::of(conn, session.map().clone())
        .expect("a session")
        .plan(&manifest(EXAMPLE), Unnamed::Stay)
        .expect("a plan");
    assert!(finding(&planned.findings, "seed.read-only").stops());
}

#[test]
fn a_connection_that_is_lost_before_commit_leaves_nothing() {
    let db = Db::on_server();
    let wanted = manifest(EXAMPLE);
    let planned = db.session().plan(&wanted, Unnamed::Stay).expect("a plan");
    let schema = db.schema.as_ref().expect("a server");
    let mut killed = false;
    let mut watch = |event: SeedEvent<'_>| {
        if matches!(event, SeedEvent::Stage("reading again")) && !killed {
            killed = true;
            let ids = schema
                .server
                .sql(&format!("SELECT id FROM information_schema.processlist WHERE db = '{}'", schema.name));
            ids.lines().for_each(|id| drop(schema.server.try_sql(&format!("KILL {id}"))));
        }
        Ok(())
    };
    let answer = db.carry_out(&wanted, Unnamed::Stay, &planned, Advisory::Taken, &mut watch);
    let failure = motionctl::outcome::Failure::from(answer.expect_err("the connection is gone"));
    assert_eq!(failure.kind, FailureKind::Failed, "{failure}");
    assert!(killed);
    assert_eq!(db.dump(), [""; 0]);
}
