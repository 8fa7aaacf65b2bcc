//! The configuration file: every key is a flag, and the flag wins.

use crate::cli::args::HealChoice;
use crate::cli::files::read_operand;
use crate::host::Root;
use crate::host::trust::{Distrust, only_ours};
use crate::outcome::{Failure, FailureKind};
use crate::prepare::StatedProbe;
use crate::values::line_and_column;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Where the file lies below the root.
const PLACE: &str = "/etc/motionctl/config.toml";

/// What the configuration file says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `--site`
    pub site: Option<PathBuf>,
    /// `--nginx`
    pub nginx: Option<PathBuf>,
    /// `--nginx-conf`
    pub nginx_conf: Option<PathBuf>,
    /// `--bundle`
    pub bundle: Option<PathBuf>,
    /// `--new-client-root`
    pub new_client_root: Option<PathBuf>,
    /// `--new-client-upstream`
    pub new_client_upstream: Option<String>,
    /// `--strategy`
    pub strategy: Option<String>,
    /// `--accept`
    #[serde(default)]
    pub accept: Vec<String>,
    /// `--reload-timeout`
    pub reload_timeout: Option<String>,
    /// `--no-sandbox`
    #[serde(default)]
    pub no_sandbox: bool,
    /// `--db`
    pub db: Option<String>,
    /// `--no-db`
    #[serde(default)]
    pub no_db: bool,
    /// `--defaults-file`
    pub defaults_file: Option<PathBuf>,
    /// `--db-ca`
    pub db_ca: Option<PathBuf>,
    /// `--map`
    pub map: Option<PathBuf>,
    /// How the server is looked after.
    #[serde(default)]
    pub watch: WatchSettings,
    /// Routes that must answer after a change as is said here.
    #[serde(default, rename = "probe")]
    pub probes: Vec<StatedProbe>,
}

/// How the server is looked after.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchSettings {
    /// `--heal`
    pub heal: Option<HealChoice>,
    /// `--confirm-within`
    pub confirm_within: Option<String>,
    /// `--settle`
    pub settle: Option<String>,
    /// `--textfile`
    pub textfile: Option<PathBuf>,
    /// Run when the verdict is another one than before: a program and its arguments.
    #[serde(default)]
    pub command: Vec<String>,
}

impl Settings {
    /// The file that these settings are from, where nothing was named.
    pub fn place(named: Option<&Path>) -> &Path {
        named.unwrap_or(Path::new(PLACE))
    }

    /// Reads the file named on the command line, a host path, or the one below
    /// the root, which may be missing. Nobody named that one, and it decides what is accepted and
    /// what is run: on the server itself it has to be root's alone.
    ///
    /// # Errors
    /// When it cannot be read or trusted, or says something unknown.
    pub fn read(root: &Root, named: Option<&Path>) -> Result<Self, Failure> {
        let place = Self::place(named);
        if named.is_none() && root.is_live() {
            only_ours(place).or_else(|distrust| match distrust {
                Distrust::Missing(_) => Ok(()),
                distrust => Err(Failure::new(FailureKind::Unavailable, format!("the settings are not read: {distrust}"))
                    .with_hint("look what is in it, then give the file and its folder to root alone, or name it with --config")),
            })?;
        }
        let bytes = match named {
            Some(path) => read_operand(path),
            None => root.read(PLACE),
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => {
                let message = format!("reading {}: {error}", place.display());
                return Err(Failure::new(FailureKind::Unavailable, message));
            }
        };
        // The line itself may hold a password: only its place is said.
        let invalid = |text: &str, at: usize, reason: &str| {
            let (line, column) = line_and_column(text, at);
            let message = format!("reading {}:{line}:{column}: {}", place.display(), reason.trim_end());
            Failure::new(FailureKind::Invalid, message)
        };
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            invalid(&before, before.len(), "not UTF-8 text")
        })?;
        toml::from_str(text)
            .map_err(|error| invalid(text, error.span().map_or(0, |span| span.start), error.message()))
    }
}
