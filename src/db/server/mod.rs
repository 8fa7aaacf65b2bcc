//! MySQL and MariaDB through their protocol.
//!
//! Invariant: connecting happens beside the caller, so that no look-up, greeting or handshake can hold it up; after
//! an error of the transport the connection is not used again. The driver's own texts and panics end here.

mod errors;
mod greeting;
mod settings;
mod values;

use super::error::{DbError, ErrorKind, one_line};
use super::model::{Access, Change, Limits, Server};
use super::quiet::quietly;
use super::secret::Secret;
use super::socket::Judged;
use super::source::{Tls, Transport};
use super::value::{Row, Value};
use errors::{Caller, translated};
use mysql::consts::CapabilityFlags;
use mysql::prelude::{Protocol, Queryable};
use mysql::{Column, Conn, Error, Opts, OptsBuilder, QueryResult, SslOpts};
use nix::libc;
pub use settings::{Need, SETTINGS, Setting};
use settings::{Opened, engine, set_up};
use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;
use values::{converted, parameters};

/// What the socket waits longer than the statement may take, so that the server's own limit speaks first.
const GRACE: Duration = Duration::from_millis(250);
/// A bundle of all authorities that browsers know is a quarter of this.
const LARGEST_AUTHORITY: u64 = 1 << 20;
/// `ER_ACCESS_DENIED_ERROR`
const ACCESS_DENIED: u16 = 1045;
/// How a certificate in PEM begins.
const PEM: &[u8] = b"-----BEGIN CERTIFICATE-----";

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
        readable(transport)?;
        let during = format!("connecting to the database at {place}");
        let caller = Caller { transport, has_password: password.is_some_and(|p| !p.expose().is_empty()) };
        let socket = judged(transport)
            .map_err(|error| if error.hint().is_none() { caller.with_absent(error) } else { error })
            .map_err(|error| error.during(&during))?;
        let reached = socket.as_ref().map(|socket| Transport::Socket(socket.path()));
        let options = options(reached.as_ref().unwrap_or(transport), user, password, schema, limits);
        let (conn, opened) = connect(options, socket, *limits)
            .map_err(|refused| match refused {
                Refused::LoggingIn(error) => caller.connecting(&error),
                Refused::GaveUp => caller.panicked(),
                Refused::Otherwise(error) if error.kind() == ErrorKind::Timeout => caller.late(error),
                Refused::Otherwise(error) => error,
            })
            .map_err(|error| error.during(&during))?;
        let server = Server {
            engine: engine(&opened.version),
            version: one_line(&opened.version),
            user: user.to_owned(),
            host: place,
            schema: opened.schema.unwrap_or_else(|| schema.to_owned()),
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
        let Ok(answer) = quietly(|| run(conn)) else {
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

/// What ended before there was a session.
enum Refused {
    LoggingIn(Error),
    GaveUp,
    Otherwise(DbError),
}

/// Logs in and sets the session up beside the caller, who waits no longer than the limit.
fn connect(options: Opts, socket: Option<Judged>, limits: Limits) -> Result<(Conn, Opened), Refused> {
    let (sender, receiver) = sync_channel(1);
    let connect = move || {
        let mut conn = log_in(&options, &limits).map_err(Refused::LoggingIn)?;
        // The path that was connected to is a name of this descriptor.
        drop(socket);
        let opened = set_up(&mut conn, &limits).map_err(Refused::Otherwise)?;
        Ok((conn, opened))
    };
    let spawned = std::thread::Builder::new().name("database".to_owned()).spawn(move || {
        // Nobody waits any more when the limit has passed; then the connection is closed here.
        drop(sender.send(quietly(connect).unwrap_or(Err(Refused::GaveUp))));
    });
    spawned.map_err(|error| {
        Refused::Otherwise(DbError::new(ErrorKind::Other, format!("starting a thread: {error}")))
    })?;
    receiver.recv_timeout(limits.connect).unwrap_or_else(|error| {
        Err(match error {
            RecvTimeoutError::Timeout => {
                let limit = limits.connect.as_millis();
                Refused::Otherwise(DbError::new(ErrorKind::Timeout, format!("no answer within {limit} ms")))
            }
            RecvTimeoutError::Disconnected => Refused::GaveUp,
        })
    })
}

/// Logs in; at a MariaDB once more where that was refused.
///
/// Its plugins `ed25519` and `parsec` send 32 random bytes, and the driver takes a zero at their end for the end of a
/// text (`AuthSwitchRequest::plugin_data` of mysql_common 0.37.3): one login of 256 is refused with the right password. A
/// MySQL has neither of them, and there each refusal may count to an account's lock (`FAILED_LOGIN_ATTEMPTS`).
fn log_in(options: &Opts, limits: &Limits) -> Result<Conn, Error> {
    match Conn::new(options.clone()) {
        Err(Error::MySqlError(error))
            if error.code == ACCESS_DENIED && greeting::is_mariadb(options, limits.connect) =>
        {
            Conn::new(options.clone())
        }
        other => other,
    }
}

/// The socket that is to be connected to; `None` for TCP.
///
/// # Errors
/// When it is not there, or is not one of a server's. The driver would say the same of the first, but between its look
/// and ours somebody could have put one there.
fn judged(transport: &Transport) -> Result<Option<Judged>, DbError> {
    let Transport::Socket(path) = transport else { return Ok(None) };
    Judged::open(path).map(Some)
}

fn place(transport: &Transport) -> String {
    match transport {
        Transport::Socket(path) => path.display().to_string(),
        Transport::Tcp { host, port, .. } if host.contains(':') => format!("[{host}]:{port}"),
        Transport::Tcp { host, port, .. } => format!("{host}:{port}"),
    }
}

/// The driver tells a missing file of an authority like a missing server, and a file of something else like a server
/// that is not trusted.
fn readable(transport: &Transport) -> Result<(), DbError> {
    let Transport::Tcp { tls: Tls::Authority(path), .. } = transport else { return Ok(()) };
    let wrong = |why: String| {
        let message = format!("reading the authority's certificate {}: {why}", path.display());
        DbError::new(ErrorKind::Tls, message).with_hint("--db-ca names a file in PEM")
    };
    // A pipe would have to be read twice, and may keep the run waiting for ever.
    let unreadable = |error: std::io::Error| wrong(error.to_string());
    let mut file =
        OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path).map_err(unreadable)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err(wrong("it is no file".to_owned()));
    }
    let mut bytes = Vec::new();
    file.by_ref().take(LARGEST_AUTHORITY).read_to_end(&mut bytes).map_err(unreadable)?;
    // DER is a sequence.
    let is_one = bytes.first() == Some(&0x30) || bytes.windows(PEM.len()).any(|window| window == PEM);
    if is_one { Ok(()) } else { Err(wrong("there is no certificate in it".to_owned())) }
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
