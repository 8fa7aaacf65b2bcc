//! What a plan means for people at work.

use super::support::{Db, codes, finding};
use motionctl::outcome::codes::SEED_PROFILE_MAYBE_IN_USE;

pub const STAFF: &str = "
queues:
  voice: [{ name: V1, strategy: ringall, type: inbound }]
  chat: [{ name: C1, strategy: beepall, timeout: 30 }]
agents:
  - { username: ann, fullname: Ann A, internal: '1', personal: { chat: [C1] } }
  - { username: bob, fullname: Bob B, internal: '2' }
profiles:
  - { name: Day, agents: [ann, bob], queues: { voice: [V1], chat: [C1] } }
  - { name: Night, agents: [bob] }
";
pub const DELETE: &str = "profiles: [{ name: Day, absent: true }]";
pub const DISABLE: &str = "profiles: [{ name: Day, enabled: false }]";

/// An open session of `agent`, with `profile` in the column.
pub fn session(db: &Db, agent: &str, column: &str, profile: &str) {
    let now = "'2024-01-01 10:00:00'";
    db.sql(&format!(
        "INSERT INTO report_member (membername, channel, type, {column}, enterAt, exitAt, createdAt, updatedAt) \
         VALUES ('{agent}', 'voice', 'LOGIN', '{profile}', {now}, NULL, {now}, {now})"
    ));
}

pub fn levels(db: &Db, text: &str, prefix: &str) -> Vec<String> {
    let planned = db.plan(text).expect("a plan");
    codes(&planned.findings).into_iter().filter(|code| code.contains(prefix)).collect()
}

#[test]
fn a_profile_in_use_is_not_deleted() {
    for db in Db::staffed(STAFF) {
        assert_eq!(levels(&db, DELETE, "in-use"), [""; 0]);
        let id = db.rows("SELECT id FROM agent_profiles WHERE name = 'Day'").remove(0);
        for (column, value) in [("data3", id.as_str()), ("data4", "Day")] {
            db.sql("DELETE FROM report_member; UPDATE users SET online = 0");
            session(&db, "ann", column, value);
            session(&db, "bob", "data3", "Night");
            session(&db, "bob", "data2", &id);
            assert_eq!(levels(&db, DELETE, "in-use"), ["stop seed.profile-maybe-in-use"]);
            db.sql("UPDATE users SET online = 1 WHERE name = 'ann'");
            let planned = db.plan(DELETE).expect("a plan");
            let stop = finding(&planned.findings, "seed.profile-in-use");
            assert_eq!(stop.evidence, ["`Day`: ann is logged in with it"]);
            assert!(!stop.code.accept().is_by_name() && SEED_PROFILE_MAYBE_IN_USE.accept().is_by_name());
            db.sql("UPDATE report_member SET exitAt = '2024-01-01 11:00:00' WHERE membername = 'ann'");
            assert_eq!(levels(&db, DELETE, "in-use"), [""; 0]);
        }
    }
}

#[test]
fn disabling_a_profile_in_use_is_a_stop_that_can_be_accepted() {
    for db in Db::staffed(STAFF) {
        assert_eq!(levels(&db, DISABLE, "seed.profile-disabled"), ["info seed.profile-disabled"]);
        // A terminal shows the title alone of what is good news.
        let planned = db.plan(DISABLE).expect("a plan");
        let said = &finding(&planned.findings, "seed.profile-disabled").title;
        assert_eq!(said, "profile `Day` becomes unavailable at once; nobody is logged in with it");
        session(&db, "ann", "data4", "Day");
        db.sql("UPDATE users SET online = 1 WHERE name = 'ann'");
        let planned = db.plan(DISABLE).expect("a plan");
        let stop = finding(&planned.findings, "seed.disable-in-use");
        assert!(stop.stops() && stop.code.accept().is_by_name());
        assert!(
            stop.evidence[0].contains("ann stays logged in with it and cannot choose it again after logout")
        );
        db.apply(DISABLE);
        assert_eq!(levels(&db, DISABLE, "seed."), [""; 0]);
    }
}

/// Unknown is not no.
#[test]
fn sessions_that_cannot_be_read_may_be_open() {
    let without = |map: &str| {
        let (before, after) = map.split_once("[report_member]").expect("the section");
        let (_, after) = after.split_once("[permissions]").expect("the next section");
        format!("{before}[permissions]{after}")
    };
    for db in Db::both_with(str::to_owned, without) {
        db.apply(STAFF);
        assert_eq!(levels(&db, DELETE, "in-use"), ["stop seed.profile-maybe-in-use"]);
        assert_eq!(levels(&db, DISABLE, "in-use"), ["stop seed.disable-in-use"]);
    }
}

#[test]
fn a_queue_that_an_agent_keeps_for_himself_is_said() {
    for db in Db::staffed(STAFF) {
        let text = "profiles: [{ name: Day, queues: { chat: { remove: [C1] } } }]";
        let planned = db.plan(text).expect("a plan");
        let warning = finding(&planned.findings, "seed.queue-becomes-personal");
        assert_eq!(warning.evidence, ["chat queue `C1` of profile `Day`: ann"]);
        assert_eq!(levels(&db, DELETE, "personal"), ["warn seed.queue-becomes-personal"]);
        let both = format!("{text}\nagents: [{{ username: ann, personal: {{ chat: {{ remove: [C1] }} }} }}]");
        assert_eq!(levels(&db, &both, "personal"), [""; 0]);
        let voice = "profiles: [{ name: Day, queues: { voice: { remove: [V1] } } }]";
        assert_eq!(levels(&db, voice, "personal"), [""; 0]);
    }
}

#[test]
fn agents_who_are_left_without_a_queue_are_named() {
    for db in Db::staffed(STAFF) {
        let gone = "profiles: [{ name: Day, agents: { remove: [ann, bob] } }]";
        let planned = db.plan(gone).expect("a plan");
        let warning = finding(&planned.findings, "seed.agent-without-queue");
        assert_eq!(warning.evidence, ["bob"], "ann has a personal one, and Night has none");
        let kept = format!("{gone}\nagents: [{{ username: bob, personal: {{ voice: [V1] }} }}]");
        assert_eq!(levels(&db, &kept, "without-queue"), [""; 0]);
        let new = "agents: [{ username: cid, fullname: Cid, internal: '3' }, { username: dan, fullname: Dan, internal: '4' }]\nprofiles: [{ name: Day, agents: [dan] }]";
        let planned = db.plan(new).expect("a plan");
        assert_eq!(finding(&planned.findings, "seed.agent-without-queue").evidence, ["cid"]);
        let closed = "agents: [{ username: dan, fullname: Dan, internal: '4' }]\nprofiles: [{ name: Day, enabled: false, agents: [dan] }]";
        let planned = db.plan(closed).expect("a plan");
        assert_eq!(finding(&planned.findings, "seed.agent-without-queue").evidence, ["bob, dan"]);
    }
}

#[test]
fn agents_who_are_logged_in_are_counted() {
    for db in Db::staffed(STAFF) {
        let text = "profiles: [{ name: Day, queues: { voice: { remove: [V1] } } }]";
        assert_eq!(levels(&db, text, "online"), [""; 0]);
        db.sql("UPDATE users SET online = 1");
        let planned = db.plan(text).expect("a plan");
        let warning = finding(&planned.findings, "seed.agents-online");
        assert_eq!(
            (warning.title.as_str(), &warning.evidence[..]),
            ("2 agents whom this concerns are logged in", &["ann, bob".to_owned()][..])
        );
        assert_eq!(levels(&db, "agents: [{ username: ann, personal: { voice: [V1] } }]", "online").len(), 1);
        assert_eq!(levels(&db, "profiles: [{ name: New }]", "online"), [""; 0]);
    }
}

/// What the type of a row means is Motion's; one with the profile's id or name may be a session.
#[test]
fn every_type_of_open_row_counts() {
    for db in Db::staffed(STAFF) {
        session(&db, "ann", "data4", "Day");
        db.sql("UPDATE report_member SET type = 'agent'; UPDATE users SET online = 1 WHERE name = 'ann'");
        assert_eq!(levels(&db, DELETE, "in-use"), ["stop seed.profile-in-use"]);
    }
}

/// Names are the server's to compare, in sessions as well.
#[test]
fn a_session_is_found_by_what_its_name_means() {
    for db in Db::staffed(STAFF) {
        session(&db, "ann", "data4", "DAY");
        assert_eq!(levels(&db, DELETE, "in-use"), ["stop seed.profile-maybe-in-use"]);
    }
}

#[test]
fn a_rename_that_hides_a_session_is_said() {
    let rename = "profiles: [{ name: Early, previous_name: Day }]";
    for db in Db::staffed(STAFF) {
        let id = db.rows("SELECT id FROM agent_profiles WHERE name = 'Day'").remove(0);
        session(&db, "ann", "data3", &id);
        assert_eq!(levels(&db, rename, "in-use"), [""; 0], "the id stays");
        session(&db, "ann", "data4", "Day");
        assert_eq!(levels(&db, rename, "in-use"), ["warn seed.rename-in-use"]);
    }
}

#[test]
fn a_profile_that_loses_its_queues_leaves_its_agents_without() {
    let lose = "profiles: [{ name: Day, queues: { voice: { mode: exact, members: [], allow_empty: true }, chat: { remove: [C1] } } }]";
    for db in Db::staffed(STAFF) {
        for text in [lose, DISABLE, DELETE] {
            let planned = db.plan(text).expect("a plan");
            let warning = finding(&planned.findings, "seed.agent-without-queue");
            assert_eq!(warning.evidence, ["bob"], "{text}: ann has a personal queue");
        }
    }
}
