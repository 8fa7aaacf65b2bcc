//! Everything before the first effect: inspect, test the old configuration,
//! plan, test the new one, and say what is in the way.
//!
//! Invariant: reads and tests only; what `check`, `plan`, `apply` and
//! `rehearse` decide on is made here once, so that they cannot disagree.

mod ports;
mod probes;
mod tested;

pub use probes::{Reach, probe_plan, rollback_probes};

use crate::apply::SandboxChoice;
use crate::facts::{RouteState, Scope, ServerFacts, ServerRole};
use crate::host::Root;
use crate::host::sandbox::Launcher;
use crate::inspect::{self, Inspection, inspect};
use crate::outcome::{Failure, FailureKind, Finding, HostSection, Level, PlanSection, sort_findings};
use crate::plan::bundle::Bundle;
use crate::plan::{Migration, PlanError, Strategy, migrate};
use std::collections::BTreeSet;

/// What the operator asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where discovery needs help.
    pub inspect: inspect::Options,
    /// The templates.
    pub bundle: Bundle,
    /// How the new configuration is made.
    pub strategy: Strategy,
    /// Findings accepted by name.
    pub accept: BTreeSet<String>,
    /// Whether a sandbox is demanded.
    pub sandbox: SandboxChoice,
}

/// Everything that is known before the first effect.
pub struct Prepared {
    /// What was found.
    pub inspection: Inspection,
    /// The plan; `None` when a stop leaves nothing to plan with.
    pub migration: Option<Migration>,
    /// All findings, sorted, with what was accepted.
    pub findings: Vec<Finding>,
    /// What differed from the real server in the tests, for people.
    pub notes: Vec<String>,
}

impl Prepared {
    /// The findings that refuse an apply.
    pub fn stops(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.stops())
    }

    /// Whether the server already is as wanted. An empty plan alone does not
    /// say so: where something else answers the route, nothing can be planned.
    #[must_use]
    pub fn is_up_to_date(&self) -> bool {
        let elsewhere = |server: &ServerFacts| {
            matches!(server.new_client, RouteState::Elsewhere(_)) && server.role == ServerRole::ServesMotion
        };
        self.migration.as_ref().is_some_and(|migration| migration.plan.is_empty())
            && !self.inspection.facts.site.servers.iter().any(elsewhere)
    }

    /// The plan for the answer.
    #[must_use]
    pub fn plan_section(&self) -> Option<PlanSection> {
        let migration = self.migration.as_ref()?;
        Some(PlanSection {
            id: migration.plan.id.clone(),
            strategy: migration.plan.strategy.clone(),
            site: migration.plan.site.display().to_string(),
            steps: migration.plan.steps.iter().map(crate::plan::Step::describe).collect(),
            local_changes: migration.local_changes.clone(),
            diff: migration.diff.clone(),
        })
    }

    /// The host for the answer.
    #[must_use]
    pub fn host_section(&self) -> HostSection {
        let facts = &self.inspection.facts;
        HostSection {
            name: facts.host.name.clone(),
            os: facts.host.os.clone(),
            nginx: Some(facts.nginx.version.to_string()),
            motion: facts.motion.version.as_ref().map(|(version, _)| version.clone()),
        }
    }
}

/// Prepares a migration.
///
/// # Errors
/// When there is nothing to plan for, the old configuration is broken, or NGINX
/// refuses the new one. The findings so far are in the failure.
pub fn prepare(root: &Root, launcher: &Launcher, options: &Options) -> Result<Prepared, Failure> {
    let mut findings = Vec::new();
    let result = gather(root, launcher, options, &mut findings);
    accept(&mut findings, &options.accept);
    sort_findings(&mut findings);
    match result {
        Ok((inspection, migration, notes)) => Ok(Prepared { inspection, migration, findings, notes }),
        Err(mut failure) => {
            findings.append(&mut failure.findings);
            accept(&mut findings, &options.accept);
            sort_findings(&mut findings);
            Err(failure.with_findings(findings))
        }
    }
}

/// Marks what the operator accepted.
pub fn accept(findings: &mut [Finding], accepted: &BTreeSet<String>) {
    for finding in findings {
        finding.accepted |= accepted.contains(&finding.code);
    }
}

type Gathered = (Inspection, Option<Migration>, Vec<String>);

fn gather(
    root: &Root,
    launcher: &Launcher,
    options: &Options,
    findings: &mut Vec<Finding>,
) -> Result<Gathered, Failure> {
    let mut inspection = inspect(root, &options.inspect)?;
    findings.append(&mut inspection.findings);
    accept(findings, &options.accept);
    let mut notes = Vec::new();
    let facts = &inspection.facts;
    // A tree that runs code is not even tested before somebody accepts that.
    let may_run = !findings.iter().any(|finding| finding.code == "config.runs-code" && finding.stops());
    let gate = tested::Gate { root, launcher, facts, config: &inspection.config, sandbox: options.sandbox };
    let old = if may_run { gate.test_old(findings, &mut notes)? } else { None };
    let migration = match migrate(facts, &inspection.config, &options.bundle, options.strategy) {
        Ok(migration) => migration,
        Err(PlanError::NoClient) => return Ok((inspection, None, notes)),
        Err(error) => return Err(no_plan(&error)),
    };
    if let Some(old) = old
        && !migration.plan.is_empty()
    {
        gate.test_new(&migration.plan, &old, findings)?;
    }
    if facts.host.scope == Scope::Live && facts.nginx.master.is_some() {
        findings.extend(ports::held(root, facts, &inspection.config, &migration.plan));
    }
    Ok((inspection, Some(migration), notes))
}

fn no_plan(error: &PlanError) -> Failure {
    let text = crate::nginx::redact_text(&error.to_string());
    match error {
        PlanError::Lacks(_) => Failure::new(FailureKind::Refused, format!("planning: {text}"))
            .with_hint("--strategy graft changes less and needs less"),
        _ => Failure::new(FailureKind::Invalid, format!("planning: {text}")),
    }
}

/// The finding of a host that allows no sandbox.
fn no_sandbox(scope: &Scope, choice: SandboxChoice, reason: &str) -> Finding {
    let level = match choice {
        SandboxChoice::Required => Level::Stop,
        SandboxChoice::AfterInstall => Level::Warn,
    };
    Finding::new("host.no-sandbox", level, "this host allows no sandbox to validate in")
        .evidence(reason.to_owned())
        .advice(match scope {
            Scope::Live => "--no-sandbox validates after installing and rolls back on failure",
            Scope::Tree(_) => {
                "a copied tree is validated in a sandbox only: use a machine that allows namespaces"
            }
        })
}
