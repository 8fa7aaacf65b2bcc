//! Whether a change does what it is for: which blocks of the new configuration serve Motion, and what would answer
//! for the new client there.
//!
//! Invariant: judged by the configuration that the change makes, whatever made the change; a saved plan as well.

use super::PlanError;
use super::draft::{Draft, staged};
use crate::facts::{Facts, RouteState, ServerRole};
use crate::motion::{Block, redirects_only};
use nginx_config::routes::servers;
use nginx_config::{Config, DirectiveId, Node};
use std::collections::BTreeSet;
use std::path::Path;

/// What of Motion the new client would not answer for after the change, each with the reason.
pub(super) fn not_effective(facts: &Facts, old: &Config, draft: &Draft) -> Result<Vec<String>, PlanError> {
    let config = staged(old, draft)?;
    let mut found = Vec::new();
    for server in motion_blocks(facts, old, &config, draft) {
        let block = Block::new(&config, server);
        let place = config.place(server);
        match block.new_client() {
            RouteState::Elsewhere(by) => found.push(format!("server at {place}: {by}")),
            RouteState::Missing => {
                found.push(format!("server at {place}: no location for /user-ui/ would answer"))
            }
            RouteState::Present | RouteState::CannotTell(_) => {}
        }
        found.extend(
            block.taken(&facts.motion.assets).iter().map(|line| format!("server at {place}: {line}")),
        );
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
    let others: BTreeSet<_> = other.iter().flat_map(|node| name_and_address(old, *node)).collect();
    let is_free = |server: &Node| !name_and_address(config, *server).iter().any(|end| others.contains(end));
    let (moved, kept): (Vec<Node>, Vec<Node>) = servers(config)
        .iter()
        .copied()
        .partition(|server| draft.contains_key(&config.file(server.file).identity));
    let mut found: Vec<Node> =
        kept.into_iter().filter(|server| unchanged.contains(&place(config, *server))).collect();
    let candidates: Vec<Node> =
        moved.into_iter().filter(is_free).filter(|server| !redirects_only(config, *server)).collect();
    for node in serving.iter().filter(|node| draft.contains_key(&old.file(node.file).identity)) {
        // Its place moved with the change.
        let ends = name_and_address(old, *node);
        let by = |server: &Node| known_by(&ends, &name_and_address(config, *server));
        let best = candidates.iter().filter_map(by).min();
        found.extend(candidates.iter().copied().filter(|server| best.is_some() && by(server) == best));
    }
    // In the order of the configuration, each once.
    let found: BTreeSet<Node> = found.into_iter().collect();
    servers(config)
        .iter()
        .copied()
        .filter(|server| found.contains(server) && !redirects_only(config, *server))
        .collect()
}

/// By what a block is known after a change, the best first: it answers a name at its address; where a
/// merge changed the one, it is known by the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum KnownBy {
    Both,
    Name,
    Address,
}

fn known_by(before: &[(String, String)], now: &[(String, String)]) -> Option<KnownBy> {
    let pairs = now.iter().flat_map(|one| before.iter().map(move |other| (one, other)));
    let known = pairs.filter_map(|((name, address), (old_name, old_address))| {
        match (name == old_name, address == old_address) {
            (true, true) => Some(KnownBy::Both),
            (true, false) if !name.is_empty() => Some(KnownBy::Name),
            (false, true) => Some(KnownBy::Address),
            _ => None,
        }
    });
    known.min()
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
