//! What the commands that look at, plan or make a change have in common.

use super::sessions::Watch;
use crate::apply::{History, Pending};
use crate::cli::context::Context;
use crate::facts::RouteState;
use crate::host::Root;
use crate::journal::Status;
use crate::outcome::codes::{self, Code, RUN_AWAITING_CONFIRMATION};
use crate::outcome::{Failure, FailureKind, Finding, Outcome, OutcomeKind};
use crate::prepare::{OpenRun, Options, Prepared, accept, history_gone, prepare, space};

/// Prepares a change and turns it into an answer that can still change.
///
/// A failure that has something to say about the server keeps saying it.
pub fn prepared(
    context: &Context,
    command: &'static str,
    options: &Options,
) -> Result<(Prepared, Outcome), Box<Outcome>> {
    context.progress.stage("looking at the server");
    match prepare(&context.root, &context.launcher, options) {
        Ok(mut prepared) => {
            // One that cannot be read is for others to say.
            if let Ok(journal) = History::look(&context.root) {
                prepared.findings.extend(unfinished(&context.root, &journal.status));
                prepared.findings.extend(history_gone(&context.root, &journal));
            }
            let mut notes = Vec::new();
            prepared.findings.extend(space(&context.root, &prepared, &mut notes));
            prepared.notes.extend(notes);
            crate::outcome::sort_findings(&mut prepared.findings);
            let mut outcome = Outcome::new(command, OutcomeKind::Ok);
            outcome.host = Some(prepared.host_section());
            outcome.findings.clone_from(&prepared.findings);
            show_plan(&prepared, &mut outcome);
            outcome.details.set_notes(prepared.notes.clone());
            Ok((prepared, outcome))
        }
        Err(failure) => {
            let mut outcome = Outcome::failed(command, failure);
            outcome.host = Some(context.host());
            Err(Box::new(outcome))
        }
    }
}

/// The same, with what the database says about it.
pub fn watched(
    context: &Context,
    command: &'static str,
    options: &Options,
    watch: &Watch,
) -> Result<(Prepared, Outcome), Box<Outcome>> {
    let (mut prepared, mut outcome) = prepared(context, command, options)?;
    let mut asked = watch.ask(context);
    accept(&mut asked.findings, &options.accept);
    asked.show(&mut outcome);
    prepared.findings.append(&mut asked.findings);
    asked.settle(&context.root, &mut prepared.findings);
    outcome.findings.clone_from(&prepared.findings);
    say_whether_blocked(&prepared, &mut outcome);
    Ok((prepared, outcome))
}

/// Says of the plan in the answer whether an apply of it would be refused, by all findings so far.
pub fn say_whether_blocked(prepared: &Prepared, outcome: &mut Outcome) {
    let waits = |finding: &Finding| finding.code == RUN_AWAITING_CONFIRMATION;
    let is_blocked = refusal(prepared).is_some() || prepared.findings.iter().any(waits);
    outcome.plan.iter_mut().for_each(|plan| plan.blocked = Some(is_blocked));
}

/// Puts the plan that would be run into the answer.
pub fn show_plan(prepared: &Prepared, outcome: &mut Outcome) {
    outcome.plan = prepared.plan_section();
    say_whether_blocked(prepared, outcome);
    let previews = prepared.migration.iter().flat_map(|migration| &migration.previews);
    outcome.comparisons = previews.cloned().collect();
}

/// The refusal of a server of which it is not known what is to be there: that nothing has to be done cannot be said.
pub fn unknown_changes(prepared: &Prepared) -> Option<Failure> {
    let is_unknown = |finding: &Finding| finding.code == codes::SITE_BASE_UNREADABLE;
    prepared.stops().any(is_unknown).then(|| refusal(prepared)).flatten()
}

/// Says in the answer that there is nothing to do; false where there is. That a server is up to date is only said
/// where it is known.
pub fn nothing_to_do(prepared: &Prepared, outcome: &mut Outcome) -> bool {
    if !prepared.has_nothing_to_do() {
        return false;
    }
    // What is offered is worth seeing also where nothing has to be done.
    outcome.plan = outcome.plan.take().filter(|plan| !plan.offered.is_empty());
    if prepared.is_up_to_date() {
        outcome.outcome = OutcomeKind::UpToDate;
        return true;
    }
    let verdict = match (prepared.route(), prepared.stops().count()) {
        _ if prepared.standing().lacks_changes() || prepared.standing().is_unknown() => {
            format!("nothing to change: {}", prepared.standing().verdict().unwrap_or_default())
        }
        (RouteState::CannotTell(_), _) => format!("nothing to change: {}", route_in_words(&prepared.route())),
        (_, 0) => format!("nothing to change: {BROKEN}"),
        (_, 1) => {
            "nothing to change: the new client's route is there; one finding would stop a change".to_owned()
        }
        (_, stops) => format!(
            "nothing to change: the new client's route is there; {stops} findings would stop a change"
        ),
    };
    outcome.outcome = OutcomeKind::Ok;
    outcome.set_verdict(verdict);
    true
}

/// What is said of a route that is there, and does not lead to a page that works.
pub const BROKEN: &str = "the new client's route is there, and its page does not work: see the findings";

/// What answers the new client's route, for people.
pub fn route_in_words(route: &RouteState) -> &'static str {
    match route {
        RouteState::Present => "the new client's route is there",
        RouteState::Missing => "the new client's route is missing",
        RouteState::Elsewhere(_) => "something else answers the new client's route",
        RouteState::CannotTell(_) => "whether the new client answers its route cannot be told from here",
    }
}

/// The refusal of an apply by the findings that stop it, or because there is no plan.
pub fn refusal(prepared: &Prepared) -> Option<Failure> {
    let stops: Vec<Code> = prepared.stops().map(|finding| finding.code).collect();
    if stops.is_empty() {
        let Some(migration) = &prepared.migration else { return Some(no_plan()) };
        let is_idle = migration.plan.is_empty() && !prepared.has_nothing_to_do();
        return is_idle.then(|| {
            Failure::new(
                FailureKind::Refused,
                "the new client's route is missing, and no change was found that brings it",
            )
            .with_hint("report it, with the output of `motionctl check --json`")
        });
    }
    let names = |between| stops.iter().map(|code| code.name()).collect::<Vec<_>>().join(between);
    // Damaged input comes before a refusal, as a broken configuration does.
    let kind = match stops.contains(&codes::SITE_BASE_UNREADABLE) {
        true => FailureKind::Invalid,
        false => FailureKind::Refused,
    };
    let failure = Failure::new(kind, format!("stopped by {}", names(", ")));
    let may_go_on = prepared.migration.is_some() && stops.iter().all(|code| code.accept().is_by_name());
    let advice = prepared.stops().map(|finding| &finding.advice).find(|advice| !advice.is_empty());
    let past_them = may_go_on.then(|| format!("to go on anyway: --accept {}", names(",")));
    let hint = advice.cloned().into_iter().chain(past_them).collect::<Vec<_>>().join("; ");
    Some(if hint.is_empty() { failure } else { failure.with_hint(hint) })
}

/// What nobody can accept away: there is nothing that the routes could lead to.
pub fn no_plan() -> Failure {
    Failure::new(FailureKind::Refused, "there is no plan: the new client was not found")
        .with_hint("name it with --new-client-root DIR or --new-client-upstream URL")
}

/// A run that was interrupted and not ended yet, or waits for its confirmation.
fn unfinished(root: &Root, status: &Status) -> Option<Finding> {
    if let Some(pending) = Pending::of(status).ok()? {
        return Some(super::confirm::finding(root, &pending));
    }
    let Status::Active(active) = status else { return None };
    Some(
        Finding::new(codes::RUN_UNFINISHED, "an earlier run was interrupted")
            .evidence(format!("run {}", active.run))
            .advice(OpenRun::of(root, status)?.advice()),
    )
}
