//! Why a request got no answer.
//!
//! Invariant: every failure falls into one of few classes that can be compared
//! between two probes, and carries nothing that the server sent. It must not
//! hold an answer.

use std::io;

/// A request without an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// Nothing listens, or nothing could be reached.
    #[error("not reachable: {0}")]
    Unreachable(io::ErrorKind),
    /// No complete head within the time limit.
    #[error("no answer in time")]
    Timeout,
    /// The TLS handshake failed.
    #[error("TLS handshake failed: {0}")]
    Tls(String),
    /// The connection ended before the answer did.
    #[error("the connection was closed without an answer")]
    Closed,
    /// What came back is not HTTP/1.1.
    #[error("not an HTTP/1.1 answer")]
    Protocol,
    /// 101, and nothing that proves that a WebSocket was meant.
    #[error("101, but no valid Sec-WebSocket-Accept")]
    Handshake,
    /// The request cannot be written as HTTP.
    #[error("cannot be asked for: {0}")]
    Unaskable(&'static str),
}

impl From<ureq::Error> for ProbeError {
    fn from(error: ureq::Error) -> Self {
        match error {
            ureq::Error::Io(error) => from_io(&error),
            ureq::Error::Timeout(_) => Self::Timeout,
            ureq::Error::Tls(reason) => Self::Tls(reason.to_owned()),
            ureq::Error::Rustls(error) => Self::Tls(error.to_string()),
            ureq::Error::ConnectionFailed | ureq::Error::HostNotFound => {
                Self::Unreachable(io::ErrorKind::NotConnected)
            }
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => Self::Unaskable("the address is not a URL"),
            _ => Self::Protocol,
        }
    }
}

/// Classes what the socket or the TLS layer above it said.
fn from_io(error: &io::Error) -> ProbeError {
    use io::ErrorKind as Kind;
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return ProbeError::Tls(tls.to_string());
    }
    match error.kind() {
        Kind::TimedOut | Kind::WouldBlock => ProbeError::Timeout,
        Kind::UnexpectedEof | Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => {
            ProbeError::Closed
        }
        kind => ProbeError::Unreachable(kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_fall_into_classes() {
        let check =
            |kind, expect| assert_eq!(ProbeError::from(ureq::Error::Io(io::Error::from(kind))), expect);
        check(io::ErrorKind::TimedOut, ProbeError::Timeout);
        check(io::ErrorKind::WouldBlock, ProbeError::Timeout);
        check(io::ErrorKind::ConnectionReset, ProbeError::Closed);
        check(io::ErrorKind::UnexpectedEof, ProbeError::Closed);
        check(io::ErrorKind::ConnectionRefused, ProbeError::Unreachable(io::ErrorKind::ConnectionRefused));
        let tls = io::Error::new(io::ErrorKind::InvalidData, rustls::Error::DecryptError);
        assert!(matches!(ProbeError::from(ureq::Error::Io(tls)), ProbeError::Tls(_)));
    }
}
