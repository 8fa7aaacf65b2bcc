//! Connections to a fixed address, TCP or unix socket, for `ureq`.
//!
//! Invariant: whatever name a URL carries, the socket is the one that was
//! given, and no look-up is made. It must not verify certificates: a probe
//! asks whether the server answers, not who signed it.

use super::target::{Address, Target};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, setsockopt, socket, sockopt};
use nix::sys::time::TimeVal;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, RustlsConnector, TcpConnector, Transport,
};
use ureq::{Agent, Error};

/// An agent whose every connection goes to the target's address.
pub(super) fn agent(config: Config, target: &Target) -> Agent {
    match &target.address {
        Address::Tcp(address) => {
            let chain = ().chain(TcpConnector::default()).chain(RustlsConnector::default());
            Agent::with_parts(config, chain, Fixed(*address))
        }
        Address::Unix(path) => {
            let chain = UnixConnector(path.clone()).chain(RustlsConnector::default());
            // The resolver must name some address; a unix socket ignores it.
            Agent::with_parts(config, chain, Fixed(SocketAddr::from(([127, 0, 0, 1], 0))))
        }
    }
}

/// Resolves every name to one address.
#[derive(Debug)]
struct Fixed(SocketAddr);

impl Resolver for Fixed {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut addresses = self.empty();
        addresses.push(self.0);
        Ok(addresses)
    }
}

/// Connects to a unix socket.
#[derive(Debug)]
struct UnixConnector(PathBuf);

impl Connector<()> for UnixConnector {
    type Out = UnixTransport;

    fn connect(&self, details: &ConnectionDetails, _: Option<()>) -> Result<Option<UnixTransport>, Error> {
        let stream = connect_unix(&self.0, limit(&details.timeout)?)?;
        let buffers =
            LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(UnixTransport { stream, buffers }))
    }
}

/// Connects within `limit`: with a full backlog a plain `connect` would wait
/// for ever, and only a send timeout set beforehand bounds it (`unix(7)`).
fn connect_unix(path: &Path, limit: Duration) -> io::Result<UnixStream> {
    let fd: OwnedFd = socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    let micros = limit.subsec_micros().into();
    let seconds = i64::try_from(limit.as_secs()).unwrap_or(i64::MAX);
    setsockopt(&fd, sockopt::SendTimeout, &TimeVal::new(seconds, micros))?;
    match connect(fd.as_raw_fd(), &UnixAddr::new(path)?) {
        Ok(()) => Ok(UnixStream::from(fd)),
        Err(nix::Error::EAGAIN) => Err(io::ErrorKind::TimedOut.into()),
        Err(error) => Err(error.into()),
    }
}

/// The time that is left; none is an error, for a socket takes zero as "for ever".
fn limit(timeout: &NextTimeout) -> Result<Duration, Error> {
    let left: Duration = *timeout.after;
    if left.is_zero() { Err(Error::Timeout(timeout.reason)) } else { Ok(left) }
}

/// A connected unix socket.
#[derive(Debug)]
struct UnixTransport {
    stream: UnixStream,
    buffers: LazyBuffers,
}

impl Transport for UnixTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.set_write_timeout(Some(limit(&timeout)?))?;
        let output = &self.buffers.output()[..amount];
        (&self.stream).write_all(output).map_err(|error| timed(error, &timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.set_read_timeout(Some(limit(&timeout)?))?;
        let amount =
            (&self.stream).read(self.buffers.input_append_buf()).map_err(|error| timed(error, &timeout))?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        let mut byte = [0];
        let idle = self.stream.set_nonblocking(true).is_ok()
            && matches!((&self.stream).read(&mut byte), Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        idle && self.stream.set_nonblocking(false).is_ok()
    }
}

fn timed(error: io::Error, timeout: &NextTimeout) -> Error {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Error::Timeout(timeout.reason),
        _ => Error::Io(error),
    }
}
