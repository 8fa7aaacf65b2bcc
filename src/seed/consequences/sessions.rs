//! Which profiles somebody works with right now: all open sessions at once.
//!
//! Invariant: sessions are read with queries that an index serves, or of the newest rows alone; what cannot be read that
//! way may be in use.

use crate::db::catalog::Table;
use crate::db::{Catalog, Connection, DbError, ErrorKind, Row, Value};
use crate::seed::manifest::Name;
use crate::seed::map::sql::list;
use crate::seed::map::{Map, Part, ReportMember};
use crate::seed::snapshot::{CHUNK, Section, Wanted, marks, records};
use std::collections::{BTreeMap, BTreeSet};

/// As many rows are looked at where no index helps.
pub(in crate::seed) const NEWEST: u64 = 200_000;
/// More open sessions are not listed.
const SESSIONS: usize = 10_000;

/// Whether a profile is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InUse {
    /// These agents are logged in with it.
    Yes(Vec<String>),
    /// It cannot be told, and why.
    Maybe(String),
    No,
}

/// Who has an open session, and what its row says about the profile.
#[derive(Debug, Clone, Default)]
pub(in crate::seed) struct OpenSessions {
    /// The users by what the columns for the profile hold: its id or its name.
    users: BTreeMap<Name, BTreeSet<String>>,
    online: BTreeSet<String>,
    /// Why it cannot be told of a profile that nobody has.
    unknown: Option<String>,
}

/// Reads the open sessions.
///
/// # Errors
/// When the connection is lost; whatever else goes wrong makes every profile one that may be in use.
pub(in crate::seed) fn open_sessions(
    conn: &mut Connection,
    map: &Map,
    catalog: &Catalog,
) -> Result<OpenSessions, DbError> {
    match sessions(conn, map, catalog) {
        Err(error) if matches!(error.kind(), ErrorKind::Lost | ErrorKind::Unreachable) => Err(error),
        Err(error) => Ok(OpenSessions::unknown(format!("sessions cannot be read: {error}"))),
        answer => answer,
    }
}

impl OpenSessions {
    fn unknown(why: String) -> Self {
        Self { unknown: Some(why), ..Self::default() }
    }

    /// How sessions mention each profile: by its id, and by what its name is to the server.
    pub fn mentions(
        &self,
        conn: &mut Connection,
        map: &Map,
        catalog: &Catalog,
    ) -> Result<BTreeMap<i64, Vec<Name>>, DbError> {
        let mut mentions: BTreeMap<i64, Vec<Name>> = BTreeMap::new();
        for (mention, ids) in meant(conn, map, catalog, self.users.keys().cloned().collect())? {
            for id in ids {
                mentions.entry(id).or_default().push(mention.clone());
            }
        }
        Ok(mentions)
    }

    /// Whether somebody is logged in with a profile that the rows mention so.
    pub fn in_use<'n>(&self, mentions: impl IntoIterator<Item = &'n Name>) -> InUse {
        let users = mentions.into_iter().filter_map(|mention| self.users.get(mention));
        let users: BTreeSet<&String> = users.flatten().collect();
        let online: Vec<String> =
            users.iter().filter(|user| self.online.contains(**user)).map(|user| (*user).clone()).collect();
        if !online.is_empty() {
            return InUse::Yes(online);
        }
        if let Some(agent) = users.first() {
            let others = users.len() - 1;
            let others = if others > 0 { format!(" and {others} more") } else { String::new() };
            return InUse::Maybe(format!("{agent}{others} has an open session with it and is not online"));
        }
        self.unknown.clone().map_or(InUse::No, InUse::Maybe)
    }
}

/// Which profiles each value of a column for the profile may mean: first that of this id, which need not be there, then
/// those of a name that is the same to the server, also those that were deleted softly. One rule for all who read sessions.
///
/// # Errors
/// When the database fails.
pub(in crate::seed) fn meant(
    conn: &mut Connection,
    map: &Map,
    catalog: &Catalog,
    mentions: BTreeSet<Name>,
) -> Result<BTreeMap<Name, Vec<i64>>, DbError> {
    let Some(section) = Section::of(map, Part::Profiles) else { return Ok(BTreeMap::new()) };
    let wanted = Wanted { names: mentions, ..Wanted::default() };
    let found = records(conn, catalog, &section, &wanted)?;
    let of = |mention: Name| {
        let named = found.names.group(&mention).map_or(&[][..], |group| found.names.rows(group));
        let by_id: Option<i64> = mention.parse().ok();
        let by_name = named.iter().copied().filter(|id| Some(*id) != by_id);
        let ids = by_id.into_iter().chain(by_name).collect();
        (mention, ids)
    };
    Ok(wanted.names.into_iter().map(of).collect())
}

fn sessions(conn: &mut Connection, map: &Map, catalog: &Catalog) -> Result<OpenSessions, DbError> {
    let Some(report) = &map.report_member else {
        return Ok(OpenSessions::unknown("the schema map does not say where sessions are".to_owned()));
    };
    let Some(table) = catalog.table(report.table.as_str()) else {
        return Ok(OpenSessions::unknown(format!("the table {} cannot be seen", report.table)));
    };
    let way = way(conn, map, table, report)?;
    let mut open = OpenSessions { unknown: way.doubt(), ..OpenSessions::default() };
    let mut members = BTreeSet::new();
    let mut rows = 0;
    ask(conn, report, &way, &mut |row| {
        rows += 1;
        let member = row.text(0)?.to_owned();
        for value in row.values().iter().skip(1).filter(|value| !value.is_null()) {
            open.users.entry(value.display().into()).or_default().insert(member.clone());
        }
        members.insert(member);
        Ok(())
    })?;
    if rows >= SESSIONS {
        open.unknown = Some(format!("only {SESSIONS} open sessions were looked at"));
    }
    open.online = online(conn, map, &members)?;
    Ok(open)
}

/// How open sessions are found without a search through all that ever were.
enum Way {
    /// An index, or a small table.
    Whole,
    /// An index on who it was and when it ended: agent by agent.
    Members(Vec<Value>),
    /// The newest rows, whose keys are above this one.
    Newest(i64),
}

impl Way {
    /// Why there may be sessions that were not looked at.
    fn doubt(&self) -> Option<String> {
        match self {
            Self::Whole | Self::Members(_) => None,
            Self::Newest(_) => Some(format!(
                "no index serves the question, and only the newest {NEWEST} sessions were looked at"
            )),
        }
    }
}

/// Asks who has an open session, and what its columns for the profile hold. No type of row is left out: what a row that
/// is none of ours means, nobody knows.
fn ask(
    conn: &mut Connection,
    report: &ReportMember,
    way: &Way,
    take: &mut dyn FnMut(Row) -> Result<(), DbError>,
) -> Result<(), DbError> {
    let c = &report.columns;
    let sql = format!(
        "SELECT DISTINCT {} FROM {} WHERE {} IS NULL AND {} IS NOT NULL",
        list(std::iter::once(&c.member).chain(&c.profile)),
        report.table.quoted(),
        c.left.quoted(),
        c.member.quoted()
    );
    match way {
        Way::Whole => conn.each(&format!("{sql} LIMIT {SESSIONS}"), &[], take),
        Way::Members(agents) => agents.chunks(CHUNK).try_for_each(|chunk| {
            let marks = marks(chunk.len());
            let sql = format!("{sql} AND {} IN ({marks}) LIMIT {SESSIONS}", c.member.quoted());
            conn.each(&sql, chunk, take)
        }),
        Way::Newest(above) => {
            let sql = format!("{sql} AND {} > ? LIMIT {SESSIONS}", c.id.quoted());
            conn.each(&sql, &[(*above).into()], take)
        }
    }
}

fn way(conn: &mut Connection, map: &Map, table: &Table, report: &ReportMember) -> Result<Way, DbError> {
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
fn online(conn: &mut Connection, map: &Map, members: &BTreeSet<String>) -> Result<BTreeSet<String>, DbError> {
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
