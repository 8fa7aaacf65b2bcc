//! The files of a plan as they will be, for the gate before the change.
//!
//! Invariant: the bytes that are tested are the bytes that are installed: both
//! come from [`after`].

use super::content::{Beside, after};
use crate::backup::{Change, Entry, Store};
use crate::host::Root;
use crate::plan::{Plan, Step, is_record};
use crate::values::BackupId;
use crate::verify::staged::{Changes, Staged, StagedContent};
use anyhow::Result;

/// Every state that the disk goes through: after the first step that changes
/// files, after the second, and so on.
///
/// # Errors
/// When a file is not what the plan expects, or a backup lacks it.
pub fn states(root: &Root, plan: &Plan) -> Result<Vec<Changes>> {
    let mut states: Vec<Changes> = Vec::new();
    let mut beside = Beside::at_the_start(root, &plan.steps)?;
    for step in &plan.steps {
        let mut state = states.last().cloned().unwrap_or_default();
        match step {
            Step::SetFile { path, from, to } => {
                let file = after(root, path, from, to, &beside)?;
                // NGINX reads none of what is kept for the next update.
                if is_record(path) {
                    beside
                        .earlier
                        .insert(path.as_path().to_owned(), file.map_or(Staged::Absent, Staged::File));
                    continue;
                }
                state.insert(path.as_path().to_owned(), file.map_or(Staged::Absent, Staged::File));
            }
            Step::RestoreTree { backup } => state.extend(tree(root, backup)?),
            // The sandbox makes the folders of the files that it stages.
            Step::MakeFolder { .. } | Step::RemoveFolder { .. } | Step::Reload => continue,
        }
        beside.earlier.extend(state.clone());
        states.push(state);
    }
    Ok(states)
}

/// What restoring a whole backup would change; attributes of folders apart.
fn tree(root: &Root, id: &BackupId) -> Result<Changes> {
    let store = Store::new(root);
    let backup = store.open(id)?;
    let mut changes = Changes::new();
    for difference in store.diff_live(&backup.manifest)? {
        let is_other_kind = difference.changes.contains(&Change::Kind);
        let wanted = match backup.manifest.entries.get(&difference.path) {
            Some(Entry::File { sha256, attributes, .. }) => {
                let content =
                    StagedContent { bytes: backup.content(*sha256)?, attributes: attributes.clone() };
                if is_other_kind { Staged::FileInstead(content) } else { Staged::File(content) }
            }
            Some(Entry::Symlink { target, .. }) => Staged::Link(target.as_os_str().into()),
            // The folder itself is made for what is staged in it.
            Some(Entry::Folder { .. }) if is_other_kind => Staged::Absent,
            Some(Entry::Folder { .. } | Entry::Skipped { .. }) => continue,
            None => Staged::Absent,
        };
        changes.insert(difference.path.as_path().to_owned(), wanted);
    }
    Ok(changes)
}
