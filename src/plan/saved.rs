//! The plan itself, and how it is written down for a later apply.
//!
//! Invariant: the identity is a hash over everything that the plan fixes, so
//! that a changed plan file is noticed. Anybody can compute it, so it protects
//! from accidents alone: what a saved plan may hold is judged by itself.

use super::model::{FORMAT, OLDEST, Plan};
use super::permitted::objection;
use super::step::{Content, Version, are_in_order};
use crate::values::TextPath;
use thiserror::Error;

/// A file that is not a plan this version can run.
#[derive(Debug, Error)]
pub enum SavedPlanError {
    /// It is not JSON of the right shape.
    #[error("not a saved plan: {0}")]
    Shape(String),
    /// It was written by another version.
    #[error("the plan's format is {0}, this version reads up to {FORMAT}")]
    Format(u32),
    /// It was changed after it was saved.
    #[error("the plan was changed after it was saved")]
    Changed,
    /// It holds what no planner puts into a plan that is saved.
    #[error("no planner makes such a plan: {0}")]
    Forged(String),
    /// A change ends before it starts, or overlaps the one before.
    #[error("the plan changes {0:?} at ranges that overlap")]
    Ranges(TextPath),
}

impl Plan {
    /// The bytes of a saved plan.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("text and numbers always serialise");
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
        if !(OLDEST..=FORMAT).contains(&plan.format) {
            return Err(SavedPlanError::Format(plan.format));
        }
        if plan.format != plan.needed_format() {
            let message = format!("the format {} does not fit what it holds", plan.format);
            return Err(SavedPlanError::Shape(message));
        }
        if plan.id != plan.computed_id() {
            return Err(SavedPlanError::Changed);
        }
        let in_order = |version: &Version| match version {
            Version::File { content: Content::Patched(patches), .. } => are_in_order(patches),
            Version::File { .. } | Version::Absent => true,
        };
        if let Some((path, ..)) = plan.files().find(|(_, from, to)| !in_order(from) || !in_order(to)) {
            return Err(SavedPlanError::Ranges(path.clone()));
        }
        match objection(&plan) {
            None => Ok(plan),
            Some(objection) => Err(SavedPlanError::Forged(objection)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::step::Patch;
    use super::super::step::Step;
    use super::*;
    use crate::facts::NginxVersion;
    use crate::plan::model::PlanKind;
    use crate::values::Attributes;
    use crate::values::{Hash, RunId};
    use std::collections::BTreeMap;

    fn plan() -> Plan {
        let site = "/etc/nginx/conf.d/motion.conf".to_owned();
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
        let newer = plan().to_json().replace("\"format\": 1", "\"format\": 4");
        assert!(matches!(Plan::from_json(newer.as_bytes()), Err(SavedPlanError::Format(4))));
        let unfit = plan().to_json().replace("\"format\": 1", "\"format\": 2");
        assert!(matches!(Plan::from_json(unfit.as_bytes()), Err(SavedPlanError::Shape(_))));
        assert!(matches!(Plan::from_json(b"{}"), Err(SavedPlanError::Shape(_))));
    }

    #[test]
    fn the_same_change_after_another_run_is_another_plan() {
        let run = |name: &str| name.parse::<RunId>().expect("a run's name");
        let (first, second) = (run("20261122T101500Z-7"), run("20261122T101600Z-8"));
        let plans = [None, Some(&first), Some(&second)].map(|newest| plan().made_after(newest));
        assert_eq!(plans[0], plan(), "as older versions wrote it");
        assert!(plans[0].id != plans[1].id && plans[1].id != plans[2].id);
        for plan in &plans {
            assert_eq!(Plan::from_json(plan.to_json().as_bytes()).expect("reads"), *plan);
        }
        let other = plans[1].to_json().replace(first.as_str(), second.as_str());
        assert!(matches!(Plan::from_json(other.as_bytes()), Err(SavedPlanError::Changed)));
    }

    #[test]
    fn a_plan_whose_ranges_overlap_is_refused() {
        let check = |ranges: &[(usize, usize)], expect: bool| {
            let patch = |&(start, end): &(usize, usize)| Patch { start, end, text: String::new() };
            let content = Content::Patched(ranges.iter().map(patch).collect());
            let attributes = Attributes::plain(0o644, 0, 0);
            let to = Version::File { sha256: Hash::of(b"new"), attributes, content };
            let path = TextPath::new("/etc/nginx/conf.d/motion.conf").expect("a path");
            let site = path.as_str().to_owned();
            let steps = vec![Step::SetFile { path, from: Version::Absent, to }];
            let files = BTreeMap::new();
            let plan = Plan::new(PlanKind::Migrate, "graft", site, NginxVersion(1, 22, 1), files, steps);
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
    fn a_plan_with_a_bad_path_hash_or_backup_is_refused_when_it_is_read() {
        let backup = "20261122T101500Z-0a1b2c3d";
        let attributes = Attributes::plain(0o644, 0, 0);
        let content = Content::Backup(backup.parse().expect("a backup's name"));
        let steps = vec![Step::SetFile {
            path: TextPath::new("/etc/nginx/a.conf").expect("a path"),
            from: Version::Absent,
            to: Version::File { sha256: Hash::of(b"new"), attributes, content },
        }];
        let relies_on = [(TextPath::new("/etc/nginx/b.conf").expect("a path"), Hash::of(b"b"))].into();
        let site = "/etc/nginx/sites/../site.conf".to_owned();
        let plan = Plan::new(PlanKind::Migrate, "graft", site, NginxVersion(1, 22, 1), relies_on, steps);
        let text = plan.to_json();
        // Shaped well, with a site that is only shown; but no planner of migrations takes from a backup.
        assert!(matches!(Plan::from_json(text.as_bytes()), Err(SavedPlanError::Forged(_))));
        let (new, b, id) = (Hash::of(b"new").to_string(), Hash::of(b"b").to_string(), plan.id.to_string());
        for (good, bad) in [
            ("/etc/nginx/a.conf", "/etc/../../a.conf"),
            ("/etc/nginx/a.conf", "a.conf"),
            ("/etc/nginx/b.conf", "b.conf"),
            (new.as_str(), "00"),
            (b.as_str(), ""),
            (id.as_str(), "x"),
            (backup, "../../backup"),
        ] {
            let changed = text.replace(good, bad);
            assert_ne!(changed, text, "{good}");
            let refused = Plan::from_json(changed.as_bytes());
            assert!(matches!(refused, Err(SavedPlanError::Shape(_))), "{bad}: {refused:?}");
        }
    }
}
