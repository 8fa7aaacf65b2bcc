//! What goes, what must be said before, and what refers to it.

use super::support::{Db, codes, finding, shown};
use motionctl::seed::plan::{Deletions, Why};
use motionctl::seed::snapshot::Unnamed;

const STAFF: &str = "
queues:
  voice: [{ name: V1, strategy: ringall, type: inbound }]
  chat: [{ name: C1, strategy: beepall, timeout: 30 }]
agents:
  - { username: ann, fullname: Ann A, internal: '1', personal: { chat: [C1] } }
  - { username: bob, fullname: Bob B, internal: '2' }
profiles:
  - { name: Day, agents: [ann, bob], queues: { voice: [V1], chat: [C1] } }
  - { name: Night, agents: [bob] }
  - { name: Other }
";

#[test]
fn deletions_stand_first_and_are_counted_by_kind() {
    for db in Db::staffed(STAFF) {
        let planned = db
            .plan(
                "profiles:
  - { name: Day, absent: true }
  - { name: Night, agents: { mode: exact, members: [], allow_empty: true }, description: Empty }
agents: [{ username: ann, personal: { chat: { remove: [C1] } } }]",
            )
            .expect("a plan");
        assert_eq!(
            shown(&planned)[..6],
            [
                "- profile Day absent: true",
                "- agents Day ann, bob",
                "- agents Night bob",
                "- voice queues Day V1",
                "- chat queues Day C1",
                "- personal chat queues ann C1",
            ]
        );
        let expect = Deletions {
            memberships: 2,
            moved: 0,
            absent: 1,
            unnamed: 0,
            dependent: 4,
            undone: 0,
            revoked: 0,
        };
        assert_eq!(planned.plan.deletions(), expect);
        assert_eq!(planned.plan.deletions().total(), 7);
    }
}

/// Trap 25: a cascade is not in the count of affected rows, so links are deleted one by one, first.
#[test]
fn links_of_a_profile_are_deleted_explicitly() {
    for db in Db::staffed(STAFF) {
        db.record_writes();
        db.apply("profiles: [{ name: Day, absent: true }]");
        let mut writes = db.writes();
        assert_eq!(writes.pop().as_deref(), Some("delete agent_profiles"));
        writes.sort();
        let expect = [
            "delete agent_profile_has_chat_queues",
            "delete agent_profile_has_users",
            "delete agent_profile_has_users",
            "delete agent_profile_has_voice_queues",
        ];
        assert_eq!(writes, expect);
        assert!(db.plan("profiles: [{ name: Day, absent: true }]").expect("a plan").plan.is_empty());
    }
}

#[test]
fn pruning_takes_every_profile_that_is_not_named() {
    for db in Db::staffed(STAFF) {
        let text = "profiles: [{ name: Night }]";
        let planned = db.plan_and_prune(text).expect("a plan");
        let why: Vec<_> = planned.plan.delete.iter().map(|delete| (&*delete.name, delete.why)).collect();
        assert_eq!(why, [("Day", Why::Unnamed), ("Other", Why::Unnamed)]);
        assert_eq!(planned.plan.deletions().dependent, 4);
        db.try_apply(text, Unnamed::Go).expect("applied");
        assert_eq!(db.rows("SELECT name FROM agent_profiles"), ["Night"]);
        assert_eq!(db.rows("SELECT COUNT(*) FROM users"), ["2"], "agents are never deleted");
        let renamed = db.plan_and_prune("profiles: [{ name: Late, previous_name: Night }]").expect("a plan");
        assert!(renamed.plan.delete.is_empty(), "a renamed profile is named");
    }
}

/// Databases whose profiles have a time at which they were deleted; the schema is changed further.
pub fn with_soft_deletion(further: impl Fn(String) -> String) -> [Db; 2] {
    let schema = |schema: &str| {
        further(schema.replace(
            "    enabled TINYINT(1) NOT NULL DEFAULT 1,",
            "    enabled TINYINT(1) NOT NULL DEFAULT 1, deletedAt DATETIME,",
        ))
    };
    let map = |map: &str| {
        let (before, after) = map.split_once("[profiles.columns]").expect("the section");
        format!("{before}[profiles.columns]\ndeleted = \"deletedAt\"{after}")
    };
    Db::both_with(schema, map)
}

#[test]
fn where_the_map_says_so_a_profile_is_deleted_softly() {
    for db in with_soft_deletion(|schema| schema) {
        db.apply(STAFF);
        db.apply("profiles: [{ name: Day, absent: true }]");
        let rows = db.rows("SELECT name FROM agent_profiles WHERE deletedAt IS NOT NULL");
        assert_eq!(rows, ["Day"]);
        assert_eq!(db.rows("SELECT COUNT(*) FROM agent_profile_has_voice_queues"), ["0"]);
        let pruned = db.plan_and_prune("profiles: [{ name: Night }, { name: Other }]").expect("a plan");
        assert!(pruned.plan.is_empty(), "{:?}", shown(&pruned));
    }
}

#[test]
fn a_table_outside_the_map_that_refers_to_a_row_stops() {
    for db in Db::staffed(STAFF) {
        db.sql(
            "CREATE TABLE plugin (id INTEGER PRIMARY KEY, ProfileId INTEGER, \
             FOREIGN KEY (ProfileId) REFERENCES agent_profiles (id) ON DELETE CASCADE)",
        );
        db.sql("INSERT INTO plugin (id, ProfileId) SELECT id, id FROM agent_profiles WHERE name = 'Night'");
        let day = db.plan("profiles: [{ name: Day, absent: true }]").expect("a plan");
        assert!(!codes(&day.findings).contains(&"stop seed.outside-reference".to_owned()));
        let night = db.plan("profiles: [{ name: Night, absent: true }]").expect("a plan");
        let stop = finding(&night.findings, "seed.outside-reference");
        assert!(stop.stops());
        let expect =
            "1 row of plugin.ProfileId refers to rows of agent_profiles that are to go (on delete: cascade)";
        assert_eq!(stop.evidence, [expect]);
    }
}

#[test]
fn triggers_on_tables_that_are_written_are_named() {
    for db in Db::staffed(STAFF) {
        assert!(db.plan("profiles: [{ name: New }]").expect("a plan").findings.is_empty());
        db.record_writes();
        let planned = db.plan("profiles: [{ name: New }]").expect("a plan");
        let warning = finding(&planned.findings, "seed.trigger");
        assert!(warning.evidence.iter().all(|line| line.starts_with("agent_profiles: ")), "{warning:?}");
    }
}
