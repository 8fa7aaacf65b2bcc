//! What every engine's connection has: its limits, what may be shown of it, what a write did.
//!
//! Invariant: nothing here holds a secret.

use std::time::Duration;

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the name's look-up to the session being set up.
    pub connect: Duration,
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
    MariaDb,
    MySql,
    Sqlite,
}

/// All that is ever shown of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
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
