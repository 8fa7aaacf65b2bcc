//! Who works with which profile, and for how many hours of a period.
//!
//! Invariant: sessions are streamed in the order in which they began, so that what is kept grows with agents and
//! profiles and never with rows. What was left out is said. Times are UTC, as Motion writes them.

mod read;
mod tally;

pub use read::LeftOut;
pub use tally::{Anomalies, Anomaly, Hours, Now, ProfileHours};

use super::consequences::online;
use super::map::{Needs, Part, Use};
use super::session::{Session, failure};
use crate::outcome::{Failure, FailureKind};
use jiff::Timestamp;
use read::{known_profiles, sessions};
use std::collections::BTreeSet;
use tally::Tally;

/// As many rows are looked at where no index helps.
pub const NEWEST: u64 = 200_000;

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
}

/// The answer.
#[derive(Debug, Clone)]
pub struct Usage {
    /// Hours by profile, then by agent.
    pub hours: Vec<Hours>,
    /// The same by profile alone.
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
        if self.map.report_member.is_none() {
            return missing("report_member");
        }
        if self.map.profiles.is_none() {
            return missing("profiles");
        }
        let mut needs = Needs::none();
        for part in [Part::Users, Part::Profiles, Part::ReportMember] {
            needs.add(part, Use::Read);
        }
        self.reading(&needs, |session| {
            let (conn, map, catalog) = session.parts();
            let mut tally = Tally::new(request, known_profiles(conn, map).map_err(|e| failure(&e))?);
            let left_out = sessions(conn, map, catalog, request, &mut |row| tally.take(row));
            let left_out = left_out.map_err(|e| failure(&e))?;
            let members: BTreeSet<String> = tally.open_members().map(str::to_owned).collect();
            let online = online(conn, map, &members).map_err(|e| failure(&e))?;
            let mut usage = tally.finish(left_out);
            usage.now.iter_mut().for_each(|now| now.online = online.contains(&now.agent));
            Ok(usage)
        })
    }
}
