//! Writes a plan, in batches.
//!
//! Invariant: names of tables and columns come from the map, every value is bound, ids of new rows are read back by
//! name, and a statement that changes another number of rows than the plan says stops the run.

use super::batch::{Batch, pieces};
use super::model::Stopped;
use super::writer::{Done, Trouble, Writer, assignments};
use super::{Ended, batch, revive, rights};
use crate::db::Value;
use crate::seed::manifest::Name;
use crate::seed::map::{Ident, Link, LinkKind, Part, sql};
use crate::seed::plan::{Given, Insert, NewLink, RowRef, Update, Weigh};
use crate::seed::snapshot::{CHUNK, Field, LinkRow, Section, Wanted, marks, records};
use std::collections::{BTreeMap, BTreeSet};

impl From<Trouble> for Ended {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Database(error) => Self::Database(error),
            Trouble::Moved(what) => Self::Moved(what),
            Trouble::Stopped => Stopped.into(),
        }
    }
}

impl Writer<'_> {
    /// Writes everything, and gives the ids of the rows that came, in the order of the plan.
    pub fn run(&mut self) -> Result<Vec<i64>, Trouble> {
        let plan = self.plan;
        for (kind, links) in &plan.unlink {
            if let Some(link) = self.map.link(*kind) {
                self.unlink(link, links)?;
            }
        }
        self.delete()?;
        self.update()?;
        let ids = self.insert()?;
        for (kind, weighed) in &plan.weigh {
            if let Some(link) = self.map.link(*kind) {
                self.weigh(link, weighed)?;
            }
        }
        for (kind, links) in &plan.link {
            self.link(*kind, links, &ids)?;
        }
        rights::write(self)?;
        Ok(ids)
    }

    fn unlink(&mut self, link: &Link, links: &[LinkRow]) -> Done {
        let what = format!("deleting from {}", link.table);
        for Batch { condition, values, rows } in batch::links(link, links) {
            let table = link.table.quoted();
            let (sql, mut all) = match &link.deleted {
                Some(deleted) => {
                    let times: Vec<&Ident> =
                        [Some(deleted), link.updated.as_ref()].into_iter().flatten().collect();
                    let set = assignments(&times);
                    let now = times.iter().map(|_| Value::from(self.now)).collect();
                    (format!("UPDATE {table} SET {set} WHERE {condition}"), now)
                }
                None => (format!("DELETE FROM {table} WHERE {condition}"), Vec::new()),
            };
            all.extend(values);
            self.change(&sql, &all, rows, &what)?;
        }
        Ok(())
    }

    fn delete(&mut self) -> Done {
        let Some(section) = Section::of(self.map, Part::Profiles) else { return Ok(()) };
        let ids: Vec<i64> = self.plan.deleted(Part::Profiles).collect();
        let what = format!("deleting from {}", section.table);
        for chunk in ids.chunks(CHUNK) {
            let condition = format!("{} IN ({})", section.id.quoted(), marks(chunk.len()));
            let mut values: Vec<Value> = Vec::new();
            let sql = match section.deleted {
                Some(deleted) => {
                    let times: Vec<&Ident> = [Some(deleted), section.updated].into_iter().flatten().collect();
                    values.extend(times.iter().map(|_| Value::from(self.now)));
                    let set = assignments(&times);
                    format!("UPDATE {} SET {set} WHERE {condition}", section.table.quoted())
                }
                None => format!("DELETE FROM {} WHERE {condition}", section.table.quoted()),
            };
            values.extend(chunk.iter().map(|id| Value::from(*id)));
            self.change(&sql, &values, chunk.len(), &what)?;
        }
        Ok(())
    }

    /// Changes rows; those of which the same fields change share a statement.
    fn update(&mut self) -> Done {
        let plan = self.plan;
        let mut shapes: BTreeMap<(Part, Vec<&Field>), Vec<&Update>> = BTreeMap::new();
        for update in &plan.update {
            let fields = update.changes.iter().map(|change| &change.field).collect();
            shapes.entry((update.part, fields)).or_default().push(update);
        }
        for ((part, fields), updates) in &shapes {
            let Some(section) = Section::of(self.map, *part) else { continue };
            self.update_shape(&section, fields, updates)?;
        }
        Ok(())
    }

    fn update_shape(&mut self, section: &Section<'_>, fields: &[&Field], updates: &[&Update]) -> Done {
        let (table, id) = (section.table.quoted(), section.id.quoted());
        let what = format!("changing {}", section.table);
        for chunk in updates.chunks(pieces(2 * fields.len() + 1)) {
            let cases = " WHEN ? THEN ?".repeat(chunk.len());
            let mut set = Vec::new();
            let mut values: Vec<Value> = Vec::new();
            for (index, field) in fields.iter().enumerate() {
                let Some(column) = section.ident(field) else { continue };
                set.push(format!("{} = CASE {id}{cases} END", column.quoted()));
                for update in chunk {
                    values.extend([update.id.into(), update.changes[index].new.clone()]);
                }
            }
            if let Some(updated) = section.updated {
                set.push(assignments(&[updated]));
                values.push(self.now.into());
            }
            values.extend(chunk.iter().map(|update| Value::from(update.id)));
            let (set, marks) = (set.join(", "), marks(chunk.len()));
            let sql = format!("UPDATE {table} SET {set} WHERE {id} IN ({marks})");
            self.change(&sql, &values, chunk.len(), &what)?;
        }
        Ok(())
    }

    /// Inserts rows and gives their ids, in the order of the plan.
    fn insert(&mut self) -> Result<Vec<i64>, Trouble> {
        let plan = self.plan;
        // Rows of one shape share a statement.
        let mut shapes: BTreeMap<(Part, Vec<&Field>), Vec<&Insert>> = BTreeMap::new();
        for insert in &plan.insert {
            let fields = insert.values.iter().map(|given| &given.field).collect();
            shapes.entry((insert.part, fields)).or_default().push(insert);
        }
        let mut names: BTreeMap<Part, BTreeSet<Name>> = BTreeMap::new();
        for ((part, fields), inserts) in &shapes {
            let Some(section) = Section::of(self.map, *part) else { continue };
            self.insert_shape(&section, fields, inserts)?;
            names.entry(*part).or_default().extend(inserts.iter().map(|insert| insert.name.clone()));
        }
        let mut found = BTreeMap::new();
        for (part, names) in names {
            let Some(section) = Section::of(self.map, part) else { continue };
            let wanted = Wanted { names, ..Wanted::default() };
            found.insert(part, records(self.conn, self.catalog, &section, &wanted)?);
        }
        let id = |insert: &Insert| {
            let record = found.get(&insert.part).and_then(|records| records.named(&insert.name));
            let lost = || Trouble::Moved(format!("the new row {} is not there, or twice", insert.name));
            record.map(|record| record.id).ok_or_else(lost)
        };
        plan.insert.iter().map(id).collect()
    }

    fn insert_shape(&mut self, section: &Section<'_>, fields: &[&Field], inserts: &[&Insert]) -> Done {
        let mut columns = vec![section.name];
        columns.extend(fields.iter().filter_map(|field| section.ident(field)));
        let mut rest: Vec<(&Ident, Value)> = Vec::new();
        rest.extend(section.role.map(|(role, agent)| (role, agent.into())));
        rest.extend([section.created, section.updated].into_iter().flatten().map(|c| (c, self.now.into())));
        let given = |fixed: &Ident| columns.iter().any(|column| column.is_column(fixed.as_str()));
        let fixed: Vec<_> = section.fixed.iter().filter(|(column, _)| !given(column)).collect();
        rest.extend(fixed.into_iter().map(|(column, value)| (column, Value::from(value))));
        columns.extend(rest.iter().map(|(column, _)| *column));
        let what = format!("inserting into {}", section.table);
        for chunk in inserts.chunks(pieces(columns.len())) {
            let mut values = Vec::with_capacity(chunk.len() * columns.len());
            for insert in chunk {
                values.push(Value::from(&*insert.name));
                values.extend(insert.values.iter().map(|given: &Given| given.value.clone()));
                values.extend(rest.iter().map(|(_, value)| value.clone()));
            }
            let sql = sql::insert(section.table, &columns, chunk.len());
            self.change(&sql, &values, chunk.len(), &what)?;
        }
        Ok(())
    }

    fn weigh(&mut self, link: &Link, weighed: &[Weigh]) -> Done {
        let Some(penalty) = &link.penalty else { return Ok(()) };
        let mut by_penalty: BTreeMap<i32, Vec<LinkRow>> = BTreeMap::new();
        for weigh in weighed {
            by_penalty.entry(weigh.penalty).or_default().push(weigh.link);
        }
        let columns: Vec<&Ident> = std::iter::once(penalty).chain(&link.updated).collect();
        let what = format!("changing penalties in {}", link.table);
        for (value, links) in by_penalty {
            for Batch { condition, values, rows } in batch::links(link, &links) {
                let (set, column) = (assignments(&columns), penalty.quoted());
                // A pair without a key may be there twice, and one of its rows may have the penalty already.
                let other = format!("({column} IS NULL OR {column} <> ?)");
                let sql = format!("UPDATE {} SET {set} WHERE {condition} AND {other}", link.table.quoted());
                let mut all: Vec<Value> = vec![i64::from(value).into()];
                all.extend(link.updated.iter().map(|_| Value::from(self.now)));
                all.extend(values);
                all.push(i64::from(value).into());
                self.change(&sql, &all, rows, &what)?;
            }
        }
        Ok(())
    }

    fn link(&mut self, kind: LinkKind, links: &[NewLink], ids: &[i64]) -> Done {
        let Some(link) = self.map.link(kind) else { return Ok(()) };
        let revived = revive::links(self, link, links)?;
        let links: Vec<&NewLink> =
            links.iter().filter(|new| !revived.contains(&(new.owner, new.member))).collect();
        let mut columns = vec![&link.owner, &link.member];
        columns.extend(&link.penalty);
        let mut rest: Vec<(&Ident, Value)> = Vec::new();
        rest.extend(link.fixed.iter().map(|(column, value)| (column, Value::from(value))));
        rest.extend([&link.created, &link.updated].into_iter().flatten().map(|c| (c, self.now.into())));
        columns.extend(rest.iter().map(|(column, _)| *column));
        let id = |row: RowRef| match row {
            RowRef::Id(id) => Ok(id),
            RowRef::New(index) => ids
                .get(index as usize)
                .copied()
                .ok_or_else(|| Trouble::Moved("a new row has no id".to_owned())),
        };
        let what = format!("inserting into {}", link.table);
        for chunk in links.chunks(pieces(columns.len())) {
            let mut values = Vec::with_capacity(chunk.len() * columns.len());
            for new in chunk {
                values.extend([Value::from(id(new.owner)?), Value::from(id(new.member)?)]);
                values.extend(link.penalty.iter().map(|_| i64::from(new.penalty.unwrap_or(0)).into()));
                values.extend(rest.iter().map(|(_, value)| value.clone()));
            }
            let sql = sql::insert(&link.table, &columns, chunk.len());
            self.change(&sql, &values, chunk.len(), &what)?;
        }
        Ok(())
    }
}
