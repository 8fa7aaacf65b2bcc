//! `move`: agents who go from one profile to another.

use super::access::asked;
use super::commands::{file, seed};
use super::support::{Db, codes, finding, manifest, problems, shown};
use motionctl::seed::access::State;
use motionctl::seed::plan::Deletions;
use serde_json::json;

const STAFF: &str = "
queues:
  voice: [{ name: V1, strategy: ringall, type: inbound }]
agents:
  - { username: ann, fullname: Ann A, internal: '1' }
  - { username: bob, fullname: Bob B, internal: '2' }
  - { username: cid, fullname: Cid C, internal: '3' }
profiles:
  - { name: Day, agents: [ann, bob], queues: { voice: [V1] } }
  - { name: Night, agents: [bob, cid], queues: { voice: [V1] } }
";
const MOVE: &str = "move: [{ from: Day, to: Night, agents: [ann] }]";

/// Who is in which profile.
fn members(db: &Db) -> Vec<String> {
    db.rows(
        "SELECT p.name, u.name FROM agent_profile_has_users l JOIN agent_profiles p ON p.id = l.AgentProfileId \
         JOIN users u ON u.id = l.UserId ORDER BY p.name, u.name",
    )
}

#[test]
fn a_move_is_one_delete_and_one_insert_and_then_nothing() {
    for db in Db::staffed(STAFF) {
        let planned = db.plan(MOVE).expect("a plan");
        assert_eq!(
            shown(&planned),
            ["- agents Day ann (moves to Night)", "+ agents Night ann (moves from Day)"]
        );
        assert_eq!(planned.plan.deletions(), Deletions { moved: 1, ..Deletions::default() });
        assert_eq!(planned.plan.rows(), 2);
        db.apply(MOVE);
        assert_eq!(members(&db), ["Day|bob", "Night|ann", "Night|bob", "Night|cid"]);
        let again = db.plan(MOVE).expect("a plan");
        assert!(again.plan.is_empty() && again.findings.is_empty(), "{:?}", again.findings);
    }
}

#[test]
fn who_is_in_both_leaves_one_and_who_is_in_neither_is_an_error() {
    for db in Db::staffed(STAFF) {
        let both = "move: [{ from: Day, to: Night, agents: [bob] }]";
        assert_eq!(shown(&db.plan(both).expect("a plan")), ["- agents Day bob (moves to Night)"]);
        let neither = "move:\n  - { from: Day, to: Night, agents: [cid] }\n  - { from: Night, to: Day, agents: [cid, ann] }\n";
        let failure = db.plan("agents: [{ username: dan, fullname: D D, internal: '4' }]\nprofiles: [{ name: New }]\nmove: [{ from: Day, to: New, agents: [cid, dan] }]").expect_err("in neither");
        assert_eq!(failure.kind.exit_code(), 65);
        assert_eq!(
            problems(&failure),
            [
                "4:39 `cid` is neither in `Day` nor in `New`; to add the agent, name it under `agents` of `New`",
                "4:44 `dan` is neither in `Day` nor in `New`; to add the agent, name it under `agents` of `New`",
            ]
        );
        // Two moves of one agent and the same profiles are a swap, which only a person can mean in one order.
        assert!(
            motionctl::seed::manifest::validate(format!("version: 1\n{neither}").as_bytes(), "m")
                .manifest
                .is_none()
        );
    }
}

#[test]
fn names_that_mean_nothing_are_all_said_with_what_was_meant() {
    for db in Db::staffed(STAFF) {
        let failure = db.plan("move: [{ from: Dya, to: Nihgt, agents: [anm, bob] }]").expect_err("unknown");
        assert_eq!(failure.kind.exit_code(), 65);
        let problems = problems(&failure);
        assert_eq!(problems.len(), 3, "{problems:#?}");
        for (problem, meant) in problems.iter().zip(["Day", "Night", "ann"]) {
            assert!(problem.contains(&format!("did you mean `{meant}`?")), "{problem}");
        }
    }
}

#[test]
fn what_a_list_says_under_another_spelling_is_a_conflict_too() {
    for db in Db::staffed(STAFF) {
        for other in [
            "profiles: [{ name: DAY, agents: [ANN] }]",
            "profiles: [{ name: DAY, agents: { mode: exact, members: [bob] } }]",
            "profiles: [{ name: NIGHT, agents: { remove: [Ann] } }]",
            "profiles: [{ name: night, agents: { mode: exact, members: [ann] } }]",
        ] {
            let failure = db.plan(&format!("{other}\n{MOVE}")).expect_err(other);
            assert_eq!(failure.kind.exit_code(), 65);
            assert!(problems(&failure)[0].contains("`ann` is moved, and "), "{failure:?}");
        }
        let chain = "move:\n  - { from: Day, to: Night, agents: [ann] }\n  - { from: NIGHT, to: New, agents: [ANN] }\nprofiles: [{ name: New }]";
        let failure = db.plan(chain).expect_err("a chain");
        assert!(problems(&failure)[0].starts_with("4:38 `ANN` is moved"), "{failure:?}");
        let itself = db.plan("move: [{ from: Day, to: DAY, agents: [ann] }]").expect_err("to itself");
        assert!(problems(&itself)[0].contains("`Day` to itself"), "{itself:?}");
        // What agrees is no conflict.
        let agreeing = format!("profiles: [{{ name: Night, agents: [ann] }}]\n{MOVE}");
        assert_eq!(db.plan(&agreeing).expect("a plan").plan.rows(), 2);
    }
}

#[test]
fn agents_move_to_a_new_profile_and_out_of_one_that_goes() {
    for db in Db::staffed(STAFF) {
        let text = "profiles:\n  - { name: Late, queues: { voice: [V1] } }\n  - { name: Day, absent: true }\n\
                    move: [{ from: Day, to: Late, agents: [ann, bob] }]";
        let planned = db.plan(text).expect("a plan");
        // The links of a profile that goes are counted with it.
        let expect = Deletions { absent: 1, dependent: 3, ..Deletions::default() };
        assert_eq!(planned.plan.deletions(), expect, "{:?}", shown(&planned));
        db.apply(text);
        assert_eq!(members(&db), ["Late|ann", "Late|bob", "Night|bob", "Night|cid"]);
        assert!(db.plan(text).expect("a plan").plan.is_empty(), "the profile is gone, and they have moved");
    }
}

#[test]
fn a_renamed_profile_is_moved_from_and_to_by_its_new_name() {
    for db in Db::staffed(STAFF) {
        let text = "profiles: [{ name: Late, previous_name: Night }]\nmove: [{ from: Day, to: Late, agents: [ann] }]";
        let planned = db.plan(text).expect("a plan");
        assert!(
            shown(&planned).contains(&"- agents Day ann (moves to Late)".to_owned()),
            "{:?}",
            shown(&planned)
        );
        db.apply(text);
        assert_eq!(members(&db), ["Day|bob", "Late|ann", "Late|bob", "Late|cid"]);
        assert!(db.plan(text).expect("a plan").plan.is_empty());
    }
}

/// A move names its profiles, so that they are not deleted for not being named.
#[test]
fn pruning_spares_the_profiles_of_a_move() {
    for db in Db::staffed(STAFF) {
        db.apply("profiles: [{ name: Gone }]");
        let planned = db.plan_and_prune(MOVE).expect("a plan");
        let gone: Vec<_> = planned.plan.delete.iter().map(|delete| &*delete.name).collect();
        assert_eq!(gone, ["Gone"]);
    }
}

#[test]
fn a_move_needs_a_number_and_no_prune() {
    for db in Db::staffed(STAFF) {
        let path = file(&db, "move.yaml", MOVE);
        let refused = seed(&db, "apply", &path, &["--yes"]);
        assert_eq!(refused.code, 3, "{refused:?}");
        assert!(refused.stdout.contains("to allow: --max-delete 1"), "{}", refused.stdout);
        let refused = seed(&db, "apply", &path, &["--yes", "--max-delete", "0"]);
        assert_eq!(refused.code, 3, "{refused:?}");
        let applied = seed(&db, "apply", &path, &["--yes", "--max-delete", "1", "--json"]);
        assert_eq!(applied.code, 0, "{applied:?}");
        let changes = applied.document()["changes"].clone();
        assert_eq!(changes[0]["moved"], json!([{ "name": "ann", "to": "Night" }]));
        assert_eq!((&changes[0]["action"], &changes[1]["action"]), (&json!("unlink"), &json!("link")));
        let again = seed(&db, "apply", &path, &["--yes"]);
        assert_eq!(again.code, 0, "{again:?}");
        // A removal beside it needs its own word.
        let more = file(
            &db,
            "more.yaml",
            "profiles: [{ name: Night, agents: { remove: [cid] } }]\nmove: [{ from: Night, to: Day, agents: [ann] }]",
        );
        let refused = seed(&db, "apply", &more, &["--yes", "--max-delete", "2"]);
        assert_eq!(refused.code, 3, "{refused:?}");
        assert!(refused.stdout.contains("--prune memberships --max-delete 2"), "{}", refused.stdout);
    }
}

#[test]
fn a_saved_plan_of_a_move_is_applied_and_is_stale_once_somebody_else_moved_the_agent() {
    for db in Db::staffed(STAFF) {
        let path = file(&db, "move.yaml", MOVE);
        let out = db.folder().join("plan.json");
        let saved = ["--out", out.to_str().expect("text"), "--max-delete", "1"];
        assert_eq!(seed(&db, "plan", &path, &saved).code, 0);
        db.sql("DELETE FROM agent_profile_has_users");
        assert_eq!(seed(&db, "apply", &out, &["--yes"]).code, 65, "the agent is in neither by now");
    }
    for db in Db::staffed(STAFF) {
        let path = file(&db, "move.yaml", MOVE);
        let out = db.folder().join("plan.json");
        let saved = ["--out", out.to_str().expect("text"), "--max-delete", "1"];
        assert_eq!(seed(&db, "plan", &path, &saved).code, 0);
        assert_eq!(seed(&db, "apply", &out, &["--yes"]).code, 0);
        assert_eq!(members(&db), ["Day|bob", "Night|ann", "Night|bob", "Night|cid"]);
        assert_eq!(seed(&db, "apply", &out, &["--yes"]).code, 3, "it is stale");
    }
}

#[test]
fn access_answers_as_if_the_agent_had_moved() {
    for db in Db::staffed(STAFF) {
        let moved = manifest(MOVE);
        let found = asked(&db, &["ann"], State::After(&moved));
        assert_eq!(found, ["ann: Personal → ", "ann: Night → V1"]);
        assert_eq!(members(&db).len(), 4, "nothing is written");
    }
}

#[test]
fn a_profile_that_everybody_leaves_is_said() {
    for db in Db::staffed(STAFF) {
        let planned = db.plan("move: [{ from: Day, to: Night, agents: [ann, bob] }]").expect("a plan");
        assert_eq!(codes(&planned.findings), ["warn seed.profile-without-agents"]);
        assert_eq!(finding(&planned.findings, "seed.profile-without-agents").evidence, ["Day"]);
    }
}

#[test]
fn what_contradicts_a_move_in_another_spelling_is_named_with_its_line() {
    let check = |db: &Db, text: &str, expect: &str| {
        let failure = db.plan(text).expect_err(text);
        assert!(problems(&failure)[0].contains(expect), "{text}\n{:?}", problems(&failure));
    };
    for db in Db::staffed(STAFF) {
        check(
            &db,
            "move: [{ from: Day, to: DAY, agents: [ann] }]",
            "agents cannot move from `Day` to itself: to the database it is `DAY`",
        );
        check(
            &db,
            "move: [{ from: Day, to: Night, agents: [ann, ANN] }]",
            "`ANN` is named twice in one move: to the database it is `ann` of line 2",
        );
        check(
            &db,
            "profiles: [{ name: day, agents: { mode: exact, members: [bob] } }]\nmove: [{ from: Day, to: Night, agents: [ann] }]",
            "`ann` is moved, and the list of agents of `day` in line 2 is exact",
        );
        check(
            &db,
            "profiles: [{ name: NIGHT, agents: { remove: [Ann] } }]\nmove: [{ from: Day, to: Night, agents: [ann] }]",
            "`ann` is moved, and is removed from `NIGHT` in line 2",
        );
    }
}
