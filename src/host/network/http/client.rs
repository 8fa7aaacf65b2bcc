//! One GET, its limits, and what is kept of the answer.
//!
//! Invariant: a server that hangs, drips or never ends its body costs at most
//! [`PROBE_LIMIT`] and [`BODY_CAP`]. It must not follow, retry or interpret.

use super::connect::agent;
use super::{ProbeError, Target};
use crate::values::Hash;
use std::io::Read;
use std::time::{Duration, Instant};
use ureq::Agent;
use ureq::http::{HeaderMap, HeaderName, header};
use ureq::tls::TlsConfig;

/// The longest a single request may take, connection and body included.
pub const PROBE_LIMIT: Duration = Duration::from_secs(5);

/// How much of a body is read.
const BODY_CAP: usize = 1 << 20;

/// How much of a head is read.
const HEAD_CAP: usize = 64 << 10;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub content_type: Option<String>,
    pub location: Option<String>,
    pub last_modified: Option<String>,
    /// The body, or its first mebibyte.
    pub body: Vec<u8>,
    /// How the body ended.
    pub body_end: BodyEnd,
    /// The hash of `body`.
    pub body_sha256: Hash,
}

/// How far a body was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyEnd {
    Complete,
    /// To the cap; there is more.
    Capped,
    /// Until the time was up, as with a stream of events; there may be more.
    TimedOut,
}

/// What happens to a connection after its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    /// Closed; the request says so.
    Never,
    /// Kept for the next request of the same [`Client`].
    KeepAlive,
}

/// Asks one target, over one connection at a time.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    target: Target,
    reuse: Reuse,
}

/// Asks for `uri` once, on a connection of its own.
///
/// # Errors
/// Why no answer came by `deadline` or within [`PROBE_LIMIT`].
pub fn get(target: &Target, uri: &str, deadline: Instant) -> Result<Response, ProbeError> {
    Client::new(target, Reuse::Never).get(uri, deadline)
}

impl Client {
    /// A client that asks `target`; it connects when it first asks.
    #[must_use]
    pub fn new(target: &Target, reuse: Reuse) -> Self {
        let idle = match reuse {
            Reuse::Never => 0,
            Reuse::KeepAlive => 1,
        };
        let config = Agent::config_builder()
            .user_agent(concat!("motionctl/", env!("CARGO_PKG_VERSION")))
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .max_response_header_size(HEAD_CAP)
            .max_idle_connections(idle)
            .max_idle_connections_per_host(idle)
            .tls_config(TlsConfig::builder().disable_verification(true).build())
            .build();
        Self { agent: agent(config, target), target: target.clone(), reuse }
    }

    /// Asks for `uri`.
    ///
    /// # Errors
    /// Why no answer came by `deadline` or within [`PROBE_LIMIT`].
    pub fn get(&self, uri: &str, deadline: Instant) -> Result<Response, ProbeError> {
        let mut request = Vec::new();
        if self.reuse == Reuse::Never {
            request.push((header::CONNECTION, "close"));
        }
        let response = self.send(uri, deadline, &request)?;
        let (head, mut body) = response.into_parts();
        let (body, body_end) = read_body(&mut body.as_reader())?;
        Ok(Response {
            status: head.status.as_u16(),
            content_type: text(&head.headers, &header::CONTENT_TYPE),
            location: text(&head.headers, &header::LOCATION),
            last_modified: text(&head.headers, &header::LAST_MODIFIED),
            body_sha256: Hash::of(&body),
            body,
            body_end,
        })
    }

    /// Sends a GET with more headers, and reads the head of the answer.
    pub(super) fn send(
        &self,
        uri: &str,
        deadline: Instant,
        headers: &[(HeaderName, &str)],
    ) -> Result<ureq::http::Response<ureq::Body>, ProbeError> {
        let left = deadline.saturating_duration_since(Instant::now()).min(PROBE_LIMIT);
        if left.is_zero() {
            return Err(ProbeError::Timeout);
        }
        let mut request = self.agent.get(self.target.url(uri)?);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        if let Some(value) = self.target.sender.credentials.header() {
            request = request.header(header::AUTHORIZATION, value);
        }
        Ok(request.config().timeout_global(Some(left)).build().call()?)
    }
}

/// A header's value as text; NGINX may send any byte, but only ASCII compares.
pub(super) fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn read_body(body: &mut dyn Read) -> Result<(Vec<u8>, BodyEnd), ProbeError> {
    let mut read = Vec::new();
    let mut chunk = [0; 16 << 10];
    loop {
        let wanted = chunk.len().min(BODY_CAP - read.len());
        if wanted == 0 {
            // Telling "exactly at the cap" from "more" takes one byte of the rest.
            return match body.read(&mut chunk[..1]) {
                Ok(0) => Ok((read, BodyEnd::Complete)),
                _ => Ok((read, BodyEnd::Capped)),
            };
        }
        match body.read(&mut chunk[..wanted]).map_err(|error| ProbeError::from(ureq::Error::from(error))) {
            Ok(0) => return Ok((read, BodyEnd::Complete)),
            Ok(amount) => read.extend_from_slice(&chunk[..amount]),
            Err(ProbeError::Timeout) => return Ok((read, BodyEnd::TimedOut)),
            Err(error) => return Err(error),
        }
    }
}
