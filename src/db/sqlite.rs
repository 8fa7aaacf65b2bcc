//! SQLite files: the embedded default, and tests without a server.
//!
//! Invariant: a file is made only when making it was asked for, and then readable by its owner alone. Statements end
//! at their limit as on a server.

use super::error::{DbError, ErrorKind};
use super::model::{Access, Change, Engine, Limits, Server};
use super::source::FileAccess;
use super::value::{Row, Value};
use nix::unistd::{AccessFlags, access as may};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Error, OpenFlags, Params, ffi, params_from_iter};
use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many steps of SQLite's machine pass between two looks at the clock: well below a millisecond.
const STEPS: i32 = 10_000;

/// A session on a file.
pub(super) struct SqliteSession {
    conn: Connection,
    /// The file, of a session that has one.
    path: Option<PathBuf>,
    query: Duration,
    deadline: Arc<Mutex<Option<Instant>>>,
}

impl SqliteSession {
    /// Opens a file.
    pub(super) fn open(path: &Path, access: FileAccess, limits: &Limits) -> Result<(Self, Server), DbError> {
        let during = |error: DbError| error.during(&format!("opening the database {}", path.display()));
        let flags = match access {
            FileAccess::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
            FileAccess::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
            FileAccess::Create => {
                make(path).map_err(during)?;
                OpenFlags::SQLITE_OPEN_READ_WRITE
            }
        };
        let metadata = std::fs::metadata(path).map_err(|error| {
            // Only what is not there is missing; what may not be looked at can hold everything.
            let kind = match error.kind() {
                std::io::ErrorKind::NotFound => ErrorKind::Unreachable,
                _ => ErrorKind::NotADatabase,
            };
            during(DbError::new(kind, error.to_string()))
        })?;
        if !metadata.is_file() {
            return Err(during(DbError::new(ErrorKind::NotADatabase, "this is no file")));
        }
        let conn = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(|error| during(translated(&error)))?;
        Self::set_up(conn, limits, Some(path)).map_err(during)
    }

    /// A database that lives as long as the session.
    pub(super) fn memory(limits: &Limits) -> Result<(Self, Server), DbError> {
        let conn = Connection::open_in_memory().map_err(|error| translated(&error))?;
        Self::set_up(conn, limits, None)
    }

    fn set_up(mut conn: Connection, limits: &Limits, path: Option<&Path>) -> Result<(Self, Server), DbError> {
        conn.busy_timeout(limits.lock).map_err(|error| translated(&error))?;
        let deadline = Arc::new(Mutex::new(None::<Instant>));
        let watched = Arc::clone(&deadline);
        let over = move || {
            let deadline = *watched.lock().unwrap_or_else(PoisonError::into_inner);
            deadline.is_some_and(|deadline| Instant::now() >= deadline)
        };
        conn.progress_handler(STEPS, Some(over)).map_err(|error| translated(&error))?;
        let session = Self { conn, path: path.map(Path::to_owned), query: limits.query, deadline };
        session.script(
            "PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON; PRAGMA trusted_schema = OFF;",
        )?;
        // The first read tells whether it is a database at all.
        session.script("SELECT count(*) FROM sqlite_schema")?;
        let server = Server {
            engine: Engine::Sqlite,
            version: rusqlite::version().to_owned(),
            user: String::new(),
            host: path.map_or_else(|| ":memory:".to_owned(), |path| path.display().to_string()),
            schema: "main".to_owned(),
            transport: if path.is_some() { "file" } else { "memory" },
        };
        Ok((session, server))
    }

    /// What keeps the file from being written: its mode, a mount that only reads, a flag of its file system. SQLite
    /// keeps a journal beside it, so that the folder counts, too.
    pub(super) fn unwritable(&self) -> Option<String> {
        let path = self.path.as_deref()?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        [path, folder].into_iter().find_map(|place| {
            let error = may(place, AccessFlags::W_OK).err()?;
            Some(format!("{} cannot be written to: {}", place.display(), error.desc()))
        })
    }

    pub(super) fn each(
        &self,
        sql: &str,
        values: &[Value],
        take: &mut dyn FnMut(Row) -> Result<(), DbError>,
    ) -> Result<(), DbError> {
        self.limited(|conn| {
            let mut statement = conn.prepare_cached(sql).map_err(|error| translated(&error))?;
            let names: Arc<[String]> = statement.column_names().map(str::to_owned).collect();
            let mut rows = statement.query(parameters(values)).map_err(|error| translated(&error))?;
            while let Some(row) = rows.next().map_err(|error| translated(&error))? {
                let mut values = Vec::with_capacity(names.len());
                for index in 0..names.len() {
                    values.push(row.get_ref(index).map(converted).map_err(|error| translated(&error))?);
                }
                take(Row::new(Arc::clone(&names), values))?;
            }
            Ok(())
        })
    }

    pub(super) fn change(&self, sql: &str, values: &[Value]) -> Result<Change, DbError> {
        self.limited(|conn| {
            let before = conn.last_insert_rowid();
            let mut statement = conn.prepare_cached(sql).map_err(|error| translated(&error))?;
            let rows = statement.execute(parameters(values)).map_err(|error| translated(&error))?;
            let last = conn.last_insert_rowid();
            let inserts = sql.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("insert"));
            // A server gives the first id of several rows, SQLite the last; ids of one statement are consecutive.
            let first = i64::try_from(rows).ok().map(|rows| last - rows + 1).filter(|_| inserts && rows > 0);
            let last_id =
                first.filter(|first| *first > 0 && last != before).and_then(|id| id.try_into().ok());
            Ok(Change { rows: rows as u64, last_id, notes: Vec::new() })
        })
    }

    pub(super) fn script(&self, sql: &str) -> Result<(), DbError> {
        self.limited(|conn| conn.execute_batch(sql).map_err(|error| translated(&error)))
    }

    pub(super) fn begin(&self, access: Access) -> Result<(), DbError> {
        match access {
            // The view is fixed by the first read, not by BEGIN.
            Access::ReadOnlySnapshot => {
                self.script("PRAGMA query_only = ON; BEGIN; SELECT count(*) FROM sqlite_schema;")
            }
            Access::Write => self.script("BEGIN IMMEDIATE"),
        }
    }

    /// Ends the transaction; a file that was read only is not any more.
    pub(super) fn end(&self, how: &str) -> Result<(), DbError> {
        if !self.conn.is_autocommit() {
            self.script(how)?;
        }
        self.script("PRAGMA query_only = OFF")
    }

    fn limited<T>(&self, run: impl FnOnce(&Connection) -> Result<T, DbError>) -> Result<T, DbError> {
        let set = |deadline| *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = deadline;
        set(Some(Instant::now() + self.query));
        let answer = run(&self.conn);
        set(None);
        answer
    }
}

/// Makes the file where it is missing, and the folder that it is to lie in.
fn make(path: &Path) -> Result<(), DbError> {
    let failed = |error: std::io::Error| DbError::new(ErrorKind::Unreachable, error.to_string());
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

fn parameters(values: &[Value]) -> impl Params + '_ {
    params_from_iter(values.iter().map(|value| match value {
        Value::Null => ToSqlOutput::Borrowed(ValueRef::Null),
        Value::Int(number) => ToSqlOutput::Borrowed(ValueRef::Integer(*number)),
        Value::UInt(number) => match i64::try_from(*number) {
            Ok(number) => ToSqlOutput::Borrowed(ValueRef::Integer(number)),
            Err(_) => ToSqlOutput::Owned(number.to_string().into()),
        },
        Value::Float(number) => ToSqlOutput::Borrowed(ValueRef::Real(*number)),
        Value::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        Value::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
    }))
}

fn converted(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Real(number) => Value::Float(number),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Bytes(bytes.to_vec()),
        },
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

fn translated(error: &Error) -> DbError {
    let (code, message) = match error {
        Error::SqliteFailure(code, message) => {
            (Some(code), message.clone().unwrap_or_else(|| code.to_string()))
        }
        Error::SqlInputError { error: code, msg, .. } => (Some(code), msg.clone()),
        other => (None, other.to_string()),
    };
    let Some(code) = code else { return DbError::new(ErrorKind::Other, message) };
    let kind = match code.extended_code {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY => ErrorKind::Duplicate,
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => ErrorKind::Referenced,
        extended => match extended & 0xff {
            ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => ErrorKind::Locked,
            ffi::SQLITE_INTERRUPT => ErrorKind::Timeout,
            ffi::SQLITE_READONLY => ErrorKind::ReadOnly,
            ffi::SQLITE_PERM | ffi::SQLITE_AUTH => ErrorKind::Privilege,
            ffi::SQLITE_CANTOPEN => ErrorKind::Unreachable,
            ffi::SQLITE_NOTADB | ffi::SQLITE_CORRUPT => ErrorKind::NotADatabase,
            _ if message.starts_with("no such table") => ErrorKind::MissingTable,
            _ if message.starts_with("no such column") || message.contains("has no column named") => {
                ErrorKind::MissingColumn
            }
            _ => ErrorKind::Other,
        },
    };
    DbError::new(kind, message).with_code(code.extended_code.unsigned_abs())
}
