//! Which routes to ask before and after a change.
//!
//! Invariant: on a live server only what does no harm is asked: NGINX's own
//! answers and Motion's entry pages, never a route that another program
//! answers and might act on.

use crate::facts::{
    ListenAddress, ListenFacts, LocationFacts, RouteContent, ServerFacts, ServerRole, SiteFacts,
};
use crate::host::http::{Address, Location, Scheme, Target};
use crate::motion::NEW_CLIENT_ROUTE;
use crate::outcome::{Failure, FailureKind};
use crate::plan::Migration;
use crate::verify::probe::{Gate, Kind, Probe, ProbePlan};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A route that must answer after a change as the operator says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedProbe {
    /// Such as `https://cc.example.test/health`; a server block of this
    /// configuration must answer it, for nothing else is ever asked.
    pub url: String,
    /// The HTTP status that it must have.
    #[serde(default = "ok")]
    pub status: u16,
    /// Text that the answer must contain.
    #[serde(default)]
    pub contains: String,
}

fn ok() -> u16 {
    200
}

/// How much may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// What does no harm on a live server.
    Harmless,
    /// Every location: only stand-ins answer.
    Everything,
}

/// Motion's pages that are asked without credentials.
const PAGES: [&str; 3] = ["/", "/login", "/api/"];
/// Motion's WebSocket, as socket.io opens it.
const WEB_SOCKET: &str = "/socket.io/?EIO=4&transport=websocket";

/// The routes of a migration.
fn probe_plan(site: &SiteFacts, reach: Reach) -> ProbePlan {
    let mut rows = Vec::new();
    for server in &site.servers {
        let Some(target) = target(server) else { continue };
        match server.role {
            ServerRole::ServesMotion => rows.extend(motion_rows(server, &target, reach)),
            ServerRole::RedirectsOnly => {
                let uris = ["/", "/login", NEW_CLIENT_ROUTE].map(str::to_owned).into_iter();
                let uris: Vec<_> = uris.chain(location_uris(&server.locations, reach)).collect();
                rows.extend(gets(server, &target, &unique(uris)));
            }
            ServerRole::Other => {
                let uris: Vec<_> = location_uris(&server.locations, reach).collect();
                rows.extend(gets(server, &target, &unique(uris)));
            }
        }
    }
    ProbePlan { rows }
}

/// The entry of the new client at one block; `None` where its address is not known.
pub(super) fn new_client_probe(server: &ServerFacts) -> Option<Probe> {
    let (target, uri) = (target(server)?, NEW_CLIENT_ROUTE.to_owned());
    Some(Probe { server: server.label.clone(), target, uri, kind: Kind::Get, gate: Gate::NewClient })
}

/// The routes of a migration. Those that its strategy drops are shown and not
/// held against anything; nor is what the operator says of the real Motion
/// where only a stand-in answers.
pub(super) fn migration_probes(
    site: &SiteFacts,
    migration: &Migration,
    reach: Reach,
    stated: &[Probe],
) -> ProbePlan {
    let mut plan = probe_plan(site, reach);
    for row in plan.rows.iter_mut().filter(|row| row.gate == Gate::AsBefore) {
        if migration.dropped_routes.contains(&row.uri) {
            row.gate = Gate::Informational;
        }
    }
    plan.rows.extend(stated.iter().cloned().map(|probe| match reach {
        Reach::Harmless => probe,
        Reach::Everything => Probe { gate: Gate::Informational, ..probe },
    }));
    plan
}

/// Each stated probe at the block that answers it.
///
/// # Errors
/// When one is no URL, or no block listens for it.
pub(super) fn stated_probes(site: &SiteFacts, stated: &[StatedProbe]) -> Result<Vec<Probe>, Failure> {
    let invalid = |url: &str, why: &str| {
        Failure::new(FailureKind::Invalid, format!("the probe `{}`: {why}", nginx_config::redact_text(url)))
    };
    let probe = |stated: &StatedProbe| {
        let location: Location =
            stated.url.parse().map_err(|error| invalid(&stated.url, &format!("{error}")))?;
        let (server, target) = answering(site, &location)
            .ok_or_else(|| invalid(&stated.url, "no server block of this configuration listens for it"))?;
        let gate = Gate::Stated(stated.status, stated.contains.clone());
        Ok(Probe { server: server.label.clone(), target, uri: location.uri, kind: Kind::Get, gate })
    };
    stated.iter().map(probe).collect()
}

/// The block that has the name on that port, else the first on the port, as
/// NGINX chooses.
fn answering<'a>(site: &'a SiteFacts, location: &Location) -> Option<(&'a ServerFacts, Target)> {
    let listening: Vec<_> =
        site.servers.iter().filter_map(|server| Some((server, on(server, location)?))).collect();
    let named =
        |server: &ServerFacts| server.names.iter().any(|name| name.eq_ignore_ascii_case(&location.host));
    let (server, address) =
        listening.iter().find(|(server, _)| named(server)).or(listening.first()).cloned()?;
    let Location { scheme, port, .. } = *location;
    Some((
        server,
        Target { address: Address::Tcp(address), scheme, server_name: location.host.clone(), port },
    ))
}

fn on(server: &ServerFacts, location: &Location) -> Option<std::net::SocketAddr> {
    let tls = location.scheme == Scheme::Https;
    let fits = |listen: &&ListenFacts| listen.tls == tls && listen.address.port() == Some(location.port);
    server.listens.iter().filter(fits).find_map(|listen| listen.address.reachable())
}

/// The same routes for a rollback: the new client's may go, the others stay.
#[must_use]
pub fn rollback_probes(site: &SiteFacts) -> ProbePlan {
    let mut plan = probe_plan(site, Reach::Harmless);
    for row in &mut plan.rows {
        if row.gate != Gate::AsBefore || row.uri.starts_with("/user-ui") {
            row.gate = Gate::Informational;
        }
    }
    plan
}

fn motion_rows(server: &ServerFacts, target: &Target, reach: Reach) -> Vec<Probe> {
    let own = location_uris(&server.locations, reach).filter(|uri| !uri.starts_with("/user-ui"));
    let uris: Vec<_> = PAGES.map(str::to_owned).into_iter().chain(own).collect();
    let mut rows = gets(server, target, &unique(uris));
    let row = |uri: &str, kind, gate| Probe {
        server: server.label.clone(),
        target: target.clone(),
        uri: uri.to_owned(),
        kind,
        gate,
    };
    rows.push(row(WEB_SOCKET, Kind::WebSocket, Gate::AsBefore));
    rows.push(row("/user-ui", Kind::Get, Gate::NewClientRedirect));
    rows.push(row(NEW_CLIENT_ROUTE, Kind::Get, Gate::NewClient));
    rows
}

fn location_uris(locations: &[LocationFacts], reach: Reach) -> impl Iterator<Item = String> {
    locations
        .iter()
        .filter(move |location| reach == Reach::Everything || location.content == RouteContent::Local)
        .map(|location| location.uri.clone())
}

fn unique(uris: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    // A plain GET of the WebSocket's path opens a polling session instead.
    let asked = uris.into_iter().filter(|uri| !uri.starts_with("/socket.io"));
    asked.filter(|uri| seen.insert(uri.clone())).collect()
}

fn gets(server: &ServerFacts, target: &Target, uris: &[String]) -> Vec<Probe> {
    let probe = |uri: &String| Probe {
        server: server.label.clone(),
        target: target.clone(),
        uri: uri.clone(),
        kind: Kind::Get,
        gate: Gate::AsBefore,
    };
    uris.iter().map(probe).collect()
}

/// Where a block is asked: with TLS where it speaks that, by its first plain
/// name; `None` where its address is not known before NGINX resolves it.
fn target(server: &ServerFacts) -> Option<Target> {
    let listen = preferred(&server.listens)?;
    let address = match &listen.address {
        ListenAddress::Unix(path) => Address::Unix(path.clone()),
        other => Address::Tcp(other.reachable()?),
    };
    let is_plain = |name: &&String| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
        !name.is_empty() && name.bytes().all(known)
    };
    Some(Target {
        address,
        scheme: if listen.tls { Scheme::Https } else { Scheme::Http },
        server_name: server.names.iter().find(is_plain).cloned().unwrap_or_default(),
        port: listen.address.port().unwrap_or(80),
    })
}

fn preferred(listens: &[ListenFacts]) -> Option<&ListenFacts> {
    let spoken = |listen: &&ListenFacts| !listen.proxy_protocol && listen.address.port().is_some();
    let tls = listens.iter().filter(spoken).find(|listen| listen.tls);
    tls.or_else(|| listens.iter().find(spoken)).or(listens.first())
}
