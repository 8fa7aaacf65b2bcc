//! `status`: is the route served, did the configuration drift, is a run
//! unfinished, which is the newest backup?

mod words;

use super::change::{BROKEN, prepared, route_in_words, watched};
use super::confirm::section;
use super::monitor;
use super::run_state;
use super::sessions::Watch;
use crate::cli::args::{DatabaseArgs, SiteArgs, StatusArgs};
use crate::cli::context::Context;
use crate::facts::{RouteState, Scope};
use crate::outcome::codes;
use crate::outcome::{CommandName, Failure, FailureKind, Outcome, OutcomeKind};
use crate::plan::{MissingChange, SiteState, Standing, Strategy, WantedStrategy};
use crate::prepare::{Known, LookForCopies, OpenConflicts, Past, Prepared};
use crate::values::{Hash, RootPath, TextPath};
use crate::watch::{Seen, Serving, judge};
use serde_json::json;

/// Looks, and says what is not as it was left.
pub fn status(context: &Context, args: &StatusArgs) -> Result<Outcome, Failure> {
    let sessions = if args.check { Sessions::NotAsked } else { Sessions::Asked(&args.database) };
    let mut look = look(context, "status", &args.site, sessions);
    let written = args.textfile.as_deref().map(|file| monitor::write_figures(file, &look.seen));
    if args.check {
        look.seen.unknown.extend(written.and_then(Result::err).map(|failure| failure.message));
        monitor::answer(&mut look.outcome, &judge(&look.seen));
        return Ok(look.outcome);
    }
    if let Some(Err(failure)) = written {
        look.outcome.fail(failure);
    } else if args.detailed_exitcode && look.has_changes {
        look.outcome.exit_code = 2;
    }
    Ok(look.outcome)
}

/// Whether the database is asked as well.
pub enum Sessions<'a> {
    Asked(&'a DatabaseArgs),
    /// Who is logged in does not matter.
    NotAsked,
}

/// What was seen, for people and for a monitor.
pub struct ServerState {
    pub outcome: Outcome,
    /// The same as data.
    pub seen: Seen,
    /// What earlier runs left, where it could be read.
    pub past: Option<Past>,
    /// What Motion's file holds.
    pub content: Option<Hash>,
    /// The files that NGINX reads.
    pub files: Vec<RootPath>,
    has_changes: bool,
}

/// Looks at the server and at what earlier runs left. What fails is in the answer, and the rest is seen all the same.
pub fn look(context: &Context, command: CommandName, site: &SiteArgs, sessions: Sessions<'_>) -> ServerState {
    let past = Past::look(&context.root);
    let mut seen = Seen::default();
    match &past {
        Ok(Past::Known(known)) => {
            seen.run = run_state::run_state(known);
            seen.last_run = run_state::last_run(known);
            seen.drifted = Some(known.drifted_names());
        }
        Ok(Past::Hidden(why)) => seen.unknown.push(format!("{HIDDEN} ({why})")),
        Err(failure) if failure.kind == FailureKind::NeedsOperator => {
            seen.faults.push(failure.message.clone())
        }
        Err(failure) => seen.unknown.push(failure.message.clone()),
    }
    let (content, files) = (None, Vec::new());
    let (prepared, mut outcome) = match server(context, command, site, sessions) {
        Ok(answer) => answer,
        Err(outcome) => {
            monitor::why_not(&mut seen, &outcome);
            return ServerState {
                outcome: *outcome,
                seen,
                past: past.ok(),
                content,
                files,
                has_changes: true,
            };
        }
    };
    let facts = &prepared.inspection.facts;
    let files: Vec<_> = facts.files.keys().cloned().collect();
    let content = facts.files.get(facts.site.file.as_path()).map(|file| file.sha256);
    seen.site = Some(facts.site.file.display().to_string());
    seen.nginx = prepared.host_section().nginx;
    seen.route = Some(prepared.route());
    // In the middle of a change NGINX still serves what it read before.
    let is_at_work = matches!(&past, Ok(Past::Known(known)) if known.at_work.is_some());
    if prepared.is_broken() && !is_at_work {
        seen.faults.push(BROKEN.to_owned());
    }
    // Read from what the last change kept, which not everybody may read.
    let hidden = prepared.findings.iter().find(|finding| finding.code == codes::SITE_BASE_UNREADABLE);
    seen.unknown.extend(hidden.filter(|_| seen.unknown.is_empty()).map(|finding| finding.title.clone()));
    seen.standing = seen.unknown.is_empty().then(|| prepared.standing());
    let past = past.map(|past| past.without_kept(&prepared));
    if let Ok(Past::Known(known)) = &past {
        // Without a history it is not known what was left, and so not what differs from it.
        seen.drifted = Some(known.drifted_names()).filter(|_| !prepared.lost_history());
    }
    seen.serving = serving(&prepared);
    let past = match past {
        Ok(past) => past,
        Err(failure) => {
            outcome.fail(failure);
            return ServerState { outcome, seen, past: None, content, files, has_changes: true };
        }
    };
    let has_changes = answer(&mut outcome, &prepared, &past);
    words::next(context, &mut outcome, &prepared, &past);
    ServerState { outcome, seen, past: Some(past), content, files, has_changes }
}

fn serving(prepared: &Prepared) -> Serving {
    let facts = &prepared.inspection.facts;
    let says_stopped = prepared.findings.iter().any(|finding| finding.code == codes::NGINX_NOT_RUNNING);
    match (&facts.nginx.master, says_stopped && facts.host.scope == Scope::Live) {
        (Some(_), _) => Serving::Runs,
        (None, true) => Serving::Stopped,
        // A tree, or a user who may not look: none that is seen is not none.
        (None, false) => Serving::NotAsked,
    }
}

const HIDDEN: &str = "only root may see edits since the last run, unfinished runs and backups";

/// The server without what earlier runs left.
fn server(
    context: &Context,
    command: CommandName,
    site: &SiteArgs,
    sessions: Sessions<'_>,
) -> Result<(Prepared, Outcome), Box<Outcome>> {
    let failed = |failure| Box::new(Outcome::failed(command, failure));
    let mut options = context.options(site).map_err(failed)?;
    // Whether the route is there does not depend on how it would be brought.
    options.strategy = WantedStrategy::Named(Strategy::Graft);
    options.conflicts = OpenConflicts::Say;
    if context.global.verbose > 0 {
        options.copies = LookForCopies::Yes;
    }
    let (prepared, mut outcome) = match sessions {
        Sessions::Asked(database) => {
            let watch = Watch::new(context, database).map_err(failed)?;
            watched(context, command, &options, &watch)?
        }
        Sessions::NotAsked => prepared(context, command, &options)?,
    };
    outcome.plan = None;
    outcome.comparisons.clear();
    Ok((prepared, outcome))
}

/// Puts both into the answer; whether something is not as it was left.
fn answer(outcome: &mut Outcome, prepared: &Prepared, past: &Past) -> bool {
    let route = prepared.route();
    let served = route == RouteState::Present;
    outcome.details.add("route", route_in_a_word(&route));
    outcome.details.add("route_present", served);
    let Past::Known(known) = past else {
        hidden(outcome, &route);
        return !served;
    };
    let Known { pending, undoing, drifted, newest_backup, .. } = known.as_ref();
    let standing = prepared.standing();
    let is_whole = !standing.lacks_changes() && !standing.is_unknown();
    let is_as_left = drifted.is_empty() && !known.is_open() && is_whole;
    let has_changes = !served || !is_as_left;
    outcome.outcome = match &route {
        // What cannot be told is no pending change, and no server as wanted either.
        RouteState::CannotTell(_) if is_as_left => OutcomeKind::Ok,
        RouteState::Present if standing.is_unknown() && drifted.is_empty() && !known.is_open() => {
            OutcomeKind::Ok
        }
        _ if has_changes => OutcomeKind::ChangesPending,
        _ if prepared.is_up_to_date() => OutcomeKind::UpToDate,
        _ => OutcomeKind::Ok,
    };
    outcome.set_verdict(words::verdict(prepared, known));
    outcome.details.add("drift", drift_in_a_word(&route, drifted, &standing));
    outcome.details.add("drifted", drifted.iter().map(TextPath::as_str).collect::<Vec<_>>());
    show(&standing, outcome);
    outcome.details.add("last_run", last_run(known));
    outcome.details.add("newest_backup", json!(newest_backup));
    if let (Some(pending), Some(undoing)) = (pending, undoing) {
        outcome.details.add("confirmation", section(pending, undoing));
    }
    outcome.details.rows = Some(words::rows(prepared, known));
    has_changes
}

/// The answer for a user who may not read what earlier runs left: the route, and a note for the rest.
fn hidden(outcome: &mut Outcome, route: &RouteState) {
    outcome.outcome = match route {
        RouteState::Present | RouteState::CannotTell(_) => OutcomeKind::Ok,
        RouteState::Missing | RouteState::Elsewhere(_) => OutcomeKind::ChangesPending,
    };
    outcome.set_verdict(route_in_words(route));
    outcome.details.add("drift", "unknown");
    outcome.details.notes.get_or_insert_default().push(format!("{HIDDEN}: run it with sudo"));
}

/// Who changed what the last run left: a customer's edit keeps the route, an
/// update by the vendor takes it away again.
fn drift_in_a_word(route: &RouteState, drifted: &[TextPath], standing: &Standing) -> &'static str {
    match standing.state {
        SiteState::Overwritten | SiteState::Moved => return "vendor",
        SiteState::Edited if !drifted.is_empty() => return "local",
        SiteState::NoRecord
        | SiteState::AsLeft
        | SiteState::Edited
        | SiteState::VendorOnRequest
        | SiteState::Unreadable
        | SiteState::RecordGone => {}
    }
    match (drifted.is_empty(), route) {
        (true, _) => "none",
        (false, RouteState::Present) => "local",
        (false, RouteState::Missing | RouteState::Elsewhere(_)) => "vendor",
        (false, RouteState::CannotTell(_)) => "unknown",
    }
}

/// How the file stands against what the last change left, for programs.
fn show(standing: &Standing, outcome: &mut Outcome) {
    let change = |change: &MissingChange| json!({ "path": change.block, "directive": change.directive });
    // An empty list would say that nothing is missing.
    let missing: Option<Vec<_>> =
        (!standing.is_unknown()).then(|| standing.missing.iter().map(change).collect());
    outcome.details.add("record", standing.in_a_word());
    outcome.details.add("missing_changes", json!(missing));
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

fn last_run(known: &Known) -> serde_json::Value {
    let newest = known.journal.status.newest();
    run_state::last_run(known).zip(newest).map_or(json!(null), |(last, run)| {
        json!({ "id": run.run.as_str(), "kind": last.kind, "outcome": last.outcome, "backup": run.backup })
    })
}
