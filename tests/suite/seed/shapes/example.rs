//! The document's example, from a map that discovery proposed to what an agent is offered.

use super::support::{DISCRIMINATOR, Keys, ONE_TABLE, Shape, planned};
use crate::seed::access::asked;
use crate::seed::export::{changes_nothing, everything, exact, exported};
use crate::seed::support::{Db, EXAMPLE, codes, manifest, shown};
use motionctl::seed::access::State;
use motionctl::seed::list::ListedProfile;
use motionctl::seed::snapshot::Unnamed;

/// The shapes that have all of the example's tables.
fn empty() -> impl Iterator<Item = (&'static Shape, Keys, [Db; 2])> {
    [
        (&DISCRIMINATOR, Keys::Given),
        (&DISCRIMINATOR, Keys::None),
        (&ONE_TABLE, Keys::Given),
        (&ONE_TABLE, Keys::None),
    ]
    .into_iter()
    .map(|(shape, keys)| (shape, keys, shape.databases(keys)))
}

const LINKS: [&str; 7] = [
    "-|agent1|chat|Support",
    "Profile 1|-|mail|Assistance",
    "Profile 1|0|voice|Talk Now",
    "Profile 1|agent1|agents|",
    "Profile 2|-|chat|Medical",
    "Profile 2|0|voice|Tech Hour",
    "Profile 2|agent1|agents|",
];

const OFFERED: [&str; 3] = [
    "agent1: Personal → Support",
    "agent1: Profile 1 → Talk Now, Assistance, Support",
    "agent1: Profile 2 → Tech Hour, Medical, Support",
];

#[test]
fn it_is_planned_applied_offered_and_listed() {
    for (shape, keys, both) in empty() {
        for db in both {
            let example = manifest(EXAMPLE);
            let plan = planned(&db, EXAMPLE, Unnamed::Stay);
            assert_eq!(codes(&plan.findings), [""; 0], "{:?}", plan.findings);
            assert_eq!(
                shown(&plan)[8..],
                [
                    "+ agents Profile 1 agent1",
                    "+ agents Profile 2 agent1",
                    "+ voice queues Profile 1 Talk Now (penalty 0, default)",
                    "+ voice queues Profile 2 Tech Hour (penalty 0, default)",
                    "+ chat queues Profile 2 Medical",
                    "+ mail queues Profile 1 Assistance",
                    "+ personal chat queues agent1 Support",
                ]
            );
            assert_eq!(asked(&db, &[], State::After(&example)), OFFERED);
            assert_eq!(db.apply(EXAMPLE).rows, 15);
            assert_eq!(shape.links(&db), LINKS, "{} {keys:?}", shape.name);
            assert_eq!(asked(&db, &["agent1"], State::Present), OFFERED);
            let profiles = db.session().list().expect("a list").profiles;
            let line = |profile: &ListedProfile| {
                format!("{} {:?} {:?}", profile.name, profile.agents, profile.queues)
            };
            assert_eq!(
                profiles.iter().map(line).collect::<Vec<_>>(),
                [
                    r#"Profile 1 ["agent1"] {Voice: [("Talk Now", [Some(0)])], Mail: [("Assistance", [None])]}"#,
                    r#"Profile 2 ["agent1"] {Voice: [("Tech Hour", [Some(0)])], Chat: [("Medical", [None])]}"#,
                ]
            );
            db.record_writes();
            assert!(planned(&db, EXAMPLE, Unnamed::Go).plan.is_empty());
            assert_eq!(db.apply(EXAMPLE).rows, 0);
            assert_eq!(db.writes(), [""; 0]);
        }
    }
}

#[test]
fn it_is_exported_and_fills_an_empty_database() {
    for (shape, keys, both) in empty() {
        for (db, second) in both.into_iter().zip(shape.databases(keys)) {
            db.apply(EXAMPLE);
            let text = exported(&db, &everything());
            assert!(!text.contains("# -"), "something is left out of\n{text}");
            changes_nothing(&db, &text);
            second.apply(&text);
            assert_eq!(shape.links(&second), LINKS, "{} {keys:?}", shape.name);
            for request in [everything(), exact()] {
                let text = exported(&db, &request);
                changes_nothing(&db, &text);
                changes_nothing(&second, &text);
                assert_eq!(exported(&second, &request), text, "{} {keys:?}", shape.name);
            }
        }
    }
}
