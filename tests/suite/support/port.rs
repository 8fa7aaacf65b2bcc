//! Ports of a test's own: one that is taken as by another program, and one where nobody listens.
//!
//! Invariant: a port that is let go here is free at once. Closing is not enough: the child that another test starts in
//! this moment holds a copy of every descriptor until it executes its program. `shutdown` ends them all.

use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};

/// A port that somebody listens on and never answers; free again with the end of the value.
pub struct Taken(TcpListener);

impl Taken {
    /// Takes the port of every address of the network that the calling thread is in.
    pub fn everywhere(port: u16) -> Self {
        Self(TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).expect("the port is free"))
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let copy: OwnedFd = self.0.as_fd().try_clone_to_owned().expect("a second handle");
        TcpStream::from(copy).shutdown(Shutdown::Both).expect("it listens");
    }
}

/// A port of the loopback where nobody listens.
pub fn unused() -> u16 {
    let taken = Taken(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port"));
    taken.0.local_addr().expect("bound").port()
}
