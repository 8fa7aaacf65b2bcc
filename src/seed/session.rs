//! A database that is seeded: a connection, the map that fits it, and how its tables are made.
//!
//! Invariant: a map is held against the database before anything is read by it. A SQLite file that is not ours is
//! never read from or written to, and a missing one is made only for writing.

use super::embedded::{self, Ownership};
use super::map::{Ident, Map, Needs};
use super::verify::{Verification, unnamed_columns, unseen, verify};
use crate::db::{
    Catalog, Connection, DbError, Engine, ErrorKind, FileAccess, LOCK_WAIT, Limits, Server, Source,
};
use crate::outcome::{Failure, FailureKind, Finding};
use std::path::Path;

/// What a database is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To read what is there: a missing file is a failure.
    Read,
    /// To plan: a missing file is an empty database, and stays missing.
    Plan,
    /// To write: a missing file is made.
    Write,
}

/// An open database.
pub struct Session {
    pub(super) conn: Connection,
    pub(super) map: Map,
    /// How the tables of the map are made.
    pub(super) catalog: Catalog,
    /// By whose rules the tables are judged: the server's, also where their rows are in memory.
    pub(super) rules: Engine,
    /// Which database this is, for fingerprints.
    pub(super) identity: String,
    /// How many names findings list.
    pub(super) telling: Telling,
    /// Whether plans come with a picture of who belongs to what.
    pub(super) is_pictured: bool,
    shown: Server,
}

/// How many names a finding lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Telling {
    /// As many as people read, and how many more there are.
    #[default]
    Few,
    All,
}

impl Session {
    /// A database that is open already: a server's, or an empty one in memory.
    ///
    /// # Errors
    /// When its tables cannot be looked at.
    pub fn of(conn: Connection, map: Map) -> Result<Self, Failure> {
        let shown = conn.server().clone();
        Self::shown_as(conn, shown, map)
    }

    /// A SQLite file; its path tells it from others.
    ///
    /// # Errors
    /// When it cannot be opened, or is not ours.
    pub fn file(path: &Path, map: Map, purpose: Purpose) -> Result<Self, Failure> {
        let (conn, shown) = open_file(path, purpose)?;
        Self::shown_as(conn, shown, map)
    }

    /// A database in memory whose tables were made for a map, as they are on a server.
    pub(super) fn in_memory(conn: Connection, map: Map, catalog: Catalog, rules: Engine) -> Self {
        let shown = conn.server().clone();
        Self::new(conn, map, catalog, rules, "memory".to_owned(), shown)
    }

    fn shown_as(mut conn: Connection, shown: Server, map: Map) -> Result<Self, Failure> {
        let names: Vec<&str> = map.table_names().into_iter().map(Ident::as_str).collect();
        let catalog = Catalog::of(&mut conn, &names).map_err(|error| failure(&error))?;
        let identity = identity(&mut conn, &shown).map_err(|error| failure(&error))?;
        let rules = conn.engine();
        Ok(Self::new(conn, map, catalog, rules, identity, shown))
    }

    fn new(
        conn: Connection,
        map: Map,
        catalog: Catalog,
        rules: Engine,
        identity: String,
        shown: Server,
    ) -> Self {
        let telling = Telling::default();
        Self { conn, map, catalog, rules, identity, telling, is_pictured: false, shown }
    }

    /// The same, with findings that list so many names.
    #[must_use]
    pub fn telling(self, telling: Telling) -> Self {
        Self { telling, ..self }
    }

    /// The same, with plans that come with a picture of who belongs to what, or without it.
    #[must_use]
    pub fn pictured(self, is_pictured: bool) -> Self {
        Self { is_pictured, ..self }
    }

    /// What may be shown of the server.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.shown
    }

    /// Where things are.
    #[must_use]
    pub fn map(&self) -> &Map {
        &self.map
    }

    /// The map and the connection, for statements.
    #[must_use]
    pub fn parts(&mut self) -> (&mut Connection, &Map, &Catalog) {
        (&mut self.conn, &self.map, &self.catalog)
    }

    /// What a plan is looked at with.
    pub(super) fn look(&mut self) -> (&mut Connection, &Map, &Catalog, Telling) {
        (&mut self.conn, &self.map, &self.catalog, self.telling)
    }

    /// Holds the map against the database.
    #[must_use]
    pub fn verify(&self, needs: &Needs) -> Verification {
        verify(&self.map, &self.catalog, self.rules, needs)
    }

    /// What a reader should know: rows that Motion has deleted, or that mean something else, may be shown.
    #[must_use]
    pub fn unnamed_columns(&self) -> Vec<Finding> {
        unnamed_columns(&self.map, &self.catalog, &Needs::reading(&self.map), false)
    }

    /// Refuses where the map does not fit in what is needed.
    ///
    /// # Errors
    /// With the finding `seed.map-mismatch`; unavailable where only a privilege is missing.
    pub fn require(&mut self, needs: &Needs) -> Result<(), Failure> {
        let verification = self.verify(needs);
        if verification.mismatches.is_empty() {
            return Ok(());
        }
        granted(&mut self.conn, &self.map, &self.catalog, needs)?;
        let message = "the schema map does not fit the database, so that it cannot be read by it";
        Err(Failure::new(FailureKind::Refused, message).with_findings(verification.findings()))
    }
}

fn open_file(path: &Path, purpose: Purpose) -> Result<(Connection, Server), Failure> {
    let limits = &Limits::work();
    let access = match purpose {
        Purpose::Read | Purpose::Plan => FileAccess::Read,
        Purpose::Write => FileAccess::Create,
    };
    let opened = Connection::open(&Source::File { path: path.to_owned(), access }, limits);
    let empty = |shown: Option<Server>| {
        let mut conn = Connection::open(&Source::Memory, limits).map_err(|error| failure(&error))?;
        embedded::create(&mut conn).map_err(|error| failure(&error))?;
        let mut shown = shown.unwrap_or_else(|| conn.server().clone());
        shown.host = path.display().to_string();
        shown.transport = "file";
        Ok((conn, shown))
    };
    let mut conn = match opened {
        Ok(conn) => conn,
        Err(error) if error.kind() == ErrorKind::Unreachable && purpose == Purpose::Plan => {
            return empty(None);
        }
        Err(error) if error.kind() == ErrorKind::Unreachable && purpose == Purpose::Read => {
            let missing = failure(&error);
            return Err(missing.with_hint("--db names another file; `motionctl seed apply` makes a new one"));
        }
        Err(error) => return Err(failure(&error)),
    };
    let shown = conn.server().clone();
    match (embedded::ownership(&mut conn).map_err(|error| failure(&error))?, purpose) {
        (Ownership::Ours, _) => Ok((conn, shown)),
        (Ownership::Empty, Purpose::Plan) => empty(Some(shown)),
        (Ownership::Empty, Purpose::Write) => {
            embedded::create(&mut conn).map_err(|error| failure(&error))?;
            Ok((conn, shown))
        }
        (Ownership::Empty, Purpose::Read) => {
            let message = format!("the database {} is empty", path.display());
            Err(Failure::new(FailureKind::Unavailable, message).with_hint("`motionctl seed apply` fills it"))
        }
        (Ownership::Foreign(why), _) => {
            let message = format!("{} is a database of something else: {why}", path.display());
            Err(Failure::new(FailureKind::Refused, message)
                .with_hint("name another file; one that does not exist is made"))
        }
    }
}

/// Which database this is: another server, or another schema of it, is another one.
fn identity(conn: &mut Connection, shown: &Server) -> Result<String, DbError> {
    match conn.engine() {
        Engine::Sqlite => Ok(format!("sqlite {}", shown.host)),
        Engine::MariaDb | Engine::MySql => {
            let rows = conn.rows("SELECT @@hostname, @@port, @@datadir", &[])?;
            let row = rows.first();
            let part = |index| row.map_or_else(String::new, |row| row.value(index).display());
            Ok(format!("mysql {} {} {} {}", part(0), part(1), part(2), shown.schema))
        }
    }
}

/// Refuses where something that is needed is hidden from this user: a catalog has only what somebody may see, so that a
/// missing grant looks there like a wrong map. The database is asked about nothing but what the catalog lacks.
///
/// # Errors
/// When a privilege is missing, or the database fails.
pub fn granted(conn: &mut Connection, map: &Map, catalog: &Catalog, needs: &Needs) -> Result<(), Failure> {
    let mut hidden = Vec::new();
    for (table, column) in unseen(map, catalog, needs) {
        let what = column.map_or_else(|| "1".to_owned(), Ident::quoted);
        match conn.rows(&format!("SELECT {what} FROM {} LIMIT 0", table.quoted()), &[]) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Privilege => {
                hidden.push(column.map_or_else(|| table.to_string(), |column| format!("{table}.{column}")));
            }
            // That it is not there is what the verification says.
            Err(error) if matches!(error.kind(), ErrorKind::MissingTable | ErrorKind::MissingColumn) => {}
            Err(error) => return Err(failure(&error)),
        }
    }
    if hidden.is_empty() {
        return Ok(());
    }
    let message = format!("the user {} may not read {}", conn.server().user, hidden.join(", "));
    Err(Failure::new(FailureKind::Unavailable, message)
        .with_hint("grant SELECT: docs/seeding.md has the statements under Privileges"))
}

/// What it means that a server cannot be asked at all, whatever it said.
#[must_use]
pub fn unopened(error: &DbError) -> Failure {
    let mut failure = failure(error);
    failure.kind = FailureKind::Unavailable;
    failure
}

/// What a failure to look or to write means for the caller: nothing was changed.
#[must_use]
pub fn failure(error: &DbError) -> Failure {
    use ErrorKind as Kind;
    let kind = match error.kind() {
        // A lock is somebody else's, who lets it go again.
        Kind::Unreachable
        | Kind::Credentials
        | Kind::Tls
        | Kind::Privilege
        | Kind::NotADatabase
        | Kind::Locked => FailureKind::Unavailable,
        Kind::ReadOnly => FailureKind::Refused,
        Kind::Timeout
        | Kind::MissingTable
        | Kind::MissingColumn
        | Kind::Lost
        | Kind::Duplicate
        | Kind::Referenced
        | Kind::Warned
        | Kind::Other => FailureKind::Failed,
    };
    let message = match error.code() {
        Some(LOCK_WAIT) => format!("somebody holds a lock on a table or row that is needed: {error}"),
        _ => error.to_string(),
    };
    let failure = Failure::new(kind, message);
    if let Some(hint) = error.hint() {
        return failure.with_hint(hint);
    }
    match error.kind() {
        Kind::Privilege => failure.with_hint("docs/seeding.md lists the privileges that are needed"),
        _ => failure,
    }
}
