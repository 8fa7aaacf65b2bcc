//! How each server block is asked: through which of its doors, and for which host.
//!
//! Invariant: what leads to another block, or ends before a request is read, is no entrance; why there
//! is none is said. Pure.

use super::directives::{arguments, first_argument};
use super::guards;
use crate::facts::{Entrance, ListenAddress, NoEntrance};
use crate::motion::Block;
use nginx_config::routes::{Door, Endpoint, Preface, ServerMatch, Transport, doors, entrance, server_for};
use nginx_config::{Config, Node};
use std::ffi::OsString;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// The best way to ask a server block, or why there is none.
pub fn choose(config: &Config, server: Node, block: &Block) -> Result<Entrance, NoEntrance> {
    let mut all = doors(config, server);
    // Where pages are served rather than sent away, with TLS where that is spoken, and by IPv4, which
    // every host has.
    all.sort_by_cached_key(|door| {
        let plain = door.transport == Transport::Plain;
        (block.only_redirects_at(door), plain, door.preface, !is_v4(&door.at))
    });
    let mut reasons: Vec<String> = Vec::new();
    for door in &all {
        match through(config, server, door) {
            Ok(entrance) => return Ok(entrance),
            Err(reason) if reasons.contains(&reason) => {}
            Err(reason) => reasons.push(reason),
        }
    }
    if is_shadowed(config, server, &all) {
        return Err(NoEntrance::Shadowed);
    }
    Err(NoEntrance::Because(reasons.join("; ")))
}

/// Whether NGINX answers each name of this block from others.
fn is_shadowed(config: &Config, server: Node, doors: &[Door]) -> bool {
    let words = config.named(server, "server_name").flat_map(|node| arguments(config, node));
    let names: Vec<_> = words.filter(|name| !name.contains(['~', '*', '$']) && !name.is_empty()).collect();
    let by_another = |door: &Door, name: &String| {
        let found = server_for(config, &door.at, name.trim_start_matches('.'));
        matches!(found, ServerMatch::Server(found) if found != server)
    };
    !names.is_empty() && doors.iter().all(|door| names.iter().all(|name| by_another(door, name)))
}

fn through(config: &Config, server: Node, door: &Door) -> Result<Entrance, String> {
    if let Endpoint::Name(name, _) = &door.at {
        return Err(format!("it listens on {name}, a name that NGINX looks up when it starts"));
    }
    let tls = door.transport == Transport::Tls;
    if let Some(refusal) = refused_handshake(config, server).filter(|_| tls) {
        return Err(refusal);
    }
    let found = entrance(config, server, door)
        .ok_or_else(|| "no host name is known that NGINX answers from this block alone".to_owned())?;
    let address = match &found.at {
        Endpoint::Tcp(ip, port) => ListenAddress::Socket(SocketAddr::new(*ip, *port)),
        Endpoint::Unix(path) => ListenAddress::Unix(PathBuf::from(OsString::from_vec(path.clone()))),
        Endpoint::Name(name, port) => ListenAddress::Name(name.clone(), *port),
    };
    Ok(Entrance {
        address,
        tls,
        proxy_protocol: door.preface == Preface::ProxyProtocol,
        guarded: guards::guarded(config, server, &found.at),
        host: found.host.unwrap_or_default(),
    })
}

/// What keeps every stranger out before a request is read, for people.
fn refused_handshake(config: &Config, server: Node) -> Option<String> {
    let on = |name: &str| {
        let above = config.top_named("http").filter_map(|http| config.named(http, name).next_back());
        let node = config.named(server, name).next_back().or_else(|| above.last())?;
        (first_argument(config, node)? == "on").then(|| config.place(node))
    };
    let refuses = on("ssl_reject_handshake")
        .map(|place| format!("it refuses every TLS handshake (ssl_reject_handshake at {place})"));
    refuses.or_else(|| {
        let place = on("ssl_verify_client")?;
        Some(format!("it demands a certificate of its clients (ssl_verify_client at {place})"))
    })
}

fn is_v4(at: &Endpoint) -> bool {
    matches!(at, Endpoint::Tcp(ip, _) if ip.is_ipv4())
}
