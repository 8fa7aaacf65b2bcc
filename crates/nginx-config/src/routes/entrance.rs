//! How a client of this machine reaches a server block: where to connect, and for which host to ask.
//!
//! Invariant: whatever is returned was held against [`server_for`], so nginx answers it from that
//! block. A name that only looks right, because a wildcard or a pattern covers it, is not enough:
//! another block may have it exactly, or listen on the more specific address.

use super::listeners::Endpoint;
use super::server::{Door, ServerMatch, names, server_for};
use crate::config::Config;
use crate::node::Node;
use regex_syntax::hir::{Class, Hir, HirKind, Repetition};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The label that stands where a wildcard or a pattern leaves one open.
const LABEL: &str = "motionctl";
/// A name that nobody has (RFC 6761), for a block that answers whatever no other does.
pub const NOBODYS: &str = "motionctl.invalid";
/// The most bytes of a host name (RFC 1035).
const LONGEST: usize = 253;
/// Addresses of the loopback network: a block on `*:80` is not reached by one on which another listens.
const LOOPBACKS: [Ipv4Addr; 3] =
    [Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3)];

/// A way to ask one server block, and no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entrance {
    /// Where to connect: no wildcard, and no host name.
    pub at: Endpoint,
    /// The host to ask for; `None` for the address itself.
    pub host: Option<String>,
}

/// How to ask `server` through one of its doors; `None` where no name is known that leads there.
#[must_use]
pub fn entrance(config: &Config, server: Node, door: &Door) -> Option<Entrance> {
    let hosts = hosts(config, server);
    let leads_there = |at: &Endpoint, host: &str| matches!(server_for(config, at, host), ServerMatch::Server(found) if found == server);
    // The name counts for more than the address: people reach the block by it.
    let places = places(&door.at);
    let named = hosts.iter().flat_map(|host| places.iter().map(move |at| (at, host)));
    for (at, host) in named {
        if leads_there(at, host) {
            return Some(Entrance { at: at.clone(), host: Some(host.clone()) });
        }
    }
    places.into_iter().find_map(|at| {
        let host = [None, Some(NOBODYS)].into_iter().find(|host| leads_there(&at, host.unwrap_or(&own(&at))));
        host.map(|host| Entrance { at, host: host.map(str::to_owned) })
    })
}

/// A host name that leads to this server block on its addresses: one of its names, or one that a
/// wildcard among them stands for. `None` where it has only regular expressions, or none.
#[must_use]
pub fn name_to_ask(config: &Config, server: Node) -> Option<String> {
    let names = names(config, server);
    let plain = |name: &&String| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
        !name.is_empty() && name.bytes().all(known) && !name.starts_with('.')
    };
    let covered = |name: &String| covered(name).into_iter().next();
    names.iter().find(plain).cloned().or_else(|| names.iter().find_map(covered))
}

/// The `Host` of a client that knows no name.
fn own(at: &Endpoint) -> String {
    match at {
        Endpoint::Tcp(IpAddr::V4(ip), _) => ip.to_string(),
        Endpoint::Tcp(IpAddr::V6(ip), _) => format!("[{ip}]"),
        Endpoint::Unix(_) => "localhost".to_owned(),
        Endpoint::Name(name, _) => name.clone(),
    }
}

/// Where a client of this machine connects to reach a listener. What a host name comes to is not known.
fn places(at: &Endpoint) -> Vec<Endpoint> {
    match at {
        Endpoint::Tcp(IpAddr::V4(ip), port) if ip.is_unspecified() => {
            LOOPBACKS.iter().map(|ip| Endpoint::Tcp((*ip).into(), *port)).collect()
        }
        Endpoint::Tcp(IpAddr::V6(ip), port) if ip.is_unspecified() => {
            vec![Endpoint::Tcp(Ipv6Addr::LOCALHOST.into(), *port)]
        }
        Endpoint::Tcp(..) | Endpoint::Unix(_) => vec![at.clone()],
        Endpoint::Name(..) => Vec::new(),
    }
}

/// Hosts that may lead to a block, the likeliest first: its names, then what a wildcard among them
/// stands for, then what a regular expression matches.
#[must_use]
pub fn hosts(config: &Config, server: Node) -> Vec<String> {
    let names = names(config, server);
    let plain = names.iter().filter(|name| is_host(name) && !name.starts_with('.')).cloned();
    let covered = names.iter().flat_map(|name| covered(name));
    let matched = names.iter().filter_map(|name| name.strip_prefix('~')).flat_map(matched);
    plain.chain(covered).chain(matched).collect()
}

/// A name that can be sent as it is; `$hostname`, for one, is not known here.
fn is_host(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// Names that a wildcard stands for.
pub(super) fn covered(name: &str) -> Vec<String> {
    let below = |rest: &str| [format!("{LABEL}.{rest}"), format!("{LABEL}-probe.{rest}")];
    let found = match name.as_bytes() {
        [b'*', b'.', ..] => below(&name[2..]).to_vec(),
        [b'.', ..] => [name[1..].to_owned()].into_iter().chain(below(&name[1..])).collect(),
        [.., b'.', b'*'] => ["test", LABEL].map(|last| format!("{}{last}", &name[..name.len() - 1])).to_vec(),
        _ => Vec::new(),
    };
    found.into_iter().filter(|name| is_host(name)).collect()
}

/// Names that a pattern should match, without its optional parts and with them. A pattern in
/// nginx's dialect alone (lookaround and the like) gives none.
fn matched(pattern: &str) -> Vec<String> {
    let Ok(parsed) = regex_syntax::parse(pattern) else { return Vec::new() };
    let mut found: Vec<String> =
        [0, 1].into_iter().filter_map(|least| example(&parsed, least)).filter(|name| is_host(name)).collect();
    found.dedup();
    found
}

/// A text that `pattern` matches, each repeated part at least `least` times.
fn example(pattern: &Hir, least: u32) -> Option<String> {
    match pattern.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(String::new()),
        HirKind::Literal(literal) => std::str::from_utf8(&literal.0).ok().map(str::to_ascii_lowercase),
        HirKind::Class(class) => {
            "ma1-".chars().chain(first(class)).find(|&c| has(class, c)).map(String::from)
        }
        HirKind::Repetition(repeated) => repetition(repeated, least),
        HirKind::Capture(group) => example(&group.sub, least),
        HirKind::Concat(parts) => parts.iter().map(|part| example(part, least)).collect(),
        HirKind::Alternation(choices) => choices.iter().find_map(|choice| example(choice, least)),
    }
}

fn repetition(repeated: &Repetition, least: u32) -> Option<String> {
    let times = repeated.min.max(least).min(repeated.max.unwrap_or(u32::MAX));
    let length = u32::try_from(LABEL.len()).expect("a short constant");
    if let HirKind::Class(class) = repeated.sub.kind()
        && (1..=length).contains(&times)
        && repeated.max.is_none_or(|most| length <= most)
        && LABEL.chars().all(|c| has(class, c))
    {
        return Some(LABEL.to_owned());
    }
    // No host name is longer, and no pattern inside of a pattern may make this one long.
    let part = example(&repeated.sub, least)?;
    let times = usize::try_from(times).ok()?;
    (part.len().saturating_mul(times) <= LONGEST).then(|| part.repeat(times))
}

fn has(class: &Class, wanted: char) -> bool {
    match class {
        Class::Unicode(class) => {
            class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&wanted))
        }
        Class::Bytes(class) => {
            class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&(wanted as u8)))
        }
    }
}

fn first(class: &Class) -> Option<char> {
    match class {
        Class::Unicode(class) => class.ranges().first().map(|range| range.start()),
        Class::Bytes(class) => class.ranges().first().map(|range| range.start().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{doors, servers};
    use super::*;
    use crate::MemoryReader;
    use std::path::Path;

    fn config(http: &str) -> Config {
        let reader = MemoryReader::new().with("/nginx.conf", format!("http {{ {http} }}"));
        Config::load(Path::new("/nginx.conf"), Path::new("/"), &reader).expect("loads")
    }

    /// How the first server block is asked through its first door.
    fn asked(http: &str) -> Option<String> {
        let config = config(http);
        let server = servers(&config)[0];
        let entrance = entrance(&config, server, doors(&config, server).first()?)?;
        let at = match &entrance.at {
            Endpoint::Tcp(ip, port) => format!("{ip}:{port}"),
            other => format!("{other:?}"),
        };
        Some(format!("{} at {at}", entrance.host.as_deref().unwrap_or("-")))
    }

    const DEFAULT: &str = "server { listen 80 default_server; server_name other.test; }";

    #[test]
    fn the_name_that_is_asked_for_leads_to_the_block() {
        let check = |server: &str, expect: Option<&str>| {
            let found = asked(&format!("server {{ listen 80; {server} }} {DEFAULT}"));
            assert_eq!(found, expect.map(|host| format!("{host} at 127.0.0.1:80")), "{server}");
        };
        check("server_name cc.example.test;", Some("cc.example.test"));
        check("server_name ~^x$ under_score.test;", Some("under_score.test"));
        check("server_name *.example.test;", Some("motionctl.example.test"));
        check("server_name .example.test;", Some("example.test"));
        check("server_name cc.*;", Some("cc.test"));
        check(r"server_name ~^(?<sub>.+)\.example\.test$;", Some("motionctl.example.test"));
        check(r"server_name ~^(www\d\.)?cc\.example\.(test|invalid)$;", Some("cc.example.test"));
        check(r#"server_name "~^[a-f]{3}-\w{2}\.test$";"#, Some("aaa-mm.test"));
        check("server_name \"\";", None);
        check("", None);
        check("server_name $hostname;", None);
        check(r"server_name ~^(?!www)cc\d\.test$;", None);
        check(r#"server_name "~^(a{254})+$";"#, None);
        check(r#"server_name "~^(((a{200}){200}){200}){200}$";"#, None);
    }

    #[test]
    fn a_name_that_another_block_has_is_not_asked_for() {
        let check = |http: &str, expect: Option<&str>| assert_eq!(asked(http).as_deref(), expect, "{http}");
        // Exact before wildcard; the first of two that have the same; the more specific address.
        check(
            "server { listen 80; server_name *.a.test; } server { listen 80 default_server; server_name motionctl.a.test; }",
            Some("motionctl-probe.a.test at 127.0.0.1:80"),
        );
        check(
            "server { listen 80; server_name .a.test; } server { listen 80 default_server; server_name a.test; }",
            Some("a.test at 127.0.0.1:80"),
        );
        check(
            "server { listen 80; server_name a.test; } server { listen 127.0.0.1:80; server_name a.test; }",
            Some("a.test at 127.0.0.2:80"),
        );
        check(
            "server { listen 80; server_name ~^a; } server { listen 80 default_server; server_name a; }",
            None,
        );
    }

    #[test]
    fn a_default_server_is_asked_by_its_address() {
        let check = |http: &str, expect: Option<&str>| assert_eq!(asked(http).as_deref(), expect, "{http}");
        check("server { listen 80; }", Some("- at 127.0.0.1:80"));
        check("server { listen [::]:443 ssl; server_name \"\"; }", Some("- at ::1:443"));
        check("server { listen 10.1.2.3:8080; server_name ~^(?!x); }", Some("- at 10.1.2.3:8080"));
        check(
            "server { listen 80; server_name \"\"; } server { listen 80; server_name 127.0.0.1 127.0.0.2 127.0.0.3; }",
            Some("motionctl.invalid at 127.0.0.1:80"),
        );
        check("server { listen localhost:80; server_name a.test; }", None);
    }
}
