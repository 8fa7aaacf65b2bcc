//! Rights of user profiles on agent profiles: a list says all of them.
//!
//! Invariant: a user profile is looked up and never created or deleted, and of its rows only the one about agent
//! profiles is changed. No row and a row without rights are the same, and neither is written again.

use super::model::{RightsChange, RowRef};
use super::planner::{NamedRow, Planner};
use super::wanted::is_set;
use crate::outcome::Finding;
use crate::outcome::codes;
use crate::seed::manifest::{Permission, Right, shown};
use crate::seed::map::Part;
use crate::seed::snapshot::{Record, RightsRow};
use std::collections::BTreeSet;

/// Plans every entry of `permissions`.
pub(super) fn rights(planner: &mut Planner<'_>) {
    let manifest = planner.manifest;
    for permission in &manifest.permissions {
        let name = &permission.user_profile;
        let Some((_, records)) = planner.part(Part::Permissions, name.place) else { return };
        let Some((group, row)) = planner.target(Part::Permissions, &name.value, name.place) else { continue };
        let is_first = !planner.is_declared(Part::Permissions, group);
        planner.declare(Part::Permissions, group, NamedRow::Row(row), &name.value, name.place);
        let RowRef::Id(id) = row else { continue };
        if let Some(record) = records.rows.get(&id).filter(|_| is_first) {
            of_one(planner, permission, record);
        }
    }
}

fn of_one(planner: &mut Planner<'_>, permission: &Permission, record: &Record) {
    let rows: Vec<&RightsRow> = planner.snapshot.rights(record.id).collect();
    if rows.len() > 1 {
        let title = "a user profile has several rows of rights on agent profiles";
        let finding = Finding::new(codes::SEED_AMBIGUOUS_NAME, title)
            .advice("find out which of them Motion goes by, and delete the others");
        let evidence = format!("User Profile {}: {} rows", shown(&record.name), rows.len());
        planner.find(finding, permission.user_profile.place, &evidence);
        return;
    }
    let old: BTreeSet<Right> = rows.first().map(|row| given(row)).unwrap_or_default();
    let new: BTreeSet<Right> = permission.rights.iter().map(|right| right.value).collect();
    if old != new {
        let (user_profile, name, is_new) = (record.id, record.name.clone(), rows.is_empty());
        planner.plan.rights.push(RightsChange { user_profile, name, is_new, old, new });
    }
}

/// The rights that a row gives.
fn given(row: &RightsRow) -> BTreeSet<Right> {
    let flags = Right::ALL.into_iter().zip(&row.flags);
    flags.filter(|(_, flag)| is_set(flag)).map(|(right, _)| right).collect()
}
