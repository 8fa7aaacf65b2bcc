//! A plan with all that is known about it, made by one look at the database.
//!
//! Invariant: everything is read in one READ ONLY transaction. What is planned and what it relies on belong together.

use super::consequences::{self, Login, PlanContext};
use super::effects::effects;
use super::foreseen;
use super::manifest::{CANDIDATES, Candidates, Manifest, Problem, SUGGESTIONS, shown_beside, shown_unmasked};
use super::map::{Effect, Needs, Part, Use};
use super::plan::{Draft, Fingerprint, Input, Plan, Unknown, Unusable, draft, matrix, noun};
use super::session::{Session, failure};
use super::snapshot::{Scope, Section, Snapshot, Unnamed, read};
use super::verify;
use crate::db::{Access, DbError};
use crate::outcome::{Failure, FailureKind, Finding, Matrix, counted, sort_findings};
use std::collections::{BTreeMap, BTreeSet};

/// A plan and what it relies on.
#[derive(Debug, Clone)]
pub struct Planned {
    pub plan: Plan,
    /// What they rely on.
    pub fingerprint: Fingerprint,
    /// What a person should know; a stop refuses to apply it.
    pub findings: Vec<Finding>,
    /// How the database stands to the manifest.
    pub agreement: Agreement,
    /// Who belongs to what, where a picture was asked for ([`Session::pictured`]).
    pub matrix: Option<Matrix>,
    /// What the running application notices, each by its name in the map.
    pub effects: Vec<(String, Effect)>,
    /// Who can try it out at the login.
    pub login: Option<Login>,
}

/// How a database stands to a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// It is as the manifest says.
    Agrees,
    /// Something is to be changed, or is otherwise than the manifest says and no apply changes it.
    Differs,
}

impl Session {
    /// Plans a manifest.
    ///
    /// # Errors
    /// When the map does not fit, the manifest names what does not exist, or the database fails.
    pub fn plan(&mut self, manifest: &Manifest, unnamed: Unnamed) -> Result<Planned, Failure> {
        let scope = Scope::of(manifest, &self.map, unnamed);
        self.require(&scope.needs())?;
        self.conn.begin(Access::ReadOnlySnapshot).map_err(|error| failure(&error))?;
        let answer = self.plan_inside(manifest, unnamed, &scope);
        let ended = self.conn.rollback().map_err(|error| failure(&error));
        let planned = answer?;
        ended?;
        Ok(planned)
    }

    /// Agents who are logged in right now and whom a plan concerns, by name.
    ///
    /// # Errors
    /// When the map does not fit, or the database fails.
    pub fn logged_in(&mut self, plan: &Plan) -> Result<BTreeSet<String>, Failure> {
        self.reading(&Needs::none(), |session| {
            let (map, catalog, telling) = (&session.map, &session.catalog, session.telling);
            let look = &mut PlanContext { conn: &mut session.conn, map, catalog, plan, telling };
            consequences::logged_in(look).map_err(|error| failure(&error))
        })
    }

    fn plan_inside(
        &mut self,
        manifest: &Manifest,
        unnamed: Unnamed,
        scope: &Scope,
    ) -> Result<Planned, Failure> {
        let failed = |error: DbError| failure(&error);
        let snapshot = read(&mut self.conn, &self.map, &self.catalog, scope).map_err(failed)?;
        let mut draft = self.draft(manifest, unnamed, &snapshot);
        foreseen::refusals(&mut self.conn, &self.map, &self.catalog, manifest, &mut draft).map_err(failed)?;
        if !draft.problems.is_empty() || !draft.unknown.is_empty() {
            return Err(self.refused(manifest, draft).unwrap_or_else(|error| failure(&error)));
        }
        let fingerprint = self.fingerprint(&snapshot);
        let Draft { mut plan, mut findings, .. } = draft;
        // Stops that follow are about the server and the map, and say nothing of what the manifest wants.
        let agrees = plan.is_empty() && !findings.iter().any(Finding::stops);
        let agreement = if agrees { Agreement::Agrees } else { Agreement::Differs };
        consequences::label(&mut self.conn, &self.map, &mut plan).map_err(failed)?;
        let (map, catalog, telling) = (&self.map, &self.catalog, self.telling);
        let look = &mut PlanContext { conn: &mut self.conn, map, catalog, plan: &plan, telling };
        findings.extend(consequences::findings(look, &named(manifest, &snapshot)).map_err(failed)?);
        let alike = consequences::alike(look).map_err(failed)?;
        findings.extend(alike.findings);
        let login = consequences::login(look).map_err(failed)?;
        plan.mistakable = alike.mistakable;
        findings.extend(consequences::standing(&mut self.conn).map_err(failed)?);
        findings.extend(consequences::twice(&snapshot, self.telling));
        let needs = needs(scope, &plan);
        findings.extend(verify::unnamed_columns(&self.map, &self.catalog, &needs, true));
        let verification = self.verify(&needs);
        findings.extend(verification.findings());
        findings.extend(verify::unreviewed(&self.map, self.rules));
        sort_findings(&mut findings);
        let matrix = if self.is_pictured { matrix(&plan, &snapshot) } else { None };
        let effects = effects(&self.map, &plan);
        Ok(Planned { plan, fingerprint, findings, agreement, matrix, effects, login })
    }

    pub(super) fn draft(&self, manifest: &Manifest, unnamed: Unnamed, snapshot: &Snapshot) -> Draft {
        draft(&Input { manifest, map: &self.map, catalog: &self.catalog, snapshot, unnamed })
    }

    pub(super) fn fingerprint(&self, snapshot: &Snapshot) -> Fingerprint {
        Fingerprint::of(snapshot, &self.map, &self.identity)
    }

    /// All that refuses a manifest, each with its place.
    pub(super) fn refused(&mut self, manifest: &Manifest, draft: Draft) -> Result<Failure, DbError> {
        let mut problems = draft.problems;
        problems.extend(self.unknown(manifest, &draft.unknown)?);
        problems.sort_by_key(|problem| problem.place);
        let message = format!("{} in {}", counted(problems.len(), "problem"), manifest.source.name());
        let sections = problems.iter().map(|problem| manifest.source.section(problem)).collect();
        let failure = Failure::new(FailureKind::Invalid, message).with_problems(sections);
        Ok(failure.with_findings(draft.findings))
    }

    /// Names that mean nothing; the first of them with what may have been meant.
    fn unknown(&mut self, manifest: &Manifest, unknown: &[Unknown]) -> Result<Vec<Problem>, DbError> {
        let suggested = &unknown[..unknown.len().min(SUGGESTIONS)];
        let mut names: BTreeMap<Part, Vec<String>> = BTreeMap::new();
        for Unknown { part, .. } in suggested {
            if !names.contains_key(part) {
                let mut known = self.names(*part)?;
                known.extend(declared(manifest, *part));
                names.insert(*part, known);
            }
        }
        let candidates =
            names.iter().map(|(part, names)| (*part, Candidates::new(names.iter().map(String::as_str))));
        let candidates: BTreeMap<Part, Candidates<'_>> = candidates.collect();
        let problem = |(index, unknown): (usize, &Unknown)| {
            let candidates = candidates.get(&unknown.part).filter(|_| index < SUGGESTIONS);
            let meant = candidates.and_then(|candidates| match unknown.why {
                Unusable::Missing => candidates.suggest(&unknown.name),
                Unusable::NotAllowed => candidates.mistaken_for(&unknown.name),
            });
            no_use(unknown, meant)
        };
        Ok(unknown.iter().enumerate().map(problem).collect())
    }

    /// Names of a part, as many as are worth looking through.
    pub(super) fn names(&mut self, part: Part) -> Result<Vec<String>, DbError> {
        let Some(section) = Section::of(&self.map, part) else { return Ok(Vec::new()) };
        let name = section.name.quoted();
        let (role, agent) = section.and_role();
        let wanted = format!("{name} IS NOT NULL{role} LIMIT {CANDIDATES}");
        let sql = format!("SELECT {name} FROM {} WHERE {wanted}", section.table.quoted());
        let rows = self.conn.rows(&sql, agent.as_slice())?;
        Ok(rows.iter().filter_map(|row| row.text(0).ok().map(str::to_owned)).collect())
    }
}

/// Says that a name is of no use, and which was meant if that can be told.
fn no_use(Unknown { why, part, name, place }: &Unknown, meant: Option<&str>) -> Problem {
    let (name, meant) = match meant.map(|meant| shown_beside(name, meant)) {
        Some([name, meant]) => (name, Some(meant)),
        None => (shown_unmasked(name), None),
    };
    let problem = |message: String| Problem::error(*place, message);
    match (why, meant) {
        (_, meant) if *part == Part::Permissions => {
            let problem = problem(format!("there is no {} {name} in the database", noun(*part)));
            match meant {
                Some(meant) => problem.hint(format!("did you mean {meant}?")),
                None => problem.hint("create it in Motion; motionctl only gives rights to those that exist"),
            }
        }
        (Unusable::Missing, meant) => {
            let problem =
                problem(format!("there is no {} {name}, neither here nor in the database", noun(*part)));
            match meant {
                Some(meant) => problem.hint(format!("did you mean {meant}?")),
                None => problem.hint(format!("declare it under `{}`, or create it in Motion", list(*part))),
            }
        }
        (Unusable::NotAllowed, meant) => {
            let allowed = "a new username has letters, digits, `.` and `_` only";
            let hint =
                meant.map_or_else(|| allowed.to_owned(), |meant| format!("it looks like {meant}; {allowed}"));
            problem(format!("{name} cannot be created")).hint(hint)
        }
    }
}

/// What the manifest declares of a part.
fn declared(manifest: &Manifest, part: Part) -> Vec<String> {
    match part {
        Part::Users => manifest.agents.iter().map(|agent| agent.username.value.to_string()).collect(),
        Part::Queues(channel) => {
            let queues = manifest.queues.iter().filter(|queue| queue.channel == channel);
            queues.map(|queue| queue.name.value.to_string()).collect()
        }
        _ => Vec::new(),
    }
}

/// The ids of the profiles that a manifest names.
fn named(manifest: &Manifest, snapshot: &Snapshot) -> BTreeSet<i64> {
    let Some(records) = snapshot.profiles() else { return BTreeSet::new() };
    let of_profiles = manifest.profiles.iter().flat_map(|p| std::iter::once(&p.name).chain(&p.previous_name));
    let of_moves = manifest.moves.iter().flat_map(|moved| [&moved.from, &moved.to]);
    let groups = of_profiles.chain(of_moves).filter_map(|name| records.names.group(&name.value));
    groups.flat_map(|group| records.names.rows(group)).copied().collect()
}

/// Where a manifest declares rows of a part.
fn list(part: Part) -> String {
    match part {
        Part::Users => "agents".to_owned(),
        other => other.to_string(),
    }
}

/// What a plan does with each part of the map.
fn needs(scope: &Scope, plan: &Plan) -> Needs {
    writes(scope.needs(), plan)
}

/// The same, beside what is needed anyway.
pub(super) fn writes(mut needs: Needs, plan: &Plan) -> Needs {
    plan.insert.iter().for_each(|insert| needs.add(insert.part, Use::Create));
    plan.update.iter().for_each(|update| needs.add(update.part, Use::Change));
    plan.unlink.keys().chain(plan.weigh.keys()).for_each(|kind| needs.add(Part::Links(*kind), Use::Change));
    plan.link.keys().for_each(|kind| needs.add(Part::Links(*kind), Use::Create));
    plan.delete.iter().for_each(|delete| needs.add(delete.part, Use::Change));
    let of_rights = |is_new| if is_new { Use::Create } else { Use::Change };
    plan.rights.iter().for_each(|change| needs.add(Part::Permissions, of_rights(change.is_new)));
    needs
}
