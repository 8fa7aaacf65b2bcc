//! The plan for what is wanted, or why there is none, for people.
//!
//! Invariant: a command that only looks gets an answer also where somebody has to decide first.

use super::kept::Unreadable;
use super::options::{OpenConflicts, Options};
use super::{left_behind, merge};
use crate::host::Root;
use crate::inspect::Inspection;
use crate::outcome::{Failure, FailureKind, Finding, codes};
use crate::plan::{Migration, PlanError, PlanInput, SiteState, Standing, migrate, undecided};
use std::borrow::Cow;

/// Plans; nothing where the new client was not found.
///
/// # Errors
/// When there is no plan for another reason.
pub fn planned(
    root: &Root,
    inspection: &Inspection,
    options: &Options,
    wanted: &PlanInput,
    findings: &mut Vec<Finding>,
) -> Result<Option<Migration>, Failure> {
    let (facts, config) = (&inspection.facts, &inspection.config);
    let known = migrate(facts, config, &options.bundle, wanted);
    let (known, wanted) = match known {
        // It fits by itself, and nothing can be built on it all the same.
        Err(PlanError::Kept(_, error)) => {
            findings.push(Unreadable::damaged(root, facts, &error.to_string()).finding());
            let unknown = Some(SiteState::Unreadable);
            let without = PlanInput { memory: None, keeping: None, unknown, ..wanted.clone() };
            (migrate(facts, config, &options.bundle, &without), Cow::Owned(without))
        }
        known => (known, Cow::Borrowed(wanted)),
    };
    let mut migration = match known {
        Ok(migration) => migration,
        Err(PlanError::NoClient) => return Ok(None),
        Err(error) => {
            let failure = no_plan(&error);
            let looks_only = options.conflicts == OpenConflicts::Say;
            match undecided(facts, config, &wanted, &error).filter(|_| looks_only) {
                Some(seen) => {
                    findings.extend(failure.findings);
                    seen
                }
                None => return Err(failure),
            }
        }
    };
    if let Some(state) = wanted.unknown {
        let file = inspection.facts.site.file.file_name().map(|name| name.to_string_lossy().into_owned());
        migration.standing = Standing { state, file: file.unwrap_or_default(), ..Standing::default() };
    } else if !migration.standing.lacks_changes()
        && let Some(moved) = left_behind::standing(root, inspection)
    {
        migration.standing = moved;
    }
    Ok(Some(migration))
}

fn no_plan(error: &PlanError) -> Failure {
    let text = nginx_config::redact_text(&error.to_string());
    match error {
        PlanError::Lacks(_) => Failure::new(FailureKind::Refused, format!("planning: {text}"))
            .with_hint("--strategy graft changes less and needs less"),
        PlanError::Name(_) => Failure::new(FailureKind::Refused, format!("planning: {text}"))
            .with_hint("no plan can hold such a name: rename the file, then plan again"),
        PlanError::BringBackFirst => Failure::new(FailureKind::Refused, text)
            .with_hint("run `motionctl apply` without --candidate and --carry first: it brings them back"),
        PlanError::Conflicts(conflicts) => merge::refused(conflicts),
        PlanError::Doubts(doubts) => merge::ambiguous(doubts),
        PlanError::CandidateLacksRoute { seen, .. } => {
            let finding =
                Finding::new(codes::CANDIDATE_LACKS_ROUTE, "the candidate does not serve the new client")
                    .evidence(text.clone())
                    .advice("ask the vendor for the file of this version, or leave --candidate out");
            let finding = finding.evidence_lines(seen);
            Failure::new(FailureKind::Invalid, text).with_findings(vec![finding])
        }
        PlanError::CandidateUnclear { .. }
        | PlanError::CandidateNeeds { .. }
        | PlanError::CandidateMoves { .. } => Failure::new(FailureKind::Refused, text)
            .with_hint("--strategy merge takes the candidate's other directives as well; or leave --candidate out, and motionctl's own routes are added"),
        PlanError::CarryNeeds { .. } => Failure::new(FailureKind::Invalid, text)
            .with_hint("leave it out with --resolve 'PATH=theirs', or give --carry the whole old configuration"),
        PlanError::OthersNeed { .. } => Failure::new(FailureKind::Refused, text)
            .with_hint("put the other application's block into a file of its own, with what it needs; or take another --strategy"),
        _ => Failure::new(FailureKind::Invalid, format!("planning: {text}")),
    }
}
