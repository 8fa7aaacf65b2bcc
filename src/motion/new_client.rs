//! Whether a server block serves the new client, by which locations, and what takes its files from it.
//!
//! Invariant: what the ways of a request do not agree on is not decided here.

use super::routes::{ANY_ROUTE, Block, NEW_CLIENT_ROUTE, outer};
use super::tables::asks_for_the_path;
use nginx_config::routes::{Answer, Assumption, Candidate, Door, Handler, Matcher, Wanted, Way, matcher};
use nginx_config::{Config, Node};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Where the new client is, without the slash at its end.
const NEW_CLIENT_PATH: &str = "/user-ui";
/// A page of the new client that no location is likely to name by itself.
const NEW_CLIENT_PAGE: &str = "/user-ui/motionctl-route-check";
/// Routes that a location made for the new client does not answer.
const NEIGHBOURS: [&str; 5] = [ANY_ROUTE, "/u", "/user", "/users/1", "/user-x/login"];

/// Whether the new client's route is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteState {
    /// A location that is made for it answers it.
    Present,
    /// A location that also answers other routes answers it.
    Missing,
    /// Something else takes it, or a location of its own answers with something else; which, for people.
    Elsewhere(String),
    /// It depends on what is not known here; on what, for people.
    CannotTell(String),
}

/// What a location serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    Page(PathBuf),
    /// What another server answers; the argument as written, and the directive.
    Proxied(String, Node),
    Other,
}

impl Block<'_> {
    /// What answers the new client's route: a location of its own, or whatever answers other routes.
    #[must_use]
    pub fn new_client(&self) -> RouteState {
        let (mut states, mut conditional, mut by_table) = (Vec::new(), Vec::new(), None);
        for (door, others) in self.compared() {
            for uri in [NEW_CLIENT_ROUTE, NEW_CLIENT_PAGE] {
                let ways = self.ways_through(door, uri);
                if !ways.complete {
                    return RouteState::CannotTell(format!(
                        "the server block at {} has more conditions than can be followed",
                        self.config().place(self.server())
                    ));
                }
                for way in &ways.list {
                    // Whom a location turns away by an `if` of its own, it still serves the others.
                    let to = if self.ends_in_an_if(&way.answer) { &mut conditional } else { &mut states };
                    to.extend(self.judge(way, others));
                    by_table = by_table.or_else(|| self.decided_by_a_table(way));
                }
            }
        }
        match (combined(if states.is_empty() { conditional } else { states }), by_table) {
            (RouteState::Present, Some(reason)) => RouteState::CannotTell(reason),
            (state, _) => state,
        }
    }

    /// A condition of the server block that may turn away this route and no other, since a table decides it by the
    /// path.
    fn decided_by_a_table(&self, way: &Way) -> Option<String> {
        let asks = |assumed: &&Assumption| asks_for_the_path(self.config(), self.server(), assumed.directive);
        let acts = !way.answer.acted.is_empty();
        let condition = way.assumed.iter().filter(|_| acts).find(asks)?;
        let place = self.config().place(condition.directive);
        Some(format!("the condition at {place} depends on the path by a table (`map`)"))
    }

    /// What the location that answers the new client's route serves as its page; and that location, for people.
    #[must_use]
    pub fn new_client_content(&self) -> Option<(Content, String)> {
        let answer = self.answer(NEW_CLIENT_ROUTE)?;
        let content = match &page_of(&answer).handler {
            Handler::Static { path } => Content::Page(path.clone()),
            Handler::Proxy { target, directive } => Content::Proxied(target.clone(), *directive),
            _ => Content::Other,
        };
        Some((content, self.describe(&answer)))
    }

    /// The block's own locations that are made for the new client: those that are named below its path, and those
    /// that answer its page or these files and no others. In the order of the block.
    #[must_use]
    pub fn made_for_new_client(&self, assets: &[String]) -> Vec<Node> {
        let answering = |uris: &mut dyn Iterator<Item = String>| -> BTreeSet<Node> {
            uris.flat_map(|uri| self.ways(&uri)).filter_map(|way| outer(&way.answer)).collect()
        };
        // A regular expression for every script of the server answers the same file elsewhere, too.
        let elsewhere = assets.iter().filter_map(|asset| asset.strip_prefix(NEW_CLIENT_PATH));
        let elsewhere = elsewhere.map(|rest| format!("{ANY_ROUTE}{rest}"));
        let others = answering(&mut NEIGHBOURS.iter().map(ToString::to_string).chain(elsewhere));
        let pages = [NEW_CLIENT_PATH, "/user-ui/", NEW_CLIENT_ROUTE, NEW_CLIENT_PAGE];
        let own = answering(&mut pages.iter().map(ToString::to_string).chain(assets.iter().cloned()));
        let locations = self.config().named(self.server(), "location");
        let is_own = |node: &Node| {
            is_below_new_client(self.config(), *node) || (own.contains(node) && !others.contains(node))
        };
        locations.filter(is_own).collect()
    }

    /// What takes these paths from the location that answers the new client's route, for people. Whatever serves the
    /// very file that a path is known to mean takes nothing.
    #[must_use]
    pub fn taken(&self, assets: &[String], files: &BTreeMap<String, PathBuf>) -> Vec<String> {
        let mut found = Vec::new();
        let client = self.answer(NEW_CLIENT_ROUTE).map_or_else(String::new, |answer| self.describe(&answer));
        for (door, others) in self.compared() {
            let page = self.ways_through(door, NEW_CLIENT_ROUTE);
            let own: BTreeSet<Node> =
                page.list.iter().flat_map(|way| self.own_locations(way, others)).collect();
            for asset in assets {
                let ways = self.ways_through(door, asset);
                let is_own = |way: &&Way| way.answer.chain.iter().any(|node| own.contains(node));
                // What the server block does to the page, it may do to its scripts.
                let is_alike = |way: &&Way| {
                    let Answer { acted, chain, .. } = &way.answer;
                    let same = |page: &Way| page.answer.acted == *acted && page.answer.chain == *chain;
                    !acted.is_empty() && page.list.iter().any(same)
                };
                let file = files.get(asset);
                let serves = |way: &&Way| file.is_some_and(|file| may_serve(&way.answer, file));
                for way in ways.list.iter().filter(|way| !is_own(way) && !is_alike(way) && !serves(way)) {
                    if way.answer.chain.is_empty() && way.answer.acted.is_empty() {
                        continue;
                    }
                    let line =
                        format!("{asset} is answered by {}, not by {client}", self.describe(&way.answer));
                    if !found.contains(&line) {
                        found.push(line);
                    }
                }
            }
        }
        found
    }

    /// The doors behind which something is served, and how routes are answered there that are not the new client's.
    pub(super) fn compared(&self) -> &[(Door, Vec<Way>)] {
        self.compared.get_or_init(|| {
            let others = |door: &Door| -> Vec<Way> {
                NEIGHBOURS.iter().flat_map(|uri| self.ways_through(door, uri).list.clone()).collect()
            };
            self.serving_doors().into_iter().map(|door| (door.clone(), others(door))).collect()
        })
    }

    /// The locations around an answer that no other route comes into. One inside of `location /` counts: it is what
    /// a route has of its own, wherever it stands.
    fn own_locations(&self, way: &Way, others: &[Way]) -> Vec<Node> {
        let others = others.iter().filter(|other| compatible(&way.assumed, &other.assumed));
        let shared: BTreeSet<Node> = others.flat_map(|other| other.answer.chain.iter().copied()).collect();
        let is_location = |node: &Node| self.config().directive(*node).is("location");
        let chain = way.answer.chain.iter().copied();
        chain.filter(|node| is_location(node) && !shared.contains(node)).collect()
    }

    /// `None` for a way on which every route is answered alike before any location.
    fn judge(&self, way: &Way, others: &[Way]) -> Option<RouteState> {
        let alike = || others.iter().filter(|other| compatible(&way.assumed, &other.assumed));
        if let Handler::Unknown { reason } = &way.answer.handler {
            return Some(RouteState::CannotTell(reason.clone()));
        }
        // What the server block does to every route, such as a page for maintenance, is no answer of this one.
        if alike().any(|other| acts_alike(way, other)) {
            return None;
        }
        let is_own_act = |node: &&Node| alike().all(|other| !other.answer.acted.contains(node));
        if let Some(&taking) = way.answer.acted.iter().find(is_own_act) {
            return Some(RouteState::Elsewhere(self.directive(taking)));
        }
        let own = self.own_locations(way, others);
        if own.is_empty() {
            return Some(RouteState::Missing);
        }
        Some(self.own_location(&way.answer, &own))
    }

    /// Whether a `return` inside of an `if` of a location answers.
    fn ends_in_an_if(&self, answer: &Answer) -> bool {
        let page = page_of(answer);
        let innermost = page.chain.last();
        matches!(page.handler, Handler::Return { .. })
            && page.chain.len() > 1
            && innermost.is_some_and(|node| self.config().directive(*node).is("if"))
    }

    /// Locations that answer no neighbour: do they serve?
    fn own_location(&self, answer: &Answer, own: &[Node]) -> RouteState {
        if own.iter().rev().find_map(|location| self.refuses_everybody(*location)) == Some(true) {
            return RouteState::Elsewhere(format!("{} lets nobody in", self.describe(answer)));
        }
        let page = page_of(answer);
        // An internal redirect runs the server's own rewrites again.
        if let Some(&taking) = page.acted.get(answer.acted.len()) {
            return RouteState::Elsewhere(format!(
                "{}, whose page is taken by {}",
                self.describe(answer),
                self.directive(taking)
            ));
        }
        match &page.handler {
            Handler::Unknown { reason } => RouteState::CannotTell(reason.clone()),
            Handler::Return { .. } => RouteState::Elsewhere(self.describe(answer)),
            _ if !page.chain.iter().any(|node| own.contains(node)) => RouteState::Elsewhere(format!(
                "{}, whose page is answered by {}",
                self.describe(answer),
                self.describe(page)
            )),
            _ => RouteState::Present,
        }
    }

    /// `deny all` without an `allow` before it; `None` where a location has no such rules, and inherits them. With
    /// `satisfy any` a password or the like opens what addresses do not.
    fn refuses_everybody(&self, location: Node) -> Option<bool> {
        let config = self.config();
        let satisfy = |block: Node| config.named(block, "satisfy").next_back();
        let around = [location, self.server()].into_iter().find_map(satisfy);
        let satisfy = around.or_else(|| config.top_named("http").find_map(satisfy));
        let any = satisfy.is_some_and(|node| config.directive(node).arg(0) == Some(b"any"));
        let mut rules = self.config().children(location).iter().map(|&node| self.config().directive(node));
        let first = rules.find(|directive| directive.is("allow") || directive.is("deny"));
        first.map(|directive| directive.is("deny") && directive.arg(0) == Some(b"all") && !any)
    }
}

/// As [`Block::new_client`].
#[must_use]
pub fn route_state(config: &Config, server: Node) -> RouteState {
    Block::new(config, server).new_client()
}

/// What answers in the end where a route is not a file: the last argument of `try_files`, as the file
/// that it names; or the file before it where the last one is a status for when even that is missing.
fn page_of(answer: &Answer) -> &Answer {
    let Handler::TryFiles { tries, fallback } = &answer.handler else { return answer };
    match &fallback.handler {
        Handler::TryFiles { tries, fallback: next } => {
            let file = tries.iter().find(|one| one.wanted == Wanted::File);
            file.map_or(next.as_ref(), |one| &one.answer)
        }
        Handler::Return { status: 400.., target: None } => {
            // A file that is named by the route itself is no page of the application.
            let route = answer.uri.rsplit('/').next().unwrap_or_default();
            let page = |one: &&Candidate| one.wanted == Wanted::File && !one.path.ends_with(route);
            tries.iter().rfind(page).map_or(fallback, |one| &one.answer)
        }
        _ => fallback,
    }
}

/// Whether a file that is there is what answers.
fn may_serve(answer: &Answer, file: &Path) -> bool {
    match &answer.handler {
        Handler::Static { path } => path == file,
        Handler::TryFiles { tries, fallback } => {
            let first = tries.iter().find(|one| one.wanted == Wanted::File && one.path == file);
            first.map_or_else(|| may_serve(fallback, file), |one| may_serve(&one.answer, file))
        }
        _ => false,
    }
}

/// Whether a location is named for a path below the new client's.
fn is_below_new_client(config: &Config, location: Node) -> bool {
    let path = match matcher(config, location) {
        Some(Matcher::Exact(path) | Matcher::Prefix(path) | Matcher::Final(path)) => path,
        _ => return false,
    };
    let rest = path.strip_prefix(NEW_CLIENT_PATH.as_bytes());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// Whether the server block itself does to one request what it does to the other, and answers both from one place.
pub(super) fn acts_alike(one: &Way, other: &Way) -> bool {
    !one.answer.acted.is_empty()
        && other.answer.acted == one.answer.acted
        && outer(&other.answer) == outer(&one.answer)
        && status(&other.answer) == status(&one.answer)
}

fn status(answer: &Answer) -> Option<u16> {
    match answer.handler {
        Handler::Return { status, .. } => Some(status),
        _ => None,
    }
}

/// Whether both can hold at once.
fn compatible(one: &[Assumption], other: &[Assumption]) -> bool {
    one.iter().all(|assumed| {
        other.iter().all(|other| other.directive != assumed.directive || other.holds == assumed.holds)
    })
}

/// What all ways come to: the worst that one of them says.
fn combined(states: Vec<RouteState>) -> RouteState {
    let worst = |state: &RouteState| match state {
        RouteState::Elsewhere(_) => 3,
        RouteState::CannotTell(_) => 2,
        RouteState::Missing => 1,
        RouteState::Present => 0,
    };
    states.into_iter().rev().max_by_key(worst).unwrap_or(RouteState::Missing)
}
