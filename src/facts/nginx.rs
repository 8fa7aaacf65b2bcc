//! Facts about the web server: its binary, its processes, what it writes.

use super::{ListenAddress, UpstreamAddress};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// A version such as 1.22.1; it decides how some directives are spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct NginxVersion(pub u32, pub u32, pub u32);

impl fmt::Display for NginxVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// The NGINX that serves, or would serve, this tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NginxFacts {
    /// The version of the program that validates: the running master's, else the one on disk.
    pub version: NginxVersion,
    /// The configuration's main file, below the root.
    pub main_file: PathBuf,
    /// The folder that relative includes start from.
    pub conf_prefix: PathBuf,
    /// `-p`, or the prefix that was compiled in.
    pub prefix: PathBuf,
    /// The arguments that the running master was started with, without its name.
    pub arguments: Vec<String>,
    /// The `user` that workers run as.
    pub user: String,
    /// The `group`, where the configuration names one.
    pub group: Option<String>,
    /// The master that serves this configuration, when it runs.
    pub master: Option<MasterFacts>,
    /// The main context's error log, when it is a file.
    pub error_log: Option<PathBuf>,
    /// The error log that was compiled in, which counts where none is named.
    pub default_error_log: Option<PathBuf>,
    /// Everything that this configuration makes NGINX open for writing.
    pub written: Vec<WrittenPath>,
    /// Certificates and keys that it loads.
    pub certificates: Vec<CertificateFacts>,
    pub dhparams: Vec<PathBuf>,
    /// Every address that any server block listens on, without those of QUIC.
    pub listens: Vec<ListenAddress>,
    /// Addresses of `resolver` directives, with their ports.
    pub resolvers: Vec<String>,
    /// Where `syslog:server=…` sends lines to.
    pub syslog_servers: Vec<UpstreamAddress>,
    /// Directives that make NGINX run code.
    pub runs_code: Vec<CodeFacts>,
    /// What was read in the place of files that a copy of parts of a server does not show as they are, by the paths
    /// that the configuration names.
    pub stand_ins: BTreeMap<PathBuf, StandIn>,
}

/// What is read in the place of a file of which a copy does not have the contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StandIn {
    /// Nothing: its folder was not copied.
    Nothing,
    /// What this path leads to: a link was unpacked as a text file that holds its target.
    Link(PathBuf),
}

/// A directive that makes NGINX run code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeFacts {
    pub place: String,
    pub directive: String,
    /// When the code runs.
    pub runs: CodeRuns,
}

/// When code of a configuration runs, and what `nginx -t` sees of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CodeRuns {
    /// Whenever the configuration is read, by `nginx -t` too.
    AtTest,
    /// For requests; compiled whenever the configuration is read.
    CompiledAtTest,
    /// When NGINX starts and at each reload; `nginx -t` does not look at it.
    UnseenAtStart,
    /// When a worker starts or ends; `nginx -t` does not look at it.
    UnseenInWorkers,
    /// For requests; `nginx -t` does not look at it.
    UnseenForRequests,
}

impl CodeRuns {
    /// Whether a test of the configuration runs it.
    #[must_use]
    pub fn is_run_by_test(self) -> bool {
        self == Self::AtTest
    }

    /// Whether a test of the configuration says nothing at all about it, not even whether it is Lua.
    #[must_use]
    pub fn is_unseen(self) -> bool {
        matches!(self, Self::UnseenAtStart | Self::UnseenInWorkers | Self::UnseenForRequests)
    }
}

impl fmt::Display for CodeRuns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AtTest => "runs whenever the configuration is read, also by nginx -t",
            Self::CompiledAtTest => "runs for requests; nginx -t compiles it and does not run it",
            Self::UnseenAtStart => "runs at every start and reload; nginx -t neither compiles nor runs it",
            Self::UnseenInWorkers => "runs as workers start or end; nginx -t neither compiles nor runs it",
            Self::UnseenForRequests => "runs for requests; nginx -t neither compiles nor runs it",
        })
    }
}

impl fmt::Display for CodeFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.place, self.directive, self.runs)
    }
}

/// A running master process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterFacts {
    pub pid: i32,
    /// Clock ticks since boot at its start; with the pid it is unique.
    pub start_time: u64,
    pub workers: Vec<WorkerFacts>,
}

/// A worker of a running master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerFacts {
    pub pid: i32,
}

/// Something that NGINX opens for writing or creates.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WrittenPath {
    /// The path below the root.
    pub path: PathBuf,
    /// What NGINX expects there.
    pub kind: ShadowKind,
}

/// What stands at a path that NGINX writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShadowKind {
    /// A log, a pid file, a lock.
    File,
    /// Temporary files or a cache.
    Folder,
    /// A socket that NGINX listens on or connects to.
    Socket,
}

/// Pairs of a certificate and, where it has one, its key.
pub const CERTIFICATES: [(&str, Option<&str>); 6] = [
    ("ssl_certificate", Some("ssl_certificate_key")),
    ("proxy_ssl_certificate", Some("proxy_ssl_certificate_key")),
    ("grpc_ssl_certificate", Some("grpc_ssl_certificate_key")),
    ("ssl_client_certificate", None),
    ("ssl_trusted_certificate", None),
    ("proxy_ssl_trusted_certificate", None),
];

/// A certificate with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// The certificate's file; `None` for a client or trust anchor's key.
    pub certificate: PathBuf,
    /// The key's file, where the directive has one beside it.
    pub key: Option<PathBuf>,
    /// The names of the server blocks that use it.
    pub names: Vec<String>,
    /// Whether both could be opened.
    pub readable: bool,
}
