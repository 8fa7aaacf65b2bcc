//! The files of a plan as they will be, for the gate before the change.
//!
//! Invariant: the bytes that are tested are the bytes that are installed: both
//! come from the same patches and the same hash.

use crate::backup::{BackupId, Change, Entry, Store};
use crate::host::Root;
use crate::plan::{Content, Plan, Step, Version, patch_to};
use crate::verify::staged::{Changes, StagedContent};
use anyhow::{Context, Result, bail};
use std::path::Path;

/// Every state that the disk goes through: after the first step that changes
/// files, after the second, and so on.
///
/// # Errors
/// When a file is not what the plan expects, or a backup lacks it.
pub fn states(root: &Root, plan: &Plan) -> Result<Vec<Changes>> {
    let mut states: Vec<Changes> = Vec::new();
    for step in &plan.steps {
        let mut state = states.last().cloned().unwrap_or_default();
        match step {
            Step::SetFile { path, from, to } => {
                let content = content(root, path, from, to);
                let content = content.with_context(|| format!("preparing {}", path.display()))?;
                state.insert(path.clone(), content);
            }
            Step::RestoreTree { backup } => state.extend(tree(root, backup)?),
            // The sandbox makes the folders of the files that it stages.
            Step::MakeFolder { .. } | Step::RemoveFolder { .. } | Step::Reload => continue,
        }
        states.push(state);
    }
    Ok(states)
}

fn content(root: &Root, path: &Path, from: &Version, to: &Version) -> Result<Option<StagedContent>> {
    let Version::File { sha256, attributes, content } = to else { return Ok(None) };
    let bytes = match content {
        Content::Live => bail!("the plan does not say where the contents come from"),
        Content::Patched(patches) => match from {
            Version::Absent => patch_to(&[], patches, sha256)?,
            Version::File { .. } => patch_to(&root.read(path)?, patches, sha256)?,
        },
        Content::Backup(id) => {
            let id: BackupId = id.parse()?;
            Store::new(root).open(&id)?.content(sha256.parse()?)?
        }
    };
    Ok(Some(StagedContent { bytes, attributes: attributes.clone() }))
}

/// What restoring a whole backup would change. Links are not staged: the files
/// that they lead to are part of the backup as well.
fn tree(root: &Root, id: &str) -> Result<Changes> {
    let id: BackupId = id.parse()?;
    let store = Store::new(root);
    let backup = store.open(&id)?;
    let mut changes = Changes::new();
    for difference in store.diff_live(&backup.manifest)? {
        let path = difference.path.as_path().to_owned();
        match backup.manifest.entries.get(&difference.path) {
            Some(Entry::File { sha256, attributes, .. }) => {
                let content =
                    StagedContent { bytes: backup.content(*sha256)?, attributes: attributes.clone() };
                changes.insert(path, Some(content));
            }
            None if difference.changes.contains(&Change::Added) => {
                changes.insert(path, None);
            }
            _ => {}
        }
    }
    Ok(changes)
}
