//! Chooses Motion's site among the server blocks, or says why it cannot.
//!
//! Pure. Two sites that could both be Motion's are never reduced to one by
//! order or luck.

use super::site::{Candidate, Certainty};
use crate::facts::{ServerFacts, ServerRole, UpstreamAddress};
use crate::outcome::{Failure, FailureKind, Finding, Level};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Motion's site.
#[derive(Debug)]
pub struct Selected {
    /// The file that holds it.
    pub file: PathBuf,
    /// Its server blocks.
    pub servers: Vec<ServerFacts>,
    /// The addresses that answer Motion's routes.
    pub upstreams: BTreeSet<UpstreamAddress>,
}

/// Chooses the site.
///
/// # Errors
/// When there is none, or more than one.
pub fn select(candidates: Vec<Candidate>) -> Result<Selected, Failure> {
    let sure: Vec<&Candidate> =
        candidates.iter().filter(|candidate| candidate.certainty == Certainty::Yes).collect();
    if sure.is_empty() {
        let perhaps: Vec<_> =
            candidates.iter().filter(|candidate| candidate.certainty == Certainty::Perhaps).collect();
        return Err(if perhaps.is_empty() { not_found(&candidates) } else { ambiguous(&perhaps) });
    }
    let own = one_application(&sure)?;
    let upstreams: BTreeSet<_> = own.iter().flat_map(|candidate| candidate.upstreams.clone()).collect();
    let names: BTreeSet<_> = own.iter().flat_map(|candidate| candidate.server.names.clone()).collect();
    let files: BTreeSet<_> = own.iter().map(|candidate| candidate.file.clone()).collect();
    let file = site_file(&own);
    let servers = candidates
        .into_iter()
        .filter_map(|candidate| {
            let certain = files.contains(&candidate.file) && candidate.certainty == Certainty::Yes;
            let same_application = candidate.upstreams.iter().any(|upstream| upstreams.contains(upstream));
            let mut server = candidate.server;
            server.role = match server.role {
                ServerRole::RedirectsOnly => ServerRole::RedirectsOnly,
                _ if certain || same_application => ServerRole::ServesMotion,
                _ => ServerRole::Other,
            };
            let shares_name = server.names.iter().any(|name| names.contains(name));
            let belongs = match server.role {
                ServerRole::ServesMotion => true,
                ServerRole::RedirectsOnly => shares_name || files.contains(&candidate.file),
                ServerRole::Other => files.contains(&candidate.file),
            };
            belongs.then_some(server)
        })
        .collect();
    Ok(Selected { file, servers, upstreams })
}

/// The blocks that lead to one application; more than one is ambiguous, unless
/// a file's name settles it.
fn one_application<'a>(sure: &[&'a Candidate]) -> Result<Vec<&'a Candidate>, Failure> {
    let connected = |candidates: &[&'a Candidate]| {
        let mut reached: Vec<&Candidate> = candidates.first().copied().into_iter().collect();
        let mut rest: Vec<&Candidate> = candidates.iter().skip(1).copied().collect();
        while let Some(index) = rest.iter().position(|next| reached.iter().any(|one| same_site(one, next))) {
            reached.push(rest.remove(index));
        }
        (reached, rest)
    };
    let (all, others) = connected(sure);
    if others.is_empty() {
        return Ok(all);
    }
    let named: Vec<_> = sure.iter().copied().filter(|candidate| is_named_for_motion(candidate)).collect();
    let (all, others) = connected(&named);
    if !all.is_empty() && others.is_empty() { Ok(all) } else { Err(ambiguous(sure)) }
}

fn same_site(one: &Candidate, other: &Candidate) -> bool {
    one.file == other.file || one.upstreams.iter().any(|upstream| other.upstreams.contains(upstream))
}

fn is_named_for_motion(candidate: &Candidate) -> bool {
    candidate.file.file_name().is_some_and(|name| name.to_string_lossy().contains("motion"))
}

/// The file to speak of: named most plainly for Motion.
fn site_file(own: &[&Candidate]) -> PathBuf {
    let plainness = |candidate: &&&Candidate| {
        let name = candidate.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (name != "motion.conf" && name != "motion", !name.starts_with("motion"), candidate.file.clone())
    };
    own.iter().min_by_key(plainness).map(|candidate| candidate.file.clone()).unwrap_or_default()
}

fn not_found(candidates: &[Candidate]) -> Failure {
    let finding = candidates.iter().take(10).fold(
        Finding::new("site.not-found", Level::Stop, "no server block serves Motion")
            .advice("name Motion's NGINX file with --site FILE"),
        |finding, candidate| {
            finding.evidence(format!(
                "{}: server {} serves something else",
                candidate.file.display(),
                candidate.server.label
            ))
        },
    );
    Failure::new(FailureKind::Unavailable, "no server block serves Motion")
        .with_hint("name Motion's NGINX file with --site FILE")
        .with_findings(vec![finding])
}

fn ambiguous(candidates: &[&Candidate]) -> Failure {
    let finding = candidates.iter().fold(
        Finding::new("site.ambiguous", Level::Stop, "which server block is Motion's is not certain")
            .advice("name Motion's NGINX file with --site FILE"),
        |finding, candidate| {
            let seen = candidate.evidence.join("; ");
            finding.evidence(format!(
                "{}: server {}: {seen}",
                candidate.file.display(),
                candidate.server.label
            ))
        },
    );
    Failure::new(FailureKind::Refused, "which server block is Motion's is not certain")
        .with_hint("name Motion's NGINX file with --site FILE")
        .with_findings(vec![finding])
}
