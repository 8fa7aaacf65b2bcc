//! Whether this host serves the new client, which alone knows Agent Profiles, and under which name.
//!
//! Invariant: only said where an NGINX with Motion's site is on this host; elsewhere nothing is known, nor claimed.

use crate::cli::args::SiteArgs;
use crate::cli::context::Context;
use crate::facts::{ServerFacts, ServerRole};
use crate::inspect::{inspect, routes};
use crate::outcome::Finding;
use crate::outcome::codes;
use crate::prepare::ask;

/// What this host is to Motion's clients.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// A warning where Motion's site is here and lacks the new client's route.
    pub missing: Option<Finding>,
    /// The name by which Motion's site is reached here.
    pub host: Option<String>,
}

/// Looks at this host's NGINX, if it has one.
pub fn client(context: &Context) -> Client {
    let Ok(options) = context.options(&SiteArgs::default()) else { return Client::default() };
    let Ok(mut inspection) = inspect(&context.root, &options.inspect) else { return Client::default() };
    if context.root.is_live() {
        // Motion may serve it itself, which no file says.
        ask(&mut inspection, &options.inspect.client);
    }
    let host = host(&inspection.facts.site.servers);
    let found = routes(&inspection.facts, &inspection.config);
    let missing = found.iter().find(|finding| finding.code == codes::ROUTES_MISSING).map(|found| {
        let title = "NGINX on this host does not serve the new client, and only there profiles can be chosen";
        let finding = Finding::new(codes::SEED_NO_NEW_CLIENT, title)
            .advice("`motionctl plan` shows what is missing; seeding does not depend on it");
        finding.evidence_lines(&found.evidence)
    });
    Client { missing, host }
}

/// The first name of a server block of Motion's that a browser can be given; of those with TLS before others.
fn host(servers: &[ServerFacts]) -> Option<String> {
    let serves = |server: &&ServerFacts| server.role == ServerRole::ServesMotion;
    let is_secure = |server: &&ServerFacts| server.listens.iter().any(|listen| listen.tls);
    let (secure, plain): (Vec<_>, Vec<_>) = servers.iter().filter(serves).partition(is_secure);
    // Patterns and the names of blocks without one are no names of hosts.
    let is_name = |name: &&String| {
        name.contains(|c: char| c.is_ascii_alphanumeric())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
    };
    secure.iter().chain(&plain).flat_map(|server| &server.names).find(is_name).cloned()
}
