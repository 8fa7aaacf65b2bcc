//! Every finding of seeding appears where it should and stays away where it nearly would.
//!
//! Invariant: each code of the family is in one of the two tables: with a case of its own here, or with the tests that
//! show both elsewhere, which are looked for in their source.

use super::people::{DELETE, DISABLE, STAFF, session};
use super::support::{Db, codes, manifest};
use motionctl::outcome::{Failure, Finding};
use motionctl::seed::Planned;
use motionctl::seed::manifest::validate;
use motionctl::seed::plan::{Allowance, Prune, refused};
use motionctl::seed::snapshot::Unnamed;
use std::collections::BTreeSet;
use std::path::Path;

/// A code, how to make it appear, and how to come near it without. Each answers with the codes that it found, and runs
/// on both engines.
struct Case {
    code: &'static str,
    appears: fn(Engine) -> Vec<String>,
    away: fn(Engine) -> Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Server,
}

impl Engine {
    pub fn with(self, schema: impl Fn(&str) -> String, map: impl Fn(&str) -> String) -> Db {
        match self {
            Self::Sqlite => Db::sqlite(schema, map),
            Self::Server => Db::mariadb(schema, map),
        }
    }

    /// One with people at work, after these statements.
    pub fn staffed(self, sql: &str) -> Db {
        let db = self.with(str::to_owned, str::to_owned);
        db.apply(STAFF);
        if !sql.is_empty() {
            db.sql(sql);
        }
        db
    }
}

const OPEN: &str = "INSERT INTO report_member (membername, channel, type, data4, enterAt, createdAt, updatedAt) \
                    VALUES ('ann', 'voice', 'LOGIN', 'Day', '2026-01-01 10:00:00', '2026-01-01', '2026-01-01');";
pub const ONLINE: &str = "UPDATE users SET online = 1 WHERE name = 'ann';";
pub const ADMIN: &str = "INSERT INTO users (name, fullname, role, createdAt, updatedAt) \
                     VALUES ('root', 'Root', 'admin', '2026-01-01', '2026-01-01');";

/// What a plan says, also where it is refused.
pub fn planned(db: &Db, text: &str) -> Vec<String> {
    found(db.session().plan(&manifest(text), Unnamed::Stay))
}

pub fn found(plan: Result<Planned, Failure>) -> Vec<String> {
    match plan {
        Ok(planned) => codes(&planned.findings),
        Err(failure) => codes(&failure.findings),
    }
}

/// Names that may stand twice.
fn loose(schema: &str) -> String {
    schema.replace(" COLLATE NOCASE UNIQUE", " COLLATE NOCASE")
}

/// Profiles that are deleted by a time.
fn soft(engine: Engine) -> Db {
    let schema = |schema: &str| {
        schema.replace(
            "    enabled TINYINT(1) NOT NULL DEFAULT 1,",
            "    enabled TINYINT(1) NOT NULL DEFAULT 1, deletedAt DATETIME,",
        )
    };
    let map = |map: &str| map.replace("[profiles.columns]", "[profiles.columns]\ndeleted = \"deletedAt\"");
    let db = engine.with(schema, map);
    db.apply("profiles: [{ name: Gone }]");
    db.sql("UPDATE agent_profiles SET deletedAt = '2026-01-01' WHERE name = 'Gone'");
    db
}

/// What remains to be allowed of a plan's deletions.
fn not_allowed(engine: Engine, allowed: &Allowance) -> Vec<String> {
    let plan = engine.staffed("").plan(DELETE).expect("a plan");
    let finding: Vec<Finding> = refused(&plan.plan.deletions(), allowed).into_iter().collect();
    codes(&finding)
}

fn warnings(text: &str) -> Vec<String> {
    let validated = validate(format!("version: 1\n{text}").as_bytes(), "m.yaml");
    assert!(validated.manifest.is_some(), "{:?}", validated.problems);
    codes(&validated.findings())
}

/// A table outside the map that refers to profiles, and a row of it.
fn referring(engine: Engine, profile: &str) -> Db {
    engine.staffed(&format!(
        "CREATE TABLE plugin (ProfileId INTEGER, FOREIGN KEY (ProfileId) REFERENCES agent_profiles (id)); \
         INSERT INTO plugin SELECT id FROM agent_profiles WHERE name = '{profile}'"
    ))
}

/// A map that looks for sessions in one column alone.
pub fn one_column(map: &str) -> String {
    map.replace("profile = [\"data3\", \"data4\"]", "profile = [\"data3\"]")
}

const CASES: &[Case] = &[
    Case {
        code: "stop seed.ambiguous-name",
        appears: |engine| {
            let db = engine.with(loose, str::to_owned);
            db.apply(STAFF);
            db.sql("INSERT INTO agent_profiles (name, enabled, createdAt, updatedAt) VALUES ('DAY', 1, '2026-01-01', '2026-01-01')");
            planned(&db, "profiles: [{ name: Day, description: New }]")
        },
        away: |engine| {
            // Two rows that the manifest does not name, and a queue of another channel.
            let db = engine.with(loose, str::to_owned);
            db.apply(STAFF);
            db.sql("INSERT INTO agent_profiles (name, enabled, createdAt, updatedAt) VALUES ('DAY', 1, '2026-01-01', '2026-01-01')");
            db.apply("queues: { mail: [{ name: C1, strategy: beepall, timeout: 5 }] }");
            planned(&db, "profiles: [{ name: Night, description: New, queues: { chat: [C1] } }]")
        },
    },
    Case {
        code: "stop seed.name-of-other-role",
        appears: |engine| {
            planned(&engine.staffed(ADMIN), "agents: [{ username: ROOT, fullname: X, internal: '9' }]")
        },
        away: |engine| planned(&engine.staffed(ADMIN), "agents: [{ username: ann, fullname: root }]"),
    },
    Case {
        code: "stop seed.internal-differs",
        appears: |engine| planned(&engine.staffed(""), "agents: [{ username: ann, internal: '9' }]"),
        away: |engine| {
            planned(
                &engine.staffed(""),
                "agents: [{ username: ann, fullname: New, internal: '1' }, { username: bob, fullname: New }]",
            )
        },
    },
    Case {
        code: "stop seed.rename-conflict",
        appears: |engine| planned(&engine.staffed(""), "profiles: [{ name: Night, previous_name: Day }]"),
        away: |engine| {
            let db = engine.staffed("");
            let late = planned(&db, "profiles: [{ name: Late, previous_name: Day }]");
            [late, planned(&db, "profiles: [{ name: Day, previous_name: Early }]")].concat()
        },
    },
    Case {
        code: "warn seed.rename-missing",
        appears: |engine| planned(&engine.staffed(""), "profiles: [{ name: Late, previous_name: Early }]"),
        away: |engine| planned(&engine.staffed(""), "profiles: [{ name: Day, previous_name: Early }]"),
    },
    Case {
        code: "stop seed.deletions-not-allowed",
        appears: |engine| not_allowed(engine, &Allowance { prune: [Prune::Absent].into(), most: Some(1) }),
        away: |engine| not_allowed(engine, &Allowance { prune: [Prune::Absent].into(), most: Some(9) }),
    },
    Case {
        code: "stop seed.name-soft-deleted",
        appears: |engine| planned(&soft(engine), "profiles: [{ name: Gone }]"),
        away: |engine| planned(&soft(engine), "profiles: [{ name: Come }, { name: Gone, absent: true }]"),
    },
    Case {
        code: "stop seed.outside-reference",
        appears: |engine| planned(&referring(engine, "Day"), DELETE),
        away: |engine| planned(&referring(engine, "Night"), DELETE),
    },
    Case {
        code: "stop seed.map-mismatch",
        appears: |engine| {
            let db = engine.staffed("ALTER TABLE agent_profiles DROP COLUMN description");
            planned(&db, "profiles: [{ name: New }]")
        },
        away: |engine| {
            let db = engine.staffed("ALTER TABLE agent_profiles ADD COLUMN colour VARCHAR(9); ALTER TABLE chat_queues DROP COLUMN description");
            planned(&db, "profiles: [{ name: New, queues: { voice: [V1] } }]")
        },
    },
    Case {
        code: "stop seed.profile-in-use",
        appears: |engine| planned(&engine.staffed(&format!("{OPEN}{ONLINE}")), DELETE),
        away: |engine| {
            // Ended; of another profile; and of somebody who is not logged in.
            let db = engine
                .staffed(&format!("{OPEN}{ONLINE} UPDATE report_member SET exitAt = '2026-01-01 11:00:00';"));
            session(&db, "ann", "data4", "Night");
            session(&db, "bob", "data3", "Day");
            planned(&db, DELETE)
        },
    },
    Case {
        code: "stop seed.profile-maybe-in-use",
        appears: |engine| planned(&engine.staffed(OPEN), DELETE),
        away: |engine| {
            let ended =
                engine.staffed(&format!("{OPEN} UPDATE report_member SET exitAt = '2026-01-01 11:00:00';"));
            // In a column that the map says nothing of.
            let other = engine.with(str::to_owned, one_column);
            other.apply(STAFF);
            other.sql(OPEN);
            [planned(&ended, DELETE), planned(&other, DELETE)].concat()
        },
    },
    Case {
        code: "stop seed.disable-in-use",
        appears: |engine| planned(&engine.staffed(OPEN), DISABLE),
        away: |engine| {
            let db = engine.staffed("");
            session(&db, "ann", "data4", "Night");
            let off = planned(&db, DISABLE);
            db.sql(&format!("{OPEN}{ONLINE} UPDATE agent_profiles SET enabled = 0 WHERE name = 'Day'"));
            [off, planned(&db, "profiles: [{ name: Day, enabled: false, description: New }]")].concat()
        },
    },
    Case {
        code: "info seed.profile-disabled",
        appears: |engine| planned(&engine.staffed(""), DISABLE),
        away: |engine| planned(&engine.staffed(OPEN), DISABLE),
    },
    Case {
        code: "warn seed.rename-in-use",
        appears: |engine| planned(&engine.staffed(OPEN), "profiles: [{ name: Late, previous_name: Day }]"),
        away: |engine| planned(&engine.staffed(OPEN), "profiles: [{ name: Late, previous_name: Night }]"),
    },
    Case {
        code: "warn seed.queue-becomes-personal",
        appears: |engine| {
            planned(&engine.staffed(""), "profiles: [{ name: Day, queues: { chat: { remove: [C1] } } }]")
        },
        away: |engine| {
            planned(&engine.staffed(""), "profiles: [{ name: Day, queues: { voice: { remove: [V1] } } }]")
        },
    },
    Case {
        code: "warn seed.agent-without-queue",
        appears: |engine| {
            planned(&engine.staffed(""), "profiles: [{ name: Day, agents: { remove: [bob] } }]")
        },
        away: |engine| planned(&engine.staffed(""), "profiles: [{ name: Day, agents: { remove: [ann] } }]"),
    },
    Case {
        code: "warn seed.profile-without-agents",
        appears: |engine| {
            planned(&engine.staffed(""), "profiles: [{ name: Night, agents: { remove: [bob] } }]")
        },
        away: |engine| planned(&engine.staffed(""), "profiles: [{ name: Day, agents: { remove: [bob] } }]"),
    },
    Case {
        code: "warn seed.agents-online",
        appears: |engine| {
            planned(&engine.staffed(ONLINE), "agents: [{ username: ann, personal: { voice: [V1] } }]")
        },
        away: |engine| {
            planned(
                &engine.staffed(&format!("{ONLINE}{OPEN}")),
                "agents: [{ username: bob, personal: { voice: [V1] } }]",
            )
        },
    },
    Case {
        code: "warn seed.trigger",
        appears: |engine| {
            let db = engine.staffed("");
            db.record_writes();
            planned(&db, "profiles: [{ name: New }]")
        },
        away: |engine| {
            let body = "INSERT INTO mail_queues (name, strategy, timeout, createdAt, updatedAt) VALUES ('x', 'beepall', 1, '2026-01-01', '2026-01-01')";
            let body = if engine == Engine::Server { body.to_owned() } else { format!("BEGIN {body}; END") };
            let db = engine
                .staffed(&format!("CREATE TRIGGER other AFTER INSERT ON chat_queues FOR EACH ROW {body}"));
            planned(&db, "profiles: [{ name: New, queues: { chat: [C1] } }]")
        },
    },
    Case {
        code: "warn seed.near-miss",
        appears: |_| warnings("agents: [{ username: annabel }]\nprofiles: [{ name: Day, agents: [anabel] }]"),
        away: |_| {
            warnings(
                "agents: [{ username: annabel }]\nprofiles: [{ name: Day, agents: [annabel, zacharias] }]",
            )
        },
    },
    Case {
        code: "warn seed.unseen-characters",
        appears: |_| warnings("profiles: [{ name: \"Day\\u200b\" }]"),
        away: |_| warnings("profiles: [{ name: 'Day and Night' }]"),
    },
    Case {
        code: "warn seed.internal-not-digits",
        appears: |_| warnings("agents: [{ username: ann, internal: '10-1' }]"),
        away: |_| warnings("agents: [{ username: ann, internal: '0101' }]"),
    },
    Case {
        code: "warn seed.unusual-value",
        appears: |_| warnings("queues: { chat: [{ name: C, strategy: ringal }] }"),
        away: |_| {
            warnings(
                "queues: { chat: [{ name: C, strategy: beepall }], voice: [{ name: V, strategy: ringall }] }",
            )
        },
    },
    Case {
        code: "warn seed.username",
        appears: |_| warnings("agents: [{ username: ann-lena }]"),
        away: |_| warnings("agents: [{ username: ann.lena_2 }]"),
    },
    Case {
        code: "warn seed.fullname-is-internal",
        appears: |_| warnings("agents: [{ username: ann, fullname: '101', internal: '101' }]"),
        away: |_| warnings("agents: [{ username: ann, fullname: 'Ann 101', internal: '101' }]"),
    },
];

/// Tests that show a finding and its absence, by file below tests/suite: what needs a server of its own, a spreadsheet
/// or a tree.
const ELSEWHERE: &[(&str, Test, Test)] = &[
    ("seed.outside-unknown", UNSEEN, UNSEEN),
    (
        "seed.undo-moved",
        ("seed/undo.rs", "rows_that_have_moved_refuse_it_and_are_named"),
        ("seed/undo.rs", "an_apply_and_its_undo_leave_the_same_rows"),
    ),
    (
        "seed.undo-uncertain",
        ("seed/undo_runs.rs", "a_run_that_was_killed_after_its_commit_is_asked_about"),
        ("seed/undo_runs.rs", "the_road_from_an_apply_to_its_undo"),
    ),
    ("seed.replica", ("seed/standing.rs", "a_replica_by_a_named_connection_stops"), PLAIN),
    ("seed.read-only", ("seed/standing.rs", "what_a_dba_has_turned_off_stops_and_stays_off"), PLAIN),
    ("seed.replica-unknown", ("seed/traps.rs", "select_is_enough_to_plan"), PLAIN),
    ("seed.check-unknown", ("seed/foreseen.rs", "a_rule_that_cannot_be_asked_about_is_said"), PLAIN),
    ("seed.no-new-client", CLIENT, CLIENT),
    ("seed.map-unreviewed", UNSIGNED, PLAIN),
    ("seed.map-differs", ("schema_map/broken.rs", "only_what_is_relied_on_must_match"), PLAIN),
    (
        "seed.map-opposite",
        ("schema_map/broken.rs", "a_flag_whose_column_is_called_by_the_opposite_is_said"),
        PLAIN,
    ),
    ("seed.map-values", VALUES, VALUES),
    (
        "seed.deleted-unknown",
        ("seed/deleted_links.rs", "a_mark_that_the_map_does_not_name_is_said_and_stops_writing"),
        PLAIN,
    ),
    (
        "seed.link-meaning-unknown",
        ("seed/deleted_links.rs", "a_column_that_may_turn_a_link_stops_writing_until_it_is_settled"),
        PLAIN,
    ),
    (
        "seed.link-twice",
        ("seed/deleted_links.rs", "a_link_in_two_rows_is_said_wherever_links_are_read"),
        PLAIN,
    ),
    ("seed.usage-incomplete", LEFT_OUT, LEFT_OUT),
    (
        "seed.session-odd",
        ("seed/usage.rs", "the_table_is_safe_in_a_spreadsheet"),
        ("seed/usage.rs", "what_overlaps_counts_once_and_ends_with_the_period"),
    ),
    ("seed.offline", ("seed/offline.rs", "what_only_the_server_knows_is_said"), PLAIN),
    (
        "seed.import-hidden",
        ("spreadsheet/workbook.rs", "hidden_rows_and_columns_are_read_and_named"),
        ("spreadsheet/workbook.rs", "what_the_manifest_warns_of_is_said_by_the_name_of_the_cell"),
    ),
    (
        "seed.looks-renamed",
        ("seed/renamed.rs", "an_old_export_after_a_rename_is_said_with_the_line_to_copy"),
        ("seed/renamed.rs", "four_of_five_is_like_it_and_less_or_a_named_one_is_not"),
    ),
];

/// A file and a test in it.
type Test = (&'static str, &'static str);

const PLAIN: Test = ("seed/findings.rs", "a_plain_change_says_nothing");
const UNSIGNED: Test = ("seed/unreached.rs", "a_map_that_nobody_signed_serves_files_alone");
const UNSEEN: Test = ("seed/guards.rs", "what_a_user_cannot_see_may_refer_to_a_profile");
const CLIENT: Test = ("seed/commands.rs", "a_site_without_the_new_client_is_said");
const VALUES: Test =
    ("schema_map/commands.rs", "a_check_names_values_that_mean_a_channel_and_that_the_map_does_not_know");
const LEFT_OUT: Test = ("seed/usage.rs", "what_is_left_out_is_said");

#[test]
fn every_finding_appears_and_stays_away() {
    for Case { code, appears, away } in CASES {
        for engine in [Engine::Sqlite, Engine::Server] {
            let found = appears(engine);
            assert!(found.contains(&(*code).to_owned()), "{code} does not appear ({engine:?}): {found:?}");
            let name = code.split_once(' ').expect("a level and a name").1;
            let found = away(engine);
            assert!(!found.iter().any(|one| one.ends_with(name)), "{code} is said ({engine:?}): {found:?}");
        }
    }
}

#[test]
fn every_code_of_the_family_is_in_a_table() {
    let here = CASES.iter().filter_map(|case| Some(case.code.split_once(' ')?.1));
    let tabled: Vec<&str> = here.chain(ELSEWHERE.iter().map(|(code, ..)| *code)).collect();
    let once: BTreeSet<&str> = tabled.iter().copied().collect();
    assert_eq!(once.len(), tabled.len(), "a code stands twice");
    let family =
        motionctl::outcome::codes::all().map(|code| code.name()).filter(|name| name.starts_with("seed."));
    let family: BTreeSet<&str> = family.collect();
    let lacking: Vec<_> = family.difference(&once).collect();
    assert!(lacking.is_empty(), "no case shows {lacking:?}");
    let unknown: Vec<_> = once.difference(&family).collect();
    assert!(unknown.is_empty(), "there is no finding {unknown:?}");
    for (file, test) in ELSEWHERE.iter().flat_map(|(_, appears, away)| [appears, away]) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite").join(file);
        let source = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(source.contains(&format!("#[test]\nfn {test}() {{")), "{file} has no test {test}");
    }
}

/// Rows of every kind, on a server that is nobody's replica, by a map that fits and was signed.
#[test]
fn a_plain_change_says_nothing() {
    for engine in [Engine::Sqlite, Engine::Server] {
        let db = engine.with(str::to_owned, str::to_owned);
        assert_eq!(planned(&db, STAFF), [""; 0], "{engine:?}");
        db.apply(STAFF);
        let change = "queues: { chat: [{ name: C2, strategy: beepall, timeout: 30 }] }
agents: [{ username: cid, fullname: Cid C, internal: '3', personal: { chat: [C2] } }]
profiles: [{ name: Day, description: New, agents: [cid], queues: { voice: [{ name: V1, penalty: 3 }] } }]";
        assert_eq!(planned(&db, change), [""; 0], "{engine:?}");
    }
}
