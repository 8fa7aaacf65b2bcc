//! Whether a change does what it is for: which blocks of the new configuration serve Motion, and what would answer
//! for the new client there.
//!
//! Invariant: judged by the configuration that the change makes, whatever made the change; a saved plan as well.

use super::PlanError;
use super::draft::{Draft, staged};
use crate::facts::{Facts, RouteState, ServerRole};
use crate::motion::{BarePath, Block, redirects_only};
use nginx_config::routes::servers;
use nginx_config::{Config, DirectiveId, Node};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What a change does to Motion's blocks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effect {
    /// What of Motion the new client would not answer for, each with the reason.
    pub lacking: Vec<String>,
    /// What `/user-ui` without a slash at its end meets, by the label of the live block.
    pub bare_paths: BTreeMap<String, BarePath>,
}

/// What a change would do.
pub(super) fn effect(facts: &Facts, old: &Config, draft: &Draft) -> Result<Effect, PlanError> {
    let config = staged(old, draft)?;
    let mut found = Effect::default();
    // A block is known again by its names and addresses: its place may have moved.
    let serving = facts.site.servers.iter().filter(|live| live.role == ServerRole::ServesMotion);
    let labels: BTreeMap<_, _> = serving
        .flat_map(|live| name_and_address(old, live.node).into_iter().map(move |end| (end, &live.label)))
        .collect();
    for server in motion_blocks(facts, old, &config, draft) {
        let block = Block::new(&config, server);
        let place = config.place(server);
        let mut lacks = |what: String| found.lacking.push(format!("server at {place}: {what}"));
        match block.new_client() {
            RouteState::Elsewhere(by) => lacks(by),
            RouteState::Missing => lacks("no location for /user-ui/ would answer".to_owned()),
            RouteState::Present | RouteState::CannotTell(_) => {}
        }
        block.taken(&facts.motion.assets).into_iter().for_each(lacks);
        let met = block.bare_path();
        for label in name_and_address(&config, server).iter().filter_map(|end| labels.get(end)) {
            let worst = found.bare_paths.entry((*label).clone()).or_insert(BarePath::Redirects);
            *worst = met.max(*worst);
        }
    }
    Ok(found)
}

/// Server blocks of the new configuration that serve Motion.
pub(super) fn motion_blocks(facts: &Facts, old: &Config, config: &Config, draft: &Draft) -> Vec<Node> {
    let of_role = |role: ServerRole| {
        let servers = facts.site.servers.iter().filter(move |server| server.role == role);
        servers.map(|server| server.node).collect::<Vec<_>>()
    };
    let (serving, other) = (of_role(ServerRole::ServesMotion), of_role(ServerRole::Other));
    fn place(config: &Config, node: Node) -> (&Path, DirectiveId) {
        (&config.file(node.file).identity, node.directive)
    }
    let unchanged: BTreeSet<_> = serving.iter().map(|node| place(old, *node)).collect();
    let ends = |nodes: &[Node]| -> BTreeSet<_> {
        nodes.iter().flat_map(|node| name_and_address(old, *node)).collect()
    };
    let (motions, others) = (ends(&serving), ends(&other));
    let kept = kept_in_order(old, config, draft);
    let is_motion = |server: Node| {
        if !draft.contains_key(&config.file(server.file).identity) {
            return unchanged.contains(&place(config, server));
        }
        if let Some(before) = kept.get(&server) {
            return serving.contains(before);
        }
        // Its place moved with the change; it is the block that answers the same name at the same address.
        let own = name_and_address(config, server);
        own.iter().any(|end| motions.contains(end)) && !own.iter().any(|end| others.contains(end))
    };
    servers(config)
        .iter()
        .copied()
        .filter(|server| is_motion(*server) && !redirects_only(config, *server))
        .collect()
}

/// The blocks of changed files that are certainly the same as before: where a file has as many as it had, each with the
/// names and addresses of the one at its place. Two blocks may have the same ones, and only one of them be Motion's.
fn kept_in_order(old: &Config, new: &Config, draft: &Draft) -> BTreeMap<Node, Node> {
    let blocks = |config: &Config| {
        let mut of_file: BTreeMap<PathBuf, Vec<Node>> = BTreeMap::new();
        for &server in servers(config) {
            let list = of_file.entry(config.file(server.file).identity.clone()).or_default();
            if !list.contains(&server) {
                list.push(server);
            }
        }
        of_file
    };
    let (before, after) = (blocks(old), blocks(new));
    let mut kept = BTreeMap::new();
    for (file, now) in after.iter().filter(|(file, _)| draft.contains_key(*file)) {
        let was = before.get(file).map_or(&[][..], Vec::as_slice);
        let pairs = || now.iter().zip(was);
        if was.len() == now.len()
            && pairs().all(|(now, was)| name_and_address(new, *now) == name_and_address(old, *was))
        {
            kept.extend(pairs());
        }
    }
    kept
}

/// Each name of a block at each of its addresses, as written; an empty text where it has none.
fn name_and_address(config: &Config, server: Node) -> Vec<(String, String)> {
    let or_none = |found: Vec<String>| if found.is_empty() { vec![String::new()] } else { found };
    let words = |node| config.directive(node).args.iter().map(|word| word.text().into_owned());
    let address = |node| {
        let (words, address) = (words(node).skip(1), words(node).next()?);
        // Another listener than the one of TCP.
        Some(if words.into_iter().any(|word| word == "quic") { format!("{address} quic") } else { address })
    };
    let addresses = or_none(config.named(server, "listen").filter_map(address).collect());
    let names = or_none(config.named(server, "server_name").flat_map(words).collect());
    let pair = |name: String| addresses.iter().map(move |address| (name.clone(), address.clone()));
    names.into_iter().flat_map(pair).collect()
}
