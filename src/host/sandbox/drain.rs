//! Owns listening to a running sandbox. Invariant: it never waits longer than
//! the deadline and a grace of some seconds, whatever the other side does, and
//! holds a bounded amount of output. Must not judge what it hears.

use super::spec::Ending;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, read};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Of each output stream; nginx says little, a hostile module may say much.
const LONGEST_OUTPUT: usize = 1 << 20;
/// Of a function's result: a report with its load statistics.
const LONGEST_RESULT: usize = 64 << 20;
/// Process 1 keeps the deadline itself; a kernel call that hangs is killed from here.
const GRACE: Duration = Duration::from_secs(3);
/// How soon a request to stop is noticed.
const STEP: u16 = 50;

/// All that a sandbox said.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) report: Vec<u8>,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
    pub(super) result: Vec<u8>,
    /// Set when it had to be killed from here.
    pub(super) late: Option<Ending>,
}

struct Stream {
    from: Option<OwnedFd>,
    held: Vec<u8>,
    most: usize,
}

/// Listens until every stream has ended, which is when the last process inside has.
pub(super) fn hear(
    child: &mut Child,
    report: OwnedFd,
    result: OwnedFd,
    deadline: Duration,
    stop: &AtomicBool,
) -> io::Result<Heard> {
    let stream = |from, most| Stream { from, held: Vec::new(), most };
    let mut streams = [
        stream(Some(report), LONGEST_OUTPUT),
        stream(child.stdout.take().map(Into::into), LONGEST_OUTPUT),
        stream(child.stderr.take().map(Into::into), LONGEST_OUTPUT),
        stream(Some(result), LONGEST_RESULT),
    ];
    let last = Instant::now() + deadline + GRACE;
    let mut stopping: Option<Instant> = None;
    let mut late = None;
    while streams.iter().any(|stream| stream.from.is_some()) {
        wait(&mut streams)?;
        if stopping.is_none() && stop.load(Ordering::Relaxed) {
            stopping = Some(Instant::now() + GRACE);
            signal(child, Signal::SIGTERM);
        }
        let now = Instant::now();
        let killed = if stopping.is_some_and(|end| now >= end) {
            Some(Ending::Stopped)
        } else {
            (now >= last).then_some(Ending::TimedOut)
        };
        if let (Some(ending), None) = (killed, late) {
            late = Some(ending);
            child.kill()?;
        }
        if now >= last + GRACE {
            break;
        }
    }
    let [report, stdout, stderr, result] = streams.map(|stream| stream.held);
    Ok(Heard { report, stdout, stderr, result, late })
}

fn signal(child: &Child, signal: Signal) {
    if let Ok(pid) = i32::try_from(child.id()) {
        // Already gone: then its streams end now.
        let _gone = kill(Pid::from_raw(pid), signal);
    }
}

fn wait(streams: &mut [Stream; 4]) -> io::Result<()> {
    let mut sources: Vec<PollFd> = streams
        .iter()
        .filter_map(|stream| stream.from.as_ref())
        .map(|from| PollFd::new(from.as_fd(), PollFlags::POLLIN))
        .collect();
    match poll(&mut sources, PollTimeout::from(STEP)) {
        Ok(_) | Err(Errno::EINTR) => {}
        Err(cause) => return Err(cause.into()),
    }
    let ready: Vec<bool> = sources.iter().map(|one| one.any().unwrap_or(true)).collect();
    let open = streams.iter_mut().filter(|stream| stream.from.is_some());
    open.zip(ready).filter(|(_, ready)| *ready).try_for_each(|(stream, _)| stream.take())
}

impl Stream {
    fn take(&mut self) -> io::Result<()> {
        let Some(from) = &self.from else { return Ok(()) };
        let mut buffer = [0; 16 << 10];
        match read(from, &mut buffer) {
            Ok(0) => self.from = None,
            Ok(count) => {
                // What is too much is read all the same: the writer must not block.
                let room = self.most.saturating_sub(self.held.len()).min(count);
                self.held.extend_from_slice(&buffer[..room]);
            }
            Err(Errno::EINTR) => {}
            Err(cause) => return Err(cause.into()),
        }
        Ok(())
    }
}
