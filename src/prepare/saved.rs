//! A saved plan, held against the server that it is to be carried out on.
//!
//! Invariant: a plan goes through only where everything is as it was when it was made, and a refusal names what is
//! not: another scope, a plan that was carried out already, a file, a link, an owner, a version, a master.

use super::candidate::included;
use super::kept::{new_file, record_paths};
use crate::apply::History;
use crate::host::Root;
use crate::host::files::way;
use crate::inspect::{Inspection, file_facts};
use crate::journal::{Event, RunOutcome};
use crate::outcome::{Failure, FailureKind};
use crate::plan::{Migration, Plan, PlanError, Version, explain, is_record};
use crate::values::{AttributeDifference, Hash, RootPath, RunId, TextPath};
use std::collections::BTreeSet;

/// The newest run, as far as this user sees.
pub(super) fn newest_run(root: &Root) -> Option<RunId> {
    History::look(root).ok()?.status.newest().map(|newest| newest.run.clone())
}

/// The saved plan with all that is known of it, if the server is as it was then.
///
/// # Errors
/// When the server is another one by now, or the plan holds what no planner would put into a plan for it.
pub fn saved(root: &Root, inspection: &Inspection, plan: Plan) -> Result<Migration, Failure> {
    let facts = &inspection.facts;
    if let Some(why) = unfit(root, inspection, &plan) {
        return Err(Failure::new(FailureKind::Refused, why).with_hint(
            "make a new one here with `motionctl plan --out`, as root: only root sees which runs there were",
        ));
    }
    let invalid = |error: PlanError| Failure::new(FailureKind::Invalid, format!("reading the plan: {error}"));
    let known = |path: &TextPath| facts.files.contains_key(path.as_path());
    let outside = plan.files().map(|(path, ..)| path).filter(|path| !known(path) && !is_record(path));
    if let Some(path) = outside.into_iter().find(|path| leads_out(root, inspection, path)) {
        return Err(invalid(PlanError::Foreign(path.clone())));
    }
    let beside = plan.files().map(|(path, ..)| path).filter(|path| !known(path));
    let beside = beside.filter_map(|path| Some((path.clone(), root.read(path).ok()?))).collect();
    let included = included(root, inspection, &plan);
    explain(plan, facts, &inspection.config, &record_paths(facts), &beside, included).map_err(invalid)
}

/// Why the plan is not for this server as it is now.
fn unfit(root: &Root, inspection: &Inspection, plan: &Plan) -> Option<String> {
    let facts = &inspection.facts;
    match (plan.for_tree, root.is_live()) {
        (true, true) => {
            return Some("the plan was made from a tree (--root), and not on this server".to_owned());
        }
        (false, false) if plan.reloads() => {
            let why = "the plan was made on a running server, and not from a tree (--root)";
            return Some(why.to_owned());
        }
        _ => {}
    }
    if was_carried_out(root, plan) {
        let why = "it was carried out already: its files say what it would make them say";
        return Some(format!("the plan is stale: {why}"));
    }
    if let Some(run) = carried_out_by(root, plan) {
        let why = format!("it was carried out already, by the run {run}");
        return Some(format!("the plan is stale: {why}"));
    }
    let moved = moved(root, inspection, plan);
    let cause = if !moved.is_empty() {
        format!("changed since: {}", Vec::from_iter(moved).join(", "))
    } else if plan.nginx != facts.nginx.version {
        format!("made for nginx {}, {} runs", plan.nginx, facts.nginx.version)
    } else if plan.changes_configuration() && plan.reloads() != facts.nginx.master.is_some() {
        // Such a plan would leave a running server with its old configuration.
        match plan.reloads() {
            true => "it reloads NGINX, which does not run any more".to_owned(),
            // Older versions did not say which.
            false => "it does not reload NGINX, which runs: it was made before NGINX was started, or from a \
                      tree (--root)"
                .to_owned(),
        }
    } else {
        return None;
    };
    Some(format!("the plan is stale: {cause}"))
}

/// The run that carried out this very plan, whatever became of it since. Planned again the same change is another plan.
fn carried_out_by(root: &Root, plan: &Plan) -> Option<RunId> {
    let journal = History::look(root).ok()?;
    let mut made = None;
    let mut by = None;
    for record in journal.records {
        match record.body {
            Event::Started { run, plan: id, .. } => made = (id == plan.id).then_some(run),
            Event::Finished { outcome: RunOutcome::Applied } => by = made.take().or(by),
            _ => {}
        }
    }
    by
}

/// Whether every file that the plan changes says what the plan leaves there.
fn was_carried_out(root: &Root, plan: &Plan) -> bool {
    let mut files = plan.files().peekable();
    files.peek().is_some() && files.all(|(path, _, to)| hash_now(root, path) == to.sha256())
}

fn hash_now(root: &Root, path: &TextPath) -> Option<Hash> {
    root.read(path).ok().map(|bytes| Hash::of(&bytes))
}

/// What is not as it was, for people.
fn moved(root: &Root, inspection: &Inspection, plan: &Plan) -> BTreeSet<String> {
    let facts = &inspection.facts;
    let mut moved = BTreeSet::new();
    let now = |path: &TextPath| facts.files.get(path.as_path()).map(|file| file.sha256);
    let others = plan.relies_on.iter().filter(|(path, hash)| now(path) != Some(**hash));
    moved.extend(others.map(|(path, _)| path.as_str().to_owned()));
    let new = facts.files.keys().filter(|path| !plan.relies_on.contains_key(path.as_path()));
    moved.extend(new.map(|path| path.as_path().display().to_string()));
    // A plan of an older version does not tell its links.
    if !plan.links.is_empty() {
        let here = &facts.ways.links;
        let gone = plan.links.iter().filter(|(path, text)| here.get(*path) != Some(text));
        let new = here.iter().filter(|(path, _)| !plan.links.contains_key(*path));
        moved.extend(gone.chain(new).map(|(path, _)| format!("the link {path}")));
    }
    for (path, from, to) in plan.files() {
        if is_record(path) && hash_now(root, path) != from.sha256() {
            moved.insert(path.as_str().to_owned());
        }
        if let Some(what) = other_owner(root, path, from, to) {
            moved.insert(format!("{what} of {}", path.as_str()));
        }
    }
    let made = plan.steps.iter().filter_map(|step| match step {
        crate::plan::Step::MakeFolder { path } => Some(path),
        _ => None,
    });
    moved
        .extend(made.filter(|path| root.symlink_metadata(path).is_ok()).map(|path| path.as_str().to_owned()));
    moved
}

/// What a file is besides its bytes, where that is not what the plan gives it.
fn other_owner(root: &Root, path: &TextPath, from: &Version, to: &Version) -> Option<&'static str> {
    let differs = match (from, to) {
        (Version::File { attributes, .. }, _) => {
            let now = file_facts(root, path).ok()??;
            let differences = attributes.differences(&now.attributes);
            differences.iter().any(|difference| *difference != AttributeDifference::Mtime)
        }
        (Version::Absent, Version::File { attributes, .. }) => {
            let due = new_file(root, path, attributes.mode.0);
            (due.uid, due.gid) != (attributes.uid, attributes.gid)
        }
        (Version::Absent, Version::Absent) => false,
    };
    differs.then_some("the owner, mode or access list")
}

/// Whether a path that no file of the configuration has lies elsewhere than its text says: below a link that leads
/// out of the configuration's folder, or at a link.
fn leads_out(root: &Root, inspection: &Inspection, path: &TextPath) -> bool {
    let Ok(prefix) = root.resolve_link_target(&inspection.facts.nginx.conf_prefix) else { return true };
    if root.symlink_metadata(path).is_ok_and(|there| there.is_symlink()) {
        return true;
    }
    // What is to be made lies in the nearest folder that is there.
    let folders = std::iter::successors(path.parent(), RootPath::parent);
    let there = folders.filter_map(|folder| way(root, &folder).ok()).next();
    !there.is_some_and(|way| way.end.is_within(&prefix))
}
