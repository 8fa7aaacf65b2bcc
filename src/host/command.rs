//! Runs a program of this machine and reads what it prints, or lets it be read.
//!
//! Invariant: the program was judged ([`Executable`]) and is executed through its descriptor. It gets no input
//! and no environment but `PATH` and `LANG` unless it is told something, and a limit of time after which it is killed.

use super::clock;
use super::sandbox::{Capabilities, drop_to};
use super::trust::Executable;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

/// The search path of programs that we start.
pub const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// No more of what a program prints is kept.
const LONGEST: u64 = 1 << 20;

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
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
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
    let mut child = command.spawn()?;
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let status = wait(&mut child, limit)?;
    let text = |reader: thread::JoinHandle<String>| reader.join().unwrap_or_default();
    Ok(Printed { status, stdout: text(stdout), stderr: text(stderr) })
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
    let group = Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?);
    let ended = wait(&mut child, limit);
    if ended.is_err() {
        // Whoever of the group is gone already is not missed.
        let _ended_already = killpg(group, Signal::SIGKILL);
    }
    ended
}

/// A program with nothing of ours but its descriptor where an interpreter needs it.
#[expect(unsafe_code, reason = "a descriptor is handed over between fork and exec")]
pub(super) fn command(program: &Executable) -> Command {
    let mut command = Command::new(program.image());
    command.arg0(program.name()).current_dir("/").stdin(Stdio::null());
    command.env_clear().env("PATH", SEARCH_PATH).env("LANG", "C");
    // SAFETY: the closure only calls fcntl on a descriptor that it keeps open.
    unsafe { command.pre_exec(program.hand_over()) };
    command
}

/// What a process that has ended wrote to a pipe, at most 1 MiB of it.
pub(super) fn read_all(pipe: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // What was read before an error is still worth showing.
        let _ = pipe.take(LONGEST).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || read_all(pipe))
}

fn wait(child: &mut Child, limit: Duration) -> io::Result<ExitStatus> {
    let deadline = clock::monotonic() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if clock::monotonic() >= deadline {
            child.kill()?;
            child.wait()?;
            return Err(io::Error::new(io::ErrorKind::TimedOut, format!("no end within {limit:?}")));
        }
        clock::pause(Duration::from_millis(2));
    }
}
