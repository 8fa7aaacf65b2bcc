//! The rows of a period, by an index where there is one.
//!
//! Invariant: where no index serves, only the newest rows are looked at. Each row is handed on once, in the order of
//! when it began.

use super::Request;
use crate::db::catalog::Table;
use crate::db::{Catalog, Connection, DbError, Row, Value};
use crate::seed::map::sql::list;
use crate::seed::map::{Map, ReportMember};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Where only the beginning is indexed, sessions that began this many days before the period are looked for.
const BACK: i64 = 31;

/// What was not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Why.
    pub why: String,
    /// Sessions that began earlier are not counted.
    pub since: Option<Timestamp>,
}

/// A session as its row has it.
#[derive(Debug)]
pub(super) struct Seen {
    pub member: String,
    pub channel: String,
    /// NULL where it cannot be read as a time.
    pub entered: Option<Timestamp>,
    /// NULL while it lasts; an error where it cannot be read as a time.
    pub left: Result<Option<Timestamp>, ()>,
    /// What the columns for the profile hold, without those that are empty.
    pub profile: Vec<String>,
}

/// Ids and names of all profiles, also of those that were deleted softly: hours are of the past.
pub(super) fn known_profiles(conn: &mut Connection, map: &Map) -> Result<Vec<(i64, String)>, DbError> {
    let Some(profiles) = &map.profiles else { return Ok(Vec::new()) };
    let c = &profiles.columns;
    let sql = format!("SELECT {} FROM {}", list([&c.id, &c.name]), profiles.table.quoted());
    conn.rows(&sql, &[])?.iter().map(|row| Ok((row.int(0)?, row.value(1).display()))).collect()
}

/// Hands on each session of the period and each that is open, and says what was left out.
pub(super) fn sessions(
    conn: &mut Connection,
    map: &Map,
    catalog: &Catalog,
    request: &Request,
    take: &mut dyn FnMut(Seen),
) -> Result<Option<LeftOut>, DbError> {
    let Some(report) = &map.report_member else { return Ok(None) };
    let c = &report.columns;
    let Some(table) = catalog.table(report.table.as_str()) else { return Ok(None) };
    let (bound, left_out) = bound(conn, table, report, request)?;
    let (entered, left) = (c.entered.quoted(), c.left.quoted());
    let mut sql = format!(
        "SELECT {} FROM {} WHERE ({left} IS NULL OR {left} > ?) \
         AND ({left} IS NULL OR {entered} < ? OR {entered} > ?) AND {} IS NOT NULL",
        list([&c.member, &c.entered, &c.left].into_iter().chain(&c.profile).chain(&c.channel)),
        report.table.quoted(),
        c.member.quoted(),
    );
    let mut values = vec![in_sql(request.from), in_sql(request.to), in_sql(request.now)];
    if let (Some(kind), Some(login)) = (&c.kind, &report.login) {
        sql.push_str(&format!(" AND {} = ?", kind.quoted()));
        values.push(login.as_str().into());
    }
    if let Some((column, least)) = bound {
        sql.push_str(&format!(" AND {column} >= ?"));
        values.push(least);
    }
    sql.push_str(&format!(" ORDER BY {entered}"));
    let profiles = c.profile.len();
    conn.each(&sql, &values, &mut |row| {
        take(seen(&row, profiles)?);
        Ok(())
    })?;
    Ok(left_out)
}

/// The column and its least value that bound the search, and what is left out by it.
fn bound(
    conn: &mut Connection,
    table: &Table,
    report: &ReportMember,
    request: &Request,
) -> Result<(Option<(String, Value)>, Option<LeftOut>), DbError> {
    let c = &report.columns;
    if table.is_indexed(&[c.left.as_str()]) {
        return Ok((None, None));
    }
    // The key is read from its end, whatever the table's size.
    let (key, from, newest) = (c.id.quoted(), report.table.quoted(), request.newest);
    let keys = format!("SELECT {key} FROM {from} ORDER BY {key} DESC LIMIT {newest}");
    let rows = conn.rows(&format!("SELECT MIN({key}), COUNT(*) FROM ({keys}) newest"), &[])?;
    let Some(row) = rows.first() else { return Ok((None, None)) };
    let (Some(first), count) = (row.optional_int(0)?, row.int(1)?) else { return Ok((None, None)) };
    if count.unsigned_abs() < newest {
        return Ok((None, None));
    }
    if table.is_indexed(&[c.entered.as_str()]) {
        let since = request.from.checked_sub(SignedDuration::from_hours(24 * BACK)).unwrap_or(request.from);
        let why = format!("no index on {}.{}", report.table, c.left);
        let left_out = LeftOut { why, since: Some(since) };
        return Ok((Some((c.entered.quoted(), in_sql(since))), Some(left_out)));
    }
    let older = format!("SELECT 1 FROM {from} WHERE {key} < ? LIMIT 1");
    if conn.rows(&older, &[first.into()])?.is_empty() {
        return Ok((None, None));
    }
    let began = format!("SELECT {} FROM {from} WHERE {key} = ?", c.entered.quoted());
    let began = conn.rows(&began, &[first.into()])?;
    let since = began.first().and_then(|row| time(row.value(0)));
    let why = format!(
        "no index begins with {}.{} or {}, so that only the newest {newest} rows were looked at",
        report.table, c.left, c.entered
    );
    Ok((Some((key, first.into())), Some(LeftOut { why, since })))
}

fn seen(row: &Row, profiles: usize) -> Result<Seen, DbError> {
    let text =
        |value: &Value| Some(value.display()).filter(|text| !value.is_null() && !text.trim().is_empty());
    let left = match row.value(2) {
        Value::Null => Ok(None),
        value => time(value).map(Some).ok_or(()),
    };
    Ok(Seen {
        member: row.text(0)?.to_owned(),
        channel: text(row.value(3 + profiles)).unwrap_or_default(),
        entered: time(row.value(1)),
        left,
        profile: (3..3 + profiles).filter_map(|index| text(row.value(index))).collect(),
    })
}

/// A time as both engines compare it.
fn in_sql(time: Timestamp) -> Value {
    time.strftime("%Y-%m-%d %H:%M:%S").to_string().into()
}

/// A time of the database, to the second.
fn time(value: &Value) -> Option<Timestamp> {
    let Value::Text(text) = value else { return None };
    let time: DateTime = text.get(..19)?.replacen(' ', "T", 1).parse().ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}
