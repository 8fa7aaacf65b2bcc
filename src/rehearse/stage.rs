//! Sets up the private copy: everything that the configuration proxies to,
//! the name servers that it asks, and NGINX itself.
//!
//! Invariant: no stand-in takes an address that the configuration listens on.

use super::dns::{DnsStandIn, Zone};
use super::standin::{Role, StandIn};
use crate::facts::{ClientFacts, Facts, ListenAddress, UpstreamAddress, UpstreamFacts};
use crate::host::clock;
use crate::host::daemon::{self, Started};
use crate::host::listen::{Sink, make_socket_folder};
use crate::host::process::census;
use crate::host::sandbox::Capabilities;
use crate::host::trust::Executable;
use crate::inspect::parse_upstream;
use crate::prepare::ToCome;
use crate::verify::certificate::Certificate;
use crate::verify::staged::STAND_IN_ADDRESS;
use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// How long NGINX may take to start.
const START_LIMIT: Duration = Duration::from_secs(10);

/// Everything that runs beside NGINX; ends when dropped.
pub struct Stage {
    /// Upstreams, with what each answers as.
    stand_ins: BTreeMap<Place, (Role, StandIn)>,
    /// What an upstream shows that speaks TLS.
    certificate: Certificate,
    pub name_servers: Vec<DnsStandIn>,
    /// Syslog servers, which take what they are sent.
    syslog: Vec<Sink>,
    /// What could not be stood in for, for people.
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speech {
    Http,
    Https,
    Other,
}

/// Stands in for every upstream and name server of the configuration.
///
/// # Errors
/// When an address cannot be used.
pub fn set_up(facts: &Facts) -> Result<Stage> {
    let mut stage = Stage {
        stand_ins: BTreeMap::new(),
        certificate: Certificate::for_names::<&str>(&[])?,
        name_servers: Vec::new(),
        syslog: Vec::new(),
        notes: Vec::new(),
    };
    let mut found = places(&facts.site.upstreams, &mut stage.notes);
    if let Some(ClientFacts::Proxied(url)) = &facts.motion.client {
        let speech = if url.starts_with("https://") { Speech::Https } else { Speech::Http };
        for place in parse_upstream(url).iter().filter_map(place) {
            let entry = found.entry(place).or_insert((Role::NewClient, speech));
            *entry = (with_client(entry.0), speech);
        }
    }
    stage.stand_in(found, &facts.nginx.listens)?;
    stage.take_syslog(facts);
    for address in name_servers(facts) {
        let zone = Zone { names: BTreeMap::new(), default: STAND_IN_ADDRESS };
        stage.name_servers.push(DnsStandIn::start(address, zone)?);
    }
    Ok(stage)
}

impl Stage {
    /// Stands in for what the planned configuration leads to as well. What served no new client before and is to
    /// serve it is started again in its new role.
    ///
    /// # Errors
    /// When an address cannot be used.
    pub fn complete(&mut self, to_come: &ToCome) -> Result<()> {
        let mut found = places(&to_come.upstreams, &mut self.notes);
        for place in to_come.clients.iter().filter_map(place) {
            found.entry(place).and_modify(|(role, _)| *role = with_client(*role));
        }
        let is_known = |place: &Place, role: Role| {
            self.stand_ins.get(place).is_some_and(|(known, _)| *known == role || with_client(role) != role)
        };
        found.retain(|place, (role, _)| !is_known(place, *role));
        self.stand_in(found, &to_come.listens)?;
        self.notes.dedup();
        Ok(())
    }

    /// Takes what is sent to syslog servers. Where that cannot be, NGINX says so in its log, which fails nothing.
    fn take_syslog(&mut self, facts: &Facts) {
        for address in &facts.nginx.syslog_servers {
            let sink = match place(address) {
                Some(Place::Tcp(address)) if listens_on(&facts.nginx.listens, address) => continue,
                Some(Place::Tcp(address)) => Sink::udp(address),
                Some(Place::Unix(path)) => Sink::unix(&path),
                None => continue,
            };
            match sink {
                Ok(sink) => self.syslog.push(sink),
                Err(error) => {
                    self.notes.push(format!("nothing stands in for the syslog server {address}: {error}"))
                }
            }
        }
    }

    fn stand_in(&mut self, places: BTreeMap<Place, (Role, Speech)>, listens: &[ListenAddress]) -> Result<()> {
        for (place, (role, speech)) in places {
            // Its address is free again once it has ended.
            drop(self.stand_ins.remove(&place));
            let stand_in = match (&place, speech) {
                (Place::Tcp(address), _) if listens_on(listens, *address) => {
                    let note = format!("{address} is proxied to and listened on: NGINX itself answers there");
                    self.notes.push(note);
                    continue;
                }
                (Place::Tcp(address), Speech::Http) => StandIn::http(*address, role),
                (Place::Tcp(address), Speech::Https) => StandIn::https(*address, role, &self.certificate),
                (Place::Tcp(address), Speech::Other) => StandIn::hangup(*address),
                (Place::Unix(path), _) => {
                    // A copied tree has no `/run` of its own.
                    path.parent().map(make_socket_folder).transpose()?;
                    StandIn::unix(path, role)
                }
            };
            let stand_in = stand_in.with_context(|| format!("standing in for {place:?}"))?;
            self.stand_ins.insert(place, (role, stand_in));
        }
        Ok(())
    }
}

/// What a stand-in answers as that is to serve the new client as well.
fn with_client(role: Role) -> Role {
    match role {
        Role::Motion | Role::Both => Role::Both,
        Role::NewClient | Role::Other => Role::NewClient,
    }
}

/// Starts the real NGINX on the private copy.
///
/// # Errors
/// When it does not start.
pub fn start_nginx(program: &Executable, facts: &Facts, capabilities: Capabilities) -> Result<()> {
    let started = daemon::start(program, &facts.nginx.arguments, capabilities, START_LIMIT)
        .with_context(|| format!("starting {}", program.name().display()))?;
    if let Started::Failed(said) = started {
        bail!("nginx does not start: {}", nginx_config::redact_text(said.trim()));
    }
    // The first process ends before the master has its workers.
    let deadline = clock::monotonic() + START_LIMIT;
    while clock::monotonic() < deadline {
        if census(Some(program))?.masters.iter().any(|master| master.serving().next().is_some()) {
            return Ok(());
        }
        clock::pause(Duration::from_millis(2));
    }
    bail!("nginx started, but no worker serves within {START_LIMIT:?}")
}

/// Every address to stand in for, with what to answer there. Motion's own
/// address keeps its role when other locations lead there too.
fn places(upstreams: &[UpstreamFacts], notes: &mut Vec<String>) -> BTreeMap<Place, (Role, Speech)> {
    let mut found: BTreeMap<Place, (Role, Speech)> = BTreeMap::new();
    for upstream in upstreams {
        let Some(place) = place(&upstream.address) else {
            notes.push(format!("{} has no fixed port: nothing stands in for it", upstream.address.shown()));
            continue;
        };
        let role = if upstream.serves_motion { Role::Motion } else { Role::Other };
        let entry = found.entry(place).or_insert((role, speech(upstream)));
        if upstream.serves_motion {
            entry.0 = Role::Motion;
        }
    }
    found
}

fn speech(upstream: &UpstreamFacts) -> Speech {
    match (upstream.http, upstream.tls) {
        (true, false) => Speech::Http,
        (true, true) => Speech::Https,
        (false, _) => Speech::Other,
    }
}

fn place(address: &UpstreamAddress) -> Option<Place> {
    match address {
        UpstreamAddress::Socket(address) => Some(Place::Tcp(*address)),
        UpstreamAddress::Unix(path) => Some(Place::Unix(path.clone())),
        UpstreamAddress::Name(name, port) if name == "localhost" => {
            Some(Place::Tcp(SocketAddr::from(([127, 0, 0, 1], *port))))
        }
        UpstreamAddress::Name(_, port) | UpstreamAddress::Variable(_, Some(port)) => {
            Some(Place::Tcp(SocketAddr::from((STAND_IN_ADDRESS, *port))))
        }
        UpstreamAddress::Variable(_, None) => None,
    }
}

/// Whether NGINX takes this address itself; a wildcard takes every address.
fn listens_on(listens: &[ListenAddress], address: SocketAddr) -> bool {
    listens.iter().any(|listen| match listen {
        ListenAddress::Socket(own) => {
            own.port() == address.port() && (own.ip().is_unspecified() || own.ip() == address.ip())
        }
        ListenAddress::Name(_, port) => *port == address.port(),
        ListenAddress::Unix(_) => false,
    })
}

/// Addresses of `resolver`, with the port that nginx uses by default.
fn name_servers(facts: &Facts) -> BTreeSet<SocketAddr> {
    let address = |text: &String| {
        let bare = text.trim_start_matches('[').trim_end_matches(']');
        let ip = bare.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, 53));
        let named = || text.parse::<SocketAddr>().ok();
        // A resolver by name leads to where every name leads.
        Some(ip.or_else(named).unwrap_or_else(|| SocketAddr::from((STAND_IN_ADDRESS, 53))))
    };
    facts.nginx.resolvers.iter().filter_map(address).collect()
}
