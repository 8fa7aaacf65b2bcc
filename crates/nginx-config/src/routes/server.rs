//! Which server block answers on an address, for a host name.
//!
//! Invariant: the order is nginx's: the most specific address first, then the
//! exact name, the longest leading wildcard, the longest trailing one, the
//! first regular expression, and the default server.

use super::listeners::{Address, Endpoint, Listeners, Names, Preface, Transport};
use super::pattern::{Case, Matched, Pattern};
use crate::config::Config;
use crate::node::Node;
use crate::work;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The server block that answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerMatch {
    /// This one.
    Server(Node),
    /// No server block listens there.
    Nowhere,
    /// It depends on what cannot be known from the files.
    Unknown {
        /// On what it depends.
        reason: String,
    },
}

/// The `server` blocks of `http`, in nginx's order; one that is included twice stands there twice.
#[must_use]
pub fn servers(config: &Config) -> &[Node] {
    &config.indexed_servers().list
}

/// The server block for a connection to `local` that asks for `host`, which
/// may carry a port.
#[must_use]
pub fn server_for(config: &Config, local: &Endpoint, host: &str) -> ServerMatch {
    let listeners = config.listeners();
    let unresolved = || {
        let port = if let Endpoint::Tcp(_, port) = local { Some(port) } else { None };
        let server = port.and_then(|port| listeners.by_name.get(port))?;
        let reason = format!("the server at {} listens on a host name", config.place(*server));
        Some(ServerMatch::Unknown { reason })
    };
    let Some(at) = listeners.most_specific(local) else {
        return unresolved().unwrap_or(ServerMatch::Nowhere);
    };
    if at != *local
        && let Some(unknown) = unresolved()
    {
        return unknown;
    }
    let Some(address) = listeners.addresses.get(&at) else { return ServerMatch::Nowhere };
    let names = address.names.get_or_init(|| Names::of(config, &address.servers));
    names.server_for(config, &host_name(host)).unwrap_or(ServerMatch::Server(address.default))
}

/// The default servers of the addresses on which `server` listens. nginx reads
/// the request line by their settings, before it knows the host.
pub(super) fn default_servers(config: &Config, server: Node) -> Vec<Node> {
    let listeners = config.listeners();
    let own = listeners.own.get(&server).into_iter().flatten();
    own.filter_map(|at| Some(listeners.addresses.get(at)?.default)).collect()
}

/// A way into a server block.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Door {
    /// Where it listens.
    pub at: Endpoint,
    /// What is spoken there: TLS where any block asks for it on this address.
    pub transport: Transport,
    /// What a connection has to begin with.
    pub preface: Preface,
}

/// The ways into a server block, as it lists them; those for QUIC are left out.
#[must_use]
pub fn doors(config: &Config, server: Node) -> Vec<Door> {
    let listeners = config.listeners();
    let own = listeners.own.get(&server).into_iter().flatten();
    let door = |at: &Endpoint| {
        let Address { transport, preface, .. } = *listeners.addresses.get(at)?;
        Some(Door { at: at.clone(), transport, preface })
    };
    own.filter_map(door).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Default,
    Ordinary,
}

/// What one `listen` asks for.
#[derive(Clone, Copy)]
struct Asks {
    role: Role,
    transport: Transport,
    preface: Preface,
}

impl Listeners {
    pub(crate) fn of(config: &Config) -> Self {
        let mut all = Self::default();
        let mut explicit = BTreeSet::new();
        for &server in servers(config) {
            let mut listens = false;
            let ssl_on = config.named(server, "ssl").next_back();
            let ssl_on = ssl_on.is_some_and(|node| config.directive(node).arg(0) == Some(b"on"));
            for node in config.named(server, "listen") {
                let directive = config.directive(node);
                let Some(address) = directive.arg(0) else { continue };
                let has = |option: &str| directive.args.iter().skip(1).any(|word| word.is(option));
                let role =
                    if has("default_server") || has("default") { Role::Default } else { Role::Ordinary };
                listens = true;
                // Over UDP, beside whatever listens on the same port.
                if has("quic") {
                    continue;
                }
                let transport = if ssl_on || has("ssl") { Transport::Tls } else { Transport::Plain };
                let preface = if has("proxy_protocol") { Preface::ProxyProtocol } else { Preface::None };
                let asks = Asks { role, transport, preface };
                let mut at = endpoints(&String::from_utf8_lossy(address));
                if let (true, Some(&Endpoint::Tcp(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port))) =
                    (has("ipv6only=off"), at.first())
                {
                    at.push(any(port));
                }
                at.into_iter().for_each(|at| all.add(server, at, asks, &mut explicit));
            }
            if !listens {
                let transport = if ssl_on { Transport::Tls } else { Transport::Plain };
                let asks = Asks { role: Role::Ordinary, transport, preface: Preface::None };
                all.add(server, any(80), asks, &mut explicit);
            }
        }
        all
    }

    /// `explicit` holds the addresses that have a server called the default one.
    fn add(&mut self, server: Node, at: Endpoint, asks: Asks, explicit: &mut BTreeSet<Endpoint>) {
        let Asks { role, transport, preface } = asks;
        if let Endpoint::Name(_, port) = at {
            self.by_name.entry(port).or_insert(server);
        }
        let address = self.addresses.entry(at.clone()).or_insert_with(|| Address::new(server));
        address.transport = address.transport.max(transport);
        address.preface = address.preface.max(preface);
        if role == Role::Default && explicit.insert(at.clone()) {
            address.default = server;
        }
        if address.servers.last() != Some(&server) {
            address.servers.push(server);
        }
        self.own.entry(server).or_default().push(at);
    }

    /// The listening address that takes a connection to `local`.
    fn most_specific(&self, local: &Endpoint) -> Option<Endpoint> {
        let wide = match local {
            Endpoint::Tcp(IpAddr::V4(_), port) => Some(any(*port)),
            Endpoint::Tcp(IpAddr::V6(_), port) => {
                Some(Endpoint::Tcp(IpAddr::V6(Ipv6Addr::UNSPECIFIED), *port))
            }
            Endpoint::Unix(_) | Endpoint::Name(..) => None,
        };
        [Some(local.clone()), wide].into_iter().flatten().find(|at| self.addresses.contains_key(at))
    }
}

fn any(port: u16) -> Endpoint {
    Endpoint::Tcp(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port)
}

/// What an argument of `listen` stands for; several for a range of ports.
pub(super) fn endpoints(argument: &str) -> Vec<Endpoint> {
    if let Some(path) = argument.strip_prefix("unix:") {
        return vec![Endpoint::Unix(path.as_bytes().to_vec())];
    }
    let (host, ports) = match argument.rsplit_once(':') {
        Some((host, ports)) if !ports.contains(']') => (host, ports),
        _ if argument.starts_with(|first: char| first.is_ascii_digit()) && !argument.contains('.') => {
            ("*", argument)
        }
        _ => (argument, "80"),
    };
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    let (Ok(first), Ok(last)) = (first.parse::<u16>(), last.parse::<u16>()) else { return Vec::new() };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let at = |port| match (bare, bare.parse::<IpAddr>()) {
        ("*", _) => any(port),
        (_, Ok(address)) => Endpoint::Tcp(address, port),
        (name, Err(_)) => Endpoint::Name(name.to_ascii_lowercase(), port),
    };
    (first..=last).map(at).collect()
}

/// A `Host` as nginx compares it: lower case, without port and final dot.
pub(super) fn host_name(host: &str) -> String {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => name,
        _ => host,
    };
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

impl Names {
    fn of(config: &Config, servers: &[Node]) -> Self {
        let mut found = Self::default();
        for &server in servers {
            for name in names(config, server) {
                if let Some(pattern) = name.strip_prefix('~') {
                    let pattern = Pattern::compile(pattern.as_bytes(), Case::Insensitive);
                    found.regexes.push((server, pattern));
                    continue;
                }
                let name = name.to_ascii_lowercase();
                // `.x` stands for x, too.
                let exact = name.strip_prefix('.').unwrap_or(&name).to_owned();
                if name.contains('*') || name.starts_with('.') {
                    found.wildcards.push((server, name.clone()));
                }
                if !name.contains('*') {
                    found.exact.entry(exact).or_insert(server);
                }
            }
        }
        found
    }

    fn server_for(&self, config: &Config, host: &str) -> Option<ServerMatch> {
        if let Some(&server) = self.exact.get(host) {
            return Some(ServerMatch::Server(server));
        }
        work::done(self.wildcards.len() + self.regexes.len());
        let mut best: Option<(u8, usize, Node)> = None;
        for (server, name) in &self.wildcards {
            if let Some((rank, len)) = wildcard_rank(name, host)
                && best.is_none_or(|(other, longest, _)| (rank, len) > (other, longest))
            {
                best = Some((rank, len, *server));
            }
        }
        if let Some((_, _, server)) = best {
            return Some(ServerMatch::Server(server));
        }
        for (server, pattern) in &self.regexes {
            match pattern.matches(host.as_bytes()) {
                Matched::Yes(_) => return Some(ServerMatch::Server(*server)),
                Matched::No => {}
                Matched::Unknown => {
                    let reason = format!("a server name of {} cannot be run here", config.place(*server));
                    return Some(ServerMatch::Unknown { reason });
                }
            }
        }
        None
    }
}

/// Leading wildcards go before trailing ones, longer before shorter.
fn wildcard_rank(name: &str, host: &str) -> Option<(u8, usize)> {
    let leading = name.strip_prefix("*.").or_else(|| name.strip_prefix('.'));
    if let Some(suffix) = leading {
        let before = host.strip_suffix(suffix)?.strip_suffix('.')?;
        return (!before.is_empty()).then_some((2, suffix.len()));
    }
    let prefix = name.strip_suffix(".*")?;
    let after = host.strip_prefix(prefix)?.strip_prefix('.')?;
    (!after.is_empty()).then_some((1, prefix.len()))
}

pub(super) fn names(config: &Config, server: Node) -> Vec<String> {
    let words = config.named(server, "server_name").flat_map(|node| config.directive(node).args.iter());
    let names: Vec<String> = words.map(|word| word.text().into_owned()).collect();
    // Without a name a server answers requests without a Host.
    if names.is_empty() { vec![String::new()] } else { names }
}
