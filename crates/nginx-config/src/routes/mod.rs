//! Which block of a configuration answers a request, and how.
//!
//! Invariant: an answer is nginx's own or says `Unknown` with the reason; it
//! is never a guess. What depends on the disk is returned as alternatives, what
//! depends on the rest of the request as ways, each with what it assumes. What
//! depends on the client's address or credentials is not looked at.

mod answer;
mod choices;
mod content;
mod entrance;
mod errors;
mod files;
pub(crate) mod level;
pub(crate) mod listeners;
mod location;
pub(crate) mod pattern;
mod redirect;
mod request;
mod rewrite;
mod router;
mod server;
mod uri;
mod ways;

pub use answer::{Answer, Candidate, Handler, Hop, HopCause, Wanted};
pub use choices::Assumption;
pub use entrance::{Entrance, NOBODYS, entrance, hosts, name_to_ask};
pub use listeners::{Endpoint, Preface, Transport};
pub use location::{Matcher, matcher};
pub use request::Request;
pub use server::{Door, ServerMatch, doors, server_for, servers};
pub use ways::{Way, Ways};

use super::config::Config;
use super::node::Node;

/// What `server` does with a GET of `target`, a request target such as
/// `/user-ui/login?x=1`. Access rules are not judged.
#[must_use]
pub fn answer(config: &Config, server: Node, target: &str) -> Answer {
    answer_to(config, server, &Request::get(target))
}

/// As [`answer()`], for a request of which more is known.
#[must_use]
pub fn answer_to(config: &Config, server: Node, request: &Request) -> Answer {
    ways(config, server, request).agreed(config)
}

/// Every way that a request can go through `server`, where that depends on what is not known: an
/// `if` on a header, a file that may exist, a regular expression that cannot be run here.
#[must_use]
pub fn ways(config: &Config, server: Node, request: &Request) -> Ways {
    ways::ways(config, server, request)
}

#[cfg(test)]
mod tests;
