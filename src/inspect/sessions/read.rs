//! Reading sessions from the database: few questions, each bounded.
//!
//! Invariant: columns are looked up before they are named in a question, and history tables are read by an index or
//! by their newest rows only. What cannot be read is noted, and the rest is read all the same.

use super::tables::{CallTable, ProfileTable, SessionTables};
use crate::db::catalog::Table;
use crate::db::{Catalog, Connection, DbError, Engine, ErrorKind, Row, Value, quoted};
use crate::facts::{OnlineUser, OpenSession, OpenSessions, RoleFacts, SessionFacts};
use std::collections::{BTreeMap, BTreeSet};

/// Without an index on the end of sessions this many of the newest rows are searched.
const NEWEST: u64 = 20_000;
/// This many of the newest rows are searched for signs of life.
const RECENT: u64 = 2_000;
/// No more open sessions are read.
const MOST_OPEN: u64 = 5_000;
/// No more profiles are read for their names.
const MOST_PROFILES: u64 = 10_000;

/// Reads everything that the user may see; the caller has begun a read-only transaction.
///
/// # Errors
/// When the database stops answering. Missing tables, columns and privileges are facts.
pub fn read(conn: &mut Connection, tables: &SessionTables) -> Result<SessionFacts, DbError> {
    let mut names = vec![tables.users.table.as_str(), tables.sessions.table.as_str()];
    names.extend(tables.profiles.iter().map(|table| table.table.as_str()));
    names.extend(tables.calls.iter().map(|table| table.table.as_str()));
    let catalog = Catalog::of(conn, &names)?;
    let mut reader = Reader { conn, tables, catalog: &catalog, facts: SessionFacts::default() };
    reader.part(Reader::roles)?;
    reader.part(Reader::online)?;
    reader.part(Reader::open)?;
    reader.part(Reader::recent)?;
    reader.part(Reader::calls)?;
    Ok(reader.facts)
}

struct Reader<'a> {
    conn: &'a mut Connection,
    tables: &'a SessionTables,
    catalog: &'a Catalog,
    facts: SessionFacts,
}

impl<'a> Reader<'a> {
    /// One part; what the user may not read is noted, and a connection that is lost ends all of it.
    fn part(&mut self, part: impl FnOnce(&mut Self) -> Result<(), DbError>) -> Result<(), DbError> {
        match part(self) {
            Err(error) if matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Lost) => Err(error),
            Err(error) => {
                self.facts.unknown.push(error.to_string());
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// The table, if all these columns are there; else what is missing is noted.
    fn table(&mut self, name: &str, columns: &[&str]) -> Option<&'a Table> {
        let catalog = self.catalog;
        let Some(table) = catalog.table(name) else {
            self.missing(format!("table {name} is not there, or this user may not see it"));
            return None;
        };
        let missing: Vec<_> = columns.iter().filter(|column| table.column(column).is_none()).collect();
        for column in &missing {
            self.missing(format!("column {name}.{column} is not there, or this user may not see it"));
        }
        missing.is_empty().then_some(table)
    }

    fn missing(&mut self, what: String) {
        if !self.facts.unknown.contains(&what) {
            self.facts.unknown.push(what);
        }
    }

    fn roles(&mut self) -> Result<(), DbError> {
        let users = &self.tables.users;
        if self.table(&users.table, &[&users.role, &users.online]).is_none() {
            return Ok(());
        }
        let has_contact = self.table(&users.table, &[&users.contact]).is_some();
        let contact = quoted(&users.contact);
        let phones =
            if has_contact { format!("SUM(COALESCE({contact}, '') <> '')") } else { "NULL".to_owned() };
        let sql = format!(
            "SELECT {role}, COUNT(*), SUM(COALESCE({online}, 0) = 1), {phones} FROM {table} GROUP BY {role}",
            role = quoted(&users.role),
            online = quoted(&users.online),
            table = quoted(&users.table)
        );
        for row in self.conn.rows(&sql, &[])? {
            let role = row.value(0).display();
            let facts = RoleFacts {
                users: count(&row, 1)?,
                online: count(&row, 2)?,
                phones: if has_contact { Some(count(&row, 3)?) } else { None },
            };
            self.facts.roles.insert(role, facts);
        }
        Ok(())
    }

    fn online(&mut self) -> Result<(), DbError> {
        let users = &self.tables.users;
        if self.table(&users.table, &[&users.name, &users.role, &users.online]).is_none() {
            return Ok(());
        }
        let sql = format!(
            "SELECT {name}, {role} FROM {table} WHERE {online} = 1 ORDER BY {name} LIMIT {most}",
            name = quoted(&users.name),
            role = quoted(&users.role),
            online = quoted(&users.online),
            table = quoted(&users.table),
            most = SessionFacts::MOST
        );
        for row in self.conn.rows(&sql, &[])? {
            let user = OnlineUser {
                name: row.value(0).display(),
                role: row.value(1).display(),
                ..OnlineUser::default()
            };
            self.facts.online.push(user);
        }
        Ok(())
    }

    /// Sessions that were opened and not closed.
    fn open(&mut self) -> Result<(), DbError> {
        let sessions = &self.tables.sessions;
        let mut needed = vec![&*sessions.member, &*sessions.entered, &*sessions.left];
        needed.extend(sessions.login.iter().map(|(column, _)| column.as_str()));
        let Some(table) = self.table(&sessions.table, &needed) else { return Ok(()) };
        let optional: Vec<&str> =
            sessions.channel.iter().chain(&sessions.profile).map(String::as_str).collect();
        // Nothing depends on these; a missing one is noted and left out.
        let optional: Vec<&str> =
            optional.into_iter().filter(|column| self.table(&sessions.table, &[column]).is_some()).collect();
        let (from, searched) = match open_rows(table, &sessions.left, &[&needed[..], &optional[..]].concat())
        {
            Some(from) => from,
            None => {
                self.missing(format!(
                    "{} has neither an index on {} nor a single key",
                    sessions.table, sessions.left
                ));
                return Ok(());
            }
        };
        let mut select =
            vec![quoted(&sessions.member), quoted(&sessions.entered), self.age(&sessions.entered)];
        select.extend(optional.iter().map(|column| quoted(column)));
        let (condition, values) = match &sessions.login {
            Some((column, login)) => {
                (format!(" AND {} = ?", quoted(column)), vec![Value::from(login.as_str())])
            }
            None => (String::new(), Vec::new()),
        };
        let sql = format!(
            "SELECT {} FROM {from} WHERE {} IS NULL{condition} LIMIT {MOST_OPEN}",
            select.join(", "),
            quoted(&sessions.left)
        );
        let rows = self.conn.rows(&sql, &values)?;
        let profiles = self.profiles()?;
        self.take_open(&rows, &optional, &profiles, searched)
    }

    fn take_open(
        &mut self,
        rows: &[Row],
        optional: &[&str],
        profiles: &BTreeMap<String, String>,
        searched: Option<u64>,
    ) -> Result<(), DbError> {
        let channel = self.tables.sessions.channel.as_deref();
        let mut open = OpenSessions { count: rows.len() as u64, searched, ..OpenSessions::default() };
        let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
        let names: Vec<String> = self.facts.online.iter().map(|user| fold(&user.name)).collect();
        by_name.extend(names.iter().enumerate().map(|(index, name)| (name.as_str(), index)));
        for row in rows {
            let age = row.optional_int(2)?;
            if age.is_some()
                && open.newest_age_seconds.is_none_or(|newest| age.is_some_and(|age| age < newest))
            {
                open.newest_age_seconds = age;
                open.newest = Some(row.value(1).display());
            }
            let Some(index) = by_name.get(fold(&row.value(0).display()).as_str()) else {
                open.of_offline += 1;
                continue;
            };
            let mut session = OpenSession { entered: shown(row.value(1)), ..OpenSession::default() };
            for (place, column) in optional.iter().enumerate() {
                let value = shown(row.value(place + 3));
                if Some(*column) == channel {
                    session.channel = value;
                    continue;
                }
                session.profile_name =
                    session.profile_name.or_else(|| profiles.get(value.as_deref()?).cloned());
                session.profile.push(((*column).to_owned(), value));
            }
            self.facts.online[*index].sessions.push(session);
        }
        self.facts.open = Some(open);
        Ok(())
    }

    /// Ids and names of profiles, both pointing to the name.
    fn profiles(&mut self) -> Result<BTreeMap<String, String>, DbError> {
        let Some(ProfileTable { table, id, name }) = &self.tables.profiles else {
            return Ok(BTreeMap::new());
        };
        if self.table(table, &[id, name]).is_none() {
            return Ok(BTreeMap::new());
        }
        let sql =
            format!("SELECT {}, {} FROM {} LIMIT {MOST_PROFILES}", quoted(id), quoted(name), quoted(table));
        let rows = self.conn.rows(&sql, &[])?;
        let pairs = |row: &Row| (row.value(0).display(), row.value(1).display());
        let names = rows.iter().map(pairs).map(|(_, name)| (name.clone(), name));
        // An id wins over a name that looks like one.
        Ok(names.chain(rows.iter().map(pairs)).collect())
    }

    /// The newest sign of life of everybody who is online.
    fn recent(&mut self) -> Result<(), DbError> {
        let sessions = &self.tables.sessions;
        let columns = [&*sessions.member, &*sessions.entered, &*sessions.left];
        let Some(table) = self.table(&sessions.table, &columns) else { return Ok(()) };
        let [key] = table.primary_key() else { return Ok(()) };
        let sql = format!(
            "SELECT {}, {}, {} FROM {} ORDER BY {} DESC LIMIT {RECENT}",
            quoted(&sessions.member),
            self.age(&sessions.entered),
            self.age(&sessions.left),
            quoted(&sessions.table),
            quoted(key)
        );
        let mut ages: BTreeMap<String, i64> = BTreeMap::new();
        for row in self.conn.rows(&sql, &[])? {
            let ages_of_row = [row.optional_int(1)?, row.optional_int(2)?];
            let Some(age) = ages_of_row.into_iter().flatten().min() else { continue };
            let newest = ages.entry(fold(&row.value(0).display())).or_insert(age);
            *newest = age.min(*newest);
        }
        for user in &mut self.facts.online {
            user.idle_seconds = ages.get(&fold(&user.name)).copied();
        }
        Ok(())
    }

    fn calls(&mut self) -> Result<(), DbError> {
        let Some(CallTable { table, ended }) = &self.tables.calls else { return Ok(()) };
        let Some(found) = self.table(table, &[ended]) else { return Ok(()) };
        let Some((from, _)) = open_rows(found, ended, &[ended]) else {
            self.missing(format!("{table} has neither an index on {ended} nor a single key"));
            return Ok(());
        };
        let sql = format!("SELECT COUNT(*) FROM {from} WHERE {} IS NULL", quoted(ended));
        let rows = self.conn.rows(&sql, &[])?;
        self.facts.calls = rows.first().map(|row| count(row, 0)).transpose()?;
        Ok(())
    }

    /// Seconds since a time that the application wrote, which is in UTC.
    fn age(&self, column: &str) -> String {
        let column = quoted(column);
        match self.conn.engine() {
            Engine::Sqlite => format!("CAST(strftime('%s', 'now') - strftime('%s', {column}) AS INTEGER)"),
            Engine::MariaDb | Engine::MySql => format!("TIMESTAMPDIFF(SECOND, {column}, UTC_TIMESTAMP())"),
        }
    }
}

/// What to search for rows without an end: all by an index, or the newest by the key, with their number.
fn open_rows(table: &Table, ended: &str, columns: &[&str]) -> Option<(String, Option<u64>)> {
    let name = quoted(&table.name);
    if table.is_indexed(&[ended]) {
        return Some((name, None));
    }
    let [key] = table.primary_key() else { return None };
    let columns: BTreeSet<String> = columns.iter().map(|column| quoted(column)).collect();
    let columns: Vec<String> = columns.into_iter().collect();
    let newest = format!(
        "(SELECT {} FROM {name} ORDER BY {} DESC LIMIT {NEWEST}) AS newest",
        columns.join(", "),
        quoted(key)
    );
    Some((newest, Some(NEWEST)))
}

/// Names are compared as Motion's usual collation does it, as far as case and blanks at the end go.
fn fold(name: &str) -> String {
    name.trim_end().to_lowercase()
}

fn shown(value: &Value) -> Option<String> {
    (!value.is_null()).then(|| value.display())
}

fn count(row: &Row, index: usize) -> Result<u64, DbError> {
    Ok(row.optional_int(index)?.and_then(|number| number.try_into().ok()).unwrap_or(0))
}
