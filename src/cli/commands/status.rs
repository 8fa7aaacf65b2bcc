//! `status`: is the route served, did the configuration drift, is a run
//! unfinished, which is the newest backup?

use super::change::{BROKEN, route_in_words, watched};
use super::confirm::{section, time_in_words};
use super::sessions::Watch;
use crate::apply::{History, Pending};
use crate::backup::Store;
use crate::cli::args::StatusArgs;
use crate::cli::context::Context;
use crate::facts::RouteState;
use crate::inspect::file_facts;
use crate::journal::{JournalStep, Phase, RunKind, RunOutcome, Status, StepVersion};
use crate::outcome::{Failure, FailureKind, Outcome, OutcomeKind};
use crate::plan::{MissingChange, SiteState, Standing, Strategy, StrategyWish, is_record};
use crate::prepare::{LookForCopies, Prepared};
use crate::values::TextPath;
use serde_json::json;

/// Looks, and says what is not as it was left.
pub fn status(context: &Context, args: &StatusArgs) -> Result<Outcome, Failure> {
    let mut options = context.options(&args.site)?;
    let watch = Watch::new(context, &args.database)?;
    // Whether the route is there does not depend on how it would be brought.
    options.strategy = StrategyWish::Named(Strategy::Graft);
    if context.global.verbose > 0 {
        options.copies = LookForCopies::Yes;
    }
    let (prepared, mut outcome) = match watched(context, "status", &options, &watch) {
        Ok(answer) => answer,
        Err(outcome) => return Ok(*outcome),
    };
    outcome.plan = None;
    outcome.comparisons.clear();
    let journal = History::look(&context.root)
        .map_err(|error| Failure::from_error(FailureKind::NeedsOperator, &error))?;
    let drifted = drift(context, &journal.status)?;
    let newest = Store::new(&context.root).list().ok().and_then(|listing| listing.backups.into_iter().next());
    let route = prepared.route();
    let served = route == RouteState::Present;
    let standing = prepared.standing();
    let pending = Pending::of(&journal.status)
        .map_err(|error| Failure::from_error(FailureKind::NeedsOperator, &error))?;
    let is_open = matches!(journal.status, Status::Active(_));
    let verdict = match pending {
        Some(_) => "a change waits for its confirmation: run `motionctl confirm`".to_owned(),
        None if is_open => "an interrupted run waits: run `motionctl recover`".to_owned(),
        None => standing.verdict().unwrap_or_else(|| verdict(&prepared, &route, &drifted)),
    };
    let is_as_left = drifted.is_empty() && !is_open && !standing.lacks_changes();
    let has_changes = !served || !is_as_left;
    outcome.outcome = match &route {
        // What cannot be told is no pending change, and no server as wanted either.
        RouteState::CannotTell(_) if is_as_left => OutcomeKind::Ok,
        _ if has_changes => OutcomeKind::ChangesPending,
        _ if prepared.is_up_to_date() => OutcomeKind::UpToDate,
        _ => OutcomeKind::Ok,
    };
    if args.detailed_exitcode && has_changes {
        outcome.exit_code = 2;
    }
    let rows = [("last run", run_in_words(&journal.status))]
        .into_iter()
        .chain(pending.iter().map(|pending| ("confirmation", time_in_words(pending))))
        .chain(drifted.iter().map(|path| ("edited since", path.as_str().to_owned())))
        .chain(newest.iter().map(|backup| ("newest backup", backup.manifest.id.to_string())));
    let rows: Vec<_> = rows.map(|(name, value)| json!([name, value])).collect();
    outcome.details.insert("verdict".to_owned(), verdict.into());
    outcome.details.insert("route".to_owned(), route_in_a_word(&route).into());
    outcome.details.insert("route_present".to_owned(), served.into());
    outcome.details.insert("drift".to_owned(), drift_in_a_word(&route, &drifted, &standing).into());
    outcome.details.insert("drifted".to_owned(), drifted.iter().map(TextPath::as_str).collect());
    outcome.details.extend(shown(&standing));
    outcome.details.insert("last_run".to_owned(), last_run(&journal.status));
    outcome.details.insert(
        "newest_backup".to_owned(),
        newest.map_or(json!(null), |backup| json!(backup.manifest.id.to_string())),
    );
    if let Some(pending) = &pending {
        outcome.details.insert("confirmation".to_owned(), section(pending));
    }
    outcome.details.insert("rows".to_owned(), rows.into());
    Ok(outcome)
}

fn verdict(prepared: &Prepared, route: &RouteState, drifted: &[TextPath]) -> String {
    match (drifted.is_empty(), route) {
        (true, _) if prepared.is_broken() => BROKEN.to_owned(),
        (true, route) => route_in_words(route).to_owned(),
        (false, RouteState::Missing) => {
            "the new client's route is gone again: an update has overwritten what the last run left"
                .to_owned()
        }
        (false, route) => format!("{}; files were edited since the last run", route_in_words(route)),
    }
}

/// Who changed what the last run left: a customer's edit keeps the route, an
/// update by the vendor takes it away again.
fn drift_in_a_word(route: &RouteState, drifted: &[TextPath], standing: &Standing) -> &'static str {
    match standing.state {
        SiteState::Overwritten => return "vendor",
        SiteState::Edited if !drifted.is_empty() => return "local",
        SiteState::NoRecord | SiteState::AsLeft | SiteState::Edited | SiteState::VendorOnRequest => {}
    }
    match (drifted.is_empty(), route) {
        (true, _) => "none",
        (false, RouteState::Present) => "local",
        (false, RouteState::Missing | RouteState::Elsewhere(_)) => "vendor",
        (false, RouteState::CannotTell(_)) => "unknown",
    }
}

/// How the file stands against what the last change left, for programs.
fn shown(standing: &Standing) -> [(String, serde_json::Value); 2] {
    let change = |change: &MissingChange| json!({ "path": change.block, "directive": change.directive });
    let missing = standing.missing.iter().map(change).collect();
    [("record".to_owned(), standing.in_a_word().into()), ("missing_changes".to_owned(), missing)]
}

/// What answers the new client's route, for programs.
fn route_in_a_word(route: &RouteState) -> &'static str {
    match route {
        RouteState::Present => "present",
        RouteState::Missing => "missing",
        RouteState::Elsewhere(_) => "elsewhere",
        RouteState::CannotTell(_) => "cannot-tell",
    }
}

/// Files that are not as the newest run left them.
fn drift(context: &Context, status: &Status) -> Result<Vec<TextPath>, Failure> {
    let (steps, stands) = match status {
        Status::Quiet(run) => (&run.steps, run.outcome == RunOutcome::Applied),
        Status::Active(run) if run.phase == Phase::Awaiting => (&run.steps, true),
        Status::Empty | Status::Active(_) => return Ok(Vec::new()),
    };
    let mut drifted = Vec::new();
    for step in steps {
        let JournalStep::SetFile { path, from, to } = step else { continue };
        // What we keep for the next update is edited by commands of ours.
        if is_record(path) {
            continue;
        }
        let left = if stands { to } else { from };
        let now = file_facts(&context.root, path).map_err(|error| {
            Failure::new(FailureKind::Unavailable, format!("looking at {}: {error}", path.as_str()))
        })?;
        let same = match left {
            StepVersion::Absent => now.is_none(),
            StepVersion::File(hash) => now.is_some_and(|file| file.sha256 == *hash),
        };
        if !same {
            drifted.push(path.clone());
        }
    }
    Ok(drifted)
}

fn run_in_words(status: &Status) -> String {
    let kind = |kind: RunKind| match kind {
        RunKind::Migrate => "migration",
        RunKind::Rollback => "rollback",
    };
    match status {
        Status::Empty => "none".to_owned(),
        Status::Active(run) if run.phase == Phase::Awaiting => {
            format!("{}, waits for its confirmation", kind(run.kind))
        }
        Status::Active(run) => format!("{}, interrupted", kind(run.kind)),
        Status::Quiet(run) => match run.outcome {
            RunOutcome::Applied => kind(run.kind).to_owned(),
            RunOutcome::RolledBack => format!("{}, undone", kind(run.kind)),
            RunOutcome::Failed => format!("{}, failed and undone", kind(run.kind)),
        },
    }
}

fn last_run(status: &Status) -> serde_json::Value {
    let kind = |kind: RunKind| match kind {
        RunKind::Migrate => "migrate",
        RunKind::Rollback => "rollback",
    };
    match status {
        Status::Empty => json!(null),
        Status::Active(run) => {
            let outcome = match run.phase {
                Phase::Awaiting => "awaiting-confirmation",
                Phase::Forward | Phase::Proven | Phase::Recovering => "unfinished",
            };
            json!({ "id": run.run.as_str(), "kind": kind(run.kind), "outcome": outcome, "backup": run.backup })
        }
        Status::Quiet(run) => {
            json!({ "id": run.run.as_str(), "kind": kind(run.kind), "outcome": run.outcome, "backup": run.backup })
        }
    }
}
