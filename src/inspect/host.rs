//! What a host is called and runs.
//!
//! Invariant: needs no NGINX.

use crate::facts::{HostFacts, Scope};
use crate::host::{Root, machine};

/// What a host is called and runs; also where no NGINX is.
#[must_use]
pub fn host_facts(root: &Root) -> HostFacts {
    let read = |path: &str| root.read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let pretty = read("/etc/os-release").and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?.to_owned();
        Some(line.trim_matches('"').to_owned())
    });
    let folder =
        || root.name().file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let name = if root.is_live() {
        machine::host_name()
    } else {
        read("/etc/hostname").map(|name| name.trim().to_owned())
    };
    HostFacts {
        name: name.filter(|name| !name.is_empty()).unwrap_or_else(folder),
        os: pretty.unwrap_or_else(|| "unknown".to_owned()),
        scope: if root.is_live() { Scope::Live } else { Scope::Tree(root.base().to_owned()) },
        superuser: machine::is_superuser(),
    }
}
