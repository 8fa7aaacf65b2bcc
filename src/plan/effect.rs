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
use std::path::Path;

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
    let is_motion = |server: Node| {
        if !draft.contains_key(&config.file(server.file).identity) {
            return unchanged.contains(&place(config, server));
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

/// Each name of a block at each of its addresses, as written; an empty text where it has none.
fn name_and_address(config: &Config, server: Node) -> Vec<(String, String)> {
    let values = |directive: &str, count: usize| -> Vec<String> {
        let found =
            config.named(server, directive).flat_map(|node| config.directive(node).args.iter().take(count));
        let found: Vec<_> = found.map(|word| word.text().into_owned()).collect();
        if found.is_empty() { vec![String::new()] } else { found }
    };
    let addresses = values("listen", 1);
    let pair = |name: String| addresses.iter().map(move |address| (name.clone(), address.clone()));
    values("server_name", usize::MAX).into_iter().flat_map(pair).collect()
}
