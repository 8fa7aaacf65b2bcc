//! What a rollback does: the steps back, and whether NGINX has to read what they leave.
//!
//! Invariant: a file that was edited since is only overwritten where the whole backup was asked for.

use super::unusable::unusable;
use crate::backup::{Backup, Change, Difference, Entry, Store};
use crate::facts::{Facts, FileFacts};
use crate::host::Root;
use crate::host::process::{self, ProcessId};
use crate::inspect::file_facts;
use crate::journal::Undoable;
use crate::outcome::{DiffSection, Failure, FailureKind, LocalChanges, PlanSection};
use crate::plan::{Plan, PlanKind, Reload, Restored, Step, is_record, rollback as plan_rollback};
use crate::values::{Hash, RootPath, TextPath};
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

/// Closer than this, a file's time and a process's do not say which was first.
pub const BLUR: Duration = Duration::from_secs(2);

/// How much goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The files that the run changed.
    Run,
    /// Everything in the backup, whoever changed it since.
    WholeTree,
}

/// Plans the way back.
///
/// # Errors
/// Where files were edited since, or the backup is no run's.
pub fn way_back(
    root: &Root,
    (store, backup): (&Store, &Backup),
    undo: &Undoable,
    facts: &Facts,
    extent: Extent,
) -> Result<Plan, Failure> {
    // Only shown here, and the plan is text.
    let site = facts.site.file.to_string_lossy().into_owned();
    let relies_on = BTreeMap::new();
    if extent == Extent::WholeTree {
        let found = store.diff_live(&backup.manifest).map_err(unusable)?;
        let (name, mut steps) = match found.is_empty() {
            true => ("restore", Vec::new()),
            false => ("whole-tree", vec![Step::RestoreTree { backup: backup.manifest.id.clone() }]),
        };
        let reload = reload(root, facts, found.iter().map(|difference| &difference.path));
        if reload == Reload::Wanted
            || (reload == Reload::IfBytesChange && found.iter().any(is_read_otherwise))
        {
            steps.extend((!found.is_empty()).then_some(Step::Reload));
        }
        return Ok(Plan::new(PlanKind::Rollback, name, site, facts.nginx.version, relies_on, steps));
    }
    if undo.left.is_empty() {
        return Err(Failure::new(FailureKind::Refused, "this backup belongs to no applied run").with_hint(
            format!("`motionctl rollback {} --whole-tree` restores everything in it", backup.manifest.id),
        ));
    }
    // What was done last is undone first.
    let restored = undo
        .left
        .iter()
        .rev()
        .map(|(path, left)| restored(root, backup, path, *left))
        .collect::<Result<Vec<_>, _>>()?;
    let is_there = |path: &&TextPath| root.symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir());
    let folders: Vec<_> = undo.folders.iter().rev().filter(is_there).cloned().collect();
    let id = &backup.manifest.id;
    let reload = reload(root, facts, undo.left.iter().map(|(path, _)| &**path));
    plan_rollback(id, site, facts.nginx.version, &restored, &folders, reload).map_err(|edited| {
        let list: Vec<_> = edited.iter().map(TextPath::as_str).collect();
        Failure::new(FailureKind::Refused, format!("edited since the run: {}", list.join(", ")))
            .with_hint(format!(
                "`motionctl backups diff {id}` shows every line; `motionctl rollback {id} --whole-tree` takes all of it back, \
                 edits too"
            ))
    })
}

/// Whether NGINX is to read what is put back. Its workers may have read it already: then a reload is nobody's gain.
fn reload<'p>(root: &Root, facts: &Facts, paths: impl Iterator<Item = &'p RootPath>) -> Reload {
    let Some(master) = &facts.nginx.master else { return Reload::NotRunning };
    let read = paths.filter(|path| !is_record_at(path)).filter_map(|path| root.changed_ago(path)).min();
    let id = ProcessId { pid: master.pid, start_time: master.start_time };
    match read.map(|changed| are_older(id, changed)) {
        Some(true) => Reload::Wanted,
        Some(false) | None => Reload::IfBytesChange,
    }
}

/// Whether a worker of this master was certainly started before the files were changed last, so long ago.
fn are_older(master: ProcessId, changed: Duration) -> bool {
    let workers = process::workers(master).unwrap_or_default();
    let serving = workers.iter().filter(|worker| worker.role == process::Role::Serving);
    serving.filter_map(|worker| process::age(worker.id)).any(|age| age > changed + BLUR)
}

/// Whether NGINX reads something else there than before.
fn is_read_otherwise(difference: &Difference) -> bool {
    !is_record_at(&difference.path)
        && difference.changes.iter().any(|change| !matches!(change, Change::Attributes(_)))
}

/// What is kept for the next update; NGINX reads none of it.
pub fn is_record_at(path: &RootPath) -> bool {
    TextPath::try_from(path.clone()).is_ok_and(|path| is_record(&path))
}

fn restored(root: &Root, backup: &Backup, path: &TextPath, left: Option<Hash>) -> Result<Restored, Failure> {
    let now = file_facts(root, path).map_err(|error| {
        let message = format!("looking at {}: {error}", path.as_str());
        match error.kind() {
            // Something else than a file stands there.
            io::ErrorKind::InvalidInput => Failure::new(FailureKind::Invalid, message).with_hint(format!(
                "look who put it there, and move it away; `motionctl backups diff {}` shows what else is not as it was",
                backup.manifest.id
            )),
            _ => Failure::new(FailureKind::Unavailable, message),
        }
    })?;
    let backed_up = match backup.manifest.entries.get(path.as_path()) {
        Some(Entry::File { sha256, attributes, .. }) => {
            Some(FileFacts { sha256: *sha256, attributes: attributes.clone() })
        }
        _ => None,
    };
    Ok(Restored { path: path.clone(), backed_up, now, left_by_run: Some(left) })
}

/// The plan for the answer.
pub fn shown(plan: &Plan) -> PlanSection {
    PlanSection {
        id: plan.id.to_string(),
        strategy: plan.strategy.clone(),
        site: plan.site.clone(),
        base: None,
        blocked: None,
        counts: None,
        steps: plan.steps.iter().map(Step::describe).collect(),
        local_changes: LocalChanges::default(),
        differences_from_guess: None,
        offered: Vec::new(),
        taken: Vec::new(),
        diff: DiffSection::default(),
    }
}
