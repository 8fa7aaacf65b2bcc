//! Owns the caller's side: starting a sandbox and hearing how it ended.
//! Invariant: on every way out the child is dead and waited for. Must not
//! print; what the job printed is returned.

use super::drain::{self, Heard};
use super::job::clean_environment;
use super::spec::{Capabilities, Ending, Exec, Job, Mode, Order, Program, Report, Spec};
use crate::host::trust::{Executable, inherit};
use nix::fcntl::OFlag;
use nix::unistd::pipe2;
use serde::de::DeserializeOwned;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use thiserror::Error;

/// The hidden subcommand that must lead to [`super::child_main`].
pub const SUBCOMMAND: &str = "sandbox-child";

/// Why there was no sandbox, in words.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refused {
    /// This host (kernel, container, limits) allows none: `host.no-sandbox`.
    #[error("{0}")]
    Unavailable(String),
    /// It allows one, but this one could not be set up or its program started.
    #[error("{0}")]
    Failed(String),
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    pub ending: Ending,
    /// What it wrote, at most 1 MiB of it.
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// Memory that its writes took; `None` when it could not be measured.
    pub upper_bytes: Option<u64>,
    /// What kind of sandbox it was.
    pub mode: Mode,
}

/// How a function ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Called {
    /// How its process ended; its return value is the exit code.
    pub ending: Ending,
    /// What it sent ([`super::ChildContext::send`]).
    pub result: Vec<u8>,
    /// What kind of sandbox it was.
    pub mode: Mode,
}

/// A function that did not get as far as its answer; whatever it was about, the copy is gone.
#[derive(Debug, Error)]
pub enum NoAnswer {
    /// It ended by itself.
    #[error("the private copy ended without a result: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// Somebody asked for it.
    #[error("interrupted; the private copy is gone")]
    Stopped,
    /// Its time was over.
    #[error("the private copy did not end in time, and is gone")]
    TimedOut,
    #[error("the private copy was killed by signal {0}")]
    Killed(i32),
}

impl Called {
    /// What the function answered.
    ///
    /// # Errors
    /// When it did not get that far.
    pub fn answer<T: DeserializeOwned>(&self) -> Result<T, NoAnswer> {
        match self.ending {
            Ending::Exited(_) => Ok(serde_json::from_slice(&self.result)?),
            Ending::Stopped => Err(NoAnswer::Stopped),
            Ending::TimedOut => Err(NoAnswer::TimedOut),
            Ending::Killed(signal) => Err(NoAnswer::Killed(signal)),
        }
    }
}

/// How sandboxes are started.
#[derive(Debug, Clone)]
pub struct Launcher {
    /// The program that knows [`SUBCOMMAND`]. By default this very one, through
    /// a link that also works in a sandbox where its file is not to be seen.
    pub exe: PathBuf,
    /// When set, the job gets SIGTERM, and SIGKILL three seconds later.
    pub stop: Arc<AtomicBool>,
    /// The most that a program gets, whatever a spec says: where the programs
    /// of a whole run are not trusted.
    pub most: Capabilities,
}

impl Default for Launcher {
    fn default() -> Self {
        Self { exe: PathBuf::from("/proc/self/exe"), stop: Arc::default(), most: Capabilities::Nginx }
    }
}

/// Runs a program in a sandbox, with the default [`Launcher`].
///
/// # Errors
/// When there was no sandbox; a program that ran and failed is no error.
pub fn run(spec: &Spec, program: &Program) -> Result<Finished, Refused> {
    Launcher::default().run(spec, program)
}

/// Runs our own function in a sandbox, with the default [`Launcher`].
///
/// # Errors
/// When there was no sandbox; a function that ran and failed is no error.
pub fn call(spec: &Spec, payload: &serde_json::Value) -> Result<Called, Refused> {
    Launcher::default().call(spec, payload)
}

/// Which kind of sandbox this host allows, with the default [`Launcher`].
///
/// # Errors
/// When it allows none.
pub fn probe() -> Result<Mode, Refused> {
    Launcher::default().probe()
}

impl Launcher {
    /// Runs a program; what it prints is captured, its input is empty.
    ///
    /// # Errors
    /// When there was no sandbox; a program that ran and failed is no error.
    pub fn run(&self, spec: &Spec, program: &Program) -> Result<Finished, Refused> {
        let Program { executable, args } = program;
        let job = Job::Exec(Exec {
            image: executable.descriptor(),
            interpreted: executable.is_interpreted(),
            name: executable.name().to_owned(),
            args: args.clone(),
        });
        self.launch(spec, job, Some(executable), Streams::Captured).map(|(finished, _)| finished)
    }

    /// Runs the function given to [`super::child_main`] with this value. Its
    /// output streams are the caller's; what it sends is returned.
    ///
    /// # Errors
    /// When there was no sandbox; a function that ran and failed is no error.
    pub fn call(&self, spec: &Spec, payload: &serde_json::Value) -> Result<Called, Refused> {
        let (finished, result) = self.launch(spec, Job::Call(payload.clone()), None, Streams::Inherited)?;
        Ok(Called { ending: finished.ending, result, mode: finished.mode })
    }

    /// Sets up a sandbox in which nothing runs (about as fast as one that is used).
    ///
    /// # Errors
    /// When this host allows none.
    pub fn probe(&self) -> Result<Mode, Refused> {
        self.launch(&Spec::live(), Job::Nothing, None, Streams::Captured).map(|(finished, _)| finished.mode)
    }

    fn launch(
        &self,
        spec: &Spec,
        job: Job,
        image: Option<&Executable>,
        streams: Streams,
    ) -> Result<(Finished, Vec<u8>), Refused> {
        let failed = |what: &str, cause: &dyn std::fmt::Display| Refused::Failed(format!("{what}: {cause}"));
        let (report, report_end) = pipe2(OFlag::O_CLOEXEC).map_err(|e| failed("opening a pipe", &e))?;
        let (result, result_end) = pipe2(OFlag::O_CLOEXEC).map_err(|e| failed("opening a pipe", &e))?;
        let mut spec = spec.clone();
        if self.most == Capabilities::None {
            spec.capabilities = Capabilities::None;
        }
        let deadline = spec.deadline;
        let order = Order {
            spec,
            job,
            parent: i32::try_from(std::process::id()).map_err(|e| failed("reading the process id", &e))?,
            report: report_end.as_raw_fd(),
            result: result_end.as_raw_fd(),
        };
        let order = serde_json::to_vec(&order).map_err(|e| failed("writing the order", &e))?;
        let child = self
            .start([report_end, result_end], image.cloned(), streams)
            .map_err(|e| Refused::Unavailable(format!("starting `{}`: {e}", self.exe.display())))?;
        let mut child = Guard(child);
        let lifeline = child.0.stdin.take();
        if let Some(mut input) = lifeline.as_ref() {
            // A child that died without reading has said why, or is asked below.
            let length = (order.len() as u64).to_le_bytes();
            let _unread = input.write_all(&length).and_then(|()| input.write_all(&order));
        }
        let heard = drain::hear(&mut child.0, report, result, deadline, &self.stop)
            .map_err(|e| failed("listening to the sandbox", &e))?;
        drop((lifeline, child));
        verdict(heard)
    }

    fn start(&self, ends: [OwnedFd; 2], image: Option<Executable>, streams: Streams) -> io::Result<Child> {
        let mut command = Command::new(&self.exe);
        command.arg0("motionctl").arg(SUBCOMMAND).env_clear().envs(clean_environment());
        command.stdin(Stdio::piped());
        if streams == Streams::Captured {
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
        }
        // Only this child inherits them, not one that another thread forks.
        let pass = move || {
            image.iter().try_for_each(Executable::inherit)?;
            ends.iter().try_for_each(inherit)
        };
        // SAFETY: between fork and exec only fcntl is called, which is safe there.
        unsafe { command.pre_exec(pass) };
        command.spawn()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Streams {
    Captured,
    Inherited,
}

/// Killing the child kills process 1 inside (it asked to die with it), and
/// with that everything.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        // Both fail only when it is gone, which is what is wanted.
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

fn verdict(heard: Heard) -> Result<(Finished, Vec<u8>), Refused> {
    let Heard { report, stdout, stderr, result, late } = heard;
    let (mut mode, mut ended) = (None, None);
    for line in report.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        match serde_json::from_slice(line) {
            Ok(Report::Unavailable(reason)) => return Err(Refused::Unavailable(reason)),
            Ok(Report::Failed(reason)) => return Err(Refused::Failed(reason)),
            Ok(Report::Ready(found)) => mode = Some(found),
            Ok(Report::Ended { ending, upper_bytes }) => ended = Some((ending, upper_bytes)),
            Err(cause) => return Err(Refused::Failed(format!("understanding the sandbox: {cause}"))),
        }
    }
    match (mode, ended, late) {
        (Some(mode), Some((ending, upper_bytes)), _) => {
            Ok((Finished { ending, stdout, stderr, upper_bytes, mode }, result))
        }
        (Some(mode), None, Some(ending)) => {
            Ok((Finished { ending, stdout, stderr, upper_bytes: None, mode }, result))
        }
        (None, _, Some(_)) => Err(Refused::Failed("the sandbox was not ready in time".to_owned())),
        (_, None, None) | (None, Some(_), None) => Err(Refused::Failed(format!(
            "the sandbox ended without a word: {}",
            String::from_utf8_lossy(&stderr).trim()
        ))),
    }
}
