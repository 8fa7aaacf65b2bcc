//! The planner of rollbacks: from a backup and the disk to the steps that
//! bring the backup's files back.
//!
//! Invariant: a file that was edited since the run is never overwritten. Whole
//! trees are restored by one step of their own, and not planned here.

use super::kept::is_record;
use super::model::{Plan, PlanKind};
use super::step::{Content, Step, Version};
use crate::facts::{FileFacts, NginxVersion};
use crate::values::{BackupId, Hash, TextPath};
use std::collections::BTreeMap;

/// What a rollback restores: one file as the backup has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The file, below the root.
    pub path: TextPath,
    /// What the backup holds; `None` where there was no file.
    pub backed_up: Option<FileFacts>,
    /// What is there now; `None` where there is no file.
    pub now: Option<FileFacts>,
    /// What the run left there, when the run is known: anything else is an edit.
    pub left_by_run: Option<Option<Hash>>,
}

/// Plans the way back to `backup`, file by file in the order given, then the
/// folders that the run made.
///
/// # Errors
/// The files that were edited since the run.
pub fn rollback(
    backup: &BackupId,
    site: String,
    nginx: NginxVersion,
    restored: &[Restored],
    folders: &[TextPath],
    reload: Reload,
) -> Result<Plan, Vec<TextPath>> {
    let mut steps = Vec::new();
    let mut edited = Vec::new();
    for file in restored {
        if file.now == file.backed_up {
            continue;
        }
        let now = file.now.as_ref().map(|now| now.sha256);
        let before = file.backed_up.as_ref().map(|backed_up| backed_up.sha256);
        let is_edited = file.left_by_run.as_ref().is_some_and(|left| *left != now && now != before);
        // What we keep for the next update goes with the run that it was kept for.
        if is_edited && !is_record(&file.path) {
            edited.push(file.path.clone());
            continue;
        }
        let version = |facts: &Option<FileFacts>, content: Content| match facts {
            None => Version::Absent,
            Some(facts) => {
                Version::File { sha256: facts.sha256, attributes: facts.attributes.clone(), content }
            }
        };
        steps.push(Step::SetFile {
            path: file.path.clone(),
            from: version(&file.now, Content::Live),
            to: version(&file.backed_up, Content::Backup(backup.clone())),
        });
    }
    if !edited.is_empty() {
        return Err(edited);
    }
    steps.extend(folders.iter().map(|path| Step::RemoveFolder { path: path.clone() }));
    let is_due = match reload {
        Reload::Wanted => true,
        Reload::IfBytesChange => steps.iter().any(is_read_otherwise),
        Reload::NotRunning => false,
    };
    if is_due && !steps.is_empty() {
        steps.push(Step::Reload);
    }
    Ok(Plan::new(PlanKind::Rollback, "restore", site, nginx, BTreeMap::new(), steps))
}

/// Whether NGINX reads something else after this step: what we keep for the next update it does not read, and of a file
/// whose bytes stay it has read them.
fn is_read_otherwise(step: &Step) -> bool {
    match step {
        Step::SetFile { path, from, to } => !is_record(path) && from.sha256() != to.sha256(),
        Step::MakeFolder { .. } | Step::RemoveFolder { .. } | Step::RestoreTree { .. } | Step::Reload => {
            false
        }
    }
}

/// Whether NGINX is to read the restored configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reload {
    /// It runs, and has not read the files as they are.
    Wanted,
    /// It runs, and has read the files as they are.
    IfBytesChange,
    /// It does not run, and is never started.
    NotRunning,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Attributes;

    fn file(contents: &str) -> Option<FileFacts> {
        let attributes = Attributes::plain(0o644, 0, 0);
        Some(FileFacts { sha256: Hash::of(contents.as_bytes()), attributes })
    }

    fn check(now: &str, left: Option<&str>, expect: Result<usize, usize>) {
        let restored = Restored {
            path: TextPath::new("/a").expect("a path"),
            backed_up: file("old"),
            now: file(now),
            left_by_run: left.map(|left| Some(Hash::of(left.as_bytes()))),
        };
        let backup = "20261122T101500Z-0a1b2c3d".parse().expect("a backup's name");
        let plan = rollback(&backup, "/a".into(), NginxVersion(1, 22, 1), &[restored], &[], Reload::Wanted);
        assert_eq!(plan.map(|plan| plan.steps.len()).map_err(|edited| edited.len()), expect);
    }

    #[test]
    fn what_the_run_left_is_put_back_and_edits_are_refused() {
        check("new", Some("new"), Ok(2));
        check("old", Some("new"), Ok(0));
        check("edited", Some("new"), Err(1));
        check("edited", None, Ok(2));
    }
}
