//! The opening handshake of a WebSocket (RFC 6455, section 4), and no more.
//!
//! Invariant: 101 counts only with the `Sec-WebSocket-Accept` that belongs to
//! the key. The connection is closed after the handshake; no frame is sent.

use super::client::text;
use super::{Client, ProbeError, Reuse, Target};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};
use std::time::Instant;
use ureq::http::{HeaderName, header};

/// RFC 6455's own example. A key only keeps caches from answering for the
/// server; it is no secret, so a fixed one probes as well as a random one.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// What a server said to an upgrade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handshake {
    /// 101 with the right `Sec-WebSocket-Accept`.
    Accepted,
    /// 101, but not to this key: something else answered.
    Mismatched,
    Refused {
        status: u16,
        content_type: Option<String>,
        location: Option<String>,
    },
}

/// Asks `target` to open a WebSocket at `uri`, and hangs up.
///
/// # Errors
/// Why no answer came by `deadline` or within [`super::PROBE_LIMIT`].
pub fn websocket_handshake(target: &Target, uri: &str, deadline: Instant) -> Result<Handshake, ProbeError> {
    let request: [(HeaderName, &str); 4] = [
        (header::CONNECTION, "Upgrade"),
        (header::UPGRADE, "websocket"),
        (header::SEC_WEBSOCKET_VERSION, "13"),
        (header::SEC_WEBSOCKET_KEY, KEY),
    ];
    let response = Client::new(target, Reuse::Never).send(uri, deadline, &request)?;
    let headers = response.headers();
    if response.status() != 101 {
        return Ok(Handshake::Refused {
            status: response.status().as_u16(),
            content_type: text(headers, &header::CONTENT_TYPE),
            location: text(headers, &header::LOCATION),
        });
    }
    let upgraded = text(headers, &header::UPGRADE).is_some_and(|to| to.eq_ignore_ascii_case("websocket"));
    let accept = text(headers, &header::SEC_WEBSOCKET_ACCEPT);
    Ok(match upgraded && accept.as_deref().map(str::trim) == Some(accept_for(KEY).as_str()) {
        true => Handshake::Accepted,
        false => Handshake::Mismatched,
    })
}

/// The `Sec-WebSocket-Accept` that answers `key` (RFC 6455, section 4.2.2).
#[must_use]
pub fn accept_for(key: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(key.trim().as_bytes());
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rfcs_example_key_gives_its_example_answer() {
        assert_eq!(accept_for(KEY), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
