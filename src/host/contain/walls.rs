//! Owns what the program's process gives up before it becomes the program. Invariant: it only ever lowers, and any step
//! that fails ends the process: a script without its walls must not run.

use super::filter::Filters;
use super::{Limits, Order};
use anyhow::{Context, Result};
use caps::{CapSet, Capability, CapsHashSet};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::{set_dumpable, set_no_new_privs};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::SigSet;
use nix::sys::stat::{Mode, umask};
use nix::unistd::{chdir, dup2_stderr, dup2_stdin, dup2_stdout, execve, read, setsid, write};
use std::ffi::CString;
use std::fs::{self, File};
use std::os::fd::OwnedFd;

/// What a package's script needs: give files away, become another user, signal its own children, listen. Not to
/// mount, trace, load modules, set clocks, make devices, or reach the network's settings.
const KEPT: [Capability; 9] = [
    Capability::CAP_CHOWN,
    Capability::CAP_DAC_OVERRIDE,
    Capability::CAP_FOWNER,
    Capability::CAP_FSETID,
    Capability::CAP_KILL,
    Capability::CAP_NET_BIND_SERVICE,
    Capability::CAP_SETFCAP,
    Capability::CAP_SETGID,
    Capability::CAP_SETUID,
];

/// So that a program that needs all the memory there is dies before anything of the server does.
const FIRST_TO_DIE: &str = "1000";
/// The server's own work goes first.
const PATIENCE: i32 = 10;

/// What the program's process says before it is the program.
pub(super) const ALONE: u8 = b'u';
/// The same, where there is no user namespace to be had.
pub(super) const AMONG_US: u8 = b'n';

/// Everything that is needed after the fork, made before it.
pub(super) struct Walls<'a> {
    pub(super) order: &'a Order,
    pub(super) filters: &'a Filters,
    pub(super) output: OwnedFd,
}

/// Becomes the program. Returns only with an error; `say` and `hear` are the way to who writes the user namespace's map.
pub(super) fn become_program(walls: Walls<'_>, say: &OwnedFd, hear: &OwnedFd) -> Result<()> {
    let Walls { order, filters, output } = walls;
    setsid().context("leaving the session")?;
    umask(Mode::from_bits_truncate(0o022));
    dup2_stdin(File::open("/dev/null")?).context("closing the input")?;
    dup2_stdout(&output).context("turning the output")?;
    dup2_stderr(&output).context("turning the output")?;
    // Refused only where it is lower already.
    let _higher = fs::write("/proc/self/oom_score_adj", FIRST_TO_DIE);
    nice();
    // In a user namespace of its own uid 0 is still the owner of root's files, and has no right over the machine
    // whatever it may come to have: each of the kernel's own doors asks for a capability of the first namespace.
    let alone = unshare(CloneFlags::CLONE_NEWUSER).is_ok();
    write(say, &[if alone { ALONE } else { AMONG_US }]).context("asking for the map")?;
    let mut answer = [0];
    read(hear, &mut answer).context("waiting for the map")?;
    if answer != [ALONE] && answer != [AMONG_US] {
        anyhow::bail!("the user namespace could not be set up");
    }
    limit(order.limits)?;
    lower().context("giving up capabilities")?;
    set_no_new_privs().context("giving up new privileges")?;
    filters.apply().context("filtering system calls")?;
    chdir(&order.folder).with_context(|| format!("entering `{}`", order.folder.display()))?;
    SigSet::empty().thread_set_mask().context("unblocking signals")?;
    let text = |text: &String| CString::new(text.as_bytes()).context("a word holds a zero byte");
    let arguments: Vec<CString> = order.command.iter().map(text).collect::<Result<_>>()?;
    let environment = order.environment.iter().map(|(name, value)| text(&format!("{name}={value}")));
    let environment: Vec<CString> = environment.collect::<Result<_>>()?;
    let program = arguments.first().context("there is nothing to run")?;
    execve(program, &arguments, &environment).with_context(|| format!("starting {program:?}"))?;
    Ok(())
}

/// Nobody below looks into the processes that hold the walls.
pub(super) fn hide() -> Result<()> {
    set_dumpable(false).context("hiding from the program")
}

fn nice() {
    // SAFETY: takes a number and returns one; a refusal changes nothing.
    let _as_before = unsafe { nix::libc::nice(PATIENCE) };
}

fn limit(limits: Limits) -> Result<()> {
    let mut all = vec![
        (Resource::RLIMIT_CORE, 0),
        (Resource::RLIMIT_FSIZE, limits.disk),
        (Resource::RLIMIT_NOFILE, 4096),
        (Resource::RLIMIT_MSGQUEUE, 0),
        // Binds other users only: the kernel never counts uid 0.
        (Resource::RLIMIT_NPROC, limits.processes),
    ];
    if !limits.grouped {
        all.push((Resource::RLIMIT_AS, limits.memory));
    }
    all.into_iter().try_for_each(|(what, most)| {
        let (_, hard) = nix::sys::resource::getrlimit(what).context("reading a limit")?;
        let most = most.min(hard);
        setrlimit(what, most, most).context("setting a limit")
    })
}

fn lower() -> Result<()> {
    let held = caps::read(None, CapSet::Permitted)?;
    let kept: CapsHashSet = KEPT.into_iter().filter(|one| held.contains(one)).collect();
    for one in caps::all() {
        // A kernel older than our list does not have all of it.
        if !kept.contains(&one)
            && let Ok(true) = caps::has_cap(None, CapSet::Bounding, one)
        {
            caps::drop(None, CapSet::Bounding, one)?;
        }
    }
    // Unknown before Linux 4.3, and then empty.
    let _unknown = caps::clear(None, CapSet::Ambient);
    caps::clear(None, CapSet::Inheritable)?;
    caps::set(None, CapSet::Effective, &kept)?;
    caps::set(None, CapSet::Permitted, &kept)?;
    Ok(())
}
