//! Links that are deleted softly: they do not count, and are taken back or joined by another row, as the map says.
//!
//! Invariant: rows are counted in the tables themselves, deleted ones included.

use super::support::Db;
use crate::schema_map::support::proposed;
use motionctl::db::{Catalog, Connection};
use motionctl::outcome::{Finding, Level};
use motionctl::seed::Channel;
use motionctl::seed::consequences::twice_anywhere;
use motionctl::seed::export::{Channels, ExportRequest, Extent, Lists};
use motionctl::seed::map::{LinkKind, Map, Needs};
use motionctl::seed::plan::lines;
use motionctl::seed::snapshot::Unnamed;
use motionctl::seed::verify::verify;

const SCHEMA: &str = include_str!("../../../fixtures/database/shapes/paranoid.sql");
const ALL: ExportRequest =
    ExportRequest { lists: Lists::Exact, extent: Extent::All, channels: Channels::All };
const T: &str = "'2026-01-02 03:04:05'";

/// The map that discovery proposes, signed, with another line in the place of one of its own.
fn map(conn: &mut Connection, line: &str, other: &str) -> Map {
    let text = proposed(conn).to_toml("a test").replace("reviewed_by = \"\"", "reviewed_by = \"Ann\"");
    assert!(text.contains(line), "no {line} in\n{text}");
    let text = text.replace(line, other);
    Map::parse("proposal", &text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// An agent, three queues and a profile, all of whose links are deleted: that to Q2 twice.
fn filled(db: &Db) {
    db.sql(&format!(
        "INSERT INTO users (id, name, fullname, role, createdAt, updatedAt) VALUES (41, 'ann', 'Ann', 'agent', {T}, {T});
         INSERT INTO voice_queues (id, name, strategy, createdAt, updatedAt) VALUES
           (11, 'Q1', 'rrmemory', {T}, {T}), (12, 'Q2', 'rrmemory', {T}, {T});
         INSERT INTO chat_queues (id, name, strategy, createdAt, updatedAt) VALUES (21, 'C1', 'rrmemory', {T}, {T});
         INSERT INTO agent_profiles (id, name, createdAt, updatedAt) VALUES (1, 'Day', {T}, {T});
         INSERT INTO agent_profile_has_users VALUES (1, 41, {T}, {T}, {T});
         INSERT INTO agent_profile_has_voice_queues VALUES (1, 1, 11, 5, {T}), (2, 1, 12, 5, {T}), (3, 1, 12, 6, {T})"
    ));
}

pub fn both(line: &str, other: &str) -> [Db; 2] {
    let both = Db::both_of(SCHEMA, |conn| map(conn, line, other));
    both.iter().for_each(filled);
    both
}

const MEMBERS: &str =
    "SELECT AgentProfileId, UserId, createdAt, deletedAt IS NULL FROM agent_profile_has_users";
const VOICE: &str =
    "SELECT id, VoiceQueueId, penalty, deleted_at IS NULL FROM agent_profile_has_voice_queues ORDER BY id";
pub const DAY: &str =
    "profiles: [{ name: Day, agents: [ann], queues: { voice: [Q1, { name: Q2, penalty: 2 }] } }]";

#[test]
fn deleted_links_do_not_count_and_come_back_as_the_map_says() {
    for db in both("reviewed_by", "reviewed_by") {
        let listed = db.session().list().expect("a list").profiles;
        assert_eq!((listed[0].agents.len(), listed[0].queues.len()), (0, 0));
        let planned = db.plan(DAY).expect("a plan");
        assert_eq!(planned.plan.rows(), 3, "{:?}", lines(&planned.plan));
        assert!(
            planned.findings.iter().all(|finding| finding.code.name() != "seed.deleted-unknown"),
            "{:?}",
            planned.findings
        );
        db.apply(DAY);
        // A unique index allows one row of the pair; without one a link is a row of its own.
        assert_eq!(db.rows(MEMBERS), ["1|41|2026-01-02 03:04:05|1"]);
        assert_eq!(db.rows(VOICE), ["1|11|5|0", "2|12|5|0", "3|12|6|0", "4|11|0|1", "5|12|2|1"]);
        assert!(db.plan(DAY).expect("a plan").plan.is_empty());
        let exported = db.session().export(&ALL).expect("an export");
        assert_eq!(exported.memberships, 3);
    }
}

#[test]
fn where_the_map_says_revive_the_newest_deleted_row_is_taken_back() {
    for db in both("revive = false", "revive = true") {
        db.apply(DAY);
        assert_eq!(db.rows(VOICE), ["1|11|0|1", "2|12|5|0", "3|12|2|1"]);
        db.apply(
            "profiles: [{ name: Day, queues: { voice: { members: [], mode: exact, allow_empty: true } } }]",
        );
        assert_eq!(db.rows(VOICE), ["1|11|0|0", "2|12|5|0", "3|12|2|0"]);
        db.apply(
            "profiles: [{ name: Day, queues: { voice: [Q1] } }, { name: New, queues: { voice: [Q1] } }]",
        );
        assert_eq!(db.rows(VOICE)[..3], ["1|11|0|1", "2|12|5|0", "3|12|2|0"]);
        assert_eq!(db.rows(VOICE).len(), 4, "a new profile has no links to take back");
    }
}

#[test]
fn removing_a_link_marks_it_and_is_counted_as_a_deletion() {
    for db in both("reviewed_by", "reviewed_by") {
        db.apply(DAY);
        let less =
            "profiles: [{ name: Day, agents: { remove: [ann] }, queues: { voice: { remove: [Q1, Q2] } } }]";
        // A second row of one of the pairs.
        db.sql(
            "INSERT INTO agent_profile_has_voice_queues SELECT 6, AgentProfileId, VoiceQueueId, penalty, deleted_at \
             FROM agent_profile_has_voice_queues WHERE id = 5",
        );
        let planned = db.plan(less).expect("a plan");
        let twice = planned.findings.iter().find(|finding| finding.code.name() == "seed.link-twice");
        let twice = twice.expect("a finding");
        assert_eq!(twice.evidence, ["voice queue Q2 of profile Day (2 rows)"]);
        assert!(lines(&planned.plan).iter().any(|line| line.concat().contains("Q1, Q2 (2 rows)")));
        db.sql("DELETE FROM agent_profile_has_voice_queues WHERE id = 6");
        let planned = db.plan(less).expect("a plan");
        assert_eq!(planned.plan.deletions().memberships, 3);
        db.apply(less);
        assert_eq!(db.rows(MEMBERS), ["1|41|2026-01-02 03:04:05|0"]);
        assert_eq!(db.rows(VOICE), ["1|11|5|0", "2|12|5|0", "3|12|6|0", "4|11|0|0", "5|12|2|0"]);
        assert!(db.plan(less).expect("a plan").plan.is_empty());
        // And a profile that goes with its links; rows that were deleted before refer to it, and that is no reason.
        db.apply(DAY);
        let absent = "profiles: [{ name: Day, absent: true }]";
        let planned = db.plan(absent).expect("a plan");
        assert_eq!((planned.plan.deletions().total(), planned.plan.deletions().dependent), (4, 3));
        let stops: Vec<_> =
            planned.findings.iter().filter(|finding| finding.stops()).map(|stop| &stop.code).collect();
        assert!(!stops.iter().any(|code| code.name() == "seed.outside-reference"), "{:?}", planned.findings);
        db.apply(absent);
        assert_eq!(db.rows("SELECT COUNT(*) FROM agent_profiles WHERE deletedAt IS NULL"), ["0"]);
        assert_eq!(db.rows("SELECT COUNT(*) FROM agent_profile_has_users WHERE deletedAt IS NULL"), ["0"]);
    }
}

#[test]
fn a_profile_that_really_goes_leaves_no_marked_link_behind() {
    for db in both("deleted = \"deletedAt\"  # likely: the usual name", "# deleted = \"deletedAt\"  # ") {
        let planned = db.plan("profiles: [{ name: Day, absent: true }]").expect("a plan");
        let stop = planned
            .findings
            .iter()
            .find(|finding| finding.code.name() == "seed.outside-reference")
            .expect("a stop");
        assert!(
            stop.stops() && stop.evidence.iter().any(|line| line.contains("agent_profile_has_users")),
            "{stop:?}"
        );
    }
}

#[test]
fn a_mark_that_the_map_does_not_name_is_said_and_stops_writing() {
    for db in both("reviewed_by", "reviewed_by") {
        let personal = "agents: [{ username: ann, personal: { chat: [C1] } }]";
        let planned = db.plan(personal).expect("a plan");
        let found = planned
            .findings
            .iter()
            .find(|finding| finding.code.name() == "seed.deleted-unknown")
            .expect("a finding");
        assert_eq!(
            (found.level, &found.evidence[..]),
            (Level::Stop, &["user_has_chat_queues.isDeleted (links.personal.chat)".to_owned()][..])
        );
        // It decides what is there, also where nothing would be written.
        db.apply(personal);
        let again = db.plan(personal).expect("a plan");
        assert!(
            again.plan.is_empty()
                && again.findings.iter().any(|finding| finding.code.name() == "seed.deleted-unknown")
        );
        let read = db.session().unnamed_columns();
        assert_eq!(read.iter().map(|finding| finding.level).collect::<Vec<_>>(), [Level::Warn]);
    }
}

#[test]
fn a_map_that_would_insert_a_second_row_under_a_unique_index_does_not_fit() {
    for db in Db::both_of(SCHEMA, |conn| map(conn, "revive = true", "revive = false")) {
        filled(&db);
        let mut session = db.session();
        let (conn, map, catalog) = session.parts();
        let found = verify(map, catalog, conn.engine(), &Needs::all(map));
        let lines: Vec<String> = found.mismatches.iter().map(ToString::to_string).collect();
        let expected = "agent_profile_has_users.deletedAt (links.profile_agents): expected `revive = true`, or no unique \
                        index over the pair, found the unique index PRIMARY";
        assert_eq!(lines, [expected]);
        assert!(map.link(LinkKind::ProfileQueues(Channel::Voice)).is_some_and(|link| !link.revive));
    }
}

#[test]
fn somebody_who_took_a_link_back_meanwhile_stops_the_run() {
    for db in both("revive = false", "revive = true") {
        let planned = db.plan(DAY).expect("a plan");
        db.sql("UPDATE agent_profile_has_users SET deletedAt = NULL");
        let manifest = super::support::manifest(DAY);
        let advisory = motionctl::seed::apply::Advisory::Taken;
        let stale = db.carry_out(&manifest, Unnamed::Stay, &planned, advisory, &mut |_| Ok(()));
        assert!(stale.is_err(), "the plan is stale");
        assert_eq!(
            db.rows("SELECT COUNT(*) FROM agent_profile_has_voice_queues WHERE deleted_at IS NULL"),
            ["0"]
        );
    }
}

/// Rows that mean something else are neither read nor written as if they were links, until a person has said so.
#[test]
fn a_column_that_may_turn_a_link_stops_writing_until_it_is_settled() {
    const CODE: &str = "seed.link-meaning-unknown";
    for (more, place) in [
        ("role VARCHAR(9) NOT NULL DEFAULT 'member'", "role"),
        ("enabled TINYINT(1) NOT NULL DEFAULT 1", "enabled"),
        ("validTo DATETIME NULL", "validTo"),
        ("source VARCHAR(16) NOT NULL DEFAULT 'personal'", "source"),
    ] {
        let column = format!("ALTER TABLE user_has_chat_queues ADD COLUMN {more}");
        for mut db in Db::both() {
            db.sql(&column);
            let text = "agents: [{ username: ann, personal: { chat: [C1] } }]";
            db.sql(&format!(
                "INSERT INTO users (name, fullname, role, createdAt, updatedAt) VALUES ('ann', 'Ann', 'agent', {T}, {T});
                 INSERT INTO chat_queues (name, strategy, timeout, createdAt, updatedAt) VALUES ('C1', 'beepall', 1, {T}, {T})"
            ));
            let stop = |db: &Db| {
                let planned = db.plan(text).expect("a plan");
                planned.findings.into_iter().find(|finding| finding.code.name() == CODE)
            };
            let found = stop(&db).expect("a finding");
            assert!(
                found.stops() && found.evidence[0].starts_with(&format!("user_has_chat_queues.{place} ")),
                "{found:?}"
            );
            let read = db.session().unnamed_columns();
            assert!(read.iter().any(|finding| finding.code.name() == CODE && finding.level == Level::Warn));
            let settled =
                Map::built_in_text().replace("reviewed_by = \"\"", "reviewed_by = \"Ann\"").replace(
                    "[links.personal.chat]\n",
                    &format!("[links.personal.chat]\nignored = [\"{place}\"]\n"),
                );
            db.map = Map::parse("settled", &settled).unwrap_or_else(|error| panic!("{error}"));
            assert!(stop(&db).is_none(), "{place}");
        }
    }
}

#[test]
fn a_link_in_two_rows_is_said_wherever_links_are_read() {
    for db in both("reviewed_by", "reviewed_by") {
        db.apply(DAY);
        db.sql(
            "INSERT INTO agent_profile_has_voice_queues SELECT 6, AgentProfileId, VoiceQueueId, 7, deleted_at \
             FROM agent_profile_has_voice_queues WHERE id = 5",
        );
        let told = || {
            let found = |findings: Vec<Finding>| {
                let mut twice = findings.into_iter().filter(|one| one.code.name() == "seed.link-twice");
                twice.next().map(|finding| finding.evidence)
            };
            let listing = db.session().list().expect("a list");
            let export = db.session().export(&ALL).expect("an export");
            let mut conn = db.connect();
            let catalog = Catalog::read(&mut conn).expect("a catalog");
            let checked = twice_anywhere(&mut conn, &catalog, &db.map);
            let queues = listing.profiles[0].queues[&Channel::Voice].clone();
            let findings = [listing.findings, export.findings, checked.into_iter().collect()];
            (queues, findings.map(found))
        };
        let line = vec!["voice queue Q2 of profile Day (2 rows, with the penalties 2 and 7)".to_owned()];
        let (queues, findings) = told();
        assert_eq!(queues, [("Q1".into(), vec![Some(0)]), ("Q2".into(), vec![Some(2), Some(7)])]);
        assert_eq!(findings, [Some(line.clone()), Some(line.clone()), Some(line)]);
        // What was deleted softly is no second row.
        db.sql(&format!("UPDATE agent_profile_has_voice_queues SET deleted_at = {T} WHERE id = 6"));
        let (queues, findings) = told();
        assert_eq!(queues[1], ("Q2".into(), vec![Some(2)]));
        assert_eq!(findings, [None, None, None]);
    }
}
