//! Motion's server blocks, found by what they do rather than by their name.
//!
//! Pure. A block that might be Motion's but is not certain is a finding, never
//! a guess.

use super::upstream::Target;
use super::values::{arguments, name};
use crate::facts::{
    ListenAddress, ListenFacts, LocationFacts, RouteContent, ServerFacts, ServerRole, UpstreamAddress,
};
use crate::motion::{ANY_ROUTE, Block, PAGES};
use nginx_config::routes::{Answer, Handler, servers};
use nginx_config::{Config, FileId, Node};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// Routes that only Motion's site answers apart from `/`.
const OWN_ROUTES: [&str; 2] = ["/api/", "/socket.io/"];

/// A server block with the reasons for and against its being Motion's.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The block.
    pub server: ServerFacts,
    /// The file that it stands in.
    pub file: PathBuf,
    /// How sure it is.
    pub certainty: Certainty,
    /// The addresses that answer Motion's routes.
    pub upstreams: Vec<UpstreamAddress>,
    /// Whether it serves files of the application root.
    pub root: HasRoot,
    /// What was seen, for people.
    pub evidence: Vec<String>,
}

/// Whether a block serves files of the application root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HasRoot {
    /// It does.
    Yes,
    /// It does not.
    No,
}

/// How sure it is that a block is Motion's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// It serves something else.
    No,
    /// It hands `/` to a local upstream, as any Node application's does.
    Perhaps,
    /// As that, in a file that is named for Motion, or that the operator named.
    Named,
    /// It does what Motion's does, and something on the server supports it.
    Yes,
}

/// What supports the claim of a block.
pub struct Support<'a> {
    /// The application root below the server's root, when it exists.
    pub application_root: Option<&'a Path>,
    /// The file that the operator named.
    pub named_site: Option<FileId>,
}

/// The addresses that a directive leads to, in one server block.
type Addresses = BTreeMap<(Node, Option<Node>), Vec<UpstreamAddress>>;

/// Every server block under `http`, judged.
pub fn candidates(config: &Config, targets: &[Target], support: &Support) -> Vec<Candidate> {
    let mut addresses = Addresses::new();
    for target in targets {
        let found = addresses.entry((target.directive, target.server)).or_default();
        found.push(target.upstream.address.clone());
    }
    // A file that is included twice gives the same block twice.
    let mut seen = BTreeSet::new();
    let blocks = servers(config).iter().filter(|&&server| seen.insert(server));
    blocks.map(|&server| judge(config, server, &addresses, support)).collect()
}

fn judge(config: &Config, node: Node, addresses: &Addresses, support: &Support) -> Candidate {
    let file = config.file(node.file).path.clone();
    let block = Block::new(config, node);
    let catch_all: Vec<_> = block.ways(ANY_ROUTE).iter().map(|way| innermost(config, &way.answer)).collect();
    let mut evidence = Vec::new();
    let mut upstreams = BTreeSet::new();
    let mut own_routes = 0;
    let mut local_page = false;
    for uri in OWN_ROUTES.into_iter().chain(PAGES) {
        // A condition may send the request elsewhere; what counts is where it can go.
        let ways = block.ways(uri);
        let proxied: Vec<_> = ways.iter().filter_map(|way| Some((way, proxied_by(&way.answer)?))).collect();
        let found: BTreeSet<_> = proxied
            .iter()
            .filter_map(|(_, by)| addresses.get(&(*by, Some(node))))
            .flatten()
            .cloned()
            .collect();
        if proxied.is_empty() {
            continue;
        }
        let shown: Vec<_> = found.iter().map(ToString::to_string).collect();
        evidence.push(format!("{uri} is proxied to {}", shown.join(", ")));
        let of_its_own = proxied.iter().any(|(way, _)| !catch_all.contains(&innermost(config, &way.answer)));
        own_routes += usize::from(OWN_ROUTES.contains(&uri) && of_its_own);
        local_page |= PAGES.contains(&uri) && found.iter().any(UpstreamAddress::is_local);
        upstreams.extend(found);
    }
    let root = support.application_root.filter(|root| has_root_under(config, node, root));
    evidence.extend(root.map(|root| format!("serves files below {}", root.display())));
    let named_for_motion = file.file_name().is_some_and(|name| name.to_string_lossy().contains("motion"));
    if named_for_motion {
        evidence.push(format!("{} is named for Motion", file.display()));
    }
    let named = support.named_site.map_or(named_for_motion, |site| site == node.file);
    let supported = support.application_root.is_some() || named;
    let certainty = match () {
        // Of blocks in other files than the one that was named none leads the way.
        () if support.named_site.is_some_and(|site| site != node.file) => Certainty::No,
        () if root.is_some() || (own_routes > 0 && supported) => Certainty::Yes,
        () if named && (local_page || (support.named_site.is_some() && !upstreams.is_empty())) => {
            Certainty::Named
        }
        () if own_routes > 0 || (local_page && supported) => Certainty::Perhaps,
        () => Certainty::No,
    };
    let root = if root.is_some() { HasRoot::Yes } else { HasRoot::No };
    let server = server_facts(config, node, &block, certainty);
    Candidate { server, file, certainty, upstreams: upstreams.into_iter().collect(), root, evidence }
}

/// The innermost location around an answer.
fn innermost(config: &Config, answer: &Answer) -> Option<Node> {
    answer.chain.iter().rev().copied().find(|node| config.directive(*node).is("location"))
}

fn server_facts(config: &Config, node: Node, block: &Block, certainty: Certainty) -> ServerFacts {
    let names: Vec<_> = config.named(node, "server_name").flat_map(|node| arguments(config, node)).collect();
    let locations = locations(config, node, block);
    let listens = listens(config, node);
    let role = match certainty {
        _ if block.redirects_only() => ServerRole::RedirectsOnly,
        Certainty::No => ServerRole::Other,
        Certainty::Perhaps | Certainty::Named | Certainty::Yes => ServerRole::ServesMotion,
    };
    ServerFacts {
        node,
        label: label(&names, &listens),
        names,
        listens,
        role,
        new_client: block.new_client(),
        locations,
    }
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
fn proxied_by(answer: &Answer) -> Option<Node> {
    let mut handler = &answer.handler;
    loop {
        match handler {
            Handler::Proxy { directive, .. } => return Some(*directive),
            Handler::TryFiles { fallback, .. } => handler = &fallback.handler,
            _ => return None,
        }
    }
}

fn has_root_under(config: &Config, server: Node, application_root: &Path) -> bool {
    let mut queue = vec![server];
    while let Some(node) = queue.pop() {
        for &child in config.children(node) {
            let directive = name(config, child);
            let path = arguments(config, child).into_iter().next();
            if ["root", "alias"].contains(&directive.as_str())
                && path.is_some_and(|path| Path::new(&path).starts_with(application_root))
            {
                return true;
            }
            queue.push(child);
        }
    }
    false
}

/// The `listen`s of a server block; nginx's default where there is none.
fn listens(config: &Config, server: Node) -> Vec<ListenFacts> {
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
                proxy_protocol: has("proxy_protocol"),
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
            proxy_protocol: false,
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

fn label(names: &[String], listens: &[ListenFacts]) -> String {
    let name = names.iter().find(|name| !name.is_empty() && *name != "_").map_or("_", String::as_str);
    let tls_first = listens.iter().find(|listen| listen.tls).or(listens.first());
    match tls_first.map(|listen| &listen.address) {
        Some(ListenAddress::Unix(path)) => format!("{name} at unix:{}", path.display()),
        Some(address) => format!("{name}:{}", address.port().unwrap_or(80)),
        None => name.to_owned(),
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
