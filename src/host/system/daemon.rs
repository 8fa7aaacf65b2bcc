//! Starts a program that goes on in the background by itself.
//!
//! Invariant: the program was judged ([`Executable`]) and has only the
//! capabilities that it was given, no input and a clean environment.

use super::clock;
use crate::host::process::command;
use crate::host::sandbox::{Capabilities, drop_to};
use crate::host::trust::Executable;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::time::Duration;

/// What became of the program that was started.
#[derive(Debug)]
pub enum Started {
    /// It went into the background: its first process ended well.
    Detached,
    /// It stays in the foreground and runs.
    Foreground(Child),
    /// It ended with an error; what it printed.
    Failed(String),
}

/// Starts `program` and waits until it has gone into the background, or until
/// `limit` when it stays in the foreground.
///
/// # Errors
/// When it cannot be started.
#[expect(unsafe_code, reason = "capabilities are dropped between fork and exec")]
pub fn start(
    program: &Executable,
    arguments: &[String],
    capabilities: Capabilities,
    limit: Duration,
) -> io::Result<Started> {
    let mut started = command::command(program);
    started.args(arguments).stdout(Stdio::null()).stderr(Stdio::piped());
    // SAFETY: the closure only makes system calls; all that it needs was
    // allocated and looked up when `drop_to` was called, before the fork.
    unsafe { started.pre_exec(drop_to(capabilities)) };
    let mut child = started.spawn()?;
    let deadline = clock::monotonic() + limit;
    while clock::monotonic() < deadline {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(Started::Detached),
            Some(_) => {
                return Ok(Started::Failed(command::what_is_there(child.stderr.take().map(Into::into))));
            }
            None => clock::pause(Duration::from_millis(2)),
        }
    }
    Ok(Started::Foreground(child))
}
