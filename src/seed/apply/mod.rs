//! Applies a plan: one transaction, all of it or nothing.
//!
//! Invariant: what is written is what was agreed to: rows are locked and read again before the first write, and before
//! COMMIT planning again gives nothing. On any error the transaction is rolled back. Nobody is asked while a lock is held.

mod batch;
mod locks;
mod revive;
mod rights;
mod settle;
mod write;

pub use locks::Advisory;

use super::consequences::{self, Look};
use super::manifest::Manifest;
use super::plan::{Draft, Plan};
use super::planned::Planned;
use super::session::{Session, failure};
use super::snapshot::{Scope, Unnamed, read};
use crate::db::{Access, Catalog, Connection, DbError, ErrorKind};
use crate::host::clock;
use crate::outcome::{Failure, FailureKind, Finding, counted_as};
use locks::Asked;
use std::collections::BTreeSet;
use std::time::Duration;
use write::{Trouble, Writer};

/// How often a run that lost against another one is tried again.
const TRIES: u32 = 3;
/// How long that may take together.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is to be applied.
pub struct Request<'a> {
    /// What a person wants.
    pub manifest: &'a Manifest,
    /// What happens to profiles that the manifest does not name.
    pub unnamed: Unnamed,
    /// What was agreed to.
    pub planned: &'a Planned,
    /// Whether other runs are kept away from the start.
    pub advisory: Advisory,
}

/// What an apply says while it works.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// What begins.
    Stage(&'a str),
    /// How many rows were written so far.
    Written(u64),
}

/// The caller wants to stop.
#[derive(Debug, Clone, Copy)]
pub struct Stopped;

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// How many rows were written.
    pub rows: u64,
    /// How long rows were locked.
    pub locked: Duration,
    /// How often it was tried.
    pub tries: u32,
    /// Notes of the server, and what it does not support.
    pub notes: Vec<String>,
}

/// Why nothing was written.
#[derive(Debug)]
pub enum NotApplied {
    /// What was agreed to relies on something that has changed since; another plan can be made.
    Moved(Failure),
    /// Anything else.
    Failed(Failure),
}

impl From<NotApplied> for Failure {
    fn from(why: NotApplied) -> Self {
        match why {
            NotApplied::Moved(failure) | NotApplied::Failed(failure) => failure,
        }
    }
}

impl From<Failure> for NotApplied {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// How one try ended.
enum Tried {
    Committed {
        rows: u64,
        locked: Duration,
        notes: BTreeSet<String>,
    },
    /// COMMIT was sent, and nobody knows whether it arrived.
    Unknown(DbError),
}

impl Session {
    /// Applies what was agreed to. `again` opens the same database anew, for when the connection is lost.
    ///
    /// # Errors
    /// Refused when the database is not as it was, failed when it was rolled back, and [`FailureKind::NeedsOperator`]
    /// when nobody can tell.
    pub fn apply(
        &mut self,
        request: &Request<'_>,
        again: &mut dyn FnMut() -> Result<Self, Failure>,
        watch: &mut dyn FnMut(Event<'_>) -> Result<(), Stopped>,
    ) -> Result<Applied, NotApplied> {
        let mut applied = Applied::default();
        if request.advisory == Advisory::Taken {
            match locks::advisory(&mut self.conn, &self.identity, Duration::ZERO)
                .map_err(|error| failure(&error))?
            {
                Asked::Held => {}
                Asked::Refused(who) => {
                    let message = format!("another apply works on this database (connection {who})");
                    let failure = Failure::new(FailureKind::Refused, message);
                    return Err(failure.with_hint("wait for it to end").into());
                }
                Asked::Unsupported => {}
            }
        }
        let begun = clock::monotonic();
        loop {
            applied.tries += 1;
            let error = match self.attempt(request, watch) {
                Ok(Tried::Committed { rows, locked, notes }) => {
                    applied.rows = rows;
                    applied.locked = locked;
                    applied.notes = notes.into_iter().collect();
                    return Ok(applied);
                }
                Ok(Tried::Unknown(error)) => {
                    settle::settle(request, &error, again)?;
                    applied.rows = request.planned.plan.rows();
                    // At most; only the server knows when it let them go.
                    applied.locked = begun.elapsed();
                    return Ok(applied);
                }
                Err(Ended::Final(failure)) => return Err(NotApplied::Failed(*failure)),
                Err(Ended::Moved(what)) => return Err(NotApplied::Moved(moved(&what))),
                Err(Ended::Database(error)) => error,
            };
            let over = applied.tries > TRIES || begun.elapsed() > PATIENCE;
            if !error.is_retryable() || over {
                return Err(rolled_back(&error, applied.tries).into());
            }
            let again = Event::Stage("another writer was in the way; trying again");
            (watch)(again).map_err(|stop| NotApplied::Failed(stopped(stop)))?;
            clock::pause(Duration::from_millis(100 << applied.tries));
        }
    }

    fn attempt(
        &mut self,
        request: &Request<'_>,
        watch: &mut dyn FnMut(Event<'_>) -> Result<(), Stopped>,
    ) -> Result<Tried, Ended> {
        (watch)(Event::Stage("locking rows")).map_err(|stop| Ended::from(stopped(stop)))?;
        // A server may have changed places with its replica meanwhile.
        let standing = consequences::standing(&mut self.conn)?;
        if let Some(stop) = new_stop(standing, request) {
            return Err(Ended::Moved(format!("{} ({})", stop.title, stop.evidence.join("; "))));
        }
        self.conn.begin(Access::Write)?;
        let begun = clock::monotonic();
        let answer = self.inside(request, watch);
        if answer.is_err() {
            // The first error is the one to tell; a connection that is lost is rolled back by the server.
            self.conn.rollback().ok();
        }
        let (rows, notes) = answer?;
        match self.conn.commit() {
            Ok(()) => Ok(Tried::Committed { rows, locked: begun.elapsed(), notes }),
            Err(error) if matches!(error.kind(), ErrorKind::Lost | ErrorKind::Timeout) => {
                Ok(Tried::Unknown(error))
            }
            Err(error) => {
                self.conn.rollback().ok();
                Err(Ended::Database(error))
            }
        }
    }

    /// What happens between BEGIN and COMMIT.
    fn inside(
        &mut self,
        request: &Request<'_>,
        watch: &mut dyn FnMut(Event<'_>) -> Result<(), Stopped>,
    ) -> Result<(u64, BTreeSet<String>), Ended> {
        let plan = &request.planned.plan;
        if let Some(gone) = locks::rows(&mut self.conn, &self.map, &self.catalog, plan)? {
            return Err(Ended::Moved(gone));
        }
        // The view of the transaction begins here, behind the locks: nothing that it relies on can change any more.
        let scope = &Scope::of(request.manifest, &self.map, request.unnamed);
        let before = read(&mut self.conn, &self.map, &self.catalog, scope)?;
        if self.fingerprint(&before) != request.planned.fingerprint {
            return Err(Ended::Moved("rows that the plan relies on were changed".to_owned()));
        }
        let (map, catalog, telling) = (&self.map, &self.catalog, self.telling);
        let look = &mut Look { conn: &mut self.conn, map, catalog, plan, telling };
        if let Some(stop) = new_stop(consequences::guards(look)?, request) {
            return Err(Ended::Moved(format!("{} ({})", stop.title, stop.evidence.join("; "))));
        }
        (watch)(Event::Stage("writing")).map_err(|stop| Ended::from(stopped(stop)))?;
        let now = clock::now().strftime("%Y-%m-%d %H:%M:%S").to_string();
        let (conn, map, catalog): (&mut Connection, _, &Catalog) = (&mut self.conn, &self.map, &self.catalog);
        let notes = BTreeSet::new();
        let mut writer = Writer { conn, map, catalog, plan, now: &now, watch, done: 0, notes };
        writer.run().map_err(|trouble| match trouble {
            Trouble::Database(error) => Ended::Database(error),
            Trouble::Moved(what) => Ended::Moved(what),
            Trouble::Stopped => stopped(Stopped).into(),
        })?;
        let (done, notes) = (writer.done, writer.notes);
        (watch)(Event::Stage("reading again")).map_err(|stop| Ended::from(stopped(stop)))?;
        let after = read(&mut self.conn, &self.map, &self.catalog, scope)?;
        let left = self.draft(request.manifest, request.unnamed, &after);
        if let Some(what) = leftover(&left) {
            let message = format!("what was written is not what was wanted: {what}; rolled back");
            return Err(Failure::new(FailureKind::Failed, message).with_findings(left.findings).into());
        }
        Ok((done, notes))
    }
}

/// What refuses the plan by now and did not when it was agreed to: a person may have read for an hour, and agents
/// have logged in meanwhile.
fn new_stop(found: Vec<Finding>, request: &Request<'_>) -> Option<Finding> {
    let known = |stop: &Finding| {
        let same = |known: &&Finding| known.code == stop.code;
        let mut before = request.planned.findings.iter().filter(same);
        // Findings of one kind are one by then, with the evidence of all.
        before.any(|known| known.accepted || stop.evidence.iter().all(|line| known.evidence.contains(line)))
    };
    found.into_iter().find(|finding| finding.stops() && !known(finding))
}

/// What is still to be done, in a few words; nothing after an apply that worked.
fn leftover(draft: &Draft) -> Option<String> {
    if let Some(problem) = draft.problems.first() {
        return Some(problem.message.clone());
    }
    if let Some(unknown) = draft.unknown.first() {
        return Some(format!("{} is not there", unknown.name));
    }
    if let Some(stop) = draft.findings.iter().find(|finding| finding.stops()) {
        return Some(stop.title.clone());
    }
    let Plan { insert, update, .. } = &draft.plan;
    if draft.plan.is_empty() {
        return None;
    }
    let first = insert.first().map(|insert| &insert.name).or(update.first().map(|update| &update.name));
    let first = first.map_or_else(String::new, |name| format!(", {name} among them"));
    let changes = counted_as(draft.plan.rows(), "change is", "changes are");
    Some(format!("{changes} still to be made{first}"))
}

/// How a try ended without COMMIT: for good, or by an error that may pass.
enum Ended {
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

/// The answer to a plan that relies on what has changed since.
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
