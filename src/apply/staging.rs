//! The files of a plan as they will be, for the gate before the change.
//!
//! Invariant: the bytes that are tested are the bytes that are installed: both
//! come from the same patches and the same hash.

use crate::backup::{BackupId, Store};
use crate::host::Root;
use crate::plan::{Content, Plan, Version, patch_to};
use crate::verify::staged::{Changes, StagedContent};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;

/// Each file of the plan with what it will be, in the order of the steps.
pub type Staged = Vec<(PathBuf, Option<StagedContent>)>;

/// Makes the files of a plan.
///
/// # Errors
/// When a file is not what the plan expects, or a backup lacks it.
pub fn all_changes(root: &Root, plan: &Plan) -> Result<Staged> {
    plan.files()
        .map(|(path, _, to)| {
            let content = content(root, path, to).with_context(|| format!("preparing {}", path.display()))?;
            Ok((path.clone(), content))
        })
        .collect()
}

/// Every state that the disk goes through: after the first file, after the
/// second, and so on.
pub fn after_each_file(changes: &Staged) -> Vec<Changes> {
    (1..=changes.len()).map(|count| changes[..count].iter().cloned().collect()).collect()
}

fn content(root: &Root, path: &PathBuf, to: &Version) -> Result<Option<StagedContent>> {
    let Version::File { sha256, attributes, content } = to else { return Ok(None) };
    let bytes = match content {
        Content::Live => bail!("the plan does not say where the contents come from"),
        Content::Patched(patches) => patch_to(&root.read(path)?, patches, sha256)?,
        Content::Backup(id) => {
            let id: BackupId = id.parse()?;
            Store::new(root).open(&id)?.content(sha256.parse()?)?
        }
    };
    Ok(Some(StagedContent { bytes, attributes: attributes.clone() }))
}
