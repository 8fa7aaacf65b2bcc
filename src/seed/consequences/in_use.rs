//! Which profiles somebody works with right now.
//!
//! Invariant: sessions are read with queries that an index serves, or of the newest rows alone; whatever cannot be read
//! that way may be in use.

use super::{Look, few};
use crate::db::catalog::Table;
use crate::db::{Catalog, Connection, DbError, ErrorKind, Row, Value};
use crate::outcome::{Finding, Level};
use crate::seed::manifest::shown;
use crate::seed::map::sql::list;
use crate::seed::map::{Ident, Map, Part, ReportMember};
use crate::seed::plan::is_set;
use crate::seed::snapshot::{CHUNK, Field, Section, marks};
use std::collections::BTreeSet;

/// As many rows are looked at where no index helps.
const NEWEST: u64 = 200_000;
/// More open sessions of one profile are not listed.
pub(super) const SESSIONS: usize = 10_000;

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

/// How open sessions are found without a search through all that ever were.
pub(super) enum Way {
    /// An index, or a small table.
    Whole,
    /// An index on who it was and when it ended: agent by agent.
    Members(Vec<Value>),
    /// The newest rows, whose keys are above this one.
    Newest(i64),
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
    let Some(table) = catalog.table(report.table.as_str()) else {
        return Ok(InUse::Maybe(unseen(report)));
    };
    let mut question = Question::of(report);
    let named: Vec<String> =
        c.profile.iter().map(|column| format!("{} IN (?, ?)", column.quoted())).collect();
    question.conditions.push(format!("({})", named.join(" OR ")));
    for _ in &c.profile {
        question.values.extend([id.to_string().into(), name.into()]);
    }
    let mut members = BTreeSet::new();
    let way = way(conn, map, table, report)?;
    question.ask(conn, &way, &mut |row| {
        members.insert(row.text(0)?.to_owned());
        Ok(())
    })?;
    let online = online(conn, map, &members)?;
    if !online.is_empty() {
        return Ok(InUse::Yes(online.into_iter().collect()));
    }
    if let Some(agent) = members.first() {
        let others = members.len() - 1;
        let others = if others > 0 { format!(" and {others} more") } else { String::new() };
        return Ok(InUse::Maybe(format!("{agent}{others} has an open session with it and is not online")));
    }
    Ok(way.doubt().map_or(InUse::No, InUse::Maybe))
}

impl Way {
    /// Why there may be sessions that were not looked at.
    pub(super) fn doubt(&self) -> Option<String> {
        match self {
            Self::Whole | Self::Members(_) => None,
            Self::Newest(_) => Some(format!(
                "no index serves the question, and only the newest {NEWEST} sessions were looked at"
            )),
        }
    }
}

/// Why nothing is known where the table of sessions cannot be seen.
pub(super) fn unseen(report: &ReportMember) -> String {
    format!("the table {} cannot be seen", report.table)
}

/// A question about open sessions.
pub(super) struct Question<'a> {
    report: &'a ReportMember,
    /// What is asked besides who it is.
    pub columns: Vec<&'a Ident>,
    /// What holds for each of them.
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl<'a> Question<'a> {
    /// About all of them.
    pub fn of(report: &'a ReportMember) -> Self {
        let c = &report.columns;
        let mut question = Self {
            report,
            columns: Vec::new(),
            conditions: vec![format!("{} IS NULL", c.left.quoted())],
            values: Vec::new(),
        };
        if let (Some(kind), Some(login)) = (&c.kind, &report.login) {
            question.conditions.push(format!("{} = ?", kind.quoted()));
            question.values.push(login.as_str().into());
        }
        question
    }

    /// Asks; the first value of each row is the user.
    pub fn ask(
        &self,
        conn: &mut Connection,
        way: &Way,
        take: &mut dyn FnMut(Row) -> Result<(), DbError>,
    ) -> Result<(), DbError> {
        match way {
            Way::Whole => self.ask_some(conn, None, &[], take),
            Way::Members(agents) => agents.chunks(CHUNK).try_for_each(|chunk| {
                let more = format!("{} IN ({})", self.report.columns.member.quoted(), marks(chunk.len()));
                self.ask_some(conn, Some(&more), chunk, take)
            }),
            Way::Newest(above) => {
                let more = format!("{} > ?", self.report.columns.id.quoted());
                self.ask_some(conn, Some(&more), &[(*above).into()], take)
            }
        }
    }

    fn ask_some(
        &self,
        conn: &mut Connection,
        more: Option<&str>,
        values: &[Value],
        take: &mut dyn FnMut(Row) -> Result<(), DbError>,
    ) -> Result<(), DbError> {
        let member = &self.report.columns.member;
        let conditions: Vec<&str> = self.conditions.iter().map(String::as_str).chain(more).collect();
        let sql = format!(
            "SELECT DISTINCT {} FROM {} WHERE {} AND {} IS NOT NULL LIMIT {SESSIONS}",
            list(std::iter::once(member).chain(self.columns.iter().copied())),
            self.report.table.quoted(),
            conditions.join(" AND "),
            member.quoted()
        );
        conn.each(&sql, &[&self.values, values].concat(), take)
    }
}

pub(super) fn way(
    conn: &mut Connection,
    map: &Map,
    table: &Table,
    report: &ReportMember,
) -> Result<Way, DbError> {
    let c = &report.columns;
    if table.is_indexed(&[c.left.as_str()]) || table.rows.is_some_and(|rows| rows < NEWEST) {
        return Ok(Way::Whole);
    }
    if table.is_indexed(&[c.member.as_str(), c.left.as_str()]) {
        let users = &map.users;
        let (name, role) = (users.columns.name.quoted(), users.columns.role.quoted());
        let sql =
            format!("SELECT {name} FROM {} WHERE {role} = ? AND {name} IS NOT NULL", users.table.quoted());
        let rows = conn.rows(&sql, &[users.agent_role.as_str().into()])?;
        return Ok(Way::Members(rows.iter().map(|row| row.value(0).clone()).collect()));
    }
    // The key is read from its end, whatever the table's size.
    let (key, from) = (c.id.quoted(), report.table.quoted());
    let newest = format!("SELECT {key} FROM {from} ORDER BY {key} DESC LIMIT {NEWEST}");
    let rows = conn.rows(&format!("SELECT MAX({key}), COUNT(*) FROM ({newest}) newest"), &[])?;
    let Some(row) = rows.first() else { return Ok(Way::Whole) };
    match (row.optional_int(0)?, row.int(1)?) {
        (Some(last), count) if count.unsigned_abs() >= NEWEST => {
            Ok(Way::Newest(last - i64::try_from(NEWEST).unwrap_or(i64::MAX)))
        }
        _ => Ok(Way::Whole),
    }
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
