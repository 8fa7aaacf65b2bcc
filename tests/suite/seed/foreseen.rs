//! Rules of the database itself: what a CHECK constraint refuses is said with its place, before anything is written.
//!
//! Invariant: what is refused here is what the server would refuse, by its own comparisons.

use super::support::{Db, codes, finding, problems, shown};
use motionctl::outcome::FailureKind;

const RULES: &str = "
    ALTER TABLE voice_queues ADD CONSTRAINT short CHECK (CHAR_LENGTH(name) <= 12 AND name <> 'it''s');
    ALTER TABLE voice_queues ADD CONSTRAINT known CHECK (strategy IN ('rrmemory', 'ringall'));
    ALTER TABLE users ADD CONSTRAINT four CHECK (internal BETWEEN 1000 AND 9999);
    ALTER TABLE users ADD CONSTRAINT mail CHECK (email IS NULL OR email LIKE '%@%');
    ALTER TABLE agent_profile_has_voice_queues ADD CONSTRAINT small CHECK (penalty BETWEEN 0 AND 10);
    ALTER TABLE agent_profiles ADD CONSTRAINT day CHECK (name <> 'day' OR description IS NOT NULL)";

#[test]
fn what_a_rule_refuses_is_said_with_its_place() {
    let db = Db::on_server();
    RULES.split(';').for_each(|rule| db.sql(rule));
    let failure = db
        .plan(
            "queues:\n  voice:\n  - { name: Far too long a name, strategy: rrmemory, type: inbound }\n  \
             - { name: \"it's\", strategy: random, type: inbound }\n  - { name: Fine, strategy: ringall, type: inbound }\n\
             agents:\n- { username: a1, fullname: A One, internal: \"55\", email: nomail }\n\
             - { username: a2, fullname: A Two, internal: \"1055\" }\nprofiles:\n\
             - { name: DAY, agents: [a2], queues: { voice: [{ name: Fine, penalty: 11 }] } }\n\
             - { name: Night, queues: { voice: [{ name: Fine, penalty: 10 }] } }",
        )
        .expect_err("rules");
    assert_eq!(failure.kind, FailureKind::Invalid, "{failure}");
    let found: Vec<String> = problems(&failure)
        .iter()
        .map(|line| line.split(" of the table").next().unwrap_or(line).to_owned())
        .collect();
    assert_eq!(
        found,
        [
            "4:13 the new voice queue `Far too long a name` is refused by the rule short",
            "5:13 the new voice queue `it's` is refused by the rule known",
            "5:13 the new voice queue `it's` is refused by the rule short",
            "8:15 the new agent `a1` is refused by the rule four",
            "8:15 the new agent `a1` is refused by the rule mail",
            // Under the column's collation it is the name that the rule means.
            "11:11 the new profile `DAY` is refused by the rule day",
            "11:56 the penalty 11 is refused by the rule small",
        ]
    );
    assert_eq!(db.rows("SELECT name FROM voice_queues UNION ALL SELECT name FROM users"), [""; 0]);
}

#[test]
fn what_no_rule_refuses_is_written_and_a_change_is_held_against_the_rest_of_its_row() {
    let db = Db::on_server();
    RULES.split(';').for_each(|rule| db.sql(rule));
    db.apply(
        "queues: { voice: [{ name: Fine, strategy: ringall, type: inbound }] }\n\
         agents: [{ username: a1, fullname: A One, internal: \"1055\", email: a@example.test }]\n\
         profiles: [{ name: Day, description: Light, agents: [a1], queues: { voice: [{ name: Fine, penalty: 3 }] } }]",
    );
    let refused = |text: &str, expect: &str| {
        let failure = db.plan(text).expect_err("a rule");
        let found = problems(&failure);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(expect), "{found:?}");
    };
    refused(
        "profiles: [{ name: Day, description: null }]",
        "the change of the profile `Day` is refused by the rule day",
    );
    refused(
        "agents: [{ username: a1, email: nobody }]",
        "the change of the agent `a1` is refused by the rule mail",
    );
    refused(
        "profiles: [{ name: Day, queues: { voice: [{ name: Fine, penalty: 12 }] } }]",
        "the penalty 12 is refused by the rule small",
    );
    let fine =
        "profiles: [{ name: Day, description: Other, queues: { voice: [{ name: Fine, penalty: 0 }] } }]";
    assert_eq!(shown(&db.plan(fine).expect("a plan")).len(), 2);
    db.apply(fine);
}

/// More rows than one question is about, and a rule about two columns.
#[test]
fn every_row_is_asked_about() {
    let db = Db::on_server();
    db.sql("ALTER TABLE users ADD CONSTRAINT own CHECK (fullname <> name AND internal <> 2077)");
    let mut text = "agents:\n".to_owned();
    for number in 0..130 {
        text.push_str(&format!(
            "- {{ username: a{number}, fullname: A {number}, internal: \"{}\" }}\n",
            2_000 + number
        ));
    }
    let failure = db.plan(&text).expect_err("a rule");
    let found = problems(&failure);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("80:15 the new agent `a77` is refused by the rule own"), "{found:?}");
    db.apply(&text.replace("2077", "3077"));
}

/// A rule about what only the server fills in is the server's to judge; that is said and refuses nothing.
#[test]
fn a_rule_that_cannot_be_asked_about_is_said() {
    let db = Db::on_server();
    db.sql(
        "ALTER TABLE agent_profiles ADD CONSTRAINT late CHECK (name <> 'Day' OR createdAt > '2000-01-01')",
    );
    let planned = db.plan("profiles: [{ name: Day }]").expect("a plan");
    let found = finding(&planned.findings, "seed.check-unknown");
    assert_eq!(found.evidence, ["late of agent_profiles: it is about values that the server fills in"]);
    assert!(!found.stops());
    db.apply("profiles: [{ name: Day }]");
    // A row that is there has its times.
    let planned = db.plan("profiles: [{ name: Day, enabled: false }]").expect("a plan");
    assert!(!codes(&planned.findings).iter().any(|code| code.contains("check-unknown")), "{planned:?}");
}

/// A user who may only read sees the rules, too.
#[test]
fn with_select_alone_rules_are_seen() {
    let db = Db::on_server();
    db.sql("ALTER TABLE agent_profiles ADD CONSTRAINT late CHECK (name <> 'Day')");
    let (user, _) = db.user("SELECT");
    let wanted = super::support::manifest("profiles: [{ name: Day }]");
    let failure =
        db.session_of(&user).plan(&wanted, motionctl::seed::snapshot::Unnamed::Stay).expect_err("a rule");
    assert!(problems(&failure)[0].contains("the rule late of the table agent_profiles"), "{failure:?}");
}
