//! The new client at an address that a person named: what it answers with, as far as it may be asked.
//!
//! Invariant: only this machine's loopback and sockets are asked. A person's word counts; what speaks against it is
//! said, and what certainly is the legacy client's stops a change.

use super::seen::{in_words, works};
use crate::facts::{ClientFacts, Facts, Scope, UpstreamAddress};
use crate::host::http::{Address, Scheme, Sender, Target};
use crate::inspect::parse_upstream;
use crate::motion::NEW_CLIENT_ROUTE;
use crate::motion::page::{NEW_CLIENT, Page};
use crate::outcome::{Finding, Level, codes};
use crate::verify::{Expected, Gate, Kind, Probe, ProbeResult};
use std::net::{Ipv4Addr, SocketAddr};

/// The new client's entry at a program behind NGINX; `None` where that is not on this machine's loopback.
pub fn upstream_probe(address: &UpstreamAddress, tls: bool, host: &str) -> Option<Probe> {
    let at = match address {
        UpstreamAddress::Socket(socket) if socket.ip().is_loopback() => Address::Tcp(*socket),
        UpstreamAddress::Unix(path) => Address::Unix(path.clone()),
        UpstreamAddress::Name(name, port) if name == "localhost" => {
            Address::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, *port)))
        }
        UpstreamAddress::Socket(_) | UpstreamAddress::Name(..) | UpstreamAddress::Variable(..) => {
            return None;
        }
    };
    let (scheme, port) = if tls { (Scheme::Https, 443) } else { (Scheme::Http, 80) };
    Some(Probe {
        server: address.to_string(),
        target: Target { address: at, scheme, server_name: host.to_owned(), port, sender: Sender::default() },
        uri: NEW_CLIENT_ROUTE.to_owned(),
        kind: Kind::Get,
        gate: Gate::NewClient,
        expected: Expected::Perhaps(Vec::new()),
        limits: Vec::new(),
    })
}

/// The named address to ask; `None` where none is named, or it may not be asked.
pub fn probe(facts: &Facts, host: &str) -> Option<Probe> {
    let Some(ClientFacts::Proxied(url)) = &facts.motion.client else { return None };
    if !keeps_the_path(url) {
        return None;
    }
    let addresses = parse_upstream(url);
    upstream_probe(addresses.first()?, url.starts_with("https://"), host)
}

/// Whether what NGINX asks for there is what a browser asks NGINX for.
fn keeps_the_path(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').map_or("", |slash| &rest[slash..]);
    rest.starts_with("unix:") || path.is_empty() || path == NEW_CLIENT
}

/// What there is to say of the named address; nothing where it answers as the new client does.
pub fn finding(facts: &Facts, look: Option<&ProbeResult>) -> Option<Finding> {
    let Some(ClientFacts::Proxied(url)) = &facts.motion.client else { return None };
    if look.is_some_and(|look| works(look).is_some()) {
        return None;
    }
    let own = facts.site.addresses_of_motion();
    let is_own = parse_upstream(url).iter().any(|address| own.contains(address));
    let is_legacy = matches!(look, Some(ProbeResult::Answer(answer)) if answer.page == Page::Legacy);
    let what = match look {
        Some(look) => in_words(look),
        None if matches!(facts.host.scope, Scope::Tree(_)) => {
            "not asked: nothing runs from this tree".to_owned()
        }
        None if !keeps_the_path(url) => "not asked: its path is another than NGINX's".to_owned(),
        None => "not asked: only this machine's loopback is".to_owned(),
    };
    let (level, title) = match is_legacy {
        true => (Level::Stop, "the address named for the new client answers with the legacy client"),
        false => (Level::Warn, "whether the new client is at the address named for it was not seen"),
    };
    let finding = Finding::graded(codes::NEWCLIENT_UNUSUAL, level, title)
        .evidence(format!("{url}: {what}"))
        .advice("name the program that serves the new client; after the change its page and scripts must come, or it is undone");
    Some(match is_own {
        true => {
            finding.evidence("it is Motion's own address, which Motion's other pages come from".to_owned())
        }
        false => finding,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_with_another_path_is_not_asked() {
        for url in ["http://127.0.0.1:9001", "http://127.0.0.1:9001/user-ui/", "http://unix:/run/ui.sock"] {
            assert!(keeps_the_path(url), "{url}");
        }
        assert!(!keeps_the_path("http://127.0.0.1:9001/"));
        assert!(!keeps_the_path("http://127.0.0.1:9001/ui/"));
    }

    #[test]
    fn nothing_off_the_loopback_is_asked() {
        let asked = |url: &str| parse_upstream(url).iter().any(|at| upstream_probe(at, false, "").is_some());
        for url in [
            "http://127.0.0.2:9001", "http://[::1]:9001", "http://localhost:9001", "http://unix:/run/ui.sock",
        ] {
            assert!(asked(url), "{url}");
        }
        for url in
            ["http://192.0.2.1:9001", "http://ui.example.test", "http://$ui:9001", "http://169.254.169.254"]
        {
            assert!(!asked(url), "{url}");
        }
    }
}
