//! Chooses Motion's server blocks, or says why it cannot.
//!
//! Pure. Invariant: two blocks that could both be Motion's are never reduced to one by order or luck, and none of which
//! it cannot be told is left out in silence. What a person named is settled.

use super::judge::{Candidate, Certainty, HasRoot, Reading, Site};
use super::operator_named::{left_out, named};
use super::own::Own;
use crate::facts::{ServerFacts, ServerRole, UpstreamAddress};
use crate::outcome::codes;
use crate::outcome::{Failure, FailureKind, Finding};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

const WAY_OUT: &str = "say which are Motion's: --server NAME[:PORT] (again for each), or --site FILE";

/// Motion's site.
#[derive(Debug)]
pub struct Selected {
    /// The file that holds it.
    pub file: PathBuf,
    pub servers: Vec<ServerFacts>,
    /// The addresses that answer Motion's routes.
    pub upstreams: BTreeSet<UpstreamAddress>,
    /// What there is to say about the choice.
    pub findings: Vec<Finding>,
}

/// Chooses the site; `wanted` are the blocks that the operator named.
///
/// # Errors
/// When there is none, more than one, or a block of which it cannot be told.
pub fn select(
    candidates: Vec<Candidate>,
    wanted: &[super::ServerName],
    own: &Own,
) -> Result<Selected, Failure> {
    if !wanted.is_empty() {
        let chosen = named(&candidates, wanted)?;
        let findings = left_out(&candidates, &chosen, Certainty::Yes).into_iter().collect();
        return Ok(selected(candidates, &chosen, findings));
    }
    let lead = lead(&candidates, own)?;
    let chosen = with_company(&candidates, &lead);
    let open: Vec<&Candidate> = candidates.iter().filter(|one| is_open(one, &lead, &chosen)).collect();
    if !open.is_empty() {
        let known = candidates.iter().filter(|one| chosen.contains(&one.server.node));
        return Err(undecided(&open, known, own));
    }
    // A person may have named the file of another application.
    let findings = left_out(&candidates, &chosen, Certainty::Known).into_iter().collect();
    Ok(selected(candidates, &chosen, findings))
}

type Nodes = BTreeSet<nginx_config::Node>;

/// The blocks that are surely Motion's. What is weaker only joins what is stronger.
fn lead<'a>(candidates: &'a [Candidate], own: &Own) -> Result<Vec<&'a Candidate>, Failure> {
    let serving =
        |one: &&Candidate| one.site != Site::NotNamed && one.server.role != ServerRole::RedirectsOnly;
    let of = |certainty: Certainty| -> Vec<&Candidate> {
        candidates.iter().filter(serving).filter(|one| one.certainty == certainty).collect()
    };
    // However many applications hold Motion's ports, they are all Motion.
    let known = of(Certainty::Known);
    if !known.is_empty() {
        return Ok(known);
    }
    let by_hand: Vec<&Candidate> =
        candidates.iter().filter(serving).filter(|one| one.site == Site::Named).collect();
    if let [only] = by_hand.as_slice() {
        return Ok(vec![*only]);
    }
    // Of what leads to another port than Motion's nothing follows where something else is surely Motion's.
    if let Some(sure) = [of(Certainty::Yes), of(Certainty::Named)].into_iter().find(|found| !found.is_empty())
    {
        return one_application(&sure, own);
    }
    let open = [Certainty::Perhaps, Certainty::Contradicted, Certainty::CannotTell];
    let open: Vec<_> = open.into_iter().flat_map(of).collect();
    Err(if open.is_empty() { not_found(candidates) } else { ambiguous(&open, own) })
}

/// The leading blocks, and those that lead to the same application.
fn with_company(candidates: &[Candidate], lead: &[&Candidate]) -> Nodes {
    let upstreams: BTreeSet<_> = lead.iter().flat_map(|one| &one.upstreams).collect();
    let mut chosen: Nodes = lead.iter().map(|one| one.server.node).collect();
    // Where Motion's place is known, each of its blocks is: what merely shares another address with one is not.
    let joins = |one: &&Candidate| match is_by_place(lead) {
        true => one.certainty == Certainty::Known,
        false => one.upstreams.iter().any(|upstream| upstreams.contains(upstream)),
    };
    let others = candidates.iter().filter(|one| one.server.role != ServerRole::RedirectsOnly);
    chosen.extend(others.filter(joins).map(|one| one.server.node));
    chosen
}

/// Whether a block that was not chosen might be Motion's all the same. Where a person named the file, blocks of other
/// files are no question.
fn is_open(one: &Candidate, lead: &[&Candidate], chosen: &Nodes) -> bool {
    if one.server.role == ServerRole::RedirectsOnly
        || one.site == Site::NotNamed
        || chosen.contains(&one.server.node)
    {
        return false;
    }
    let shares = lead.iter().flat_map(|one| &one.upstreams).any(|upstream| one.upstreams.contains(upstream));
    let may_be = !matches!(one.certainty, Certainty::No | Certainty::Contradicted);
    (may_be && one.reading == Reading::Open) || (is_by_place(lead) && shares)
}

/// Whether the leading blocks are Motion's by where it listens, and not by their routes or by a person's word.
fn is_by_place(lead: &[&Candidate]) -> bool {
    lead.iter().all(|one| one.certainty == Certainty::Known)
}

/// The blocks that lead to one application; more than one is ambiguous, unless
/// a file's name settles it.
fn one_application<'a>(sure: &[&'a Candidate], own: &Own) -> Result<Vec<&'a Candidate>, Failure> {
    let (all, others) = connected(sure);
    if others.is_empty() {
        return Ok(all);
    }
    let named: Vec<_> = sure.iter().copied().filter(|candidate| is_named_for_motion(candidate)).collect();
    let (all, others) = connected(&named);
    if !all.is_empty() && others.is_empty() { Ok(all) } else { Err(ambiguous(sure, own)) }
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

/// The site that these blocks make, with those that only redirect to them, and what else stands in their files.
fn selected(candidates: Vec<Candidate>, chosen: &Nodes, findings: Vec<Finding>) -> Selected {
    let own = || candidates.iter().filter(|one| chosen.contains(&one.server.node));
    let upstreams: BTreeSet<_> = own().flat_map(|one| one.upstreams.clone()).collect();
    let names: BTreeSet<_> = own().flat_map(|one| one.server.names.clone()).collect();
    let files: BTreeSet<_> = own().map(|one| one.file.clone()).collect();
    let file = site_file(own());
    let servers = candidates
        .into_iter()
        .filter_map(|candidate| {
            let mut server = candidate.server;
            if chosen.contains(&server.node) {
                server.role = ServerRole::ServesMotion;
            }
            let shares_name = server.names.iter().any(|name| names.contains(name));
            let belongs = match server.role {
                ServerRole::ServesMotion => true,
                ServerRole::RedirectsOnly => shares_name || files.contains(&candidate.file),
                ServerRole::Other => files.contains(&candidate.file),
            };
            belongs.then_some(server)
        })
        .collect();
    Selected { file, servers, upstreams, findings }
}

/// The file to speak of: named most plainly for Motion.
fn site_file<'a>(own: impl Iterator<Item = &'a Candidate>) -> PathBuf {
    let plainness = |candidate: &&Candidate| {
        let name = candidate.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (name != "motion.conf" && name != "motion", !name.starts_with("motion"), candidate.file.clone())
    };
    own.min_by_key(plainness).map(|candidate| candidate.file.clone()).unwrap_or_default()
}

fn not_found(candidates: &[Candidate]) -> Failure {
    if !candidates.is_empty() && candidates.iter().all(|one| one.site == Site::NotNamed) {
        return nothing_in_the_named_file(candidates);
    }
    let title = "no server block serves Motion";
    let line = |one: &Candidate| format!("{}: server {} serves something else", one.place, one.server.label);
    let lines = candidates.iter().take(10).map(line);
    let finding = Finding::new(codes::SITE_NOT_FOUND, title).advice(WAY_OUT).evidence_lines(lines);
    Failure::new(FailureKind::Unavailable, title).with_hint(WAY_OUT).with_findings(vec![finding])
}

/// A person named a file that NGINX reads and that neither holds nor includes a server block.
fn nothing_in_the_named_file(candidates: &[Candidate]) -> Failure {
    let title = "no server block stands in the file that was named";
    let advice = "name the file that holds Motion's server blocks, or leave --site out";
    let lines = candidates.iter().take(10).map(|one| format!("{}: server {}", one.place, one.server.label));
    let finding = Finding::new(codes::SITE_NOT_FOUND, title).advice(advice).evidence_lines(lines);
    Failure::new(FailureKind::Unavailable, title).with_hint(advice).with_findings(vec![finding])
}

/// `FILE:LINE: server NAME:PORT: what was seen`.
fn line(candidate: &Candidate) -> String {
    format!("{}: server {}: {}", candidate.place, candidate.server.label, candidate.evidence.join("; "))
}

fn ambiguous(candidates: &[&Candidate], own: &Own) -> Failure {
    let title = "which server block is Motion's is not certain";
    let lines = candidates.iter().map(|one| line(one)).chain(own.described());
    let finding = Finding::new(codes::SITE_AMBIGUOUS, title).advice(WAY_OUT).evidence_lines(lines);
    Failure::new(FailureKind::Refused, title).with_hint(WAY_OUT).with_findings(vec![finding])
}

/// Some blocks are Motion's, and of others it cannot be told.
fn undecided<'a>(open: &[&Candidate], known: impl Iterator<Item = &'a Candidate>, own: &Own) -> Failure {
    let title = "whether a server block is Motion's cannot be told";
    let known = known.map(|one| format!("{}: server {} is Motion's", one.place, one.server.label));
    let lines = open.iter().map(|one| line(one)).chain(known).chain(own.described());
    let finding = Finding::new(codes::SITE_AMBIGUOUS, title).advice(WAY_OUT).evidence_lines(lines);
    Failure::new(FailureKind::Refused, title).with_hint(WAY_OUT).with_findings(vec![finding])
}
