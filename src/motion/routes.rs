//! Motion's routes in a server block: what answers them.
//!
//! Invariant: computed in nginx's own order, never guessed from names.

use nginx_config::routes::{Answer, Handler, answer};
use nginx_config::{Config, Node};

/// Pages that any site has.
pub const PAGES: [&str; 2] = ["/", "/login"];
/// The new client's entry.
pub const NEW_CLIENT_ROUTE: &str = "/user-ui/login";
/// A page of the new client that no location is likely to name by itself.
const NEW_CLIENT_PAGE: &str = "/user-ui/motionctl-route-check";
/// A page that only a catch-all location answers.
pub const ANY_ROUTE: &str = "/motionctl-route-check";

/// Whether the new client's route is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteState {
    /// A location of its own answers it.
    Present,
    /// A location that also answers other routes answers it.
    Missing,
    /// A location of its own answers with something else; which, for people.
    Elsewhere(String),
}

/// What answers the new client's route: a location of its own, or whatever
/// answers everything else.
#[must_use]
pub fn route_state(config: &Config, server: Node) -> RouteState {
    let entry = answer(config, server, NEW_CLIENT_ROUTE);
    let page = answer(config, server, NEW_CLIENT_PAGE);
    let other = answer(config, server, ANY_ROUTE);
    let own = |answer: &Answer| outer(answer) != outer(&other);
    match (own(&entry), own(&page)) {
        (false, false) => RouteState::Missing,
        (true, true) if serves(&entry.handler) && serves(&page.handler) => RouteState::Present,
        _ => RouteState::Elsewhere(describe(config, &if own(&entry) { entry } else { page })),
    }
}

/// Whether a browser that asks for a page is always sent to another server or
/// scheme. To another page of the same server is how an application works.
#[must_use]
pub fn redirects_only(config: &Config, server: Node) -> bool {
    PAGES.iter().all(|uri| match answer(config, server, uri).handler {
        Handler::Return { status: 301 | 302 | 303 | 307 | 308, target } => {
            target.is_some_and(|target| target.contains("://"))
        }
        _ => false,
    })
}

/// The outermost location around an answer; `None` for the server block itself.
#[must_use]
pub fn outer(answer: &Answer) -> Option<Node> {
    answer.chain.first().copied()
}

/// Whether something other than a fixed status answers.
fn serves(handler: &Handler) -> bool {
    !matches!(handler, Handler::Return { .. })
}

fn describe(config: &Config, answer: &Answer) -> String {
    match outer(answer) {
        Some(node) => {
            let words: Vec<_> = config.directive(node).args.iter().map(|word| word.text()).collect();
            format!("{}: location {}", config.place(node), words.join(" "))
        }
        None => "the server block itself".to_owned(),
    }
}
