//! `permissions`: the rights of User Profiles on agent profiles.

use super::commands::{file, seed};
use super::offline::{against, exported};
use super::support::{Db, codes, finding, problems, shown};
use motionctl::outcome::FailureKind;
use motionctl::seed::manifest::validate;
use motionctl::seed::plan::Deletions;
use serde_json::json;

/// Supervisors may look, Managers may do everything, Guests have no row; each has rights on another section, too.
const STAFF: &str = "
INSERT INTO user_profiles (id, name, createdAt, updatedAt) VALUES
  (3, 'Supervisors', '2020-01-01', '2020-01-01'), (5, 'Managers', '2020-01-01', '2020-01-01'),
  (7, 'Guests', '2020-01-01', '2020-01-01');
INSERT INTO user_profile_has_permissions
  (UserProfileId, section, canView, canRead, canEdit, canDelete, createdAt, updatedAt) VALUES
  (3, 'agent_profiles', 1, 1, 0, 0, '2020-01-01', '2020-01-01'),
  (5, 'agent_profiles', 1, 1, 1, 1, '2020-01-01', '2020-01-01'),
  (3, 'queues', 1, 0, 1, 0, '2020-01-01', '2020-01-01'),
  (5, 'queues', 1, 1, 1, 1, '2020-01-01', '2020-01-01'),
  (7, 'queues', 0, 0, 0, 1, '2020-01-01', '2020-01-01');
";
const OTHERS: [&str; 3] = ["3|queues|1010|2020", "5|queues|1111|2020", "7|queues|0001|2020"];

fn staffed() -> [Db; 2] {
    let both = Db::both();
    both.iter().for_each(|db| db.sql(STAFF));
    both
}

/// User profile, section, flags, and the year of the last change.
fn rows(db: &Db) -> Vec<String> {
    let rows = db.rows(
        "SELECT UserProfileId, section, canView, canRead, canEdit, canDelete, updatedAt \
         FROM user_profile_has_permissions ORDER BY section, UserProfileId",
    );
    let short = |row: &String| {
        let columns: Vec<&str> = row.split('|').collect();
        format!("{}|{}|{}|{}", columns[0], columns[1], columns[2..6].concat(), &columns[6][..4])
    };
    rows.iter().map(short).collect()
}

fn this_year(db: &Db) -> String {
    let now = if db.is_server() { "SELECT YEAR(UTC_TIMESTAMP())" } else { "SELECT strftime('%Y', 'now')" };
    db.rows(now)[0].clone()
}

#[test]
fn a_list_sets_exactly_these_rights_and_touches_no_other_row() {
    for db in staffed() {
        let now = this_year(&db);
        let text = "permissions:
  - { user_profile: Supervisors, agent_profiles: [view, read, edit] }
  - { user_profile: Managers, agent_profiles: [edit, read, view] }
  - { user_profile: Guests, agent_profiles: [view] }";
        let planned = db.plan(text).expect("a plan");
        assert_eq!(
            shown(&planned),
            [
                "- rights of User Profile Managers delete",
                "+ rights of User Profile Supervisors edit",
                "+ rights of User Profile Guests view",
            ]
        );
        let counts = planned.plan.counts();
        assert_eq!((counts.add, counts.change, counts.remove), (1, 2, 0));
        assert_eq!(planned.plan.deletions(), Deletions { revoked: 1, ..Deletions::default() });
        db.record_writes();
        assert_eq!(db.apply(text).rows, 3);
        let mut writes = db.writes();
        writes.sort();
        let [insert, update] =
            ["insert", "update"].map(|what| format!("{what} user_profile_has_permissions"));
        assert_eq!(writes, [insert, update.clone(), update], "the user profiles themselves stay");
        let mut expect = vec![
            format!("3|agent_profiles|1110|{now}"),
            format!("5|agent_profiles|1110|{now}"),
            format!("7|agent_profiles|1000|{now}"),
        ];
        expect.extend(OTHERS.map(str::to_owned));
        assert_eq!(rows(&db), expect);
        let created = "SELECT UserProfileId FROM user_profile_has_permissions WHERE createdAt > '2021-01-01'";
        assert_eq!(db.rows(created), ["7"]);
        let again = db.plan(text).expect("a plan");
        assert!(again.plan.is_empty() && again.findings.is_empty(), "{:?}", again.findings);
        assert_eq!(db.apply(text).rows, 0);
    }
}

#[test]
fn what_is_as_it_should_be_is_not_written_and_no_row_is_no_right() {
    for db in staffed() {
        let text = "permissions:
  - { user_profile: supervisors, agent_profiles: [read, view] }
  - { user_profile: Guests, agent_profiles: [] }";
        let planned = db.plan(text).expect("a plan");
        assert!(planned.plan.is_empty(), "{:?}", shown(&planned));
        // Another spelling is the same name to the database.
        assert_eq!(codes(&planned.findings), ["warn seed.near-miss"]);
        let none = "permissions: [{ user_profile: Supervisors, agent_profiles: [] }]";
        db.apply(none);
        assert_eq!(rows(&db)[0], format!("3|agent_profiles|0000|{}", this_year(&db)));
        assert_eq!(rows(&db)[2..], OTHERS, "and Guests have no row");
        assert!(db.plan(none).expect("a plan").plan.is_empty());
    }
}

#[test]
fn a_right_is_taken_away_only_where_that_is_allowed() {
    for db in staffed() {
        let path =
            file(&db, "m.yaml", "permissions: [{ user_profile: Managers, agent_profiles: [view, read] }]");
        let plan = seed(&db, "plan", &path, &["--json"]).document();
        assert_eq!(
            plan["changes"],
            json!([{ "action": "revoke", "kind": "permission", "user_profile": "Managers", "rights": ["edit", "delete"] }])
        );
        assert_eq!(plan["details"]["counts"], json!({ "add": 0, "change": 1, "remove": 0 }));
        for flags in [
            &[][..],
            &["--prune", "memberships,profiles", "--max-delete", "9"],
            &["--prune", "permissions", "--max-delete", "1"],
        ] {
            let refused = seed(&db, "apply", &path, &[&["--yes", "--json"], flags].concat());
            assert_eq!(refused.code, 3, "{flags:?} {refused:?}");
            let findings = refused.document()["findings"].clone();
            let findings = findings.as_array().expect("findings");
            let found =
                findings.iter().find(|one| one["code"] == "seed.deletions-not-allowed").expect("refused");
            assert!(
                found["title"]
                    .as_str()
                    .is_some_and(|title| title.starts_with("2 rights would be taken away, ")),
                "{found}"
            );
            let advice = found["advice"].as_str().unwrap_or_default();
            assert!(advice.contains("permissions") && advice.ends_with("--max-delete 2"), "{found}");
        }
        assert_eq!(rows(&db)[1], "5|agent_profiles|1111|2020");
        let applied = seed(&db, "apply", &path, &["--yes", "--prune", "permissions", "--max-delete", "2"]);
        assert_eq!(applied.code, 0, "{applied:?}");
        assert_eq!(rows(&db)[1], format!("5|agent_profiles|1100|{}", this_year(&db)));
    }
}

#[test]
fn a_saved_plan_is_stale_once_somebody_else_changed_the_rights() {
    for db in staffed() {
        let text = "permissions: [{ user_profile: Guests, agent_profiles: [view] }]";
        let (path, saved) = (file(&db, "m.yaml", text), db.folder().join("saved.json"));
        let out = saved.display().to_string();
        let plan = seed(&db, "plan", &path, &["--out", &out]);
        assert_eq!(plan.code, 0, "{plan:?}");
        // What is about another section is nobody's business here.
        db.sql("UPDATE user_profile_has_permissions SET canRead = 1 WHERE UserProfileId = 7 AND section = 'queues'");
        let before = db.plan(text).expect("a plan").fingerprint;
        db.sql(
            "INSERT INTO user_profile_has_permissions (UserProfileId, section, canEdit, createdAt, updatedAt) \
             VALUES (7, 'agent_profiles', 1, '2020-01-01', '2020-01-01')",
        );
        assert_ne!(db.plan(text).expect("a plan").fingerprint, before);
        let stale = seed(&db, "apply", &saved, &["--yes"]);
        assert_eq!(stale.code, 3, "{stale:?}");
        assert!(rows(&db).contains(&"7|agent_profiles|0010|2020".to_owned()));
        db.sql(
            "DELETE FROM user_profile_has_permissions WHERE UserProfileId = 7 AND section = 'agent_profiles'",
        );
        let applied = seed(&db, "apply", &saved, &["--yes"]);
        assert_eq!(applied.code, 0, "{applied:?}");
        assert!(rows(&db).contains(&format!("7|agent_profiles|1000|{}", this_year(&db))));
    }
}

#[test]
fn user_profiles_that_are_not_there_are_all_said_with_what_was_meant() {
    for db in staffed() {
        let text = "permissions:
  - { user_profile: Supervisor, agent_profiles: [view] }
  - { user_profile: Auditors, agent_profiles: [view] }
  - { user_profile: Guests, agent_profiles: [view] }
  - { user_profile: GUESTS, agent_profiles: [view, read] }";
        let failure = db.plan(text).expect_err("unknown");
        assert_eq!(failure.kind.exit_code(), 65);
        assert_eq!(
            problems(&failure),
            [
                "3:21 there is no User Profile `Supervisor` in the database; did you mean `Supervisors`?",
                "4:21 there is no User Profile `Auditors` in the database; create it in Motion; motionctl only \
                 gives rights to those that exist",
                "6:21 `GUESTS` is declared twice: to the database it is the name of line 5; the server compares \
                 names without regard to case or accents, as its collation says",
            ]
        );
        assert_eq!(db.rows("SELECT COUNT(*) FROM user_profiles"), ["3"], "none is ever created");
    }
}

#[test]
fn who_edits_or_deletes_must_see_and_read() {
    let said = |rights: &str| {
        let text = format!("version: 1\npermissions: [{{ user_profile: S, agent_profiles: {rights} }}]");
        let validated = validate(text.as_bytes(), "m.yaml");
        let said = |problem: &motionctl::seed::manifest::Problem| {
            format!("{}:{} {}", problem.place.line, problem.place.column, problem.message)
        };
        validated.problems.iter().map(said).collect::<Vec<_>>()
    };
    assert_eq!(said("[edit]"), ["2:51 `edit` without `view` and `read`"]);
    assert_eq!(said("[view, edit, delete]"), ["2:57 `edit` without `read`", "2:63 `delete` without `read`"]);
    assert_eq!(said("[read, delete]"), ["2:57 `delete` without `view`"]);
    for fine in ["[]", "[view]", "[read]", "[delete, edit, read, view]"] {
        assert!(said(fine).is_empty(), "{fine}");
    }
}

#[test]
fn a_map_without_the_section_and_a_database_without_the_table_are_refused() {
    let text = "permissions: [{ user_profile: Guests, agent_profiles: [view] }]";
    let without = |map: &str| {
        let (before, rest) = map.split_once("[permissions]").expect("the section");
        let (_, after) = rest.split_once("# What the running").expect("what follows it");
        format!("{before}# What the running{after}")
    };
    for db in Db::both_with(str::to_owned, without) {
        let failure = db.plan(text).expect_err("no section");
        assert_eq!(failure.kind, FailureKind::Invalid, "{failure}");
        assert_eq!(
            problems(&failure),
            [
                "2:31 the schema map has no section `permissions`; add `[permissions]` by hand (docs/seeding.md says \
              how), or leave `permissions` out of the manifest"
            ]
        );
        // Nothing else needs it.
        db.plan("profiles: [{ name: Day }]").expect("a plan");
    }
    let renamed = |schema: &str| schema.replace("user_profile_has_permissions", "rights_of_user_profiles");
    for db in Db::both_with(renamed, str::to_owned) {
        let failure = db.plan(text).expect_err("no table");
        assert_eq!(failure.kind, FailureKind::Refused, "{failure}");
        let evidence = &finding(&failure.findings, "seed.map-mismatch").evidence[0];
        assert!(
            evidence.starts_with("user_profile_has_permissions (permissions): expected a table"),
            "{evidence}"
        );
    }
    for db in Db::both_with(|schema| schema.replace("canDelete", "mayDelete"), str::to_owned) {
        let failure = db.plan(text).expect_err("no column");
        let evidence = &finding(&failure.findings, "seed.map-mismatch").evidence[0];
        assert!(evidence.starts_with("user_profile_has_permissions.canDelete"), "{evidence}");
    }
}

#[test]
fn several_rows_of_one_user_profile_stop_the_plan() {
    let keyless = |schema: &str| {
        schema.replace(
            "updatedAt DATETIME NOT NULL,\n    PRIMARY KEY (UserProfileId, section)",
            "updatedAt DATETIME NOT NULL",
        )
    };
    for db in Db::both_with(keyless, str::to_owned) {
        db.sql(STAFF);
        db.sql(
            "INSERT INTO user_profile_has_permissions (UserProfileId, section, canView, createdAt, updatedAt) \
             VALUES (3, 'agent_profiles', 1, '2020-01-01', '2020-01-01')",
        );
        let planned =
            db.plan("permissions: [{ user_profile: Supervisors, agent_profiles: [view] }]").expect("a plan");
        let stop = finding(&planned.findings, "seed.ambiguous-name");
        assert!(stop.stops() && planned.plan.is_empty());
        assert!(stop.evidence[0].ends_with("User Profile `Supervisors`: 2 rows"), "{:?}", stop.evidence);
        // Without a key the one row of another is found as well.
        db.apply("permissions: [{ user_profile: Managers, agent_profiles: [view] }]");
        assert!(rows(&db).iter().any(|row| row.starts_with("5|agent_profiles|1000|")), "{:?}", rows(&db));
    }
}

#[test]
fn against_an_export_rights_are_refused_because_it_has_none() {
    for db in staffed() {
        let export = exported(&db, "export.yaml", &[]);
        let text = std::fs::read_to_string(&export).expect("an export");
        assert!(!text.contains("permissions"), "{text}");
        let path = file(&db, "m.yaml", "permissions: [{ user_profile: Guests, agent_profiles: [view] }]");
        let answer = against(&path, &export, &["--json"]);
        assert_eq!(answer.code, 65, "{answer:?}");
        let problems = answer.document()["problems"].clone();
        assert_eq!(problems.as_array().map(Vec::len), Some(1), "{problems:#}");
        let message = problems[0]["message"].as_str().unwrap_or_default();
        assert_eq!(message, "an export says nothing of rights, which cannot be planned against it");
    }
}
