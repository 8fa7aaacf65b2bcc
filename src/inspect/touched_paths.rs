//! What a configuration makes NGINX touch besides serving: files that it
//! writes, keys that it loads.
//!
//! Pure. A path with a variable counts as the folder before the variable.

use super::build::Build;
use super::directives::{Visit, arguments, first_argument, name};
use super::upstream::parse_address;
use crate::facts::{CERTIFICATES, CertificateFacts, ShadowKind, UpstreamAddress, UpstreamFacts, WrittenPath};
use nginx_config::Config;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Where a syslog server listens whose port is not named (`ngx_syslog.c`).
const SYSLOG_PORT: u16 = 514;

/// Directives whose first argument is opened for writing.
const WRITTEN: [(&str, ShadowKind); 13] = [
    ("access_log", ShadowKind::File),
    ("error_log", ShadowKind::File),
    ("pid", ShadowKind::File),
    ("lock_file", ShadowKind::File),
    ("client_body_temp_path", ShadowKind::Folder),
    ("proxy_temp_path", ShadowKind::Folder),
    ("fastcgi_temp_path", ShadowKind::Folder),
    ("uwsgi_temp_path", ShadowKind::Folder),
    ("scgi_temp_path", ShadowKind::Folder),
    ("proxy_cache_path", ShadowKind::Folder),
    ("fastcgi_cache_path", ShadowKind::Folder),
    ("uwsgi_cache_path", ShadowKind::Folder),
    ("scgi_cache_path", ShadowKind::Folder),
];

/// Everything that this configuration makes NGINX open for writing.
pub fn written(
    config: &Config,
    visits: &[Visit],
    build: &Build,
    upstreams: &[UpstreamFacts],
) -> Vec<WrittenPath> {
    let mut found: BTreeSet<WrittenPath> = BTreeSet::new();
    let mut add = |path: PathBuf, kind| found.insert(WrittenPath { path, kind });
    for path in &build.files {
        add(path.clone(), ShadowKind::File);
    }
    for path in &build.folders {
        add(path.clone(), ShadowKind::Folder);
    }
    for visit in visits {
        let directive = name(config, visit.node);
        let Some(argument) = first_argument(config, visit.node) else { continue };
        if let Some((_, kind)) = WRITTEN.iter().find(|(known, _)| *known == directive) {
            if let Some((path, kind)) = written_path(&build.prefix, &argument, *kind) {
                add(path, kind);
            }
        } else if directive == "listen"
            && let Some(socket) = argument.strip_prefix("unix:")
        {
            add(PathBuf::from(socket), ShadowKind::Socket);
        }
    }
    for upstream in upstreams {
        if let UpstreamAddress::Unix(path) = &upstream.address {
            add(path.clone(), ShadowKind::Socket);
        }
    }
    found.into_iter().collect()
}

/// The file or folder behind one argument; `None` for `off`, syslog and the like.
fn written_path(prefix: &Path, argument: &str, kind: ShadowKind) -> Option<(PathBuf, ShadowKind)> {
    if argument == "off"
        || argument == "stderr"
        || argument.starts_with("syslog:")
        || argument.starts_with("memory:")
    {
        return None;
    }
    let Some(dollar) = argument.find('$') else { return Some((prefix.join(argument), kind)) };
    let folder = argument[..dollar].rsplit_once('/').map(|(folder, _)| folder)?;
    (!folder.is_empty()).then(|| (prefix.join(folder), ShadowKind::Folder))
}

/// The main context's error log, when it is a file; nginx's default counts.
pub fn main_error_log(config: &Config, build: &Build) -> Option<PathBuf> {
    named_error_log(config, &build.prefix, build.error_log.as_ref())
}

/// As [`main_error_log`], without the whole of what NGINX was built with.
pub fn named_error_log(config: &Config, prefix: &Path, default: Option<&PathBuf>) -> Option<PathBuf> {
    let mut named = config.top_named("error_log").peekable();
    if named.peek().is_none() {
        return default.cloned();
    }
    // NGINX writes to all of them, so one that is a file says what the others are told.
    let files =
        named.filter_map(|node| written_path(prefix, &first_argument(config, node)?, ShadowKind::File));
    files.map(|(path, _)| path).last()
}

/// Certificates with their keys, by the block that names them.
pub fn certificates(config: &Config, visits: &[Visit], conf_prefix: &Path) -> Vec<CertificateFacts> {
    let mut found: Vec<CertificateFacts> = Vec::new();
    let mut seen = BTreeSet::new();
    for visit in visits {
        let directive = name(config, visit.node);
        let Some((_, key_directive)) = CERTIFICATES.iter().find(|(known, _)| *known == directive) else {
            continue;
        };
        let Some(certificate) = loaded_path(conf_prefix, first_argument(config, visit.node)) else {
            continue;
        };
        let key = key_directive.and_then(|wanted| {
            // The key stands beside its certificate, or in a block around it.
            let node = visit
                .outwards()
                .find_map(|block| config.named(block, wanted).next_back())
                .or_else(|| config.top_named(wanted).next_back())?;
            loaded_path(conf_prefix, first_argument(config, node))
        });
        let names = server_names(config, visit);
        if seen.insert((certificate.clone(), key.clone(), names.clone())) {
            found.push(CertificateFacts { certificate, key, names, readable: true });
        }
    }
    found
}

/// `ssl_dhparam` files.
pub fn dhparams(config: &Config, visits: &[Visit], conf_prefix: &Path) -> Vec<PathBuf> {
    let nodes = visits.iter().filter(|visit| config.directive(visit.node).is("ssl_dhparam"));
    let paths: BTreeSet<_> =
        nodes.filter_map(|visit| loaded_path(conf_prefix, first_argument(config, visit.node))).collect();
    paths.into_iter().collect()
}

/// Addresses of `resolver`, as written, without parameters such as `valid=`.
pub fn resolvers(config: &Config, visits: &[Visit]) -> Vec<String> {
    let nodes = visits.iter().filter(|visit| config.directive(visit.node).is("resolver"));
    let addresses: BTreeSet<_> = nodes
        .flat_map(|visit| arguments(config, visit.node))
        .filter(|argument| !argument.contains('='))
        .collect();
    addresses.into_iter().collect()
}

/// Where lines are sent to by `syslog:server=…`, whatever directive says it.
pub fn syslog_servers(config: &Config, visits: &[Visit]) -> Vec<UpstreamAddress> {
    let words = visits.iter().flat_map(|visit| arguments(config, visit.node));
    let servers: BTreeSet<_> = words
        .filter_map(|word| {
            let server =
                word.strip_prefix("syslog:")?.split(',').find_map(|part| part.strip_prefix("server="))?;
            parse_address(server, Some(SYSLOG_PORT))
        })
        .collect();
    servers.into_iter().collect()
}

fn loaded_path(conf_prefix: &Path, argument: Option<String>) -> Option<PathBuf> {
    let argument = argument?;
    let is_file =
        !argument.contains('$') && !argument.starts_with("data:") && !argument.starts_with("engine:");
    is_file.then(|| conf_prefix.join(argument))
}

/// The names of the innermost server block around a directive.
pub fn server_names(config: &Config, visit: &Visit) -> Vec<String> {
    let Some(server) = visit.server() else { return Vec::new() };
    let nodes = config.named(server, "server_name");
    nodes.flat_map(|node| arguments(config, node)).collect()
}
