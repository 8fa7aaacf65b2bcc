//! Owns process 1 of the namespace in which the program lives. Invariant: the program cannot end it, look into it or
//! leave it; it reaps, tells how the program ended, and with it everything below ends. Single-threaded.

use super::Order;
use super::filter::Filters;
use super::walls::{ALONE, AMONG_US, Walls, become_program, hide};
use crate::host::sandbox::fresh_proc;
use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, pipe2, read, write};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::Write as _;
use std::os::fd::OwnedFd;

/// What process 1 says, one JSON line each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Word {
    /// The program runs; whether it has a user namespace to itself.
    Started { alone: bool },
    /// It could not be started.
    Failed(String),
    /// It ended by itself.
    Exited(i32),
    /// A signal ended it.
    Killed(i32),
}

/// The ends that process 1 is given.
pub(super) struct Ends {
    pub(super) output: OwnedFd,
    pub(super) words: OwnedFd,
    /// Ends when everything shall end.
    pub(super) life: OwnedFd,
}

/// Starts it as a child of this process, whose next children live in the new namespace.
pub(super) fn start(order: &Order, filters: &Filters, ends: Ends) -> Result<Pid> {
    unshare(CloneFlags::CLONE_NEWPID).context("unsharing processes")?;
    // SAFETY: this process has one thread, so the child may do anything.
    match unsafe { fork() }.context("starting a process")? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            live(order, filters, ends);
            std::process::exit(0);
        }
    }
}

fn live(order: &Order, filters: &Filters, ends: Ends) {
    let mut words = File::from(ends.words);
    let started = prepare().and_then(|()| start_program(order, filters, ends.output));
    match started {
        Ok((program, alone)) => {
            say(&mut words, &Word::Started { alone });
            say(&mut words, &reap(program));
        }
        Err(cause) => say(&mut words, &Word::Failed(format!("{cause:#}"))),
    }
    drop(words);
    // Until then daemons that it left can be counted from above.
    let _ended = read(&ends.life, &mut [0]);
}

fn say(words: &mut File, word: &Word) {
    let line = serde_json::to_string(word).map(|line| line + "\n").unwrap_or_default();
    // Nobody hears it only when everything ends.
    let _unheard = words.write_all(line.as_bytes());
}

fn prepare() -> Result<()> {
    set_pdeathsig(Signal::SIGKILL).context("asking to die with the parent")?;
    hide()?;
    let apart = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWUTS | CloneFlags::CLONE_NEWIPC;
    unshare(apart).context("unsharing mounts, names and message queues")?;
    fresh_proc()
}

/// Starts the program, and gives its user namespace all the users that this one has, each as itself.
fn start_program(order: &Order, filters: &Filters, output: OwnedFd) -> Result<(Pid, bool)> {
    let (hear, say) = pipe2(OFlag::O_CLOEXEC).context("opening a pipe")?;
    let (wait, answer) = pipe2(OFlag::O_CLOEXEC).context("opening a pipe")?;
    // SAFETY: as above.
    let program = match unsafe { fork() }.context("starting a process")? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            drop((hear, answer));
            let walls = Walls { order, filters, output };
            if let Err(cause) = become_program(walls, &say, &wait) {
                let _unheard = write(&say, format!("{cause:#}").as_bytes());
            }
            std::process::exit(126);
        }
    };
    drop((say, wait, output));
    let mut asked = [0];
    if read(&hear, &mut asked).context("hearing of the program")? != 1 {
        bail!("the program's process ended before it began");
    }
    let alone = match asked[0] {
        ALONE => {
            map(program)?;
            true
        }
        AMONG_US => false,
        // An error that came before the question.
        _ => bail!("{}{}", char::from(asked[0]), rest(&hear)),
    };
    write(&answer, &asked).context("answering the program")?;
    // Closed by becoming the program; anything before that is why it did not.
    let failed = rest(&hear);
    if !failed.is_empty() {
        bail!("{failed}");
    }
    Ok((program, alone))
}

fn rest(from: &OwnedFd) -> String {
    let (mut text, mut buffer) = (Vec::new(), [0; 512]);
    while let Ok(count @ 1..) = read(from, &mut buffer) {
        text.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Only who is outside of the namespace may map more than one user.
fn map(program: Pid) -> Result<()> {
    for list in ["uid_map", "gid_map"] {
        let ours = fs::read_to_string(format!("/proc/self/{list}")).context("reading who there is")?;
        let extents = ours.lines().filter_map(|line| {
            let mut fields = line.split_whitespace();
            let (first, _, count) = (fields.next()?, fields.next()?, fields.next()?);
            Some(format!("{first} {first} {count}\n"))
        });
        let extents: String = extents.collect();
        fs::write(format!("/proc/{program}/{list}"), extents).with_context(|| format!("writing `{list}`"))?;
    }
    Ok(())
}

/// Reaps whoever dies, until the program itself does.
fn reap(program: Pid) -> Word {
    loop {
        match waitpid(None::<Pid>, None) {
            Ok(WaitStatus::Exited(pid, code)) if pid == program => return Word::Exited(code),
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == program => return Word::Killed(signal as i32),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(cause) => return Word::Failed(format!("waiting for the program: {cause}")),
        }
    }
}
