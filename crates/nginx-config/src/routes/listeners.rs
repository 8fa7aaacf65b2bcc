//! Where a configuration listens: addresses, what is spoken there, and the server blocks of each.
//!
//! Invariant: data; how it is read from the files, and which block answers, is `server`'s.

use super::pattern::Pattern;
use crate::node::Node;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::OnceLock;

/// An address that nginx listens on, or that a connection arrives at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// An address and a port; the unspecified address stands for all.
    Tcp(IpAddr, u16),
    /// A socket in the file system.
    Unix(Vec<u8>),
    /// A host name, which nginx resolves when it starts.
    Name(String, u16),
}

impl Endpoint {
    /// The port; none of a socket in the file system.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Tcp(_, port) | Self::Name(_, port) => Some(*port),
            Self::Unix(_) => None,
        }
    }
}

/// How a client speaks to a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// HTTP.
    Plain,
    /// HTTP inside of TLS, QUIC included.
    Tls,
}

/// What nginx reads from a connection before anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Preface {
    /// Nothing.
    None,
    /// The PROXY protocol's header: where any block of the address asks for it, all do.
    ProxyProtocol,
}

/// Every address that is listened on.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    pub(super) addresses: BTreeMap<Endpoint, Address>,
    /// The addresses of each server block.
    pub(super) own: HashMap<Node, Vec<Endpoint>>,
    /// The first block that listens on a host name, by port.
    pub(super) by_name: BTreeMap<u16, Node>,
}

/// The server blocks of one address.
#[derive(Debug)]
pub(super) struct Address {
    /// The one that is called so, or the first.
    pub(super) default: Node,
    pub(super) servers: Vec<Node>,
    pub(super) transport: Transport,
    pub(super) preface: Preface,
    pub(super) names: OnceLock<Names>,
}

/// The names of the server blocks of one address, ready to be searched.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) exact: HashMap<String, Node>,
    pub(super) wildcards: Vec<(Node, String)>,
    pub(super) regexes: Vec<(Node, Pattern)>,
}

impl Address {
    pub(super) fn new(default: Node) -> Self {
        Self {
            default,
            servers: Vec::new(),
            transport: Transport::Plain,
            preface: Preface::None,
            names: OnceLock::new(),
        }
    }
}
