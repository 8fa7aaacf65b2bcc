//! What stands in the way of the steps of a plan, looked for before the first of them.
//!
//! Invariant: whoever runs steps asks here before anything is done, whatever the plan is for; nothing is cleared away.

use crate::backup::{Change, Difference, Entry, Store};
use crate::host::Root;
use crate::host::files::{NotReplaceable, Way, exchangeable, makeable, replaceable, settable, way};
use crate::outcome::{Failure, FailureKind, unreplaceable};
use crate::plan::Step;
use crate::values::{BackupId, RootPath, TextPath};

/// The refusal of steps that could not all be done; `None` where nothing is in the way.
#[must_use]
pub fn refusal(root: &Root, steps: &[Step]) -> Option<Failure> {
    let mut evidence: Vec<String> = steps.iter().flat_map(|step| in_the_way(root, step)).collect();
    evidence.dedup();
    let first = evidence.first()?;
    let finding = unreplaceable(evidence.clone());
    let message = format!("stopped by {}: {first}", finding.code.name());
    let hint = finding.advice.clone();
    Some(Failure::new(FailureKind::Refused, message).with_hint(hint).with_findings(vec![finding]))
}

/// Why a step cannot be done, for people.
#[must_use]
pub fn in_the_way(root: &Root, step: &Step) -> Vec<String> {
    match step {
        Step::SetFile { path, .. } | Step::MakeFolder { path } => match missing_folder(root, path) {
            None => words(replaceable(root, path)),
            // What is not there yet lies behind the links that lead to where it is made.
            Some(there) => {
                let cannot = |obstacle| format!("`{}` cannot be made: {obstacle}", path.as_str());
                there.obstacle.map(cannot).into_iter().collect()
            }
        },
        Step::RemoveFolder { path } => words(makeable(root, path)),
        Step::RestoreTree { backup } => of_tree(root, backup),
        Step::Reload => Vec::new(),
    }
}

fn words(answer: Result<(), NotReplaceable>) -> Vec<String> {
    answer.err().map(|obstacle| obstacle.to_string()).into_iter().collect()
}

/// The nearest folder above this path that is there, where it is not the one that holds it: a step of the plan makes
/// those between, or the lock does.
fn missing_folder(root: &Root, path: &TextPath) -> Option<Way> {
    let mut above = path.parent()?;
    if way(root, &above).is_ok() {
        return None;
    }
    loop {
        above = above.parent()?;
        if let Ok(there) = way(root, &above) {
            return Some(there);
        }
    }
}

/// A backup that cannot be read is for whoever opens it to say.
fn of_tree(root: &Root, id: &BackupId) -> Vec<String> {
    let store = Store::new(root);
    let Ok(backup) = store.open(id) else { return Vec::new() };
    let Ok(differences) = store.diff_live(&backup.manifest) else { return Vec::new() };
    let entries = &backup.manifest.entries;
    // Every folder gets its time back, last.
    let folders = entries.iter().filter(|(_, entry)| entry.is_folder()).map(|(path, _)| path);
    let folders = folders.filter(|path| root.symlink_metadata(path).is_ok_and(|found| found.is_dir()));
    let of_folders = folders.flat_map(|path| words(settable(root, path)));
    let of_files = differences.iter().flat_map(|difference| {
        let wanted = entries.get(&difference.path);
        words(of_difference(root, difference, wanted))
    });
    if differences.is_empty() { Vec::new() } else { of_files.chain(of_folders).collect() }
}

fn of_difference(
    root: &Root,
    Difference { path, changes }: &Difference,
    wanted: Option<&Entry>,
) -> Result<(), NotReplaceable> {
    let is_there = |path: &RootPath| root.symlink_metadata(path).is_ok();
    match wanted {
        // What it lies in comes back before it.
        _ if path.parent().is_some_and(|above| !is_there(&above)) => Ok(()),
        // Recorded, not restored.
        Some(Entry::Skipped { .. }) => Ok(()),
        Some(_) if matches!(changes.as_slice(), [Change::Attributes(_)]) => settable(root, path),
        Some(Entry::Folder { .. }) => makeable(root, path),
        Some(_) | None if root.symlink_metadata(path).is_ok_and(|found| found.is_dir()) => {
            makeable(root, path)
        }
        Some(_) | None => exchangeable(root, path),
    }
}
