//! Which block answers which request: of a server, or of a configuration that a plan makes.
//!
//! Invariant: needs no Motion. Where it is not found, every server block is answered for all the same, and why it was not
//! found is said.

mod asked;
mod lies;
mod row;

use super::directives::{Visit, visits};
use super::judge::PROXIED_ROUTES;
use super::operator_named::ServerName;
use super::options::Options;
use super::sought::{sought, unloadable};
use super::{RootReader, client, lacking, nginx, served, site, upstream};
use crate::facts::{HostFacts, ListenAddress, ListenFacts, ServerRole};
use crate::host::Root;
use crate::motion::{NEW_CLIENT_ROUTE, PAGES};
use crate::outcome::{
    Failure, FailureKind, Finding, NowhereRow, RoutesRole, RoutesSection, ServerRoutes, codes,
};
pub use asked::{Asked, NotAskable};
pub use lies::{Lies, lies};
use nginx_config::routes::{Matcher, ServerMatch, doors, matcher, server_for, servers};
use nginx_config::{Config, Node, redact_text};
use row::Rows;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// More locations of one block are not asked for by themselves.
const MOST_LOCATIONS: usize = 40;
/// Server blocks that are listed where the one that was named is not among them.
const MOST_LISTED: usize = 20;
/// Paths of the new client: its folder, with a slash and without, its page, and what any script of it is like.
const NEW_CLIENT: [&str; 4] = ["/user-ui", "/user-ui/", NEW_CLIENT_ROUTE, "/user-ui/main.js"];

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// The requests; none for Motion's routes and each block's own locations.
    pub asked: Vec<Asked>,
    /// The server blocks; none for all, or for Motion's where nothing was asked.
    pub servers: Vec<ServerName>,
}

/// What was found out.
pub struct Answers {
    pub host: HostFacts,
    /// NGINX's version, where there is one on this machine.
    pub nginx: Option<String>,
    /// Which block answers what.
    pub routes: RoutesSection,
    /// What there is to say about NGINX.
    pub findings: Vec<Finding>,
    /// Why Motion's own server block could not be told.
    pub without_motion: Option<String>,
}

/// Answers the question for the server below `root`.
///
/// # Errors
/// When there is no NGINX, no readable configuration, or no server block of a name.
pub fn answers(root: &Root, options: &Options, question: &Question) -> Result<Answers, Failure> {
    let mut findings = Vec::new();
    let server = nginx::server(root, options, &mut findings)?;
    let reader = RootReader::new(root);
    let config = Config::load(&server.place.main_file, &server.place.prefix, &reader)
        .map_err(|error| unloadable(root, &error))?;
    findings.extend(lacking::findings(root, &reader.stand_ins()));
    let application = client::application(root);
    let found = sought(root, &config, &reader, options, application.as_deref());
    let (roles, without_motion) = match found {
        Ok(found) => (found.selected.servers.iter().map(|one| (one.node, one.role)).collect(), None),
        Err(failure) => (BTreeMap::new(), Some(failure.message)),
    };
    let routes = routing(&config, &roles, question, &|path| lies(root, path))?;
    let nginx = server.programs.tester.as_ref().map(|_| server.build.version.to_string());
    Ok(Answers { host: super::host_facts(root), nginx, routes, findings, without_motion })
}

/// Answers the question for a configuration; `roles` are those of Motion's server blocks, where they are known.
///
/// # Errors
/// When there is no server block of a name.
pub fn routing(
    config: &Config,
    roles: &BTreeMap<Node, ServerRole>,
    question: &Question,
    lies: &dyn Fn(&Path) -> Lies,
) -> Result<RoutesSection, Failure> {
    let visits: Vec<Visit> = visits(config);
    let rows = Rows { config, groups: upstream::groups(config, &visits), lies };
    let mut found: Vec<(Node, ServerRoutes)> =
        servers(config).iter().map(|&node| (node, about(config, node, roles))).collect();
    let all = found.len();
    if !question.servers.is_empty() {
        found = named(found, &question.servers)?;
    } else if question.asked.is_empty() {
        let is_motions = |(_, server): &(Node, ServerRoutes)| server.role != RoutesRole::Other;
        found.retain(is_motions);
    }
    // Within one role NGINX's order stays.
    found.sort_by_key(|(_, server)| server.role);
    let mut section = RoutesSection { servers_left_out: all - found.len(), ..RoutesSection::default() };
    for asked in question.asked.iter().filter(|asked| asked.host().is_some()) {
        let chosen = chosen(config, asked);
        section
            .nowhere
            .extend(chosen.reason.map(|reason| NowhereRow { uri: redact_text(&asked.to_string()), reason }));
        for (node, server) in &mut found {
            if chosen.servers.contains(node) {
                server.routes.extend(rows.of_request(*node, asked));
            }
        }
    }
    for (node, server) in &mut found {
        let paths: Vec<_> = question.asked.iter().filter(|asked| asked.host().is_none()).collect();
        if question.asked.is_empty() {
            usual(config, *node, &rows, server);
        }
        server.routes.extend(paths.into_iter().flat_map(|asked| rows.of_request(*node, asked)));
    }
    if !question.asked.is_empty() {
        // An address has one block that answers it: the others have nothing to say.
        found.retain(|(_, server)| !server.routes.is_empty());
        section.servers_left_out = 0;
    }
    section.servers = found.into_iter().map(|(_, server)| server).collect();
    Ok(section)
}

/// A server block without its routes.
fn about(config: &Config, node: Node, roles: &BTreeMap<Node, ServerRole>) -> ServerRoutes {
    let (names, listens) = (site::names(config, node), site::listens(config, node));
    let role = match (roles.get(&node), roles.is_empty()) {
        (Some(ServerRole::ServesMotion), _) => RoutesRole::Motion,
        (Some(ServerRole::RedirectsOnly), _) => RoutesRole::Redirects,
        (_, true) => RoutesRole::Unknown,
        (Some(ServerRole::Other) | None, false) => RoutesRole::Other,
    };
    ServerRoutes {
        server: site::label(&names, &listens),
        listens: listens.iter().map(listen).collect(),
        role,
        place: row::place(config, node),
        routes: Vec::new(),
        patterns: Vec::new(),
        locations_left_out: 0,
        never_asked: served::shadowed(config, node, &names, &[]),
        names,
    }
}

fn listen(listen: &ListenFacts) -> String {
    let address = match &listen.address {
        ListenAddress::Socket(address) => address.to_string(),
        ListenAddress::Name(name, port) => format!("{name}:{port}"),
        ListenAddress::Unix(path) => format!("unix:{}", path.display()),
    };
    let ListenFacts { tls, quic, default_server, .. } = listen;
    let words = [(*tls && !quic, " ssl"), (*quic, " quic"), (*default_server, " default_server")];
    words.iter().filter(|(holds, _)| *holds).fold(address, |text, (_, word)| text + word)
}

/// The blocks that were named.
fn named(
    found: Vec<(Node, ServerRoutes)>,
    wanted: &[ServerName],
) -> Result<Vec<(Node, ServerRoutes)>, Failure> {
    let is = |name: &ServerName, one: &ServerRoutes| {
        let has_port = |port: u16| {
            one.listens.iter().any(|text| {
                let address = text.split(' ').next().unwrap_or_default();
                address.rsplit_once(':').is_some_and(|(_, found)| found == port.to_string())
            })
        };
        name.fits(&one.names, has_port)
    };
    for name in wanted {
        if !found.iter().any(|(_, one)| is(name, one)) {
            let title = format!("no server block is called {name}");
            let finding = Finding::new(codes::SITE_NOT_FOUND, title.clone()).advice(
                "name one of these blocks, by its server_name and, where several have it, with the port",
            );
            let listed = found.iter().take(MOST_LISTED);
            let finding = finding.evidence_lines(
                listed
                    .map(|(_, one)| format!("{}:{}: server {}", one.place.file, one.place.line, one.server)),
            );
            return Err(Failure::new(FailureKind::Unavailable, title).with_findings(vec![finding]));
        }
    }
    Ok(found.into_iter().filter(|(_, one)| wanted.iter().any(|name| is(name, one))).collect())
}

/// The blocks that NGINX chooses for an address as a browser has it.
struct Chosen {
    servers: BTreeSet<Node>,
    /// Why there is none.
    reason: Option<String>,
}

fn chosen(config: &Config, asked: &Asked) -> Chosen {
    let (port, transport) = asked.door().expect("an address with a host has a port");
    let host = asked.host().unwrap_or_default();
    let (mut found, mut reason) = (BTreeSet::new(), None);
    let listened: BTreeSet<_> = servers(config)
        .iter()
        .flat_map(|&server| doors(config, server))
        .filter(|door| row::port(&door.at) == port)
        .collect();
    if listened.is_empty() {
        reason = Some(format!("no server block listens on port {port}"));
    } else if listened.iter().all(|door| door.transport != transport) {
        let spoken =
            if asked.is_tls() { "without TLS: ask for http://" } else { "with TLS: ask for https://" };
        reason = Some(format!("port {port} is spoken to {spoken}"));
    }
    for door in listened.iter().filter(|door| door.transport == transport) {
        match server_for(config, &door.at, host) {
            ServerMatch::Server(server) => drop(found.insert(server)),
            ServerMatch::Nowhere => {}
            ServerMatch::Unknown { reason: why } => reason = Some(why),
        }
    }
    Chosen { servers: found, reason }
}

/// Motion's routes, and the block's own locations.
fn usual(config: &Config, node: Node, rows: &Rows<'_>, server: &mut ServerRoutes) {
    let known = PAGES.iter().chain(&PROXIED_ROUTES).chain(&NEW_CLIENT);
    let mut uris: Vec<String> = known.map(|uri| (*uri).to_owned()).collect();
    let mut listed = 0;
    for location in config.named(node, "location") {
        let path = match matcher(config, location) {
            Some(Matcher::Exact(path) | Matcher::Prefix(path) | Matcher::Final(path)) => {
                String::from_utf8(path).ok()
            }
            _ => None,
        };
        // A named location is reached by no request of a browser.
        let is_named = || config.directive(location).arg(0).is_some_and(|word| word.starts_with(b"@"));
        match path {
            Some(path) if uris.contains(&path) => continue,
            None if is_named() => continue,
            _ if listed == MOST_LOCATIONS => {
                server.locations_left_out += 1;
                continue;
            }
            Some(path) => uris.push(path),
            None => server.patterns.push(row::place(config, location)),
        }
        listed += 1;
    }
    let asked = uris.iter().filter_map(|uri| uri.parse::<Asked>().ok());
    server.routes = asked.flat_map(|asked| rows.of_request(node, &asked)).collect();
}
