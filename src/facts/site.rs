//! Facts about Motion's part of the configuration: blocks, routes, upstreams.

use super::address::ListenAddress;
use super::{Entrance, LimitFacts, NoEntrance};
use crate::motion::RouteState;
use nginx_config::{Node, redact_text};
use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Motion's server blocks and what they lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteFacts {
    /// The file that holds them, as the configuration names it.
    pub file: PathBuf,
    /// Every server block of the site, in the order of the configuration.
    pub servers: Vec<ServerFacts>,
    /// Every address that the whole configuration proxies to.
    pub upstreams: Vec<UpstreamFacts>,
}

impl SiteFacts {
    /// The addresses that Motion itself is served from.
    #[must_use]
    pub fn addresses_of_motion(&self) -> BTreeSet<&UpstreamAddress> {
        let of_motion = self.upstreams.iter().filter(|upstream| upstream.serves_motion);
        of_motion.map(|upstream| &upstream.address).collect()
    }

    /// Whether a server block is Motion's own: it serves Motion, or only redirects and has one of Motion's names, or
    /// none. What else shares the file is another application's.
    #[must_use]
    pub fn owns(&self, node: Node) -> bool {
        let serving = || self.servers.iter().filter(|server| server.role == ServerRole::ServesMotion);
        let is_motions = |name: &String| {
            let has = |other: &String| other.eq_ignore_ascii_case(name);
            serving().any(|server| server.names.iter().any(has))
        };
        self.servers.iter().filter(|server| server.node == node).any(|server| match server.role {
            ServerRole::ServesMotion => true,
            ServerRole::RedirectsOnly => {
                server.names.iter().all(|name| name.is_empty() || name == "_")
                    || server.names.iter().any(is_motions)
            }
            ServerRole::Other => false,
        })
    }
}

/// One server block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFacts {
    pub node: Node,
    pub label: String,
    /// Its `server_name`s, as written.
    pub names: Vec<String>,
    /// Its `listen`s; never empty.
    pub listens: Vec<ListenFacts>,
    /// What it is for.
    pub role: ServerRole,
    pub new_client: RouteState,
    /// Its locations, as far as a path is certain to reach them.
    pub locations: Vec<LocationFacts>,
    /// How it is asked, or why it is not.
    pub entrance: Result<Entrance, NoEntrance>,
    /// The limits of requests and connections that it is under.
    pub limits: Vec<LimitFacts>,
}

/// A location that a path is certain to reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocationFacts {
    pub uri: String,
    pub content: RouteContent,
}

/// Who answers a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteContent {
    /// NGINX itself, from files or with a fixed answer: asking does no harm.
    Local,
    /// Another program, which may act on being asked.
    Elsewhere,
}

/// What a server block of Motion's site is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerRole {
    /// It answers Motion's own routes.
    ServesMotion,
    /// It sends everything elsewhere, usually to HTTPS.
    RedirectsOnly,
    /// It shares the file and serves something else.
    Other,
}

/// One `listen`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenFacts {
    pub address: ListenAddress,
    /// With the `ssl` parameter, under `ssl on`, or with `quic`, which is always encrypted.
    pub tls: bool,
    /// With the `quic` parameter: over UDP, beside whatever listens on the same port over TCP.
    pub quic: bool,
    /// With HTTP/2, by parameter or directive.
    pub http2: bool,
    pub default_server: bool,
}

/// An address that the configuration proxies to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamFacts {
    pub address: UpstreamAddress,
    /// Whether TLS is spoken to it.
    pub tls: bool,
    /// Whether HTTP is spoken to it.
    pub http: bool,
    /// `file:line` of the directive that names it.
    pub origin: String,
    /// The server block that it stands in, by way of an include or not.
    pub server: Option<Node>,
    /// What the directive names, once its variables are filled in.
    pub target: String,
    /// The location that leads there, for people.
    pub location: String,
    /// Whether it answers Motion's own routes in Motion's site.
    pub serves_motion: bool,
}

/// What a proxied address looks like.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum UpstreamAddress {
    Socket(SocketAddr),
    Name(String, u16),
    /// A unix socket, below the root.
    Unix(PathBuf),
    /// It depends on a variable; the literal port, when there is one.
    Variable(String, Option<u16>),
}

impl UpstreamAddress {
    /// The TCP port, where there is one.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Socket(address) => Some(address.port()),
            Self::Name(_, port) => Some(*port),
            Self::Variable(_, port) => *port,
            Self::Unix(_) => None,
        }
    }

    /// Whether it is certainly on this host.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Socket(address) => address.ip().is_loopback(),
            Self::Name(name, _) => name == "localhost" || name.ends_with(".localhost"),
            Self::Unix(_) => true,
            Self::Variable(..) => false,
        }
    }

    /// As it is shown to people. A host may be called as secrets are (`api-key:8080`), and what stands behind a colon
    /// would be hidden; in an address nothing is but user and password, and those are in none of these.
    #[must_use]
    pub fn shown(&self) -> String {
        let plain = self.to_string();
        // Looking costs more than all else that is done for one of a hundred thousand locations.
        let is_name = matches!(self, Self::Name(..) | Self::Variable(..));
        if is_name && redact_text(&plain) != plain { format!("tcp://{plain}") } else { plain }
    }
}

impl fmt::Display for UpstreamAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(address) => write!(f, "{address}"),
            Self::Name(name, port) => write!(f, "{name}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Variable(text, _) => f.write_str(text),
        }
    }
}
