//! Every address that a configuration hands requests to.
//!
//! Pure. A target that depends on a variable is followed through `set` and tables such as `map`, and reported as
//! such where that does not say where it leads.

use super::directives::{Visit, arguments, first_argument, name, visits};
use super::variables::{Share, Variables};
use crate::facts::{UpstreamAddress, UpstreamFacts};
use nginx_config::{Address, Config, Node};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// How a directive speaks to the address that it names.
struct Protocol {
    directive: &'static str,
    http: bool,
    default_port: Option<u16>,
}

const PROTOCOLS: [Protocol; 6] = [
    Protocol { directive: "proxy_pass", http: true, default_port: Some(80) },
    Protocol { directive: "grpc_pass", http: false, default_port: Some(80) },
    Protocol { directive: "fastcgi_pass", http: false, default_port: None },
    Protocol { directive: "uwsgi_pass", http: false, default_port: None },
    Protocol { directive: "scgi_pass", http: false, default_port: None },
    Protocol { directive: "memcached_pass", http: false, default_port: Some(11211) },
];

/// Variables that hold a part of the request, never an address.
const OF_THE_REQUEST: [&str; 6] =
    ["$request_uri", "$uri", "$document_uri", "$is_args", "$args", "$query_string"];

/// The addresses of every `upstream` block, by its name.
pub type Groups = BTreeMap<String, Vec<UpstreamAddress>>;

/// Collects the `upstream` blocks.
pub fn groups(config: &Config, visits: &[Visit]) -> Groups {
    let mut groups = Groups::new();
    for visit in visits.iter().filter(|visit| config.directive(visit.node).is("upstream")) {
        let Some(group) = first_argument(config, visit.node) else { continue };
        let addresses = config
            .named(visit.node, "server")
            .filter_map(|node| first_argument(config, node))
            .filter_map(|text| parse_address(&text, Some(80)));
        groups.entry(group).or_default().extend(addresses);
    }
    groups
}

/// A directive that hands requests on, with one address that it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassTarget {
    pub directive: Node,
    /// The server block that it stands in, by way of an include or not.
    pub server: Option<Node>,
    pub share: Share,
    pub upstream: UpstreamFacts,
}

/// Every address that a location hands requests to, in order.
pub fn targets(config: &Config, visits: &[Visit], groups: &Groups) -> Vec<PassTarget> {
    let mut found: Vec<PassTarget> = Vec::new();
    // What a directive leads to already: a file that is included twice names each address twice.
    let mut known: BTreeMap<(Node, Option<Node>), Vec<UpstreamFacts>> = BTreeMap::new();
    let variables = Variables::new(config, visits);
    let of_the_request = |name: &str| OF_THE_REQUEST.iter().any(|known| known[1..] == *name);
    for visit in visits {
        let directive = name(config, visit.node);
        let Some(protocol) = PROTOCOLS.iter().find(|protocol| protocol.directive == directive) else {
            continue;
        };
        let Some(raw) = first_argument(config, visit.node) else { continue };
        let server = visit.server();
        for filled in variables.fill(&visit.ancestors(), &raw, of_the_request) {
            for address in addresses(&filled.text, protocol.default_port, groups) {
                let upstream = UpstreamFacts {
                    address,
                    tls: filled.text.starts_with("https://") || filled.text.starts_with("grpcs://"),
                    http: protocol.http,
                    origin: config.place(visit.node),
                    server,
                    target: Address::of(&filled.text).without_login(),
                    location: location_label(config, visit),
                    serves_motion: false,
                };
                let known = known.entry((visit.node, server)).or_default();
                if !known.contains(&upstream) {
                    known.push(upstream.clone());
                    found.push(PassTarget { directive: visit.node, server, share: filled.share, upstream });
                }
            }
        }
    }
    found
}

/// Every address that a configuration hands requests to, with the directive that names it; Motion is at `of_motion`.
#[must_use]
pub fn upstreams_of(config: &Config, of_motion: &BTreeSet<&UpstreamAddress>) -> Vec<(Node, UpstreamFacts)> {
    let visits = visits(config);
    let found = targets(config, &visits, &groups(config, &visits)).into_iter();
    let judged = found.map(|target| {
        let serves_motion = of_motion.contains(&target.upstream.address);
        (target.directive, UpstreamFacts { serves_motion, ..target.upstream })
    });
    judged.collect()
}

/// The addresses behind one `proxy_pass` target.
fn addresses(target: &str, default_port: Option<u16>, groups: &Groups) -> Vec<UpstreamAddress> {
    let Address { scheme, authority, .. } = Address::of(target);
    let default_port = if scheme == "https" || scheme == "grpcs" { Some(443) } else { default_port };
    if let Some(socket) = authority.strip_prefix("unix:") {
        // `unix:/path/to/socket:/uri`: the URI begins after the second colon.
        let path = socket.split(':').next().unwrap_or(socket);
        return vec![UpstreamAddress::Unix(PathBuf::from(path))];
    }
    // What of the request is appended is no part of the address.
    let appended = OF_THE_REQUEST.iter().filter_map(|variable| authority.find(variable)).min();
    let authority = &authority[..appended.unwrap_or(authority.len())];
    if let Some(group) = groups.get(authority) {
        return group.clone();
    }
    parse_address(authority, default_port).into_iter().collect()
}

/// The addresses behind a URL that the operator gave.
#[must_use]
pub fn parse_upstream(url: &str) -> Vec<UpstreamAddress> {
    addresses(url, Some(80), &Groups::new())
}

/// An address as `server`, `proxy_pass` and `resolver` spell it. NGINX knows no user and password there, so that one who
/// writes them gets an error or a dead upstream; what is kept is where they were meant to lead.
pub fn parse_address(text: &str, default_port: Option<u16>) -> Option<UpstreamAddress> {
    if let Some(path) = text.strip_prefix("unix:") {
        return Some(UpstreamAddress::Unix(PathBuf::from(path)));
    }
    let text = Address::of(text).authority;
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(UpstreamAddress::Socket(address));
    }
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    if let (Ok(ip), Some(port)) = (bare.parse::<IpAddr>(), default_port) {
        return Some(UpstreamAddress::Socket(SocketAddr::new(ip, port)));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, port.parse::<u16>().ok()),
        None => (text, default_port),
    };
    if text.contains('$') {
        return Some(UpstreamAddress::Variable(text.to_owned(), port));
    }
    (!host.is_empty()).then_some(())?;
    Some(UpstreamAddress::Name(host.to_owned(), port?))
}

/// The innermost location around a directive, for people.
fn location_label(config: &Config, visit: &Visit) -> String {
    match visit.location() {
        Some(node) => format!("location {}", arguments(config, node).join(" ")),
        None => "server".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(target: &str, expect: &[&str]) {
        let groups = Groups::from([(
            "node".to_owned(),
            vec![UpstreamAddress::Unix("/run/node.sock".into()), UpstreamAddress::Name("b.test".into(), 81)],
        )]);
        let found: Vec<_> = addresses(target, Some(80), &groups).iter().map(ToString::to_string).collect();
        assert_eq!(found, expect, "{target}");
    }

    #[test]
    fn targets_lead_to_addresses() {
        check("http://127.0.0.1:9000", &["127.0.0.1:9000"]);
        check("http://127.0.0.1:9000/api/?x=a:b", &["127.0.0.1:9000"]);
        check("http://127.0.0.1", &["127.0.0.1:80"]);
        check("https://[::1]", &["[::1]:443"]);
        check("http://[::1]:9000/", &["[::1]:9000"]);
        check("http://node/x", &["unix:/run/node.sock", "b.test:81"]);
        check("https://a.test", &["a.test:443"]);
        check("http://unix:/run/x.sock:/uri/", &["unix:/run/x.sock"]);
        check("http://$host:8080", &["$host:8080"]);
        check("http://$host", &["$host"]);
        check("http://127.0.0.1:9000$request_uri", &["127.0.0.1:9000"]);
        check("http://node$uri$is_args$args", &["unix:/run/node.sock", "b.test:81"]);
    }

    #[test]
    fn a_user_and_his_password_are_nowhere_in_an_address() {
        check("http://u:S3cr3t@10.0.0.6:9000", &["10.0.0.6:9000"]);
        check("u:S3cr3t@10.0.0.6:9000", &["10.0.0.6:9000"]);
        check("http://u:S3cr3t@$host", &["$host"]);
        check("http://u:S3$x/cr3t@$host:81", &["$host:81"]);
        check("http://u:S3cr3t@node/x", &["unix:/run/node.sock", "b.test:81"]);
        let server = |text: &str| parse_address(text, Some(80)).map(|address| address.to_string());
        assert_eq!(server("S3cr3t@10.0.0.6").as_deref(), Some("10.0.0.6:80"));
        assert_eq!(server("u:S3cr3t@b.test:81").as_deref(), Some("b.test:81"));
    }
}
