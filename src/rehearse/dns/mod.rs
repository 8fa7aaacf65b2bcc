//! A stand-in name server, for NGINX's `resolver` ignores `/etc/hosts`.
//!
//! Invariant: it answers from its map alone, forwards nothing, and survives
//! any packet. It must not listen outside the address it was given.

mod message;

use crate::host::listen;
use crate::host::listen::{Listener, Stream};
use anyhow::{Context, Result};
pub use message::Zone;
use std::io::{Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use std::{io, thread};

/// How long a waiting thread goes without looking whether it should stop.
const TICK: Duration = Duration::from_millis(50);

/// How long a client may take over one query on TCP.
const TCP_LIMIT: Duration = Duration::from_secs(1);

/// A running name server; it stops when dropped.
#[derive(Debug)]
pub struct DnsStandIn {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    queries: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

impl DnsStandIn {
    /// Answers on UDP and TCP at `address`; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address is not this machine's or the port is taken.
    pub fn start(address: SocketAddr, zone: Zone) -> Result<Self> {
        let (udp, tcp) = bind(address).with_context(|| format!("starting a name server on {address}"))?;
        let address = udp.local_addr().context("reading a bound address")?;
        let stop = Arc::new(AtomicBool::new(false));
        let queries = Arc::new(AtomicU64::new(0));
        let zone = Arc::new(zone);
        let over_udp = {
            let (stop, queries, zone) = (stop.clone(), queries.clone(), zone.clone());
            thread::spawn(move || serve_udp(&udp, &zone, &stop, &queries))
        };
        let over_tcp = {
            let (stop, queries) = (stop.clone(), queries.clone());
            thread::spawn(move || serve_tcp(&tcp, &zone, &stop, &queries))
        };
        Ok(Self { address, stop, queries, threads: vec![over_udp, over_tcp] })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many queries it has answered.
    #[must_use]
    pub fn queries(&self) -> u64 {
        self.queries.load(Ordering::Relaxed)
    }
}

impl Drop for DnsStandIn {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // A panic of the thread is a defect of its own; stopping must not add one.
            let _ended = thread.join();
        }
    }
}

/// Binds both protocols to one port. With port 0 the port that UDP was given
/// may be taken on TCP, so a few are tried.
fn bind(address: SocketAddr) -> Result<(UdpSocket, Listener)> {
    let mut attempts = if address.port() == 0 { 16 } else { 1 };
    loop {
        attempts -= 1;
        let udp = listen::udp(address, TICK)?;
        match Listener::tcp(udp.local_addr()?) {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) if attempts == 0 => return Err(error),
            Err(_) => {}
        }
    }
}

fn serve_udp(socket: &UdpSocket, zone: &Zone, stop: &AtomicBool, queries: &AtomicU64) {
    let mut packet = [0; 1_500];
    while !stop.load(Ordering::Relaxed) {
        match socket.recv_from(&mut packet) {
            Ok((length, client)) => {
                if let Some(reply) = message::reply(&packet[..length], zone) {
                    queries.fetch_add(1, Ordering::Relaxed);
                    // A client that is gone asks no more; the next one counts.
                    let _sent = socket.send_to(&reply, client);
                }
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            // An ICMP error of an earlier reply shows up here; it passes.
            Err(_) => thread::sleep(TICK),
        }
    }
}

fn serve_tcp(listener: &Listener, zone: &Zone, stop: &AtomicBool, queries: &AtomicU64) {
    while !stop.load(Ordering::Relaxed) {
        match listener.accept(TICK) {
            Ok(Some(mut stream)) => {
                if answer_tcp(&mut stream, zone).is_ok() {
                    queries.fetch_add(1, Ordering::Relaxed);
                }
            }
            Ok(None) => {}
            Err(_) => thread::sleep(TICK),
        }
    }
}

/// One query a connection (RFC 7766 allows the server to close after it).
fn answer_tcp(stream: &mut Stream, zone: &Zone) -> io::Result<()> {
    stream.set_timeout(TCP_LIMIT)?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut packet = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut packet)?;
    let reply = message::reply(&packet, zone).ok_or(io::ErrorKind::InvalidData)?;
    let length = u16::try_from(reply.len()).map_err(|_| io::ErrorKind::InvalidData)?;
    stream.write_all(&length.to_be_bytes())?;
    stream.write_all(&reply)
}
