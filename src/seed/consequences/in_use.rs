//! Which profiles somebody works with right now.
//!
//! Invariant: sessions are read with queries that an index serves, or of the newest rows alone; whatever cannot be read
//! that way may be in use.

use super::{Look, few};
use crate::db::Catalog;
use crate::db::{Connection, DbError, ErrorKind, Value};
use crate::outcome::{Finding, Level};
use crate::seed::manifest::shown;
use crate::seed::map::{Map, Part, ReportMember};
use crate::seed::plan::is_set;
use crate::seed::snapshot::{CHUNK, Field, Section, marks};
use std::collections::BTreeSet;

/// As many rows are looked at where no index helps.
const NEWEST: u64 = 200_000;
/// More open sessions of one profile are not listed.
const SESSIONS: usize = 10_000;

/// Whether a profile is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InUse {
    /// These agents are logged in with it.
    Yes(Vec<String>),
    /// It cannot be told, and why.
    Maybe(String),
    /// Nobody is.
    No,
}

/// Findings about profiles that are deleted or disabled.
pub(super) fn findings(look: &mut Look<'_>) -> Result<Vec<Finding>, DbError> {
    let mut findings = Vec::new();
    for delete in &look.plan.delete {
        let found = in_use(look.conn, look.map, look.catalog, delete.id, &delete.name)?;
        findings.extend(deleted(&delete.name, &found));
    }
    for update in look.plan.update.iter().filter(|update| update.part == Part::Profiles) {
        let disabled = update
            .changes
            .iter()
            .any(|change| change.field == Field::Enabled && is_set(&change.old) && !is_set(&change.new));
        if disabled {
            let found = in_use(look.conn, look.map, look.catalog, update.id, &update.name)?;
            findings.push(self::disabled(&update.name, &found));
        }
    }
    Ok(findings)
}

fn deleted(name: &str, found: &InUse) -> Option<Finding> {
    match found {
        InUse::Yes(agents) => Some(
            Finding::new("seed.profile-in-use", Level::Stop, "a profile that is to be deleted is in use")
                .evidence(format!(
                    "{}: {} {} logged in with it",
                    shown(name),
                    few(agents.clone()),
                    are(agents)
                ))
                .advice("let them log out or change their profile first"),
        ),
        InUse::Maybe(why) => Some(
            Finding::new(
                "seed.profile-maybe-in-use",
                Level::Stop,
                "a profile that is to be deleted may be in use",
            )
            .evidence(format!("{}: {why}", shown(name)))
            .advice("ask the agents, then accept it with --accept seed.profile-maybe-in-use"),
        ),
        InUse::No => None,
    }
}

fn disabled(name: &str, found: &InUse) -> Finding {
    let title = "a profile that is to be disabled is in use";
    let advice = "accept it with --accept seed.disable-in-use once you have read what follows from it";
    let stop = |evidence: String| {
        Finding::new("seed.disable-in-use", Level::Stop, title).evidence(evidence).advice(advice)
    };
    match found {
        InUse::Yes(agents) => stop(format!(
            "{}: agents {} stay logged in with it and cannot choose it again after logout",
            shown(name),
            few(agents.clone())
        )),
        InUse::Maybe(why) => stop(format!(
            "{}: {why}; agents who are logged in with it stay so and cannot choose it again after logout",
            shown(name)
        )),
        InUse::No => Finding::new("seed.profile-disabled", Level::Info, "a profile becomes unavailable")
            .evidence(format!("{} becomes unavailable at once; nobody is logged in with it", shown(name))),
    }
}

fn are(agents: &[String]) -> &'static str {
    if agents.len() == 1 { "is" } else { "are" }
}

/// Whether somebody is logged in with a profile.
pub(in crate::seed) fn in_use(
    conn: &mut Connection,
    map: &Map,
    catalog: &Catalog,
    id: i64,
    name: &str,
) -> Result<InUse, DbError> {
    let Some(report) = &map.report_member else {
        return Ok(InUse::Maybe("the schema map does not say where sessions are".to_owned()));
    };
    match sessions(conn, map, catalog, report, id, name) {
        Err(error) if matches!(error.kind(), ErrorKind::Lost | ErrorKind::Unreachable) => Err(error),
        Err(error) => Ok(InUse::Maybe(format!("sessions cannot be read: {error}"))),
        answer => answer,
    }
}

fn sessions(
    conn: &mut Connection,
    map: &Map,
    catalog: &Catalog,
    report: &ReportMember,
    id: i64,
    name: &str,
) -> Result<InUse, DbError> {
    let c = &report.columns;
    let member = c.member.quoted();
    let Some(Scan { mut conditions, mut values, bound }) = scan(conn, catalog, report)? else {
        return Ok(InUse::Maybe(unseen(report)));
    };
    let named: Vec<String> =
        c.profile.iter().map(|column| format!("{} IN (?, ?)", column.quoted())).collect();
    conditions.push(format!("({})", named.join(" OR ")));
    for _ in &c.profile {
        values.extend([id.to_string().into(), name.into()]);
    }
    let sql = format!(
        "SELECT DISTINCT {member} FROM {} WHERE {} AND {member} IS NOT NULL LIMIT {SESSIONS}",
        report.table.quoted(),
        conditions.join(" AND ")
    );
    let members: BTreeSet<String> = conn
        .rows(&sql, &values)?
        .iter()
        .map(|row| row.text(0).map(str::to_owned))
        .collect::<Result<_, _>>()?;
    let online = online(conn, map, &members)?;
    if !online.is_empty() {
        return Ok(InUse::Yes(online.into_iter().collect()));
    }
    if let Some(agent) = members.first() {
        let others = members.len() - 1;
        let others = if others > 0 { format!(" and {others} more") } else { String::new() };
        return Ok(InUse::Maybe(format!("{agent}{others} has an open session with it and is not online")));
    }
    Ok(bound.map_or(InUse::No, InUse::Maybe))
}

/// How open sessions are found.
pub(super) struct Scan {
    /// What holds for each of them.
    pub conditions: Vec<String>,
    /// The values of the conditions.
    pub values: Vec<Value>,
    /// Why there may be others.
    pub bound: Option<String>,
}

/// How open sessions are found; none where their table cannot be seen.
pub(super) fn scan(
    conn: &mut Connection,
    catalog: &Catalog,
    report: &ReportMember,
) -> Result<Option<Scan>, DbError> {
    let c = &report.columns;
    let Some(table) = catalog.table(report.table.as_str()) else { return Ok(None) };
    let mut scan =
        Scan { conditions: vec![format!("{} IS NULL", c.left.quoted())], values: Vec::new(), bound: None };
    if let (Some(kind), Some(login)) = (&c.kind, &report.login) {
        scan.conditions.push(format!("{} = ?", kind.quoted()));
        scan.values.push(login.as_str().into());
    }
    if table.is_indexed(&[c.left.as_str()]) || table.rows.is_some_and(|rows| rows < NEWEST) {
        return Ok(Some(scan));
    }
    // The key is read from its end, whatever the table's size.
    let key = c.id.quoted();
    let sql = format!(
        "SELECT MAX({key}), COUNT(*) FROM (SELECT {key} FROM {} ORDER BY {key} DESC LIMIT {NEWEST}) newest",
        report.table.quoted()
    );
    let rows = conn.rows(&sql, &[])?;
    let newest = rows.first().map(|row| Ok::<_, DbError>((row.optional_int(0)?, row.int(1)?))).transpose()?;
    if let Some((Some(last), count)) = newest
        && u64::try_from(count).is_ok_and(|count| count >= NEWEST)
    {
        let first = last - i64::try_from(NEWEST).unwrap_or(i64::MAX);
        scan.conditions.push(format!("{key} > ?"));
        scan.values.push(first.into());
        scan.bound = Some(format!(
            "no index serves the question, and only the newest {NEWEST} sessions were looked at"
        ));
    }
    Ok(Some(scan))
}

/// Why nothing is known where the table of sessions cannot be seen.
pub(super) fn unseen(report: &ReportMember) -> String {
    format!("the table {} cannot be seen", report.table)
}

/// Those of these users who are logged in.
pub(super) fn online(
    conn: &mut Connection,
    map: &Map,
    members: &BTreeSet<String>,
) -> Result<BTreeSet<String>, DbError> {
    let mut found = BTreeSet::new();
    let Some(section) = Section::of(map, Part::Users) else { return Ok(found) };
    let Some(online) = section.online else { return Ok(found) };
    let members: Vec<&String> = members.iter().collect();
    for chunk in members.chunks(CHUNK) {
        let (name, marks) = (section.name.quoted(), marks(chunk.len()));
        let sql = format!(
            "SELECT {name} FROM {} WHERE {name} IN ({marks}) AND {} = 1",
            section.table.quoted(),
            online.quoted()
        );
        let values: Vec<Value> = chunk.iter().map(|name| name.as_str().into()).collect();
        for row in conn.rows(&sql, &values)? {
            found.insert(row.text(0)?.to_owned());
        }
    }
    Ok(found)
}
