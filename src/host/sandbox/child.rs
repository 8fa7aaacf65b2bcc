//! Owns the process that the launcher starts: it takes the order, enters the
//! namespaces and becomes the parent of their process 1. Invariant: it takes
//! nothing from its arguments, its environment or stray descriptors.

use super::caps::NOBODY;
use super::init::{self, Birth, say, signals};
use super::job::ChildContext;
use super::spec::{Capabilities, Identity, Job, Network, Order, Report};
use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::{Mode, umask};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Gid, Pid, Uid, close, dup2_stdin, fork, getppid, setsid};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

/// Longer orders are nobody's: a staged tree is some megabytes.
const LONGEST: u64 = 1 << 30;

static IS_PRIVATE_COPY: AtomicBool = AtomicBool::new(false);

/// Whether this process works in a private copy: what happens there has not happened to the server.
#[must_use]
pub fn is_private_copy() -> bool {
    IS_PRIVATE_COPY.load(Ordering::SeqCst)
}

/// Runs the hidden subcommand [`super::SUBCOMMAND`] and returns the exit code.
///
/// `run` is the function that [`super::Launcher::call`] calls; it runs inside
/// the sandbox as a child of its process 1, alone in its process.
pub fn child_main(run: impl FnOnce(serde_json::Value, &ChildContext) -> i32) -> i32 {
    IS_PRIVATE_COPY.store(true, Ordering::SeqCst);
    // Without an order there is nobody to report to.
    let Ok((order, mut report, result, lifeline)) = take_order() else { return 64 };
    match enter(&order) {
        Ok((identity, network, notes)) => {
            let Order { spec, job, .. } = order;
            let birth = match report.try_clone() {
                Ok(report) => Birth { spec, job, identity, network, notes, lifeline, report, result },
                Err(cause) => return say(&mut report, &Report::Failed(cause.to_string())),
            };
            multiply(birth, &mut report, run)
        }
        Err(cause) => say(&mut report, &Report::Unavailable(format!("{cause:#}"))),
    }
}

/// Reads the order from the standard input, which stays open as a lifeline:
/// it ends when the process that holds the other end dies.
fn take_order() -> Result<(Order, File, File, OwnedFd)> {
    let mut input = io::stdin().lock();
    let mut length = [0; 8];
    input.read_exact(&mut length).context("reading the length of the order")?;
    let length = u64::from_le_bytes(length);
    if length > LONGEST {
        bail!("the order is too long");
    }
    let mut text = Vec::new();
    input.take(length).read_to_end(&mut text).context("reading the order")?;
    let order: Order = serde_json::from_slice(&text).context("understanding the order")?;
    let image = match &order.job {
        Job::Exec(program) => Some(program.image),
        Job::Nothing | Job::Call(_) => None,
    };
    let passed: Vec<RawFd> = [order.report, order.result].into_iter().chain(image).collect();
    let distinct: BTreeSet<&RawFd> = passed.iter().collect();
    if passed.iter().any(|&descriptor| descriptor < 3) || distinct.len() < passed.len() {
        bail!("the order names wrong descriptors");
    }
    close_others(&[&[0, 1, 2], passed.as_slice()].concat())?;
    // Only what starts the program lets an interpreter have it.
    if let Some(image) = image {
        // SAFETY: it was passed to us for this purpose, and nothing closes it meanwhile.
        let image = unsafe { BorrowedFd::borrow_raw(image) };
        fcntl(image, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).context("closing the program on exec")?;
    }
    let lifeline = io::stdin().as_fd().try_clone_to_owned().context("keeping the lifeline")?;
    dup2_stdin(File::open("/dev/null").context("opening `/dev/null`")?).context("closing the input")?;
    // SAFETY: the launcher passed this descriptor to us for this purpose; it is
    // not a standard one, and adopted once.
    let report = unsafe { File::from_raw_fd(order.report) };
    // SAFETY: as above; the two are different.
    let result = unsafe { File::from_raw_fd(order.result) };
    for file in [&report, &result] {
        fcntl(file, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).context("closing a descriptor on exec")?;
    }
    Ok((order, report, result, lifeline))
}

/// Descriptors that somebody above left open by mistake would let a job reach
/// the live server.
fn close_others(kept: &[RawFd]) -> Result<()> {
    let list: Vec<RawFd> = fs::read_dir("/proc/self/fd")
        .context("listing descriptors")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|descriptor| !kept.contains(descriptor))
        .collect();
    for descriptor in list {
        match close(descriptor) {
            // The one that the list was read through.
            Ok(()) | Err(Errno::EBADF) => {}
            Err(cause) => return Err(cause).context("closing a stray descriptor"),
        }
    }
    Ok(())
}

/// Enters the namespaces. Root uses its own rights; anybody else, and a root
/// without `CAP_SYS_ADMIN`, needs a user namespace, and with it a network of
/// its own: low ports belong to the owner of the network.
fn enter(order: &Order) -> Result<(Identity, Network, Vec<String>)> {
    // Nobody at the terminal may type into the job, and Ctrl-C is for the caller to pass on.
    setsid().context("leaving the terminal")?;
    // Before anything is started: what is born later is born in them.
    for list in &order.spec.cgroups {
        fs::write(list, "0").with_context(|| format!("joining `{}`", list.display()))?;
    }
    // What NGINX makes inside has the modes that it would have on the server, whoever called us.
    umask(Mode::from_bits_truncate(0o022));
    // Process 1 has no default actions: what is not blocked and read would be lost there.
    signals().thread_block().context("blocking signals")?;
    let wanted = match (&order.job, order.spec.capabilities) {
        (Job::Exec(_), Capabilities::None) => Network::Private,
        _ => order.spec.network,
    };
    let common = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWIPC;
    let network =
        |network| if network == Network::Private { CloneFlags::CLONE_NEWNET } else { CloneFlags::empty() };
    let mut notes = Vec::new();
    let entered =
        if Uid::effective().is_root() { unshare(common | network(wanted)) } else { Err(Errno::EPERM) };
    let (identity, network) = match entered {
        Ok(()) => (Identity::Root, wanted),
        Err(Errno::EPERM) => {
            enter_as_user(common | CloneFlags::CLONE_NEWNET)?;
            notes.push("not root on this host: nginx's `user` is not tried".to_owned());
            if wanted == Network::Host {
                notes.push("the network is private: host names cannot be resolved".to_owned());
            }
            (Identity::UserNamespace, Network::Private)
        }
        Err(cause) => return Err(cause).context("unsharing mounts, processes and network"),
    };
    // After the last change of identity: that clears the request.
    set_pdeathsig(Signal::SIGKILL).context("asking to die with the caller")?;
    if getppid() != Pid::from_raw(order.parent) {
        bail!("the caller is gone");
    }
    Ok((identity, network, notes))
}

fn enter_as_user(flags: CloneFlags) -> Result<()> {
    let (uid, gid) = (Uid::effective().as_raw(), Gid::effective().as_raw());
    let inside = |id: u32| if id == 0 { NOBODY } else { id };
    unshare(flags | CloneFlags::CLONE_NEWUSER).context("unsharing a user namespace")?;
    let write = |name: &str, line: String| {
        fs::write(format!("/proc/self/{name}"), line).with_context(|| format!("writing `/proc/self/{name}`"))
    };
    // Only then may an ordinary user map a group.
    write("setgroups", "deny".to_owned())?;
    write("uid_map", format!("{} {uid} 1", inside(uid)))?;
    write("gid_map", format!("{} {gid} 1", inside(gid)))
}

/// The first process that is forked after `unshare` is the new namespace's
/// process 1; this one only waits for it and passes signals on.
fn multiply(
    birth: Birth,
    report: &mut File,
    run: impl FnOnce(serde_json::Value, &ChildContext) -> i32,
) -> i32 {
    // SAFETY: this process has one thread, so the child may do anything.
    match unsafe { fork() } {
        Ok(ForkResult::Child) => init::live(birth, run),
        Ok(ForkResult::Parent { child }) => {
            drop(birth);
            attend(child)
        }
        Err(cause) => say(report, &Report::Unavailable(format!("starting process 1: {cause}"))),
    }
}

fn attend(child: Pid) -> i32 {
    loop {
        match signals().wait() {
            Ok(Signal::SIGCHLD) => {}
            // It may have ended in this moment; then SIGCHLD is next.
            Ok(signal) => drop(kill(child, signal)),
            Err(_) => {}
        }
        match waitpid(child, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(_, code)) => return code,
            Ok(WaitStatus::StillAlive) | Err(Errno::EINTR) => {}
            _ => return 1,
        }
    }
}
