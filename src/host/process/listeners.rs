//! Who listens on TCP ports.
//!
//! Invariant: only this network namespace is seen. A listener whose process may not be
//! looked at has unknown owners, never none.

use super::{ProcessId, command_of};
use crate::host::system::accounts::Accounts;
use crate::values::escape;
use procfs::net::{TcpNetEntry, TcpState};
use procfs::process::FDTarget;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;

/// A socket that accepts connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    pub address: SocketAddr,
    /// The processes that hold it.
    pub owners: Owners,
}

/// The processes that hold a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owners {
    Known(Vec<Owner>),
    /// The processes of other users may not be looked at.
    Unknown,
}

/// A process that holds a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pub id: ProcessId,
    /// Its parent's pid: a worker's is its master.
    pub parent: i32,
    /// What it calls itself, escaped.
    pub title: String,
    /// The user it runs as, with the name where it has one.
    pub user: String,
    /// Its program, escaped; `None` when that may not be read.
    pub program: Option<String>,
}

/// Every listener on a port that is `wanted`, IPv4 before IPv6. The processes are looked at once for all of them.
///
/// # Errors
/// When the kernel's tables cannot be read.
pub fn listeners(wanted: impl Fn(u16) -> bool) -> io::Result<Vec<Listener>> {
    let listening =
        |entry: &TcpNetEntry| entry.state == TcpState::Listen && wanted(entry.local_address.port());
    let mut entries = procfs::net::tcp().map_err(io::Error::other)?;
    // A kernel without IPv6 has no such table.
    entries.extend(procfs::net::tcp6().unwrap_or_default());
    entries.retain(listening);
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let mut holders = holders(&entries)?;
    let owned = |entry: TcpNetEntry| Listener {
        address: entry.local_address,
        owners: holders.remove(&entry.inode).map_or(Owners::Unknown, Owners::Known),
    };
    Ok(entries.into_iter().map(owned).collect())
}

fn holders(entries: &[TcpNetEntry]) -> io::Result<BTreeMap<u64, Vec<Owner>>> {
    let mut found: BTreeMap<u64, Vec<Owner>> = BTreeMap::new();
    let accounts = Accounts::of_this_machine();
    for process in procfs::process::all_processes().map_err(io::Error::other)?.flatten() {
        let (Ok(stat), Ok(descriptors)) = (process.stat(), process.fd()) else { continue };
        for descriptor in descriptors.flatten() {
            let FDTarget::Socket(inode) = descriptor.target else { continue };
            if !entries.iter().any(|entry| entry.inode == inode) {
                continue;
            }
            let owner = Owner {
                id: ProcessId { pid: stat.pid, start_time: stat.starttime },
                parent: stat.ppid,
                title: escape(command_of(stat.pid).unwrap_or_default().trim_ascii_end()),
                user: process.status().map_or_else(|_| "unknown".to_owned(), |it| accounts.user(it.ruid)),
                program: process.exe().ok().map(|path| escape(path.as_os_str().as_bytes())),
            };
            let owners = found.entry(inode).or_default();
            if !owners.contains(&owner) {
                owners.push(owner);
            }
        }
    }
    Ok(found)
}
