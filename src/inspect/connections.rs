//! How many connections NGINX's workers have open to Motion: what a reload
//! leaves behind on old workers.
//!
//! Invariant: one sample, and an upper bound: from outside a WebSocket and an
//! idle keep-alive connection look alike.

use crate::facts::{Facts, UpstreamAddress};
use crate::host::Root;
use crate::host::process::{self, ProcessId};
use crate::outcome::codes;
use crate::outcome::{Finding, counted};
use std::io;
use std::net::SocketAddr;

/// Counts them; nothing where no NGINX runs, or on a tree.
pub fn connections(root: &Root, facts: &Facts) -> Option<Finding> {
    let master = facts.nginx.master.as_ref()?;
    if !root.is_live() {
        return None;
    }
    let id = ProcessId { pid: master.pid, start_time: master.start_time };
    Some(match sample(id, facts) {
        Ok(counts) => told(&counts),
        Err(error) => Finding::new(codes::SESSIONS_CONNECTIONS, "connections to Motion were not counted")
            .evidence(match error.kind() {
                io::ErrorKind::PermissionDenied => "only root sees the workers' sockets".to_owned(),
                _ => error.to_string(),
            }),
    })
}

/// Connections of one worker, or of all of them to a unix socket.
struct Count {
    who: String,
    open: usize,
}

fn sample(master: ProcessId, facts: &Facts) -> io::Result<Vec<Count>> {
    let addresses = facts.site.addresses_of_motion();
    // Old workers, too: that is where WebSockets stay after a reload.
    let pids: Vec<i32> = process::workers(master)?.iter().map(|worker| worker.id.pid).collect();
    let by_worker = process::connections(&pids, |remote| addresses.iter().any(|one| is_at(one, remote)))?;
    let mut counts: Vec<_> =
        by_worker.into_iter().map(|(pid, open)| Count { who: format!("worker {pid}"), open }).collect();
    for address in addresses {
        if let UpstreamAddress::Unix(path) = address {
            let open = process::accepted(path)?;
            counts.push(Count { who: format!("unix:{}, from whoever connects", path.display()), open });
        }
    }
    Ok(counts)
}

/// A name is known by its port: what it resolves to may change.
fn is_at(address: &UpstreamAddress, remote: SocketAddr) -> bool {
    match address {
        UpstreamAddress::Socket(socket) => *socket == remote,
        UpstreamAddress::Name(_, port) | UpstreamAddress::Variable(_, Some(port)) => *port == remote.port(),
        UpstreamAddress::Variable(_, None) | UpstreamAddress::Unix(_) => false,
    }
}

fn told(counts: &[Count]) -> Finding {
    let total: usize = counts.iter().map(|count| count.open).sum();
    let title = match total {
        0 => "no WebSocket is open: NGINX has no connection to Motion at this moment".to_owned(),
        1 => "at most 1 WebSocket is open".to_owned(),
        _ => format!("at most {total} WebSockets are open"),
    };
    let finding = Finding::new(codes::SESSIONS_CONNECTIONS, title).advice(
        "they stay on the old workers after a reload, until they end or worker_shutdown_timeout cuts them",
    );
    let open = counts.iter().filter(|count| count.open > 0);
    finding.evidence_lines(open.map(|count| {
        let open = counted(count.open, "connection");
        format!("{}: {open} to Motion, kept alive or upgraded", count.who)
    }))
}
