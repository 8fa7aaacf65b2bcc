//! What names mean: to the server, not to us.

use super::support::{Db, codes, finding, problems, shown};
use crate::support::database_server::programs::{Kind, programs};
use std::fmt::Write;

const ONE: &str = "
queues: { chat: [{ name: Support, strategy: beepall, timeout: 30 }] }
agents: [{ username: ann, fullname: Ann A, internal: '1' }]
profiles: [{ name: Day, agents: [ann], queues: { chat: [Support] } }]
";

/// Names without a unique index.
fn loose(schema: &str) -> String {
    schema.replace(
        "name VARCHAR(255) NOT NULL COLLATE NOCASE UNIQUE",
        "name VARCHAR(255) NOT NULL COLLATE NOCASE",
    )
}

/// A `deletedAt` in profiles.
fn soft(schema: &str) -> String {
    schema.replace(
        "    enabled TINYINT(1) NOT NULL DEFAULT 1,",
        "    enabled TINYINT(1) NOT NULL DEFAULT 1, deletedAt DATETIME,",
    )
}

fn soft_map(map: &str) -> String {
    let (before, after) = map.split_once("[profiles.columns]").expect("the section");
    format!("{before}[profiles.columns]\ndeleted = \"deletedAt\"{after}")
}

#[test]
fn the_server_says_what_is_the_same() {
    for db in Db::staffed(ONE) {
        let planned =
            db.plan("profiles: [{ name: DAY, agents: [ANN], queues: { chat: [SUPPORT] } }]").expect("a plan");
        assert!(planned.plan.is_empty(), "{:?}", shown(&planned));
        assert_eq!(codes(&planned.findings), ["warn seed.near-miss"]);
        assert_eq!(finding(&planned.findings, "seed.near-miss").evidence.len(), 3);
        let failure = db
            .plan("profiles:\n  - { name: New, queues: { chat: [Support, SUPPORT] } }\n  - { name: new }")
            .expect_err("the same twice");
        assert_eq!(
            problems(&failure),
            [
                "3:44 `SUPPORT` stands twice in one list: to the database it is `Support` of line 3; leave one of them out",
                "4:13 `new` is declared twice: to the database it is the name of line 3; the server compares names without regard to case or accents, as its collation says",
            ]
        );
    }
}

/// Trap 27, as MariaDB's usual collation has it.
#[test]
fn accents_spaces_and_emoji_are_the_server_s_to_compare() {
    let db = Db::on_server();
    db.apply(ONE);
    let same = db.plan("profiles: [{ name: Day, queues: { chat: ['Süpport'] } }]").expect("a plan");
    assert!(same.plan.is_empty(), "{:?}", shown(&same));
    let space = db.plan("profiles: [{ name: 'Day ', queues: { chat: ['support '] } }]").expect("a plan");
    assert!(space.plan.is_empty(), "{:?}", shown(&space));
    let failure = db.plan("profiles: [{ name: '😀' }, { name: '😁' }]").expect_err("any two emoji are equal");
    assert!(problems(&failure)[0].contains("is declared twice"), "{failure:?}");
    let by_bytes = if programs().kind == Kind::MariaDb { "utf8mb4_nopad_bin" } else { "utf8mb4_0900_bin" };
    let other = Db::mariadb(
        |schema| {
            let table = "CREATE TABLE agent_profiles (\n    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,\n    name VARCHAR(255)";
            schema.replace(
                &format!("{table} NOT NULL COLLATE NOCASE"),
                &format!("{table} COLLATE {by_bytes} NOT NULL"),
            )
        },
        str::to_owned,
    );
    other.apply("profiles: [{ name: '😀' }, { name: '😁' }, { name: Day }, { name: 'Day ' }, { name: DAY }]");
    assert_eq!(other.rows("SELECT COUNT(*) FROM agent_profiles"), ["5"]);
}

/// Trap 34: a name outside the column's character set must not be in a comparison.
#[test]
fn names_that_a_column_cannot_hold_are_found_before_they_are_compared() {
    let narrow = |charset: &'static str| {
        move |schema: &str| {
            schema.replace(
                "name VARCHAR(255) NOT NULL COLLATE NOCASE",
                &format!("name VARCHAR(255) CHARACTER SET {charset} NOT NULL"),
            )
        }
    };
    for (charset, bad) in [("utf8mb3", "'😀'"), ("latin1", "Łódź")] {
        let db = Db::mariadb(narrow(charset), str::to_owned);
        db.apply(ONE);
        let text = format!(
            "profiles:\n  - {{ name: {bad} }}\n  - {{ name: Day, agents: [ann, {bad}], queues: {{ chat: [{bad}] }} }}"
        );
        let failure = db.plan(&text).expect_err("it cannot be stored");
        assert_eq!(failure.kind.exit_code(), 65);
        let problems = problems(&failure);
        assert_eq!(problems.len(), 3, "{problems:#?}");
        let expect = format!("has a character that the names of the database ({charset}) cannot hold");
        assert!(problems.iter().all(|problem| problem.contains(&expect)), "{problems:#?}");
        db.apply("profiles: [{ name: 'Größe' }]");
        assert!(db.plan("profiles: [{ name: 'Größe' }]").expect("a plan").plan.is_empty());
    }
}

#[test]
fn two_rows_with_one_name_stop() {
    for db in Db::both_with(loose, str::to_owned) {
        db.apply(ONE);
        db.sql("INSERT INTO chat_queues (name, strategy, timeout, createdAt, updatedAt) SELECT 'SUPPORT', strategy, timeout, createdAt, updatedAt FROM chat_queues");
        let planned = db.plan(ONE).expect("a plan");
        let stop = finding(&planned.findings, "seed.ambiguous-name");
        assert!(stop.stops());
        assert_eq!(stop.evidence, ["m.yaml:3:26: chat queue `Support`: ids 1, 2"]);
        assert!(planned.plan.is_empty());
        let failure =
            db.try_apply("profiles: [{ name: Other, queues: { chat: [Support] } }]", Default::default());
        assert!(failure.is_err(), "an apply that leaves a stop behind is rolled back");
        assert_eq!(db.rows("SELECT COUNT(*) FROM agent_profiles"), ["1"]);
    }
}

/// The table of users holds admins, too.
#[test]
fn only_agents_are_matched() {
    for db in Db::staffed(ONE) {
        db.sql("INSERT INTO users (name, fullname, role, createdAt, updatedAt) SELECT 'root', 'Root', 'admin', createdAt, updatedAt FROM users");
        let text = "agents: [{ username: root, fullname: Taken, internal: '2' }]\nprofiles: [{ name: Day, agents: [root] }]";
        let planned = db.plan(text).expect("a plan");
        assert!(planned.plan.is_empty(), "{:?}", shown(&planned));
        let stop = finding(&planned.findings, "seed.name-of-other-role");
        assert!(stop.stops() && !stop.code.accept().is_by_name());
        assert_eq!(stop.evidence, ["m.yaml:2:22: `root` is a user with the role `admin`"]);
    }
}

#[test]
fn a_deleted_row_that_holds_a_wanted_name_stops_where_names_are_unique() {
    for db in Db::both_with(soft, soft_map) {
        db.apply("profiles: [{ name: Gone }, { name: Day }]");
        db.sql("UPDATE agent_profiles SET deletedAt = '2024-01-01 00:00:00' WHERE name = 'Gone'");
        let planned = db.plan("profiles: [{ name: gone }]").expect("a plan");
        assert!(finding(&planned.findings, "seed.name-soft-deleted").stops());
        let renamed = db.plan("profiles: [{ name: Gone, previous_name: Day }]").expect("a plan");
        assert!(finding(&renamed.findings, "seed.name-soft-deleted").stops());
        let absent = db.plan("profiles: [{ name: Gone, absent: true }]").expect("a plan");
        assert!(absent.plan.is_empty() && absent.findings.is_empty(), "it is absent already");
    }
    for db in Db::both_with(|schema| loose(&soft(schema)), soft_map) {
        db.apply("profiles: [{ name: Gone }]");
        db.sql("UPDATE agent_profiles SET deletedAt = '2024-01-01 00:00:00'");
        let planned = db.plan("profiles: [{ name: Gone }]").expect("a plan");
        assert_eq!(codes(&planned.findings), ["warn seed.name-soft-deleted"]);
        db.apply("profiles: [{ name: Gone, enabled: false }]");
        let rows = db.rows("SELECT enabled, deletedAt IS NULL FROM agent_profiles ORDER BY id");
        assert_eq!(rows, ["1|0", "0|1"], "nothing is restored");
        assert!(db.plan("profiles: [{ name: Gone, enabled: false }]").expect("a plan").plan.is_empty());
    }
}

/// Letters that weigh nothing behind a space: the same to the server, in one level of weights and in three.
#[test]
fn a_row_that_is_the_same_to_the_server_is_not_inserted_again() {
    // MySQL's collations of several levels count spaces.
    let is_newer = programs().kind == Kind::MariaDb && programs().version >= (10, 10);
    let several = is_newer.then_some("utf8mb4_uca1400_as_cs");
    for collation in std::iter::once("utf8mb4_unicode_ci").chain(several) {
        let db = Db::mariadb(
            |schema| {
                let name = format!("name VARCHAR(255) COLLATE {collation} NOT NULL");
                loose(schema).replace("name VARCHAR(255) NOT NULL COLLATE NOCASE", &name)
            },
            str::to_owned,
        );
        db.apply("profiles: [{ name: P1 }, { name: P2 }]");
        db.sql("UPDATE agent_profiles SET name = CONCAT('P1 ', _utf8mb4 x'E2808B') WHERE name = 'P1'");
        let planned = db.plan("profiles: [{ name: P1, enabled: true }]").expect("a plan");
        assert!(planned.plan.is_empty(), "{collation}: {:?}", shown(&planned));
        assert_eq!(codes(&planned.findings), ["warn seed.near-miss"]);
        db.apply("profiles: [{ name: P1, enabled: false }, { name: P3 }]");
        assert_eq!(db.rows("SELECT COUNT(*), SUM(enabled) FROM agent_profiles"), ["3|2"], "{collation}");
    }
}

/// An index of the rows that live lets the name of a deleted one be used; one of the first letters does not.
#[test]
fn only_an_index_that_covers_the_deleted_row_stops() {
    let gone = "UPDATE agent_profiles SET deletedAt = '2024-01-01 00:00:00'";
    let db = Db::sqlite(|schema| loose(&soft(schema)), soft_map);
    db.sql("CREATE UNIQUE INDEX living ON agent_profiles (name) WHERE deletedAt IS NULL");
    db.apply("profiles: [{ name: Gone }]");
    db.sql(gone);
    let planned = db.plan("profiles: [{ name: Gone }]").expect("a plan");
    assert_eq!(codes(&planned.findings), ["warn seed.name-soft-deleted"]);
    db.apply("profiles: [{ name: Gone }]");
    assert_eq!(db.rows("SELECT COUNT(*) FROM agent_profiles"), ["2"]);

    let db = Db::mariadb(|schema| loose(&soft(schema)), soft_map);
    db.sql("CREATE UNIQUE INDEX letters ON agent_profiles (name(3))");
    db.apply("profiles: [{ name: Gone }]");
    db.sql(gone);
    let planned = db.plan("profiles: [{ name: Gone }]").expect("a plan");
    assert!(finding(&planned.findings, "seed.name-soft-deleted").stops());
    let failure = db.try_apply("profiles: [{ name: Gone }]", Default::default()).expect_err("it is taken");
    assert!(failure.message.contains("error 1062"), "the stop is right: {failure}");
}

/// Trap 26: more names and links than one statement takes.
#[test]
fn many_names_go_in_pieces() {
    let mut text = String::from("queues: { chat: [{ name: Q, strategy: beepall, timeout: 1 }] }\nagents:\n");
    let agents: Vec<String> = (0..2_500).map(|number| format!("agent{number}")).collect();
    for (number, agent) in agents.iter().enumerate() {
        writeln!(text, "  - {{ username: {agent}, fullname: Agent {agent}, internal: '{number}' }}").unwrap();
    }
    writeln!(text, "profiles: [{{ name: All, agents: [{}], queues: {{ chat: [Q] }} }}]", agents.join(", "))
        .unwrap();
    for db in Db::both() {
        assert_eq!(db.apply(&text).rows, 5_003);
        assert!(db.plan(&text).expect("a plan").plan.is_empty());
        let fewer = format!(
            "profiles: [{{ name: All, agents: {{ mode: exact, members: [{}] }} }}]",
            agents[..3].join(", ")
        );
        assert_eq!(db.plan(&fewer).expect("a plan").plan.deletions().memberships, 2_497);
        db.apply(&fewer);
        assert_eq!(db.rows("SELECT COUNT(*) FROM agent_profile_has_users"), ["3"]);
    }
}
