//! Whether something accepts connections at an address.
//!
//! Invariant: a connection is opened and closed; nothing is sent.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Connects over TCP.
///
/// # Errors
/// When nothing accepts the connection within `limit`.
pub fn tcp(address: SocketAddr, limit: Duration) -> io::Result<()> {
    TcpStream::connect_timeout(&address, limit).map(drop)
}

/// Connects to a unix socket.
///
/// # Errors
/// When nothing accepts the connection.
pub fn unix(path: &Path) -> io::Result<()> {
    UnixStream::connect(path).map(drop)
}
