//! Connections to a fixed address, TCP or unix socket, for `ureq`.
//!
//! Invariant: whatever name a URL carries, the socket is the one that was
//! given, from the address that was given, and no look-up is made. It must not
//! verify certificates: a probe asks whether the server answers, not who signed it.

use super::target::{Address, Preface, Sender, Target};
use crate::host::network::listen::Stream;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrLike, SockaddrStorage, UnixAddr, bind, connect, setsockopt,
    socket, sockopt,
};
use nix::sys::time::TimeVal;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, RustlsConnector, Transport,
};
use ureq::{Agent, Error};

/// An agent whose every connection goes to the target's address.
pub(super) fn agent(config: Config, target: &Target) -> Agent {
    let direct = Direct { address: target.address.clone(), sender: target.sender };
    Agent::with_parts(config, direct.chain(RustlsConnector::default()), Nowhere)
}

/// Resolves nothing: the connector knows its address, and `ureq` only wants some.
#[derive(Debug)]
struct Nowhere;

impl Resolver for Nowhere {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut addresses = self.empty();
        addresses.push(SocketAddr::from(([127, 0, 0, 1], 0)));
        Ok(addresses)
    }
}

/// Connects to one address.
#[derive(Debug)]
struct Direct {
    address: Address,
    sender: Sender,
}

impl Connector<()> for Direct {
    type Out = Socket;

    fn connect(&self, details: &ConnectionDetails, _: Option<()>) -> Result<Option<Socket>, Error> {
        let limit = limit(&details.timeout)?;
        let mut stream =
            open(&self.address, self.sender, limit).map_err(|error| timed(error, &details.timeout))?;
        if self.sender.preface == Preface::ProxyProtocol {
            // Before TLS as well: the header is the connection's, not the request's.
            let header = proxy_header(&stream)?;
            stream.set_timeout(limit)?;
            stream.write_all(header.as_bytes()).map_err(|error| timed(error, &details.timeout))?;
        }
        let buffers =
            LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Socket { stream, buffers }))
    }
}

/// Connects within `limit`: with a full backlog a plain `connect` would wait
/// for ever, and a send timeout set beforehand bounds it (`socket(7)`, `unix(7)`).
fn open(address: &Address, sender: Sender, limit: Duration) -> io::Result<Stream> {
    let family = match address {
        Address::Tcp(SocketAddr::V4(_)) => AddressFamily::Inet,
        Address::Tcp(SocketAddr::V6(_)) => AddressFamily::Inet6,
        Address::Unix(_) => AddressFamily::Unix,
    };
    let fd: OwnedFd = socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    let micros = limit.subsec_micros().into();
    let seconds = i64::try_from(limit.as_secs()).unwrap_or(i64::MAX);
    setsockopt(&fd, sockopt::SendTimeout, &TimeVal::new(seconds, micros))?;
    match address {
        Address::Tcp(to) => {
            if let Some(source) = sender.source {
                bind(fd.as_raw_fd(), &SockaddrStorage::from(SocketAddr::new(source, 0)))?;
            }
            within(&fd, &SockaddrStorage::from(*to))?;
            let stream = TcpStream::from(fd);
            stream.set_nodelay(true)?;
            Ok(Stream::Tcp(stream))
        }
        Address::Unix(path) => {
            within(&fd, &UnixAddr::new(path)?)?;
            Ok(Stream::Unix(UnixStream::from(fd)))
        }
    }
}

fn within(fd: &OwnedFd, to: &dyn SockaddrLike) -> io::Result<()> {
    match connect(fd.as_raw_fd(), to) {
        Ok(()) => Ok(()),
        // The send timeout is over: a unix socket says the one, TCP the other.
        Err(nix::Error::EAGAIN | nix::Error::EINPROGRESS) => Err(io::ErrorKind::TimedOut.into()),
        Err(error) => Err(error.into()),
    }
}

/// The header of the PROXY protocol, version 1: who connects to whom, as the
/// kernel knows it. A unix socket has no addresses to tell.
fn proxy_header(stream: &Stream) -> io::Result<String> {
    let Stream::Tcp(stream) = stream else { return Ok("PROXY UNKNOWN\r\n".to_owned()) };
    let (from, to) = (stream.local_addr()?, stream.peer_addr()?);
    let family = if from.is_ipv4() { "TCP4" } else { "TCP6" };
    Ok(format!("PROXY {family} {} {} {} {}\r\n", from.ip(), to.ip(), from.port(), to.port()))
}

/// The time that is left; none is an error, for a socket takes zero as "for ever".
fn limit(timeout: &NextTimeout) -> Result<Duration, Error> {
    let left: Duration = *timeout.after;
    if left.is_zero() { Err(Error::Timeout(timeout.reason)) } else { Ok(left) }
}

/// A connected socket.
#[derive(Debug)]
struct Socket {
    stream: Stream,
    buffers: LazyBuffers,
}

impl Transport for Socket {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.set_timeout(limit(&timeout)?)?;
        let output = &self.buffers.output()[..amount];
        self.stream.write_all(output).map_err(|error| timed(error, &timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.set_timeout(limit(&timeout)?)?;
        let amount =
            self.stream.read(self.buffers.input_append_buf()).map_err(|error| timed(error, &timeout))?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.is_idle()
    }
}

fn timed(error: io::Error, timeout: &NextTimeout) -> Error {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Error::Timeout(timeout.reason),
        _ => Error::Io(error),
    }
}
