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
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

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
    let kept = kept_in_order(old, config, draft);
    let same: BTreeSet<Node> = kept.values().copied().collect();
    let is_free = |server: &Node| !name_and_address(config, *server).iter().any(|end| others.contains(end));
    let (mut found, mut moved) = (BTreeSet::new(), Vec::new());
    for &server in servers(config) {
        let is_known = match kept.get(&server) {
            Some(before) => serving.contains(before),
            None if draft.contains_key(&config.file(server.file).identity) => {
                moved.push(server);
                false
            }
            None => unchanged.contains(&place(config, server)),
        };
        found.extend(is_known.then_some(server));
    }
    let moved =
        Known::of(config, moved.into_iter().filter(is_free).filter(|node| !redirects_only(config, *node)));
    let is_changed = |node: &&Node| draft.contains_key(&old.file(node.file).identity) && !same.contains(node);
    found.extend(serving.iter().filter(is_changed).flat_map(|node| moved.now(&name_and_address(old, *node))));
    servers(config)
        .iter()
        .copied()
        .filter(|server| found.contains(server) && !redirects_only(config, *server))
        .collect()
}

/// Blocks that a change may have moved, by what they are known by.
#[derive(Default)]
struct Known {
    by_both: BTreeMap<(String, String), Vec<Node>>,
    by_name: BTreeMap<String, Vec<Node>>,
    by_address: BTreeMap<String, Vec<Node>>,
}

impl Known {
    fn of(config: &Config, servers: impl Iterator<Item = Node>) -> Self {
        let mut known = Self::default();
        for server in servers {
            for (name, address) in name_and_address(config, server) {
                known.by_both.entry((name.clone(), address.clone())).or_default().push(server);
                known.by_address.entry(address).or_default().push(server);
                if !name.is_empty() {
                    known.by_name.entry(name).or_default().push(server);
                }
            }
        }
        known
    }

    /// Where a block with these names and addresses is now: what has a name of it at its address;
    /// where a merge changed the one, it is known by the other.
    fn now(&self, ends: &[(String, String)]) -> Vec<Node> {
        let both: Vec<Node> =
            ends.iter().filter_map(|end| self.by_both.get(end)).flatten().copied().collect();
        if !both.is_empty() {
            return both;
        }
        let named: Vec<Node> =
            ends.iter().filter_map(|(name, _)| self.by_name.get(name)).flatten().copied().collect();
        if !named.is_empty() {
            return named;
        }
        ends.iter().filter_map(|(_, address)| self.by_address.get(address)).flatten().copied().collect()
    }
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
