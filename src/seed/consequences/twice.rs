//! Links that stand in two rows or more.
//!
//! Invariant: pure; what was read for a plan is looked at, also where nothing is planned. Which of the rows Motion goes by
//! is not known.

use super::few;
use crate::outcome::{Finding, codes, visible};
use crate::seed::map::{LinkKind, Part};
use crate::seed::plan::{ends, noun};
use crate::seed::session::Telling;
use crate::seed::snapshot::Snapshot;

/// Pairs of which there are several rows.
pub(in crate::seed) fn twice(snapshot: &Snapshot, telling: Telling) -> Option<Finding> {
    let named = |part: Part, id: i64| {
        let record = snapshot.part(part).and_then(|records| records.rows.get(&id));
        let name = record.map_or_else(|| format!("id {id}"), |record| visible(&record.name));
        format!("{} {name}", noun(part))
    };
    let mut pairs = Vec::new();
    for (kind, links) in &snapshot.links {
        let kind: &LinkKind = kind;
        let (owners, members) = ends(*kind);
        for same in links.rows().chunk_by(|one, other| (one.owner, one.member) == (other.owner, other.member))
        {
            if let [first, _, ..] = same {
                let pair = format!("{} of {}", named(members, first.member), named(owners, first.owner));
                pairs.push(format!("{pair} ({} rows)", same.len()));
            }
        }
    }
    (!pairs.is_empty()).then(|| {
        Finding::new(codes::SEED_LINK_TWICE, "a link stands in several rows of its table")
            .evidence(few(pairs, telling))
            .advice(
                "look at what tells the rows apart; if nothing does, leave one of them. They are changed and removed together",
            )
    })
}
