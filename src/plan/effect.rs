//! Whether a change does what it is for: which blocks of the new configuration serve Motion, what would answer for
//! the new client there, and what guards it.
//!
//! Invariant: judged by the configuration that the change makes, whatever made the change; a saved plan as well.

use super::draft::Draft;
use crate::facts::{Entrance, Facts, RouteState, ServerFacts, ServerRole};
use crate::motion::guards::{Around, Change, Difference, KeptOut, Side, differences, shown};
use crate::motion::{Bare, Block, Content, NEW_CLIENT_ROUTE, redirects_only};
use nginx_config::routes::{Door, Endpoint, ServerMatch, doors, entrance, name_to_ask, server_for, servers};
use nginx_config::{Config, DirectiveId, Node};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What a change does to the blocks that serve Motion.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Effect {
    /// What of Motion the new client would not answer for after the change, each with the reason.
    pub not_effective: Vec<String>,
    /// Names of other applications that would not be answered by their own block any more, each with what would.
    pub others_lost: Vec<String>,
    /// By the server block as it is now.
    pub blocks: BTreeMap<Node, BlockEffect>,
}

/// What a change does to one server block.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockEffect {
    /// What decides who gets in today and would not for the new client, each with its place.
    pub opened: Vec<String>,
    /// What else is not alike: headers, limits, and what only the new client would be kept behind.
    pub differs: Vec<String>,
    /// Whether anything decides who gets in today.
    pub today: Today,
    pub bare: Bare,
    /// Whether that is where it leads today.
    pub bare_today: BareToday,
    /// The file that is the new client's page then, where it is one.
    pub page: Option<PathBuf>,
    /// What turns this machine away from the new client.
    pub kept_out: Option<KeptOut>,
    /// What turns it away today.
    pub kept_out_today: Option<KeptOut>,
}

/// Who decides today about those who ask for the new client's route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Today {
    Guarded,
    /// Nothing in NGINX's files: what turns somebody away is the program behind it.
    Open,
}

/// How the path without its slash answers today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BareToday {
    /// In the same way.
    Same,
    Other,
}

/// What the change does that makes `config` out of `old`.
pub(super) fn effect(facts: &Facts, old: &Config, config: &Config, draft: &Draft) -> Effect {
    let (around_old, around_new) = (Around::of(old), Around::of(config));
    let mut effect = Effect::default();
    let found = motion_blocks(facts, old, config, draft);
    let motion: BTreeSet<Node> = found.iter().map(|(server, _)| *server).collect();
    for (server, origins) in found {
        let block = Block::new(config, server);
        if !is_served_as_before(old, &origins, config, server) {
            effect.not_effective.extend(not_effective(facts, config, &block, server));
        }
        effect.not_effective.extend(out_of_reach(config, server, &origins));
        let (now, bare) = (Side::of(&around_new, server, NEW_CLIENT_ROUTE), block.bare());
        let page = block.new_client_content().and_then(|(content, _)| match content {
            Content::Page(path) => Some(path),
            Content::Proxied(..) | Content::Other => None,
        });
        for origin in origins {
            let before = Side::of(&around_old, origin.node, NEW_CLIENT_ROUTE);
            let found = differences(&before, &now);
            let own = origin.entrance.as_ref().ok().and_then(Entrance::own_address);
            let lines = |changes: &[Change]| {
                let wanted = found.iter().filter(|difference| changes.contains(&difference.change));
                wanted.flat_map(|difference| lines_of(old, config, difference)).collect()
            };
            let bare_today = match (Block::new(old, origin.node).bare(), &bare) {
                (Bare::Elsewhere(before), Bare::Elsewhere(now)) if before.how == now.how => BareToday::Same,
                _ => BareToday::Other,
            };
            let block = BlockEffect {
                opened: lines(&[Change::Opened]),
                differs: lines(&[Change::Differs, Change::Closed]),
                today: if before.asks_who_it_is() { Today::Guarded } else { Today::Open },
                bare: bare.clone(),
                bare_today,
                page: page.clone(),
                kept_out: now.keeps_out(own),
                kept_out_today: before.keeps_out(own),
            };
            // One block may become several, as where a vendor's file splits it: what one of them opens is open.
            match effect.blocks.get_mut(&origin.node) {
                Some(first) => first.join(block),
                None => drop(effect.blocks.insert(origin.node, block)),
            }
        }
    }
    effect.not_effective.extend(lost_names(facts, old, config, &motion));
    effect.others_lost = others_lost(facts, old, config, draft);
    effect
}

/// Names of blocks that are not Motion's, and that a change of Motion's files would take from them.
fn others_lost(facts: &Facts, old: &Config, new: &Config, draft: &Draft) -> Vec<String> {
    let mut found = BTreeSet::new();
    for &server in servers(old).iter().filter(|server| !draft.is_empty() && !facts.site.owns(**server)) {
        let Some(host) = name_to_ask(old, server) else { continue };
        let ends = name_and_address(old, server);
        let is_itself = |now: Node| {
            let (was, is) = (&old.file(server.file).identity, &new.file(now.file).identity);
            was == is && name_and_address(new, now) == ends
        };
        for door in doors(old, server) {
            if server_for(old, &door.at, &host) != ServerMatch::Server(server) {
                continue;
            }
            let instead = match server_for(new, &door.at, &host) {
                ServerMatch::Server(now) if is_itself(now) => continue,
                ServerMatch::Unknown { .. } => continue,
                ServerMatch::Server(now) => format!("would be answered by the block at {}", new.place(now)),
                ServerMatch::Nowhere => "would not be listened for".to_owned(),
            };
            found.insert(format!("server at {}: {host} {instead}", old.place(server)));
        }
    }
    found.into_iter().collect()
}

/// A block that was asked before, and that nobody would come to any more.
fn out_of_reach(config: &Config, server: Node, origins: &[&ServerFacts]) -> Option<String> {
    let was_asked = origins.iter().all(|origin| origin.entrance.is_ok());
    let is_asked =
        |door: &Door| matches!(door.at, Endpoint::Name(..)) || entrance(config, server, door).is_some();
    (was_asked && !doors(config, server).iter().any(is_asked))
        .then(|| format!("server at {}: other blocks would answer in its place", config.place(server)))
}

/// Motion's names that a block of somebody else would answer for, or nobody.
fn lost_names(facts: &Facts, old: &Config, new: &Config, motion: &BTreeSet<Node>) -> Vec<String> {
    let mut found = Vec::new();
    for server in facts.site.servers.iter().filter(|server| server.role == ServerRole::ServesMotion) {
        let Some(host) = name_to_ask(old, server.node) else { continue };
        let is_here = |door: &Door| server_for(old, &door.at, &host) == ServerMatch::Server(server.node);
        let is_motions = |now: Node| motion.contains(&now) || redirects_only(new, now);
        let doors: Vec<Door> = doors(old, server.node).into_iter().filter(is_here).collect();
        // One of several addresses may go, as IPv6 where a customer never wanted it; the port may not.
        let stays = |door: &&Door| matches!(server_for(new, &door.at, &host), ServerMatch::Server(now) if is_motions(now));
        let kept: BTreeSet<u16> = doors.iter().filter(stays).filter_map(|door| door.at.port()).collect();
        for door in &doors {
            let label = &server.label;
            match server_for(new, &door.at, &host) {
                ServerMatch::Server(now) if is_motions(now) => {}
                ServerMatch::Nowhere if door.at.port().is_some_and(|port| kept.contains(&port)) => {}
                ServerMatch::Server(now) => {
                    found.push(format!(
                        "server {label}: {host} would be answered by the block at {}",
                        new.place(now)
                    ));
                }
                ServerMatch::Nowhere => found.push(format!("server {label}: nobody would listen for {host}")),
                ServerMatch::Unknown { .. } => {}
            }
        }
    }
    found.dedup();
    found
}

impl BlockEffect {
    /// Adds what another block does that came of the same one.
    fn join(&mut self, other: Self) {
        for (lines, more) in [(&mut self.opened, other.opened), (&mut self.differs, other.differs)] {
            let new: Vec<_> = more.into_iter().filter(|line| !lines.contains(line)).collect();
            lines.extend(new);
        }
        if self.bare == Bare::Leads {
            (self.bare, self.bare_today) = (other.bare, other.bare_today);
        }
    }
}

/// Whether a block goes on handing the new client's route to whoever was seen to serve it: a location for everything,
/// and Motion behind it. Then it needs none of its own.
pub(super) fn is_served_as_before(
    old: &Config,
    origins: &[&ServerFacts],
    config: &Config,
    server: Node,
) -> bool {
    let target = |config: &Config, node: Node| match Block::new(config, node).new_client_content() {
        Some((Content::Proxied(target, _), _)) => Some(target),
        _ => None,
    };
    let Some(now) = target(config, server) else { return false };
    !origins.is_empty()
        && origins.iter().all(|origin| {
            origin.new_client == RouteState::Present && target(old, origin.node).as_ref() == Some(&now)
        })
}

fn not_effective(facts: &Facts, config: &Config, block: &Block<'_>, server: Node) -> Vec<String> {
    let place = config.place(server);
    let mut found = Vec::new();
    match block.new_client() {
        RouteState::Elsewhere(by) => found.push(format!("server at {place}: {by}")),
        RouteState::Missing => {
            found.push(format!("server at {place}: no location for /user-ui/ would answer"));
        }
        RouteState::Present | RouteState::CannotTell(_) => {}
    }
    let taken = block.taken(&facts.motion.assets, &facts.motion.page.files);
    found.extend(taken.iter().map(|line| format!("server at {place}: {line}")));
    found
}

/// The directives of a difference, each with its place: those that do not hold any more, or of a guard that only the
/// new client has, that one.
fn lines_of(old: &Config, new: &Config, difference: &Difference) -> Vec<String> {
    match difference.change {
        Change::Closed => {
            let only = |node: &Node| format!("{} (today's pages are without it)", shown(new, *node));
            difference.new.iter().map(only).collect()
        }
        Change::Opened | Change::Differs | Change::Beside => {
            difference.old.iter().map(|node| shown(old, *node)).collect()
        }
    }
}

/// Server blocks of the new configuration that serve Motion, each with the blocks that are what it was.
pub(super) fn motion_blocks<'f>(
    facts: &'f Facts,
    old: &Config,
    config: &Config,
    draft: &Draft,
) -> Vec<(Node, Vec<&'f ServerFacts>)> {
    fn place(config: &Config, node: Node) -> (&Path, DirectiveId) {
        (&config.file(node.file).identity, node.directive)
    }
    let serving = || facts.site.servers.iter().filter(|server| server.role == ServerRole::ServesMotion);
    let mut by_place: BTreeMap<_, Vec<&'f ServerFacts>> = BTreeMap::new();
    for server in serving() {
        by_place.entry(place(old, server.node)).or_default().push(server);
    }
    let other = facts.site.servers.iter().filter(|server| server.role == ServerRole::Other);
    let others: BTreeSet<_> = other.flat_map(|server| name_and_address(old, server.node)).collect();
    let kept = kept_in_order(old, config, draft);
    let same: BTreeSet<Node> = kept.values().copied().collect();
    let (mut origins, mut moved) = (BTreeMap::new(), Vec::new());
    for &server in servers(config) {
        let was = match kept.get(&server) {
            Some(before) => by_place.get(&place(old, *before)),
            None if draft.contains_key(&config.file(server.file).identity) => {
                moved.push(server);
                None
            }
            None => by_place.get(&place(config, server)),
        };
        origins.insert(server, was.cloned().unwrap_or_default());
    }
    // A place that moved with the change: there a block is known by its names and addresses.
    let is_free = |server: &Node| !name_and_address(config, *server).iter().any(|end| others.contains(end));
    let moved =
        Known::of(config, moved.into_iter().filter(is_free).filter(|node| !redirects_only(config, *node)));
    let is_changed = |server: &&ServerFacts| {
        draft.contains_key(&old.file(server.node.file).identity) && !same.contains(&server.node)
    };
    for server in serving().filter(is_changed) {
        for now in moved.now(&name_and_address(old, server.node)) {
            let list = origins.entry(now).or_default();
            if !list.iter().any(|origin| origin.node == server.node) {
                list.push(server);
            }
        }
    }
    servers(config)
        .iter()
        .map(|server| (*server, origins[server].clone()))
        .filter(|(server, origins)| !origins.is_empty() && !redirects_only(config, *server))
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
