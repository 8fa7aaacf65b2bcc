//! Other programs on the public ports.
//!
//! Invariant: on a live server only a program that holds one of the ports now
//! counts; on a tree one that would, by its unit and its configuration.

use super::files::listing;
use super::view::{Seen, View};
use crate::host::process::{Owners, listeners};
use regex::Regex;
use std::path::PathBuf;

const PORTS: [u16; 2] = [80, 443];

/// A balancer or web server.
struct Balancer {
    programs: &'static [&'static str],
    units: &'static [&'static str],
    /// Files that name its ports.
    files: &'static [&'static str],
    /// Folders of such files, with their ending.
    folders: &'static [(&'static str, &'static str)],
}

const BALANCERS: [Balancer; 8] = [
    Balancer {
        programs: &["haproxy"],
        units: &["haproxy"],
        files: &["/etc/haproxy/haproxy.cfg"],
        folders: &[("/etc/haproxy/conf.d", ".cfg")],
    },
    Balancer {
        programs: &["varnishd", "cache-main"],
        units: &["varnish", "varnishncsa"],
        files: &[
            "/etc/default/varnish",
            "/etc/varnish/varnish.params",
            "/etc/systemd/system/varnish.service",
        ],
        folders: &[("/etc/systemd/system/varnish.service.d", ".conf")],
    },
    Balancer {
        programs: &["traefik"],
        units: &["traefik"],
        files: &["/etc/traefik/traefik.yml", "/etc/traefik/traefik.yaml", "/etc/traefik/traefik.toml"],
        folders: &[],
    },
    // Without a port in its file it takes both.
    Balancer { programs: &["caddy"], units: &["caddy"], files: &[], folders: &[] },
    Balancer {
        programs: &["apache2", "httpd"],
        units: &["apache2", "httpd"],
        files: &["/etc/apache2/ports.conf", "/etc/httpd/conf/httpd.conf"],
        folders: &[("/etc/apache2/sites-enabled", ".conf"), ("/etc/httpd/conf.d", ".conf")],
    },
    Balancer {
        programs: &["envoy", "pound", "hitch", "lighttpd", "squid"],
        units: &["envoy", "pound", "hitch", "lighttpd", "squid"],
        files: &[
            "/etc/lighttpd/lighttpd.conf",
            "/etc/squid/squid.conf",
            "/etc/pound/pound.cfg",
            "/etc/hitch/hitch.conf",
        ],
        folders: &[],
    },
    // A container's port that is published on this host.
    Balancer { programs: &["docker-proxy", "conmon", "rootlessport"], units: &[], files: &[], folders: &[] },
    Balancer {
        programs: &["stunnel", "stunnel4"],
        units: &["stunnel4", "stunnel"],
        files: &[],
        folders: &[],
    },
];

/// Who else answers on the public ports.
pub fn other(view: &View) -> Seen {
    if view.is_live() { held(view) } else { configured(view) }
}

fn held(view: &View) -> Seen {
    let mut seen = Seen::default();
    let Some(programs) = seen.take(&view.programs) else { return seen };
    let known = || BALANCERS.iter().flat_map(|balancer| balancer.programs);
    for port in PORTS {
        let listening = match listeners(|held| held == port) {
            Ok(listening) => listening,
            Err(error) => {
                seen.missed(format!("listeners on port {port}"), error.to_string());
                continue;
            }
        };
        for listener in listening {
            let Owners::Known(owners) = &listener.owners else {
                // Names can be seen by anybody: without a balancer there is no question.
                if let Some(name) = known().find(|name| programs.iter().any(|program| program.is(name))) {
                    let what = format!("whether {name} holds port {port}");
                    seen.missed(what, "its sockets may not be looked at; look as root");
                }
                continue;
            };
            let held =
                owners.iter().filter_map(|owner| programs.iter().find(|program| program.id == owner.id));
            let names =
                held.filter_map(|program| Some((known().find(|name| program.is(name))?, program.id.pid)));
            for (name, pid) in names {
                seen.found(format!("{name}, pid {pid}, listens on {}", listener.address));
            }
        }
    }
    seen
}

fn configured(view: &View) -> Seen {
    let mut seen = Seen::default();
    seen.take(&view.programs);
    let port = Regex::new(r"(^|[\s:*\]])(80|443)\b").expect("a constant pattern");
    for balancer in &BALANCERS {
        let unit = balancer.units.iter().find_map(|unit| view.units.link(unit));
        let mut files: Vec<PathBuf> = balancer.files.iter().map(PathBuf::from).collect();
        files.extend(balancer.folders.iter().flat_map(|(folder, ending)| listing(view.root, folder, ending)));
        let mut read = 0;
        let mut ports = Vec::new();
        for file in &files {
            let Some(text) = seen.read(view.root, file) else { continue };
            read += 1;
            let lines = text.lines().map(str::trim).filter(|line| binds(line) && port.is_match(line));
            ports.extend(lines.map(|line| format!("`{line}` in {}", file.display())).take(3));
        }
        match unit {
            // Where its files name other ports only, it leaves these alone.
            Some(_) if read > 0 && ports.is_empty() => {}
            Some(link) => {
                seen.found(format!("enabled unit {}", link.display()));
                seen.evidence.append(&mut ports);
            }
            // Where units can be seen, it is installed and does not start.
            None if view.units.are_visible() => {}
            None => seen.evidence.append(&mut ports),
        }
    }
    if !view.units.are_visible() {
        seen.missed("enabled units", "no systemd or init links are here");
    }
    seen
}

/// Whether a line of a balancer's configuration opens a port.
fn binds(line: &str) -> bool {
    const WORDS: [&str; 12] = [
        "bind", "listen", "frontend", "address:", "address =", "http_port", "https_port", "server.port",
        "port", "execstart", "varnish_listen_port", "daemon_opts",
    ];
    let line = line.to_ascii_lowercase();
    !line.starts_with(['#', ';', '/']) && WORDS.iter().any(|word| line.starts_with(word))
}
