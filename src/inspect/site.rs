//! A server block as facts: its names, where it listens, what its locations answer.
//!
//! Pure. Invariant: says what stands there; whose the block is, is judged elsewhere.

use super::directives::arguments;
use crate::facts::{
    ListenAddress, ListenFacts, LocationFacts, NoEntrance, RouteContent, RouteState, ServerFacts, ServerRole,
    UpstreamAddress,
};
use crate::host::process::Listener;
use crate::motion::Block;
use nginx_config::routes::{Answer, Handler, servers};
use nginx_config::{Config, Node};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

const NOT_LOOKED_FOR: &str = "it was not looked for";

/// The facts of a server block; whether it serves Motion is not decided here. What it answers is asked of the blocks
/// that are chosen in the end: there may be thousands of others.
pub(super) fn server_facts(config: &Config, node: Node, block: &Block) -> ServerFacts {
    let names = names(config, node);
    let listens = listens(config, node);
    let role = if block.redirects_only() { ServerRole::RedirectsOnly } else { ServerRole::Other };
    ServerFacts {
        node,
        label: label(&names, &listens),
        names,
        listens,
        role,
        new_client: RouteState::CannotTell(NOT_LOOKED_FOR.to_owned()),
        locations: Vec::new(),
        // `served` looks.
        entrance: Err(NoEntrance::Because(NOT_LOOKED_FOR.to_owned())),
        limits: Vec::new(),
    }
}

/// What a block answers, for one that was chosen.
pub(super) fn ask(config: &Config, server: &mut ServerFacts) {
    let block = Block::new(config, server.node);
    server.new_client = block.new_client();
    server.locations = locations(config, server.node, &block);
}

/// The names of a server block, as written.
pub(super) fn names(config: &Config, server: Node) -> Vec<String> {
    config.named(server, "server_name").flat_map(|node| arguments(config, node)).collect()
}

/// The routes that can be asked for, one for each location: its path, or for a
/// regular expression nothing, since no path is certain to match it.
fn locations(config: &Config, server: Node, block: &Block) -> Vec<LocationFacts> {
    let mut found: Vec<LocationFacts> = Vec::new();
    let mut seen = BTreeSet::new();
    for node in config.named(server, "location") {
        let words = arguments(config, node);
        let uri = match words.as_slice() {
            [path] if path.starts_with('/') => path,
            [modifier, path] if modifier == "=" || modifier == "^~" => path,
            _ => continue,
        };
        // One answer for each URI: the location that NGINX chooses for it.
        if !seen.insert(uri.clone()) {
            continue;
        }
        let Some(answer) = block.answer(uri) else { continue };
        let content = match &answer.handler {
            Handler::Static { .. } | Handler::Folder { .. } | Handler::Return { .. } => RouteContent::Local,
            Handler::TryFiles { .. } if proxied_by(&answer).is_none() => RouteContent::Local,
            _ => RouteContent::Elsewhere,
        };
        found.push(LocationFacts { uri: uri.clone(), content });
    }
    found
}

/// The directive that hands the request on, also when files are tried first.
pub(super) fn proxied_by(answer: &Answer) -> Option<Node> {
    let mut handler = &answer.handler;
    loop {
        match handler {
            Handler::Proxy { directive, .. } => return Some(*directive),
            Handler::TryFiles { fallback, .. } => handler = &fallback.handler,
            _ => return None,
        }
    }
}

/// The `listen`s of a server block; nginx's default where there is none.
pub(super) fn listens(config: &Config, server: Node) -> Vec<ListenFacts> {
    let is_on = |name: &str| {
        config.named(server, name).next_back().is_some_and(|node| arguments(config, node) == ["on"])
    };
    let (ssl_on, http2_on) = (is_on("ssl"), is_on("http2"));
    let mut found: Vec<_> = config
        .named(server, "listen")
        .filter_map(|node| {
            let arguments = arguments(config, node);
            let (address, parameters) = arguments.split_first()?;
            let has = |wanted: &str| parameters.iter().any(|parameter| parameter == wanted);
            Some(ListenFacts {
                address: listen_address(address)?,
                tls: has("ssl") || ssl_on || has("quic"),
                quic: has("quic"),
                http2: (has("http2") || http2_on) && !has("quic"),
                default_server: has("default_server") || has("default"),
            })
        })
        .collect();
    if found.is_empty() {
        // `*:80` for a master that runs as root (ngx_http_core_module, listen).
        found.push(ListenFacts {
            quic: false,
            address: ListenAddress::Socket(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 80))),
            tls: ssl_on,
            http2: http2_on,
            default_server: false,
        });
    }
    found
}

/// Every address that any server block of the configuration listens on, but those of QUIC: no TCP port is taken
/// by them.
pub fn all_listens(config: &Config) -> Vec<ListenAddress> {
    let mut seen = BTreeSet::new();
    let listens = servers(config).iter().flat_map(|server| listens(config, *server));
    let addresses = listens.filter(|listen| !listen.quic).map(|listen| listen.address);
    addresses.filter(|address| seen.insert(address.clone())).collect()
}

/// `80`, `*:80`, `127.0.0.1`, `127.0.0.1:80`, `[::]:80`, `localhost:80`, `unix:/x`.
fn listen_address(text: &str) -> Option<ListenAddress> {
    if let Some(path) = text.strip_prefix("unix:") {
        return Some(ListenAddress::Unix(PathBuf::from(path)));
    }
    let text = text.replacen('*', "0.0.0.0", usize::from(text.starts_with('*')));
    // Of a range of ports (1.15.10 and newer) the first stands for all.
    let (head, tail) = text.rsplit_once(':').map_or(("", text.as_str()), |(host, port)| (host, port));
    let first =
        tail.split_once('-').filter(|(first, _)| first.parse::<u16>().is_ok()).map(|(first, _)| first);
    let text = match first {
        Some(first) if head.is_empty() => first.to_owned(),
        Some(first) => format!("{head}:{first}"),
        None => text,
    };
    if let Ok(port) = text.parse::<u16>() {
        return Some(ListenAddress::Socket(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))));
    }
    match super::upstream::parse_address(&text, Some(80))? {
        UpstreamAddress::Socket(address) => Some(ListenAddress::Socket(address)),
        UpstreamAddress::Name(name, port) => Some(ListenAddress::Name(name, port)),
        UpstreamAddress::Unix(path) => Some(ListenAddress::Unix(path)),
        UpstreamAddress::Variable(..) => None,
    }
}

/// `name:port`, for people.
pub(super) fn label(names: &[String], listens: &[ListenFacts]) -> String {
    let name = names.iter().find(|name| !name.is_empty() && *name != "_").map_or("_", String::as_str);
    let tls_first = listens.iter().find(|listen| listen.tls).or(listens.first());
    match tls_first.map(|listen| &listen.address) {
        Some(ListenAddress::Unix(path)) => format!("{name} at unix:{}", path.display()),
        Some(address) => format!("{name}:{}", address.port().unwrap_or(80)),
        None => name.to_owned(),
    }
}

/// Whether binding `wanted` would fail because of `listener`.
#[must_use]
pub fn meets(wanted: &ListenAddress, listener: &Listener) -> bool {
    if wanted.port() != Some(listener.address.port()) {
        return false;
    }
    let held = listener.address.ip();
    match wanted {
        // NGINX's own `[::]` takes no IPv4 (`ipv6only=on`); another program's may.
        ListenAddress::Socket(wanted) if wanted.is_ipv4() == held.is_ipv4() => {
            held.is_unspecified() || wanted.ip().is_unspecified() || held == wanted.ip()
        }
        ListenAddress::Socket(_) => held.is_ipv6() && held.is_unspecified(),
        // NGINX resolves the name when it binds; any address may come of it.
        ListenAddress::Name(..) => true,
        ListenAddress::Unix(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listens_are_read_as_nginx_reads_them() {
        let check = |text: &str, expect: Option<&str>| {
            let found = listen_address(text).map(|address| match address {
                ListenAddress::Socket(address) => address.to_string(),
                ListenAddress::Name(name, port) => format!("{name}/{port}"),
                ListenAddress::Unix(path) => path.display().to_string(),
            });
            assert_eq!(found.as_deref(), expect, "{text}");
        };
        check("80", Some("0.0.0.0:80"));
        check("*:8080", Some("0.0.0.0:8080"));
        check("127.0.0.1", Some("127.0.0.1:80"));
        check("[::]:443", Some("[::]:443"));
        check("[::1]", Some("[::1]:80"));
        check("localhost:8080", Some("localhost/8080"));
        check("8000-8010", Some("0.0.0.0:8000"));
        check("127.0.0.1:8000-8010", Some("127.0.0.1:8000"));
        check("my-host:8080", Some("my-host/8080"));
        check("unix:/run/x.sock", Some("/run/x.sock"));
    }
}
