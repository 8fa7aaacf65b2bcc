//! One transaction that writes, tried again while another writer is in the way.
//!
//! Invariant: all of it or nothing: on any error the transaction is rolled back, and where nobody can tell whether COMMIT
//! arrived, the work itself finds out. Nobody is asked while a lock is held.

use super::locks;
use super::locks::{Advisory, Asked};
use super::model::{Applied, NotApplied, SeedEvent, Stopped};
use crate::db::{Access, DbError, ErrorKind};
use crate::host::clock;
use crate::outcome::{Failure, FailureKind, Finding};
use crate::seed::consequences;
use crate::seed::session::{Session, failure};
use std::collections::BTreeSet;
use std::time::Duration;

/// How often a run that lost against another one is tried again.
const TRIES: u32 = 3;
/// How long that may take together.
const PATIENCE: Duration = Duration::from_secs(30);

/// Hears of progress; may ask to stop.
pub(in crate::seed) type Watch<'a> = dyn FnMut(SeedEvent<'_>) -> Result<(), Stopped> + 'a;
/// Opens the same database again.
pub(in crate::seed) type Again<'a> = dyn FnMut() -> Result<Session, Failure> + 'a;

/// What was written.
pub(in crate::seed) struct Written {
    pub rows: u64,
    /// Notes of the server.
    pub notes: BTreeSet<String>,
}

/// What is done in a transaction.
pub(in crate::seed) trait Work {
    /// What was known when somebody agreed to it.
    fn known(&self) -> &[Finding];

    /// What happens between BEGIN and COMMIT; may happen several times.
    fn inside(&mut self, session: &mut Session, watch: &mut Watch<'_>) -> Result<Written, Ended>;

    /// Finds out whether a COMMIT arrived whose answer was lost, and how many rows it wrote at most.
    fn settle(&mut self, error: &DbError, again: &mut Again<'_>) -> Result<u64, Failure>;
}

/// How one try ended.
enum Tried {
    Committed {
        written: Written,
        locked: Duration,
    },
    /// COMMIT was sent, and nobody knows whether it arrived.
    Unknown(DbError),
}

/// How a try ended without COMMIT: for good, or by an error that may pass.
pub(in crate::seed) enum Ended {
    Final(Box<Failure>),
    Moved(String),
    Database(DbError),
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Final(Box::new(failure))
    }
}

impl From<DbError> for Ended {
    fn from(error: DbError) -> Self {
        Self::Database(error)
    }
}

impl From<Stopped> for Ended {
    fn from(stop: Stopped) -> Self {
        stopped(stop).into()
    }
}

/// Does the work in one transaction.
pub(in crate::seed) fn carry_out(
    session: &mut Session,
    work: &mut dyn Work,
    advisory: Advisory,
    again: &mut Again<'_>,
    watch: &mut Watch<'_>,
) -> Result<Applied, NotApplied> {
    let mut applied = Applied::default();
    if advisory == Advisory::Taken {
        take(session)?;
    }
    let begun = clock::monotonic();
    loop {
        applied.tries += 1;
        let error = match attempt(session, work, watch) {
            Ok(Tried::Committed { written, locked }) => {
                applied.rows = written.rows;
                applied.locked = locked;
                applied.notes = written.notes.into_iter().collect();
                return Ok(applied);
            }
            Ok(Tried::Unknown(error)) => {
                applied.rows = work.settle(&error, again)?;
                // At most; only the server knows when it let them go.
                applied.locked = begun.elapsed();
                return Ok(applied);
            }
            Err(Ended::Final(failure)) => return Err(NotApplied::Failed(failure)),
            Err(Ended::Moved(what)) => return Err(NotApplied::Moved(Box::new(moved(&what)))),
            Err(Ended::Database(error)) => error,
        };
        let over = applied.tries > TRIES || begun.elapsed() > PATIENCE;
        if !error.is_retryable() || over {
            return Err(rolled_back(&error, applied.tries).into());
        }
        let again = SeedEvent::Stage("another writer was in the way; trying again");
        (watch)(again).map_err(|stop| NotApplied::Failed(Box::new(stopped(stop))))?;
        clock::pause(Duration::from_millis(100 << applied.tries));
    }
}

/// Takes the lock that keeps two runs apart.
fn take(session: &mut Session) -> Result<(), NotApplied> {
    let asked = locks::advisory(&mut session.conn, &session.identity, Duration::ZERO);
    match asked.map_err(|error| failure(&error))? {
        Asked::Refused(who) => {
            let message = format!("another apply works on this database (connection {who})");
            let failure = Failure::new(FailureKind::Refused, message);
            Err(failure.with_hint("wait for it to end").into())
        }
        Asked::Held | Asked::Unsupported => Ok(()),
    }
}

fn attempt(session: &mut Session, work: &mut dyn Work, watch: &mut Watch<'_>) -> Result<Tried, Ended> {
    (watch)(SeedEvent::Stage("locking rows"))?;
    // A server may have changed places with its replica meanwhile.
    let standing = consequences::standing(&mut session.conn)?;
    if let Some(stop) = new_stop(standing, work.known()) {
        return Err(stop);
    }
    session.conn.begin(Access::Write)?;
    let begun = clock::monotonic();
    let answer = work.inside(session, watch);
    if answer.is_err() {
        // The first error is the one to tell; a connection that is lost is rolled back by the server.
        session.conn.rollback().ok();
    }
    let written = answer?;
    match session.conn.commit() {
        Ok(()) => Ok(Tried::Committed { written, locked: begun.elapsed() }),
        Err(error) if matches!(error.kind(), ErrorKind::Lost | ErrorKind::Timeout) => {
            Ok(Tried::Unknown(error))
        }
        Err(error) => {
            session.conn.rollback().ok();
            Err(Ended::Database(error))
        }
    }
}

/// What refuses the work by now and did not when it was agreed to: a person may have read for an hour, and agents
/// have logged in meanwhile.
pub(in crate::seed) fn new_stop(found: Vec<Finding>, before: &[Finding]) -> Option<Ended> {
    let known = |stop: &Finding| {
        let mut before = before.iter().filter(|known| known.code == stop.code);
        // Findings of one kind are one by then, with the evidence of all.
        before.any(|known| known.accepted || stop.evidence.iter().all(|line| known.evidence.contains(line)))
    };
    let stop = found.into_iter().find(|finding| finding.stops() && !known(finding))?;
    Some(Ended::Moved(format!("{} ({})", stop.title, stop.evidence.join("; "))))
}

/// The answer to a plan that relies on what has changed since.
#[must_use]
pub fn moved(what: &str) -> Failure {
    let message = format!("the database has moved since the plan was made: {what}");
    Failure::new(FailureKind::Refused, message).with_hint("plan again and read what would be done")
}

fn stopped(Stopped: Stopped) -> Failure {
    Failure::new(FailureKind::Failed, "stopped before COMMIT: everything was rolled back")
}

fn rolled_back(error: &DbError, tries: u32) -> Failure {
    let mut failure = failure(error);
    // The database was there; whatever it said now, nothing was changed.
    failure.kind = match failure.kind {
        FailureKind::Refused => FailureKind::Refused,
        _ => FailureKind::Failed,
    };
    failure.message = match tries {
        1 => format!("{}; everything was rolled back", failure.message),
        tries => format!("{}; everything was rolled back, after {tries} tries", failure.message),
    };
    failure
}
