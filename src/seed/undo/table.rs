//! The tables of which rows are kept, and their rows as they are.
//!
//! Invariant: of users and queues, which hold more than seeding manages, no other columns than those of the map are
//! read: passwords are among the others. Of profiles, links and rights all are, because their rows may go.

use crate::db::{Catalog, Connection, DbError, Value, quoted};
use crate::seed::map::{Ident, LinkKind, Map, Part};
use crate::seed::snapshot::{CHUNK, Section, marks};
use std::collections::BTreeMap;
use std::fmt;

/// Where rows belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// Agents, queues or profiles.
    Rows(Part),
    Links(LinkKind),
    /// Rights of user profiles.
    Rights,
}

impl Place {
    /// All that a map has.
    pub fn all(map: &Map) -> Vec<Self> {
        let queues = map.queues.keys().map(|channel| Self::Rows(Part::Queues(*channel)));
        let links = map.links.keys().map(|kind| Self::Links(*kind));
        [Self::Rows(Part::Users), Self::Rows(Part::Profiles), Self::Rights]
            .into_iter()
            .chain(queues)
            .chain(links)
            .collect()
    }
}

/// As a record has it.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rows(part) => part.fmt(f),
            Self::Links(kind) => Part::Links(*kind).fmt(f),
            Self::Rights => Part::Permissions.fmt(f),
        }
    }
}

/// The columns of a row, in the order of the table's.
pub(super) type Row = Vec<Value>;
/// What names a row: its id, or the ids of both ends of a link that has none. Several links may have the same ends.
pub(super) type Key = [i64; 2];
/// Rows by what names them.
pub(super) type Units = BTreeMap<Key, Vec<Row>>;

/// A table as rows are kept of it.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub place: Place,
    pub name: String,
    /// What all its rows of this place fulfil, and the values for that; empty where that is every row.
    pub condition: (String, Vec<Value>),
    /// The columns that are kept.
    pub columns: Vec<String>,
    /// Those that name a row, among the columns: one, or both ends of a link.
    pub key: Vec<usize>,
    /// The name of a row, among the columns.
    pub name_at: Option<usize>,
    /// The owner and the member of a link, among the columns.
    pub ends: Option<[usize; 2]>,
    /// When a row was last changed, among the columns: it does not count where somebody changed something else.
    pub updated: Option<usize>,
    /// When it was deleted softly, among the columns.
    pub deleted: Option<usize>,
    /// Whether somebody is logged in, for rows that go.
    pub online: Option<String>,
}

impl Table {
    /// The table of a place, if the map has it and the database, too.
    pub fn of(map: &Map, catalog: &Catalog, place: Place) -> Option<Self> {
        match place {
            Place::Rows(part) => Section::of(map, part).and_then(|section| of_section(catalog, &section)),
            Place::Links(kind) => of_links(map, catalog, kind),
            Place::Rights => of_rights(map, catalog),
        }
    }

    /// A column, quoted.
    pub fn column(&self, index: usize) -> String {
        quoted(&self.columns[index])
    }

    /// Where a column of the map stands among the columns.
    pub fn position(&self, column: &Ident) -> Option<usize> {
        position(&self.columns, column.as_str())
    }

    /// What names a row.
    pub fn key_of(&self, row: &Row) -> Option<Key> {
        let mut ids = self.key.iter().map(|index| id(&row[*index]));
        let first = ids.next()??;
        Some([first, ids.next().unwrap_or(Some(0))?])
    }

    /// The owner and the member of a link.
    pub fn ends_of(&self, row: &Row) -> Option<(i64, i64)> {
        let [owner, member] = self.ends?;
        Some((id(&row[owner])?, id(&row[member])?))
    }

    /// Whether a row counts, and was not deleted softly.
    pub fn is_live(&self, row: &Row) -> bool {
        self.deleted.is_none_or(|deleted| row[deleted].is_null())
    }

    /// The column by which rows are looked for: the owner of links, the key of others.
    pub fn finder(&self) -> usize {
        self.ends.map_or(self.key[0], |[owner, _]| owner)
    }

    /// The rows of these ids, or owners, that are wanted, one unit after the other. No more than one is in memory.
    pub fn each(
        &self,
        conn: &mut Connection,
        ids: &[i64],
        is_wanted: &dyn Fn(&Row) -> bool,
        take: &mut dyn FnMut(Key, Vec<Row>),
    ) -> Result<(), DbError> {
        let columns: Vec<String> = (0..self.columns.len()).map(|index| self.column(index)).collect();
        let (condition, given) = &self.condition;
        let and = if condition.is_empty() { "" } else { " AND " };
        // Rows without ids are a unit with all others of the same key: they have to follow each other.
        let has_id = self.key.len() == 1 && self.place != Place::Rights;
        let keys: Vec<String> = self.key.iter().map(|index| self.column(*index)).collect();
        let order = if has_id { String::new() } else { format!(" ORDER BY {}", keys.join(", ")) };
        for chunk in ids.chunks(CHUNK) {
            let sql = format!(
                "SELECT {} FROM {} WHERE {condition}{and}{} IN ({}){order}",
                columns.join(", "),
                self.name,
                self.column(self.finder()),
                marks(chunk.len()),
            );
            let mut values = given.clone();
            values.extend(chunk.iter().map(|id| Value::from(*id)));
            let mut unit: Option<(Key, Vec<Row>)> = None;
            conn.each(&sql, &values, &mut |row| {
                let row = row.into_values();
                let Some(key) = self.key_of(&row).filter(|_| is_wanted(&row)) else { return Ok(()) };
                match &mut unit {
                    Some((last, rows)) if *last == key => rows.push(row),
                    _ => end(unit.replace((key, vec![row])), take),
                }
                Ok(())
            })?;
            end(unit, take);
        }
        Ok(())
    }

    /// The same, all of them.
    pub fn read(
        &self,
        conn: &mut Connection,
        ids: &[i64],
        is_wanted: &dyn Fn(&Row) -> bool,
    ) -> Result<Units, DbError> {
        let mut units = Units::new();
        self.each(conn, ids, is_wanted, &mut |key, rows| units.entry(key).or_default().extend(rows))?;
        Ok(units)
    }
}

/// Hands a unit on. Its rows have no order of their own.
fn end(unit: Option<(Key, Vec<Row>)>, take: &mut dyn FnMut(Key, Vec<Row>)) {
    if let Some((key, mut rows)) = unit {
        if rows.len() > 1 {
            rows.sort_by_cached_key(spelled);
        }
        take(key, rows);
    }
}

/// An order of rows that says nothing else.
fn spelled(row: &Row) -> Vec<String> {
    row.iter().map(Value::display).collect()
}

fn id(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}

fn position(columns: &[String], name: &str) -> Option<usize> {
    columns.iter().position(|column| column.eq_ignore_ascii_case(name))
}

/// Every column that can be written.
fn whole(catalog: &Catalog, table: &str) -> Option<Vec<String>> {
    let columns = catalog.table(table)?.columns.iter().filter(|column| !column.is_generated());
    Some(columns.map(|column| column.name.clone()).collect())
}

fn of_section(catalog: &Catalog, section: &Section<'_>) -> Option<Table> {
    let columns = if section.part == Part::Profiles {
        whole(catalog, section.table.as_str())?
    } else {
        let known = [section.id, section.name].into_iter().chain(section.columns.iter().map(|c| c.ident));
        let known = known.chain([section.created, section.updated, section.deleted].into_iter().flatten());
        let mut columns: Vec<String> = Vec::new();
        for column in known {
            if position(&columns, column.as_str()).is_none() {
                columns.push(column.as_str().to_owned());
            }
        }
        columns
    };
    Some(Table {
        place: Place::Rows(section.part),
        name: section.table.quoted(),
        condition: (String::new(), Vec::new()),
        key: vec![position(&columns, section.id.as_str())?],
        name_at: position(&columns, section.name.as_str()),
        ends: None,
        updated: section.updated.and_then(|column| position(&columns, column.as_str())),
        deleted: section.deleted.and_then(|column| position(&columns, column.as_str())),
        online: section.online.map(|column| column.quoted()),
        columns,
    })
}

fn of_links(map: &Map, catalog: &Catalog, kind: LinkKind) -> Option<Table> {
    let link = map.link(kind)?;
    let columns = whole(catalog, link.table.as_str())?;
    let at = |column: &Ident| position(&columns, column.as_str());
    let ends = [at(&link.owner)?, at(&link.member)?];
    Some(Table {
        place: Place::Links(kind),
        name: link.table.quoted(),
        condition: (link.where_any_sql(), link.condition_values()),
        key: match &link.id {
            Some(id) => vec![at(id)?],
            None => ends.to_vec(),
        },
        name_at: None,
        ends: Some(ends),
        updated: link.updated.as_ref().and_then(at),
        deleted: link.deleted.as_ref().and_then(at),
        online: None,
        columns,
    })
}

fn of_rights(map: &Map, catalog: &Catalog) -> Option<Table> {
    let permissions = map.permissions.as_ref()?;
    let c = &permissions.columns;
    let columns = whole(catalog, permissions.table.as_str())?;
    Some(Table {
        place: Place::Rights,
        name: permissions.table.quoted(),
        condition: (format!("{} = ?", c.section.quoted()), vec![permissions.section.as_str().into()]),
        key: vec![position(&columns, c.user_profile.as_str())?],
        name_at: None,
        ends: None,
        updated: c.updated.as_ref().and_then(|column| position(&columns, column.as_str())),
        deleted: None,
        online: None,
        columns,
    })
}
