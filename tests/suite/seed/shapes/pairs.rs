//! Links without a key of their own, where the same pair may be there twice.

use super::support::{Keys, Shape, difference, planned};
use super::{ROWS, linked};
use crate::seed::access::asked;
use crate::seed::export::{changes_nothing, exact, exported};
use crate::seed::support::{Db, shown};
use motionctl::seed::access::State;
use motionctl::seed::snapshot::Unnamed;

/// Every shape without keys, with every row of links twice.
fn doubled() -> impl Iterator<Item = (&'static Shape, Db)> {
    linked(&[Keys::None]).map(|(shape, _, db)| {
        for table in shape.tables {
            db.sql(&format!("INSERT INTO {table} SELECT * FROM {table}"));
        }
        assert_eq!(shape.links(&db).len(), 2 * ROWS.len());
        (shape, db)
    })
}

/// Rows that are there twice, by what they are.
fn twice(lines: &[&str]) -> Vec<String> {
    lines.iter().flat_map(|line| [(*line).to_owned(), (*line).to_owned()]).collect()
}

#[test]
fn a_pair_that_is_there_twice_is_one_membership() {
    for (shape, db) in doubled() {
        let offered = asked(&db, &["ann"], State::Present);
        assert_eq!(offered[0], "ann: Personal → V1, V2, C1, C2", "{}", shape.name);
        let listed = db.session().list().expect("a list").profiles;
        assert_eq!(listed[0].agents.len(), 2, "{}", shape.name);
        let text = exported(&db, &exact());
        assert_eq!(text.matches("V1").count(), 5, "{text}");
        changes_nothing(&db, &text);
        db.record_writes();
        db.apply(&text);
        assert_eq!(db.writes(), [""; 0], "{}", shape.name);
    }
}

#[test]
fn both_rows_of_a_pair_go() {
    for (shape, db) in doubled() {
        let before = shape.links(&db);
        let text = "
agents: [{ username: ann, personal: { voice: { remove: [V1] }, chat: { mode: exact, members: [C2] } } }]
profiles: [{ name: Night, agents: { remove: [bob] }, queues: { voice: { remove: [V2] }, chat: { remove: [C2] } } }]";
        let plan = planned(&db, text, Unnamed::Stay).plan;
        assert_eq!(plan.deletions().total(), 10, "{}", shape.name);
        db.apply(text);
        let gone = [
            "- -|ann|chat|C1", "- -|ann|voice|V1", "- Night|-|chat|C2", "- Night|0|voice|V2",
            "- Night|bob|agents|",
        ];
        assert_eq!(difference(&before, &shape.links(&db)), twice(&gone), "{}", shape.name);
        let day = "profiles: [{ name: Day, absent: true }]";
        assert_eq!(planned(&db, day, Unnamed::Stay).plan.deletions().dependent, 12);
        db.apply(day);
        assert!(!shape.links(&db).iter().any(|line| line.starts_with("Day")), "{}", shape.name);
    }
}

#[test]
fn both_rows_of_a_pair_get_the_penalty() {
    for (shape, db) in doubled() {
        let before = shape.links(&db);
        let text = "profiles: [{ name: Day, queues: { voice: [{ name: V1, penalty: 6 }] } }]";
        db.apply(text);
        let found = difference(&before, &shape.links(&db));
        let gone = twice(&["- Day|1|voice|V1"]);
        assert_eq!(found, [gone, twice(&["+ Day|6|voice|V1"])].concat(), "{}", shape.name);
        assert!(planned(&db, text, Unnamed::Stay).plan.is_empty());
    }
}

/// One row of a pair has the penalty already, and cannot be told from the other by its ends.
#[test]
fn rows_of_a_pair_may_differ_in_their_penalty() {
    for (shape, db) in doubled() {
        let table = shape.voice;
        let row = db.rows(&format!("SELECT COUNT(*) FROM {table} WHERE penalty = 1"));
        assert_eq!(row, ["4"], "{}", shape.name);
        // A third row of each pair, with another penalty.
        let copy = format!(
            "CREATE TABLE other AS SELECT DISTINCT * FROM {table} WHERE penalty = 1; UPDATE other SET penalty = 8; \
             INSERT INTO {table} SELECT * FROM other; DROP TABLE other"
        );
        db.sql(&copy);
        let before = shape.links(&db);
        let text = "profiles: [{ name: Day, queues: { voice: [{ name: V1, penalty: 8 }] } }]";
        let plan = planned(&db, text, Unnamed::Stay);
        assert_eq!(plan.plan.rows(), 2, "{} {:?}", shape.name, shown(&plan));
        db.apply(text);
        let found = difference(&before, &shape.links(&db));
        let gone = twice(&["- Day|1|voice|V1"]);
        assert_eq!(found, [gone, twice(&["+ Day|8|voice|V1"])].concat(), "{}", shape.name);
    }
}
