//! The rules of a manifest, one by one.

use super::support::{Db, EXAMPLE, codes, finding, problems, shown};

/// Agents, queues and two profiles to begin with.
const STAFF: &str = "
queues:
  voice: [{ name: V1, strategy: ringall, type: inbound }, { name: V2, strategy: ringall, type: inbound }]
  chat: [{ name: C1, strategy: beepall, timeout: 30, weight: 3, description: Chats }]
agents:
  - { username: ann, fullname: Ann A, internal: '1', email: ann@example.test }
  - { username: bob, fullname: Bob B, internal: '2' }
  - { username: cid, fullname: Cid C, internal: '3' }
profiles:
  - { name: Day, agents: [ann, bob], queues: { voice: [{ name: V1, penalty: 1 }, V2], chat: [C1] } }
  - { name: Night, agents: [cid] }
";

#[test]
fn a_plain_list_adds_and_leaves() {
    for db in Db::staffed(STAFF) {
        db.record_writes();
        db.apply("profiles: [{ name: Day, agents: [cid, ann] }]");
        assert_eq!(db.writes(), ["insert agent_profile_has_users"]);
        assert_eq!(db.dump().iter().filter(|line| line.starts_with("agents Day")).count(), 3);
    }
}

/// Removing and adding a queue again would make it a personal one.
#[test]
fn an_unchanged_pair_is_never_deleted_and_inserted_again() {
    for db in Db::staffed(STAFF) {
        db.record_writes();
        db.apply(
            "profiles:
  - name: Day
    agents: { mode: exact, members: [bob, cid] }
    queues: { voice: { mode: exact, members: [{ name: V1, penalty: 1 }] }, chat: { mode: exact, members: [C1] } }",
        );
        let expect = [
            "delete agent_profile_has_users",
            "delete agent_profile_has_voice_queues",
            "insert agent_profile_has_users",
        ];
        assert_eq!(db.writes(), expect);
    }
}

#[test]
fn a_changed_penalty_is_one_update() {
    for db in Db::staffed(STAFF) {
        db.record_writes();
        let wanted = "profiles: [{ name: Day, queues: { voice: { mode: exact, members: [{ name: V1, penalty: 5 }, V2] } } }]";
        let planned = db.plan(wanted).expect("a plan");
        assert_eq!(shown(&planned), ["~ voice queues Day V1 (penalty 1 → 5)"]);
        db.apply(wanted);
        assert_eq!(db.writes(), ["update agent_profile_has_voice_queues"]);
        assert!(db.dump().contains(&"voice of profile Day|V1|5".to_owned()));
    }
}

/// An entry without a penalty leaves the one that is there.
#[test]
fn a_penalty_that_is_not_said_stays() {
    for db in Db::staffed(STAFF) {
        let planned = db.plan("profiles: [{ name: Day, queues: { voice: [V1, V2] } }]").expect("a plan");
        assert!(planned.plan.is_empty());
    }
}

#[test]
fn a_key_that_is_absent_is_not_managed_and_null_clears() {
    for db in Db::staffed(STAFF) {
        db.apply("agents: [{ username: ann, fullname: Anna }]");
        assert!(db.dump().contains(&"user ann|Anna|ann@example.test|1|agent|0".to_owned()));
        db.apply(
            "agents: [{ username: ann, email: null }]\nqueues: { chat: [{ name: C1, description: null }] }",
        );
        assert!(db.dump().contains(&"user ann|Anna|NULL|1|agent|0".to_owned()));
        assert!(db.dump().contains(&"chat C1|beepall|30|NULL".to_owned()));
        let failure = db.plan("queues:\n  chat: [{ name: C1, strategy: null }]").expect_err("NOT NULL");
        assert_eq!(failure.kind.exit_code(), 65);
        let expect = "3:32 `strategy` cannot be null: the column strategy is NOT NULL";
        assert_eq!(problems(&failure), [expect]);
    }
}

/// Rows that change in the same fields go in one statement, and each gets its own values.
#[test]
fn many_rows_change_at_once() {
    for db in Db::staffed(STAFF) {
        let applied = db.apply(
            "agents:
  - { username: ann, fullname: Anna, email: null }
  - { username: bob, fullname: Bob 7, email: bob@example.test }
  - { username: cid, fullname: Cid 8 }
profiles:
  - { name: Day, enabled: false }
  - { name: Night, description: Late }",
        );
        assert_eq!(applied.rows, 5);
        let dump = db.dump();
        let expected = [
            "user ann|Anna|NULL|1|agent|0",
            "user bob|Bob 7|bob@example.test|2|agent|0",
            "user cid|Cid 8|NULL|3|agent|0",
            "profile Day|0|NULL",
            "profile Night|1|Late",
        ];
        assert_eq!(dump[..5], expected, "{dump:#?}");
    }
}

#[test]
fn settings_are_those_that_the_map_lists() {
    for db in Db::staffed(STAFF) {
        db.apply("queues: { voice: [{ name: V1, settings: { monitor_format: wav, dialactive: true } }] }");
        let rows = "SELECT monitor_format, dialActive FROM voice_queues WHERE name = 'V1'";
        assert_eq!(db.rows(rows), ["wav|1"]);
        let again =
            db.plan("queues: { voice: [{ name: V1, settings: { monitor_format: wav, dialActive: true } }] }");
        assert!(again.expect("a plan").plan.is_empty());
        let failure = db
            .plan("queues:\n  voice: [{ name: V1, settings: { monitor_formt: wav, dialActive: 7 } }]")
            .expect_err("wrong settings");
        assert_eq!(
            problems(&failure),
            [
                "3:35 `monitor_formt` is no column that the schema map lists as settable; did you mean `monitor_format`?",
                "3:67 `dialActive` is true or false",
            ]
        );
    }
}

#[test]
fn everything_that_is_unknown_is_said_at_once() {
    for db in Db::staffed(STAFF) {
        let failure = db
            .plan(
                "profiles:
  - name: Day
    agents: [annn, zoe]
    queues:
      voice: [V3]
      chat: { remove: [C11] }",
            )
            .expect_err("unknown names");
        assert_eq!(failure.kind.exit_code(), 65);
        assert_eq!(
            problems(&failure),
            [
                "4:14 there is no agent `annn`, neither here nor in the database; did you mean `ann`?",
                "4:20 there is no agent `zoe`, neither here nor in the database; declare it under `agents`, or create it in Motion",
                "6:15 there is no voice queue `V3`, neither here nor in the database; declare it under `queues.voice`, or create it in Motion",
                "7:24 there is no chat queue `C11`, neither here nor in the database; did you mean `C1`?",
            ]
        );
        assert_eq!(db.plan(STAFF).expect("a plan").plan.rows(), 0);
    }
}

#[test]
fn new_rows_need_what_the_database_cannot_guess() {
    for db in Db::both() {
        let failure = db
            .plan(
                "queues:
  voice: [{ name: V, strategy: ringall }]
  chat: [{ name: C }]
agents:
  - { username: ann, fullname: null }
  - { username: 'b b', fullname: '7', internal: '7' }",
            )
            .expect_err("incomplete");
        let hint = "it does not exist yet; name it as it is if it should";
        assert_eq!(
            problems(&failure),
            [
                format!("3:19 the new voice queue `V` needs `type`; {hint}"),
                format!("4:18 the new chat queue `C` needs `strategy`; {hint}"),
                format!("4:18 the new chat queue `C` needs `timeout`; {hint}"),
                format!("6:17 the new agent `ann` needs `internal`; {hint}"),
                format!("6:32 the new agent `ann` needs `fullname`; {hint}"),
                "7:17 `b b` cannot be created; a new username has letters, digits, `.` and `_` only"
                    .to_owned(),
                "7:34 the full name of `b b` is its internal number; the two must differ in a new agent"
                    .to_owned(),
            ]
        );
    }
}

/// A person says whether agents and queues may be created.
#[test]
fn without_create_a_row_must_exist() {
    let closed = |map: &str| map.replace("create = true", "create = false");
    for db in Db::both_with(str::to_owned, closed) {
        let failure = db.plan(EXAMPLE).expect_err("nothing may be created");
        assert_eq!(failure.kind.exit_code(), 65);
        let problems = problems(&failure);
        assert_eq!(problems.len(), 6, "{problems:#?}");
        assert!(
            problems[0].contains(
                "there is no voice queue `Talk Now`, and the schema map does not allow to create it"
            )
        );
        assert!(problems[0].contains("create it in Motion; or, once the map covers every column that Motion fills, set `create = true` under [queues.voice]"));
    }
}

/// The row is the SIP peer.
#[test]
fn an_extension_is_never_changed() {
    for db in Db::staffed(STAFF) {
        let planned = db.plan("agents: [{ username: ann, fullname: New, internal: '9' }]").expect("a plan");
        let stop = finding(&planned.findings, "seed.internal-differs");
        assert!(stop.stops());
        assert_eq!(stop.evidence, ["m.yaml:2:52: agent `ann`: `1` in the database, `9` in the manifest"]);
        assert_eq!(shown(&planned), ["~ agent ann fullname: Ann A → New"]);
        assert!(db.plan("agents: [{ username: ann, internal: '1' }]").expect("a plan").findings.is_empty());
    }
}

#[test]
fn renames_know_what_is_there() {
    for db in Db::staffed(STAFF) {
        let rename = "profiles: [{ name: Early, previous_name: Day, agents: [cid] }]";
        let planned = db.plan(rename).expect("a plan");
        assert_eq!(shown(&planned), ["~ profile Day name: Day → Early", "+ agents Early cid"]);
        db.apply(rename);
        let again = db.plan(rename).expect("a plan");
        assert!(again.plan.is_empty() && again.findings.is_empty(), "the new one only: nothing to do");
        let links = db.dump().iter().filter(|line| line.starts_with("agents Early|")).count();
        assert_eq!(links, 3);
        let both = db.plan("profiles: [{ name: Night, previous_name: Early }]").expect("a plan");
        assert_eq!(codes(&both.findings), ["stop seed.rename-conflict"]);
        assert!(both.plan.is_empty());
        let neither = db.plan("profiles: [{ name: New, previous_name: Never }]").expect("a plan");
        assert_eq!(codes(&neither.findings), ["warn seed.rename-missing"]);
        assert_eq!(shown(&neither), ["+ profile New enabled: true (default), description: NULL (default)"]);
    }
}

/// Trap 27: the same key to the server, and still a change.
#[test]
fn a_change_of_case_is_a_rename() {
    for db in Db::staffed(STAFF) {
        let planned = db.plan("profiles: [{ name: DAY, previous_name: Day }]").expect("a plan");
        assert_eq!(shown(&planned), ["~ profile Day name: Day → DAY"]);
        db.apply("profiles: [{ name: DAY, previous_name: Day }]");
        assert!(db.rows("SELECT name FROM agent_profiles ORDER BY id").contains(&"DAY".to_owned()));
    }
}

#[test]
fn what_the_map_does_not_have_is_named() {
    let without_fax = |map: &str| {
        let mut document: toml::Table = map.parse().expect("TOML");
        for path in [&["queues"][..], &["links", "profile_queues"], &["links", "personal"]] {
            let table = path.iter().try_fold(&mut document, |table, key| table.get_mut(*key)?.as_table_mut());
            table.expect("a section").remove("fax");
        }
        document.to_string()
    };
    for db in Db::both_with(str::to_owned, without_fax) {
        let failure = db
            .plan("queues:\n  fax: [{ name: F, strategy: beepall, timeout: 1 }]\nprofiles:\n  - { name: P, queues: { fax: [F] } }")
            .expect_err("no such channel");
        let hint = "complete the map, or leave this out of the manifest";
        assert_eq!(
            problems(&failure),
            [
                format!("3:17 the schema map has no section `queues.fax`; {hint}"),
                format!("5:31 the schema map has no section `links.profile_queues.fax`; {hint}")
            ]
        );
    }
}
