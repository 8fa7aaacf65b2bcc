//! Listening sockets that can be waited on with a limit, and end with their owner.
//!
//! Invariant: accepting never blocks longer than asked, and a unix socket's
//! file is gone when its listener is. It must not know what is spoken.

use anyhow::{Context, Result};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::fs::{self, Permissions};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Binds a UDP port, whose reads end after `tick` at the latest; port 0 takes a free one.
///
/// # Errors
/// When the address is not this machine's or the port is taken.
pub fn udp(address: SocketAddr, tick: Duration) -> Result<UdpSocket> {
    let bind = || -> io::Result<UdpSocket> {
        let socket = UdpSocket::bind(address)?;
        socket.set_read_timeout(Some(tick))?;
        Ok(socket)
    };
    bind().with_context(|| format!("binding {address}"))
}

/// A socket that takes datagrams, of which nobody reads any: the kernel drops those of UDP that have no room, and
/// tells a sender on a unix socket to come again later.
#[derive(Debug)]
pub struct Sink {
    _socket: OwnedFd,
    path: Option<PathBuf>,
}

impl Sink {
    /// At a UDP port.
    ///
    /// # Errors
    /// When the address is not this machine's or the port is taken.
    pub fn udp(address: SocketAddr) -> io::Result<Self> {
        Ok(Self { _socket: UdpSocket::bind(address)?.into(), path: None })
    }

    /// At a unix socket to which every user may send. A link there leads to where it is made.
    ///
    /// # Errors
    /// When something is there already, or the folder cannot be made.
    pub fn unix(path: &Path) -> io::Result<Self> {
        let path = match fs::read_link(path) {
            Ok(target) => path.parent().unwrap_or(Path::new("/")).join(target),
            Err(_) => path.to_owned(),
        };
        path.parent().map(make_socket_folder).transpose()?;
        let socket = UnixDatagram::bind(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o666))?;
        Ok(Self { _socket: socket.into(), path: Some(path) })
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // A file that is already gone is what is wanted; nothing depends on the rest.
            let _gone = fs::remove_file(path);
        }
    }
}

/// Makes the folder that a unix socket will lie in, and those above it.
///
/// # Errors
/// What the kernel says.
pub fn make_socket_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// A bound socket.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix { listener: UnixListener, path: PathBuf },
}

impl Listener {
    /// Binds a TCP port; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address is not this machine's or the port is taken.
    pub fn tcp(address: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(address).with_context(|| format!("binding {address}"))?;
        listener.set_nonblocking(true).with_context(|| format!("binding {address}"))?;
        Ok(Self { socket: Socket::Tcp(listener) })
    }

    /// Binds a unix socket that every user may connect to, as NGINX's workers must.
    ///
    /// # Errors
    /// When the folder is missing or the path is taken.
    pub fn unix(path: &Path) -> Result<Self> {
        let bind = || -> io::Result<UnixListener> {
            let listener = UnixListener::bind(path)?;
            fs::set_permissions(path, Permissions::from_mode(0o666))?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        };
        let listener = bind().with_context(|| format!("binding `{}`", path.display()))?;
        Ok(Self { socket: Socket::Unix { listener, path: path.to_owned() } })
    }

    /// The bound TCP address, with the port that was taken.
    #[must_use]
    pub fn tcp_address(&self) -> Option<SocketAddr> {
        match &self.socket {
            Socket::Tcp(listener) => listener.local_addr().ok(),
            Socket::Unix { .. } => None,
        }
    }

    /// The next connection, if one comes within `limit`.
    ///
    /// # Errors
    /// When the socket itself fails; a connection that died while it waited is none.
    pub fn accept(&self, limit: Duration) -> io::Result<Option<Stream>> {
        let fd = match &self.socket {
            Socket::Tcp(listener) => listener.as_fd(),
            Socket::Unix { listener, .. } => listener.as_fd(),
        };
        let millis = PollTimeout::try_from(limit).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(fd, PollFlags::POLLIN)], millis) {
            Ok(0) | Err(nix::Error::EINTR) => return Ok(None),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        let accepted = match &self.socket {
            Socket::Tcp(listener) => listener.accept().map(|(stream, _)| Stream::Tcp(stream)),
            Socket::Unix { listener, .. } => listener.accept().map(|(stream, _)| Stream::Unix(stream)),
        };
        match accepted {
            Ok(stream) => stream.blocking().map(Some),
            Err(error) if transient(error.kind()) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Socket::Unix { path, .. } = &self.socket {
            // A file that is already gone is what is wanted; nothing depends on the rest.
            let _gone = fs::remove_file(path);
        }
    }
}

fn transient(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::WouldBlock | io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted)
}

/// An accepted connection.
#[derive(Debug)]
pub enum Stream {
    Tcp(TcpStream),
    /// Over a unix socket.
    Unix(UnixStream),
}

impl Stream {
    /// Another handle to the same connection, to shut it down from elsewhere.
    ///
    /// # Errors
    /// When the process has no descriptor left.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(match self {
            Self::Tcp(stream) => Self::Tcp(stream.try_clone()?),
            Self::Unix(stream) => Self::Unix(stream.try_clone()?),
        })
    }

    /// Ends the connection in both directions, also under a reader that waits.
    pub fn shutdown(&self) {
        // Already closed by the other side: that is what is wanted.
        let _closed = match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Both),
            Self::Unix(stream) => stream.shutdown(Shutdown::Both),
        };
    }

    /// Bounds every single read and write.
    ///
    /// # Errors
    /// When the socket refuses.
    pub fn set_timeout(&self, limit: Duration) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => {
                stream.set_read_timeout(Some(limit))?;
                stream.set_write_timeout(Some(limit))
            }
            Self::Unix(stream) => {
                stream.set_read_timeout(Some(limit))?;
                stream.set_write_timeout(Some(limit))
            }
        }
    }

    /// Whether the other side has neither sent anything more nor closed.
    pub fn is_idle(&mut self) -> bool {
        let set = |stream: &Self, nonblocking| match stream {
            Self::Tcp(stream) => stream.set_nonblocking(nonblocking),
            Self::Unix(stream) => stream.set_nonblocking(nonblocking),
        };
        let idle = set(self, true).is_ok()
            && matches!(self.read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        idle && set(self, false).is_ok()
    }

    fn blocking(self) -> io::Result<Self> {
        match &self {
            Self::Tcp(stream) => {
                stream.set_nonblocking(false)?;
                stream.set_nodelay(true)?;
            }
            Self::Unix(stream) => stream.set_nonblocking(false)?,
        }
        Ok(self)
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.flush(),
            Self::Unix(stream) => stream.flush(),
        }
    }
}
