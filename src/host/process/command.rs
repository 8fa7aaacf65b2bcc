//! Runs a program of this machine and reads what it prints, or lets it be read.
//!
//! Invariant: the program was judged ([`Executable`]) and is executed through its descriptor. It gets no input
//! and no environment but `PATH` and `LANG` unless it is told something, and a limit of time after which it is killed
//! with its process group. Only the program itself is waited for: what it left behind may hold its pipes for ever.

use crate::host::sandbox::{Capabilities, drop_to};
use crate::host::system::clock;
use crate::host::trust::Executable;
use crate::host::trust::SEARCH_PATH;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, read};
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use std::{io, thread};

/// No more of what a program prints is kept.
const LONGEST: usize = 1 << 20;

/// What a program may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privileges {
    /// What we may: for the tools of the service manager, which act on the whole machine.
    Kept,
    /// These capabilities, never more, and it dies with us.
    Lowered(Capabilities),
}

/// What a program printed and how it ended.
#[derive(Debug)]
pub struct Printed {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// Runs `program` to its end.
///
/// # Errors
/// When it cannot be started, or does not end within `limit`.
#[expect(unsafe_code, reason = "privileges are dropped between fork and exec")]
pub fn run(
    program: &Executable,
    arguments: &[&str],
    privileges: Privileges,
    limit: Duration,
) -> io::Result<Printed> {
    let mut command = command(program);
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Privileges::Lowered(capabilities) = privileges {
        let mut lower = drop_to(capabilities);
        let lower = move || {
            lower()?;
            // Last: a change of credentials clears it.
            set_pdeathsig(Signal::SIGKILL).map_err(io::Error::from)
        };
        // SAFETY: the closure only makes system calls; all that it needs was allocated and looked up when
        // `drop_to` was called, before the fork.
        unsafe { command.pre_exec(lower) };
    }
    command.process_group(0);
    let mut child = command.spawn()?;
    let mut stdout = Heard::new(child.stdout.take().map(Into::into));
    let mut stderr = Heard::new(child.stderr.take().map(Into::into));
    let status = wait(&mut child, limit, &mut |pause| listen([&mut stdout, &mut stderr], pause))?;
    // All that the program itself wrote is in the pipes by now. Their end is not waited for: what it has started and
    // left behind may hold them for ever.
    for heard in [&mut stdout, &mut stderr] {
        heard.take_what_is_there();
    }
    Ok(Printed { status, stdout: stdout.text(), stderr: stderr.text() })
}

/// Runs a command of the administrator's: `input` on standard input, what it prints on our standard error. When it
/// does not end in time it is killed with all that it started in its process group.
///
/// # Errors
/// When it cannot be started, or does not end within `limit`.
pub fn tell(
    program: &Executable,
    arguments: &[String],
    environment: &[(&str, String)],
    input: &[u8],
    limit: Duration,
) -> io::Result<ExitStatus> {
    let said = || io::stderr().as_fd().try_clone_to_owned().map(Stdio::from);
    let mut command = command(program);
    command.args(arguments).envs(environment.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::piped()).stdout(said()?).stderr(said()?).process_group(0);
    let mut child = command.spawn()?;
    let mut stdin = child.stdin.take().expect("it was asked for");
    let input = input.to_vec();
    // A command that reads nothing must not hold us up, and one that closes its input is no failure.
    thread::spawn(move || drop(stdin.write_all(&input)));
    wait(&mut child, limit, &mut clock::pause)
}

/// A program with nothing of ours but its descriptor where an interpreter needs it.
#[expect(unsafe_code, reason = "a descriptor is handed over between fork and exec")]
pub(in crate::host) fn command(program: &Executable) -> Command {
    let mut command = Command::new(program.image());
    command.arg0(program.name()).current_dir("/").stdin(Stdio::null());
    command.env_clear().env("PATH", SEARCH_PATH).env("LANG", "C");
    // SAFETY: the closure only calls fcntl on a descriptor that it keeps open.
    unsafe { command.pre_exec(program.hand_over()) };
    command
}

/// What a process that has ended wrote to a pipe, at most 1 MiB of it; what it left behind is not waited for.
pub(in crate::host) fn what_is_there(pipe: Option<OwnedFd>) -> String {
    let mut heard = Heard::new(pipe);
    heard.take_what_is_there();
    heard.text()
}

/// What has come through a pipe so far.
struct Heard {
    from: Option<OwnedFd>,
    bytes: Vec<u8>,
}

impl Heard {
    fn new(from: Option<OwnedFd>) -> Self {
        Self { from, bytes: Vec::new() }
    }

    /// Reads once; to be called when there is something to read.
    fn take(&mut self) {
        let Some(from) = &self.from else { return };
        let mut buffer = [0; 16 << 10];
        match read(from, &mut buffer) {
            Ok(0) => self.from = None,
            Ok(count) => {
                // What is too much is read all the same: the writer must not block.
                let room = LONGEST.saturating_sub(self.bytes.len()).min(count);
                self.bytes.extend_from_slice(&buffer[..room]);
            }
            Err(Errno::EINTR) => {}
            // What was read before an error is still worth showing.
            Err(_) => self.from = None,
        }
    }

    /// Reads until the pipe is empty. Somebody who fills it as fast as it is emptied is heard as long as it is kept.
    fn take_what_is_there(&mut self) {
        while self.bytes.len() < LONGEST
            && let Some(from) = &self.from
            && poll(&mut [PollFd::new(from.as_fd(), PollFlags::POLLIN)], PollTimeout::ZERO)
                .is_ok_and(|ready| ready > 0)
        {
            self.take();
        }
    }

    fn text(self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// Reads what comes, for at most `pause`.
fn listen(pipes: [&mut Heard; 2], pause: Duration) {
    let mut open: Vec<&mut Heard> = pipes.into_iter().filter(|heard| heard.from.is_some()).collect();
    if open.is_empty() {
        return clock::pause(pause);
    }
    let sources = open.iter().filter_map(|heard| heard.from.as_ref());
    let mut sources: Vec<PollFd> = sources.map(|from| PollFd::new(from.as_fd(), PollFlags::POLLIN)).collect();
    let wait = PollTimeout::try_from(pause).unwrap_or(PollTimeout::ZERO);
    if poll(&mut sources, wait).is_err() {
        return clock::pause(pause);
    }
    let ready: Vec<bool> = sources.iter().map(|one| one.any().unwrap_or(true)).collect();
    for (heard, _) in open.iter_mut().zip(ready).filter(|(_, ready)| *ready) {
        heard.take();
    }
}

/// Waits for the program itself; `meanwhile` is called again and again with a time to spend. When it does not end in
/// time it is killed with all that it started in its process group.
fn wait(child: &mut Child, limit: Duration, meanwhile: &mut dyn FnMut(Duration)) -> io::Result<ExitStatus> {
    let deadline = clock::monotonic() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if clock::monotonic() >= deadline {
            let group = Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?);
            // Whoever of the group is gone already is not missed.
            let _ended_already = killpg(group, Signal::SIGKILL);
            child.kill()?;
            child.wait()?;
            return Err(io::Error::new(io::ErrorKind::TimedOut, format!("no end within {limit:?}")));
        }
        meanwhile(Duration::from_millis(2));
    }
}
