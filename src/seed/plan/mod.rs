//! Plans of seeding: what a manifest means for the rows that are there.
//!
//! Invariant: pure; the same manifest, map and snapshot give the same plan. It reads no database, and everything that
//! is wrong is said at once.

mod changes;
mod column_fit;
mod describe;
mod differences;
mod entities;
mod fingerprint;
mod gates;
mod links;
mod matrix;
mod model;
mod moves;
mod nameable;
mod planner;
mod profiles;
mod rights;
mod wanted;

pub use changes::changes;
pub use describe::{Line, all_lines, few_lines, lines};
pub use differences::by_kind;
pub use fingerprint::{FORMAT, Fingerprint};
pub use gates::{Allowance, Prune, TO_ALLOW, refused};
pub use matrix::matrix;
pub use model::{
    Counts, Delete, Deletions, FieldChange, Given, Insert, NewLink, Origin, Plan, RightsChange, RowRef,
    Update, Weigh, Why, ends, noun,
};
pub use nameable::nameable;
pub use planner::{Input, Unknown, Unusable};
pub use wanted::is_set;

use crate::db::Value;
use crate::outcome::{Finding, sort_findings};
use crate::seed::manifest::{Place, Problem};
use crate::seed::map::Part;
use crate::seed::snapshot::{Field, LinkRow, Snapshot};
use planner::Planner;
use std::collections::{BTreeMap, HashSet};

/// What came of planning.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The changes, as far as they could be planned.
    pub plan: Plan,
    /// What refuses the manifest, in the order of the file.
    pub problems: Vec<Problem>,
    /// Names that mean nothing, in the order of the file.
    pub unknown: Vec<Unknown>,
    /// What a person should know.
    pub findings: Vec<Finding>,
    /// Where the manifest declares a row.
    pub places: BTreeMap<(Part, RowRef), Place>,
}

/// Plans.
#[must_use]
pub fn draft(input: &Input<'_>) -> Draft {
    let mut planner = Planner::new(input);
    entities::queues(&mut planner);
    entities::agents(&mut planner);
    profiles::profiles(&mut planner);
    links::lists(&mut planner);
    moves::moves(&mut planner);
    rights::rights(&mut planner);
    let Planner { mut plan, mut problems, mut unknown, mut findings, places, .. } = planner;
    label(&mut plan, input.snapshot);
    problems.sort_by_key(|problem| problem.place);
    unknown.sort_by_key(|unknown| unknown.place);
    sort_findings(&mut findings);
    Draft { plan, problems, unknown, findings, places }
}

/// Names the rows that links are about, as far as they were read.
fn label(plan: &mut Plan, snapshot: &Snapshot) {
    // A row is an end of many links.
    let mut wanted: HashSet<(Part, i64)> = HashSet::new();
    let mut both = |kind, owner: RowRef, member: RowRef| {
        let (owners, members) = ends(kind);
        for (part, row) in [(owners, owner), (members, member)] {
            if let RowRef::Id(id) = row {
                wanted.insert((part, id));
            }
        }
    };
    let of_row = |link: &LinkRow| (RowRef::Id(link.owner), RowRef::Id(link.member));
    for (kind, links) in &plan.unlink {
        links.iter().map(of_row).for_each(|(owner, member)| both(*kind, owner, member));
    }
    for (kind, links) in &plan.weigh {
        links.iter().map(|weigh| of_row(&weigh.link)).for_each(|(owner, member)| both(*kind, owner, member));
    }
    for (kind, links) in &plan.link {
        links.iter().for_each(|link| both(*kind, link.owner, link.member));
    }
    for (part, id) in wanted {
        if let Some(record) = snapshot.part(part).and_then(|records| records.rows.get(&id)) {
            plan.labels.insert((part, id), record.name.clone());
        }
    }
    // What is renamed is called by its new name in all that follows.
    for update in &plan.update {
        let renamed = update.changes.iter().find(|change| change.field == Field::Name);
        if let Some(FieldChange { new: Value::Text(name), .. }) = renamed {
            plan.labels.insert((update.part, update.id), name.as_str().into());
        }
    }
}

#[cfg(test)]
mod tests;
