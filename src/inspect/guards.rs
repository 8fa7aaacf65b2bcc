//! What of a server block turns this machine's own requests away, whatever they ask for.
//!
//! Invariant: only rules that every location inherits count, as they stand there; a location may have its
//! own, so what is found here is foreseen, not proven. Pure.

use super::values::{arguments, first_argument};
use crate::facts::Guarded;
use nginx_config::routes::Endpoint;
use nginx_config::{Config, Node};
use std::net::{IpAddr, Ipv4Addr};

/// The guard that a request to `at` from this machine meets in a server block.
pub fn guarded(config: &Config, server: Node, at: &Endpoint) -> Option<Guarded> {
    // From an address of this machine to itself; within the loopback network from its first address.
    let own = match at {
        Endpoint::Tcp(ip, _) if ip.is_ipv4() && ip.is_loopback() => Some(Ipv4Addr::LOCALHOST.into()),
        Endpoint::Tcp(ip, _) => Some(*ip),
        Endpoint::Unix(_) | Endpoint::Name(..) => None,
    };
    let rules = rules(config, server);
    let refused = rules.iter().find(|rule| rule.speaks_of(own)).filter(|rule| rule.access == Access::Deny);
    let password = inherited(config, server, "auth_basic")
        .last()
        .filter(|&&node| first_argument(config, node).is_some_and(|realm| realm != "off"))
        .copied();
    let any = inherited(config, server, "satisfy").last().and_then(|&node| first_argument(config, node));
    let any = any.is_some_and(|which| which == "any");
    // With `satisfy any` an address that is let in needs no password.
    let let_in = any && refused.is_none() && !rules.is_empty();
    if let Some(rule) = refused {
        let open_to = rules.iter().filter_map(|rule| rule.example(own)).find(|&address| {
            let first = rules.iter().find(|rule| rule.speaks_of(Some(address)));
            first.is_some_and(|rule| rule.access == Access::Allow)
        });
        let open_to = open_to.filter(|_| any || password.is_none());
        let by = format!("this machine is not let in (deny {} at {})", rule.text, config.place(rule.node));
        return Some(Guarded { by, open_to });
    }
    let place = config.place(password.filter(|_| !let_in)?);
    Some(Guarded { by: format!("it asks for a password (auth_basic at {place})"), open_to: None })
}

/// The directives of this name that hold in a server block: its own, or those above it.
fn inherited(config: &Config, server: Node, name: &str) -> Vec<Node> {
    let own: Vec<Node> = config.named(server, name).collect();
    if !own.is_empty() {
        return own;
    }
    config.top_named("http").flat_map(|http| config.named(http, name)).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Allow,
    Deny,
}

/// One `allow` or `deny`.
#[derive(Debug)]
struct Rule {
    node: Node,
    access: Access,
    text: String,
}

/// `allow` and `deny` as they stand; both are inherited together, or not at all.
fn rules(config: &Config, server: Node) -> Vec<Rule> {
    let of = |block: Node| -> Vec<Rule> {
        let rule = |&node: &Node| {
            let directive = config.directive(node);
            let access = match () {
                () if directive.is("allow") => Access::Allow,
                () if directive.is("deny") => Access::Deny,
                () => return None,
            };
            let text = arguments(config, node).into_iter().next()?;
            Some(Rule { node, access, text })
        };
        config.children(block).iter().filter_map(rule).collect()
    };
    let own = of(server);
    if own.is_empty() { config.top_named("http").flat_map(of).collect() } else { own }
}

impl Rule {
    /// Whether it decides about a client; one without an address came by a unix socket.
    fn speaks_of(&self, client: Option<IpAddr>) -> bool {
        match (self.text.as_str(), client) {
            ("all", _) | ("unix:", None) => true,
            (text, Some(client)) => {
                network(text).is_some_and(|(network, bits)| masked(client, bits) == masked(network, bits))
            }
            (_, None) => false,
        }
    }

    /// An address that it speaks of, of the kind that is asked for.
    fn example(&self, like: Option<IpAddr>) -> Option<IpAddr> {
        let (network, bits) = network(&self.text)?;
        let whole = if network.is_ipv4() { 32 } else { 128 };
        if like?.is_ipv4() != network.is_ipv4() {
            return None;
        }
        Some(match masked(network, bits) {
            // The first host of a network: its own address is nobody's.
            IpAddr::V4(ip) if bits < whole => IpAddr::V4((ip.to_bits() | 1).into()),
            IpAddr::V6(ip) if bits < whole => IpAddr::V6((ip.to_bits() | 1).into()),
            ip => ip,
        })
    }
}

/// `192.0.2.0/24` or a single address.
fn network(text: &str) -> Option<(IpAddr, u32)> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().ok()?;
    let whole = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Some(whole), |bits| bits.parse().ok())?;
    (bits <= whole).then_some((address, bits))
}

fn masked(address: IpAddr, bits: u32) -> IpAddr {
    match address {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(bits)).unwrap_or(0);
            IpAddr::V4((ip.to_bits() & mask).into())
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(bits)).unwrap_or(0);
            IpAddr::V6((ip.to_bits() & mask).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nginx_config::MemoryReader;
    use nginx_config::routes::servers;
    use std::path::Path;

    fn found(inside: &str, above: &str, at: &str) -> Option<(String, Option<String>)> {
        let reader = MemoryReader::new().with("/n", format!("http {{ {above} server {{ {inside} }} }}"));
        let config = Config::load(Path::new("/n"), Path::new("/"), &reader).expect("loads");
        let at = at.parse().map_or(Endpoint::Unix(b"/s".to_vec()), |ip| Endpoint::Tcp(ip, 80));
        let guarded = guarded(&config, servers(&config)[0], &at)?;
        let by = guarded.by.split(" at /n").next().unwrap_or_default().to_owned();
        Some((by, guarded.open_to.map(|address| address.to_string())))
    }

    #[test]
    fn the_first_rule_that_speaks_of_this_machine_decides() {
        let refused = |rules: &str, at: &str, open_to: Option<&str>| {
            let by = format!(
                "this machine is not let in (deny {}",
                if rules.contains("deny 127") { "127.0.0.0/8" } else { "all" }
            );
            assert_eq!(found(rules, "", at), Some((by, open_to.map(str::to_owned))), "{rules} {at}");
        };
        let open = |rules: &str, at: &str| assert_eq!(found(rules, "", at), None, "{rules} {at}");
        refused("deny all;", "127.0.0.1", None);
        refused("allow 192.0.2.0/24; deny all;", "127.0.0.1", Some("192.0.2.1"));
        refused("allow 192.0.2.7; deny all;", "10.1.2.3", Some("192.0.2.7"));
        refused(
            "deny 192.0.2.0/24; allow 192.0.2.0/24; allow 198.51.100.0/31; deny all;",
            "127.0.0.1",
            Some("198.51.100.1"),
        );
        refused("allow 2001:db8::/32; allow 10.0.0.0/8; deny all;", "::1", Some("2001:db8::1"));
        refused("deny 127.0.0.0/8; allow all;", "127.0.0.2", None);
        open("allow 127.0.0.1; deny all;", "127.0.0.2");
        refused("allow 192.0.2.0/24; deny all;", "unix", None);
        open("allow 127.0.0.1; deny all;", "127.0.0.1");
        open("allow 127.0.0.0/8; deny all;", "127.0.0.2");
        open("allow unix:; deny all;", "unix");
        open("allow 0.0.0.0/0; deny all;", "127.0.0.1");
        open("deny 192.0.2.0/24;", "127.0.0.1");
    }

    #[test]
    fn a_password_is_asked_for_unless_an_address_will_do() {
        let asks = |inside: &str, above: &str, expect: bool| {
            let by = found(inside, above, "127.0.0.1").map(|(by, _)| by);
            let password = by.is_some_and(|by| by.starts_with("it asks for a password"));
            assert_eq!(password, expect, "{inside} {above}");
        };
        asks("auth_basic a;", "", true);
        asks("", "auth_basic a;", true);
        asks("auth_basic off;", "auth_basic a;", false);
        asks("satisfy any; allow 127.0.0.1; deny all; auth_basic a;", "", false);
        asks("allow 127.0.0.1; deny all; auth_basic a;", "", true);
        asks("satisfy any; auth_basic a;", "", true);
        // Who is let in by address needs no password then.
        let any = found("satisfy any; allow 192.0.2.0/24; deny all; auth_basic a;", "", "127.0.0.1");
        assert_eq!(any.and_then(|(_, open_to)| open_to).as_deref(), Some("192.0.2.1"));
        let all = found("allow 192.0.2.0/24; deny all; auth_basic a;", "", "127.0.0.1");
        assert_eq!(all.and_then(|(_, open_to)| open_to), None);
    }
}
