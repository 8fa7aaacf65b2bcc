//! Whether a server that lost power in the middle of a change is set right
//! before its NGINX starts.
//!
//! Invariant: looks at files only, so that it says the same of a live server
//! and of a copied tree. Where there is no systemd, nothing is claimed.

use crate::host::{Root, timers};
use crate::outcome::codes;
use crate::outcome::{Finding, Level};
use std::path::Path;

/// The unit that does it.
pub const UNIT: &str = "motionctl-recover.service";
/// Where an administrator's units and links lie (systemd.unit(5)).
const FOLDER: &str = "/etc/systemd/system";

/// What is known of the unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BootUnit {
    /// It runs before NGINX at every start.
    Enabled,
    /// It does not, and why.
    Missing(String),
    /// This server, or tree, has no systemd.
    NoSystemd,
}

/// Looks for the unit.
#[must_use]
pub fn boot_unit(root: &Root) -> BootUnit {
    let is_folder = root.metadata(FOLDER).is_ok_and(|metadata| metadata.is_dir());
    let has_systemd = if root.is_live() { timers::is_booted() } else { is_folder };
    if !has_systemd {
        return BootUnit::NoSystemd;
    }
    let own = Path::new(FOLDER).join(UNIT);
    if root.symlink_metadata(&own).is_ok() && !is_file(root, &own) {
        return BootUnit::Missing(format!("{} is masked, or leads nowhere", own.display()));
    }
    let names = root.read_dir(FOLDER).unwrap_or_default();
    let links: Vec<_> = names
        .iter()
        .filter(|name| {
            name.to_str().is_some_and(|name| name.ends_with(".wants") || name.ends_with(".requires"))
        })
        .map(|name| Path::new(FOLDER).join(name).join(UNIT))
        .filter(|link| root.symlink_metadata(link).is_ok())
        .collect();
    match links.iter().find(|link| is_file(root, link)) {
        Some(_) => BootUnit::Enabled,
        None => BootUnit::Missing(match links.first() {
            Some(link) => format!("{} leads nowhere", link.display()),
            None => format!("no {FOLDER}/*.wants holds {UNIT}"),
        }),
    }
}

/// The finding of a server without it.
#[must_use]
pub fn no_boot_unit(reason: &str) -> Finding {
    let title = "after a power cut nothing finishes or undoes a change before NGINX starts";
    Finding::graded(codes::HOST_NO_BOOT_UNIT, Level::Warn, title)
        .evidence(reason.to_owned())
        .advice(format!("install the unit with `make install`, then `systemctl enable {UNIT}`"))
}

fn is_file(root: &Root, path: &Path) -> bool {
    root.metadata(path).is_ok_and(|metadata| metadata.is_file())
}
