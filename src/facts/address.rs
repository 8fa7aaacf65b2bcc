//! An address that a server block listens on.
//!
//! Invariant: as the configuration says it; nothing is resolved.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// Where a server block listens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListenAddress {
    /// An address of the host, or a wildcard address.
    Socket(SocketAddr),
    /// A host name and port, resolved by NGINX when it starts.
    Name(String, u16),
    Unix(PathBuf),
}

impl ListenAddress {
    /// The TCP port; `None` for a unix socket.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Socket(address) => Some(address.port()),
            Self::Name(_, port) => Some(*port),
            Self::Unix(_) => None,
        }
    }

    /// The address to connect to from this host: loopback for a wildcard.
    #[must_use]
    pub fn reachable(&self) -> Option<SocketAddr> {
        let Self::Socket(address) = self else { return None };
        let ip = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        Some(SocketAddr::new(ip, address.port()))
    }
}
