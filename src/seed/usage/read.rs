//! The rows of a period, page by page, by an index where there is one.
//!
//! Invariant: where no index serves, only the newest rows are looked at. Each row is handed on once; pages and the rows of
//! each come in one order, which is said. No statement looks at more rows than a page has, but for those of one moment.

use super::known::Known;
use crate::db::catalog::Table;
use crate::db::{Catalog, Connection, DbError, Row, Value};
use crate::seed::consequences;
use crate::seed::manifest::Name;
use crate::seed::map::sql::list;
use crate::seed::map::{Ident, ReportMember};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::cmp::Reverse;

/// As many rows are looked at where no index helps.
pub const NEWEST: u64 = consequences::NEWEST;

/// As many rows are read at once where one does: no statement takes long, and no page much memory.
const PAGE: u64 = 20_000;

/// Where only the beginning is indexed, sessions that began this many days before the period are looked for.
const BACK: i64 = 31;

/// What was not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    pub why: String,
    /// Sessions that began earlier are not counted.
    pub since: Option<Timestamp>,
}

/// In which order sessions come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Those that began first come first.
    Began,
    /// Those that ended last come first, and before them those that are open.
    EndedBackwards,
}

/// A session as its row has it; times are seconds of the epoch.
#[derive(Debug)]
pub(super) struct Seen {
    pub agent: Name,
    pub channel: Name,
    /// None where it is NULL or no time.
    pub entered: Option<i64>,
    pub left: Left,
    /// What the columns for the profile hold, without those that are empty.
    pub profile: Box<[Name]>,
}

/// When a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    At(i64),
    Not,
    /// What is there is no time.
    NoTime,
}

/// What is read next.
enum Next {
    /// Rows whose indexed time is NULL, in the order of their keys, above this one.
    Nulls(Option<Value>),
    /// Rows beyond this value of the indexed time, on the way.
    Times(Option<Value>),
    /// All rows above this key, or all there are.
    Newest(Option<Value>),
    End,
}

/// Reads pages.
pub(super) struct Pages<'a> {
    report: &'a ReportMember,
    request: &'a UsageRequest,
    /// The indexed time, and the order that it gives.
    by: &'a Ident,
    order: Order,
    /// Where the times of the index begin that matter.
    least: Value,
    next: Next,
    left_out: Option<LeftOut>,
}

impl<'a> Pages<'a> {
    /// Finds the way through the table.
    pub fn new(
        conn: &mut Connection,
        catalog: &Catalog,
        report: &'a ReportMember,
        request: &'a UsageRequest,
    ) -> Result<Self, DbError> {
        let c = &report.columns;
        let least = in_sql(request.from);
        let nulls = Next::Nulls(None);
        let (by, order) = (&c.left, Order::EndedBackwards);
        let mut pages = Self { report, request, by, order, least, next: nulls, left_out: None };
        let table = catalog.table(report.table.as_str());
        let is_indexed =
            |column: &Ident| table.is_some_and(|table: &Table| table.is_indexed(&[column.as_str()]));
        if is_indexed(&c.left) {
            return Ok(pages);
        }
        (pages.by, pages.order) = (&c.entered, Order::Began);
        // The key is read from its end, whatever the table's size.
        let (key, from, newest) = (c.id.quoted(), report.table.quoted(), request.newest);
        let last = format!("SELECT {key} FROM {from} ORDER BY {key} DESC LIMIT 1 OFFSET {newest}");
        let Some(last) = conn.rows(&last, &[])?.first().map(|row| row.value(0).clone()) else {
            pages.next = Next::Newest(None);
            return Ok(pages);
        };
        if is_indexed(&c.entered) {
            let since =
                request.from.checked_sub(SignedDuration::from_hours(24 * BACK)).unwrap_or(request.from);
            pages.least = in_sql(since);
            let entered = c.entered.quoted();
            let older = format!("SELECT 1 FROM {from} WHERE {entered} < ? LIMIT 1");
            if conn.rows(&older, std::slice::from_ref(&pages.least))?.is_empty() {
                return Ok(pages);
            }
            let why = format!("no index begins with {}.{}", report.table, c.left);
            pages.left_out = Some(LeftOut { why, since: Some(since) });
            return Ok(pages);
        }
        let entered = c.entered.quoted();
        let began = format!(
            "SELECT {entered} FROM {from} WHERE {key} > ? AND {entered} IS NOT NULL ORDER BY {key} LIMIT 1"
        );
        let began = conn.rows(&began, std::slice::from_ref(&last))?;
        let since = began.first().and_then(|row| time(row.value(0)));
        let since = since.and_then(|second| Timestamp::from_second(second).ok());
        let why = format!(
            "no index begins with {}.{} or {}, so that only the newest {newest} rows were looked at",
            report.table, c.left, c.entered
        );
        pages.left_out = Some(LeftOut { why, since });
        pages.next = Next::Newest(Some(last));
        Ok(pages)
    }

    /// The order of all that is handed on.
    pub fn order(&self) -> Order {
        self.order
    }

    /// What is not among the pages.
    pub fn left_out(self) -> Option<LeftOut> {
        self.left_out
    }

    /// The next page; it may be empty.
    pub fn next(&mut self, conn: &mut Connection, known: &mut Known) -> Result<Option<Vec<Seen>>, DbError> {
        let key = self.report.columns.id.quoted();
        let by = self.by.quoted();
        let mut values = Vec::new();
        let condition = match std::mem::replace(&mut self.next, Next::End) {
            Next::End => return Ok(None),
            Next::Newest(None) => String::new(),
            Next::Newest(Some(above)) => {
                values.push(above);
                format!(" AND {key} > ?")
            }
            Next::Nulls(above) => {
                let mut page = format!("{by} IS NULL");
                if let Some(above) = above {
                    page.push_str(&format!(" AND {key} > ?"));
                    values.push(above);
                }
                let last = self.boundary(conn, &key, &page, &values, "")?;
                self.next = Next::Times(None);
                if let Some(last) = last {
                    page.push_str(&format!(" AND {key} <= ?"));
                    values.push(last.clone());
                    self.next = Next::Nulls(Some(last));
                }
                format!(" AND {page}")
            }
            Next::Times(done) => {
                // Those of the last moment of a page are all on it.
                let (beyond, up_to, order) = match self.order {
                    Order::Began => (">", "<=", ""),
                    Order::EndedBackwards => ("<", ">=", " DESC"),
                };
                let mut page = format!("{by} >= ?");
                values.push(self.least.clone());
                if let Some(done) = done {
                    page.push_str(&format!(" AND {by} {beyond} ?"));
                    values.push(done);
                }
                if let Some(last) = self.boundary(conn, &by, &page, &values, order)? {
                    page.push_str(&format!(" AND {by} {up_to} ?"));
                    values.push(last.clone());
                    self.next = Next::Times(Some(last));
                }
                format!(" AND {page}")
            }
        };
        self.page(conn, known, &condition, values).map(Some)
    }

    /// The value at which a page ends, read from the index alone; none where the rest is one page.
    fn boundary(
        &self,
        conn: &mut Connection,
        column: &str,
        page: &str,
        values: &[Value],
        order: &str,
    ) -> Result<Option<Value>, DbError> {
        let (table, last) = (self.report.table.quoted(), self.request.page.saturating_sub(1));
        let sql = format!(
            "SELECT {column} FROM {table} WHERE {page} ORDER BY {column}{order} LIMIT 1 OFFSET {last}"
        );
        Ok(conn.rows(&sql, values)?.first().map(|row| row.value(0).clone()))
    }

    /// The rows of a page that concern the period, in order.
    fn page(
        &self,
        conn: &mut Connection,
        known: &mut Known,
        condition: &str,
        bounds: Vec<Value>,
    ) -> Result<Vec<Seen>, DbError> {
        let c = &self.report.columns;
        let (entered, left) = (c.entered.quoted(), c.left.quoted());
        let mut sql = format!(
            "SELECT {} FROM {} WHERE ({left} IS NULL OR {left} > ?) AND {} IS NOT NULL \
             AND ({left} IS NULL OR {entered} IS NULL OR {entered} < ? OR {entered} > ?)",
            list([&c.member, &c.entered, &c.left].into_iter().chain(&c.profile).chain(&c.channel)),
            self.report.table.quoted(),
            c.member.quoted(),
        );
        let mut values = vec![in_sql(self.request.from), in_sql(self.request.to), in_sql(self.request.now)];
        if let (Some(kind), Some(login)) = (&c.kind, &self.report.login) {
            sql.push_str(&format!(" AND {} = ?", kind.quoted()));
            values.push(login.as_str().into());
        }
        sql.push_str(condition);
        values.extend(bounds);
        let mut seen = Vec::new();
        conn.each(&sql, &values, &mut |row| {
            seen.push(session(&row, c.profile.len(), known)?);
            Ok(())
        })?;
        match self.order {
            Order::Began => seen.sort_by_key(|seen| seen.entered),
            Order::EndedBackwards => seen.sort_by_key(|seen| match seen.left {
                Left::At(second) => Reverse(second),
                Left::Not | Left::NoTime => Reverse(i64::MAX),
            }),
        }
        Ok(seen)
    }
}

fn session(row: &Row, profiles: usize, known: &mut Known) -> Result<Seen, DbError> {
    let text =
        |value: &Value| Some(value.display()).filter(|text| !value.is_null() && !text.trim().is_empty());
    let left = match row.value(2) {
        Value::Null => Left::Not,
        value => time(value).map_or(Left::NoTime, Left::At),
    };
    let values = (3..3 + profiles).filter_map(|index| text(row.value(index)));
    let profile = values.map(|value| known.value(&value)).collect();
    let channel = text(row.value(3 + profiles)).unwrap_or_default();
    let (agent, channel) = (known.agent(row.text(0)?), known.channel(&channel));
    Ok(Seen { agent, channel, entered: time(row.value(1)), left, profile })
}

/// A time as both engines compare it.
fn in_sql(time: Timestamp) -> Value {
    time.strftime("%Y-%m-%d %H:%M:%S").to_string().into()
}

/// A time of the database, to the second.
fn time(value: &Value) -> Option<i64> {
    let Value::Text(text) = value else { return None };
    let time: DateTime = text.get(..19)?.replacen(' ', "T", 1).parse().ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct UsageRequest {
    /// Hours count from here.
    pub from: Timestamp,
    pub to: Timestamp,
    /// Open sessions last until now.
    pub now: Timestamp,
    /// As many rows are looked at where no index helps.
    pub newest: u64,
    /// As many rows are read at once where one does.
    pub page: u64,
}

impl UsageRequest {
    /// This period, with the bounds that suit a server at work.
    #[must_use]
    pub fn of(from: Timestamp, to: Timestamp, now: Timestamp) -> Self {
        Self { from, to, now, newest: NEWEST, page: PAGE }
    }
}
