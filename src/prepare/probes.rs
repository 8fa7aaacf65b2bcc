//! Which routes to ask before and after a change.
//!
//! Invariant: on a live server only what does no harm is asked: NGINX's own
//! answers and Motion's entry pages, never a route that another program
//! answers and might act on.

use crate::facts::{
    ClientFacts, Entrance, Facts, ListenAddress, LocationFacts, MotionFacts, NoEntrance, RouteContent,
    ServerFacts, ServerRole, SiteFacts,
};
use crate::host::http::{Address, Credentials, Location, Preface, Scheme, Sender, Target};
use crate::motion::guards::KeptOut;
use crate::motion::{BARE_ROUTE, Bare, NEW_CLIENT_ROUTE};
use crate::outcome::{Failure, FailureKind, Finding, ProbeRow, codes};
use crate::plan::{BareToday, BlockEffect, Effect, Migration, Today};
use crate::verify::probe::ProbePlan;
use crate::verify::{Expected, Gate, Kind, Probe};
use nginx_config::routes::{Door, Endpoint, ServerMatch, Transport, doors, server_for};
use nginx_config::{Config, Node, routes};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A route that must answer after a change as the operator says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedProbe {
    /// Such as `https://cc.example.test/health`; a server block of this
    /// configuration must answer it, for nothing else is ever asked.
    #[serde(deserialize_with = "address")]
    pub url: String,
    /// The HTTP status that it must have.
    #[serde(default = "ok")]
    pub status: u16,
    /// Text that the answer must contain.
    #[serde(default)]
    pub contains: String,
}

/// Read where it stands, so that a fault has its line.
fn address<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    text.parse::<Location>().map_err(D::Error::custom)?;
    Ok(text)
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

/// Whether the operator accepts that a route is open which was guarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    Refused,
    Accepted,
}

/// What the routes of the new client are held against, block by block.
struct Gates<'a> {
    blocks: &'a BTreeMap<Node, BlockEffect>,
    opening: Opening,
    motion: &'a MotionFacts,
}

impl Gates<'_> {
    /// Which page must come: the one on the disk, where that is the file which the change serves.
    fn page(&self, server: &ServerFacts) -> Expected {
        let likeness = self.motion.page.likeness.clone();
        let served = self.blocks.get(&server.node).and_then(|block| block.page.as_deref());
        match &self.motion.client {
            Some(ClientFacts::Static(folder))
                if !likeness.is_empty() && served == Some(&folder.join("index.html")) =>
            {
                Expected::Surely(likeness)
            }
            _ => Expected::Perhaps(likeness),
        }
    }

    /// What was accepted is what was said of this very block, or what a program behind NGINX decides, of which
    /// nothing could be said. That NGINX's own guards of a block are gone without a word is never accepted.
    fn new_client(&self, server: &ServerFacts) -> Gate {
        let said = self
            .blocks
            .get(&server.node)
            .is_some_and(|block| !block.opened.is_empty() || block.today == Today::Open);
        match self.opening {
            Opening::Accepted if said => Gate::NewClientOpened,
            Opening::Accepted | Opening::Refused => Gate::NewClient,
        }
    }

    /// The path without its slash is held against what it is known to do.
    fn bare(&self, server: &ServerFacts) -> Gate {
        match self.blocks.get(&server.node) {
            None => Gate::NewClientRedirect,
            Some(block) => match (&block.bare, block.bare_today) {
                (Bare::Leads, _) => Gate::NewClientRedirect,
                (Bare::Elsewhere(_), BareToday::Same) => Gate::AsBefore,
                (Bare::Elsewhere(_) | Bare::Inside, _) => Gate::Informational,
            },
        }
    }
}

/// The routes of a migration.
fn probe_plan(site: &SiteFacts, reach: Reach, gates: &Gates<'_>) -> ProbePlan {
    let mut rows = Vec::new();
    for server in &site.servers {
        let Ok(entrance) = &server.entrance else { continue };
        let Some(mut target) = target(entrance) else { continue };
        if reach == Reach::Everything {
            target.sender = rehearsed_sender(entrance, entrance.guarded.as_ref(), target.sender);
            target.sender.credentials = Credentials::None;
        }
        match server.role {
            ServerRole::ServesMotion => rows.extend(motion_rows(server, &target, reach, gates)),
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
pub(super) fn new_client_probe(server: &ServerFacts, expected: Expected) -> Option<Probe> {
    Some(Probe {
        server: server.label.clone(),
        target: target(server.entrance.as_ref().ok()?)?,
        uri: NEW_CLIENT_ROUTE.to_owned(),
        kind: Kind::Get,
        gate: Gate::NewClient,
        expected,
        limits: server.limits.clone(),
    })
}

/// The routes of a migration. Those that its strategy drops are shown and not
/// held against anything; nor is what the operator says of the real Motion
/// where only a stand-in answers.
pub(super) fn migration_probes(
    facts: &Facts,
    migration: &Migration,
    reach: Reach,
    opening: Opening,
    stated: &[Probe],
) -> ProbePlan {
    let gates = Gates { blocks: &migration.effect.blocks, opening, motion: &facts.motion };
    let mut plan = probe_plan(&facts.site, reach, &gates);
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
pub(super) fn stated_probes(
    site: &SiteFacts,
    config: &Config,
    stated: &[StatedProbe],
) -> Result<Vec<Probe>, Failure> {
    let invalid = |url: &str, why: &str| {
        Failure::new(FailureKind::Invalid, format!("the probe `{}`: {why}", nginx_config::redact_text(url)))
    };
    let probe = |stated: &StatedProbe| {
        let location: Location =
            stated.url.parse().map_err(|error| invalid(&stated.url, &format!("{error}")))?;
        let (server, target) = answering(site, config, &location)
            .ok_or_else(|| invalid(&stated.url, "no server block of this configuration listens for it"))?;
        let gate = Gate::Stated(stated.status, stated.contains.clone());
        let server_label = server.label.clone();
        let limits = server.limits.clone();
        let expected = Expected::Perhaps(Vec::new());
        Ok(Probe { server: server_label, target, uri: location.uri, kind: Kind::Get, gate, expected, limits })
    };
    stated.iter().map(probe).collect()
}

/// The block that NGINX answers such a URL from, where it is one of this site's.
fn answering<'a>(
    site: &'a SiteFacts,
    config: &Config,
    location: &Location,
) -> Option<(&'a ServerFacts, Target)> {
    let wanted = if location.scheme == Scheme::Https { Transport::Tls } else { Transport::Plain };
    let doors = site.servers.iter().flat_map(|server| doors(config, server.node));
    let address = |door: Door| match door.at {
        Endpoint::Tcp(ip, port) if door.transport == wanted && port == location.port => {
            Some((ListenAddress::Socket((ip, port).into()).reachable()?, door.preface))
        }
        _ => None,
    };
    doors.filter_map(address).find_map(|(address, preface)| {
        let at = Endpoint::Tcp(address.ip(), address.port());
        let ServerMatch::Server(found) = server_for(config, &at, &location.host) else { return None };
        let server = site.servers.iter().find(|server| server.node == found)?;
        let entrance = Entrance {
            address: ListenAddress::Socket(address),
            tls: wanted == Transport::Tls,
            proxy_protocol: preface == routes::Preface::ProxyProtocol,
            host: location.host.clone(),
            guarded: None,
        };
        Some((server, target(&entrance)?))
    })
}

/// Why the new client's route cannot be asked, one line for each of Motion's
/// blocks of which that is known before anybody asks.
pub(super) fn cannot_be_asked(site: &SiteFacts, effect: &Effect, reach: Reach) -> Vec<String> {
    let why = |server: &ServerFacts| match &server.entrance {
        Err(NoEntrance::Because(why)) => Some(why.clone()),
        Ok(entrance) => {
            // What guards the route once the change is made, where there is one.
            let block = effect.blocks.get(&server.node);
            let kept_out = block.map_or(entrance.guarded.as_ref(), |block| block.kept_out.as_ref());
            let is_kept_out = |kept_out: &&KeptOut| reach == Reach::Harmless || kept_out.pass.is_none();
            kept_out.filter(is_kept_out).map(|kept_out| kept_out.by.clone())
        }
        Err(NoEntrance::Shadowed) => None,
    };
    let serving = site.servers.iter().filter(|server| server.role == ServerRole::ServesMotion);
    serving.filter_map(|server| Some(format!("server {}: {}", server.label, why(server)?))).collect()
}

/// Why the route was not asked: what was known before, and what the probes saw of the other blocks.
pub(super) fn were_not_asked(
    site: &SiteFacts,
    effect: &Effect,
    reach: Reach,
    rows: &[ProbeRow],
) -> Vec<String> {
    let mut lines = cannot_be_asked(site, effect, reach);
    let said =
        |row: &ProbeRow| lines.iter().any(|line| line.starts_with(&format!("server {}: ", row.server)));
    // A rehearsal's row is gated by the way back alone where the new page was not seen.
    let seen = |row: &ProbeRow| row.gated && row.after.is_some_and(|status| (200..300).contains(&status));
    let silent = rows.iter().filter(|row| row.uri == NEW_CLIENT_ROUTE && !seen(row) && !said(row));
    let more: Vec<_> = silent.map(|row| format!("server {}: {}", row.server, row.note)).collect();
    lines.extend(more);
    lines
}

/// That finding; `None` where there is nothing to say.
#[must_use]
pub fn not_asked(lines: Vec<String>) -> Option<Finding> {
    let finding =
        Finding::new(codes::ROUTES_NOT_ASKED, "the new client's route cannot be asked from this machine")
            .advice("open /user-ui/login in a browser, or give its URL as a [[probe]] in the settings");
    (!lines.is_empty()).then(|| finding.evidence_lines(lines))
}

/// The same routes for a way back: the new client's may go, and what answers at `gone` goes on purpose; the others stay.
#[must_use]
pub fn rollback_probes(site: &SiteFacts, gone: &BTreeSet<String>) -> ProbePlan {
    let gates =
        Gates { blocks: &BTreeMap::new(), opening: Opening::Refused, motion: &MotionFacts::default() };
    let mut plan = probe_plan(site, Reach::Harmless, &gates);
    for row in &mut plan.rows {
        if row.gate != Gate::AsBefore || row.uri.starts_with("/user-ui") || gone.contains(&row.uri) {
            row.gate = Gate::Informational;
        }
    }
    plan
}

fn motion_rows(server: &ServerFacts, target: &Target, reach: Reach, gates: &Gates<'_>) -> Vec<Probe> {
    let own = location_uris(&server.locations, reach).filter(|uri| !uri.starts_with("/user-ui"));
    let uris: Vec<_> = PAGES.map(str::to_owned).into_iter().chain(own).collect();
    let mut rows = gets(server, target, &unique(uris));
    let row = |uri: &str, kind, gate| Probe {
        server: server.label.clone(),
        target: target.clone(),
        uri: uri.to_owned(),
        kind,
        gate,
        expected: gates.page(server),
        limits: server.limits.clone(),
    };
    rows.push(row(WEB_SOCKET, Kind::WebSocket, Gate::AsBefore));
    rows.push(row(BARE_ROUTE, Kind::Get, gates.bare(server)));
    let mut client = row(NEW_CLIENT_ROUTE, Kind::Get, gates.new_client(server));
    if let (Reach::Everything, Ok(entrance), Some(block)) =
        (reach, &server.entrance, gates.blocks.get(&server.node))
    {
        client.target.sender = rehearsed_sender(entrance, block.kept_out.as_ref(), target.sender);
    }
    rows.push(client);
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
        expected: Expected::Perhaps(Vec::new()),
        limits: server.limits.clone(),
    };
    uris.iter().map(probe).collect()
}

/// Who asks in a rehearsal, where every address is this machine's and every
/// password a throw-away one: somebody who is let in, or else whoever would ask
/// on the server itself, which the kernel does not know there.
fn rehearsed_sender(entrance: &Entrance, kept_out: Option<&KeptOut>, sender: Sender) -> Sender {
    let pass = kept_out.and_then(|kept_out| kept_out.pass.as_ref());
    let own = entrance.address.reachable().map(|address| address.ip());
    let with_password = pass.is_some_and(|pass| pass.password_file.is_some());
    Sender {
        source: pass.and_then(|pass| pass.from).or(own.filter(|ip| !ip.is_loopback())),
        credentials: if with_password { Credentials::ThrowAway } else { Credentials::None },
        ..sender
    }
}

/// An entrance as the probes take it; `None` where its address is a name.
fn target(entrance: &Entrance) -> Option<Target> {
    let Entrance { address, tls, proxy_protocol, host, .. } = entrance;
    let preface = if *proxy_protocol { Preface::ProxyProtocol } else { Preface::None };
    Some(Target {
        address: match address {
            ListenAddress::Unix(path) => Address::Unix(path.clone()),
            other => Address::Tcp(other.reachable()?),
        },
        scheme: if *tls { Scheme::Https } else { Scheme::Http },
        server_name: host.clone(),
        port: address.port().unwrap_or(80),
        sender: Sender { preface, ..Sender::default() },
    })
}
