//! Which server blocks of another version of Motion's file are Motion's: by what they are for, whatever they are
//! called. A vendor's file knows neither the customer's names nor his certificates.
//!
//! Invariant: never by how much a text resembles another one. Reads Motion's settings below the root, and writes
//! nothing.

use super::directives::visits;
use super::judge::{Candidate, Certainty, HasRoot, Support, candidates};
use super::own::Own;
use super::site::all_listens;
use super::upstream::{groups, targets};
use crate::facts::{Facts, ServerRole};
use crate::host::Root;
use nginx_config::{Config, FileId, Node};
use std::collections::BTreeSet;

/// The server blocks of `files` that serve Motion. Those that lead where the server's own blocks lead say most; only
/// where there are none, those that do what Motion's does: a new version may bring another port.
#[must_use]
pub fn motion_blocks_of(root: &Root, config: &Config, facts: &Facts, files: &BTreeSet<FileId>) -> Vec<Node> {
    let visits = visits(config);
    let targets = targets(config, &visits, &groups(config, &visits));
    let application_root = facts.motion.root.as_deref();
    let own = Own::find(root, application_root, &targets, &all_listens(config));
    let support = Support { application_root, named_site: None, own: &own };
    let of_motion = facts.site.addresses_of_motion();
    let mut found = candidates(config, &targets, &support);
    found.retain(|one| files.contains(&one.server.node.file) && one.server.role != ServerRole::RedirectsOnly);
    let leads_there = |one: &&Candidate| {
        one.certainty == Certainty::Known
            || one.root == HasRoot::Yes
            || one.upstreams.iter().any(|address| of_motion.contains(address))
    };
    let does_the_same = |one: &&Candidate| one.certainty > Certainty::CannotTell;
    let nodes = |fits: &dyn Fn(&&Candidate) -> bool| -> Vec<Node> {
        found.iter().filter(fits).map(|one| one.server.node).collect()
    };
    let sure = nodes(&leads_there);
    if sure.is_empty() { nodes(&does_the_same) } else { sure }
}
