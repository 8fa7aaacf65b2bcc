//! Undoes a run: looks whether that can be, then does it in one transaction.
//!
//! Invariant: nothing is restored but where all rows still are as the run left them, which is looked at again behind the
//! locks; and before COMMIT they are as they were before it.

use super::compare::{Compared, Moved, UndoState, compare};
use super::head::Identity;
use super::inverse;
use super::record::Record;
use super::restore::restore;
use super::store::KeptRun;
use crate::db::{Access, DbError};
use crate::outcome::codes;
use crate::outcome::{Failure, FailureKind, Finding, sort_findings};
use crate::seed::apply::{
    Advisory, Again, Applied, Ended, NotApplied, SeedEvent, Watch, Work, Writer, Written, carry_out,
    lock_rows, new_stop, over,
};
use crate::seed::consequences::{self, PlanContext};
use crate::seed::effects::effects;
use crate::seed::map::{Effect, Needs, Part, Use};
use crate::seed::plan::Plan;
use crate::seed::planned::writes;
use crate::seed::session::{Session, failure};
use crate::seed::verify;
use std::collections::BTreeSet;

/// What an undo would do.
#[derive(Debug, Clone)]
pub struct Foreseen {
    pub plan: Plan,
    /// How the rows stand.
    pub standing: UndoState,
    /// What a person should know; a stop refuses it.
    pub findings: Vec<Finding>,
    /// What the running application notices, each by its name in the map.
    pub effects: Vec<(String, Effect)>,
}

/// What is to be undone.
pub struct UndoRequest<'a> {
    pub kept: &'a KeptRun,
    pub record: &'a Record,
    /// What was agreed to.
    pub foreseen: &'a Foreseen,
}

impl Session {
    /// Whether a run was made on this database.
    #[must_use]
    pub fn is_of(&self, kept: &KeptRun) -> bool {
        kept.head.database == Identity::of(&self.identity)
    }

    /// How the rows of a run stand; nothing is planned.
    ///
    /// # Errors
    /// When the run is of another database or another map, or the database fails.
    pub fn standing_of(&mut self, kept: &KeptRun, record: &Record) -> Result<UndoState, Failure> {
        self.comparable(kept)?;
        self.reading(&read(), |session| Ok(compare(session, record)?.standing))
    }

    /// What undoing a run would do.
    ///
    /// # Errors
    /// When the run is of another database or another map, or the database fails.
    pub fn foresee_undo(&mut self, kept: &KeptRun, record: &Record) -> Result<Foreseen, Failure> {
        self.comparable(kept)?;
        let foreseen = self.reading(&read(), |session| session.foresee_inside(kept, record))?;
        self.require(&writes(Needs::none(), &foreseen.plan))?;
        Ok(foreseen)
    }

    fn foresee_inside(&mut self, kept: &KeptRun, record: &Record) -> Result<Foreseen, Failure> {
        let Compared { standing, tables, .. } = compare(self, record)?;
        let plan = inverse::plan(&self.map, record, &tables);
        let mut findings = Vec::new();
        match &standing {
            UndoState::Moved(moved) => findings.push(refused(moved)),
            UndoState::After { exact } if kept.committed.is_none() => findings.push(uncertain(*exact)),
            UndoState::After { .. } | UndoState::Before => {}
        }
        let (conn, map, catalog, telling) = self.look();
        let look = &mut PlanContext { conn, map, catalog, plan: &plan, telling };
        findings.extend(consequences::guards(look).map_err(|error| failure(&error))?);
        findings.extend(consequences::standing(&mut self.conn).map_err(|error| failure(&error))?);
        findings.extend(verify::unreviewed(&self.map, self.rules));
        sort_findings(&mut findings);
        let effects = effects(&self.map, &plan);
        Ok(Foreseen { plan, standing, findings, effects })
    }

    fn comparable(&self, kept: &KeptRun) -> Result<(), Failure> {
        let other = |what: &str| {
            let message = format!("run {} was made on another {what}", kept.head.id);
            Err(Failure::new(FailureKind::Refused, message))
        };
        if !self.is_of(kept) {
            return other("database");
        }
        if kept.head.map != self.map.hash() {
            return other("schema map").map_err(|failure| {
                failure.with_hint("--map names the map that it was made with, if there still is one")
            });
        }
        Ok(())
    }

    /// Undoes a run. `again` opens the same database again, for when the connection is lost.
    ///
    /// # Errors
    /// As of [`apply`](Self::apply).
    pub fn undo(
        &mut self,
        request: &UndoRequest<'_>,
        again: &mut Again<'_>,
        watch: &mut Watch<'_>,
    ) -> Result<Applied, NotApplied> {
        carry_out(self, &mut Undo { request }, Advisory::Taken, again, watch)
    }
}

/// What every comparison reads.
fn read() -> Needs {
    let mut needs = Needs::none();
    [Part::Users, Part::Profiles].into_iter().for_each(|part| needs.add(part, Use::Read));
    needs
}

/// Rows that have moved refuse an undo, whoever accepts what.
fn refused(moved: &Moved) -> Finding {
    let title = "rows are not as the run left them";
    let mut finding = Finding::new(codes::SEED_UNDO_MOVED, title).evidence_lines(&moved.lines);
    if moved.more > 0 {
        finding = finding.evidence(format!("… and {} more", moved.more));
    }
    finding.advice(
        "bring them to what they should be with a manifest of its own: `motionctl seed plan` shows it",
    )
}

/// Nobody saw the COMMIT of this run. That the rows are as it would have left them may be somebody else's work.
fn uncertain(exact: bool) -> Finding {
    let title = "whether this run was committed is not known";
    let evidence = if exact {
        "the rows are as it would have left them, to the second"
    } else {
        "the rows are as it would have left them, but were changed at another time"
    };
    Finding::new(codes::SEED_UNDO_UNCERTAIN, title)
        .evidence(evidence)
        .advice("if it was this run, accept it with --accept seed.undo-uncertain")
}

struct Undo<'a> {
    request: &'a UndoRequest<'a>,
}

impl Work for Undo<'_> {
    fn known(&self) -> &[Finding] {
        &self.request.foreseen.findings
    }

    fn inside(&mut self, session: &mut Session, watch: &mut Watch<'_>) -> Result<Written, Ended> {
        let UndoRequest { record, foreseen, .. } = self.request;
        let plan = &foreseen.plan;
        if let Some(gone) = lock_rows(&mut session.conn, &session.map, &session.catalog, plan)? {
            return Err(Ended::Moved(gone));
        }
        let Compared { standing, tables, .. } = compare(session, record)?;
        if !matches!(standing, UndoState::After { .. }) {
            return Err(Ended::Moved("rows were changed".to_owned()));
        }
        let (conn, map, catalog, telling) = session.look();
        let found = consequences::guards(&mut PlanContext { conn, map, catalog, plan, telling })?;
        if let Some(stop) = new_stop(found, &foreseen.findings) {
            return Err(stop);
        }
        (watch)(SeedEvent::Stage("writing"))?;
        let (conn, map, catalog, _) = session.look();
        let mut writer =
            Writer { conn, map, catalog, plan, now: "", watch: &mut *watch, done: 0, notes: BTreeSet::new() };
        restore(&mut writer, &tables)?;
        let (rows, notes) = (writer.done, writer.notes);
        (watch)(SeedEvent::Stage("reading again"))?;
        if !compare(session, record)?.is_before {
            let message = "the rows are not as they were before the run; rolled back";
            return Err(Failure::new(FailureKind::Failed, message).into());
        }
        Ok(Written { rows, notes })
    }

    fn settle(&mut self, error: &DbError, again: &mut Again<'_>) -> Result<u64, Failure> {
        let plan = &self.request.foreseen.plan;
        let unknown = |why: String| {
            let message = format!("the connection was lost during COMMIT ({error}), and {why}");
            Failure::new(FailureKind::NeedsOperator, message)
                .with_hint("`motionctl seed history` says how the rows stand; an undo is all or nothing")
        };
        let mut session = over(plan, again)
            .map_err(|failure| unknown(format!("the database cannot be asked: {failure}")))?;
        session.conn.begin(Access::ReadOnlySnapshot).map_err(|error| failure(&error))?;
        let compared = compare(&mut session, self.request.record);
        session.conn.rollback().ok();
        match compared.map_err(|failure| unknown(format!("the database cannot be read: {failure}")))?.standing
        {
            UndoState::Before => Ok(plan.rows()),
            UndoState::After { .. } => {
                let message = format!("the connection was lost during COMMIT ({error}); nothing was changed");
                Err(Failure::new(FailureKind::Failed, message))
            }
            UndoState::Moved(_) => Err(unknown("the rows are neither as before nor as after".to_owned())),
        }
    }
}
