//! Whether a change sends people to HTTPS who were served without it.
//!
//! Invariant: judged by the configuration that the change makes, through the doors that are there now.

use crate::facts::{Facts, ServerRole};
use crate::motion::Block;
use nginx_config::Config;
use nginx_config::routes::{Endpoint, NOBODYS, ServerMatch, Transport, doors, hosts, server_for};
use std::fmt;

/// A way to Motion without TLS that leads to HTTPS after the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToHttps {
    /// The block that answers there now, for people.
    pub server: String,
    /// The name that clients ask for; `None` for the address, or a name that no block has.
    pub host: Option<String>,
    pub at: Endpoint,
    /// The port that they are sent to.
    pub port: u16,
    /// What sends them, with its place.
    pub by: String,
}

impl fmt::Display for ToHttps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.at.port().unwrap_or(0);
        match &self.host {
            Some(host) => write!(f, "http://{host}:{port}")?,
            None => write!(
                f,
                "http:// on port {port} by the server's address, or by any name that no block has,"
            )?,
        }
        write!(f, " leads to https, port {}, by {}", self.port, self.by)
    }
}

/// Where Motion is served without TLS now, and the change sends everybody to HTTPS.
pub(super) fn to_https(facts: &Facts, old: &Config, new: &Config) -> Vec<ToHttps> {
    let mut found = Vec::new();
    let serving = facts.site.servers.iter().filter(|server| server.role == ServerRole::ServesMotion);
    for server in serving {
        let before = Block::new(old, server.node);
        let names = hosts(old, server.node);
        let asked: Vec<Option<&String>> = names.iter().map(Some).chain([None]).collect();
        for door in doors(old, server.node).into_iter().filter(|door| door.transport == Transport::Plain) {
            for name in &asked {
                let host = name.map_or(NOBODYS, String::as_str);
                let is_served = server_for(old, &door.at, host) == ServerMatch::Server(server.node)
                    && before.https_redirect(&door, host).is_none();
                let ServerMatch::Server(now) = server_for(new, &door.at, host) else { continue };
                if !is_served {
                    continue;
                }
                if let Some((port, by)) = Block::new(new, now).https_redirect(&door, host) {
                    let (server, host) = (server.label.clone(), name.cloned());
                    found.push(ToHttps { server, host, at: door.at.clone(), port, by });
                }
            }
        }
    }
    found
}
