//! The service manager's own tools, and the units that it is asked to start by itself.
//!
//! Invariant: a [`Services`] exists only where systemd runs and its `systemctl` is root's alone; only units of ours are
//! named.

use super::command::{Printed, Privileges};
use super::trust::Executable;
use super::{command, trust};
use std::time::Duration;
use std::{fs, io};

/// The folder that is there exactly when systemd is the init system (sd_booted(3)).
pub(super) const BOOTED: &str = "/run/systemd/system";

/// How long systemd may take to read all of its units again.
const LIMIT: Duration = Duration::from_secs(60);

/// The right to enable units.
#[derive(Debug, Clone)]
pub struct Services {
    systemctl: Executable,
}

impl Services {
    /// Where systemd is the init system; nothing where it is not.
    ///
    /// # Errors
    /// When it is, and cannot be asked.
    pub fn here() -> io::Result<Option<Self>> {
        if is_booted() { Ok(Some(Self { systemctl: tool("systemctl")? })) } else { Ok(None) }
    }

    /// Lets systemd read its units again.
    ///
    /// # Errors
    /// What systemd says.
    pub fn reload(&self) -> io::Result<()> {
        self.ask(&["daemon-reload"])
    }

    /// Has a unit started at every start of the machine.
    ///
    /// # Errors
    /// What systemd says.
    pub fn enable(&self, unit: &'static str) -> io::Result<()> {
        self.ask(&["enable", unit])
    }

    /// Starts a unit now; one that is started already stays as it is.
    ///
    /// # Errors
    /// What systemd says.
    pub fn start(&self, unit: &'static str) -> io::Result<()> {
        self.ask(&["start", unit])
    }

    fn ask(&self, arguments: &[&str]) -> io::Result<()> {
        succeeded("systemctl", &command::run(&self.systemctl, arguments, Privileges::Kept, LIMIT)?)
    }
}

/// One of systemd's programs, if it may be executed.
pub(super) fn tool(name: &str) -> io::Result<Executable> {
    let found = trust::find(name);
    let refused = found.refused.first().map(|distrust| format!("`{name}` is not run: {distrust}"));
    found
        .program
        .ok_or_else(|| io::Error::other(refused.unwrap_or_else(|| format!("`{name}` is not installed"))))
}

/// A tool that failed has said why.
pub(super) fn succeeded(program: &str, printed: &Printed) -> io::Result<()> {
    if printed.status.success() {
        return Ok(());
    }
    let said = printed.stderr.trim();
    let said = if said.is_empty() { printed.status.to_string() } else { said.to_owned() };
    Err(io::Error::other(format!("{program}: {said}")))
}

/// Whether systemd is the init system here.
#[must_use]
pub fn is_booted() -> bool {
    fs::symlink_metadata(BOOTED).is_ok_and(|metadata| metadata.is_dir())
}
