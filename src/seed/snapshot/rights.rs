//! The rights of user profiles on the section of agent profiles.
//!
//! Invariant: rows of other sections are never read, and flags are kept as they are stored: what they mean is the
//! plan's to say.

use super::names::{CHUNK, marks};
use crate::db::{Connection, DbError, Value};
use crate::seed::map::Permissions;

/// A row of rights.
#[derive(Debug, Clone, PartialEq)]
pub struct RightsRow {
    /// The user profile's id.
    pub user_profile: i64,
    /// One flag for each right, in the order of [`Right::ALL`](crate::seed::manifest::Right::ALL).
    pub flags: [Value; 4],
}

/// The rows of these user profiles, by user profile; there may be several of one.
pub(super) fn rights(
    conn: &mut Connection,
    permissions: &Permissions,
    user_profiles: &[i64],
) -> Result<Vec<RightsRow>, DbError> {
    let c = &permissions.columns;
    let columns = std::iter::once(&c.user_profile).chain(c.flags());
    let columns: Vec<String> = columns.map(|column| column.quoted()).collect();
    let (table, owner) = (permissions.table.quoted(), c.user_profile.quoted());
    let mut rows = Vec::new();
    for chunk in user_profiles.chunks(CHUNK) {
        let sql = format!(
            "SELECT {} FROM {table} WHERE {} = ? AND {owner} IN ({}) ORDER BY {}",
            columns.join(", "),
            c.section.quoted(),
            marks(chunk.len()),
            columns.join(", "),
        );
        let mut values = vec![Value::from(permissions.section.as_str())];
        values.extend(chunk.iter().map(|id| Value::from(*id)));
        conn.each(&sql, &values, &mut |row| {
            let flags = [1, 2, 3, 4].map(|index| row.value(index).clone());
            rows.push(RightsRow { user_profile: row.int(0)?, flags });
            Ok(())
        })
        .map_err(|error| error.waiting_for(permissions.table.as_str()))?;
    }
    Ok(rows)
}
