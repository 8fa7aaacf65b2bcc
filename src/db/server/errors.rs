//! The driver's errors as ours, with what would help.
//!
//! Invariant: no text that may quote a value passes. What a server refuses is told from what is no server.

use crate::db::error::{DbError, ErrorKind};
use crate::db::source::{Tls, Transport};
use mysql::{DriverError, Error};

/// Who connects, and how: what would help depends on it.
pub(super) struct Caller<'a> {
    pub transport: &'a Transport,
    pub has_password: bool,
}

impl Caller<'_> {
    /// An error while connecting: nothing was asked yet, so nothing can be lost.
    pub(super) fn connecting(&self, error: &Error) -> DbError {
        let translated = translated(error);
        match (translated.kind(), error) {
            (ErrorKind::Lost, _) => DbError::new(
                ErrorKind::Unreachable,
                format!("the connection was closed at once: {translated}"),
            ),
            // A greeting that cannot be read: something answers, and it is no server.
            (ErrorKind::Other, Error::IoError(_) | Error::CodecError(_)) => {
                DbError::new(ErrorKind::NotADatabase, "what answers does not speak MySQL's protocol")
            }
            // The driver follows a server to one other way and no further. MariaDB asks for the next one of an account
            // that has several (`IDENTIFIED VIA … OR …`) when the first was refused.
            (_, Error::DriverError(DriverError::UnexpectedPacket)) => DbError::new(
                ErrorKind::Credentials,
                "the server refuses this user or password, or there is no such user, and asks for another way to log in",
            )
            .with_hint(
                "look at the user's name and password; of a user with several ways to log in (`IDENTIFIED VIA … OR …`) give \
                 the password of the first one, or name a user with a single way",
            ),
            (ErrorKind::Credentials, _) if translated.hint().is_none() => self.with_denied(translated),
            (ErrorKind::Tls, _) => self.with_tls(translated),
            (ErrorKind::Unreachable, _) if translated.hint().is_none() => self.with_absent(translated),
            (ErrorKind::Timeout, _) => self.late(translated),
            _ => translated,
        }
    }

    /// Nobody is there who could say more.
    pub(super) fn with_absent(&self, error: DbError) -> DbError {
        error.with_hint(match self.transport {
            Transport::Socket(_) => {
                "look whether the server runs, and where its socket is (`socket` in its option files): \
                 `mysql:///SCHEMA?socket=FILE` in --db names it"
            }
            Transport::Tcp { .. } => {
                "look whether the server runs, and whether it listens at this address and port (`bind_address`, \
                 `skip_networking`); on the server itself its socket may do, `mysql:///SCHEMA?socket=FILE` in --db"
            }
        })
    }

    /// The server did not answer in time.
    pub(super) fn late(&self, error: DbError) -> DbError {
        error.with_hint(match self.transport {
            Transport::Socket(_) => "look whether the server is overloaded or hangs",
            Transport::Tcp { .. } => {
                "look whether the address and port in --db are right, a firewall is between, or the server is overloaded"
            }
        })
    }

    /// The driver gave up over an answer. It does so where it wants a password and there is none.
    pub(super) fn panicked(&self) -> DbError {
        if self.has_password {
            return DbError::new(ErrorKind::NotADatabase, "the answer to logging in cannot be understood");
        }
        DbError::new(
            ErrorKind::Credentials,
            "the server seems to want a password, and none was given, or there is no such user",
        )
        .with_hint(
            "look at the user's name in --db, and give its password with --defaults-file or MOTIONCTL_DB_PASSWORD_FILE",
        )
    }

    /// A server does not say which of these it was.
    fn with_denied(&self, error: DbError) -> DbError {
        if !matches!(error.code(), Some(1045 | 1698)) {
            return error;
        }
        error.with_hint(match self.transport {
            Transport::Tcp { tls: Tls::Off, .. } => {
                "user, password or the host it comes from is wrong, or there is no such user. A user with REQUIRE SSL, or \
                 any where `require_secure_transport` is on, must come encrypted: `?tls=on` in --db, with --db-ca; one with \
                 REQUIRE X509 cannot be used, because motionctl shows no certificate"
            }
            Transport::Tcp { .. } => {
                "user, password or the host it comes from is wrong, or there is no such user. A user with REQUIRE X509, \
                 SUBJECT or ISSUER cannot be used, because motionctl shows no certificate"
            }
            Transport::Socket(_) => {
                "user or password is wrong, or there is no such user (it may need another user of this machine). A user \
                 with REQUIRE SSL must come by TCP: `mysql://USER@HOST/SCHEMA?tls=on` in --db, with --db-ca"
            }
        })
    }

    fn with_tls(&self, error: DbError) -> DbError {
        let is_local = "`mysql:///SCHEMA?socket=FILE` in --db";
        let hint = if error.code() == Some(3159) {
            format!(
                "the server takes encrypted connections only: `?tls=on` in --db, with --db-ca FILE; or connect by its socket, {is_local}"
            )
        } else {
            match self.transport {
                Transport::Tcp { tls: Tls::Authority(path), .. } => format!(
                    "the server's certificate must be signed by the authority in {} and name the host that --db names; one \
                     that the server made for itself names none: give it a certificate with a name, or connect by its \
                     socket, {is_local}",
                    path.display()
                ),
                _ => format!(
                    "name the authority that signed the server's certificate with --db-ca FILE (its certificate must name \
                     the host that --db names), or connect by its socket, {is_local}"
                ),
            }
        };
        error.with_hint(hint)
    }
}

/// The driver's error as ours.
pub(super) fn translated(error: &Error) -> DbError {
    match error {
        Error::MySqlError(error) => {
            let known = DbError::new(DbError::kind_of_code(error.code), &error.message);
            let known = known.with_code(u32::from(error.code));
            match hint_of_code(error.code) {
                Some(hint) => known.with_hint(hint),
                None => known,
            }
        }
        Error::TlsError(error) => DbError::new(ErrorKind::Tls, error.to_string()),
        Error::IoError(error) => of_io(error),
        Error::CodecError(codec) => {
            // The codec wraps what went wrong below it.
            let below =
                std::error::Error::source(codec).and_then(|cause| cause.downcast_ref::<std::io::Error>());
            below.map_or_else(|| DbError::new(ErrorKind::Other, codec.to_string()), of_io)
        }
        Error::DriverError(error) => of_driver(error),
        Error::UrlError(_) | Error::FromValueError(_) | Error::FromRowError(_) => {
            // These texts may quote values.
            DbError::new(ErrorKind::Other, "the driver could not read the answer")
        }
    }
}

/// What would help, where the server's number says it whatever was done.
fn hint_of_code(code: u16) -> Option<&'static str> {
    Some(match code {
        1047 => {
            "this node of the cluster answers no questions by now (it has not joined, has lost the others, or \
             `wsrep_reject_queries` is set): name another one with --db"
        }
        1040 => {
            "all connections of the server are taken (`max_connections`): try again when others have ended"
        }
        1044 => {
            "the user has no privilege on this schema, or there is no such schema: look at its name in --db; \
             docs/seeding.md lists the privileges that are needed"
        }
        1049 => {
            "look at the schema's name in --db (motion2 where none is named); SHOW DATABASES lists those that there are"
        }
        1129 => {
            "too many connections from this host failed: find out why, then let it in again (`mariadb-admin flush-hosts`; \
             on MySQL `TRUNCATE TABLE performance_schema.host_cache`)"
        }
        1130 => {
            "no user of the server may come from this host: make one for it, or connect on the server itself by its \
             socket, `mysql:///SCHEMA?socket=FILE` in --db"
        }
        1184 => "the server's `init_connect` fails for this user: its error log says why",
        1203 | 1226 => {
            "this user's connections or questions are used up (`max_user_connections`, `MAX_QUERIES_PER_HOUR` and the \
             like): try again later, or name another user with --db"
        }
        1205 => {
            "somebody holds a lock on a table or row that is needed (LOCK TABLES, FLUSH TABLES WITH READ LOCK, a backup, an \
             open transaction): SHOW FULL PROCESSLIST on the server shows who"
        }
        3118 | 4151 => "the account is locked: ask who locked it (`ALTER USER … ACCOUNT UNLOCK` opens it)",
        3032 => "the server is in offline mode: ask who turned it on",
        1820 | 1862 => "the user's password has expired: give it another one with the server's own client",
        _ => return None,
    })
}

fn of_io(error: &std::io::Error) -> DbError {
    use std::io::ErrorKind as Io;
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return DbError::new(ErrorKind::Tls, tls.to_string());
    }
    match error.kind() {
        Io::WouldBlock | Io::TimedOut => DbError::new(ErrorKind::Timeout, "the database stopped answering"),
        Io::BrokenPipe
        | Io::UnexpectedEof
        | Io::ConnectionReset
        | Io::ConnectionAborted
        | Io::NotConnected => DbError::new(ErrorKind::Lost, "the database closed the connection"),
        Io::NotFound | Io::ConnectionRefused | Io::PermissionDenied => {
            DbError::new(ErrorKind::Unreachable, error.to_string())
        }
        _ => DbError::new(ErrorKind::Other, error.to_string()),
    }
}

fn of_driver(error: &DriverError) -> DbError {
    let kind = match error {
        DriverError::ConnectTimeout | DriverError::Timeout => ErrorKind::Timeout,
        DriverError::CouldNotConnect(Some((_, cause, _))) => {
            return DbError::new(ErrorKind::Unreachable, cause);
        }
        DriverError::CouldNotConnect(None) => ErrorKind::Unreachable,
        DriverError::TlsNotSupported => {
            return DbError::new(ErrorKind::Tls, "the server offers no encryption");
        }
        DriverError::UnknownAuthPlugin(plugin) => return unknown_plugin(plugin),
        DriverError::OldMysqlPasswordDisabled => return unknown_plugin("mysql_old_password"),
        DriverError::CleartextPluginDisabled => return unknown_plugin("mysql_clear_password"),
        DriverError::UnsupportedProtocol(_) | DriverError::Protocol41NotSet => ErrorKind::NotADatabase,
        _ => ErrorKind::Other,
    };
    DbError::new(kind, error.to_string())
}

/// To hide who exists, a server asks for a plugin by chance where a user does not.
fn unknown_plugin(plugin: &str) -> DbError {
    let message = format!(
        "the server wants this user to log in by `{plugin}`, which motionctl does not know, or there is no such user"
    );
    DbError::new(ErrorKind::Credentials, message).with_hint(
        "look at the user's name; use one that logs in by caching_sha2_password, mysql_native_password, ed25519 or \
         parsec, or by the socket as a user of this machine",
    )
}
