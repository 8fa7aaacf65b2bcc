//! The driver's errors as ours.
//!
//! Invariant: no text that may quote a value passes.

use crate::db::error::{DbError, ErrorKind};
use mysql::{DriverError, Error};

/// An error while connecting: nothing was asked yet, so nothing can be lost.
pub(super) fn connecting(error: &Error) -> DbError {
    let translated = translated(error);
    match (translated.kind(), error) {
        (ErrorKind::Lost, _) => {
            DbError::new(ErrorKind::Unreachable, format!("the connection was closed at once: {translated}"))
        }
        // A greeting that cannot be read: something answers, and it is no server.
        (ErrorKind::Other, Error::IoError(_) | Error::CodecError(_)) => {
            DbError::new(ErrorKind::NotADatabase, "what answers does not speak MySQL's protocol")
        }
        _ => translated,
    }
}

/// The driver's error as ours.
pub(super) fn translated(error: &Error) -> DbError {
    match error {
        Error::MySqlError(error) => {
            let kind = if error.code == 3159 { ErrorKind::Tls } else { DbError::kind_of_code(error.code) };
            DbError::new(kind, &error.message).with_code(u32::from(error.code))
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
        DriverError::TlsNotSupported => ErrorKind::Tls,
        DriverError::UnknownAuthPlugin(_)
        | DriverError::OldMysqlPasswordDisabled
        | DriverError::CleartextPluginDisabled => ErrorKind::Credentials,
        DriverError::UnsupportedProtocol(_) | DriverError::Protocol41NotSet => ErrorKind::NotADatabase,
        _ => ErrorKind::Other,
    };
    DbError::new(kind, error.to_string())
}
