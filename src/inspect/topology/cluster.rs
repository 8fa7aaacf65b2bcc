//! Cluster managers: keepalived, Pacemaker and their like.
//!
//! Invariant: a process, an enabled unit or a configuration file is enough;
//! that the manager is stopped at this moment says nothing.

use super::view::{Seen, View};
use crate::host::is_absent;
use std::path::Path;

/// A cluster manager: the names of its processes and units, and its files.
struct Manager {
    programs: &'static [&'static str],
    units: &'static [&'static str],
    files: &'static [&'static str],
}

const MANAGERS: [Manager; 6] = [
    Manager {
        programs: &["keepalived"],
        units: &["keepalived"],
        files: &["/etc/keepalived/keepalived.conf"],
    },
    Manager { programs: &["corosync"], units: &["corosync"], files: &["/etc/corosync/corosync.conf"] },
    Manager {
        programs: &["pacemakerd", "pacemaker-based"],
        units: &["pacemaker", "pacemaker_remote"],
        files: &["/var/lib/pacemaker/cib/cib.xml"],
    },
    Manager { programs: &["pcsd"], units: &["pcsd"], files: &["/var/lib/pcsd/pcs_settings.conf"] },
    Manager {
        programs: &["heartbeat"],
        units: &["heartbeat"],
        files: &["/etc/ha.d/ha.cf", "/etc/heartbeat/ha.cf"],
    },
    Manager { programs: &["ucarp", "vrrpd"], units: &["ucarp", "vrrpd"], files: &[] },
];

/// Every manager that runs, starts or is configured.
pub fn managers(view: &View) -> Seen {
    let mut seen = Seen::default();
    let programs = seen.take(&view.programs);
    for manager in &MANAGERS {
        for program in programs.into_iter().flatten() {
            if let Some(name) = manager.programs.iter().find(|name| program.is(name)) {
                seen.found(format!("process {name}, pid {}", program.id.pid));
            }
        }
        for link in manager.units.iter().filter_map(|unit| view.units.link(unit)) {
            seen.found(format!("enabled unit {}", link.display()));
        }
        for file in manager.files {
            match view.root.metadata(Path::new(file)) {
                Ok(_) => seen.found(format!("configuration {file}")),
                Err(error) if is_absent(&error) => {}
                Err(error) => seen.missed(*file, error.to_string()),
            }
        }
    }
    if !view.units.are_visible() {
        seen.missed("enabled units", "no systemd or init links are here");
    }
    seen
}
