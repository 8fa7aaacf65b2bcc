//! The plan itself, and how it is written down for a later apply.
//!
//! Invariant: the identity is a hash over everything that the plan fixes, so
//! that a changed plan file is noticed.

use super::step::{Content, Step, Version, are_in_order, is_plain_absolute, sha256_hex};
use crate::facts::NginxVersion;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use thiserror::Error;

/// The format that is written and read.
const FORMAT: u32 = 1;

/// Everything that a run will do, with nothing left to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The format of this structure.
    pub format: u32,
    /// SHA-256 over all the rest.
    pub id: String,
    /// What the run is for.
    pub kind: PlanKind,
    /// How the new configuration was made.
    pub strategy: String,
    /// Motion's NGINX file.
    pub site: PathBuf,
    /// The NGINX that the templates were rendered for.
    pub nginx: NginxVersion,
    /// Every configuration file that was read, with its hash: a change to any
    /// of them makes the plan stale.
    pub relies_on: BTreeMap<PathBuf, String>,
    /// What will be done, in order.
    pub steps: Vec<Step>,
}

/// What a plan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanKind {
    /// Brings the new client's routes.
    Migrate,
    /// Brings back a backup.
    Rollback,
}

/// A file that is not a plan this version can run.
#[derive(Debug, Error)]
pub enum SavedPlanError {
    /// It is not JSON of the right shape.
    #[error("not a saved plan: {0}")]
    Shape(String),
    /// It was written by another version.
    #[error("the plan's format is {0}, this version reads {FORMAT}")]
    Format(u32),
    /// It was changed after it was saved.
    #[error("the plan was changed after it was saved")]
    Changed,
    /// A change ends before it starts, or overlaps the one before.
    #[error("the plan changes {0:?} at ranges that overlap")]
    Ranges(PathBuf),
    /// It names a path that no plan contains.
    #[error("the plan names the path {0:?}")]
    Path(PathBuf),
}

impl Plan {
    /// A plan of these steps.
    #[must_use]
    pub fn new(
        kind: PlanKind,
        strategy: &str,
        site: PathBuf,
        nginx: NginxVersion,
        relies_on: BTreeMap<PathBuf, String>,
        steps: Vec<Step>,
    ) -> Self {
        let strategy = strategy.to_owned();
        let mut plan =
            Self { format: FORMAT, id: String::new(), kind, strategy, site, nginx, relies_on, steps };
        plan.id = plan.computed_id();
        plan
    }

    /// The bytes of a saved plan.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("paths were read as text");
        text.push('\n');
        text
    }

    /// Reads a saved plan.
    ///
    /// # Errors
    /// When it is not one, or was changed after it was saved.
    pub fn from_json(bytes: &[u8]) -> Result<Self, SavedPlanError> {
        let plan: Self =
            serde_json::from_slice(bytes).map_err(|error| SavedPlanError::Shape(error.to_string()))?;
        if plan.format != FORMAT {
            return Err(SavedPlanError::Format(plan.format));
        }
        if plan.id != plan.computed_id() {
            return Err(SavedPlanError::Changed);
        }
        let folders = plan.steps.iter().filter_map(|step| match step {
            Step::MakeFolder { path } | Step::RemoveFolder { path } => Some(path),
            Step::SetFile { .. } | Step::RestoreTree { .. } | Step::Reload => None,
        });
        let mut paths = plan.files().map(|(path, ..)| path).chain(folders).chain([&plan.site]);
        if let Some(path) = paths.find(|path| !is_plain_absolute(path)) {
            return Err(SavedPlanError::Path(path.clone()));
        }
        drop(paths);
        let in_order = |version: &Version| match version {
            Version::File { content: Content::Patched(patches), .. } => are_in_order(patches),
            Version::File { .. } | Version::Absent => true,
        };
        if let Some((path, ..)) = plan.files().find(|(_, from, to)| !in_order(from) || !in_order(to)) {
            return Err(SavedPlanError::Ranges(path.clone()));
        }
        Ok(plan)
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The files that the plan changes, with what is expected before and after.
    pub fn files(&self) -> impl Iterator<Item = (&PathBuf, &Version, &Version)> {
        self.steps.iter().filter_map(|step| match step {
            Step::SetFile { path, from, to } => Some((path, from, to)),
            Step::MakeFolder { .. } | Step::RemoveFolder { .. } | Step::RestoreTree { .. } | Step::Reload => {
                None
            }
        })
    }

    /// Whether it reloads NGINX.
    #[must_use]
    pub fn reloads(&self) -> bool {
        self.steps.contains(&Step::Reload)
    }

    fn computed_id(&self) -> String {
        let unnamed = Self { id: String::new(), ..self.clone() };
        sha256_hex(serde_json::to_string(&unnamed).expect("paths were read as text").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::super::step::Patch;
    use super::*;
    use crate::values::Attributes;

    fn plan() -> Plan {
        let site = PathBuf::from("/etc/nginx/conf.d/motion.conf");
        Plan::new(
            PlanKind::Migrate,
            "graft",
            site,
            NginxVersion(1, 22, 1),
            BTreeMap::new(),
            vec![Step::Reload],
        )
    }

    #[test]
    fn a_saved_plan_is_read_back() {
        assert_eq!(Plan::from_json(plan().to_json().as_bytes()).expect("reads"), plan());
    }

    #[test]
    fn a_changed_plan_is_refused() {
        let changed = plan().to_json().replace("motion.conf", "other.conf");
        assert!(matches!(Plan::from_json(changed.as_bytes()), Err(SavedPlanError::Changed)));
        let newer = plan().to_json().replace("\"format\": 1", "\"format\": 2");
        assert!(matches!(Plan::from_json(newer.as_bytes()), Err(SavedPlanError::Format(2))));
        assert!(matches!(Plan::from_json(b"{}"), Err(SavedPlanError::Shape(_))));
    }

    #[test]
    fn a_plan_whose_ranges_overlap_is_refused() {
        let check = |ranges: &[(usize, usize)], expect: bool| {
            let patch = |&(start, end): &(usize, usize)| Patch { start, end, text: String::new() };
            let content = Content::Patched(ranges.iter().map(patch).collect());
            let attributes = Attributes::plain(0o644, 0, 0);
            let to = Version::File { sha256: "00".into(), attributes, content };
            let path = PathBuf::from("/etc/nginx/conf.d/motion.conf");
            let steps = vec![Step::SetFile { path: path.clone(), from: Version::Absent, to }];
            let files = BTreeMap::new();
            let plan = Plan::new(PlanKind::Migrate, "graft", path, NginxVersion(1, 22, 1), files, steps);
            assert_eq!(Plan::from_json(plan.to_json().as_bytes()).is_ok(), expect, "{ranges:?}");
            // Describing it is safe all the same.
            let _section = plan.steps[0].describe();
        };
        check(&[(0, 0), (3, 5), (5, 5)], true);
        check(&[(5, 3)], false);
        check(&[(0, usize::MAX), (0, 1)], false);
        check(&[(3, 5), (4, 6)], false);
    }

    #[test]
    fn a_plan_cannot_leave_its_root_by_dots() {
        let site = PathBuf::from("/etc/nginx/../../x");
        let plan =
            Plan::new(PlanKind::Migrate, "graft", site, NginxVersion(1, 22, 1), BTreeMap::new(), vec![]);
        assert!(matches!(Plan::from_json(plan.to_json().as_bytes()), Err(SavedPlanError::Path(_))));
    }
}
