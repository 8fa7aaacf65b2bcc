//! Chooses Motion's site among the server blocks, or says why it cannot.
//!
//! Pure. Two sites that could both be Motion's are never reduced to one by
//! order or luck.

use super::site::{Candidate, Certainty, HasRoot};
use crate::facts::{ServerFacts, ServerRole, UpstreamAddress};
use crate::outcome::codes;
use crate::outcome::{Failure, FailureKind, Finding};
use std::collections::{BTreeMap, BTreeSet};
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
    let of = |certainty: Certainty| -> Vec<&Candidate> {
        candidates.iter().filter(|candidate| candidate.certainty == certainty).collect()
    };
    // What is weaker only joins what is stronger, by an address that they share.
    let sure = [of(Certainty::Yes), of(Certainty::Named)].into_iter().find(|found| !found.is_empty());
    let Some(sure) = sure else {
        let perhaps = of(Certainty::Perhaps);
        return Err(if perhaps.is_empty() { not_found(&candidates) } else { ambiguous(&perhaps) });
    };
    let own = one_application(&sure)?;
    let upstreams: BTreeSet<_> = own.iter().flat_map(|candidate| candidate.upstreams.clone()).collect();
    let names: BTreeSet<_> = own.iter().flat_map(|candidate| candidate.server.names.clone()).collect();
    let files: BTreeSet<_> = own.iter().map(|candidate| candidate.file.clone()).collect();
    let chosen: BTreeSet<_> = own.iter().map(|candidate| candidate.server.node).collect();
    let file = site_file(&own);
    let servers = candidates
        .into_iter()
        .filter_map(|candidate| {
            let same_application = chosen.contains(&candidate.server.node)
                || candidate.root == HasRoot::Yes
                || candidate.upstreams.iter().any(|upstream| upstreams.contains(upstream));
            let mut server = candidate.server;
            server.role = match server.role {
                ServerRole::RedirectsOnly => ServerRole::RedirectsOnly,
                _ if same_application => ServerRole::ServesMotion,
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
    let (all, others) = connected(sure);
    if others.is_empty() {
        return Ok(all);
    }
    let named: Vec<_> = sure.iter().copied().filter(|candidate| is_named_for_motion(candidate)).collect();
    let (all, others) = connected(&named);
    if !all.is_empty() && others.is_empty() { Ok(all) } else { Err(ambiguous(sure)) }
}

/// The candidates that the first one is tied to, by an address, by files of the application root, or by way of
/// others; and the rest. Another application may well stand in the same file.
fn connected<'a>(candidates: &[&'a Candidate]) -> (Vec<&'a Candidate>, Vec<&'a Candidate>) {
    let mut of_root = Vec::new();
    let mut of_address: BTreeMap<&UpstreamAddress, Vec<usize>> = BTreeMap::new();
    for (index, candidate) in candidates.iter().enumerate() {
        if candidate.root == HasRoot::Yes {
            of_root.push(index);
        }
        for address in &candidate.upstreams {
            of_address.entry(address).or_default().push(index);
        }
    }
    let mut reached = vec![false; candidates.len()];
    let mut waiting: Vec<usize> = (0..candidates.len().min(1)).collect();
    while let Some(index) = waiting.pop() {
        if std::mem::replace(&mut reached[index], true) {
            continue;
        }
        // The root and each address are followed once; what they tie is tied then.
        if candidates[index].root == HasRoot::Yes {
            waiting.append(&mut of_root);
        }
        for address in &candidates[index].upstreams {
            waiting.extend(of_address.remove(address).unwrap_or_default());
        }
    }
    let (tied, rest): (Vec<_>, Vec<_>) = candidates.iter().zip(reached).partition(|(_, reached)| *reached);
    let plain =
        |list: Vec<(&&'a Candidate, bool)>| list.into_iter().map(|(candidate, _)| *candidate).collect();
    (plain(tied), plain(rest))
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
        Finding::new(codes::SITE_NOT_FOUND, "no server block serves Motion")
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
        Finding::new(codes::SITE_AMBIGUOUS, "which server block is Motion's is not certain")
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
