//! Whether another process holds a port that the new configuration wants.
//!
//! Invariant: of addresses that the configuration listens on already, only what calls itself
//! NGINX and is not this server's counts as another holder; sockets of the running NGINX never do.

use crate::apply::states;
use crate::facts::{Facts, ListenAddress};
use crate::host::Root;
use crate::host::process::{Listener, Owner, Owners, listeners};
use crate::inspect::{RootReader, all_listens};
use crate::outcome::Finding;
use crate::outcome::codes;
use crate::plan::Plan;
use crate::verify::staged::Staged;
use nginx_config::{Config, Listing, Reader};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// The finding, when a new `listen` would meet another process, or an old one is not this NGINX's.
pub fn held(root: &Root, facts: &Facts, old: &Config, plan: &Plan) -> Option<Finding> {
    let changed = states(root, plan).ok()?.pop()?;
    let changed = changed.into_iter().filter_map(|(path, wanted)| match wanted {
        Staged::File(content) | Staged::FileInstead(content) => Some((path, content.bytes)),
        Staged::Absent | Staged::Link(_) => None,
    });
    let changed = changed.collect();
    let reader = Overlaid { below: RootReader::new(root), changed };
    let new = Config::load(&facts.nginx.main_file, &facts.nginx.prefix, &reader).ok()?;
    let known: BTreeSet<_> = all_listens(old).into_iter().collect();
    let mut evidence = BTreeSet::new();
    for address in &all_listens(&new) {
        // Where nothing is reloaded, a new port is nobody's yet.
        let is_new = !known.contains(address) && facts.nginx.master.is_some();
        if !is_new && facts.nginx.others.is_empty() {
            continue;
        }
        let is_of_another = if is_new { is_not_own } else { is_of_others };
        for listener in address.port().map(listeners).transpose().ok()?.unwrap_or_default() {
            if meets(address, &listener) && is_of_another(&listener, facts) {
                evidence.insert(format!("{} is held by {}", listener.address, holders(&listener)));
            }
        }
    }
    let finding =
        Finding::new(codes::NGINX_PORT_HELD, "another process holds an address of the configuration").advice(
            "stop that process, or choose another port: nginx would accept the reload and not perform it",
        );
    (!evidence.is_empty()).then(|| evidence.into_iter().fold(finding, Finding::evidence))
}

/// Whether binding `wanted` would fail because of `listener`.
fn meets(wanted: &ListenAddress, listener: &Listener) -> bool {
    let held = listener.address.ip();
    match wanted {
        // NGINX's own `[::]` takes no IPv4 (`ipv6only=on`); another program's may.
        ListenAddress::Socket(wanted) if wanted.is_ipv4() == held.is_ipv4() => {
            held.is_unspecified() || wanted.ip().is_unspecified() || held == wanted.ip()
        }
        ListenAddress::Socket(_) => held.is_ipv6() && held.is_unspecified(),
        // NGINX resolves the name when it binds; any address may come of it.
        ListenAddress::Name(..) => true,
        ListenAddress::Unix(_) => false,
    }
}

/// Whether another than the running NGINX holds it, which hands its own sockets on.
fn is_not_own(listener: &Listener, facts: &Facts) -> bool {
    let Some(master) = &facts.nginx.master else { return true };
    let ours = |owner: &Owner| owner.id.pid == master.pid || owner.parent == master.pid;
    !matches!(&listener.owners, Owners::Known(owners) if owners.iter().all(ours))
}

/// Whether something that calls itself NGINX holds it, and is not this server's.
fn is_of_others(listener: &Listener, facts: &Facts) -> bool {
    let others = &facts.nginx.others;
    let theirs = |owner: &Owner| others.contains(&owner.id.pid) || others.contains(&owner.parent);
    matches!(&listener.owners, Owners::Known(owners) if owners.iter().any(theirs))
}

fn holders(listener: &Listener) -> String {
    match &listener.owners {
        Owners::Known(owners) => {
            let named = |owner: &Owner| {
                let Owner { id, user, program, title, .. } = owner;
                let program = program.as_deref().unwrap_or("not to be seen");
                format!("process {} ({title}), user {user}, program {program}", id.pid)
            };
            owners.iter().map(named).collect::<Vec<_>>().join(", ")
        }
        Owners::Unknown => "a process of another user".to_owned(),
    }
}

/// The root with some files already changed.
struct Overlaid<'a> {
    below: RootReader<'a>,
    changed: Listing<Vec<u8>>,
}

impl Reader for Overlaid<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let identity = self.below.identity(path)?;
        match self.changed.get(&identity) {
            Some(bytes) => Ok(bytes.clone()),
            None => self.below.read(path),
        }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        let mut names = match (self.below.list(folder), self.changed.list(folder)) {
            (Ok(names), Ok(more)) => names.into_iter().chain(more).collect(),
            (Ok(names), Err(_)) | (Err(_), Ok(names)) => names,
            (Err(error), Err(_)) => return Err(error),
        };
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        Ok(self.changed.exists(path) || self.below.exists(path)?)
    }

    fn identity(&self, path: &Path) -> io::Result<PathBuf> {
        self.below.identity(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_meets_what_would_bar_its_binding() {
        let check = |wanted: &str, held: &str, expect: bool| {
            let listener = Listener { address: held.parse().unwrap(), owners: Owners::Unknown };
            let address = ListenAddress::Socket(wanted.parse().unwrap());
            assert_eq!(meets(&address, &listener), expect, "{wanted} {held}");
        };
        check("0.0.0.0:81", "127.0.0.1:81", true);
        check("127.0.0.1:81", "0.0.0.0:81", true);
        check("127.0.0.1:81", "127.0.0.1:81", true);
        check("127.0.0.1:81", "192.0.2.1:81", false);
        check("[::]:81", "127.0.0.1:81", false);
        check("127.0.0.1:81", "[::]:81", true);
        check("127.0.0.1:81", "[::1]:81", false);
        check("[::1]:81", "[::]:81", true);
    }
}
