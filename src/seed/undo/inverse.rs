//! What an undo does, as a plan: for people, for programs, and for the guards that look at plans.
//!
//! Invariant: pure, and made of the record alone. It is shown and weighed; what is written are the record's rows.

use super::compare::{Compare, name_of};
use super::record::{Record, Unit};
use super::table::{Place, Row, Table};
use crate::db::Value;
use crate::seed::manifest::Right;
use crate::seed::map::{LinkKind, Map, Part};
use crate::seed::plan::{
    Delete, FieldChange, Given, Insert, NewLink, Origin, Plan, RightsChange, RowRef, Update, Weigh, Why,
    ends, is_set,
};
use crate::seed::snapshot::{Field, LinkRow, Section};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroI64;

/// The plan that leads back.
pub(super) fn plan(map: &Map, record: &Record, tables: &[Compare<'_>]) -> Plan {
    let mut plan = Plan::default();
    // Rows first, so that links know which of their ends come back.
    let mut back: BTreeMap<(Part, i64), RowRef> = BTreeMap::new();
    for Compare { table, rows, .. } in tables {
        if let Place::Rows(part) = table.place
            && let Some(section) = Section::of(map, part)
        {
            for unit in &rows.units {
                row(&mut plan, table, &section, unit, &mut back);
            }
        }
    }
    for Compare { table, rows, .. } in tables {
        match table.place {
            Place::Links(kind) => links(&mut plan, map, table, kind, &rows.units, &back),
            Place::Rights => rows.units.iter().for_each(|unit| rights(&mut plan, map, record, table, unit)),
            Place::Rows(_) => {}
        }
    }
    label(&mut plan, record, map);
    plan
}

fn row(
    plan: &mut Plan,
    table: &Table,
    section: &Section<'_>,
    unit: &Unit,
    back: &mut BTreeMap<(Part, i64), RowRef>,
) {
    let (part, id) = (section.part, unit.key[0]);
    let live = |rows: &[Row]| rows.first().filter(|row| table.is_live(row)).cloned();
    let name = |row: &Row| name_of(table, row).unwrap_or_default().into();
    let fields = || {
        let named = [(Field::Name, section.name)].into_iter();
        named.chain(section.columns.iter().map(|column| (column.field.clone(), column.ident)))
    };
    match (live(&unit.before), live(&unit.after)) {
        (None, Some(after)) => plan.delete.push(Delete { part, id, name: name(&after), why: Why::Undone }),
        (Some(before), None) => {
            let values = fields().skip(1).filter_map(|(field, column)| {
                Some(Given {
                    field,
                    value: before[table.position(column)?].clone(),
                    origin: Origin::Manifest,
                })
            });
            let values = values.collect();
            back.insert((part, id), RowRef::New(u32::try_from(plan.insert.len()).unwrap_or(u32::MAX)));
            plan.insert.push(Insert { part, name: name(&before), values });
        }
        (Some(before), Some(after)) => {
            let changes: Vec<FieldChange> = fields()
                .filter_map(|(field, column)| {
                    let column = table.position(column)?;
                    let (old, new) = (after[column].clone(), before[column].clone());
                    (old != new).then_some(FieldChange { field, old, new })
                })
                .collect();
            plan.update.push(Update { part, id, name: name(&after), changes });
        }
        (None, None) => {}
    }
}

/// Links of the same ends, together: how many go, come, or get another penalty.
fn links(
    plan: &mut Plan,
    map: &Map,
    table: &Table,
    kind: LinkKind,
    units: &[Unit],
    back: &BTreeMap<(Part, i64), RowRef>,
) {
    let Some(link) = map.link(kind) else { return };
    let penalty = link.penalty.as_ref().and_then(|column| table.position(column));
    let id = link.id.as_ref().and_then(|column| table.position(column));
    let of = |row: &Row| {
        let (owner, member) = table.ends_of(row)?;
        let number = |index: usize| match &row[index] {
            Value::Int(number) => Some(*number),
            _ => None,
        };
        let penalty = penalty.and_then(number).and_then(|penalty| i32::try_from(penalty).ok());
        Some(LinkRow { owner, member, row: id.and_then(number).and_then(NonZeroI64::new), penalty })
    };
    let (owners, members) = ends(kind);
    let end = |part: Part, id: i64| back.get(&(part, id)).copied().unwrap_or(RowRef::Id(id));
    let live = |rows: &[Row]| -> Vec<LinkRow> {
        rows.iter().filter(|row| table.is_live(row)).filter_map(of).collect()
    };
    for unit in units {
        let (mut before, mut after) = (live(&unit.before), live(&unit.after));
        if let ([before], [after]) = (before.as_slice(), after.as_slice()) {
            if let Some(penalty) = before.penalty.filter(|_| before.penalty != after.penalty) {
                plan.weigh.entry(kind).or_default().push(Weigh { link: *after, penalty });
            }
            continue;
        }
        after.retain(|row| match before.iter().position(|old| old.penalty == row.penalty) {
            Some(same) => {
                before.swap_remove(same);
                false
            }
            None => true,
        });
        if !after.is_empty() {
            plan.unlink.entry(kind).or_default().extend(after);
        }
        if !before.is_empty() {
            let came = before.iter().map(|row| NewLink {
                owner: end(owners, row.owner),
                member: end(members, row.member),
                penalty: row.penalty,
                origin: Origin::Manifest,
            });
            plan.link.entry(kind).or_default().extend(came);
        }
    }
}

fn rights(plan: &mut Plan, map: &Map, record: &Record, table: &Table, unit: &Unit) {
    let Some(permissions) = &map.permissions else { return };
    let given = |rows: &[Row]| -> BTreeSet<Right> {
        let flags = Right::ALL.into_iter().zip(permissions.columns.flags());
        let is_given =
            |flag| rows.first().zip(table.position(flag)).is_some_and(|(row, at)| is_set(&row[at]));
        flags.filter(|(_, flag)| is_given(flag)).map(|(right, _)| right).collect()
    };
    let user_profile = unit.key[0];
    plan.rights.push(RightsChange {
        user_profile,
        name: record.label(Part::Permissions, user_profile).unwrap_or_default().into(),
        is_new: unit.after.is_empty(),
        old: given(&unit.after),
        new: given(&unit.before),
    });
}

/// What the rows are called that links are about: as they are called now.
fn label(plan: &mut Plan, record: &Record, map: &Map) {
    for place in Place::all(map) {
        let Place::Rows(part) = place else { continue };
        for (id, name) in record.labels.get(&part.to_string()).into_iter().flatten() {
            plan.labels.insert((part, *id), name.as_str().into());
        }
    }
    for update in &plan.update {
        plan.labels.insert((update.part, update.id), update.name.clone());
    }
    for delete in &plan.delete {
        plan.labels.insert((delete.part, delete.id), delete.name.clone());
    }
}
