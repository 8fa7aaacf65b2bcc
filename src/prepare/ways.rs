//! Whether each file that a plan writes can be replaced, and whether nobody else chose it by planting a link.
//!
//! Invariant: every path of every step is asked, also of a saved plan. The links are those of the walk that found
//! the files; a file that another one includes was chosen by whoever chose that one.

use crate::host::Root;
use crate::host::files::{Way, replaceable, way};
use crate::inspect::{Inspection, planted, unreplaceable};
use crate::outcome::Finding;
use crate::plan::{Plan, Step};
use crate::values::TextPath;

/// The finding about files of `plan` that nothing in `said` is about yet.
pub fn finding(root: &Root, inspection: &Inspection, plan: &Plan, said: &[Finding]) -> Option<Finding> {
    let mut evidence: Vec<String> =
        plan.steps.iter().flat_map(|step| obstacles(root, inspection, step)).collect();
    evidence.retain(|text| !said.iter().any(|finding| finding.evidence.contains(text)));
    evidence.dedup();
    (!evidence.is_empty()).then(|| unreplaceable(evidence))
}

fn obstacles(root: &Root, inspection: &Inspection, step: &Step) -> Vec<String> {
    let path = match step {
        Step::SetFile { path, .. } | Step::MakeFolder { path } => path,
        // No planner of migrations makes these, and reloading writes nothing.
        Step::RemoveFolder { .. } | Step::RestoreTree { .. } | Step::Reload => return Vec::new(),
    };
    let (facts, config) = (&inspection.facts, &inspection.config);
    let file = config.files().find(|(_, file)| file.identity == path.as_path()).map(|(id, _)| id);
    let chosen = file.and_then(|id| planted(facts, config, id));
    let there = match missing_folder(root, path) {
        None => replaceable(root, path).err().map(|obstacle| obstacle.to_string()),
        // What is not there yet lies behind the links that lead to where it is made.
        Some(there) => {
            there.obstacle.map(|obstacle| format!("`{}` cannot be made: {obstacle}", path.as_str()))
        }
    };
    chosen.into_iter().chain(there).collect()
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
