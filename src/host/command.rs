//! Runs a program of this machine and reads what it prints.
//!
//! Invariant: the program gets no input, no environment but `PATH` and `LANG`,
//! and a limit of time after which it is killed.

use super::clock;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

/// The search path of programs that we start.
pub const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// No more of what a program prints is kept.
const LONGEST: u64 = 1 << 20;

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
pub fn run(program: &Path, arguments: &[&str], limit: Duration) -> io::Result<Printed> {
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .env("PATH", SEARCH_PATH)
        .env("LANG", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let status = wait(&mut child, limit)?;
    let text = |reader: thread::JoinHandle<String>| reader.join().unwrap_or_default();
    Ok(Printed { status, stdout: text(stdout), stderr: text(stderr) })
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

/// The first file of this name on [`SEARCH_PATH`].
#[must_use]
pub fn find(name: &str) -> Option<std::path::PathBuf> {
    SEARCH_PATH.split(':').map(|folder| Path::new(folder).join(name)).find(|path| path.is_file())
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
