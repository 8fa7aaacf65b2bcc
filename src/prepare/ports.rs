//! Whether another process holds a port that the new configuration wants.
//!
//! Invariant: only addresses that the running configuration does not listen
//! on yet are looked at: those it holds itself.

use crate::apply::states;
use crate::facts::Facts;
use crate::host::Root;
use crate::host::process::{Owners, listeners};
use crate::inspect::RootReader;
use crate::nginx::routes::servers;
use crate::nginx::{Config, Reader};
use crate::outcome::{Finding, Level};
use crate::plan::Plan;
use crate::verify::staged::Staged;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

/// The finding, when a new `listen` would meet another process.
pub fn held(root: &Root, facts: &Facts, old: &Config, plan: &Plan) -> Option<Finding> {
    let changed = states(root, plan).ok()?.pop()?;
    let changed = changed.into_iter().filter_map(|(path, wanted)| match wanted {
        Staged::File(content) | Staged::FileInstead(content) => Some((path, content.bytes)),
        Staged::Absent | Staged::Link(_) => None,
    });
    let changed = changed.collect();
    let reader = Overlaid { below: RootReader::new(root), changed };
    let new = Config::load(&facts.nginx.main_file, &facts.nginx.prefix, &reader).ok()?;
    let known = ports(old);
    let mut evidence = Vec::new();
    for port in ports(&new).difference(&known) {
        for listener in listeners(*port).unwrap_or_default() {
            let owners = match &listener.owners {
                Owners::Known(owners) => owners
                    .iter()
                    .map(|owner| format!("process {} ({})", owner.id.pid, owner.title))
                    .collect::<Vec<_>>()
                    .join(", "),
                Owners::Unknown => "a process of another user".to_owned(),
            };
            evidence.push(format!("port {port} is held by {owners}"));
        }
    }
    let finding =
        Finding::new("nginx.port-held", Level::Stop, "another process holds a port of the new configuration")
            .advice(
                "stop that process, or choose another port: nginx would accept the reload and not perform it",
            );
    (!evidence.is_empty()).then(|| evidence.into_iter().fold(finding, Finding::evidence))
}

/// Every TCP port that a configuration's HTTP servers listen on.
fn ports(config: &Config) -> BTreeSet<u16> {
    let listens = servers(config).into_iter().flat_map(|server| config.children(server));
    listens
        .filter(|node| config.directive(*node).is("listen"))
        .filter_map(|node| {
            let address = config.directive(node).args.first()?.text().into_owned();
            if address.starts_with("unix:") {
                return None;
            }
            let port = address.rsplit(':').next().unwrap_or(&address);
            // An address without a port listens on 80 (ngx_http_core_module).
            Some(port.parse().unwrap_or(80))
        })
        .collect()
}

/// The root with some files already changed.
struct Overlaid<'a> {
    below: RootReader<'a>,
    changed: BTreeMap<PathBuf, Vec<u8>>,
}

impl Reader for Overlaid<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let identity = self.below.identity(path)?;
        match self.changed.get(&identity) {
            Some(bytes) => Ok(bytes.clone()),
            None => self.below.read(path),
        }
    }

    fn glob(&self, pattern: &Path) -> io::Result<Vec<PathBuf>> {
        self.below.glob(pattern)
    }

    fn identity(&self, path: &Path) -> io::Result<PathBuf> {
        self.below.identity(path)
    }
}
