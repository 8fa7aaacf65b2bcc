//! Owns the desk: what stand-ins tell, each in one message. Invariant: what was told cannot be taken back or changed by
//! the program, only added to: messages, not a file. It may tell lies all the same, and everything here is bounded.

use super::GROUND;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The longest message.
const LONGEST: usize = 64 << 10;
/// No more messages are kept.
const MOST: usize = 4_000;
/// Nor more bytes of them all.
const MOST_BYTES: usize = 4 << 20;
/// How long a stand-in waits for a desk that is behind.
const PATIENCE: Duration = Duration::from_secs(5);

fn place() -> PathBuf {
    Path::new(GROUND).join("desk")
}

/// Where messages arrive.
#[derive(Debug)]
pub(super) struct Desk {
    socket: UnixDatagram,
    told: Vec<String>,
    bytes: usize,
    untold: u64,
}

impl Desk {
    pub(super) fn open() -> io::Result<Self> {
        let socket = UnixDatagram::bind(place())?;
        socket.set_nonblocking(true)?;
        std::fs::set_permissions(place(), std::os::unix::fs::PermissionsExt::from_mode(0o666))?;
        Ok(Self { socket, told: Vec::new(), bytes: 0, untold: 0 })
    }

    pub(super) fn source(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Takes the messages that are there.
    pub(super) fn take(&mut self) -> io::Result<()> {
        let mut buffer = vec![0; LONGEST];
        for _ in 0..256 {
            match self.socket.recv(&mut buffer) {
                Ok(count) if self.told.len() < MOST && self.bytes + count <= MOST_BYTES => {
                    self.bytes += count;
                    self.told.push(String::from_utf8_lossy(&buffer[..count]).into_owned());
                }
                Ok(_) => self.untold += 1,
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(cause),
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> (Vec<String>, u64) {
        (self.told, self.untold)
    }
}

/// Tells the desk something, from a stand-in.
///
/// # Errors
/// When it is not there, does not listen, or the message is too long.
pub fn tell(message: &str) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.send_to(message.as_bytes(), place()).map(drop)
}

/// The command in whose place this program was called, where it was: inside of a sandbox, by another name than its own.
#[must_use]
pub fn when_called(name: &Path) -> Option<String> {
    let name = name.file_name()?.to_str()?;
    (name != "motionctl" && place().exists()).then(|| name.to_owned())
}
