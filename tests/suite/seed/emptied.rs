//! Profiles that a plan leaves without agents, and agents whom it leaves without queues.

use super::people::{DELETE, STAFF, levels};
use super::support::{Db, finding};

#[test]
fn a_profile_that_loses_its_last_agent_is_said() {
    for db in Db::staffed(STAFF) {
        let check = |text: &str, expect: &[&str]| {
            let found = levels(&db, text, "profile-without-agents");
            assert_eq!(found.is_empty(), expect.is_empty(), "{text}");
            if !expect.is_empty() {
                let planned = db.plan(text).expect("a plan");
                assert_eq!(
                    finding(&planned.findings, "seed.profile-without-agents").evidence,
                    expect,
                    "{text}"
                );
            }
        };
        check("profiles: [{ name: Night, agents: { remove: [bob] } }]", &["Night"]);
        check(
            "profiles: [{ name: Night, agents: { mode: exact, members: [], allow_empty: true } }]",
            &["Night"],
        );
        check(
            "profiles: [{ name: Day, agents: { remove: [ann, bob] } }, { name: Night, agents: { remove: [bob] } }]",
            &["Day, Night"],
        );
        // Somebody is left, or comes; nobody can choose it anyway; it is to go.
        check("profiles: [{ name: Day, agents: { remove: [bob] } }]", &[]);
        check("profiles: [{ name: Night, agents: { mode: exact, members: [ann] } }]", &[]);
        check("profiles: [{ name: Night, enabled: false, agents: { remove: [bob] } }]", &[]);
        check("profiles: [{ name: Prepared }]", &[]);
        check(DELETE, &[]);
        // What was empty before and is not touched is not this plan's.
        db.sql("DELETE FROM agent_profile_has_users");
        check("profiles: [{ name: Day, description: Early }]", &[]);
    }
}

#[test]
fn an_agent_without_any_queue_is_said_before_anything_is_written() {
    for db in Db::staffed(STAFF) {
        let text = "profiles: [{ name: Day, agents: { remove: [bob] } }]";
        let planned = db.plan(text).expect("a plan");
        assert_eq!(finding(&planned.findings, "seed.agent-without-queue").evidence, ["bob"]);
    }
    for db in Db::both() {
        let planned =
            db.plan(&STAFF.replace("agents: [ann, bob], queues", "agents: [ann], queues")).expect("a plan");
        assert_eq!(finding(&planned.findings, "seed.agent-without-queue").evidence, ["bob"]);
    }
}
