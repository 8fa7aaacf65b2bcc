//! One connection, whatever the engine.
//!
//! Invariant: a statement ends within its limit or fails; a connection that lost step with its server is not used
//! again. Dropping one rolls back what was not committed.

use super::error::DbError;
use super::server::ServerSession;
use super::source::Source;
use super::sqlite::SqliteSession;
use super::value::{Row, Value};
use std::time::Duration;

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the name's look-up to the session being set up.
    pub connect: Duration,
    /// One statement.
    pub query: Duration,
    /// The wait for a lock; servers count whole seconds.
    pub lock: Duration,
}

impl Limits {
    /// For looking around beside other work: `check` answers within two seconds.
    #[must_use]
    pub const fn inspection() -> Self {
        Self {
            connect: Duration::from_millis(1_500),
            query: Duration::from_millis(1_500),
            lock: Duration::from_secs(1),
        }
    }

    /// For the work that a command is about.
    #[must_use]
    pub const fn work() -> Self {
        Self { connect: Duration::from_secs(5), query: Duration::from_secs(20), lock: Duration::from_secs(5) }
    }
}

/// What answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// MariaDB.
    MariaDb,
    /// MySQL.
    MySql,
    /// SQLite.
    Sqlite,
}

/// All that is ever shown of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// What answers.
    pub engine: Engine,
    /// Its version, such as `10.11.6-MariaDB`.
    pub version: String,
    /// The user; empty for SQLite.
    pub user: String,
    /// Where it is: a host, a socket or a file.
    pub host: String,
    /// The schema; `main` for SQLite.
    pub schema: String,
    /// `socket`, `TCP, not encrypted`, `TLS` or `file`.
    pub transport: &'static str,
}

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// One consistent view; writing fails.
    ReadOnlySnapshot,
    /// Reading and writing.
    Write,
}

/// What a write did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// Rows that were inserted or deleted, or matched by an update.
    pub rows: u64,
    /// The id that was given to the first new row.
    pub last_id: Option<u64>,
    /// Notes of the server, which change nothing.
    pub notes: Vec<String>,
}

/// A connection.
pub struct Connection {
    session: Session,
    server: Server,
}

enum Session {
    Server(Box<ServerSession>),
    Sqlite(SqliteSession),
}

impl Connection {
    /// Opens a connection and sets its session up: strict, UTC, utf8mb4, with limits.
    ///
    /// # Errors
    /// When nobody answers in time, or refuses.
    pub fn open(source: &Source, limits: &Limits) -> Result<Self, DbError> {
        match source {
            Source::Server { transport, user, password, schema } => {
                let (session, server) =
                    ServerSession::open(transport, user, password.as_ref(), schema, limits)?;
                Ok(Self { session: Session::Server(Box::new(session)), server })
            }
            Source::File { path, access } => {
                let (session, server) = SqliteSession::open(path, *access, limits)?;
                Ok(Self { session: Session::Sqlite(session), server })
            }
            Source::Memory => {
                let (session, server) = SqliteSession::memory(limits)?;
                Ok(Self { session: Session::Sqlite(session), server })
            }
        }
    }

    /// What answers.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.server.engine
    }

    /// What may be shown of it.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// What keeps a SQLite file from being written, if anything does; of servers nothing is known here.
    #[must_use]
    pub fn unwritable(&self) -> Option<String> {
        match &self.session {
            Session::Server(_) => None,
            Session::Sqlite(session) => session.unwritable(),
        }
    }

    /// All rows of an answer. `?` stands for a value.
    ///
    /// # Errors
    /// When the statement fails.
    pub fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, DbError> {
        let mut rows = Vec::new();
        self.each(sql, values, &mut |row| {
            rows.push(row);
            Ok(())
        })?;
        Ok(rows)
    }

    /// The rows of an answer one after the other, without holding them all.
    ///
    /// # Errors
    /// When the statement fails, or `take` does.
    pub fn each(
        &mut self,
        sql: &str,
        values: &[Value],
        take: &mut dyn FnMut(Row) -> Result<(), DbError>,
    ) -> Result<(), DbError> {
        match &mut self.session {
            Session::Server(session) => session.each(sql, values, take),
            Session::Sqlite(session) => session.each(sql, values, take),
        }
    }

    /// Writes. A warning of the server is a failure, because it means that something else was stored; the caller
    /// rolls back.
    ///
    /// # Errors
    /// When the statement fails or warns.
    pub fn change(&mut self, sql: &str, values: &[Value]) -> Result<Change, DbError> {
        match &mut self.session {
            Session::Server(session) => session.change(sql, values),
            Session::Sqlite(session) => session.change(sql, values),
        }
    }

    /// Runs several statements without values, such as the embedded schema.
    ///
    /// # Errors
    /// When one fails; those before it have run.
    pub fn script(&mut self, sql: &str) -> Result<(), DbError> {
        match &mut self.session {
            Session::Server(session) => session.script(sql),
            Session::Sqlite(session) => session.script(sql),
        }
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// When it cannot begin; a SQLite file that somebody else writes to is locked.
    pub fn begin(&mut self, access: Access) -> Result<(), DbError> {
        match &mut self.session {
            Session::Server(session) => session.begin(access),
            Session::Sqlite(session) => session.begin(access),
        }
    }

    /// Commits.
    ///
    /// # Errors
    /// With [`ErrorKind::Lost`](super::ErrorKind::Lost) or [`ErrorKind::Timeout`](super::ErrorKind::Timeout)
    /// nobody knows whether it was committed.
    pub fn commit(&mut self) -> Result<(), DbError> {
        match &mut self.session {
            Session::Server(session) => session.script("COMMIT AND NO CHAIN NO RELEASE"),
            Session::Sqlite(session) => session.end("COMMIT"),
        }
    }

    /// Rolls back.
    ///
    /// # Errors
    /// When the connection is lost; then the server rolls back by itself.
    pub fn rollback(&mut self) -> Result<(), DbError> {
        match &mut self.session {
            Session::Server(session) => session.script("ROLLBACK AND NO CHAIN NO RELEASE"),
            Session::Sqlite(session) => session.end("ROLLBACK"),
        }
    }
}
