//! Whether a server that lost power in the middle of a change is set right
//! before its NGINX starts.
//!
//! Invariant: looks at files only, so that it says the same of a live server
//! and of a copied tree. Where there is no systemd, nothing is claimed.

use super::units::{ADMINISTRATORS, UnitFile, lost_program, unit_file, wanted};
use crate::host::{Root, services, timers};
use crate::outcome::{Finding, Level, codes};

/// The unit that does it.
pub const UNIT: &str = "motionctl-recover.service";
/// What a package says of itself here: `deb` or `rpm`.
const PACKAGE: &str = "/usr/share/motionctl/package";
/// Where packages put the program.
const PACKAGED: &str = "/usr/bin/motionctl";

/// What is known of the unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BootUnit {
    /// It runs before NGINX at every start.
    Enabled,
    Missing(Missing),
    /// This server, or tree, has no systemd.
    NoSystemd,
}

/// Why it does not run, and what helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    reason: String,
    advice: String,
}

/// Looks for the unit.
#[must_use]
pub fn boot_unit(root: &Root) -> BootUnit {
    let is_folder = root.metadata(ADMINISTRATORS).is_ok_and(|metadata| metadata.is_dir());
    let has_systemd = if root.is_live() { services::is_booted() } else { is_folder };
    if !has_systemd {
        return BootUnit::NoSystemd;
    }
    let link = wanted(root, UNIT);
    let (reason, advice) = match (unit_file(root, UNIT), link) {
        (UnitFile::Masked(path), _) => (format!("{path} is masked, or leads nowhere"), unmask(root)),
        (UnitFile::Nowhere, Some(link)) => {
            (format!("{link} is there, and no unit of that name"), install(root))
        }
        (UnitFile::Nowhere, None) => (format!("no {UNIT} is installed"), install(root)),
        (UnitFile::There { path, text }, link) => match (lost_program(root, UNIT, &text), link) {
            (Some(program), _) => (format!("{path} runs {program}, which is not there"), install_unit(root)),
            (None, Some(_)) => return BootUnit::Enabled,
            (None, None) => {
                (format!("{path} is there, and no {ADMINISTRATORS}/*.wants holds it"), enable(root))
            }
        },
    };
    BootUnit::Missing(Missing { reason, advice })
}

/// The finding of a server without it.
#[must_use]
pub fn no_boot_unit(missing: &Missing) -> Finding {
    let title =
        "recovery at boot is not set up: if power fails during a change, run motionctl recover by hand";
    Finding::graded(codes::HOST_NO_BOOT_UNIT, Level::Warn, title)
        .evidence(missing.reason.clone())
        .advice(missing.advice.clone())
}

/// A package or `make install` has brought it.
fn enable(root: &Root) -> String {
    if root.is_live() { format!("`systemctl enable {UNIT}`") } else { install_unit(root) }
}

/// Nobody masks a unit by accident.
fn unmask(root: &Root) -> String {
    let systemctl = match root.is_live() {
        true => "systemctl".to_owned(),
        false => format!("systemctl --root={}", root.name().display()),
    };
    format!(
        "where it was not switched off on purpose: `{systemctl} unmask {UNIT}`, then `{systemctl} enable {UNIT}`"
    )
}

/// There is no unit: what brings it is what brought the program.
fn install(root: &Root) -> String {
    let is_packaged = root.is_live() && timers::this_program().is_ok_and(|program| program == PACKAGED);
    let kind = root.read(PACKAGE).ok().filter(|_| is_packaged);
    let again = match kind.as_deref().map(<[u8]>::trim_ascii) {
        Some(b"deb") => "dpkg -i",
        Some(b"rpm") => "rpm -U --replacepkgs",
        _ => return install_unit(root),
    };
    format!("the package has lost its unit: `{again}` its file once more, then `systemctl enable {UNIT}`")
}

/// A program that was copied brings it itself, also into a tree.
fn install_unit(root: &Root) -> String {
    match root.is_live() {
        true => "`motionctl install-unit` writes and enables it".to_owned(),
        false => format!("`motionctl install-unit --root {}` writes and enables it", root.name().display()),
    }
}
