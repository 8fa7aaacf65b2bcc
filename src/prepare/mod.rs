//! Everything before the first effect: inspect, test the old configuration,
//! plan, test the new one, and say what is in the way.
//!
//! Invariant: reads and tests only; what `check`, `plan`, `apply` and
//! `rehearse` decide on is made here once, so that they cannot disagree.

mod adopt;
mod asked;
mod bundle;
mod candidate;
mod carry;
mod certificates;
mod client;
mod copies;
mod effect;
mod gone;
pub mod idle;
mod kept;
mod lacking;
mod left_behind;
mod merge;
mod named;
mod named_upstream;
mod open_run;
mod past;
mod planned;
mod ports;
mod probes;
mod rollback;
mod routing;
mod saved;
mod space;
mod standing;
pub mod state;
mod tested;
mod to_come;
mod to_https;
mod undoing;
mod unusable;
mod ways;

pub use asked::settle as ask;
pub use bundle::finding as bundle_finding;
pub use probes::{Opening, Reach, StatedProbe, not_asked, rollback_probes};

use crate::apply::SandboxChoice;
use crate::facts::{RouteState, Scope, ServerFacts, ServerRole};
use crate::host::Root;
use crate::host::sandbox::Launcher;
use crate::inspect::{self, ClientChoice, Inspection, file_facts, inspect, survey};
use crate::outcome::codes::{self, Code};
use crate::outcome::{
    Failure, FailureKind, Finding, HostSection, Level, PlanCounts, PlanSection, ProbeRow, sort_findings,
};
use crate::plan::bundle::{Bundle, Origin};
use crate::plan::{
    Companion, Effect, GuardWish, Input, LocalInclude, Migration, SiteState, Standing, Strategy,
    StrategyWish, Wish, remembers_base,
};
use crate::values::{RootPath, TextPath};
use crate::verify::probe::{Probe, ProbePlan};
use crate::verify::staged::Verdict;
pub use carry::OldCopy;
pub use effect::effect_findings;
pub use kept::{damaged, kept, record_paths};
pub use left_behind::paths as records_left_behind;
use merge::merge_findings;
use nginx_config::merge::Resolutions;
pub use open_run::{Advice, OpenRun};
pub use past::{Known, Past, history_gone, is_trusted};
pub use planned::OpenConflicts;
use planned::planned;
pub use rollback::{Extent, is_record_at, shown, way_back};
pub use saved::saved;
use serde::{Deserialize, Serialize};
pub use space::space;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
pub use to_come::ToCome;
pub use undoing::Undoing;
pub use unusable::unusable;
pub use ways::finding as write_finding;

/// What the operator asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Where discovery needs help.
    pub inspect: inspect::Options,
    /// The templates.
    pub bundle: Bundle,
    /// Where they come from.
    pub templates: Origin,
    /// How the new configuration is made.
    pub strategy: StrategyWish,
    /// The vendor's own new file.
    pub candidate: Option<Input>,
    /// New files that come with it, by their paths: those that it includes are made, too.
    #[serde(default)]
    pub beside: Vec<Input>,
    /// What the live file descends from.
    pub base: Option<Input>,
    /// An old copy, to bring back what the live file lost.
    #[serde(default)]
    pub carry: Option<OldCopy>,
    /// What was decided about conflicts.
    pub resolutions: Resolutions,
    /// What is to be taken that is only offered, by path.
    #[serde(default)]
    pub take: Vec<String>,
    /// Where local blocks are to go, below the root.
    pub local_include: Option<PathBuf>,
    /// What becomes of the guards of today's pages.
    pub guards: GuardWish,
    /// Findings accepted by name.
    pub accept: BTreeSet<Code>,
    /// Whether a sandbox is demanded.
    pub sandbox: SandboxChoice,
    /// Routes that must answer after the change as the operator says.
    pub probes: Vec<StatedProbe>,
    /// Whether older copies of Motion's file are looked for.
    #[serde(default)]
    pub copies: LookForCopies,
    /// What a conflict with an update means.
    #[serde(default)]
    pub conflicts: OpenConflicts,
}

/// Whether older copies of Motion's file are looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LookForCopies {
    /// They are no concern of this command.
    #[default]
    No,
    /// They are, and what the live file lost against the newest is said.
    Yes,
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
    /// What the operator wants to see after the change, each at its server.
    stated: Vec<Probe>,
    /// Whether the operator accepts that a route is open which was guarded.
    opening: Opening,
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
        Ok((inspection, migration, notes)) => {
            let stated = probes::stated_probes(&inspection.facts.site, &inspection.config, &options.probes)?;
            let accepts = options.accept.contains(&codes::ROUTES_UNGUARDED);
            let opening = if accepts { Opening::Accepted } else { Opening::Refused };
            Ok(Prepared { inspection, migration, findings, notes, stated, opening })
        }
        Err(mut failure) => {
            findings.append(&mut failure.findings);
            accept(&mut findings, &options.accept);
            sort_findings(&mut findings);
            Err(failure.with_findings(findings))
        }
    }
}

/// Marks what the operator accepted.
pub fn accept(findings: &mut [Finding], accepted: &BTreeSet<Code>) {
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
    let mut inspection =
        inspect(root, &options.inspect).map_err(|failure| left_behind::named_in(root, failure))?;
    // Inside of a rehearsal a stand-in would answer.
    match options.inspect.rehearsed {
        None if root.is_live() => asked::settle(&mut inspection, &options.inspect.client),
        None => findings.extend(named_upstream::finding(&inspection.facts, None)),
        Some(_) => {}
    }
    let wish = wish(root, &inspection, options, findings)?;
    if let (Some(candidate), ClientChoice::Search) = (&wish.candidate, &options.inspect.client) {
        client::name_client(root, &mut inspection, candidate);
    }
    findings.append(&mut inspection.findings);
    findings.extend(bundle::finding(&options.templates));
    findings.extend(inspect::routes(&inspection.facts, &inspection.config));
    findings.extend(survey(root, &inspection));
    findings.extend(client::client_findings(&mut inspection, &options.inspect.client));
    accept(findings, &options.accept);
    let mut notes: Vec<String> = bundle::note(&options.templates).into_iter().collect();
    let facts = &inspection.facts;
    // A tree that runs code is not even tested before somebody accepts that.
    let may_run = !findings.iter().any(|finding| finding.code == codes::CONFIG_RUNS_CODE && finding.stops());
    let (programs, config) = (&inspection.programs, &inspection.config);
    let gate = tested::Gate { root, launcher, facts, programs, config, sandbox: options.sandbox };
    let old = if may_run { gate.test_old(findings, &mut notes)? } else { None };
    if options.copies == LookForCopies::Yes {
        findings.extend(copies::older_copies(root, &inspection, &mut notes));
    }
    let Some(migration) = planned(root, &inspection, options, &wish, findings)? else {
        return Ok((inspection, None, notes));
    };
    let migration =
        Migration { plan: migration.plan.made_after(saved::newest_run(root).as_ref()), ..migration };
    findings.extend(ways::finding(root, &inspection, &migration.plan, findings));
    findings.extend(effect_findings(facts, &migration));
    findings.extend(merge_findings(&migration, options));
    findings.extend(standing::standing_findings(&migration));
    let missing = match options.candidate {
        Some(_) => missing_certificates(root, &inspection, &migration),
        None => Vec::new(),
    };
    findings.extend(certificates::finding(facts, &missing));
    if let Some(old) = old
        && !migration.plan.is_empty()
    {
        test_new(&gate, (&migration, &old), &missing, findings, &mut notes)?;
    }
    if !migration.plan.is_empty() {
        let reach = if facts.host.scope == Scope::Live { Reach::Harmless } else { Reach::Everything };
        findings.extend(not_asked(probes::cannot_be_asked(&facts.site, &migration.effect, reach)));
    }
    if facts.host.scope == Scope::Live {
        findings.extend(ports::held(root, facts, &inspection.config, &migration.plan));
    }
    Ok((inspection, Some(migration), notes))
}

/// Has NGINX test the planned configuration; what it cannot test for a reason that was said already is a note.
fn test_new(
    gate: &tested::Gate<'_>,
    (migration, old): (&Migration, &Verdict),
    missing: &[PathBuf],
    findings: &mut Vec<Finding>,
    notes: &mut Vec<String>,
) -> Result<(), Failure> {
    let barred =
        findings.iter().any(|finding| finding.code == codes::SITE_NOT_REPLACEABLE && finding.stops());
    match gate.test_new(&migration.plan, old, findings) {
        // An immutable file cannot be replaced in a sandbox either.
        Err(failure) if barred && failure.kind == FailureKind::Failed => {
            notes.push(format!("the new configuration was not tested: {}", failure.message));
            Ok(())
        }
        // Said already; NGINX goes no further than to the first file that is missing.
        Err(failure) if missing.iter().any(|path| names(&failure, path)) => {
            notes.push(format!("NGINX could not test the whole of it: {}", failure.message));
            Ok(())
        }
        tested => tested,
    }
}

/// Files for TLS that the plan names and that are not there.
fn missing_certificates(root: &Root, inspection: &Inspection, migration: &Migration) -> Vec<PathBuf> {
    let new = candidate::planned(root, inspection, &migration.plan);
    let missing = new.map(|new| certificates::missing(root, &inspection.facts, &inspection.config, &new));
    missing.unwrap_or_default()
}

/// Whether NGINX's refusal is about this file.
fn names(failure: &Failure, path: &Path) -> bool {
    let quoted = format!("\"{}\"", path.display());
    failure.kind == FailureKind::Invalid && failure.message.contains(&quoted)
}

/// What is wanted, with what the last change left behind.
fn wish(
    root: &Root,
    inspection: &Inspection,
    options: &Options,
    findings: &mut Vec<Finding>,
) -> Result<Wish, Failure> {
    options.base.iter().try_for_each(|base| candidate::base(inspection, base))?;
    let (memory, keeping, unknown) = match kept::kept(root, &inspection.facts) {
        Ok((memory, keeping)) => {
            let unknown = keeping.is_gone.then_some(SiteState::RecordGone);
            findings.extend(unknown.map(|_| kept::gone(root, &inspection.facts)));
            (Some(memory), Some(keeping), unknown)
        }
        // A merge would be planned as if there had never been a change: that is for a person to accept.
        Err(unreadable) => {
            findings.push(unreadable.finding());
            (None, None, Some(SiteState::Unreadable))
        }
    };
    let candidate = options.candidate.clone();
    let is_known = options.base.is_some() || remembers_base(memory.as_ref(), keeping.as_ref());
    let strategy = match options.strategy {
        // As the planner chooses.
        StrategyWish::Auto if !is_known => StrategyWish::Named(Strategy::Graft),
        wanted => wanted,
    };
    let beside: BTreeMap<PathBuf, Vec<u8>> = options
        .beside
        .iter()
        .map(|input| (PathBuf::from(&input.name), input.bytes.clone()))
        .filter(|(path, _)| root.metadata(path).is_err())
        .collect();
    let read = |input| candidate::candidate(root, inspection, strategy, input, &beside);
    let candidate = candidate.map(read).transpose()?;
    let mut companions = Vec::new();
    for (path, bytes) in beside {
        if candidate.as_ref().is_some_and(|candidate| candidate.beside.contains_key(&path)) {
            companions.push(Companion { file: local_include(root, &path)?, bytes });
        }
    }
    let carry = options.carry.as_ref().map(|old| carry::carry(root, inspection, old)).transpose()?;
    let record =
        keeping.as_ref().zip(memory.as_ref()).and_then(|(keeping, memory)| kept::left(keeping, memory));
    let coming_back =
        carry.iter().map(|carry| carry.tree.source()).chain(record.iter().map(|left| left.source()));
    let named = coming_back.flat_map(|text| candidate::named_by(root, inspection, text)).collect();
    Ok(Wish {
        strategy: options.strategy,
        named,
        candidate,
        companions,
        base: options.base.clone(),
        memory,
        keeping,
        unknown,
        carry,
        resolutions: options.resolutions.clone(),
        take: options.take.clone(),
        local_include: options.local_include.as_deref().map(|path| local_include(root, path)).transpose()?,
        guards: options.guards,
    })
}

/// The customer's own file as it is, and what it needs to be.
fn local_include(root: &Root, path: &Path) -> Result<LocalInclude, Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(FailureKind::Unavailable, format!("looking at {}: {error}", path.display()))
    };
    let at = RootPath::new(path).map_err(|error| failed(&error))?;
    let at = TextPath::try_from(at).map_err(|error| failed(&error))?;
    let facts = file_facts(root, &at).map_err(|error| failed(&error))?;
    let existing = match facts {
        Some(facts) => Some((facts, root.read(&at).map_err(|error| failed(&error))?)),
        None => None,
    };
    let missing = at.folders_above().into_iter().filter(|folder| root.metadata(folder).is_err());
    let missing_folders = missing.collect();
    let attributes = kept::new_file(root, &at, 0o644);
    Ok(LocalInclude { path: at, existing, missing_folders, attributes })
}

/// The finding of a host that allows no sandbox.
fn no_sandbox(scope: &Scope, choice: SandboxChoice, reason: &str) -> Finding {
    let level = match choice {
        SandboxChoice::Required => Level::Stop,
        SandboxChoice::AfterInstall => Level::Warn,
    };
    Finding::graded(codes::HOST_NO_SANDBOX, level, "this host allows no sandbox to validate in")
        .evidence(reason.to_owned())
        .advice(match scope {
            Scope::Live => "--no-sandbox validates after installing and rolls back on failure",
            Scope::Tree(_) => {
                "a copied tree is validated in a sandbox only: use a machine that allows namespaces"
            }
        })
}
