//! What the signs are looked for in, gathered once.
//!
//! Invariant: on a tree nothing of this machine is taken for the tree's: its
//! processes, mounts and addresses are unseen, and only its files speak.

use super::files;
use super::files::ListedMount;
use super::units::Units;
use crate::facts::Facts;
use crate::host::addresses::InterfaceAddress;
use crate::host::mounts::Mounted;
use crate::host::process::{Programs, Running, programs};
use crate::host::{Root, addresses, mounts};
use crate::inspect::directives::{Visit, visits};
use crate::inspect::search::APPLICATION_ROOT;
use crate::motion::settings::{ENV_FILE, HostSetting, PRODUCTION_FILE, env_hosts, production_hosts};
use nginx_config::Config;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Why a tree shows nothing that runs.
const A_TREE: &str = "a tree shows files only";

/// What one sign's look brought.
#[derive(Debug, Default)]
pub struct Seen {
    /// What speaks for it.
    pub evidence: Vec<String>,
    /// What could not be looked at.
    pub unseen: Vec<Unseen>,
}

/// Something that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unseen {
    pub what: String,
    pub why: String,
}

impl Seen {
    /// Adds what speaks for the sign.
    pub fn found(&mut self, line: impl Into<String>) {
        self.evidence.push(line.into());
    }

    /// Adds something that could not be looked at.
    pub fn missed(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.unseen.push(Unseen { what: what.into(), why: why.into() });
    }

    /// What was gathered, or a note that it could not be.
    pub fn take<'a, T>(&mut self, gathered: &'a Result<T, Unseen>) -> Option<&'a T> {
        match gathered {
            Ok(found) => Some(found),
            Err(unseen) => {
                self.unseen.push(unseen.clone());
                None
            }
        }
    }

    /// What a file says, or a note that it could not be read; a missing one says nothing.
    pub fn read(&mut self, root: &Root, path: &Path) -> Option<String> {
        match files::read(root, path) {
            Ok(text) => text,
            Err(error) => {
                self.missed(path.display().to_string(), error.to_string());
                None
            }
        }
    }
}

/// Whose an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    Own,
    /// Another's, as far as can be seen.
    Other,
}

/// The server, as far as signs are looked for in it.
pub struct View<'a> {
    pub root: &'a Root,
    /// What is known of it.
    pub facts: &'a Facts,
    pub config: &'a Config,
    /// Every directive of it.
    pub visits: Vec<Visit>,
    /// What systemd or init starts.
    pub units: Units,
    pub programs: Result<Vec<Running>, Unseen>,
    pub mounts: Result<Vec<Mounted>, Unseen>,
    /// What is to be mounted, by the tree's files.
    pub listed_mounts: Vec<ListedMount>,
    pub addresses: Result<Vec<InterfaceAddress>, Unseen>,
    /// Addresses that files give to interfaces.
    pub configured: Vec<(String, Vec<IpAddr>)>,
    /// The hosts that Motion's settings name, with the file.
    pub settings: Result<Vec<(PathBuf, HostSetting)>, Unseen>,
    /// The files of Motion's settings that are there.
    pub settings_files: Vec<PathBuf>,
    hosts: String,
}

impl<'a> View<'a> {
    /// Gathers everything that more than one sign needs.
    pub fn new(root: &'a Root, facts: &'a Facts, config: &'a Config) -> Self {
        Self {
            root,
            facts,
            config,
            visits: visits(config),
            units: Units::enabled(root),
            programs: running(root),
            mounts: live(root, "mounts", mounts::list),
            listed_mounts: files::listed_mounts(root),
            addresses: live(root, "network addresses", addresses::addresses),
            configured: files::configured_addresses(root),
            settings: settings(root),
            settings_files: sought_settings()
                .filter(|path| matches!(files::read(root, path), Ok(Some(_))))
                .collect(),
            hosts: files::read(root, Path::new("/etc/hosts")).ok().flatten().unwrap_or_default(),
        }
    }

    /// Whether this is the machine itself.
    pub fn is_live(&self) -> bool {
        self.root.is_live()
    }

    /// Whose a host is that a setting or a directive names.
    pub fn whose(&self, host: &str) -> Whose {
        let named_ours = host.eq_ignore_ascii_case("localhost")
            || host.ends_with(".localhost")
            || host.starts_with('/')
            || host.eq_ignore_ascii_case(&self.facts.host.name);
        let ours = named_ours
            || match host.parse::<IpAddr>() {
                Ok(address) => self.is_own(address),
                Err(_) => files::hosts_of(&self.hosts, host).any(|address| self.is_own(address)),
            };
        if ours { Whose::Own } else { Whose::Other }
    }

    fn is_own(&self, address: IpAddr) -> bool {
        let configured = || self.configured.iter().flat_map(|(_, addresses)| addresses);
        address.is_loopback()
            || address.is_unspecified()
            || match &self.addresses {
                Ok(addresses) => addresses.iter().any(|one| one.address == address),
                Err(_) => configured().any(|one| *one == address),
            }
    }
}

fn live<T>(root: &Root, what: &str, look: fn() -> io::Result<T>) -> Result<T, Unseen> {
    let unseen = |why: String| Unseen { what: what.to_owned(), why };
    if root.is_live() {
        look().map_err(|error| unseen(error.to_string()))
    } else {
        Err(unseen(A_TREE.to_owned()))
    }
}

fn running(root: &Root) -> Result<Vec<Running>, Unseen> {
    match live(root, "processes", programs)? {
        Programs::All(found) => Ok(found),
        Programs::Own(_) => Err(Unseen {
            what: "processes".to_owned(),
            why: "/proc hides those of other users; look as root".to_owned(),
        }),
    }
}

/// The hosts that a file's text names.
type Reading = fn(&str) -> Vec<HostSetting>;

/// Where V3 and V2 keep their settings.
fn sought_settings() -> impl Iterator<Item = PathBuf> {
    [ENV_FILE, PRODUCTION_FILE].into_iter().map(|name| Path::new(APPLICATION_ROOT).join(name))
}

/// The same for people.
pub fn settings_paths() -> String {
    sought_settings().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// What both V3's file and V2's say.
fn settings(root: &Root) -> Result<Vec<(PathBuf, HostSetting)>, Unseen> {
    let application = Path::new(APPLICATION_ROOT);
    let kinds: [(&str, Reading); 2] = [(ENV_FILE, env_hosts), (PRODUCTION_FILE, production_hosts)];
    let mut found = Vec::new();
    let mut causes = Vec::new();
    for (name, read) in kinds {
        let path = application.join(name);
        match files::read(root, &path) {
            Ok(Some(text)) => found.extend(read(&text).into_iter().map(|setting| (path.clone(), setting))),
            Ok(None) => {}
            Err(error) => causes.push(format!("{}: {error}", path.display())),
        }
    }
    if causes.is_empty() {
        return Ok(found);
    }
    Err(Unseen { what: "Motion's settings".to_owned(), why: causes.join("; ") })
}
