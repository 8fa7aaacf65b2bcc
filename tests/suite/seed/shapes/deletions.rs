//! Profiles that go, from tables that hold the links of others as well.

use super::support::{Keys, Shape, planned};
use super::{ANY, ROWS, linked};
use crate::seed::support::{Db, codes, shown};
use motionctl::seed::plan::Deletions;
use motionctl::seed::snapshot::Unnamed;

/// What is left of all links without those of a profile.
fn without(profile: &str) -> Vec<&'static str> {
    ROWS.into_iter().filter(|line| !line.starts_with(profile)).collect()
}

#[test]
fn its_links_go_one_by_one_and_first() {
    for (shape, keys, db) in linked(ANY) {
        let text = "profiles: [{ name: Day, absent: true }]";
        let plan = planned(&db, text, Unnamed::Stay);
        assert_eq!(
            shown(&plan),
            [
                "- profile Day absent: true", "- agents Day ann, bob", "- voice queues Day V1, V2",
                "- chat queues Day C1, C2",
            ]
        );
        let kept = "warn seed.queue-becomes-personal".to_owned();
        // One of the maps does not say where sessions are.
        let unknown = "stop seed.profile-maybe-in-use".to_owned();
        let codes = codes(&plan.findings);
        assert!(codes == [kept.clone()] || codes == [unknown, kept], "{} {keys:?} {codes:?}", shape.name);
        let expect = Deletions {
            memberships: 0,
            moved: 0,
            absent: 1,
            unnamed: 0,
            dependent: 6,
            undone: 0,
            revoked: 0,
        };
        assert_eq!(plan.plan.deletions(), expect, "{} {keys:?}", shape.name);
        db.record_writes();
        assert_eq!(db.apply(text).rows, 7);
        let writes = db.writes();
        let (last, links) = writes.split_last().expect("writes");
        assert_eq!(links.len(), 6, "{} {keys:?} {writes:?}", shape.name);
        assert!(links.iter().all(|write| write.starts_with("delete")), "{writes:?}");
        let verb = if shape.name == "one-table" { "update" } else { "delete" };
        assert!(last.starts_with(verb), "{} {keys:?} {last}", shape.name);
        check(shape, keys, &db);
        assert!(planned(&db, text, Unnamed::Stay).plan.is_empty());
    }
}

#[test]
fn pruning_leaves_the_rows_of_others() {
    for (shape, keys, db) in linked(ANY) {
        let text = "profiles: [{ name: Night }]";
        assert!(planned(&db, text, Unnamed::Stay).plan.is_empty());
        let plan = planned(&db, text, Unnamed::Go);
        let expect = Deletions {
            memberships: 0,
            moved: 0,
            absent: 0,
            unnamed: 1,
            dependent: 6,
            undone: 0,
            revoked: 0,
        };
        assert_eq!(plan.plan.deletions(), expect, "{} {keys:?}", shape.name);
        db.try_apply(text, Unnamed::Go).expect("applied");
        check(shape, keys, &db);
        assert!(planned(&db, text, Unnamed::Go).plan.is_empty());
    }
}

fn check(shape: &Shape, keys: Keys, db: &Db) {
    assert_eq!(shape.links(db), without("Day"), "{} {keys:?}", shape.name);
    let profiles = db.rows(shape.model.profiles);
    assert_eq!(profiles, ["Night|1"], "{} {keys:?}", shape.name);
}
