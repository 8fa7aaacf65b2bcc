//! Whether a server may be written to at all.
//!
//! Invariant: nothing that a DBA has turned off is turned on. A privilege that is missing means that it is not known,
//! which is said and stops nothing.

use crate::db::{Connection, DbError, Engine, ErrorKind, Row, Value};
use crate::outcome::Finding;
use crate::outcome::codes;
use std::collections::BTreeMap;

/// Variables that keep everybody, or everybody but administrators, from writing. One name is MySQL's, another MariaDB's.
const READ_ONLY: &[(&str, &str)] = &[
    ("read_only", "the server is read-only"),
    ("super_read_only", "the server is read-only for administrators, too"),
    ("innodb_read_only", "the storage engine is read-only"),
    ("innodb_force_recovery", "the storage engine was started to rescue data"),
    ("transaction_read_only", "transactions only read"),
    ("tx_read_only", "transactions only read"),
];

/// A replica, or a server that only reads: what is written there is lost or refused.
///
/// # Errors
/// When the connection is lost.
pub fn standing(conn: &mut Connection) -> Result<Vec<Finding>, DbError> {
    let reads = match conn.engine() {
        Engine::Sqlite => conn.unwritable().into_iter().collect(),
        Engine::MariaDb | Engine::MySql => read_only(conn)?,
    };
    let mut findings = Vec::new();
    if !reads.is_empty() {
        let finding = Finding::new(codes::SEED_READ_ONLY, "this database takes no changes");
        let finding = finding.advice("ask who set it so; it is not turned off here");
        findings.push(finding.evidence_lines(reads));
    }
    if conn.engine() == Engine::Sqlite {
        return Ok(findings);
    }
    let mut copies = Vec::new();
    let mut unknown = Vec::new();
    for ask in [replicas, group_members, cluster_nodes] {
        match ask(conn) {
            Ok(found) => copies.extend(found),
            Err(error) if matches!(error.kind(), ErrorKind::Lost | ErrorKind::Unreachable) => {
                return Err(error);
            }
            Err(error) => unknown.push(error.to_string()),
        }
    }
    if !copies.is_empty() {
        let finding = Finding::new(codes::SEED_REPLICA, "this server must not be written to")
            .advice("name the server that takes the writes with --db");
        findings.push(finding.evidence_lines(copies));
    }
    if !unknown.is_empty() {
        let finding =
            Finding::new(codes::SEED_REPLICA_UNKNOWN, "whether this server is a replica is not known")
                .advice("make sure that it is the server that Motion writes to");
        findings.push(finding.evidence_lines(unknown));
    }
    Ok(findings)
}

/// What keeps from writing, each in a line.
fn read_only(conn: &mut Connection) -> Result<Vec<String>, DbError> {
    let mut found = Vec::new();
    let everywhere = variables(conn, "GLOBAL VARIABLES", READ_ONLY.iter().map(|(name, _)| *name))?;
    // A session has its own word on transactions, which `init_connect` may have given it.
    let here = variables(conn, "SESSION VARIABLES", ["transaction_read_only", "tx_read_only"])?;
    for (name, meaning) in READ_ONLY {
        let [global, session] = [&everywhere, &here].map(|all| all.get(*name).filter(|value| is_on(value)));
        match (global, session) {
            (Some(value), _) => found.push(format!("{meaning} ({name}={value})")),
            (None, Some(value)) => found.push(format!("{meaning} in this session ({name}={value})")),
            (None, None) => {}
        }
    }
    // Both names of one variable, where a server has both.
    found.dedup_by(|one, other| one.split(" (").next() == other.split(" (").next());
    if schema_reads(conn)? {
        found
            .push(format!("the schema {} is read-only (ALTER SCHEMA … READ ONLY = 1)", conn.server().schema));
    }
    Ok(found)
}

/// MySQL's schemas may be read-only, from 8.0.22.
fn schema_reads(conn: &mut Connection) -> Result<bool, DbError> {
    if conn.engine() != Engine::MySql {
        return Ok(false);
    }
    let sql = "SELECT OPTIONS FROM information_schema.SCHEMATA_EXTENSIONS WHERE SCHEMA_NAME = ?";
    let schema = Value::from(conn.server().schema.as_str());
    match conn.rows(sql, &[schema]) {
        Ok(rows) => Ok(rows.iter().any(|row| row.value(0).display().contains("READ ONLY=1"))),
        // Before 8.0.22 there is no such table, and no such schema.
        Err(error) if matches!(error.kind(), ErrorKind::MissingTable | ErrorKind::MissingColumn) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Connections by which the server gets what others write; one that stands still is one, too.
fn replicas(conn: &mut Connection) -> Result<Vec<String>, DbError> {
    // On MariaDB the others show the unnamed connection alone. SHOW SLAVE STATUS went with MySQL 8.4; SHOW REPLICA
    // STATUS came with 8.0.22 and shows every channel.
    let dialects: &[&str] = match conn.engine() {
        Engine::MariaDb => &["SHOW ALL SLAVES STATUS", "SHOW SLAVE STATUS"],
        Engine::MySql | Engine::Sqlite => &["SHOW REPLICA STATUS", "SHOW SLAVE STATUS"],
    };
    let mut last = None;
    for statement in dialects {
        match conn.rows(statement, &[]) {
            Ok(rows) => return Ok(rows.iter().filter_map(source).collect()),
            Err(error) if error.code() == Some(1064) => last = Some(error),
            Err(error) => return Err(error),
        }
    }
    last.map_or(Ok(Vec::new()), Err)
}

/// Where a connection leads; none for those by which the members of a group keep each other alike, of which the one
/// that takes the writes has one, too.
fn source(row: &Row) -> Option<String> {
    let named = |names: &[&str]| names.iter().find_map(|name| row.named(name)).map(Value::display);
    let name = named(&["Channel_Name", "Connection_name"]).unwrap_or_default();
    if name.starts_with("group_replication_") {
        return None;
    }
    let host = named(&["Source_Host", "Master_Host"]).unwrap_or_default();
    let of = if host.is_empty() { "another server".to_owned() } else { host };
    Some(match name.as_str() {
        "" => format!("it is a replica of {of}"),
        name => format!("it is a replica of {of} (connection {name})"),
    })
}

/// In a group one member takes the writes, or every one that is whole.
fn group_members(conn: &mut Connection) -> Result<Vec<String>, DbError> {
    let group = variables(conn, "GLOBAL VARIABLES", ["group_replication_group_name"])?;
    let Some(group) = group.values().find(|name| !name.is_empty()) else { return Ok(Vec::new()) };
    let sql = "SELECT MEMBER_STATE, MEMBER_ROLE FROM performance_schema.replication_group_members \
               WHERE MEMBER_ID = @@server_uuid";
    let set_up = format!("it is set up as a member of the replication group {group}");
    let rows = conn.rows(sql, &[]).map_err(|error| error.during(&set_up))?;
    // A member that was put out of its group, or did not come back, lets everybody write: nobody else ever sees it. It
    // has no id then, or a state that says so.
    if rows.is_empty() {
        return Ok(vec![format!("{set_up}, and not in it by now")]);
    }
    let member = |row: &Row| match (row.value(0).display().as_str(), row.value(1).display().as_str()) {
        ("ONLINE", "PRIMARY") => None,
        ("OFFLINE", _) => Some(format!("{set_up}, and not in it by now")),
        ("ONLINE", role) => Some(format!("it is a member of a replication group, and its role is {role}")),
        (state, _) => Some(format!("it is a member of a replication group, and its state is {state}")),
    };
    Ok(rows.iter().filter_map(member).collect())
}

/// A Galera node that has lost the others. Servers without Galera have its variables, too: their values count.
fn cluster_nodes(conn: &mut Connection) -> Result<Vec<String>, DbError> {
    let provider = variables(conn, "GLOBAL VARIABLES", ["wsrep_provider", "wsrep_cluster_address"])?;
    let is_set = |name: &str| provider.get(name).is_some_and(|value| !value.is_empty() && value != "none");
    if !is_set("wsrep_provider") || !is_set("wsrep_cluster_address") {
        return Ok(Vec::new());
    }
    let status = variables(conn, "GLOBAL STATUS", ["wsrep_cluster_status", "wsrep_ready"])?;
    let mut found = Vec::new();
    for (name, wanted, meaning) in [
        ("wsrep_cluster_status", "Primary", "it is a Galera node outside the primary component"),
        ("wsrep_ready", "ON", "it is a Galera node that is not ready"),
    ] {
        if let Some(value) = status.get(name).filter(|value| !value.eq_ignore_ascii_case(wanted)) {
            found.push(format!("{meaning} ({name}={value})"));
        }
    }
    Ok(found)
}

/// Those of these variables that the server has; everybody may ask.
fn variables<'a>(
    conn: &mut Connection,
    of: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeMap<String, String>, DbError> {
    let names: Vec<String> = names.into_iter().map(|name| format!("'{name}'")).collect();
    let rows = conn.rows(&format!("SHOW {of} WHERE Variable_name IN ({})", names.join(", ")), &[])?;
    Ok(rows.iter().map(|row| (row.value(0).display().to_ascii_lowercase(), row.value(1).display())).collect())
}

/// MariaDB 12 has words for how far `read_only` goes.
fn is_on(value: &str) -> bool {
    !["", "0", "off"].contains(&value.to_ascii_lowercase().as_str())
}
