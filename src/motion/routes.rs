//! What a server block answers, whatever the route.
//!
//! Invariant: computed in nginx's own order, through every door of the block and on every way that a
//! request can go, never guessed from names.

use super::guards::shown;
use nginx_config::routes::{Answer, Door, Handler, Request, Transport, Way, Ways, doors, name_to_ask, ways};
use nginx_config::{Config, Node};
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Pages that any site has.
pub const PAGES: [&str; 2] = ["/", "/login"];
/// The new client's entry.
pub const NEW_CLIENT_ROUTE: &str = "/user-ui/login";
/// A page that only a catch-all location answers.
pub const ANY_ROUTE: &str = "/motionctl-route-check";

/// A server block as clients reach it.
pub struct Block<'c> {
    config: &'c Config,
    server: Node,
    host: Option<String>,
    doors: Vec<Door>,
    /// The doors behind which something is served, and what [`super::new_client`] compares with there: followed once,
    /// since every question about the new client needs it.
    pub(super) compared: OnceCell<Vec<(Door, Vec<Way>)>>,
    /// What was asked before: whether a door only redirects decides on every other question, and is one of two itself.
    asked: RefCell<BTreeMap<Asked, Rc<Ways>>>,
}

/// The port and transport of a door, and a URI.
type Asked = (u16, Transport, String);

impl<'c> Block<'c> {
    /// This server block.
    #[must_use]
    pub fn new(config: &'c Config, server: Node) -> Self {
        let mut all = doors(config, server);
        // Doors that differ by their addresses only answer alike.
        let mut seen = BTreeSet::new();
        all.retain(|door| seen.insert((port(door), door.transport)));
        Self {
            config,
            server,
            host: name_to_ask(config, server),
            doors: all,
            compared: OnceCell::new(),
            asked: RefCell::default(),
        }
    }

    /// Every way that a GET of `uri` can go, through a door.
    pub(super) fn ways_through(&self, door: &Door, uri: &str) -> Rc<Ways> {
        let asked = (port(door), door.transport, uri.to_owned());
        if let Some(known) = self.asked.borrow().get(&asked) {
            return known.clone();
        }
        let request = Request::get(uri).at(port(door), door.transport);
        let request = match &self.host {
            Some(host) => request.to_host(host),
            None => request,
        };
        let found = Rc::new(ways(self.config, self.server, &request));
        self.asked.borrow_mut().insert(asked, found.clone());
        found
    }

    /// Every way that a GET of `uri` can go, through any door.
    #[must_use]
    pub fn ways(&self, uri: &str) -> Vec<Way> {
        self.doors.iter().flat_map(|door| self.ways_through(door, uri).list.clone()).collect()
    }

    /// Whether these are all the ways that a GET of `uri` can go.
    #[must_use]
    pub fn is_followed(&self, uri: &str) -> bool {
        self.doors.iter().all(|door| self.ways_through(door, uri).complete)
    }

    /// Whether a browser that asks for a page is always sent to another server or scheme, or turned
    /// away. To another page of the same server is how an application works.
    #[must_use]
    pub fn redirects_only(&self) -> bool {
        self.doors.iter().all(|door| self.only_redirects_at(door))
    }

    /// As [`Block::redirects_only`], for one of its doors.
    #[must_use]
    pub fn only_redirects_at(&self, door: &Door) -> bool {
        PAGES.iter().all(|uri| {
            let ways = self.ways_through(door, uri);
            let kinds: BTreeSet<_> = ways.list.iter().map(|way| Kind::of(&way.answer)).collect();
            ways.complete && kinds.contains(&Kind::Away) && !kinds.contains(&Kind::Other)
        })
    }

    /// The port to which everybody who asks for `host` through the door is sent with HTTPS, and what
    /// sends them, for people.
    #[must_use]
    pub fn https_redirect(&self, door: &Door, host: &str) -> Option<(u16, String)> {
        let mut found = None;
        for uri in PAGES.into_iter().chain([NEW_CLIENT_ROUTE]) {
            let request = Request::get(uri).at(port(door), door.transport).to_host(host);
            let ways = ways(self.config, self.server, &request);
            if !ways.complete {
                return None;
            }
            for way in &ways.list {
                let Handler::Return { status: 301 | 302 | 303 | 307 | 308, target: Some(target) } =
                    &way.answer.handler
                else {
                    return None;
                };
                let authority = target.strip_prefix("https://")?.split('/').next()?;
                let port = authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
                found = Some((port.unwrap_or(443), self.describe(&way.answer)));
            }
        }
        found
    }

    /// The doors behind which something is served.
    pub(super) fn serving_doors(&self) -> Vec<&Door> {
        let serving: Vec<&Door> = self.doors.iter().filter(|door| !self.only_redirects_at(door)).collect();
        if serving.is_empty() { self.doors.iter().collect() } else { serving }
    }

    /// What answers `uri` where it is served at all: through the first door that does not only send
    /// away, on the way on which nothing unknown holds.
    #[must_use]
    pub fn answer(&self, uri: &str) -> Option<Answer> {
        let door = *self.serving_doors().first()?;
        self.ways_through(door, uri).list.first().map(|way| way.answer.clone())
    }

    /// Every way that a GET of `uri` can go where it is served at all: through the doors that do not
    /// only send away.
    #[must_use]
    pub fn served_ways(&self, uri: &str) -> Vec<Way> {
        self.serving_doors().into_iter().flat_map(|door| self.ways_through(door, uri).list.clone()).collect()
    }

    /// Whether every GET of `uri` is answered by the same, so that one answer stands for all.
    #[must_use]
    pub fn answers_in_one_way(&self, uri: &str) -> bool {
        let ways = self.served_ways(uri);
        self.is_followed(uri) && ways.windows(2).all(|pair| pair[0].answer.handler == pair[1].answer.handler)
    }

    /// The configuration that it stands in.
    pub(super) fn config(&self) -> &'c Config {
        self.config
    }

    /// The block itself.
    pub(super) fn server(&self) -> Node {
        self.server
    }

    /// The name that it is asked by.
    pub(super) fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// `FILE:LINE:COLUMN: DIRECTIVE`, redacted.
    pub(super) fn directive(&self, node: Node) -> String {
        shown(self.config, node)
    }

    pub(super) fn describe(&self, answer: &Answer) -> String {
        let innermost = answer.chain.iter().rev().find(|node| self.config.directive(**node).is("location"));
        match innermost.or(answer.acted.last()).copied() {
            Some(node) => self.directive(node),
            None => "the server block itself".to_owned(),
        }
    }
}

/// What a page's answer is to a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// It is sent to another server or scheme.
    Away,
    /// It is turned away.
    Refused,
    Other,
}

impl Kind {
    fn of(answer: &Answer) -> Self {
        match &answer.handler {
            Handler::Return { status: 301 | 302 | 303 | 307 | 308, target: Some(target) }
                if target.contains("://") =>
            {
                Self::Away
            }
            Handler::Return { status: 400.., .. } => Self::Refused,
            _ => Self::Other,
        }
    }
}

/// As [`Block::redirects_only`].
#[must_use]
pub fn redirects_only(config: &Config, server: Node) -> bool {
    Block::new(config, server).redirects_only()
}

/// The outermost location around an answer; `None` for the server block itself.
#[must_use]
pub fn outer(answer: &Answer) -> Option<Node> {
    answer.chain.first().copied()
}

/// What a request says of its port: 0 where it comes through a socket.
fn port(door: &Door) -> u16 {
    door.at.port().unwrap_or(0)
}
