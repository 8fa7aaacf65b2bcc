//! Whether the rows of a run still are as it left them.
//!
//! Invariant: of a row that the run changed only what it changed counts, so that a login beside it moves nothing; of a
//! row that is to go everything counts, because all of it would be lost. Whatever counts and differs is named.

use super::record::{Record, Rows, Unit};
use super::table::{Key, Place, Row, Table, Units};
use crate::db::{DbError, Value};
use crate::outcome::{Failure, FailureKind};
use crate::seed::manifest::shown;
use crate::seed::map::{LinkKind, Part};
use crate::seed::plan::{ends, noun};
use crate::seed::session::{Session, failure};
use crate::seed::snapshot::{CHUNK, marks};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// As many of the rows that moved as people read.
const LINES: usize = 10;

/// How rows stand to a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UndoState {
    /// As the run left them.
    After {
        /// Also to the second in which they were last changed.
        exact: bool,
    },
    /// As they were before it.
    Before,
    Moved(Moved),
}

/// What is otherwise than the run left it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    /// The first, a line for each.
    pub lines: Vec<String>,
    /// How many more there are.
    pub more: usize,
}

impl Moved {
    fn add(&mut self, line: String) {
        if self.lines.len() < LINES {
            self.lines.push(line);
        } else {
            self.more += 1;
        }
    }

    fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

/// The tables of a record, and how their rows stand.
pub(super) struct Compared<'r> {
    pub standing: UndoState,
    /// Whether they are as before the run; of a run that wrote nothing they are that, too.
    pub is_before: bool,
    pub tables: Vec<Compare<'r>>,
}

/// A table of a record.
pub(super) struct Compare<'r> {
    pub table: Table,
    pub rows: &'r Rows,
    /// Rows that somebody changed in what does not count: when that was stays noted.
    pub touched: BTreeSet<Key>,
}

/// Looks at all rows of a record.
pub(super) fn compare<'r>(session: &mut Session, record: &'r Record) -> Result<Compared<'r>, Failure> {
    let mut found = Found { is_before: true, exact: true, moved: Moved::default() };
    let mut tables = Vec::new();
    for (table, rows) in known(session, record)? {
        let touched = found.look(session, record, &table, rows).map_err(|error| failure(&error))?;
        tables.push(Compare { table, rows, touched });
    }
    if found.moved.is_empty() {
        taken(session, &tables, &mut found.moved).map_err(|error| failure(&error))?;
        joined(session, record, &tables, &mut found.moved).map_err(|error| failure(&error))?;
    }
    let standing = match (found.moved.is_empty(), found.is_before) {
        (true, _) => UndoState::After { exact: found.exact },
        (false, true) => UndoState::Before,
        (false, false) => UndoState::Moved(found.moved),
    };
    Ok(Compared { standing, is_before: found.is_before, tables })
}

/// The tables of a record as they are now.
fn known<'r>(session: &Session, record: &'r Record) -> Result<Vec<(Table, &'r Rows)>, Failure> {
    let places: BTreeMap<String, Place> =
        Place::all(&session.map).into_iter().map(|place| (place.to_string(), place)).collect();
    let other = |name: &str| {
        let message = format!("the table for {name} is made otherwise than when the run was made");
        Failure::new(FailureKind::Refused, message)
    };
    let mut tables = Vec::new();
    for (name, rows) in &record.tables {
        let place = places.get(name).ok_or_else(|| other(name))?;
        let table = Table::of(&session.map, &session.catalog, *place).ok_or_else(|| other(name))?;
        let width = table.columns.len();
        let fits = |unit: &Unit| unit.before.iter().chain(&unit.after).all(|row| row.len() == width);
        if table.columns != rows.columns || !rows.units.iter().all(fits) {
            return Err(other(name));
        }
        tables.push((table, rows));
    }
    Ok(tables)
}

/// What was found of all tables so far.
struct Found {
    is_before: bool,
    exact: bool,
    moved: Moved,
}

impl Found {
    fn look(
        &mut self,
        session: &mut Session,
        record: &Record,
        table: &Table,
        rows: &Rows,
    ) -> Result<BTreeSet<Key>, DbError> {
        let mut now = current(session, table, rows)?;
        let mut touched = BTreeSet::new();
        for unit in &rows.units {
            let current = now.remove(&unit.key).unwrap_or_default();
            self.is_before &= stands(table, unit, &current, &unit.before);
            if stands(table, unit, &current, &unit.after) {
                let same_time = |(now, then): (&Row, &Row)| {
                    table.updated.is_none_or(|updated| now[updated] == then[updated])
                };
                if !current.iter().zip(&unit.after).all(same_time) {
                    self.exact = false;
                    touched.insert(unit.key);
                }
            } else {
                self.moved.add(told(table, record, unit, &current));
            }
        }
        // Others that join the same two rows: they came, or came again.
        for row in now.values().flatten().filter(|row| table.is_live(row)) {
            self.is_before = false;
            self.moved.add(format!("{} is linked again", called(table, record, row)));
        }
        Ok(touched)
    }
}

/// The rows that a record is about, and all links of the same ends.
fn current(session: &mut Session, table: &Table, rows: &Rows) -> Result<Units, DbError> {
    let all = || rows.units.iter().flat_map(|unit| unit.before.iter().chain(&unit.after));
    let pairs: HashSet<(i64, i64)> = all().filter_map(|row| table.ends_of(row)).collect();
    let ids: BTreeSet<i64> = match table.ends {
        Some(_) => pairs.iter().map(|(owner, _)| *owner).collect(),
        None => rows.units.iter().map(|unit| unit.key[0]).collect(),
    };
    let ids: Vec<i64> = ids.into_iter().collect();
    let is_wanted = |row: &Row| table.ends_of(row).is_none_or(|pair| pairs.contains(&pair));
    table.read(&mut session.conn, &ids, &is_wanted)
}

/// Whether rows are as a unit has them, as far as it counts.
fn stands(table: &Table, unit: &Unit, now: &[Row], then: &[Row]) -> bool {
    match (unit.changed(), now) {
        (Some(changed), [now]) => changed
            .iter()
            .filter(|column| table.updated != Some(**column))
            .all(|column| now[*column] == then[0][*column]),
        (Some(_), _) => false,
        (None, now) => now == then,
    }
}

fn told(table: &Table, record: &Record, unit: &Unit, now: &[Row]) -> String {
    let (before, after) = (unit.before.first(), unit.after.first());
    let Some(row) = after.or(before) else { return String::new() };
    let name = called(table, record, row);
    match (after, now) {
        (Some(_), []) => format!("{name} is gone"),
        (None, [_, ..]) => format!("{name} is there again"),
        (Some(after), [now]) => {
            let counts = |index: &usize| match unit.changed() {
                Some(changed) => changed.contains(index) && table.updated != Some(*index),
                None => true,
            };
            let columns = (0..table.columns.len()).filter(|index| now[*index] != after[*index]);
            let columns: Vec<_> = columns.filter(counts).map(|index| table.columns[index].as_str()).collect();
            format!("{name} has changed since: {}", columns.join(", "))
        }
        _ => format!("{name} has changed since"),
    }
}

/// What a row is called: by its name, or by the rows at its ends.
fn called(table: &Table, record: &Record, row: &Row) -> String {
    let label = |part: Part, id: i64| match record.label(part, id) {
        Some(name) => format!("{} {}", noun(part), shown(name)),
        None => format!("{} with id {id}", noun(part)),
    };
    match (table.place, table.ends_of(row)) {
        (Place::Links(kind), Some((owner, member))) => {
            let (owners, members) = ends(kind);
            let personal = if matches!(kind, LinkKind::Personal(_)) { "personal " } else { "" };
            format!("{personal}{} of {}", label(members, member), label(owners, owner))
        }
        (Place::Rights, _) => {
            let id = table.key_of(row).map_or(0, |[id, _]| id);
            format!("the rights of {}", label(Part::Permissions, id))
        }
        (Place::Rows(part), _) => match name_of(table, row) {
            Some(name) => format!("{} {}", noun(part), shown(name)),
            None => noun(part),
        },
        (place, None) => format!("a row of {place}"),
    }
}

/// The name of an agent, a queue or a profile.
pub(super) fn name_of<'a>(table: &Table, row: &'a Row) -> Option<&'a str> {
    match row.get(table.name_at?) {
        Some(Value::Text(name)) => Some(name),
        _ => None,
    }
}

/// Names that come back and that others have by now.
fn taken(session: &mut Session, tables: &[Compare<'_>], moved: &mut Moved) -> Result<(), DbError> {
    for Compare { table, rows, .. } in tables {
        let (Place::Rows(part), Some(name)) = (table.place, table.name_at) else { continue };
        let came = |unit: &&Unit| match (unit.before.first(), unit.after.first()) {
            (Some(before), Some(after)) => {
                before[name] != after[name] || (table.is_live(before) && !table.is_live(after))
            }
            (before, _) => before.is_some(),
        };
        let back: Vec<Value> =
            rows.units.iter().filter(came).map(|unit| unit.before[0][name].clone()).collect();
        let own: BTreeSet<i64> = rows.units.iter().map(|unit| unit.key[0]).collect();
        let live =
            table.deleted.map_or_else(String::new, |column| format!("{} IS NULL AND ", table.column(column)));
        let (id, name) = (table.column(table.key[0]), table.column(name));
        for chunk in back.chunks(CHUNK) {
            let sql = format!(
                "SELECT {id}, {name} FROM {} WHERE {live}{name} IN ({})",
                table.name,
                marks(chunk.len())
            );
            for row in session.conn.rows(&sql, chunk)? {
                if !own.contains(&row.int(0)?) {
                    moved.add(format!(
                        "another {} is called {} by now",
                        noun(part),
                        shown(&row.value(1).display())
                    ));
                }
            }
        }
    }
    Ok(())
}

/// Rows that are to go and that somebody uses by now: agents who are logged in, and links that the run did not make.
fn joined(
    session: &mut Session,
    record: &Record,
    tables: &[Compare<'_>],
    moved: &mut Moved,
) -> Result<(), DbError> {
    for Compare { table, rows, .. } in tables {
        let Place::Rows(part) = table.place else { continue };
        let made: BTreeMap<i64, String> = rows
            .units
            .iter()
            .filter(|unit| unit.before.is_empty())
            .filter_map(|unit| Some((unit.key[0], called(table, record, unit.after.first()?))))
            .collect();
        let ids: Vec<i64> = made.keys().copied().collect();
        if let Some(online) = &table.online {
            let id = table.column(table.key[0]);
            for chunk in ids.chunks(CHUNK) {
                let sql = format!(
                    "SELECT {id} FROM {} WHERE {online} <> 0 AND {id} IN ({})",
                    table.name,
                    marks(chunk.len())
                );
                let values: Vec<Value> = chunk.iter().map(|id| (*id).into()).collect();
                for row in session.conn.rows(&sql, &values)? {
                    moved.add(format!("{} is logged in", made[&row.int(0)?]));
                }
            }
        }
        for (kind, end) in links_of(session, part) {
            let made_by_run = made_by_run(tables, kind, end);
            for (id, count) in linked(session, kind, end, &ids)? {
                if count > made_by_run.get(&id).copied().unwrap_or(0) {
                    let (owners, members) = ends(kind);
                    let other = if end == 0 { members } else { owners };
                    moved.add(format!("{} has got another {} since", made[&id], noun(other)));
                }
            }
        }
    }
    Ok(())
}

/// The kinds of links that rows of a part are at an end of: 0 the owner's, 1 the member's.
fn links_of(session: &Session, part: Part) -> Vec<(LinkKind, usize)> {
    let kinds = session.map.links.keys().flat_map(|kind| {
        let (owners, members) = ends(*kind);
        [(*kind, 0, owners), (*kind, 1, members)]
    });
    kinds.filter(|(.., its)| *its == part).map(|(kind, end, _)| (kind, end)).collect()
}

/// How many links these rows have.
fn linked(
    session: &mut Session,
    kind: LinkKind,
    end: usize,
    ids: &[i64],
) -> Result<BTreeMap<i64, usize>, DbError> {
    let Some(link) = session.map.link(kind) else { return Ok(BTreeMap::new()) };
    let column = [&link.owner, &link.member][end].quoted();
    let (table, condition) = (link.table.quoted(), link.where_any_sql());
    let mut counts = BTreeMap::new();
    for chunk in ids.chunks(CHUNK) {
        let sql = format!(
            "SELECT {column}, COUNT(*) FROM {table} WHERE {condition} AND {column} IN ({}) GROUP BY {column}",
            marks(chunk.len())
        );
        let mut values = link.condition_values();
        values.extend(chunk.iter().map(|id| Value::from(*id)));
        for row in session.conn.rows(&sql, &values)? {
            counts.insert(row.int(0)?, usize::try_from(row.int(1)?).unwrap_or(usize::MAX));
        }
    }
    Ok(counts)
}

/// How many links the run left of each row at this end.
fn made_by_run(tables: &[Compare<'_>], kind: LinkKind, end: usize) -> HashMap<i64, usize> {
    let of_kind = tables.iter().filter(|compare| compare.table.place == Place::Links(kind));
    let mut counts = HashMap::new();
    for Compare { table, rows, .. } in of_kind {
        for row in rows.units.iter().flat_map(|unit| &unit.after) {
            if let Some((owner, member)) = table.ends_of(row) {
                *counts.entry([owner, member][end]).or_default() += 1;
            }
        }
    }
    counts
}
