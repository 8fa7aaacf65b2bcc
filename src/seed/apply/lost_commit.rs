//! Finds out whether a COMMIT arrived whose answer was lost.
//!
//! Invariant: nothing is concluded before the lost transaction is over, because a server may still be working on a
//! COMMIT, or keep the transaction of a client that it has not yet missed. What cannot be told is for an operator.

use super::model::SeedRequest;
use super::{Again, locks};
use crate::db::{Access, DbError};
use crate::host::clock;
use crate::outcome::{Failure, FailureKind};
use crate::seed::plan::Plan;
use crate::seed::session::{Session, failure};
use std::time::Duration;

/// How long the server may be away, or keep the lost transaction: longer than it lets a silent client live.
const PATIENCE: Duration = Duration::from_secs(45);
/// How long one wait for the lost transaction's lock is.
const WAIT: Duration = Duration::from_secs(2);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// Done, not done, or not known: success, [`FailureKind::Failed`] and [`FailureKind::NeedsOperator`].
pub(super) fn settle(
    request: &SeedRequest<'_>,
    error: &DbError,
    again: &mut dyn FnMut() -> Result<Session, Failure>,
) -> Result<(), Failure> {
    let unknown = |why: String| {
        let message = format!("the connection was lost during COMMIT ({error}), and {why}");
        Failure::new(FailureKind::NeedsOperator, message).with_hint(
            "`motionctl seed plan` with the same manifest says what is missing; an apply is all or nothing",
        )
    };
    let mut session = over(&request.planned.plan, again)
        .map_err(|failure| unknown(format!("the database cannot be asked: {failure}")))?;
    let planned = session
        .plan(request.manifest, request.unnamed)
        .map_err(|failure| unknown(format!("the database cannot be read: {failure}")))?;
    if planned.plan.is_empty() {
        return Ok(());
    }
    if planned.fingerprint == request.planned.fingerprint {
        let message = format!("the connection was lost during COMMIT ({error}); nothing was changed");
        return Err(Failure::new(FailureKind::Failed, message));
    }
    Err(unknown("the database is neither as it was nor as it was to become".to_owned()))
}

/// Another connection, once the lost transaction is over, with patience for a server that is away.
pub(in crate::seed) fn over(plan: &Plan, again: &mut Again<'_>) -> Result<Session, Failure> {
    let begun = clock::monotonic();
    loop {
        match free(plan, again) {
            Err(_) if begun.elapsed() < PATIENCE => clock::pause(PAUSE),
            answer => return answer,
        }
    }
}

/// A connection that gets the locks that the lost transaction held: the advisory one, and those on the rows.
fn free(plan: &Plan, again: &mut dyn FnMut() -> Result<Session, Failure>) -> Result<Session, Failure> {
    let mut session = again()?;
    let failed = |error: DbError| failure(&error);
    // Where the server has none, or a third run was quicker, the rows tell.
    locks::advisory(&mut session.conn, &session.identity, WAIT).map_err(failed)?;
    session.conn.begin(Access::Write).map_err(failed)?;
    let held = locks::rows(&mut session.conn, &session.map, &session.catalog, plan);
    session.conn.rollback().map_err(failed)?;
    held.map_err(failed)?;
    Ok(session)
}
