//! What NGINX's own configuration says about other servers: the upstream that
//! serves Motion, a proxy in front, TLS.
//!
//! Invariant: only Motion's server blocks count, and what `http` says for
//! them; another site of the same NGINX is nobody's sign.

use super::view::{Seen, View, Whose};
use crate::facts::{ServerFacts, ServerRole, UpstreamAddress};
use crate::inspect::directives::{Visit, arguments, name};
use nginx_config::Node;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// `localhost` is resolved to one of the two, or to both.
const LOOPBACK: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// Whether two addresses are one listener: a port of the loopback has several names.
fn is_same_process(one: &UpstreamAddress, other: &UpstreamAddress) -> bool {
    let loopback_port = |address: &UpstreamAddress| match address {
        UpstreamAddress::Socket(socket) if LOOPBACK.contains(&socket.ip()) => Some(socket.port()),
        UpstreamAddress::Name(name, port) if name.eq_ignore_ascii_case("localhost") => Some(*port),
        _ => None,
    };
    one == other || loopback_port(one).is_some_and(|port| loopback_port(other) == Some(port))
}

/// Whether one process of this host answers Motion's routes.
pub fn remote_upstream(view: &View) -> Seen {
    let mut seen = Seen::default();
    // A snippet that several server blocks include leads each of them to its own; only what stands behind one name
    // shares requests out.
    let mut by_target: BTreeMap<(&str, Option<Node>, &str), Vec<&UpstreamAddress>> = BTreeMap::new();
    for upstream in view.facts.site.upstreams.iter().filter(|upstream| upstream.serves_motion) {
        let addresses = by_target.entry((&upstream.origin, upstream.server, &upstream.target)).or_default();
        if !addresses.iter().any(|known| is_same_process(known, &upstream.address)) {
            addresses.push(&upstream.address);
        }
        let evidence =
            || format!("{} → {} ({})", upstream.location, upstream.address.shown(), upstream.origin);
        match &upstream.address {
            UpstreamAddress::Variable(..) => {
                seen.missed(
                    format!("where {} leads ({})", upstream.address.shown(), upstream.origin),
                    "it depends on a variable",
                );
            }
            UpstreamAddress::Unix(_) => {}
            UpstreamAddress::Socket(address) if view.whose(&address.ip().to_string()) == Whose::Own => {}
            UpstreamAddress::Name(name, _) if view.whose(name) == Whose::Own => {}
            UpstreamAddress::Socket(_) | UpstreamAddress::Name(..) => seen.found(evidence()),
        }
    }
    for ((origin, ..), addresses) in by_target.iter().filter(|(_, addresses)| addresses.len() > 1) {
        let list: Vec<_> = addresses.iter().map(|address| address.shown()).collect();
        seen.found(format!("{origin} spreads requests over {}", list.join(", ")));
    }
    seen
}

/// Whether NGINX takes the client's address from a proxy.
pub fn behind(view: &View) -> Seen {
    let mut seen = Seen::default();
    for visit in view.visits.iter().filter(|visit| concerns_motion(view, visit)) {
        let directive = name(view.config, visit.node);
        let words = arguments(view.config, visit.node);
        let tells = match directive.as_str() {
            "set_real_ip_from" | "real_ip_header" => true,
            "listen" => words.iter().skip(1).any(|word| word == "proxy_protocol"),
            _ => false,
        };
        let line = || format!("{directive} {} ({})", words.join(" "), view.config.place(visit.node));
        if tells && !seen.evidence.contains(&line()) {
            seen.found(line());
        }
    }
    seen
}

/// Whether Motion's server blocks leave TLS to somebody else.
pub fn no_tls(view: &View) -> Seen {
    let mut seen = Seen::default();
    let serving: Vec<&ServerFacts> =
        view.facts.site.servers.iter().filter(|server| server.role == ServerRole::ServesMotion).collect();
    if serving.iter().all(|server| server.listens.iter().all(|listen| !listen.tls)) {
        serving.iter().for_each(|server| seen.found(format!("server {}", server.label)));
    }
    seen
}

/// Whether a directive stands in `http` itself, or in a server block of Motion's.
fn concerns_motion(view: &View, visit: &Visit) -> bool {
    match visit.server() {
        Some(server) => view
            .facts
            .site
            .servers
            .iter()
            .any(|known| known.node == server && known.role != ServerRole::Other),
        None => visit.is_in_http(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_of_the_loopback_is_one_listener_whatever_it_is_called() {
        let name = |name: &str, port| UpstreamAddress::Name(name.to_owned(), port);
        let socket = |text: &str| UpstreamAddress::Socket(text.parse().expect("an address"));
        assert!(is_same_process(&name("localhost", 9000), &socket("127.0.0.1:9000")));
        assert!(is_same_process(&socket("[::1]:9000"), &socket("127.0.0.1:9000")));
        assert!(!is_same_process(&name("localhost", 9000), &socket("127.0.0.1:9001")));
        assert!(!is_same_process(&socket("127.0.0.2:9000"), &socket("127.0.0.1:9000")));
        assert!(!is_same_process(&name("node", 9000), &name("localhost", 9000)));
    }
}
