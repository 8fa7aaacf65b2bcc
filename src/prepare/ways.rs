//! Whether each file that a plan writes can be replaced, and whether nobody else chose it by planting a link.
//!
//! Invariant: every path of every step is asked, also of a saved plan. The links are those of the walk that found
//! the files; a file that another one includes was chosen by whoever chose that one.

use crate::apply::in_the_way;
use crate::host::Root;
use crate::inspect::{Inspection, planted};
use crate::outcome::{Finding, unreplaceable};
use crate::plan::{Plan, Step};

/// The finding about files of `plan` that nothing in `said` is about yet.
pub fn finding(root: &Root, inspection: &Inspection, plan: &Plan, said: &[Finding]) -> Option<Finding> {
    let mut evidence: Vec<String> =
        plan.steps.iter().flat_map(|step| obstacles(root, inspection, step)).collect();
    evidence.retain(|text| !said.iter().any(|finding| finding.evidence.contains(text)));
    evidence.dedup();
    (!evidence.is_empty()).then(|| unreplaceable(evidence))
}

fn obstacles(root: &Root, inspection: &Inspection, step: &Step) -> Vec<String> {
    let (facts, config) = (&inspection.facts, &inspection.config);
    let chosen = match step {
        Step::SetFile { path, .. } | Step::MakeFolder { path } => {
            let file = config.files().find(|(_, file)| file.identity == path.as_path()).map(|(id, _)| id);
            file.and_then(|id| planted(facts, config, id))
        }
        Step::RemoveFolder { .. } | Step::RestoreTree { .. } | Step::Reload => None,
    };
    chosen.into_iter().chain(in_the_way(root, step)).collect()
}
