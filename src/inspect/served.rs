//! What the configuration alone cannot say about a route that has a location: whether the page is there, and
//! whether NGINX ever asks that server block. And, for the blocks that were chosen, how they are asked.
//!
//! Invariant: reads files below the root only. What is not in view is said to be so, never taken for missing.

use super::client::adopt;
use super::search::client_at;
use super::upstream::{PassTarget, parse_upstream};
use super::{entrance, limits};
use crate::facts::{ClientFacts, MotionFacts, RouteState, ServerFacts, ServerRole, UpstreamAddress};
use crate::host::Root;
use crate::motion::page::{Document, Page};
use crate::motion::{Block, Content};
use crate::outcome::Finding;
use nginx_config::routes::{Endpoint, ServerMatch, doors, server_for};
use nginx_config::{Config, Node};
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

/// No page is larger.
const MOST_BYTES: u64 = 1 << 20;

/// Settles how the chosen blocks are asked, and the routes of those that serve Motion by what is on the disk.
pub fn settle(
    root: &Root,
    config: &Config,
    motion: &MotionFacts,
    targets: &[PassTarget],
    servers: &mut [ServerFacts],
) {
    let serving: Vec<Node> = servers
        .iter()
        .filter(|server| server.role == ServerRole::ServesMotion)
        .map(|server| server.node)
        .collect();
    for server in servers.iter_mut() {
        server.entrance = entrance::choose(config, server.node, &Block::new(config, server.node));
        server.limits = limits::limits(config, server.node);
    }
    for server in servers.iter_mut().filter(|server| server.role == ServerRole::ServesMotion) {
        if server.new_client == RouteState::Present
            && let Some((content, location)) = Block::new(config, server.node).new_client_content()
        {
            server.new_client = match &content {
                Content::Page(path) => page(root, motion, path, &location),
                Content::Proxied(target, by) => {
                    let of = |one: &&PassTarget| one.directive == *by && one.server == Some(server.node);
                    let leads: BTreeSet<_> =
                        targets.iter().filter(of).map(|one| one.upstream.address.clone()).collect();
                    proxied(motion, target, &leads, &location)
                }
                Content::Other => RouteState::Present,
            };
        }
        if let Some(other) = shadowed(config, server.node, &server.names, &serving) {
            server.new_client = RouteState::Elsewhere(other);
        }
    }
}

/// Takes the page that the configuration serves already for the new client's, wherever it lies; what the search for one
/// had to say is nothing to be said then.
pub fn name_client(
    root: &Root,
    config: &Config,
    servers: &[ServerFacts],
    motion: &mut MotionFacts,
    findings: &mut Vec<Finding>,
) {
    let serving = servers.iter().filter(|server| server.role == ServerRole::ServesMotion);
    let routed = serving.filter(|server| server.new_client == RouteState::Present);
    let pages = routed.filter_map(|server| Block::new(config, server.node).new_client_content());
    let index = |content: Content| match content {
        Content::Page(path) if path.ends_with("index.html") => path.parent().map(Path::to_owned),
        _ => None,
    };
    let seen = pages.filter_map(|(content, _)| index(content)).find_map(|folder| {
        let seen = client_at(root, &folder).ok()?;
        seen.is_claimed().then_some(seen)
    });
    if let Some(seen) = seen {
        adopt(motion, &seen);
        findings.clear();
    }
}

/// A location of its own that hands the route on: only the operator knows of an address that the new client is there.
fn proxied(
    motion: &MotionFacts,
    target: &str,
    leads: &BTreeSet<UpstreamAddress>,
    location: &str,
) -> RouteState {
    if let Some(ClientFacts::Proxied(url)) = &motion.client
        && BTreeSet::from_iter(parse_upstream(url)) == *leads
    {
        return RouteState::Present;
    }
    RouteState::CannotTell(format!(
        "{location} hands the route to {target}, which is not known to be the new client"
    ))
}

fn page(root: &Root, motion: &MotionFacts, path: &Path, location: &str) -> RouteState {
    let served = format!("{location} serves {}", path.display());
    match root.read_at_most(path, MOST_BYTES) {
        Ok(page) => {
            let document = Document::on_the_disk(&page);
            match document.page {
                Page::Client | Page::Other if document.names_route => RouteState::Present,
                Page::Client if document.is_built => RouteState::Present,
                Page::Client => RouteState::CannotTell(format!(
                    "{served}, which does not say whether it is the new client's page"
                )),
                Page::Legacy | Page::Other => {
                    RouteState::Elsewhere(format!("{served}, which is not the new client's page"))
                }
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let in_view =
                motion.root.is_some() || path.parent().is_some_and(|folder| root.metadata(folder).is_ok());
            if in_view {
                RouteState::Elsewhere(format!("{served}, which is missing"))
            } else {
                RouteState::CannotTell(format!("{served}, which is not in view here"))
            }
        }
        Err(error) => RouteState::CannotTell(format!("{served}, which cannot be read here: {error}")),
    }
}

/// The block that NGINX answers from in this one's place, for all of its addresses and names; not where that one
/// serves Motion as well.
pub(super) fn shadowed(config: &Config, server: Node, names: &[String], serving: &[Node]) -> Option<String> {
    let names: Vec<&String> = names.iter().filter(|name| !name.contains(['~', '*', '$'])).collect();
    let mut other = None;
    for door in doors(config, server) {
        if matches!(door.at, Endpoint::Name(..)) {
            return None;
        }
        for name in &names {
            match server_for(config, &door.at, name.trim_start_matches('.')) {
                ServerMatch::Server(found) if found != server && !serving.contains(&found) => {
                    other.get_or_insert((name.to_string(), found));
                }
                _ => return None,
            }
        }
    }
    let (name, found) = other?;
    Some(format!(
        "the block at {} never answers: NGINX answers {name} from the block at {}",
        config.place(server),
        config.place(found)
    ))
}
