//! Who works with which profile, and for how many hours of a period.
//!
//! Invariant: sessions are read page by page in the order of one of their ends, so that what is kept grows with agents and
//! profiles and never with rows. What was left out is said. Times are UTC, as Motion writes them.

mod known;
mod read;
mod tally;

pub use read::LeftOut;
pub use tally::{Anomalies, Anomaly, EXAMPLES, Hours, Now, ProfileHours};

use super::consequences;
use super::map::{Needs, Part, Use};
use super::session::{Session, failure};
use crate::outcome::{Failure, FailureKind};
use jiff::Timestamp;
use known::Known;
use read::Pages;
use tally::Tally;

/// As many rows are looked at where no index helps.
pub const NEWEST: u64 = consequences::NEWEST;
/// As many rows are read at once where one does: no statement takes long, and no page much memory.
const PAGE: u64 = 20_000;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// Hours count from here.
    pub from: Timestamp,
    /// And until here.
    pub to: Timestamp,
    /// Open sessions last until now.
    pub now: Timestamp,
    /// As many rows are looked at where no index helps.
    pub newest: u64,
    /// As many rows are read at once where one does.
    pub page: u64,
}

impl Request {
    /// This period, with the bounds that suit a server at work.
    #[must_use]
    pub fn of(from: Timestamp, to: Timestamp, now: Timestamp) -> Self {
        Self { from, to, now, newest: NEWEST, page: PAGE }
    }
}

/// The answer.
#[derive(Debug, Clone)]
pub struct Usage {
    /// Hours by profile, then by agent.
    pub hours: Vec<Hours>,
    /// The same by profile alone, most hours first.
    pub profiles: Vec<ProfileHours>,
    /// Who has an open session.
    pub now: Vec<Now>,
    /// What is odd about rows.
    pub anomalies: Anomalies,
    /// What was not looked at.
    pub left_out: Option<LeftOut>,
}

impl Session {
    /// Who uses which profile.
    ///
    /// # Errors
    /// When the map has no sessions or does not fit, or the database fails.
    pub fn usage(&mut self, request: &Request) -> Result<Usage, Failure> {
        let missing = |part: &str| {
            let message = format!("the schema map has no section {part}, so that usage cannot be read");
            Err(Failure::new(FailureKind::Refused, message)
                .with_hint("motionctl seed schema discover proposes one"))
        };
        let Some(report) = self.map.report_member.clone() else { return missing("report_member") };
        if self.map.profiles.is_none() {
            return missing("profiles");
        }
        let mut needs = Needs::none();
        for part in [Part::Users, Part::Profiles, Part::ReportMember] {
            needs.add(part, Use::Read);
        }
        self.reading(&needs, |session| {
            let (conn, map, catalog) = session.parts();
            let mut count = || {
                let mut known = Known::of(conn, map)?;
                let mut pages = Pages::new(conn, catalog, &report, request)?;
                let mut tally = Tally::new(request, pages.order());
                while let Some(page) = pages.next(conn, &mut known)? {
                    known.look_up(conn, map, catalog)?;
                    page.iter().for_each(|seen| tally.take(seen, &known));
                }
                Ok(tally.finish(&known, pages.left_out()))
            };
            count().map_err(|error| failure(&error))
        })
    }
}
