//! What a server looks like, as plain data.
//!
//! Invariant: facts are observed, never assumed; what could not be looked at
//! is an `Option` or a finding, not a default. This room computes nothing
//! that depends on the machine.

mod address;
mod asking;
mod host;
mod motion;
mod nginx;
mod sessions;
mod site;

pub use crate::motion::RouteState;
use crate::values::RootPath;
pub use address::ListenAddress;
pub use asking::{Counted, Entrance, LimitFacts, LimitKind, NoEntrance};
pub use host::{FileFacts, HostFacts, Scope, WayFacts};
pub use motion::{ClientFacts, MotionFacts, PageFacts};
pub use nginx::{
    CERTIFICATES, CertificateFacts, CodeFacts, CodeRuns, MasterFacts, NginxFacts, NginxVersion, ShadowKind,
    StandIn, WorkerFacts, WrittenPath,
};
pub use sessions::{OnlineUser, OpenSession, OpenSessions, RoleFacts, SessionFacts};
pub use site::{
    ListenFacts, LocationFacts, RouteContent, ServerFacts, ServerRole, SiteFacts, UpstreamAddress,
    UpstreamFacts,
};
use std::collections::BTreeMap;

/// Everything that was found on one server.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    pub host: HostFacts,
    pub nginx: NginxFacts,
    pub motion: MotionFacts,
    /// Motion's part of the web server's configuration.
    pub site: SiteFacts,
    /// Every configuration file that was read, by its path below the root
    /// with links resolved.
    pub files: BTreeMap<RootPath, FileFacts>,
    /// The links that lead to them.
    pub ways: WayFacts,
}
