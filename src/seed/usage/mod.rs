//! Who works with which profile, and for how many hours of a period.
//!
//! Invariant: sessions are read page by page in the order of one of their ends, so that what is kept grows with agents and
//! profiles and never with rows. What was left out is said. Times are UTC, as Motion writes them.

mod known;
mod read;
mod tally;

use super::map::{Needs, Part, Use};
use super::session::{Session, failure};
use crate::outcome::{Failure, FailureKind};
use known::Known;
use read::Pages;
pub use read::{LeftOut, NEWEST, UsageRequest};
use tally::Tally;
pub use tally::{Anomalies, Anomaly, EXAMPLES, Hours, Now, ProfileHours, Usage};

impl Session {
    /// Who uses which profile.
    ///
    /// # Errors
    /// When the map has no sessions or does not fit, or the database fails.
    pub fn usage(&mut self, request: &UsageRequest) -> Result<Usage, Failure> {
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
