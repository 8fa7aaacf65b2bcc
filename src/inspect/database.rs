//! What the database itself says: is it one of several, and who is logged in?
//!
//! Invariant: questions are asked in every dialect before they count as unanswered, and a missing privilege is
//! unknown, never no. Nothing is written, and no wait is longer than the connection's limits.

use super::sessions::{SessionTables, judge, sessions};
use super::topology::{VENDOR, not_wholly_seen};
use crate::db::{Connection, DbError, Engine, ErrorKind, Row, Value};
use crate::facts::SessionFacts;
use crate::host::{Root, machine};
use crate::outcome::codes;
use crate::outcome::{Finding, Level};

/// What the database said.
pub struct Survey {
    /// What there is to say about it.
    pub findings: Vec<Finding>,
    /// Who is logged in, where that could be asked.
    pub sessions: Option<SessionFacts>,
}

/// Asks a database about sessions and about others like it.
#[must_use]
pub fn survey(
    root: &Root,
    conn: &mut Connection,
    tables: &SessionTables,
    remote_host: Option<&str>,
) -> Survey {
    let mut findings = Vec::new();
    let mut unseen = Vec::new();
    let topology = topology(conn, remote_host, &mut findings, &mut unseen);
    if !unseen.is_empty() {
        findings.push(topology_unknown(root, unseen));
    }
    let sessions = topology.and_then(|()| sessions(conn, tables));
    match sessions {
        Ok(facts) => {
            findings.extend(judge(&facts, tables));
            Survey { findings, sessions: Some(facts) }
        }
        Err(error) => {
            findings.push(sessions_unknown(Level::Warn).evidence(error.to_string()).advice(remedy(&error)));
            Survey { findings, sessions: None }
        }
    }
}

/// Asks only who is logged in.
///
/// # Errors
/// When the database does not answer.
pub fn survey_sessions(conn: &mut Connection, tables: &SessionTables) -> Result<Survey, DbError> {
    let facts = sessions(conn, tables)?;
    Ok(Survey { findings: judge(&facts, tables), sessions: Some(facts) })
}

/// What there is to say when the database cannot be reached.
#[must_use]
pub fn unreachable(root: &Root, error: &DbError, remote_host: Option<&str>) -> Vec<Finding> {
    let advice = remedy(error);
    let mut findings = vec![
        sessions_unknown(Level::Warn).evidence(error.to_string()).advice(advice),
        topology_unknown(root, vec![format!("database clusters and replicas: {error}")]),
    ];
    findings.extend(remote_host.map(remote));
    findings
}

/// What there is to say when no database is asked at all.
#[must_use]
pub fn not_asked(root: &Root, why: &str) -> Vec<Finding> {
    vec![
        sessions_unknown(Level::Warn)
            .evidence(why)
            .advice("name the database with --db, or make sure of it yourself"),
        topology_unknown(root, vec![format!("database clusters and replicas: {why}")]),
    ]
}

/// The same for a copied tree, in which nobody is logged in; its files were looked at for the rest.
#[must_use]
pub fn not_asked_below_root() -> Vec<Finding> {
    vec![
        sessions_unknown(Level::Info)
            .evidence("a tree below --root has no database, and --db names none")
            .advice("on the server itself it is asked; --db asks one for this tree"),
    ]
}

fn sessions_unknown(level: Level) -> Finding {
    Finding::graded(codes::SESSIONS_UNKNOWN, level, "who is logged in is not known")
}

fn topology_unknown(root: &Root, evidence: Vec<String>) -> Finding {
    not_wholly_seen(root).evidence_lines(evidence)
}

fn remote(host: &str) -> Finding {
    Finding::new(codes::TOPOLOGY_REMOTE_DATABASE, "Motion's database is on another host")
        .evidence(format!("the database is asked at {host}"))
        .advice(VENDOR)
}

fn remedy(error: &DbError) -> &str {
    if let Some(hint) = error.hint() {
        return hint;
    }
    match error.kind() {
        ErrorKind::Credentials => {
            "name a user with --db and the password with --defaults-file or MOTIONCTL_DB_PASSWORD_FILE"
        }
        ErrorKind::Tls => "name the authority that signed the server's certificate with --db-ca",
        ErrorKind::Privilege => "grant the user SELECT on Motion's schema",
        ErrorKind::Timeout | ErrorKind::Lost => "look whether the database is overloaded or hangs",
        ErrorKind::NotADatabase => "look what listens there; --db names another place",
        _ => "look whether the database runs; --db names another place",
    }
}

/// What an answer to one of several dialects is.
enum Asked {
    Rows(Vec<Row>),
    /// The user may not ask.
    Denied(DbError),
    /// No server understands any of it.
    Unheard,
}

/// Asks in one dialect after the other; the first that is understood counts.
fn ask(conn: &mut Connection, dialects: &[&str]) -> Result<Asked, DbError> {
    for sql in dialects {
        match conn.rows(sql, &[]) {
            Ok(rows) => return Ok(Asked::Rows(rows)),
            Err(error) if matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Lost) => return Err(error),
            Err(error) if error.kind() == ErrorKind::Privilege => return Ok(Asked::Denied(error)),
            Err(_) => {}
        }
    }
    Ok(Asked::Unheard)
}

fn topology(
    conn: &mut Connection,
    remote_host: Option<&str>,
    findings: &mut Vec<Finding>,
    unseen: &mut Vec<String>,
) -> Result<(), DbError> {
    if conn.engine() == Engine::Sqlite {
        return Ok(());
    }
    let variables = variables(conn)?;
    if let Some(host) = remote_host {
        // A name of this very host is no other one; servers tell theirs.
        let here = machine::host_name();
        let there = variables.iter().find(|(name, _)| name == "hostname").map(|(_, value)| value);
        if here.is_none() || there != here.as_ref() {
            findings.push(remote(host));
        }
    }
    let mut cluster: Vec<String> =
        variables.iter().filter_map(|(name, value)| cluster_sign(name, value)).collect();
    match ask(conn, &["SHOW ALL SLAVES STATUS", "SHOW REPLICA STATUS", "SHOW SLAVE STATUS"])? {
        Asked::Rows(rows) => cluster.extend(rows.iter().map(source_line)),
        Asked::Denied(error) => unseen.push(format!("whether the database is a replica: {error}")),
        Asked::Unheard => {
            unseen.push("whether the database is a replica: the server does not say".to_owned())
        }
    }
    if !cluster.is_empty() {
        let finding = Finding::new(codes::TOPOLOGY_DATABASE_CLUSTER, "the database is part of a cluster")
            .advice(VENDOR);
        findings.push(finding.evidence_lines(cluster));
    }
    match ask(conn, &["SHOW REPLICAS", "SHOW REPLICA HOSTS", "SHOW SLAVE HOSTS"])? {
        Asked::Rows(rows) if rows.is_empty() => {}
        Asked::Rows(rows) => findings.push(replicas(&rows)),
        Asked::Denied(error) => unseen.push(format!("attached replicas: {error}")),
        Asked::Unheard => unseen.push("attached replicas: the server does not say".to_owned()),
    }
    Ok(())
}

/// Variables that every user may read. A server without Galera has its variables, too: the value counts.
fn variables(conn: &mut Connection) -> Result<Vec<(String, String)>, DbError> {
    let sql = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('wsrep_on', \
               'group_replication_group_name', 'read_only', 'super_read_only', 'innodb_read_only', 'hostname')";
    let rows = conn.rows(sql, &[])?;
    Ok(rows.iter().map(|row| (row.value(0).display().to_ascii_lowercase(), row.value(1).display())).collect())
}

fn cluster_sign(name: &str, value: &str) -> Option<String> {
    let off = ["off", "0", "no", "false", ""].contains(&value.to_ascii_lowercase().as_str());
    let shown = match name {
        "wsrep_on" => "Galera: wsrep_on",
        "group_replication_group_name" => "group replication: group_replication_group_name",
        "read_only" | "super_read_only" | "innodb_read_only" => name,
        _ => return None,
    };
    (!off).then(|| format!("{shown}={value}"))
}

/// A row of a replica's status; columns were renamed over the years.
fn source_line(row: &Row) -> String {
    let first = |names: &[&str]| names.iter().find_map(|name| row.named(name)).map(Value::display);
    let source = first(&["Source_Host", "Master_Host"]).unwrap_or_else(|| "another server".to_owned());
    let running = first(&["Replica_SQL_Running", "Slave_SQL_Running"]).unwrap_or_else(|| "?".to_owned());
    format!("this database is a replica of {source} (applying: {running})")
}

fn replicas(rows: &[Row]) -> Finding {
    let line = |row: &Row| {
        let host = row.named("Host").map(Value::display).filter(|host| !host.is_empty());
        let id = row.named("Server_id").map_or_else(String::new, Value::display);
        match host {
            Some(host) => format!("replica {host}, server id {id}"),
            None => format!("replica with server id {id}"),
        }
    };
    let title = "replicas are attached to the database; one for reports is a legitimate standalone set-up";
    Finding::new(codes::TOPOLOGY_DATABASE_REPLICA, title)
        .advice("make sure that the replica is for reports and not for taking over")
        .evidence_lines(rows.iter().map(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_tells_a_cluster_and_not_the_variable() {
        let check =
            |name, value, expect: Option<&str>| assert_eq!(cluster_sign(name, value).as_deref(), expect);
        check("wsrep_on", "OFF", None);
        check("wsrep_on", "ON", Some("Galera: wsrep_on=ON"));
        check("wsrep_cluster_name", "my_wsrep_cluster", None);
        check("group_replication_group_name", "", None);
        check(
            "group_replication_group_name",
            "a-b",
            Some("group replication: group_replication_group_name=a-b"),
        );
        check("read_only", "0", None);
        check("super_read_only", "ON", Some("super_read_only=ON"));
    }
}
