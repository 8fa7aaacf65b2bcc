//! Whether a server may be written to at all.
//!
//! Invariant: a privilege that is missing means that it is not known, which is said and stops nothing.

use crate::db::{Connection, DbError, Engine, ErrorKind};
use crate::outcome::Finding;
use crate::outcome::codes;

/// A replica, or a server that only reads: what is written there is lost or refused.
///
/// # Errors
/// When the connection is lost.
pub fn standing(conn: &mut Connection) -> Result<Vec<Finding>, DbError> {
    if conn.engine() == Engine::Sqlite {
        return Ok(Vec::new());
    }
    let mut findings = Vec::new();
    let stop = |evidence: &str| {
        Finding::new(codes::SEED_REPLICA, "this server must not be written to")
            .evidence(evidence.to_owned())
            .advice("name the server that takes the writes with --db")
    };
    let rows = conn.rows("SELECT @@global.read_only", &[])?;
    let read_only = rows.first().map(|row| row.value(0).display()).unwrap_or_default();
    // MariaDB 12 has words for it.
    if !["0", "OFF", ""].contains(&read_only.to_uppercase().as_str()) {
        findings.push(stop("it is read-only (read_only is on)"));
    }
    match replicates(conn) {
        Ok(true) => findings.push(stop("it is a replica of another server")),
        Ok(false) => {}
        Err(error) if matches!(error.kind(), ErrorKind::Lost | ErrorKind::Unreachable) => return Err(error),
        Err(error) => findings.push(
            Finding::new(codes::SEED_REPLICA_UNKNOWN, "whether this server is a replica is not known")
                .evidence(error.to_string())
                .advice("make sure that it is the server that Motion writes to"),
        ),
    }
    Ok(findings)
}

fn replicates(conn: &mut Connection) -> Result<bool, DbError> {
    // SHOW SLAVE STATUS went with MySQL 8.4, SHOW REPLICA STATUS came with MySQL 8.0.22 and MariaDB 10.5.1.
    let mut last = None;
    for statement in ["SHOW REPLICA STATUS", "SHOW SLAVE STATUS"] {
        match conn.rows(statement, &[]) {
            Ok(rows) => return Ok(!rows.is_empty()),
            Err(error) if error.code() == Some(1064) => last = Some(error),
            Err(error) => return Err(error),
        }
    }
    last.map_or(Ok(false), Err)
}
