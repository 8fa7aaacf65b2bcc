//! `seed apply`: make the change, in one transaction.
//!
//! Invariant: nobody is asked while a lock is held or a connection is open; what was agreed to is what is done, or
//! nothing is.

use super::input::Input;
use super::manifest::{Text, name_files, valid};
use super::runs;
use super::takes_effect::check_by_hand;
use super::work::{Place, Work, changes_shown, done, written};
use crate::cli::args::seed::SeedApplyArgs;
use crate::cli::commands::sessions::wait_until;
use crate::cli::context::Context;
use crate::cli::prompt;
use crate::db::Server;
use crate::outcome::{
    DurationSection, Failure, FailureKind, Finding, Outcome, OutcomeKind, codes, counted_as, first_visible,
};
use crate::prepare::idle::not_known;
use crate::seed::apply::{Advisory, Applied, NotApplied, SeedEvent, SeedRequest, Stopped, moved};
use crate::seed::manifest::{Manifest, Validated};
use crate::seed::plan::{Allowance, Plan};
use crate::seed::saved::Saved;
use crate::seed::undo::Keep;
use crate::seed::{Planned, Purpose, Session};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How often a plan that nobody read is made again because the database moved.
const PLANS: u32 = 3;

/// Shows the plan, asks, does it.
pub fn apply(context: &Context, args: &SeedApplyArgs) -> Result<Outcome, Failure> {
    let mut work = Work::new(context, &args.change)?;
    let input = Input::read(&args.input)?;
    let saved = saved(&input)?;
    let validated = match &saved {
        Some(saved) => {
            if args.site.with.is_some() {
                let failure = Failure::new(FailureKind::Usage, "a saved plan holds the values of its site");
                return Err(failure.with_hint("leave --with out"));
            }
            work.allowed = joined(&work.allowed, &saved.allowed());
            let (manifests, site) = saved.manifest.texts();
            valid(&manifests, site.as_ref())?
        }
        None => valid(&input.texts, Text::of_site(args.site.with.as_deref())?.as_ref())?,
    };
    drop(input);
    let place = Place::new(context, &args.change.database)?;
    let session = place.open(context, Purpose::Plan)?;
    let mut outcome = work.outcome("seed apply", &session);
    let run = Run { context, args, work: &work, place: &place, saved: saved.as_ref(), validated: &validated };
    if let Some(manifest) = &validated.manifest
        && let Err(failure) = run.go(session, manifest, &mut outcome)
    {
        // Nothing was done that could.
        outcome.takes_effect.clear();
        outcome.fail(failure);
    }
    name_files(&validated, &mut outcome);
    Ok(outcome)
}

/// The saved plan that was named, if it is one: a plan holds its manifest, and more cannot be added to it.
fn saved(input: &Input) -> Result<Option<Saved>, Failure> {
    let mut plan = None;
    for text in &input.texts {
        if let Some(saved) = Saved::read(&text.name, &text.bytes)? {
            if input.texts.len() > 1 {
                let message = format!("{} is a saved plan, which is applied alone", text.name);
                let hint = "make a plan of all the manifests: `motionctl seed plan --out`";
                return Err(Failure::new(FailureKind::Usage, message).with_hint(hint));
            }
            plan = Some(saved);
        }
    }
    Ok(plan)
}

/// What was allowed when a plan was saved, and now.
fn joined(now: &Allowance, then: &Allowance) -> Allowance {
    Allowance { prune: now.prune.union(&then.prune).copied().collect(), most: now.most.or(then.most) }
}

struct Run<'a> {
    context: &'a Context,
    args: &'a SeedApplyArgs,
    work: &'a Work,
    place: &'a Place,
    saved: Option<&'a Saved>,
    validated: &'a Validated,
}

impl Run<'_> {
    fn go(&self, mut session: Session, manifest: &Manifest, outcome: &mut Outcome) -> Result<(), Failure> {
        let judged = if self.args.wait_idle.is_some() { Judged::BeforeTheWait } else { Judged::Now };
        let mut planned = self.planned(&mut session, manifest, judged, outcome)?;
        if planned.plan.is_empty() {
            outcome.outcome = OutcomeKind::UpToDate;
            return Ok(());
        }
        if self.args.dry_run {
            outcome.outcome = OutcomeKind::ChangesPending;
            let verdict = format!("dry run: nothing was changed; {} would be", written(&planned.plan));
            outcome.set_verdict(verdict);
            if self.args.detailed_exitcode {
                outcome.exit_code = 2;
            }
            return Ok(());
        }
        let what = changed(session.server());
        // A person may think for longer than a connection lives.
        drop(session);
        if !self.args.yes {
            prompt::confirm_change_of(&what, self.context, outcome)?;
            // It was on the screen when the question was asked.
            outcome.details.rows = None;
        }
        if let Some(limit) = self.args.wait_idle {
            self.wait_until_idle(&planned, limit)?;
            planned = self.after_the_wait(&planned, manifest, outcome)?;
            if planned.plan.is_empty() {
                outcome.outcome = OutcomeKind::UpToDate;
                return Ok(());
            }
        }
        let mut plans = 1;
        let applied = loop {
            match self.once(manifest, &planned, outcome) {
                Ok(applied) => break applied,
                // Nobody agreed to more than the manifest, and to the rows that go as they were shown.
                Err(NotApplied::Moved(moved)) if self.args.yes && self.saved.is_none() && plans < PLANS => {
                    plans += 1;
                    let mut session = self.place.open(self.context, Purpose::Plan)?;
                    let shown = std::mem::replace(
                        &mut planned,
                        self.planned(&mut session, manifest, Judged::Now, outcome)?,
                    );
                    if planned.plan.is_empty() {
                        outcome.outcome = OutcomeKind::UpToDate;
                        return Ok(());
                    }
                    if !planned.plan.deletes_the_same(&shown.plan) {
                        return Err(*moved);
                    }
                }
                Err(failed) => return Err(failed.into()),
            }
        };
        outcome.outcome = OutcomeKind::Applied;
        conclude(outcome, "applied", &planned.plan, applied);
        outcome.check_by_hand = check_by_hand(&planned, self.work.client(self.context));
        Ok(())
    }

    /// Waits until nobody whom the plan concerns is logged in. No connection is open between two looks, and no lock is
    /// held in any of them.
    fn wait_until_idle(&self, planned: &Planned, limit: Duration) -> Result<(), Failure> {
        let look = || {
            let mut session = match self.place.open(self.context, Purpose::Plan) {
                Ok(session) => session,
                Err(failure) => return Some(not_known(&failure.message)),
            };
            match session.logged_in(&planned.plan) {
                Ok(agents) if agents.is_empty() => None,
                Ok(agents) => {
                    let count = counted_as(agents.len(), "agent is", "agents are");
                    Some(format!("{count} still logged in: {}", first_visible(&agents, NAMED)))
                }
                Err(failure) => Some(not_known(&failure.message)),
            }
        };
        wait_until(self.context, limit, look).map_err(|failure| {
            failure.with_hint("nothing was changed; `motionctl seed list` tells which profiles are in use")
        })
    }

    /// The plan as it is now that nobody is at work: the one that was agreed to, or one that nobody read and that
    /// deletes the same.
    fn after_the_wait(
        &self,
        agreed: &Planned,
        manifest: &Manifest,
        outcome: &mut Outcome,
    ) -> Result<Planned, Failure> {
        let mut session = self.place.open(self.context, Purpose::Plan)?;
        let planned = self.planned(&mut session, manifest, Judged::Now, outcome)?;
        if !self.args.yes {
            outcome.details.rows = None;
        }
        let is_same = planned.fingerprint == agreed.fingerprint;
        let is_fine = is_same
            || planned.plan.is_empty()
            || self.args.yes && planned.plan.deletes_the_same(&agreed.plan);
        if is_fine { Ok(planned) } else { Err(moved("rows that the plan relies on were changed")) }
    }

    /// The plan, if nothing stops it.
    fn planned(
        &self,
        session: &mut Session,
        manifest: &Manifest,
        judged: Judged,
        outcome: &mut Outcome,
    ) -> Result<Planned, Failure> {
        let mut planned = self.work.plan(self.context, session, manifest)?;
        if judged == Judged::BeforeTheWait {
            // What was asked for need not be advised.
            let waits = "nothing: the change waits until they are not logged in";
            let passing = planned.findings.iter_mut().filter(|finding| may_pass(finding));
            passing.for_each(|finding| waits.clone_into(&mut finding.advice));
        }
        self.work.show(self.context, &planned, self.validated, outcome);
        if let Some(saved) = self.saved {
            saved.compare(&planned, session)?;
        }
        let refuses =
            |finding: &&Finding| finding.stops() && !(judged == Judged::BeforeTheWait && may_pass(finding));
        let stops: Vec<_> = outcome.findings.iter().filter(refuses).collect();
        match stops.as_slice() {
            [] => Ok(planned),
            stops => Err(refusal(stops)),
        }
    }

    /// One transaction, and in the answer the run by whose name it can be undone.
    fn once(
        &self,
        manifest: &Manifest,
        planned: &Planned,
        outcome: &mut Outcome,
    ) -> Result<Applied, NotApplied> {
        let mut session = self.place.open(self.context, Purpose::Write)?;
        let manifests = self.validated.source.names().join(", ");
        let keep = Keep::new(runs::store()?, self.context.actor(), manifests)?;
        let unnamed = self.work.unnamed();
        let request =
            SeedRequest { manifest, unnamed, planned, advisory: Advisory::Taken, keep: Some(&keep) };
        let total = planned.plan.rows();
        let mut again = || self.place.open(self.context, Purpose::Write);
        let mut watch = |event: SeedEvent<'_>| watched(self.context, event, total);
        // What programs read of a million changes takes as much memory as the plan, and the work needs that.
        outcome.changes = None;
        let applied = session.apply(&request, &mut again, &mut watch);
        outcome.changes = changes_shown(self.context, &planned.plan);
        let applied = applied?;
        outcome.details.add("run", keep.id().as_str());
        Ok(applied)
    }
}

/// What a person is asked about.
pub fn changed(server: &Server) -> String {
    match server.transport {
        "file" => format!("the database {}", server.host),
        _ => format!("the schema {} at {}", server.schema, server.host),
    }
}

/// Says how far a run is, and whether somebody wants it to stop.
pub fn watched(context: &Context, event: SeedEvent<'_>, total: u64) -> Result<(), Stopped> {
    match event {
        SeedEvent::Stage(name) => context.progress.stage(name),
        SeedEvent::Written(done) => context.progress.rows(done, total),
    }
    if context.stop.load(Ordering::SeqCst) { Err(Stopped) } else { Ok(()) }
}

/// What refuses a plan.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Judged {
    /// Everything that is so now.
    Now,
    /// Not what a wait may make go away.
    BeforeTheWait,
}

/// Whether a wait may make a finding go away, which then refuses nothing before it.
fn may_pass(finding: &Finding) -> bool {
    [codes::SEED_PROFILE_IN_USE, codes::SEED_DISABLE_IN_USE].contains(&finding.code) && finding.stops()
}

/// As many names as a line has room for.
const NAMED: usize = 3;

/// The failure of a plan that findings stop.
pub fn refusal(stops: &[&Finding]) -> Failure {
    let codes: BTreeSet<_> = stops.iter().map(|finding| finding.code.name()).collect();
    let codes = codes.into_iter().collect::<Vec<_>>().join(", ");
    let failure = Failure::new(FailureKind::Refused, format!("stopped by {codes}"));
    match stops.iter().find(|finding| !finding.advice.is_empty()) {
        Some(finding) => failure.with_hint(finding.advice.clone()),
        None => failure,
    }
}

/// Puts what was done into the answer; `word` says what that was.
pub fn conclude(outcome: &mut Outcome, word: &str, plan: &Plan, applied: Applied) {
    let millis = u64::try_from(applied.locked.as_millis()).unwrap_or(u64::MAX);
    let verdict = format!("{word}: {} in one transaction; rows were locked for {millis} ms", written(plan));
    outcome.set_verdict(verdict);
    outcome.summarise([done(plan.counts())]);
    outcome.details.add("tries", applied.tries);
    outcome.details.set_notes(applied.notes);
    outcome.durations.push(DurationSection { step: "rows locked".to_owned(), millis, at: None });
}
