//! Where Motion's own process listens: by its settings, and on a live server by the sockets that it holds.
//!
//! Invariant: a place is known with what says so. A port whose holder may not be seen, or that a process manager
//! holds for several applications, is nobody's: it is not taken for Motion's, nor for another's.

use super::upstream::PassTarget;
use crate::facts::{ListenAddress, UpstreamAddress};
use crate::host::Root;
use crate::host::addresses::addresses;
use crate::host::process::{Owners, Programs, Running, listeners, programs};
use crate::motion::settings::{ENV_FILE, OwnPlace, PRODUCTION_FILE, env_places, production_places};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;

/// No settings file is larger.
const MOST_BYTES: u64 = 1 << 20;

/// Whether an address is where Motion listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    Motions,
    /// It has Motion's port, and is not known to be this host's; or it is not known at all.
    Perhaps,
    /// It is another place of this host, whose port is not Motion's.
    Others,
    /// Nothing is known against it or for it.
    Open,
}

/// What is known of Motion's own places.
#[derive(Debug, Default)]
pub struct Own {
    /// Each with what says so.
    pub places: Vec<(OwnPlace, String)>,
    /// This host's addresses; none of a tree.
    interfaces: Vec<IpAddr>,
}

impl Own {
    /// Looks for the places below `application`, and for the processes that run from there.
    pub fn find(
        root: &Root,
        application: Option<&Path>,
        targets: &[PassTarget],
        listens: &[ListenAddress],
    ) -> Self {
        let Some(application) = application else { return Self::default() };
        let mut places = settings(root, application);
        places.retain(|(place, _)| !is_nginx_s_own(place, targets, listens));
        if !root.is_live() {
            return Self { places, interfaces: Vec::new() };
        }
        places.extend(held(application, targets));
        let interfaces = addresses().unwrap_or_default().into_iter().map(|one| one.address).collect();
        Self { places, interfaces }
    }

    /// These places.
    pub fn known(places: Vec<(OwnPlace, String)>) -> Self {
        Self { places, interfaces: Vec::new() }
    }

    /// Whose an address is.
    pub fn whose(&self, address: &UpstreamAddress) -> Whose {
        let has = |port: u16| self.places.iter().any(|(place, _)| *place == OwnPlace::Port(port));
        let names_ports = self.places.iter().any(|(place, _)| matches!(place, OwnPlace::Port(_)));
        let by_port = |port: u16, is_here: bool| match (has(port), is_here) {
            (true, true) => Whose::Motions,
            (true, false) => Whose::Perhaps,
            (false, true) if names_ports => Whose::Others,
            _ => Whose::Open,
        };
        match address {
            UpstreamAddress::Socket(socket) => {
                let ip = socket.ip();
                let is_here = ip.is_loopback() || ip.is_unspecified() || self.interfaces.contains(&ip);
                by_port(socket.port(), is_here)
            }
            UpstreamAddress::Name(_, port) => by_port(*port, address.is_local()),
            UpstreamAddress::Unix(path) => {
                let known = self.places.iter().any(|(place, _)| *place == OwnPlace::Socket(path.clone()));
                if known { Whose::Motions } else { Whose::Open }
            }
            // The port is known only where it is written; a variable may hold one of its own.
            UpstreamAddress::Variable(text, _) => {
                let written = text.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
                match written {
                    Some(port) if names_ports && !has(port) => Whose::Others,
                    _ => Whose::Perhaps,
                }
            }
        }
    }

    /// The places with what says so, for people.
    pub fn described(&self) -> Vec<String> {
        let line = |(place, seen): &(OwnPlace, String)| match place {
            OwnPlace::Port(port) => format!("Motion listens on port {port}: {seen}"),
            OwnPlace::Socket(path) => format!("Motion listens on {}: {seen}", path.display()),
        };
        self.places.iter().map(line).collect()
    }
}

/// Whether a setting names the port at which NGINX answers for Motion, and not the one behind it.
fn is_nginx_s_own(place: &OwnPlace, targets: &[PassTarget], listens: &[ListenAddress]) -> bool {
    let OwnPlace::Port(port) = place else { return false };
    listens.iter().any(|listen| listen.port() == Some(*port))
        && !targets.iter().any(|target| target.upstream.address.port() == Some(*port))
}

/// What V3's settings say, else V2's.
fn settings(root: &Root, application: &Path) -> Vec<(OwnPlace, String)> {
    type Reading = fn(&str) -> Vec<(String, OwnPlace)>;
    let kinds: [(&str, Reading); 2] = [(ENV_FILE, env_places), (PRODUCTION_FILE, production_places)];
    for (name, read) in kinds {
        let path = application.join(name);
        let Ok(text) = root.read_at_most(&path, MOST_BYTES) else { continue };
        let found = read(&String::from_utf8_lossy(&text));
        if !found.is_empty() {
            let seen = |(key, place)| (place, format!("{key} in {}", path.display()));
            return found.into_iter().map(seen).collect();
        }
    }
    Vec::new()
}

/// The ports that NGINX hands requests to and that a process of the application holds.
fn held(application: &Path, targets: &[PassTarget]) -> Vec<(OwnPlace, String)> {
    let ports: BTreeSet<u16> = targets.iter().filter_map(|target| target.upstream.address.port()).collect();
    let (Ok(listeners), Ok(Programs::All(running) | Programs::Own(running))) =
        (listeners(|port| ports.contains(&port)), programs())
    else {
        return Vec::new();
    };
    let mut found = BTreeSet::new();
    for listener in listeners {
        let Owners::Known(owners) = &listener.owners else { continue };
        let of = |pid: i32| running.iter().find(|program| program.id.pid == pid);
        for program in owners.iter().filter_map(|owner| of(owner.id.pid)) {
            if runs_from(program, application) {
                let seen = format!("process {} ({}) holds it", program.id.pid, program.name);
                found.insert((OwnPlace::Port(listener.address.port()), seen));
            }
        }
    }
    found.into_iter().collect()
}

/// Whether a process works in the application's folder, or was started with a script of it. NGINX and editors may be
/// started with any path; they hold none of these ports, or are in front of them.
fn runs_from(program: &Running, application: &Path) -> bool {
    let is_below = |path: &Path| path.starts_with(application);
    let script = program.arguments.iter().take(3).any(|word| is_below(Path::new(word)));
    !program.name.starts_with("nginx") && (script || program.cwd.as_deref().is_some_and(is_below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_by_port_and_host() {
        let place = |place: OwnPlace| (place, "said".to_owned());
        let own = Own {
            places: vec![place(OwnPlace::Port(9000)), place(OwnPlace::Socket("/run/m.sock".into()))],
            interfaces: vec!["192.0.2.7".parse().expect("an address")],
        };
        let check = |url: &str, expect: Whose| {
            let address = super::super::upstream::parse_upstream(url).pop().expect("an address");
            assert_eq!(own.whose(&address), expect, "{url}");
        };
        check("http://127.0.0.1:9000", Whose::Motions);
        check("http://[::1]:9000/x", Whose::Motions);
        check("http://localhost:9000", Whose::Motions);
        check("http://192.0.2.7:9000", Whose::Motions);
        check("http://unix:/run/m.sock", Whose::Motions);
        check("http://192.0.2.8:9000", Whose::Perhaps);
        check("http://$backend", Whose::Perhaps);
        check("http://$backend:9000", Whose::Perhaps);
        check("http://127.0.0.1:3000", Whose::Others);
        check("http://$backend:3000", Whose::Others);
        check("http://192.0.2.8:3000", Whose::Open);
        check("http://unix:/run/other.sock", Whose::Open);
    }
}
