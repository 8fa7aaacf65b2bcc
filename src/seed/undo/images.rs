//! Reads the rows that a plan writes, before it is carried out and afterwards.
//!
//! Invariant: complete: a row that carrying out the plan makes, changes, marks or deletes is in the record, whoever
//! changed it: what a trigger does to it beside the plan is in it, too. Rows that the plan only reads are not.

use super::record::{Labels, Unit};
use super::store::UnfinishedRun;
use super::table::{Key, Place, Row, Table, Units};
use crate::outcome::{Failure, FailureKind};
use crate::seed::apply::Ended;
use crate::seed::map::Part;
use crate::seed::plan::{NewLink, Plan, RowRef, Weigh, ends};
use crate::seed::session::Session;
use std::collections::{BTreeMap, BTreeSet};

/// Rows as they were before a plan was carried out.
pub(in crate::seed) struct Images {
    tables: BTreeMap<Place, Units>,
}

/// Which rows of a table a plan writes.
#[derive(Debug, Clone, Default)]
struct Touched {
    /// Ids of rows, or the owners of links.
    ids: BTreeSet<i64>,
    /// Both ends of links, in order. A million are half as large as in a set of hashes.
    pairs: Vec<(i64, i64)>,
}

impl Touched {
    fn link(&mut self, owner: i64, member: i64) {
        self.ids.insert(owner);
        self.pairs.push((owner, member));
    }

    fn list(&self) -> Vec<i64> {
        self.ids.iter().copied().collect()
    }

    fn is_wanted(&self, table: &Table, row: &Row) -> bool {
        table.ends_of(row).is_none_or(|pair| self.pairs.binary_search(&pair).is_ok())
    }
}

impl Images {
    /// Reads what is there of the rows that a plan writes.
    pub fn before(session: &mut Session, plan: &Plan) -> Result<Self, Ended> {
        let mut tables = BTreeMap::new();
        for (place, touched) in touched(plan, None) {
            let table = table(session, place)?;
            let is_wanted = |row: &Row| touched.is_wanted(&table, row);
            tables.insert(place, table.read(&mut session.conn, &touched.list(), &is_wanted)?);
        }
        Ok(Self { tables })
    }

    /// Reads them again, and those that came, whose ids these are in the order of the plan. They are written while they
    /// are read, because there may be a million of them; what rows are called is handed back.
    pub fn compared(
        mut self,
        session: &mut Session,
        plan: &Plan,
        ids: &[i64],
        run: &mut UnfinishedRun<'_>,
    ) -> Result<Labels, Ended> {
        for (place, touched) in touched(plan, Some(ids)) {
            let mut before = self.tables.remove(&place).unwrap_or_default();
            let table = table(session, place)?;
            run.table(&place.to_string(), &table.columns);
            let mut write = |key: Key, before: Vec<Row>, after: Vec<Row>| {
                // Links that did not change are among those of the same ends that did.
                if table.ends.is_some() || before != after {
                    run.unit(&Unit { key, before, after });
                }
            };
            let is_wanted = |row: &Row| touched.is_wanted(&table, row);
            table.each(&mut session.conn, &touched.list(), &is_wanted, &mut |key, after| {
                write(key, before.remove(&key).unwrap_or_default(), after);
            })?;
            before.into_iter().for_each(|(key, gone)| write(key, gone, Vec::new()));
        }
        Ok(labels(plan, ids))
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
    all.values_mut().for_each(|touched| touched.pairs.sort_unstable());
    all
}

/// What the rows at both ends of links are called, and user profiles.
fn labels(plan: &Plan, ids: &[i64]) -> Labels {
    let mut labels = Labels::new();
    let mut note = |part: Part, row: RowRef| {
        let id = match row {
            RowRef::Id(id) => id,
            RowRef::New(index) => match ids.get(index as usize) {
                Some(id) => *id,
                None => return,
            },
        };
        let names = labels.entry(part.to_string()).or_default();
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
        let names = labels.entry(Part::Permissions.to_string()).or_default();
        names.insert(change.user_profile, change.name.to_string());
    }
    labels
}
