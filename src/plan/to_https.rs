//! Whether a change sends people to HTTPS who were served without it.
//!
//! Invariant: judged by the configuration that the change makes, through the doors that are there now.

use crate::facts::{Facts, ServerRole};
use crate::motion::Block;
use nginx_config::Config;
use nginx_config::routes::{Endpoint, ServerMatch, Transport, doors, name_to_ask, server_for};
use std::fmt;

/// A way to Motion without TLS that leads to HTTPS after the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToHttps {
    /// The block that answers there now, for people.
    pub server: String,
    /// The name that clients ask for.
    pub host: String,
    /// Where they ask.
    pub at: Endpoint,
    /// The port that they are sent to.
    pub port: u16,
    /// What sends them, with its place.
    pub by: String,
}

impl fmt::Display for ToHttps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = match self.at {
            Endpoint::Tcp(_, port) | Endpoint::Name(_, port) => port,
            Endpoint::Unix(_) => 0,
        };
        write!(f, "http://{}:{port} leads to https, port {}, by {}", self.host, self.port, self.by)
    }
}

/// Where Motion is served without TLS now, and the change sends everybody to HTTPS.
pub(super) fn to_https(facts: &Facts, old: &Config, new: &Config) -> Vec<ToHttps> {
    let mut found = Vec::new();
    let serving = facts.site.servers.iter().filter(|server| server.role == ServerRole::ServesMotion);
    for server in serving {
        let before = Block::new(old, server.node);
        let host = name_to_ask(old, server.node).unwrap_or_default();
        for door in doors(old, server.node).into_iter().filter(|door| door.transport == Transport::Plain) {
            let ServerMatch::Server(now) = server_for(new, &door.at, &host) else { continue };
            if before.https_redirect(&door, &host).is_some() {
                continue;
            }
            if let Some((port, by)) = Block::new(new, now).https_redirect(&door, &host) {
                let (server, host) = (server.label.clone(), host.clone());
                found.push(ToHttps { server, host, at: door.at, port, by });
            }
        }
    }
    found
}
