//! What names mean to the server.
//!
//! Invariant: whether two names are the same, and whether a column can hold one, is the server's word; a name that it
//! cannot hold is never part of a comparison.

use super::charset;
use super::made::{GIVEN, held, made_of, no_answer};
use super::section::Section;
use crate::db::{Catalog, Connection, DbError, Engine, Value};
use crate::seed::manifest::Name;
use std::collections::{BTreeSet, HashMap, HashSet};

/// The most names or ids in one statement.
pub(in crate::seed) const CHUNK: usize = 1_000;

/// How a column compares texts, as pieces of SQL.
pub(super) struct Comparison {
    engine: Engine,
    charset: Option<String>,
    collation: Option<String>,
    /// What a space weighs, where spaces at the end count for nothing.
    space: Option<Vec<u8>>,
}

impl Comparison {
    /// How the names of a section are compared.
    pub fn of(conn: &mut Connection, catalog: &Catalog, section: &Section<'_>) -> Result<Self, DbError> {
        let column =
            catalog.table(section.table.as_str()).and_then(|table| table.column(section.name.as_str()));
        let known = |name: &Option<String>| name.as_deref().filter(|name| is_word(name)).map(str::to_owned);
        let mut comparison = Self {
            engine: conn.engine(),
            charset: column.and_then(|column| known(&column.charset)),
            collation: column.and_then(|column| known(&column.collation)),
            space: None,
        };
        if let (Some(charset), Some(collation)) = (&comparison.charset, &comparison.collation) {
            let text = |text: &str| format!("CONVERT('{text}' USING {charset}) COLLATE {collation}");
            let (a, spaced, space) = (text("a"), text("a "), text(" "));
            let rows = conn.rows(&format!("SELECT {a} = {spaced}, HEX(WEIGHT_STRING({space}))"), &[])?;
            let row = rows.first().ok_or_else(no_answer)?;
            if row.optional_int(0)? == Some(1) {
                comparison.space = Some(hex::decode(row.text(1)?).map_err(|_| no_answer())?);
            }
        }
        Ok(comparison)
    }

    /// What is equal for equal texts only. Servers promise it of their weight strings.
    fn key(&self, text: &str) -> String {
        let text = if self.space.is_some() { format!("RTRIM({text})") } else { text.to_owned() };
        match (self.engine, &self.charset, &self.collation) {
            // The embedded schema compares names without regard to the case of ASCII letters, as this does.
            (Engine::Sqlite, ..) => format!("lower({text})"),
            (_, Some(charset), Some(collation)) => {
                format!("WEIGHT_STRING(CONVERT({text} USING {charset}) COLLATE {collation})")
            }
            _ => format!("WEIGHT_STRING({text})"),
        }
    }

    /// A key without spaces at its end, which count for nothing also in front of letters that weigh nothing.
    fn without_spaces(&self, mut key: Vec<u8>) -> Vec<u8> {
        if let Some(space) = self.space.as_ref().filter(|space| !space.is_empty()) {
            while key.ends_with(space) {
                key.truncate(key.len() - space.len());
            }
        }
        key
    }

    /// A text that is asked about.
    fn given(&self) -> &'static str {
        if self.engine == Engine::Sqlite { "?" } else { GIVEN }
    }

    /// The text as the column would hold it; none where it can hold every text, or no server is there to ask.
    fn held(&self, text: &str) -> Option<String> {
        if self.engine == Engine::Sqlite {
            return None;
        }
        let charset = self.charset.as_deref().filter(|charset| *charset != "utf8mb4")?;
        Some(held(charset, text))
    }

    /// Whether the column of a server that cannot be asked is known to lose a letter of it.
    fn loses(&self, name: &Name) -> bool {
        let charset = self.charset.as_deref().filter(|_| self.engine == Engine::Sqlite);
        charset.is_some_and(|charset| charset::lost(charset, name).is_some())
    }

    /// Sorts names into groups that are the same to the server.
    pub fn group(&self, conn: &mut Connection, wanted: &[Name]) -> Result<Keyed, DbError> {
        let mut keyed = Keyed { names: Names::default(), groups: HashMap::new() };
        let expressions: Vec<_> =
            std::iter::once(self.key(self.given())).chain(self.held(self.given())).collect();
        let texts: Vec<&str> = wanted.iter().map(|name| &**name).collect();
        let answers = made_of(conn, &expressions, &texts)?;
        for (name, answers) in wanted.iter().zip(answers.chunks_exact(expressions.len())) {
            match answers {
                _ if self.loses(name) => keyed.names.add_unholdable(name.clone()),
                // A text that cannot be held comes back as another one.
                [_, held] if held != name.as_bytes() => keyed.names.add_unholdable(name.clone()),
                [key, ..] => keyed.add(name.clone(), self.without_spaces(key.clone())),
                [] => return Err(no_answer()),
            }
        }
        Ok(keyed)
    }

    /// The keys of the names of rows.
    pub fn keys_of_rows(
        &self,
        conn: &mut Connection,
        section: &Section<'_>,
        ids: &[i64],
    ) -> Result<Vec<(i64, Vec<u8>)>, DbError> {
        let mut keys = Vec::new();
        for chunk in ids.chunks(CHUNK) {
            let sql = format!(
                "SELECT {id}, {key} FROM {table} WHERE {id} IN ({marks})",
                id = section.id.quoted(),
                key = self.key(&section.name.quoted()),
                table = section.table.quoted(),
                marks = marks(chunk.len()),
            );
            let values: Vec<Value> = chunk.iter().map(|id| (*id).into()).collect();
            for row in conn.rows(&sql, &values)? {
                keys.push((row.int(0)?, self.without_spaces(bytes(row.value(1).clone())?)));
            }
        }
        Ok(keys)
    }
}

/// Which of the names each of a few rows has, by comparing them one with another.
///
/// # Errors
/// When a row has none of them, or the database fails.
pub(super) fn compare(
    conn: &mut Connection,
    section: &Section<'_>,
    ids: &[i64],
    names: &[Name],
) -> Result<Vec<(i64, Name)>, DbError> {
    let (id, name) = (section.id.quoted(), section.name.quoted());
    let mut found = Vec::new();
    for ids in ids.chunks(CHUNK) {
        let mut left: BTreeSet<i64> = ids.iter().copied().collect();
        for chunk in names.chunks(CHUNK) {
            let cases: String = (0..chunk.len()).map(|index| format!(" WHEN ? THEN {index}")).collect();
            let marks = marks(ids.len());
            let table = section.table.quoted();
            let sql = format!("SELECT {id}, CASE {name}{cases} END FROM {table} WHERE {id} IN ({marks})");
            let mut values: Vec<Value> = chunk.iter().map(|name| Value::from(&**name)).collect();
            values.extend(ids.iter().map(|id| Value::from(*id)));
            for row in conn.rows(&sql, &values)? {
                let (id, index) = (row.int(0)?, row.optional_int(1)?);
                let index = index.and_then(|index| usize::try_from(index).ok());
                if let Some(name) = index.and_then(|index| chunk.get(index)).filter(|_| left.remove(&id)) {
                    found.push((id, name.clone()));
                }
            }
        }
        if !left.is_empty() {
            return Err(no_answer());
        }
    }
    Ok(found)
}

/// Names with the keys of their groups.
pub(super) struct Keyed {
    pub names: Names,
    groups: HashMap<Vec<u8>, u32>,
}

impl Keyed {
    fn add(&mut self, name: Name, key: Vec<u8>) {
        let next = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
        let group = *self.groups.entry(key).or_insert(next);
        self.names.add(name, group);
    }

    /// The group of a row, by its name's bytes.
    pub fn group_of_name(&self, name: &Name) -> Option<u32> {
        self.names.group(name).map(|group| group.0)
    }

    /// The group of a row, by its name's key.
    pub fn group_of_key(&self, key: &[u8]) -> Option<u32> {
        self.groups.get(key).copied()
    }
}

/// `?, ?, …`
pub(in crate::seed) fn marks(count: usize) -> String {
    let mut marks = "?, ".repeat(count);
    marks.truncate(marks.len().saturating_sub(2));
    marks
}

fn bytes(key: Value) -> Result<Vec<u8>, DbError> {
    match key {
        Value::Bytes(bytes) => Ok(bytes),
        Value::Text(text) => Ok(text.into_bytes()),
        _ => Err(no_answer()),
    }
}

/// Names of character sets and collations stand in SQL as they are.
pub(super) fn is_word(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What names mean to the server: under its collation, not ours.
#[derive(Debug, Clone, Default)]
pub struct Names {
    groups: HashMap<Name, u32>,
    rows: Vec<Vec<i64>>,
    unholdable: HashSet<Name>,
}

/// Names that the server holds to be the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group(pub u32);

impl Names {
    /// Puts a name among those with the same key; keys are the server's.
    pub(super) fn add(&mut self, name: Name, group: u32) {
        let needed = group as usize + 1;
        if self.rows.len() < needed {
            self.rows.resize(needed, Vec::new());
        }
        self.groups.insert(name, group);
    }

    pub(super) fn add_unholdable(&mut self, name: Name) {
        self.unholdable.insert(name);
    }

    pub(super) fn add_row(&mut self, group: u32, id: i64) {
        let rows = &mut self.rows[group as usize];
        if !rows.contains(&id) {
            rows.push(id);
            rows.sort_unstable();
        }
    }

    /// The group of a name; none where it was not asked for, or cannot be stored.
    #[must_use]
    pub fn group(&self, name: &Name) -> Option<Group> {
        self.groups.get(name).copied().map(Group)
    }

    /// The rows that have a name of this group, in the order of their ids.
    #[must_use]
    pub fn rows(&self, group: Group) -> &[i64] {
        self.rows.get(group.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// Whether the column's character set has no place for a name.
    #[must_use]
    pub fn is_unholdable(&self, name: &Name) -> bool {
        self.unholdable.contains(name)
    }

    /// Every name that was asked for and can be stored, with its group, in order.
    #[must_use]
    pub fn sorted(&self) -> Vec<(&Name, Group)> {
        let mut names: Vec<_> = self.groups.iter().map(|(name, group)| (name, Group(*group))).collect();
        names.sort_unstable();
        names
    }
}
