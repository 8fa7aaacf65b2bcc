//! Databases as they are: a real MariaDB by socket, TCP and TLS, and SQLite files.
//!
//! Invariant: every refusal and every silence ends within its limit, with a kind that a caller can act on.

mod catalog;
mod connecting;
mod logging_in;
mod option_file;
mod refusals;
mod replica;
mod secrets;
mod settings;
mod statements;

use motionctl::db::{Connection, DbError, Limits, Source};

fn open(source: &Source) -> Result<Connection, DbError> {
    Connection::open(source, &Limits::work())
}

fn refused(source: &Source) -> DbError {
    open(source).err().expect("an error")
}
