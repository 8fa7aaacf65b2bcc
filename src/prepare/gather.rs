//! The one preparation that `check`, `plan`, `apply` and `rehearse` share: inspect, test the old, plan, test the new.
//!
//! Invariant: reads and tests only; the findings so far go with every failure.

use super::effect::effect_findings;
use super::merge::merge_findings;
use super::options::{LookForCopies, Options};
use super::plan_input::wanted;
use super::planned::planned;
use super::prepared::Prepared;
use super::probes::{Opening, Reach, not_asked};
use super::{
    asked, bundle, candidate, certificates, client, copies, left_behind, named_upstream, nginx_test, ports,
    probes, saved, standing, ways,
};
use crate::facts::Scope;
use crate::host::Root;
use crate::host::sandbox::Launcher;
use crate::inspect;
use crate::inspect::{ClientChoice, Inspection, inspect, survey};
use crate::outcome::codes::Code;
use crate::outcome::{Failure, FailureKind, Finding, codes, sort_findings};
use crate::plan::Migration;
use crate::verify::staged::Verdict;
use crate::verify::tested::AcceptedStates;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What was found out, without the findings.
struct Gathered {
    inspection: Inspection,
    migration: Option<Migration>,
    notes: Vec<String>,
    tested: Option<AcceptedStates>,
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
        Ok(Gathered { inspection, migration, notes, tested }) => {
            let stated = probes::stated_probes(&inspection.facts.site, &inspection.config, &options.probes)?;
            let accepts = options.accept.contains(&codes::ROUTES_UNGUARDED);
            let opening = if accepts { Opening::Accepted } else { Opening::Refused };
            Ok(Prepared { inspection, migration, findings, notes, tested, stated, opening })
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
    let wanted = wanted(root, &inspection, options, findings)?;
    if let (Some(candidate), ClientChoice::Search) = (&wanted.candidate, &options.inspect.client) {
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
    let gate = nginx_test::Gate { root, launcher, facts, programs, config, sandbox: options.sandbox };
    let old = if may_run { gate.test_old(findings, &mut notes)? } else { None };
    if options.copies == LookForCopies::Yes {
        findings.extend(copies::older_copies(root, &inspection, &mut notes));
    }
    let Some(migration) = planned(root, &inspection, options, &wanted, findings)? else {
        return Ok(Gathered { inspection, migration: None, notes, tested: None });
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
    let tested = match old {
        Some(old) if !migration.plan.is_empty() => {
            test_new(&gate, (&migration, &old), &missing, findings, &mut notes)?
        }
        _ => None,
    };
    if !migration.plan.is_empty() {
        let reach = if facts.host.scope == Scope::Live { Reach::Harmless } else { Reach::Everything };
        findings.extend(not_asked(probes::cannot_be_asked(&facts.site, &migration.effect, reach)));
    }
    if facts.host.scope == Scope::Live {
        findings.extend(ports::held(root, facts, &inspection.config, &migration.plan));
    }
    Ok(Gathered { inspection, migration: Some(migration), notes, tested })
}

/// Has NGINX test the planned configuration; what it cannot test for a reason that was said already is a note.
fn test_new(
    gate: &nginx_test::Gate<'_>,
    (migration, old): (&Migration, &Verdict),
    missing: &[PathBuf],
    findings: &mut Vec<Finding>,
    notes: &mut Vec<String>,
) -> Result<Option<AcceptedStates>, Failure> {
    let barred =
        findings.iter().any(|finding| finding.code == codes::SITE_NOT_REPLACEABLE && finding.stops());
    match gate.test_new(&migration.plan, old, findings) {
        // An immutable file cannot be replaced in a sandbox either.
        Err(failure) if barred && failure.kind == FailureKind::Failed => {
            notes.push(format!("the new configuration was not tested: {}", failure.message));
            Ok(None)
        }
        // Said already; NGINX goes no further than to the first file that is missing.
        Err(failure) if missing.iter().any(|path| names(&failure, path)) => {
            notes.push(format!("NGINX could not test the whole of it: {}", failure.message));
            Ok(None)
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
