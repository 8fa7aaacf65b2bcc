//! What is known before the first effect.
//!
//! Invariant: answers from what was gathered; nothing is looked at again.

use super::probes::{Opening, Reach};
use super::{candidate, probes, to_https};
use crate::facts::{RouteState, ServerFacts, ServerRole};
use crate::inspect::Inspection;
use crate::outcome::{Finding, HostSection, Level, PlanCounts, PlanSection, ProbeRow, codes};
use crate::plan::{Effect, Migration, Standing};
use crate::values::TextPath;
use crate::verify::Probe;
use crate::verify::probe::ProbePlan;
use crate::verify::tested::AcceptedStates;

/// Everything that is known before the first effect.
pub struct Prepared {
    pub inspection: Inspection,
    /// The plan; `None` when a stop leaves nothing to plan with.
    pub migration: Option<Migration>,
    /// All findings, sorted, with what was accepted.
    pub findings: Vec<Finding>,
    /// What differed from the real server in the tests, for people.
    pub notes: Vec<String>,
    /// What NGINX accepted of the plan, for a run that follows at once.
    pub tested: Option<AcceptedStates>,
    /// What the operator wants to see after the change, each at its server.
    pub(super) stated: Vec<Probe>,
    /// Whether the operator accepts that a route is open which was guarded.
    pub(super) opening: Opening,
}

impl Prepared {
    /// How Motion's file stands against what the last change left there.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.migration.as_ref().map(|migration| migration.standing.clone()).unwrap_or_default()
    }

    /// Whether this is Motion's file, by the path under which it is changed.
    #[must_use]
    pub fn is_site(&self, path: &TextPath) -> bool {
        candidate::site(&self.inspection).is_some_and(|file| file.identity == path.as_path())
    }

    /// The findings that refuse an apply.
    pub fn stops(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.stops())
    }

    /// What answers the new client's route, over all blocks that serve Motion: the worst of them. One that certainly
    /// lacks it is worse than one of which it cannot be told.
    #[must_use]
    pub fn route(&self) -> RouteState {
        let rank = |state: &RouteState| match state {
            RouteState::Elsewhere(_) => 3,
            RouteState::Missing => 2,
            RouteState::CannotTell(_) => 1,
            RouteState::Present => 0,
        };
        let serving = |server: &&ServerFacts| server.role == ServerRole::ServesMotion;
        let servers = self.inspection.facts.site.servers.iter().filter(serving);
        let states: Vec<_> = servers.map(|server| server.new_client.clone()).collect();
        states.into_iter().rev().max_by_key(rank).unwrap_or(RouteState::Missing)
    }

    /// Whether there is nothing that a plan would change, nor could: the route is there, or whether it is cannot be
    /// told. An empty plan alone does not say so.
    #[must_use]
    pub fn has_nothing_to_do(&self) -> bool {
        matches!(self.route(), RouteState::Present | RouteState::CannotTell(_))
            && self
                .migration
                .as_ref()
                .is_some_and(|migration| migration.plan.is_empty() && migration.standing.undecided.is_empty())
    }

    /// Whether the server is known to be as wanted: the route is there in every block that serves Motion, its page has
    /// what it loads, and nothing stands in the way of saying so.
    #[must_use]
    pub fn is_up_to_date(&self) -> bool {
        self.has_nothing_to_do()
            && self.route() == RouteState::Present
            && self.stops().next().is_none()
            && !self.is_broken()
            && !self.standing().lacks_changes()
            && !self.standing().is_unknown()
    }

    /// Whether the route is there, and the page that it leads to would not work, or was not what came.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        let says_so = |finding: &Finding| {
            finding.code == codes::ROUTES_ELSEWHERE
                || (finding.code == codes::NEWCLIENT_ASKED && finding.level == Level::Warn)
        };
        self.route() == RouteState::Present && self.findings.iter().any(says_so)
    }

    /// The routes to ask before and after the change.
    #[must_use]
    pub fn probes(&self, reach: Reach) -> ProbePlan {
        let facts = &self.inspection.facts;
        self.migration.as_ref().map_or_else(ProbePlan::default, |migration| {
            let mut plan = probes::migration_probes(facts, migration, reach, self.opening, &self.stated);
            to_https::follow(&mut plan, &migration.to_https);
            plan
        })
    }

    /// Why the new client's route was not asked, whatever was planned to bring it.
    #[must_use]
    pub fn were_not_asked(&self, reach: Reach, rows: &[ProbeRow]) -> Vec<String> {
        let nothing = Effect::default();
        let effect = self.migration.as_ref().map_or(&nothing, |migration| &migration.effect);
        probes::were_not_asked(&self.inspection.facts.site, effect, reach, rows)
    }

    /// The plan for the answer.
    #[must_use]
    pub fn plan_section(&self) -> Option<PlanSection> {
        let migration = self.migration.as_ref()?;
        Some(PlanSection {
            id: migration.plan.id.to_string(),
            strategy: migration.plan.strategy.clone(),
            site: migration.plan.site.clone(),
            base: migration.base.clone(),
            blocked: None,
            counts: Some(PlanCounts::of(migration.plan.configuration_files(), &migration.diff)),
            steps: migration.plan.steps.iter().map(crate::plan::Step::describe).collect(),
            local_changes: migration.local_changes.clone(),
            differences_from_guess: migration.guess.clone(),
            offered: migration.offered.clone(),
            taken: migration.taken.clone(),
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
            nginx: self.inspection.programs.tester.as_ref().map(|_| facts.nginx.version.to_string()),
            motion: facts.motion.version.as_ref().map(|(version, _)| version.clone()),
        }
    }
}
