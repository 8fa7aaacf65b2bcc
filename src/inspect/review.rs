//! What there is to say about the facts: one function for each finding.
//!
//! Invariant: each finding carries what was seen and where; what cannot be
//! told from here is not claimed.

use super::access::{account, obstacle};
use super::boot::{BootUnit, boot_unit, no_boot_unit};
use super::managed::managed_elsewhere;
use super::planted::obstacles;
use crate::facts::{
    ClientFacts, Facts, RouteState, Scope, ServerFacts, ServerRole, UpstreamAddress, UpstreamFacts,
};
use crate::host::{Root, connectable};
use crate::motion::page::NEW_CLIENT;
use crate::motion::{Block, Content};
use crate::outcome::codes;
use crate::outcome::{Finding, Level, unreplaceable};
use nginx_config::Config;
use std::collections::BTreeMap;
use std::time::Duration;

/// The first version whose Agent Profiles use the new client (vendor's release notes).
const FIRST_VERSION: (u64, u64, u64) = (3, 42, 0);
/// How long an upstream may take to accept a connection.
const CONNECT_LIMIT: Duration = Duration::from_millis(500);
/// More upstreams than this are not tried.
const MOST_UPSTREAMS: usize = 24;

/// Every finding about the facts, in no order.
pub fn review(root: &Root, facts: &Facts, config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(super::beside::beside(facts, config));
    findings.extend(runs_code(facts));
    findings.extend(duplicate_servers(config));
    findings.extend(upstreams(root, facts));
    findings.extend(client(root, facts));
    findings.extend(version(facts));
    findings.extend(site_files(root, facts, config));
    findings.extend(boot(root));
    findings
}

fn boot(root: &Root) -> Option<Finding> {
    match boot_unit(root) {
        BootUnit::Missing(missing) => Some(no_boot_unit(&missing)),
        BootUnit::Enabled | BootUnit::NoSystemd => None,
    }
}

/// What answers the new client's route in each of Motion's blocks. Apart from the rest: on a live server it is asked
/// first.
pub fn routes(facts: &Facts, config: &Config) -> Vec<Finding> {
    let serving = || facts.site.servers.iter().filter(|server| server.role == ServerRole::ServesMotion);
    let mut findings = Vec::new();
    for server in serving() {
        if let RouteState::Elsewhere(place) = &server.new_client {
            findings.push(
                Finding::graded(
                    codes::ROUTES_ELSEWHERE,
                    Level::Stop,
                    "something else already answers /user-ui/",
                )
                .evidence(format!("server {}: {place}", server.label))
                .advice("remove that location, or let it serve the new client"),
            );
        }
        if let RouteState::CannotTell(reason) = &server.new_client {
            let level = if facts.host.scope == Scope::Live { Level::Info } else { Level::Warn };
            findings.push(
                Finding::graded(codes::ROUTES_CANNOT_TELL, level, "what answers /user-ui/ cannot be told from here")
                    .evidence(format!("server {}: {reason}", server.label))
                    .advice("ask the server for /user-ui/login, or name the client with --new-client-root or --new-client-upstream"),
            );
        }
        findings.extend(not_loaded(facts, config, server));
    }
    let missing: Vec<_> = serving().filter(|server| server.new_client == RouteState::Missing).collect();
    let list = |finding: Finding| {
        finding.evidence_lines(missing.iter().map(|server| format!("server {}", server.label)))
    };
    if !missing.is_empty() {
        findings.push(list(Finding::new(codes::ROUTES_MISSING, "the new client's route is missing")));
    } else if findings.is_empty() {
        findings.push(Finding::new(codes::ROUTES_MIGRATED, "the new client's route is there"));
    }
    findings
}

/// What the page of a route that is there would ask for in vain.
fn not_loaded(facts: &Facts, config: &Config, server: &ServerFacts) -> Option<Finding> {
    if server.new_client != RouteState::Present {
        return None;
    }
    let (motion, block) = (&facts.motion, Block::new(config, server.node));
    let mut lines = block.taken(&motion.assets, &motion.page.files);
    let page = match (&motion.client, block.new_client_content()) {
        (Some(ClientFacts::Static(folder)), Some((Content::Page(page), _)))
            if page == folder.join("index.html") =>
        {
            Some(page)
        }
        _ => None,
    };
    if let Some(page) = page {
        let gone = motion.assets.iter().filter(|asset| !motion.page.files.contains_key(*asset));
        let gone = gone.filter(|asset| asset.starts_with(NEW_CLIENT));
        lines.extend(gone.map(|asset| format!("{asset}, which {} names, is not there", page.display())));
    }
    let title = "something else answers what the new client's page loads, or nothing does";
    let finding = Finding::graded(codes::ROUTES_ELSEWHERE, Level::Warn, title).advice(
        "let the location of /user-ui/ answer it: `location ^~ /user-ui/` keeps regular expressions away",
    );
    let line = |line: String| format!("server {}: {line}", server.label);
    (!lines.is_empty()).then(|| finding.evidence_lines(lines.into_iter().map(line)))
}

fn runs_code(facts: &Facts) -> Option<Finding> {
    let code = &facts.nginx.runs_code;
    let by_test = code.iter().any(|one| one.runs.is_run_by_test());
    let (level, advice) = match (&facts.host.scope, by_test) {
        (Scope::Tree(_), true) => {
            (Level::Stop, "validating this tree runs that code; accept it only if you trust the tree")
        }
        (Scope::Tree(_), false) => {
            (Level::Stop, "a rehearsal of this tree runs that code; accept it only if you trust the tree")
        }
        (Scope::Live, _) if code.iter().any(|one| one.runs.is_unseen()) => (
            Level::Info,
            "nginx -t says nothing of Lua code: what it is about is tried by a reload and by requests alone",
        ),
        (Scope::Live, _) => (Level::Info, "this server runs it anyway, at every start and reload"),
    };
    let finding = Finding::graded(codes::CONFIG_RUNS_CODE, level, "the configuration makes NGINX run code")
        .advice(advice);
    (!code.is_empty()).then(|| finding.evidence_lines(code.iter().map(ToString::to_string)))
}

/// Two blocks with the same address and name: nginx uses the first and warns.
fn duplicate_servers(config: &Config) -> Option<Finding> {
    let mut seen: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for &server in nginx_config::routes::servers(config) {
        let first = |node| super::directives::first_argument(config, node);
        let address = |node| {
            let address = first(node)?;
            // Over UDP nobody takes a request from a block that listens over TCP.
            let quic = super::directives::arguments(config, node).iter().skip(1).any(|word| word == "quic");
            Some(if quic { format!("{address} quic") } else { address })
        };
        let mut listens: Vec<_> = config.named(server, "listen").filter_map(address).collect();
        if listens.is_empty() {
            listens.push("80".to_owned());
        }
        let names =
            config.named(server, "server_name").flat_map(|node| super::directives::arguments(config, node));
        let names: Vec<_> = names.collect();
        for listen in &listens {
            for name in &names {
                let places = seen.entry((listen.clone(), name.clone())).or_default();
                let place = config.place(server);
                if !places.contains(&place) {
                    places.push(place);
                }
            }
        }
    }
    let finding =
        Finding::new(codes::SITE_DUPLICATE_SERVER, "two server blocks have the same address and name")
            .advice("NGINX uses the first and ignores the others; remove what is not used");
    let mut repeated = seen.into_iter().filter(|(_, places)| places.len() > 1).peekable();
    repeated.peek()?;
    let line = |((listen, name), places): ((String, String), Vec<String>)| {
        format!("{name} on {listen}: {}", places.join(", "))
    };
    Some(finding.evidence_lines(repeated.map(line)))
}

fn upstreams(root: &Root, facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut tried: BTreeMap<UpstreamAddress, Option<String>> = BTreeMap::new();
    for upstream in &facts.site.upstreams {
        let reason = tried.entry(upstream.address.clone()).or_insert_with(|| dead(root, &upstream.address));
        let evidence =
            || format!("{} → {} ({})", upstream.location, upstream.address.shown(), upstream.origin);
        if let Some(reason) = reason {
            findings.push(
                Finding::new(codes::SITE_DEAD_UPSTREAM, "an upstream does not look alive")
                    .evidence(format!("{}: {reason}", evidence()))
                    .advice("it is carried over as it is; fix it in a change of its own"),
            );
        }
        if is_remote(upstream) && !upstream.serves_motion {
            findings.push(
                Finding::new(codes::SITE_REMOTE_LOCATION, "a location leads to another host")
                    .evidence(evidence()),
            );
        }
        if tried.len() >= MOST_UPSTREAMS {
            break;
        }
    }
    findings
}

fn is_remote(upstream: &UpstreamFacts) -> bool {
    match &upstream.address {
        UpstreamAddress::Variable(..) => false,
        address => !address.is_local(),
    }
}

/// Why an address looks dead. Below a `--root` nothing is connected to.
fn dead(root: &Root, address: &UpstreamAddress) -> Option<String> {
    if let UpstreamAddress::Socket(socket) = address
        && is_mistyped_loopback(&socket.ip().to_string())
    {
        return Some("it differs from 127.0.0.1 by one character".to_owned());
    }
    if !root.is_live() {
        return None;
    }
    let failed = match address {
        UpstreamAddress::Socket(socket) => connectable::tcp(*socket, CONNECT_LIMIT).err(),
        UpstreamAddress::Unix(path) => connectable::unix(path).err(),
        UpstreamAddress::Name(..) | UpstreamAddress::Variable(..) => None,
    };
    failed.map(|error| error.to_string())
}

/// Whether one character was left out, added or changed in `127.0.0.1`.
fn is_mistyped_loopback(text: &str) -> bool {
    const MEANT: &str = "127.0.0.1";
    if text.starts_with("127.") {
        return false;
    }
    let (text, meant) = (text.as_bytes(), MEANT.as_bytes());
    let same_front = text.iter().zip(meant).take_while(|(a, b)| a == b).count();
    let rest = |bytes: &[u8], skip: usize| bytes.get(same_front + skip..).map(<[u8]>::to_vec);
    [(1, 0), (0, 1), (1, 1)].iter().any(|(text_skip, meant_skip)| {
        let (a, b) = (rest(text, *text_skip), rest(meant, *meant_skip));
        a.is_some() && a == b
    })
}

fn client(root: &Root, facts: &Facts) -> Option<Finding> {
    let Some(ClientFacts::Static(folder)) = &facts.motion.client else { return None };
    let account = account(root, &facts.nginx.user)?;
    let blocked = obstacle(root, &folder.join("index.html"), &account)?;
    Some(
        Finding::new(codes::NEWCLIENT_UNREADABLE, "NGINX's workers cannot read the new client")
            .evidence(format!("{} is closed to the user {}", blocked.display(), facts.nginx.user))
            .advice("give that user the right to read it, as the vendor's installer does"),
    )
}

fn version(facts: &Facts) -> Option<Finding> {
    let (version, file) = facts.motion.version.as_ref()?;
    let mut numbers =
        version.trim_start_matches('v').split(['.', '-', '+']).map(|part| part.parse::<u64>().ok());
    let found = (numbers.next()??, numbers.next()??, numbers.next().flatten().unwrap_or(0));
    (found < FIRST_VERSION).then(|| {
        Finding::new(codes::NEWCLIENT_VERSION_OLD, "Motion is older than the new client's Agent Profiles")
            .evidence(format!("{version} in {}; 3.42.0 is needed", file.display()))
            .advice("update Motion as well; the routes can be brought before or after")
    })
}

fn site_files(root: &Root, facts: &Facts, config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (id, file) in config.files() {
        let holds_site = facts.site.servers.iter().any(|server| {
            server.node.file == id
                && server.role == ServerRole::ServesMotion
                && server.new_client != RouteState::Present
        });
        if holds_site {
            findings.extend(managed_elsewhere(&file.path, &file.identity, file.tree.source()));
            let obstacles = obstacles(root, facts, config, id);
            findings.extend((!obstacles.is_empty()).then(|| unreplaceable(obstacles)));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_pen_are_told_from_other_addresses() {
        for (text, mistyped) in [
            ("12.0.0.1", true),
            ("27.0.0.1", true),
            ("117.0.0.1", true),
            ("227.0.0.1", true),
            ("127.0.0.1", false),
            ("127.0.0.2", false),
            ("10.0.0.1", false),
            ("192.0.2.1", false),
        ] {
            assert_eq!(is_mistyped_loopback(text), mistyped, "{text}");
        }
    }
}
