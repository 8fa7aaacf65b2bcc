//! The one document that every command answers with.
//!
//! Invariant: field names are public contract: they are added to, never renamed. What a command has to say besides is in
//! its [`Details`].

use super::seed_change::SeedChange;
use super::{
    BackupSection, Comparison, DatabaseSection, Details, DurationSection, EffectSection, ErrorSection,
    Explanation, Failure, FailureKind, Finding, HostSection, LoadSection, LoginSection, Matrix, NextStep,
    OutcomeKind, PlanSection, ProbeRow, ProblemSection, ReloadSection, RoutesSection, Routing, UsageSection,
    sort_findings,
};
use schemars::JsonSchema;
use serde::Serialize;

/// Which command answered.
pub type CommandName = &'static str;

/// Everything a command has to say; absent sections do not apply.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Outcome {
    /// The command that answers.
    pub command: CommandName,
    /// How it ended.
    pub outcome: OutcomeKind,
    /// The process's exit status.
    pub exit_code: u8,
    /// The server that was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<HostSection>,
    /// The database that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseSection>,
    /// What the checks saw.
    pub findings: Vec<Finding>,
    /// What would change, or has changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanSection>,
    /// Rows that would change, or have changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<Vec<SeedChange>>,
    /// What the running application notices of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub takes_effect: Vec<EffectSection>,
    /// Who can try out at the login what was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check_by_hand: Option<LoginSection>,
    /// Who works with which profile, and for how long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<UsageSection>,
    /// The backup that was made or named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup: Option<BackupSection>,
    /// The reload and its proof.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reload: Option<ReloadSection>,
    /// What the routes answered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<ProbeRow>,
    /// What a steady load saw during the reload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load: Option<LoadSection>,
    /// Which block answers which request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routes: Option<RoutesSection>,
    /// How long each part took.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub durations: Vec<DurationSection>,
    /// Texts to show beside each other; programs get them in unified form.
    #[serde(skip)]
    pub comparisons: Vec<Comparison>,
    /// What answers which request before and after, for a picture.
    #[serde(skip)]
    pub routing: Option<Routing>,
    /// Agents against profiles, likewise.
    #[serde(skip)]
    pub matrix: Option<Matrix>,
    /// Whether [`Details::rows`] are directives, each with its sign, its block, its name and its value.
    #[serde(skip)]
    pub rows_by_block: bool,
    /// What is wrong with a file that the operator wrote, in its order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<ProblemSection>,
    /// What findings and exit codes mean.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub explanations: Vec<Explanation>,
    /// What to type next, each command with its reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<NextStep>,
    /// What a command has to say besides; keys are its own.
    #[serde(skip_serializing_if = "Details::is_empty")]
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub details: Details,
    /// Why it failed.
    pub error: Option<ErrorSection>,
}

impl Outcome {
    /// An answer of `command` that went as wanted.
    #[must_use]
    pub fn new(command: CommandName, outcome: OutcomeKind) -> Self {
        Self {
            command,
            outcome,
            exit_code: 0,
            host: None,
            database: None,
            findings: Vec::new(),
            plan: None,
            changes: None,
            takes_effect: Vec::new(),
            check_by_hand: None,
            usage: None,
            backup: None,
            reload: None,
            probes: Vec::new(),
            load: None,
            routes: None,
            durations: Vec::new(),
            comparisons: Vec::new(),
            routing: None,
            matrix: None,
            rows_by_block: false,
            problems: Vec::new(),
            explanations: Vec::new(),
            next: Vec::new(),
            details: Details::default(),
            error: None,
        }
    }

    /// The answer of a command that failed.
    #[must_use]
    pub fn failed(command: CommandName, failure: Failure) -> Self {
        Self::new(command, failure.kind.into()).with_failure(failure)
    }

    /// Turns a failure that changed nothing into a cancellation: a person asked to stop.
    pub fn cancel(&mut self) {
        if self.outcome == OutcomeKind::Failed {
            self.outcome = OutcomeKind::Cancelled;
        }
    }

    /// The answer of `failure`, with what was gathered here.
    #[must_use]
    pub fn with_failure(mut self, failure: Failure) -> Self {
        self.fail(failure);
        self
    }

    /// Turns this answer into that of `failure`, keeping what was gathered.
    pub fn fail(&mut self, failure: Failure) {
        self.outcome = failure.kind.into();
        self.exit_code = failure.kind.exit_code();
        let causes = failure.causes();
        self.findings.extend(failure.findings);
        self.problems.extend(failure.problems);
        sort_findings(&mut self.findings);
        let Failure { message, hint, particulars, .. } = failure;
        let particulars = particulars.map_or_else(Vec::new, |lines| lines.0);
        self.error = Some(ErrorSection { message, hint, particulars, causes });
        // What is refused is counted all the same; anything else would be read as if it had been done.
        if failure.kind != FailureKind::Refused {
            self.forget_summary();
        }
    }

    /// Adds a command that may come next. One that is there already keeps its place and its reason.
    pub fn next(&mut self, command: impl Into<String>, why: impl Into<String>) {
        let (command, why) = (command.into(), why.into());
        if self.next.iter().all(|step| step.command != command) {
            self.next.push(NextStep { command, why });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_command_is_named_twice() {
        let mut outcome = Outcome::new("apply", OutcomeKind::Ok);
        outcome.next("a", "first");
        outcome.next("b", "second");
        outcome.next("a", "again");
        let said: Vec<_> =
            outcome.next.iter().map(|step| (step.command.as_str(), step.why.as_str())).collect();
        assert_eq!(said, [("a", "first"), ("b", "second")]);
    }
}
