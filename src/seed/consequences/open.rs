//! All open sessions at once, for answers about every profile.
//!
//! Invariant: one look at the table of sessions, however many profiles there are; it judges as `in_use` does for one.

use super::in_use::{InUse, Question, SESSIONS, online, unseen, way};
use crate::db::{Catalog, Connection, DbError, ErrorKind};
use crate::seed::manifest::Name;
use crate::seed::map::Map;
use std::collections::{BTreeMap, BTreeSet};

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

fn sessions(conn: &mut Connection, map: &Map, catalog: &Catalog) -> Result<OpenSessions, DbError> {
    let Some(report) = &map.report_member else {
        return Ok(OpenSessions::unknown("the schema map does not say where sessions are".to_owned()));
    };
    let Some(table) = catalog.table(report.table.as_str()) else {
        return Ok(OpenSessions::unknown(unseen(report)));
    };
    let mut question = Question::of(report);
    question.columns = report.columns.profile.iter().collect();
    let way = way(conn, map, table, report)?;
    let mut open = OpenSessions { unknown: way.doubt(), ..OpenSessions::default() };
    let mut members = BTreeSet::new();
    let mut rows = 0;
    question.ask(conn, &way, &mut |row| {
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

impl OpenSessions {
    fn unknown(why: String) -> Self {
        Self { unknown: Some(why), ..Self::default() }
    }

    /// What the rows say about profiles: ids and names.
    pub fn mentioned(&self) -> impl Iterator<Item = &Name> {
        self.users.keys()
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
