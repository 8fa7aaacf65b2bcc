//! What refuses a plan for what is not in it: rows of other tables, and what happens while a person reads.

use super::people::{DELETE, DISABLE, STAFF, session};
use super::support::{Db, codes, finding, manifest};
use motionctl::outcome::Failure;
use motionctl::outcome::codes::SEED_OUTSIDE_UNKNOWN;
use motionctl::seed::apply::{Advisory, NotApplied};
use motionctl::seed::snapshot::Unnamed;
use motionctl::seed::{Planned, Session};

/// The evidence of `seed.outside-reference`.
fn references(planned: &Planned) -> Vec<String> {
    let found = planned.findings.iter().filter(|finding| finding.code.name() == "seed.outside-reference");
    found.inspect(|finding| assert!(finding.stops())).flat_map(|stop| stop.evidence.clone()).collect()
}

/// A cascade would delete an agent with the profile.
#[test]
fn a_table_of_the_map_that_refers_to_a_profile_stops() {
    for db in Db::staffed(STAFF) {
        let (add, key) =
            ("ADD COLUMN defaultProfile INTEGER", "REFERENCES agent_profiles (id) ON DELETE CASCADE");
        if db.is_server() {
            db.sql(&format!("ALTER TABLE users {add}"));
            db.sql(&format!("ALTER TABLE users ADD FOREIGN KEY (defaultProfile) {key}"));
        } else {
            db.sql(&format!("ALTER TABLE users {add} {key}"));
        }
        assert_eq!(references(&db.plan(DELETE).expect("a plan")), [""; 0]);
        db.sql("UPDATE users SET defaultProfile = (SELECT id FROM agent_profiles WHERE name = 'Day') WHERE name = 'bob'");
        let expected = "1 row of users.defaultProfile refers to rows of agent_profiles that are to go (on delete: cascade)";
        assert_eq!(references(&db.plan(DELETE).expect("a plan")), [expected]);
    }
}

/// SQLite leaves out the column where the primary key is meant, and takes any case for the same.
#[test]
fn a_reference_without_its_column_is_one() {
    let [db, _] = Db::staffed(STAFF);
    db.sql("CREATE TABLE plugin (ProfileId INTEGER REFERENCES Agent_Profiles ON DELETE CASCADE)");
    db.sql("INSERT INTO plugin SELECT id FROM agent_profiles");
    let expected =
        "1 row of plugin.ProfileId refers to rows of agent_profiles that are to go (on delete: cascade)";
    assert_eq!(references(&db.plan(DELETE).expect("a plan")), [expected]);
}

#[test]
fn a_table_of_another_schema_that_refers_to_a_profile_stops() {
    let [_, db] = Db::staffed(STAFF);
    let schema = db.schema.as_ref().expect("a server");
    let other = schema.server.schema();
    other.sql(&format!(
        "CREATE TABLE skills (profile INTEGER, FOREIGN KEY (profile) REFERENCES {}.agent_profiles (id) ON DELETE CASCADE)",
        schema.name
    ));
    other.sql(&format!("INSERT INTO skills SELECT id FROM {}.agent_profiles", schema.name));
    let found = references(&db.plan(DELETE).expect("a plan"));
    let expected = format!(
        "1 row of {}.skills.profile refers to rows of agent_profiles that are to go (on delete: not known)",
        other.name
    );
    assert_eq!(found, [expected]);
}

/// Unknown is not no.
#[test]
fn what_a_user_cannot_see_may_refer_to_a_profile() {
    let [_, db] = Db::staffed(STAFF);
    let schema = db.schema.as_ref().expect("a server");
    let unknown = |user: &str| {
        let mut session: Session = db.session_of(user);
        let planned = session.plan(&manifest(DELETE), Unnamed::Stay).expect("a plan");
        let codes = codes(&planned.findings);
        codes.into_iter().find(|code| code.contains("outside")).expect("it is said")
    };
    assert_eq!(unknown(&schema.user("secret", "SELECT")), "info seed.outside-unknown");
    let narrow = schema.user("secret", "");
    for table in schema.sql("SHOW TABLES").lines() {
        schema.sql(&format!("GRANT SELECT ON {table} TO '{narrow}'@'%'"));
    }
    assert_eq!(unknown(&narrow), "stop seed.outside-unknown");
    assert!(SEED_OUTSIDE_UNKNOWN.accept().is_by_name());
    let all = db.plan(DELETE).expect("a plan");
    assert!(!codes(&all.findings).iter().any(|code| code.contains("outside")), "{all:?}");
}

fn carried_out(db: &Db, text: &str, planned: &Planned) -> Result<(), NotApplied> {
    db.carry_out(&manifest(text), Unnamed::Stay, planned, Advisory::Taken, &mut |_| Ok(())).map(drop)
}

/// A person may read for an hour.
#[test]
fn what_refuses_a_plan_is_looked_for_again() {
    let log_in = |db: &Db| {
        session(db, "ann", "data4", "Day");
        db.sql("UPDATE users SET online = 1 WHERE name = 'ann'");
    };
    let refer = |db: &Db| {
        db.sql(
            "CREATE TABLE plugin (ProfileId INTEGER, FOREIGN KEY (ProfileId) REFERENCES agent_profiles (id))",
        );
        db.sql("INSERT INTO plugin SELECT id FROM agent_profiles");
    };
    type Meanwhile<'a> = &'a dyn Fn(&Db);
    let cases: [(&str, Meanwhile<'_>, &str); 3] = [
        (DELETE, &log_in, "is in use (`Day`: ann is logged in with it)"),
        (DISABLE, &log_in, "is in use (`Day`: ann stays logged in"),
        (DELETE, &refer, "refer to rows that are to go"),
    ];
    for (text, meanwhile, expected) in cases {
        for db in Db::staffed(STAFF) {
            let before = db.dump();
            let planned = db.plan(text).expect("a plan");
            assert!(!planned.findings.iter().any(motionctl::outcome::Finding::stops), "{planned:?}");
            meanwhile(&db);
            let Err(NotApplied::Moved(failure)) = carried_out(&db, text, &planned) else {
                panic!("{text} was carried out");
            };
            assert!(failure.message.contains(expected), "{failure}");
            let without_online = |line: String| line.trim_end_matches(['0', '1']).to_owned();
            let after: Vec<_> = db.dump().into_iter().map(without_online).collect();
            assert_eq!(after, before.into_iter().map(without_online).collect::<Vec<_>>());
        }
    }
}

/// What was accepted stays so when one more agent logs in.
#[test]
fn what_was_accepted_is_not_asked_again() {
    for db in Db::staffed(STAFF) {
        session(&db, "ann", "data4", "Day");
        db.sql("UPDATE users SET online = 1 WHERE name = 'ann'");
        let mut planned = db.plan(DISABLE).expect("a plan");
        assert!(finding(&planned.findings, "seed.disable-in-use").stops());
        planned.findings.iter_mut().for_each(|finding| finding.accepted = true);
        session(&db, "bob", "data4", "Day");
        carried_out(&db, DISABLE, &planned).map_err(Failure::from).expect("it was accepted");
        assert_eq!(db.rows("SELECT enabled FROM agent_profiles WHERE name = 'Day'"), ["0"]);
    }
}
