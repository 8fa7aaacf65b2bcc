//! Who is logged in, and what that means for a reload.
//!
//! Invariant: reads in one read-only view; what could not be read is said by name. It must not decide what is done
//! about people who work.

mod judge;
mod read;
mod tables;

pub use judge::judge;
pub use tables::{CallTable, ProfileTable, SessionTable, SessionTables, UserTable};

use crate::db::{Access, Connection, DbError};
use crate::facts::SessionFacts;

/// Asks who is logged in.
///
/// # Errors
/// When the database does not answer (any more).
pub fn sessions(conn: &mut Connection, tables: &SessionTables) -> Result<SessionFacts, DbError> {
    conn.begin(Access::ReadOnlySnapshot)?;
    let facts = read::read(conn, tables)?;
    conn.rollback()?;
    Ok(facts)
}
