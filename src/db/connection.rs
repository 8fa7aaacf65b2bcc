//! One connection, whatever the engine.
//!
//! Invariant: a statement ends within its limit or fails; a connection that lost step with its server is not used
//! again. Dropping one rolls back what was not committed.

use super::error::DbError;
use super::model::{Access, Change, Engine, Limits, Server};
use super::server::ServerSession;
use super::source::Source;
use super::sqlite::SqliteSession;
use super::value::{Row, Value};
use std::collections::HashMap;

pub struct Connection {
    session: Session,
    server: Server,
    made: Made,
}

/// What the engine makes of a text, by the expression and the text.
type Made = HashMap<String, HashMap<String, Vec<u8>>>;

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
                Ok(Self::new(Session::Server(Box::new(session)), server))
            }
            Source::File { path, access } => {
                let (session, server) = SqliteSession::open(path, *access, limits)?;
                Ok(Self::new(Session::Sqlite(session), server))
            }
            Source::Memory => {
                let (session, server) = SqliteSession::memory(limits)?;
                Ok(Self::new(Session::Sqlite(session), server))
            }
        }
    }

    fn new(session: Session, server: Server) -> Self {
        Self { session, server, made: Made::new() }
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

    /// What an expression makes of a text, where that was asked before.
    #[must_use]
    pub fn made_of(&self, expression: &str, text: &str) -> Option<&[u8]> {
        self.made.get(expression)?.get(text).map(Vec::as_slice)
    }

    /// Keeps what an expression makes of a text, whatever the tables hold, so that it need not be asked again.
    pub fn remember(&mut self, expression: &str, text: &str, made: Vec<u8>) {
        let known = self.made.entry(expression.to_owned()).or_default();
        known.insert(text.to_owned(), made);
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
