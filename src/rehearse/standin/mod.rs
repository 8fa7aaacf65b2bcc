//! Stand-in upstreams: what the configuration proxies to, without Motion.
//!
//! Invariant: answers depend on the role, the address and the request alone,
//! so that two probes of one route agree and two routes differ. A stand-in
//! ends when dropped, with every connection of it. It must not proxy, read
//! files, or keep what it is sent.

mod answer;
mod request;

use crate::host::http::accept_for;
use crate::host::listen::{Listener, Stream};
use crate::verify::certificate::Certificate;
pub use answer::Role;
use answer::{Answer, answer};
use anyhow::Result;
use request::{Head, Persistence};
use std::collections::BTreeMap;
use std::io::{BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use std::{io, thread};

/// The same request gets the same bytes at any time, and says so as a file does.
const NEVER_MODIFIED: &str = "Thu, 01 Jan 1970 00:00:00 GMT";

/// How long the accepting thread waits before it looks whether it should stop.
const TICK: Duration = Duration::from_millis(50);

/// How long a connection may be idle, as NGINX's upstream `keepalive` leaves it.
const IDLE_LIMIT: Duration = Duration::from_secs(120);

/// Connections at once; more are closed unanswered.
const CONNECTION_CAP: usize = 256;

/// A running stand-in; it stops when dropped.
#[derive(Debug)]
pub struct StandIn {
    shared: Arc<Shared>,
    address: Option<SocketAddr>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    requests: AtomicU64,
    live: Mutex<BTreeMap<u64, Stream>>,
}

/// What is spoken on an accepted connection.
enum Speech {
    Http {
        role: Role,
        name: String,
    },
    Tls {
        role: Role,
        name: String,
        config: Arc<rustls::ServerConfig>,
    },
    /// Accepted and closed: FastCGI, uwsgi, SCGI, gRPC and memcached upstreams
    /// answer 502 through NGINX, the same before and after.
    Hangup,
}

impl StandIn {
    /// An HTTP/1.1 upstream at `address` (`proxy_pass http://…`); port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn http(address: SocketAddr, role: Role) -> Result<Self> {
        let listener = Listener::tcp(address)?;
        let name = bound_name(&listener, address);
        Self::start(listener, Speech::Http { role, name })
    }

    /// An HTTP/1.1 upstream on a unix socket (`proxy_pass http://unix:…`).
    ///
    /// # Errors
    /// When the path cannot be bound.
    pub fn unix(path: &Path, role: Role) -> Result<Self> {
        let name = format!("unix:{}", path.display());
        Self::start(Listener::unix(path)?, Speech::Http { role, name })
    }

    /// An HTTPS upstream (`proxy_pass https://…`) with a throw-away certificate.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn https(address: SocketAddr, role: Role, certificate: &Certificate) -> Result<Self> {
        let config = Arc::new(certificate.server_config()?);
        let listener = Listener::tcp(address)?;
        let name = bound_name(&listener, address);
        Self::start(listener, Speech::Tls { role, name, config })
    }

    /// An upstream that speaks something other than HTTP/1.1: every connection
    /// is accepted and closed.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn hangup(address: SocketAddr) -> Result<Self> {
        Self::start(Listener::tcp(address)?, Speech::Hangup)
    }

    /// The TCP address it listens on.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// How many requests it has answered (connections, for one that hangs up).
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    fn start(listener: Listener, speech: Speech) -> Result<Self> {
        let shared = Arc::new(Shared::default());
        let address = listener.tcp_address();
        let for_thread = shared.clone();
        let acceptor = thread::Builder::new()
            .name("stand-in".to_owned())
            .spawn(move || accept_all(&listener, &speech, &for_thread))?;
        Ok(Self { shared, address, acceptor: Some(acceptor) })
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(acceptor) = self.acceptor.take() {
            // A panic of the thread is a defect of its own; stopping must not add one.
            let _ended = acceptor.join();
        }
    }
}

fn bound_name(listener: &Listener, asked: SocketAddr) -> String {
    listener.tcp_address().unwrap_or(asked).to_string()
}

/// Serves connections, each on a thread, until told to stop; then cuts them
/// and waits for their threads.
fn accept_all(listener: &Listener, speech: &Speech, shared: &Shared) {
    thread::scope(|scope| {
        let mut next_id = 0;
        while !shared.stop.load(Ordering::Relaxed) {
            let stream = match listener.accept(TICK) {
                Ok(Some(stream)) => stream,
                Ok(None) => continue,
                // Out of descriptors, most likely: it passes when connections end.
                Err(_) => {
                    thread::sleep(TICK);
                    continue;
                }
            };
            let Ok(handle) = stream.try_clone() else { continue };
            let mut live = shared.live.lock().expect("no holder of this lock panics");
            if live.len() >= CONNECTION_CAP {
                continue;
            }
            next_id += 1;
            let id = next_id;
            live.insert(id, handle);
            drop(live);
            scope.spawn(move || {
                // A client that breaks off is the client's business.
                let _ended = serve(stream, speech, shared);
                shared.live.lock().expect("no holder of this lock panics").remove(&id);
            });
        }
        for stream in shared.live.lock().expect("no holder of this lock panics").values() {
            stream.shutdown();
        }
    });
}

fn serve(stream: Stream, speech: &Speech, shared: &Shared) -> io::Result<()> {
    stream.set_timeout(IDLE_LIMIT)?;
    match speech {
        Speech::Http { role, name } => serve_http(stream, *role, name, &shared.requests),
        Speech::Tls { role, name, config } => {
            let tls = rustls::ServerConnection::new(config.clone()).map_err(io::Error::other)?;
            serve_http(rustls::StreamOwned::new(tls, stream), *role, name, &shared.requests)
        }
        Speech::Hangup => {
            shared.requests.fetch_add(1, Ordering::Relaxed);
            stream.shutdown();
            Ok(())
        }
    }
}

fn serve_http(connection: impl Read + Write, role: Role, name: &str, requests: &AtomicU64) -> io::Result<()> {
    let mut reader = BufReader::new(connection);
    while let Some(head) = request::read_head(&mut reader)? {
        requests.fetch_add(1, Ordering::Relaxed);
        if let Some(key) = &head.websocket_key {
            return upgrade(&mut reader, key);
        }
        if head.expects_continue {
            reader.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        request::drain(&mut reader, head.body)?;
        let reply = render(&answer(role, name, &head.method, &head.target), &head);
        reader.get_mut().write_all(&reply)?;
        reader.get_mut().flush()?;
        if head.persistence == Persistence::Close {
            break;
        }
    }
    Ok(())
}

fn render(answer: &Answer, head: &Head) -> Vec<u8> {
    let connection = match head.persistence {
        Persistence::KeepAlive => "keep-alive",
        Persistence::Close => "close",
    };
    let mut reply = format!(
        "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nLast-Modified: {NEVER_MODIFIED}\r\n\
         Connection: {connection}\r\n\r\n",
        answer.status,
        answer.content_type,
        answer.body.len()
    )
    .into_bytes();
    if head.method != "HEAD" {
        reply.extend_from_slice(answer.body.as_bytes());
    }
    reply
}

/// Accepts a WebSocket and lets it live, unread, until either side ends it.
fn upgrade(reader: &mut BufReader<impl Read + Write>, key: &str) -> io::Result<()> {
    let reply = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\n\r\n",
        accept_for(key)
    );
    reader.get_mut().write_all(reply.as_bytes())?;
    reader.get_mut().flush()?;
    io::copy(reader, &mut io::sink()).map(drop)
}
