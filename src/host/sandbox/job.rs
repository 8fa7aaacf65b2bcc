//! Owns starting what runs inside. Invariant: a program gets no descriptor but
//! 0, 1 and 2, and only the capabilities of the spec. Must not wait for it.

use super::caps::drop_to;
use super::spec::{Capabilities, Job, Mode, Program};
use anyhow::{Context, Result};
use nix::sys::signal::SigSet;
use nix::unistd::{ForkResult, Pid, fork};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

/// What a function that runs inside knows about its surroundings.
#[derive(Debug)]
pub struct ChildContext {
    /// What kind of sandbox this is.
    pub mode: Mode,
    result: File,
}

impl ChildContext {
    /// Hands bytes to the caller outside; they are joined in order.
    ///
    /// # Errors
    /// When the caller is gone.
    pub fn send(&self, bytes: &[u8]) -> io::Result<()> {
        (&self.result).write_all(bytes)
    }
}

/// A job that was made ready while the host could still be seen.
#[derive(Debug)]
pub(super) struct Prepared {
    job: Job,
    /// The binary of a running process; its `/proc` entry is not visible inside.
    image: Option<OwnedFd>,
    result: File,
}

impl Prepared {
    pub(super) fn new(job: Job, result: File) -> Result<Self> {
        let image = match &job {
            Job::Exec(program) if program.path.starts_with("/proc") => {
                Some(super::mounts::name(&program.path)?)
            }
            _ => None,
        };
        Ok(Self { job, image, result })
    }

    /// Starts the job; `None` when there is nothing to run.
    pub(super) fn start<F>(self, mode: Mode, capabilities: Capabilities, run: F) -> Result<Option<Pid>>
    where
        F: FnOnce(serde_json::Value, &ChildContext) -> i32,
    {
        match self.job {
            Job::Nothing => Ok(None),
            Job::Exec(program) => exec(&program, self.image.as_ref(), capabilities).map(Some),
            Job::Call(payload) => {
                let context = ChildContext { mode, result: self.result };
                call(payload, &context, run).map(Some)
            }
        }
    }
}

fn exec(program: &Program, image: Option<&OwnedFd>, capabilities: Capabilities) -> Result<Pid> {
    let path = image.map_or_else(|| program.path.clone(), super::mounts::path_of);
    let mut command = Command::new(&path);
    command.args(&program.args).arg0(&program.path).current_dir("/");
    // SAFETY: this process has one thread, so a lock held by another cannot
    // survive the fork; the closure calls only the kernel.
    unsafe { command.pre_exec(drop_to(capabilities)) };
    let child = command.spawn().with_context(|| format!("starting `{}`", program.path.display()))?;
    Ok(Pid::from_raw(i32::try_from(child.id()).context("reading a process id")?))
}

fn call<F>(payload: serde_json::Value, context: &ChildContext, run: F) -> Result<Pid>
where
    F: FnOnce(serde_json::Value, &ChildContext) -> i32,
{
    // SAFETY: this process has one thread, so the child may do anything.
    match unsafe { fork() }.context("starting a process")? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            SigSet::empty().thread_set_mask().context("unblocking signals")?;
            std::process::exit(run(payload, context));
        }
    }
}

/// The folder that programs inside are looked for in.
pub(super) fn clean_environment() -> [(&'static str, PathBuf); 2] {
    [
        ("LANG", PathBuf::from("C")),
        ("PATH", PathBuf::from("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")),
    ]
}
