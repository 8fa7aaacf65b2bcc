//! Connections that processes have open at this moment.
//!
//! Invariant: one look at the kernel's tables; what a connection is used for is not known from
//! outside. A process whose descriptors may not be read is an error, never one without
//! connections.

use procfs::net::{TcpState, UnixNetEntry, UnixState};
use procfs::process::{FDTarget, Process};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::path::Path;

/// How many established TCP connections each of these processes has to an address that `wanted`
/// accepts, by pid. A process that is gone has none.
///
/// # Errors
/// `PermissionDenied` where a process of another user may not be looked at, or when the kernel's
/// tables cannot be read.
pub fn connections(pids: &[i32], wanted: impl Fn(SocketAddr) -> bool) -> io::Result<BTreeMap<i32, usize>> {
    let mut counts = BTreeMap::new();
    for &pid in pids {
        let Ok(process) = Process::new(pid) else { continue };
        let Some(own) = sockets(&process)? else { continue };
        // The table of the process's own network, which need not be ours.
        let mut entries = process.tcp().map_err(unreadable)?;
        // A kernel without IPv6 has no such table.
        entries.extend(process.tcp6().unwrap_or_default());
        let open = entries.iter().filter(|entry| {
            entry.state == TcpState::Established && wanted(entry.remote_address) && own.contains(&entry.inode)
        });
        counts.insert(pid, open.count());
    }
    Ok(counts)
}

/// How many connections a unix socket has accepted that are still open, whoever opened them: the
/// kernel does not list which socket is at the other end.
///
/// # Errors
/// When the kernel's table cannot be read.
pub fn accepted(socket: &Path) -> io::Result<usize> {
    let entries = procfs::net::unix().map_err(io::Error::other)?;
    let open = |path: &Option<std::path::PathBuf>| path.as_deref() == Some(socket);
    Ok(entries.iter().filter(|entry| entry.state == UnixState::CONNECTED && open(&entry.path)).count())
}

/// The sockets that accept connections in the network of a process, by inode. The kernel walks all of its tables
/// for that, which takes a tenth of a second where they are large.
///
/// # Errors
/// As [`connections()`].
pub(super) fn listening(pid: i32) -> io::Result<BTreeSet<u64>> {
    let process = Process::new(pid).map_err(unreadable)?;
    let mut entries = process.tcp().map_err(unreadable)?;
    entries.extend(process.tcp6().unwrap_or_default());
    let listens = entries.iter().filter(|entry| entry.state == TcpState::Listen).map(|entry| entry.inode);
    // Of the unix sockets with a path those that were accepted are connected; what is left listens.
    let waits = |entry: &UnixNetEntry| entry.state == UnixState::UNCONNECTED && entry.path.is_some();
    let unix = process.unix().map_err(unreadable)?;
    Ok(listens.chain(unix.into_iter().filter(waits).map(|entry| entry.inode)).collect())
}

/// Whether a process holds one of these sockets. One that is gone holds none.
///
/// # Errors
/// As [`connections()`].
pub(super) fn holds(pid: i32, wanted: &BTreeSet<u64>) -> io::Result<bool> {
    let Ok(process) = Process::new(pid) else { return Ok(false) };
    Ok(sockets(&process)?.is_some_and(|own| !own.is_disjoint(wanted)))
}

/// The sockets that a process has open; `None` when it has ended.
fn sockets(process: &Process) -> io::Result<Option<BTreeSet<u64>>> {
    let descriptors = match process.fd() {
        Ok(descriptors) => descriptors,
        Err(procfs::ProcError::NotFound(_)) => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let inode = |target| match target {
        FDTarget::Socket(inode) => Some(inode),
        _ => None,
    };
    Ok(Some(descriptors.flatten().filter_map(|descriptor| inode(descriptor.target)).collect()))
}

fn unreadable(error: procfs::ProcError) -> io::Error {
    match error {
        procfs::ProcError::PermissionDenied(_) => io::ErrorKind::PermissionDenied.into(),
        other => io::Error::other(other),
    }
}
