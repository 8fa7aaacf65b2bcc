//! What a change comes to, in one line of counts: the last thing that is read before a question is answered.
//!
//! Invariant: counted is what NGINX reads; what motionctl keeps for itself is none of it.

use super::{Comparison, Outcome, PlanSection, StepKind, StepSection, counted};

impl Outcome {
    /// Says how it ended.
    pub fn set_verdict(&mut self, verdict: impl Into<String>) {
        self.details.verdict = Some(verdict.into());
    }

    /// What the command says of how it ended, where it says something.
    #[must_use]
    pub fn verdict(&self) -> Option<&str> {
        self.details.verdict.as_deref()
    }

    /// Ends the answer with this line of counts, its parts one behind the other; without parts there is none.
    pub fn summarise(&mut self, parts: impl IntoIterator<Item = String>) {
        let line = parts.into_iter().collect::<Vec<_>>().join("; ");
        if !line.is_empty() {
            self.details.summary = Some(line);
        }
    }

    /// Takes the line of counts out again, where there is one.
    pub fn forget_summary(&mut self) {
        self.details.summary = None;
    }

    /// The line of counts, where there is one.
    #[must_use]
    pub fn summary(&self) -> Option<&str> {
        self.details.summary.as_deref()
    }

    /// The counts of the plan in this answer: files and lines, then what is reloaded. Empty where nothing is planned.
    #[must_use]
    pub fn plan_in_counts(&self) -> Vec<String> {
        let Some(plan) = &self.plan else { return Vec::new() };
        let files = files(plan, &self.comparisons);
        let reloads = plan.steps.iter().filter(|step| step.kind == StepKind::Reload).count();
        let reloads = (reloads > 0).then(|| counted(reloads, "reload"));
        files.into_iter().chain(reloads).collect()
    }
}

/// `1 NGINX file: 59 lines added, 0 removed`.
fn files(plan: &PlanSection, comparisons: &[Comparison]) -> Option<String> {
    if plan.steps.iter().any(|step| step.kind == StepKind::RestoreTree) {
        return Some("everything in the backup is put back".to_owned());
    }
    let is_read = |step: &&StepSection| step.kind.is_of_a_file() && !step.record;
    let files = plan.steps.iter().filter(is_read).count();
    let counts = comparisons.iter().map(Comparison::counts);
    let (added, removed) = counts.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    match files {
        0 => None,
        _ if comparisons.is_empty() => Some(counted(files, "NGINX file")),
        _ => Some(format!(
            "{}: {} added, {removed} removed",
            counted(files, "NGINX file"),
            counted(added, "line")
        )),
    }
}
