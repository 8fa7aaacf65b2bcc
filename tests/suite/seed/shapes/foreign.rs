//! Rows that share a table with links and are none that the map knows.

use super::support::{difference, planned};
use super::{ANY, LINKED, ROWS, linked};
use crate::seed::access::asked;
use crate::seed::export::{changes_nothing, everything, exact, exported};
use motionctl::seed::access::State;
use motionctl::seed::plan::Deletions;
use motionctl::seed::snapshot::Unnamed;

const EMPTY: &str = "
agents:
  - { username: ann, personal: { voice: { mode: exact, members: [], allow_empty: true }, chat: { mode: exact, members: [], allow_empty: true } } }
profiles:
  - name: Day
    agents: { mode: exact, members: [], allow_empty: true }
    queues: { voice: { mode: exact, members: [], allow_empty: true }, chat: { mode: exact, members: [], allow_empty: true } }";

#[test]
fn they_are_neither_read_nor_counted() {
    for (shape, keys, db) in linked(ANY) {
        let texts = [everything(), exact()].map(|request| exported(&db, &request));
        let offered = asked(&db, &[], State::Present);
        let listed = db.session().list().expect("a list").profiles;
        db.sql(shape.foreign);
        db.sql(shape.foreign_of_profile);
        assert_eq!(asked(&db, &[], State::Present), offered, "{} {keys:?}", shape.name);
        assert_eq!(db.session().list().expect("a list").profiles, listed, "{} {keys:?}", shape.name);
        for (request, text) in [everything(), exact()].into_iter().zip(texts) {
            assert_eq!(exported(&db, &request), text, "{} {keys:?}", shape.name);
            changes_nothing(&db, &text);
        }
        let expect = Deletions {
            memberships: 10,
            moved: 0,
            absent: 0,
            unnamed: 0,
            dependent: 0,
            undone: 0,
            revoked: 0,
        };
        assert_eq!(planned(&db, EMPTY, Unnamed::Stay).plan.deletions(), expect, "{} {keys:?}", shape.name);
    }
}

#[test]
fn they_stay_as_they_are() {
    for (shape, keys, db) in linked(ANY) {
        let known = shape.whole(&db);
        db.sql(shape.foreign);
        db.sql(shape.foreign_of_profile);
        let foreign = difference(&known, &shape.whole(&db));
        assert_eq!(foreign.len(), shape.foreign_rows, "{} {foreign:?}", shape.name);
        let heavy = "profiles: [{ name: Day, queues: { voice: [{ name: V1, penalty: 9 }, { name: V2, penalty: 9 }] } }]";
        for text in [heavy, EMPTY, LINKED] {
            let before = shape.whole(&db);
            db.apply(text);
            let gone = difference(&before, &shape.whole(&db));
            for line in &foreign {
                let line = line.replacen('+', "-", 1);
                assert!(!gone.contains(&line), "{} {keys:?} {text}: {line}", shape.name);
            }
        }
        let links = difference(&ROWS.map(str::to_owned), &shape.links(&db));
        assert!(links.iter().all(|line| line.starts_with('+')), "{} {keys:?} {links:?}", shape.name);
        assert_eq!(shape.whole(&db).len(), ROWS.len() + shape.foreign_rows, "{} {keys:?}", shape.name);
    }
}

/// The database may delete them with the profile, or refuse it; the map has no word for them.
#[test]
fn a_profile_that_they_refer_to_is_not_deleted() {
    for (shape, keys, db) in linked(ANY) {
        db.sql(shape.foreign);
        let stops = |text: &str, unnamed: Unnamed| {
            let findings = planned(&db, text, unnamed).findings;
            let found =
                findings.into_iter().filter(|finding| finding.code.name() == "seed.outside-reference");
            found
                .inspect(|finding| assert!(finding.stops()))
                .flat_map(|stop| stop.evidence)
                .collect::<Vec<_>>()
        };
        let day = "profiles: [{ name: Day, absent: true }]";
        assert_eq!(stops(day, Unnamed::Stay), [""; 0], "{} {keys:?}", shape.name);
        db.sql(shape.foreign_of_profile);
        let expected = match shape.name {
            "discriminator" => vec!["2 rows of agent_profile_queues.AgentProfileId"],
            "one-table" => vec![
                "1 row of user_has_chat_queues.AgentProfileId",
                "1 row of user_has_voice_queues.AgentProfileId",
            ],
            "queue-columns" => vec!["3 rows of user_has_queues.AgentProfileId"],
            // Nothing says that these columns refer to anything.
            _ => Vec::new(),
        };
        for (text, unnamed) in [(day, Unnamed::Stay), ("profiles: [{ name: Night }]", Unnamed::Go)] {
            let found = stops(text, unnamed);
            let found: Vec<&str> = found.iter().filter_map(|line| line.split(" refer").next()).collect();
            assert_eq!(found, expected, "{} {keys:?}", shape.name);
        }
        assert_eq!(stops("profiles: [{ name: Night, absent: true }]", Unnamed::Stay), [""; 0]);
        assert_eq!(stops(EMPTY, Unnamed::Stay), [""; 0], "links alone may go");
    }
}
