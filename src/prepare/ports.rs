//! Whether another process holds a port that the new configuration wants and the old one does not.
//!
//! Invariant: sockets of the running NGINX, which hands them on, are nobody else's. Who holds the ports of the old
//! configuration is known before there is a plan.

use crate::apply::states;
use crate::facts::{Facts, MasterFacts};
use crate::host::Root;
use crate::host::process::{Listener, Owner, Owners, listeners};
use crate::inspect::{RootReader, all_listens, described, meets};
use crate::outcome::Finding;
use crate::outcome::codes;
use crate::plan::Plan;
use crate::verify::staged::Staged;
use nginx_config::{Config, Listing, Reader};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// The finding, when a new `listen` would meet another process.
pub fn held(root: &Root, facts: &Facts, old: &Config, plan: &Plan) -> Option<Finding> {
    // Where nothing is reloaded, a new port is nobody's yet.
    let master = facts.nginx.master.as_ref()?;
    let changed = states(root, plan).ok()?.pop()?;
    let changed = changed.into_iter().filter_map(|(path, wanted)| match wanted {
        Staged::File(content) | Staged::FileInstead(content) => Some((path, content.bytes)),
        Staged::Absent | Staged::Link(_) => None,
    });
    let changed = changed.collect();
    let reader = Overlaid { below: RootReader::new(root), changed };
    let new = Config::load(&facts.nginx.main_file, &facts.nginx.prefix, &reader).ok()?;
    let known: BTreeSet<_> = all_listens(old).into_iter().collect();
    let added: Vec<_> = all_listens(&new).into_iter().filter(|address| !known.contains(address)).collect();
    if added.is_empty() {
        return None;
    }
    let listening = listeners(|port| added.iter().any(|address| address.port() == Some(port))).ok()?;
    let barring = listening.iter().filter(|listener| {
        added.iter().any(|address| meets(address, listener)) && is_not_own(listener, master)
    });
    let evidence: BTreeSet<_> =
        barring.map(|listener| format!("{} is held by {}", listener.address, holders(listener))).collect();
    let finding =
        Finding::new(codes::NGINX_PORT_HELD, "another process holds an address of the configuration").advice(
            "stop that process, or choose another port: nginx would accept the reload and not perform it",
        );
    (!evidence.is_empty()).then(|| finding.evidence_lines(evidence))
}

/// Whether another than the running NGINX holds it, which hands its own sockets on.
fn is_not_own(listener: &Listener, master: &MasterFacts) -> bool {
    let ours = |owner: &Owner| owner.id.pid == master.pid || owner.parent == master.pid;
    !matches!(&listener.owners, Owners::Known(owners) if owners.iter().all(ours))
}

fn holders(listener: &Listener) -> String {
    match &listener.owners {
        Owners::Known(owners) => owners.iter().map(described).collect::<Vec<_>>().join(", "),
        Owners::Unknown => "a process that may not be seen".to_owned(),
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
