//! Owns listening to the program while it runs. Invariant: bounded memory however much it says, and never waits for it:
//! every descriptor is non-blocking.

use super::Printed;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::read;
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Kept of the beginning, and as much of the end.
const KEPT: usize = 64 << 10;

/// A pipe whose beginning and end are kept.
#[derive(Debug)]
pub(super) struct Pump {
    from: Option<OwnedFd>,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    skipped: u64,
}

impl Pump {
    pub(super) fn new(from: OwnedFd) -> io::Result<Self> {
        let flags = OFlag::from_bits_retain(fcntl(&from, FcntlArg::F_GETFL)?);
        fcntl(&from, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
        Ok(Self { from: Some(from), head: Vec::new(), tail: VecDeque::new(), skipped: 0 })
    }

    /// The descriptor to wait for; `None` after the end.
    pub(super) fn source(&self) -> Option<BorrowedFd<'_>> {
        self.from.as_ref().map(AsFd::as_fd)
    }

    /// Takes what is there, at most some buffers of it, so that nobody else waits for long.
    pub(super) fn take(&mut self) -> io::Result<()> {
        let mut buffer = [0; 16 << 10];
        for _ in 0..16 {
            let Some(from) = &self.from else { return Ok(()) };
            match read(from, &mut buffer) {
                Ok(0) => self.from = None,
                Ok(count) => self.keep(&buffer[..count]),
                Err(Errno::EAGAIN) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(cause) => return Err(cause.into()),
            }
        }
        Ok(())
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = KEPT.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..room]);
        self.tail.extend(&bytes[room..]);
        let more = self.tail.len().saturating_sub(KEPT);
        self.tail.drain(..more);
        self.skipped += more as u64;
    }

    /// Whole lines that came so far; for a pipe that says little.
    pub(super) fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.head.split_inclusive(|&byte| byte == b'\n').filter(|line| line.ends_with(b"\n"))
    }

    pub(super) fn finish(self) -> Printed {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let tail: Vec<u8> = self.tail.into();
        Printed { head: text(&self.head), skipped: self.skipped, tail: text(&tail) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::unistd::{pipe, write};

    #[test]
    fn beginning_and_end_are_kept_and_the_rest_is_counted() {
        let (from, to) = pipe().unwrap();
        let mut pump = Pump::new(from).unwrap();
        pump.take().unwrap();
        assert!(pump.source().is_some());
        write(&to, b"first\n").unwrap();
        pump.take().unwrap();
        for _ in 0..40 {
            write(&to, &[b'x'; 8 << 10]).unwrap();
            pump.take().unwrap();
        }
        write(&to, b"last").unwrap();
        drop(to);
        pump.take().unwrap();
        assert!(pump.source().is_none());
        assert_eq!(pump.lines().next(), Some(&b"first\n"[..]));
        let printed = pump.finish();
        assert!(printed.head.starts_with("first\nxx") && printed.tail.ends_with("xxlast"));
        let all = printed.head.len() as u64 + printed.tail.len() as u64 + printed.skipped;
        assert_eq!(all, 10 + (40 << 13));
    }
}
