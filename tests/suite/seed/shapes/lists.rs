//! Lists of links: what a list adds, changes and removes is of its own kind.

use super::support::{Keys, difference, planned};
use super::{ANY, LINKED, ROWS, linked, staffed};
use crate::seed::access::asked;
use crate::seed::export::{changes_nothing, exact, exported};
use crate::seed::support::shown;
use motionctl::seed::access::State;
use motionctl::seed::snapshot::Unnamed;

/// A list, and what of all links it changes.
const CHANGES: [(&str, &[&str]); 9] = [
    ("profiles: [{ name: Day, queues: { chat: { mode: exact, members: [C2] } } }]", &["- Day|-|chat|C1"]),
    ("profiles: [{ name: Day, queues: { voice: { mode: exact, members: [V2] } } }]", &["- Day|1|voice|V1"]),
    ("profiles: [{ name: Day, queues: { voice: { remove: [V1] } } }]", &["- Day|1|voice|V1"]),
    ("profiles: [{ name: Day, queues: { chat: { remove: [C2] } } }]", &["- Day|-|chat|C2"]),
    (
        "agents: [{ username: ann, personal: { chat: { mode: exact, members: [], allow_empty: true } } }]",
        &["- -|ann|chat|C1", "- -|ann|chat|C2"],
    ),
    (
        "agents: [{ username: ann, personal: { voice: { mode: exact, members: [V1] } } }]",
        &["- -|ann|voice|V2"],
    ),
    ("agents: [{ username: bob, personal: { voice: { remove: [V2] } } }]", &["- -|bob|voice|V2"]),
    ("profiles: [{ name: Day, agents: { remove: [ann] } }]", &["- Day|ann|agents|"]),
    (
        "profiles: [{ name: Day, queues: { voice: { mode: exact, members: [V1, { name: V2, penalty: 7 }] } } }]",
        &["- Day|0|voice|V2", "+ Day|7|voice|V2"],
    ),
];

#[test]
fn only_links_of_its_own_kind_are_touched() {
    for (shape, keys, db) in linked(ANY) {
        for (text, expected) in CHANGES {
            let plan = planned(&db, text, Unnamed::Stay).plan;
            let gone = expected.iter().filter(|line| line.starts_with('-')).count() as u64;
            let is_penalty = expected.iter().any(|line| line.starts_with('+'));
            let total = if is_penalty { 0 } else { gone };
            assert_eq!((plan.rows(), plan.deletions().total()), (gone, total), "{text}");
            db.apply(text);
            let links = shape.links(&db);
            let found = difference(&ROWS.map(str::to_owned), &links);
            assert_eq!(found, expected, "{} {keys:?} {text}", shape.name);
            assert!(planned(&db, text, Unnamed::Stay).plan.is_empty(), "{text}");
            db.apply(LINKED);
            assert_eq!(shape.links(&db), ROWS, "{} {keys:?} back from {text}", shape.name);
        }
    }
}

/// What is unchanged keeps its row, with its key and its times.
#[test]
fn an_unchanged_pair_is_never_written_again() {
    for (shape, keys, db) in linked(ANY) {
        let before = shape.whole(&db);
        db.record_writes();
        let text = "
agents:
  - { username: ann, personal: { voice: { mode: exact, members: [V1, V2] }, chat: [C2] } }
  - { username: bob, personal: { chat: { mode: exact, members: [C1] } } }
profiles:
  - name: Day
    agents: { mode: exact, members: [ann] }
    queues: { voice: { mode: exact, members: [V1, { name: V2, penalty: 4 }] }, chat: { mode: exact, members: [C1, C2] } }
  - { name: Night, queues: { voice: [{ name: V1, penalty: 1 }], chat: { mode: merge, members: [C2] } } }";
        db.apply(text);
        let writes: Vec<String> =
            db.writes().iter().filter_map(|line| line.split(' ').next().map(str::to_owned)).collect();
        assert_eq!(writes, ["delete", "delete", "update"], "{} {keys:?}", shape.name);
        let changed = difference(&before, &shape.whole(&db));
        assert_eq!(changed.len(), 4, "{} {keys:?} {changed:#?}", shape.name);
    }
}

/// Every list is another one, and the ids in all of them are the same.
const SPARSE: &str = "
agents:
  - { username: ann, personal: { chat: [C1] } }
  - { username: bob, personal: { voice: [V2] } }
profiles:
  - { name: Day, agents: [bob], queues: { voice: [{ name: V1, penalty: 3 }] } }
  - { name: Night, agents: [ann], queues: { chat: [C2] } }
";

#[test]
fn a_link_is_read_as_what_it_is_and_nothing_else() {
    for (shape, keys, db) in staffed(ANY) {
        db.apply(SPARSE);
        let expected = [
            "-|ann|chat|C1", "-|bob|voice|V2", "Day|3|voice|V1", "Day|bob|agents|", "Night|-|chat|C2",
            "Night|ann|agents|",
        ];
        assert_eq!(shape.links(&db), expected, "{} {keys:?}", shape.name);
        let expected =
            ["ann: Personal → C1", "ann: Night → C2, C1", "bob: Personal → V2", "bob: Day → V1, V2"];
        assert_eq!(asked(&db, &[], State::Present), expected, "{} {keys:?}", shape.name);
        let text = exported(&db, &exact());
        // Of two profiles and two agents in each channel, but for the four that have something.
        let channels = db.map.links.len() - 1;
        assert_eq!(text.matches("members: []").count(), 2 * channels - 4, "{} {keys:?} {text}", shape.name);
        changes_nothing(&db, &text);
        // What another channel or another owner has is no reason to leave a link out.
        let plan = planned(&db, LINKED, Unnamed::Stay);
        assert_eq!((plan.plan.rows(), plan.plan.deletions().total()), (15, 0), "{:#?}", shown(&plan));
        db.apply(LINKED);
        assert_eq!(shape.links(&db), ROWS, "{} {keys:?}", shape.name);
        db.apply(&text);
        assert_eq!(exported(&db, &exact()), text, "{} {keys:?}", shape.name);
        let left = shape.links(&db);
        assert_eq!(left.len(), 6, "{} {keys:?} {left:#?}", shape.name);
    }
}

/// What only a person can say of a new row, and what tells it from others.
#[test]
fn a_new_row_holds_what_the_map_says_besides() {
    for (shape, _, db) in linked(&[Keys::Given]) {
        let [users, profiles, voice, chat] = shape.named;
        for table in [users, profiles, voice, chat] {
            let ids = db.rows(&format!("SELECT id FROM {table} ORDER BY id"));
            assert_eq!(ids, ["1", "2"], "{table}: every id must be another's, too");
        }
        if shape.fixed.is_empty() {
            continue;
        }
        let made = "SELECT UserId, QueueId, queue_type, addedBy FROM agent_queues ORDER BY queue_type, UserId, QueueId";
        let expected = ["chat", "voice"].map(|what| {
            [(1, 1), (1, 2), (2, 1), (2, 2)].map(|(agent, queue)| format!("{agent}|{queue}|{what}|seed"))
        });
        assert_eq!(db.rows(made), expected.concat(), "{}", shape.name);
    }
}
