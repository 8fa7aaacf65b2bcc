//! Facts about how a server block is asked, and what may turn a request away before it is answered.
//!
//! Invariant: read from the configuration; what a location of its own changes is not foreseen here.

use super::ListenAddress;
use crate::motion::guards::{KeptOut, own_address};
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

/// How a client of this machine reaches a server block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entrance {
    /// Where to connect: an address or a socket, never a name.
    pub address: ListenAddress,
    /// Whether TLS is spoken there.
    pub tls: bool,
    /// Whether a connection begins with the PROXY protocol's header.
    pub proxy_protocol: bool,
    /// The host to ask for; empty for the address itself.
    pub host: String,
    /// What turns this machine's requests away before any location is chosen.
    pub guarded: Option<KeptOut>,
}

impl Entrance {
    /// The address that this machine asks from.
    #[must_use]
    pub fn own_address(&self) -> Option<IpAddr> {
        match &self.address {
            ListenAddress::Socket(address) => Some(own_address(address.ip())),
            ListenAddress::Name(..) | ListenAddress::Unix(_) => None,
        }
    }
}

/// Why a server block is not asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoEntrance {
    /// NGINX answers each of its names from another block, which is another finding's matter.
    Shadowed,
    /// It cannot be reached, for this reason, for people.
    Because(String),
}

/// A limit of requests or connections that a server block is under.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LimitFacts {
    pub kind: LimitKind,
    /// The zone that counts.
    pub zone: String,
    /// How much it lets through, as written: `5r/s`, or a number of connections.
    pub most: String,
    /// How long until it lets one more request through; nothing is known of connections.
    pub interval: Option<Duration>,
    /// The status of what it turns away.
    pub status: u16,
    /// Who is counted together.
    pub counts: Counted,
    /// `file:line:column` of the directive.
    pub place: String,
}

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LimitKind {
    Requests,
    Connections,
}

/// Whose requests a limit counts as one client's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counted {
    /// Those of one address.
    EachAddress,
    /// Those of several addresses, as far as is known.
    Together,
}

impl fmt::Display for LimitFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { zone, most, status, place, .. } = self;
        match self.kind {
            LimitKind::Requests => write!(f, "limit_req zone={zone} ({most}, answers {status}) at {place}"),
            LimitKind::Connections => write!(f, "limit_conn {zone} {most} (answers {status}) at {place}"),
        }
    }
}
