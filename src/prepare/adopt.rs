//! A saved plan in the place of the one that was just made.
//!
//! Invariant: what is said of it is what it does, and nothing of the plan whose place it takes.

use super::{Options, Prepared, accept, effect_findings, saved, write_finding};
use crate::host::Root;
use crate::outcome::{Failure, sort_findings};
use crate::plan::{Plan, Strategy, WantedStrategy};
use nginx_config::merge::Choice;

impl Options {
    /// As a saved plan was made. Made again in the same way it is the same plan, with all that is known of it; but what
    /// a merge decided is not decided again.
    pub fn make_again(&mut self, saved: &Plan) {
        let strategy = Strategy::named(&saved.strategy).filter(|strategy| *strategy != Strategy::Merge);
        self.strategy = WantedStrategy::Named(strategy.unwrap_or(Strategy::Graft));
        self.resolutions = std::mem::take(&mut self.resolutions).otherwise(Choice::Ours);
    }
}

impl Prepared {
    /// Takes a saved plan, if it is another one than was just made; false where it is the same.
    ///
    /// # Errors
    /// When it is not for this server as it is now.
    pub fn adopt(&mut self, root: &Root, plan: Plan, options: &Options) -> Result<bool, Failure> {
        if self.migration.as_ref().is_some_and(|fresh| fresh.plan.id == plan.id) {
            return Ok(false);
        }
        let facts = &self.inspection.facts;
        let migration = saved(root, &self.inspection, plan)?;
        let others = self.migration.iter().flat_map(|fresh| effect_findings(facts, fresh));
        let others: Vec<_> = others.map(|finding| (finding.code, finding.title)).collect();
        let findings = &mut self.findings;
        findings.retain(|finding| !others.contains(&(finding.code, finding.title.clone())));
        findings.extend(write_finding(root, &self.inspection, &migration.plan, findings));
        findings.extend(effect_findings(facts, &migration));
        accept(findings, &options.accept);
        sort_findings(findings);
        self.migration = Some(migration);
        Ok(true)
    }
}
