//! The document's example, from nothing to the last row, and what a second apply does.

use super::support::{Db, EXAMPLE, shown};

#[test]
fn the_example_is_planned_and_applied() {
    for db in Db::both() {
        let planned = db.plan(EXAMPLE).expect("a plan");
        let expect = [
            "+ voice queue Talk Now strategy: rrmemory, type: inbound, description: NULL (default)",
            "+ voice queue Tech Hour strategy: rrmemory, type: inbound, description: NULL (default)",
            "+ chat queue Support strategy: beepall, timeout: 30, description: NULL (default)",
            "+ chat queue Medical strategy: beepall, timeout: 30, description: NULL (default)",
            "+ mail queue Assistance strategy: beepall, timeout: 30, description: NULL (default)",
            "+ agent agent1 fullname: Agent One, email: agent1@example.test, internal: 1001",
            "+ profile Profile 1 description: Talks and mail, enabled: true (default)",
            "+ profile Profile 2 description: The technical hour, enabled: true (default)",
            "+ agents Profile 1 agent1",
            "+ agents Profile 2 agent1",
            "+ voice queues Profile 1 Talk Now (penalty 0, default)",
            "+ voice queues Profile 2 Tech Hour (penalty 0, default)",
            "+ chat queues Profile 2 Medical",
            "+ mail queues Profile 1 Assistance",
            "+ personal chat queues agent1 Support",
        ];
        assert_eq!(shown(&planned), expect);
        let applied = db.apply(EXAMPLE);
        assert_eq!((applied.rows, applied.tries), (15, 1));
        let expect = [
            "user agent1|Agent One|agent1@example.test|1001|agent|0",
            "profile Profile 1|1|Talks and mail",
            "profile Profile 2|1|The technical hour",
            "agents Profile 1|agent1",
            "agents Profile 2|agent1",
            "voice Talk Now|rrmemory|inbound|NULL",
            "voice Tech Hour|rrmemory|inbound|NULL",
            "voice of profile Profile 1|Talk Now|0",
            "voice of profile Profile 2|Tech Hour|0",
            "chat Medical|beepall|30|NULL",
            "chat Support|beepall|30|NULL",
            "chat of profile Profile 2|Medical",
            "personal chat agent1|Support",
            "mail Assistance|beepall|30|NULL",
            "mail of profile Profile 1|Assistance",
        ];
        assert_eq!(db.dump(), expect);
    }
}

#[test]
fn a_second_apply_writes_nothing() {
    for db in Db::staffed(EXAMPLE) {
        db.record_writes();
        let planned = db.plan(EXAMPLE).expect("a plan");
        assert!(planned.plan.is_empty(), "{:?}", shown(&planned));
        assert_eq!(db.apply(EXAMPLE).rows, 0);
        assert_eq!(db.writes(), [""; 0]);
    }
}

/// Trap 29: the columns have no default, and the application reads them as UTC.
#[test]
fn both_times_are_written_and_only_a_change_moves_the_second() {
    for db in Db::staffed(EXAMPLE) {
        let times = "SELECT COUNT(*) FROM agent_profile_has_users WHERE createdAt = updatedAt AND createdAt > '2020-01-01'";
        assert_eq!(db.rows(times), ["2"]);
        for table in ["users", "agent_profiles", "voice_queues", "agent_profile_has_voice_queues"] {
            db.sql(&format!(
                "UPDATE {table} SET createdAt = '2020-01-02 03:04:05', updatedAt = '2020-01-02 03:04:05'"
            ));
        }
        let now = jiff::Timestamp::now();
        db.apply("profiles: [{ name: Profile 1, description: New, queues: { voice: [{ name: Talk Now, penalty: 3 }] } }]");
        let rows = db.rows("SELECT createdAt, updatedAt FROM agent_profiles ORDER BY name");
        assert!(rows[0].starts_with("2020-01-02 03:04:05|"), "{rows:?}");
        assert_eq!(rows[1], "2020-01-02 03:04:05|2020-01-02 03:04:05");
        let written: jiff::civil::DateTime = rows[0].split('|').nth(1).unwrap().parse().unwrap();
        let written = written.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
        assert!((written.as_second() - now.as_second()).abs() < 120, "{written} and {now}");
        let links = "SELECT COUNT(*) FROM agent_profile_has_voice_queues WHERE updatedAt > '2021-01-01'";
        assert_eq!(db.rows(links), ["1"]);
        assert_eq!(db.rows("SELECT COUNT(*) FROM users WHERE updatedAt > '2021-01-01'"), ["0"]);
    }
}
