//! Writes the rows of a record as they were.
//!
//! Invariant: every row goes, changes or comes by its own name, with the number of rows that each statement must meet;
//! values are bound, and columns are those that the database has.

use super::compare::Compare;
use super::record::Unit;
use super::table::{Key, Place, Row, Table};
use crate::db::{Value, quoted};
use crate::seed::apply::{Trouble, Writer, pieces};
use crate::seed::map::Part;
use crate::seed::snapshot::{CHUNK, marks};
use std::collections::BTreeMap;

type Done = Result<(), Trouble>;

/// Restores all rows: links go first and come last, because they refer to the others.
pub(super) fn restore(writer: &mut Writer<'_>, tables: &[Compare<'_>]) -> Done {
    let mut restored: Vec<Restore<'_>> = tables.iter().map(Restore::of).collect();
    restored.sort_by_key(|restore| rank(restore.table.place));
    for restore in restored.iter().rev() {
        restore.delete(writer)?;
    }
    for restore in &restored {
        restore.update(writer)?;
    }
    for restore in &restored {
        restore.insert(writer)?;
    }
    Ok(())
}

/// Rows that others refer to come first and go last.
fn rank(place: Place) -> u8 {
    match place {
        Place::Rows(Part::Profiles) => 2,
        Place::Rows(_) => 1,
        Place::Links(_) | Place::Rights => 3,
    }
}

/// What is done with the rows of a table.
struct Restore<'a> {
    table: &'a Table,
    go: Vec<&'a Unit>,
    /// Each with the columns that are set.
    change: Vec<(&'a Unit, Vec<usize>)>,
    come: Vec<&'a Row>,
}

impl<'a> Restore<'a> {
    fn of(compare: &'a Compare<'_>) -> Self {
        let mut restore =
            Self { table: &compare.table, go: Vec::new(), change: Vec::new(), come: Vec::new() };
        for unit in &compare.rows.units {
            match unit.changed() {
                Some(mut columns) => {
                    // Somebody changed something else since: that this was later stays to be seen.
                    if compare.touched.contains(&unit.key) {
                        columns.retain(|column| compare.table.updated != Some(*column));
                    }
                    if !columns.is_empty() {
                        restore.change.push((unit, columns));
                    }
                }
                None if unit.before == unit.after => {}
                None => {
                    if !unit.after.is_empty() {
                        restore.go.push(unit);
                    }
                    restore.come.extend(&unit.before);
                }
            }
        }
        restore
    }

    fn delete(&self, writer: &mut Writer<'_>) -> Done {
        let what = format!("deleting from {}", self.table.name);
        let counted: Vec<(Key, usize)> = self.go.iter().map(|unit| (unit.key, unit.after.len())).collect();
        for named in named(self.table, &counted) {
            let sql = format!("DELETE FROM {} WHERE {}", self.table.name, named.condition);
            writer.change(&sql, &named.values, named.rows, &what)?;
        }
        Ok(())
    }

    fn update(&self, writer: &mut Writer<'_>) -> Done {
        let what = format!("changing {}", self.table.name);
        // Rows that get the same values share a statement.
        let mut alike: BTreeMap<Vec<(usize, String)>, Vec<&Unit>> = BTreeMap::new();
        for (unit, columns) in &self.change {
            let spelled = columns.iter().map(|column| (*column, format!("{:?}", unit.before[0][*column])));
            alike.entry(spelled.collect()).or_default().push(unit);
        }
        for (columns, units) in alike {
            let set: Vec<String> =
                columns.iter().map(|(column, _)| format!("{} = ?", self.table.column(*column))).collect();
            let counted: Vec<(Key, usize)> = units.iter().map(|unit| (unit.key, 1)).collect();
            for named in named(self.table, &counted) {
                let sql =
                    format!("UPDATE {} SET {} WHERE {}", self.table.name, set.join(", "), named.condition);
                let new = columns.iter().map(|(column, _)| units[0].before[0][*column].clone());
                let values: Vec<Value> = new.chain(named.values).collect();
                writer.change(&sql, &values, named.rows, &what)?;
            }
        }
        Ok(())
    }

    fn insert(&self, writer: &mut Writer<'_>) -> Done {
        let what = format!("inserting into {}", self.table.name);
        let columns: Vec<String> = self.table.columns.iter().map(|column| quoted(column)).collect();
        let row = format!("({})", marks(columns.len()));
        for chunk in self.come.chunks(pieces(columns.len())) {
            let rows = vec![row.as_str(); chunk.len()].join(", ");
            let sql = format!("INSERT INTO {} ({}) VALUES {rows}", self.table.name, columns.join(", "));
            let values: Vec<Value> = chunk.iter().flat_map(|row| row.iter().cloned()).collect();
            writer.change(&sql, &values, chunk.len(), &what)?;
        }
        Ok(())
    }
}

/// Rows that one statement means.
struct Named {
    condition: String,
    values: Vec<Value>,
    rows: usize,
}

/// Rows by what names them, each with how many have that name.
fn named(table: &Table, counted: &[(Key, usize)]) -> Vec<Named> {
    let (of_place, given) = &table.condition;
    let and = if of_place.is_empty() { "" } else { " AND " };
    let batch = |more: &str, first: Option<i64>, column: usize, chunk: &[(Key, usize)], id: usize| Named {
        condition: format!("{of_place}{and}{more}{} IN ({})", table.column(column), marks(chunk.len())),
        values: given
            .iter()
            .cloned()
            .chain(first.map(Value::from))
            .chain(chunk.iter().map(|(key, _)| key[id].into()))
            .collect(),
        rows: chunk.iter().map(|(_, rows)| rows).sum(),
    };
    match table.key.as_slice() {
        [owner, member] => {
            let mut by_owner: BTreeMap<i64, Vec<(Key, usize)>> = BTreeMap::new();
            counted.iter().for_each(|one| by_owner.entry(one.0[0]).or_default().push(*one));
            let more = format!("{} = ? AND ", table.column(*owner));
            let chunks = |(owner, all): (&i64, &Vec<(Key, usize)>)| -> Vec<Named> {
                all.chunks(CHUNK).map(|chunk| batch(&more, Some(*owner), *member, chunk, 1)).collect()
            };
            by_owner.iter().flat_map(chunks).collect()
        }
        key => counted.chunks(CHUNK).map(|chunk| batch("", None, key[0], chunk, 0)).collect(),
    }
}
