//! Owns starting what runs inside. Invariant: a program gets no descriptor but
//! 0, 1 and 2, and only the capabilities of the spec. Must not wait for it.

use super::caps::drop_to;
use super::layers::Layers;
use super::spec::{Capabilities, Exec, Job, Mode};
use crate::host::trust::{SEARCH_PATH, inherit};
use anyhow::{Context, Result};
use nix::sys::signal::SigSet;
use nix::unistd::{ForkResult, Pid, fork};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

/// What a function that runs inside knows about its surroundings.
#[derive(Debug)]
pub struct ChildContext {
    /// What kind of sandbox this is.
    pub mode: Mode,
    /// What is laid over the machine, for a spec that shows it.
    pub layers: Layers,
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
    result: File,
}

impl Prepared {
    pub(super) fn new(job: Job, result: File) -> Self {
        Self { job, result }
    }

    /// Starts the job; `None` when there is nothing to run.
    pub(super) fn start<F>(
        self,
        mode: Mode,
        layers: Layers,
        capabilities: Capabilities,
        run: F,
    ) -> Result<Option<Pid>>
    where
        F: FnOnce(serde_json::Value, &ChildContext) -> i32,
    {
        match self.job {
            Job::Nothing => Ok(None),
            Job::Exec(program) => exec(&program, capabilities).map(Some),
            Job::Call(payload) => {
                let context = ChildContext { mode, layers, result: self.result };
                call(payload, &context, run).map(Some)
            }
        }
    }
}

/// What the caller judged and held open, whatever has its name in here.
fn exec(program: &Exec, capabilities: Capabilities) -> Result<Pid> {
    // SAFETY: `take_order` kept this descriptor open and checked it; nobody
    // else in this process uses or closes it.
    let image = unsafe { OwnedFd::from_raw_fd(program.image) };
    let mut command = Command::new(super::mounts::path_of(&image));
    command.args(&program.args).arg0(&program.name).current_dir("/");
    // SAFETY: this process has one thread, so a lock held by another cannot
    // survive the fork; the closure calls only the kernel.
    unsafe { command.pre_exec(drop_to(capabilities)) };
    if program.interpreted {
        // SAFETY: as above. The interpreter opens it by its number.
        unsafe { command.pre_exec(move || inherit(&image)) };
    }
    let child = command.spawn().with_context(|| format!("starting `{}`", program.name.display()))?;
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

/// The language of programs inside, and the folders that they are looked for in.
pub(super) fn clean_environment() -> [(&'static str, PathBuf); 2] {
    [("LANG", PathBuf::from("C")), ("PATH", PathBuf::from(SEARCH_PATH))]
}
