//! MySQL and MariaDB through their protocol.
//!
//! Invariant: connecting happens beside the caller, so that no look-up, greeting or handshake can hold it up; after
//! an error of the transport the connection is not used again. The driver's own texts and panics end here.

mod errors;
mod values;

use super::connection::{Access, Change, Engine, Limits, Server};
use super::error::{DbError, ErrorKind, one_line};
use super::secret::Secret;
use super::source::{Tls, Transport};
use super::value::{Row, Value};
use errors::{connecting, translated};
use mysql::consts::CapabilityFlags;
use mysql::prelude::{Protocol, Queryable};
use mysql::{Column, Conn, Error, Opts, OptsBuilder, QueryResult, SslOpts};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;
use values::{converted, parameters};

/// What the socket waits longer than the statement may take, so that the server's own limit speaks first.
const GRACE: Duration = Duration::from_millis(250);
/// A session on a server.
pub(super) struct ServerSession {
    conn: Conn,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    InStep,
    OutOfStep,
}

impl ServerSession {
    /// Connects and sets the session up, all within `limits.connect`.
    pub(super) fn open(
        transport: &Transport,
        user: &str,
        password: Option<&Secret>,
        schema: &str,
        limits: &Limits,
    ) -> Result<(Self, Server), DbError> {
        let place = place(transport);
        let options = options(transport, user, password, schema, limits);
        let (sender, receiver) = sync_channel(1);
        let limits = *limits;
        let connect = move || {
            let answer = Conn::new(options).and_then(|mut conn| {
                let version = set_up(&mut conn, &limits)?;
                Ok((conn, version))
            });
            // Nobody waits any more when the limit has passed; then the connection is closed here.
            drop(sender.send(answer));
        };
        let spawned = std::thread::Builder::new().name("database".to_owned()).spawn(connect);
        spawned.map_err(|error| DbError::new(ErrorKind::Other, format!("starting a thread: {error}")))?;
        let answer = receiver.recv_timeout(limits.connect).map_err(|error| match error {
            RecvTimeoutError::Timeout => {
                let limit = limits.connect.as_millis();
                DbError::new(ErrorKind::Timeout, format!("no answer within {limit} ms"))
            }
            RecvTimeoutError::Disconnected => {
                DbError::new(ErrorKind::NotADatabase, "what answers does not speak MySQL's protocol")
            }
        });
        let during = format!("connecting to the database at {place}");
        let (conn, version) = answer
            .and_then(|answer| answer.map_err(|error| connecting(&error)))
            .map_err(|error| error.during(&during))?;
        let server = Server {
            engine: engine(&version),
            version: one_line(&version),
            user: user.to_owned(),
            host: place,
            schema: schema.to_owned(),
            transport: match transport {
                Transport::Socket(_) => "socket",
                Transport::Tcp { tls: Tls::Off, .. } => "TCP, not encrypted",
                Transport::Tcp { .. } => "TLS",
            },
        };
        Ok((Self { conn, state: State::InStep }, server))
    }

    pub(super) fn each(
        &mut self,
        sql: &str,
        values: &[Value],
        take: &mut dyn FnMut(Row) -> Result<(), DbError>,
    ) -> Result<(), DbError> {
        self.guarded(|conn| {
            if values.is_empty() {
                drain(conn.query_iter(sql)?, take)
            } else {
                drain(conn.exec_iter(sql, parameters(values))?, take)
            }
        })
    }

    pub(super) fn change(&mut self, sql: &str, values: &[Value]) -> Result<Change, DbError> {
        let (mut change, warnings) = self.guarded(|conn| {
            let mut nothing = |_| Ok(());
            if values.is_empty() {
                drain(conn.query_iter(sql)?, &mut nothing)?;
            } else {
                drain(conn.exec_iter(sql, parameters(values))?, &mut nothing)?;
            }
            let last_id = Some(conn.last_insert_id()).filter(|id| *id > 0);
            let change = Change { rows: conn.affected_rows(), last_id, notes: Vec::new() };
            Ok((change, conn.warnings()))
        })?;
        if warnings > 0 {
            change.notes = self.notes()?;
            // What cannot be read may be the one that counts.
            if change.notes.len() < usize::from(warnings) {
                let unread = usize::from(warnings) - change.notes.len();
                let text = format!("the server warned, and does not say of what ({unread} of {warnings})");
                return Err(DbError::new(ErrorKind::Warned, text));
            }
        }
        Ok(change)
    }

    pub(super) fn script(&mut self, sql: &str) -> Result<(), DbError> {
        self.guarded(|conn| drain(conn.query_iter(sql)?, &mut |_| Ok(())))
    }

    pub(super) fn begin(&mut self, access: Access) -> Result<(), DbError> {
        self.script(match access {
            Access::ReadOnlySnapshot => "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
            Access::Write => "START TRANSACTION",
        })
    }

    /// The notes of the last statement.
    ///
    /// # Errors
    /// When there is a warning among them: the value that was stored is not the one that was given.
    fn notes(&mut self) -> Result<Vec<String>, DbError> {
        let mut notes = Vec::new();
        let mut worst = None;
        self.each("SHOW WARNINGS", &[], &mut |row| {
            let code = u32::try_from(row.int(1)?).unwrap_or(0);
            let text = row.text(2)?;
            if row.text(0)?.eq_ignore_ascii_case("note") {
                notes.push(one_line(&format!("{text} ({code})")));
            } else if worst.is_none() {
                let text = format!("the server warned: {text}");
                worst = Some(DbError::new(ErrorKind::Warned, text).with_code(code));
            }
            Ok(())
        })?;
        worst.map_or(Ok(notes), Err)
    }

    /// Runs one exchange with the server. Errors of the transport, and of a driver that met something that no server
    /// says, end the connection's use.
    fn guarded<T>(&mut self, run: impl FnOnce(&mut Conn) -> Result<T, Trouble>) -> Result<T, DbError> {
        if self.state == State::OutOfStep {
            return Err(DbError::new(ErrorKind::Lost, "the connection to the database was lost before"));
        }
        let conn = &mut self.conn;
        let answer = catch_unwind(AssertUnwindSafe(|| run(conn)));
        let Ok(answer) = answer else {
            self.state = State::OutOfStep;
            return Err(DbError::new(ErrorKind::Lost, "the database answered what no server answers"));
        };
        answer.map_err(|trouble| match trouble {
            Trouble::Caller(error) => error,
            Trouble::Driver(error) => {
                if !matches!(error, Error::MySqlError(_)) {
                    self.state = State::OutOfStep;
                }
                translated(&error)
            }
        })
    }
}

/// What stops an exchange: the driver, or who takes the rows.
enum Trouble {
    Driver(Error),
    Caller(DbError),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Driver(error)
    }
}

fn place(transport: &Transport) -> String {
    match transport {
        Transport::Socket(path) => path.display().to_string(),
        Transport::Tcp { host, port, .. } if host.contains(':') => format!("[{host}]:{port}"),
        Transport::Tcp { host, port, .. } => format!("{host}:{port}"),
    }
}

fn options(
    transport: &Transport,
    user: &str,
    password: Option<&Secret>,
    schema: &str,
    limits: &Limits,
) -> Opts {
    let wait = limits.query + GRACE;
    let attributes = [("program_name".to_owned(), "motionctl".to_owned())].into_iter().collect();
    let builder = OptsBuilder::new()
        .user(Some(user))
        .pass(password.map(Secret::expose))
        .db_name(Some(schema))
        // Asked about its socket, a server behind a tunnel would name one of another machine.
        .prefer_socket(false)
        .read_timeout(Some(wait))
        .write_timeout(Some(wait))
        .tcp_connect_timeout(Some(limits.connect))
        // Updates count the rows that they match, as SQLite does.
        .additional_capabilities(CapabilityFlags::CLIENT_FOUND_ROWS)
        .connect_attrs(Some::<std::collections::HashMap<String, String>>(attributes));
    let builder = match transport {
        Transport::Socket(path) => builder.socket(Some(path.to_string_lossy())),
        Transport::Tcp { host, port, tls } => {
            let builder = builder.ip_or_hostname(Some(host)).tcp_port(*port);
            match tls {
                Tls::Off => builder,
                Tls::Public => builder.ssl_opts(Some(SslOpts::default())),
                Tls::Authority(path) => {
                    builder.ssl_opts(Some(SslOpts::default().with_root_cert_path(Some(path.clone()))))
                }
            }
        }
    };
    Opts::from(builder)
}

/// The session that everything else counts on; gives the server's version.
fn set_up(conn: &mut Conn, limits: &Limits) -> Result<String, Error> {
    // First of all: a server's own limit would cut every answer short, and a row that is not seen is inserted again.
    conn.query_drop(format!("SET SESSION sql_select_limit = {}", u64::MAX))?;
    let version: String = conn.query_first("SELECT VERSION()")?.unwrap_or_default();
    let lock = limits.lock.as_secs().max(1);
    conn.query_drop("SET NAMES utf8mb4")?;
    conn.query_drop(format!(
        "SET SESSION sql_mode = 'STRICT_ALL_TABLES,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,\
         ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', SESSION time_zone = '+00:00', \
         SESSION autocommit = 1, SESSION lock_wait_timeout = {lock}, SESSION wait_timeout = 30"
    ))?;
    // What a server may have turned off for everybody: checks of keys, and the list of warnings, which are read.
    conn.query_drop(
        "SET SESSION foreign_key_checks = 1, SESSION unique_checks = 1, SESSION sql_safe_updates = 0, \
         SESSION completion_type = 0, SESSION max_error_count = 65535",
    )?;
    conn.query_drop("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")?;
    let query = match engine(&version) {
        Engine::MariaDb => format!("SET SESSION max_statement_time = {}", limits.query.as_secs_f64()),
        _ => format!("SET SESSION max_execution_time = {}", limits.query.as_millis()),
    };
    for setting in [query, format!("SET SESSION innodb_lock_wait_timeout = {lock}")] {
        // Servers from before 2015 have no such variable; the socket's own limit remains.
        match conn.query_drop(setting) {
            Err(Error::MySqlError(error)) if error.code == 1193 => {}
            answer => answer?,
        }
    }
    Ok(version)
}

fn engine(version: &str) -> Engine {
    if version.to_ascii_lowercase().contains("mariadb") { Engine::MariaDb } else { Engine::MySql }
}

/// Hands on every row of every result.
fn drain<P: Protocol>(
    mut result: QueryResult<'_, '_, '_, P>,
    take: &mut dyn FnMut(Row) -> Result<(), DbError>,
) -> Result<(), Trouble> {
    while let Some(set) = result.iter() {
        let columns: Arc<[Column]> = set.columns().as_ref().into();
        let names: Arc<[String]> = columns.iter().map(|column| column.name_str().into_owned()).collect();
        for row in set {
            let values = row?.unwrap_raw().into_iter().zip(columns.iter());
            let values = values.map(|(value, column)| value.map_or(Value::Null, |v| converted(v, column)));
            let values = values.collect();
            take(Row::new(Arc::clone(&names), values)).map_err(Trouble::Caller)?;
        }
    }
    Ok(())
}
