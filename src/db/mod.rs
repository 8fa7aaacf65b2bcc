//! Databases: MySQL and MariaDB by socket, TCP or TLS, and SQLite files.
//!
//! Invariant: every wait has an end, and of a connection nothing is ever shown but user, host, schema, version and
//! transport. It must not know what the tables mean.

#![expect(clippy::disallowed_methods, reason = "databases are the effects of this room")]

pub mod catalog;
mod connection;
mod error;
mod model;
mod option_file;
mod quiet;
mod secret;
mod server;
mod socket;
mod source;
mod sqlite;
mod url;
mod value;

pub use catalog::{Catalog, quoted};
pub use connection::Connection;
pub use error::{DbError, ErrorKind, LOCK_WAIT};
pub use model::{Access, Change, Engine, Limits, Server};
pub use option_file::{OptionFile, OptionFileError};
pub use secret::Secret;
pub use server::{Need, SETTINGS, Setting};
pub use source::{FileAccess, Source, SourceError, Tls, Transport, Wanted, local_sockets};
pub use url::{DbUrl, UrlError};
pub use value::{Row, Value};
