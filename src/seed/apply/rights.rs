//! Writes the rights of user profiles.
//!
//! Invariant: of a user profile's rows only the one of the map's section is written, always with all four flags, and a
//! user profile itself never.

use super::batch::pieces;
use super::writer::{Trouble, Writer, assignments};
use crate::db::Value;
use crate::seed::manifest::Right;
use crate::seed::map::{Ident, Permissions, sql};
use crate::seed::plan::RightsChange;
use crate::seed::snapshot::marks;
use std::collections::{BTreeMap, BTreeSet};

/// Writes all of a plan's.
pub(super) fn write(writer: &mut Writer<'_>) -> Result<(), Trouble> {
    let Some(permissions) = writer.map.permissions.as_ref().filter(|_| !writer.plan.rights.is_empty()) else {
        return Ok(());
    };
    let (new, old): (Vec<&RightsChange>, Vec<_>) =
        writer.plan.rights.iter().partition(|change| change.is_new);
    update(writer, permissions, &old)?;
    insert(writer, permissions, &new)
}

/// Those that get the same rights share a statement.
fn update(
    writer: &mut Writer<'_>,
    permissions: &Permissions,
    changes: &[&RightsChange],
) -> Result<(), Trouble> {
    let c = &permissions.columns;
    let mut alike: BTreeMap<&BTreeSet<Right>, Vec<i64>> = BTreeMap::new();
    for change in changes {
        alike.entry(&change.new).or_default().push(change.user_profile);
    }
    let mut columns = c.flags().to_vec();
    columns.extend(&c.updated);
    let what = format!("changing {}", permissions.table);
    for (rights, user_profiles) in alike {
        for chunk in user_profiles.chunks(pieces(1)) {
            let sql = format!(
                "UPDATE {} SET {} WHERE {} = ? AND {} IN ({})",
                permissions.table.quoted(),
                assignments(&columns),
                c.section.quoted(),
                c.user_profile.quoted(),
                marks(chunk.len()),
            );
            let mut values = set(rights).to_vec();
            values.extend(c.updated.iter().map(|_| Value::from(writer.now)));
            values.push(permissions.section.as_str().into());
            values.extend(chunk.iter().map(|id| Value::from(*id)));
            writer.change(&sql, &values, chunk.len(), &what)?;
        }
    }
    Ok(())
}

fn insert(
    writer: &mut Writer<'_>,
    permissions: &Permissions,
    changes: &[&RightsChange],
) -> Result<(), Trouble> {
    let c = &permissions.columns;
    let mut columns = vec![&c.user_profile, &c.section];
    columns.extend(c.flags());
    let mut rest: Vec<(&Ident, Value)> = Vec::new();
    rest.extend([&c.created, &c.updated].into_iter().flatten().map(|column| (column, writer.now.into())));
    rest.extend(permissions.fixed.iter().map(|(column, value)| (column, Value::from(value))));
    columns.extend(rest.iter().map(|(column, _)| *column));
    let what = format!("inserting into {}", permissions.table);
    for chunk in changes.chunks(pieces(columns.len())) {
        let mut values = Vec::with_capacity(chunk.len() * columns.len());
        for change in chunk {
            values.extend([change.user_profile.into(), permissions.section.as_str().into()]);
            values.extend(set(&change.new));
            values.extend(rest.iter().map(|(_, value)| value.clone()));
        }
        let sql = sql::insert(&permissions.table, &columns, chunk.len());
        writer.change(&sql, &values, chunk.len(), &what)?;
    }
    Ok(())
}

/// What the columns of the rights hold, in their order.
fn set(rights: &BTreeSet<Right>) -> [Value; 4] {
    Right::ALL.map(|right| i64::from(rights.contains(&right)).into())
}
