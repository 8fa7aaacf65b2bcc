//! Reads the rows that a plan writes, before it is carried out and afterwards.
//!
//! Invariant: complete: a row that carrying out the plan makes, changes, marks or deletes is in the record, whoever
//! changed it: what a trigger does to it beside the plan is in it, too. Rows that the plan only reads are not.

use super::record::{Record, Rows, Unit};
use super::table::{Place, Row, Table, Units};
use crate::db::DbError;
use crate::outcome::{Failure, FailureKind};
use crate::seed::apply::Ended;
use crate::seed::map::Part;
use crate::seed::plan::{NewLink, Plan, RowRef, Weigh, ends};
use crate::seed::session::Session;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Rows as they were before a plan was carried out.
pub(in crate::seed) struct Images {
    tables: BTreeMap<Place, (Touched, Units)>,
}

/// Which rows of a table a plan writes.
#[derive(Debug, Clone, Default)]
struct Touched {
    /// Ids of rows, or the owners of links.
    ids: BTreeSet<i64>,
    /// Both ends of links.
    pairs: HashSet<(i64, i64)>,
}

impl Touched {
    fn link(&mut self, owner: i64, member: i64) {
        self.ids.insert(owner);
        self.pairs.insert((owner, member));
    }

    fn read(&self, session: &mut Session, table: &Table) -> Result<Units, DbError> {
        let ids: Vec<i64> = self.ids.iter().copied().collect();
        let is_wanted = |row: &Row| table.ends_of(row).is_none_or(|pair| self.pairs.contains(&pair));
        table.read(&mut session.conn, &ids, &is_wanted)
    }
}

impl Images {
    /// Reads what is there of the rows that a plan writes.
    pub fn before(session: &mut Session, plan: &Plan) -> Result<Self, Ended> {
        let mut tables = BTreeMap::new();
        for (place, touched) in touched(plan, None) {
            let table = table(session, place)?;
            let units = touched.read(session, &table)?;
            tables.insert(place, (touched, units));
        }
        Ok(Self { tables })
    }

    /// Reads them again, and those that came, whose ids these are in the order of the plan.
    pub fn after(mut self, session: &mut Session, plan: &Plan, ids: &[i64]) -> Result<Record, Ended> {
        let mut record = Record::default();
        for (place, touched) in touched(plan, Some(ids)) {
            let (_, mut before) = self.tables.remove(&place).unwrap_or_default();
            let table = table(session, place)?;
            let mut after = touched.read(session, &table)?;
            let keys: BTreeSet<_> = before.keys().chain(after.keys()).copied().collect();
            let unit = |key| Unit {
                key,
                before: before.remove(&key).unwrap_or_default(),
                after: after.remove(&key).unwrap_or_default(),
            };
            // Links that did not change are among those of the same ends that did.
            let is_kept = |unit: &Unit| table.ends.is_some() || unit.before != unit.after;
            let units: Vec<Unit> = keys.into_iter().map(unit).filter(is_kept).collect();
            record.tables.insert(place.to_string(), Rows { columns: table.columns, units });
        }
        name(&mut record, plan, ids);
        Ok(record)
    }
}

fn table(session: &Session, place: Place) -> Result<Table, Failure> {
    Table::of(&session.map, &session.catalog, place).ok_or_else(|| {
        let message = format!("the table for {place} is not as the schema map says");
        Failure::new(FailureKind::Refused, message)
    })
}

/// What a plan writes; rows that come are known by their ids afterwards.
fn touched(plan: &Plan, ids: Option<&[i64]>) -> BTreeMap<Place, Touched> {
    let mut all: BTreeMap<Place, Touched> = BTreeMap::new();
    let mut row = |part: Part, id: i64| {
        all.entry(Place::Rows(part)).or_default().ids.insert(id);
    };
    plan.update.iter().for_each(|update| row(update.part, update.id));
    plan.delete.iter().for_each(|delete| row(delete.part, delete.id));
    for (insert, id) in plan.insert.iter().zip(ids.unwrap_or_default()) {
        row(insert.part, *id);
    }
    for change in &plan.rights {
        all.entry(Place::Rights).or_default().ids.insert(change.user_profile);
    }
    for (kind, links) in &plan.unlink {
        let touched = all.entry(Place::Links(*kind)).or_default();
        links.iter().for_each(|link| touched.link(link.owner, link.member));
    }
    for (kind, weighed) in &plan.weigh {
        let touched = all.entry(Place::Links(*kind)).or_default();
        weighed.iter().for_each(|weigh| touched.link(weigh.link.owner, weigh.link.member));
    }
    let id = |row: RowRef| match row {
        RowRef::Id(id) => Some(id),
        RowRef::New(index) => ids?.get(index as usize).copied(),
    };
    for (kind, links) in &plan.link {
        let touched = all.entry(Place::Links(*kind)).or_default();
        let known = links.iter().filter_map(|link: &NewLink| Some((id(link.owner)?, id(link.member)?)));
        known.for_each(|(owner, member)| touched.link(owner, member));
    }
    all
}

/// Notes what the rows at both ends of links are called, and user profiles.
fn name(record: &mut Record, plan: &Plan, ids: &[i64]) {
    let mut note = |part: Part, row: RowRef| {
        let id = match row {
            RowRef::Id(id) => id,
            RowRef::New(index) => match ids.get(index as usize) {
                Some(id) => *id,
                None => return,
            },
        };
        let names = record.labels.entry(part.to_string()).or_default();
        names.entry(id).or_insert_with(|| plan.label(part, row).to_string());
    };
    for (kind, links) in &plan.unlink {
        let (owners, members) = ends(*kind);
        for link in links {
            note(owners, RowRef::Id(link.owner));
            note(members, RowRef::Id(link.member));
        }
    }
    for (kind, weighed) in &plan.weigh {
        let (owners, members) = ends(*kind);
        for Weigh { link, .. } in weighed {
            note(owners, RowRef::Id(link.owner));
            note(members, RowRef::Id(link.member));
        }
    }
    for (kind, links) in &plan.link {
        let (owners, members) = ends(*kind);
        for link in links {
            note(owners, link.owner);
            note(members, link.member);
        }
    }
    for change in &plan.rights {
        let names = record.labels.entry(Part::Permissions.to_string()).or_default();
        names.insert(change.user_profile, change.name.to_string());
    }
}
