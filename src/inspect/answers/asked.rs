//! A request as a person names it: a path, or an address as a browser shows it.
//!
//! Invariant: what is taken can be asked of NGINX as it is; a text that is neither is refused with what to write.

use nginx_config::routes::Transport;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// A request that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    target: String,
    at: Option<At>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct At {
    host: String,
    port: u16,
    transport: Transport,
}

/// A text that is no request.
#[derive(Debug, Error)]
#[error(
    "expected a path such as /user-ui/login, or an address such as https://cc.example.test/user-ui/login"
)]
pub struct NotAskable;

impl FromStr for Asked {
    type Err = NotAskable;

    fn from_str(text: &str) -> Result<Self, NotAskable> {
        let (transport, usual_port, rest) =
            match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
                (Some(rest), _) => (Transport::Tls, 443, rest),
                (_, Some(rest)) => (Transport::Plain, 80, rest),
                _ if is_target(text) => return Ok(Self { target: without_fragment(text), at: None }),
                _ => return Err(NotAskable),
            };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        // A user and a password are never sent to a server block.
        let authority = rest[..end].rsplit('@').next().unwrap_or_default();
        let target = match &rest[end..] {
            behind if behind.starts_with('/') => behind.to_owned(),
            behind => format!("/{behind}"),
        };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().map_err(|_| NotAskable)?),
            _ => (authority, usual_port),
        };
        if host.is_empty() || !is_target(&target) || host.contains(char::is_whitespace) {
            return Err(NotAskable);
        }
        let at = At { host: host.to_ascii_lowercase(), port, transport };
        Ok(Self { target: without_fragment(&target), at: Some(at) })
    }
}

impl Asked {
    /// The request target.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The host, of an address.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.at.as_ref().map(|at| at.host.as_str())
    }

    /// The port and what is spoken there, of an address.
    pub(super) fn door(&self) -> Option<(u16, Transport)> {
        self.at.as_ref().map(|at| (at.port, at.transport))
    }

    /// Whether it is an address that is asked for with TLS.
    pub(super) fn is_tls(&self) -> bool {
        self.at.as_ref().is_some_and(|at| at.transport == Transport::Tls)
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(At { host, port, transport }) = &self.at {
            match transport {
                Transport::Tls => write!(f, "https://{host}")?,
                Transport::Plain => write!(f, "http://{host}")?,
            }
            if (*transport, *port) != (Transport::Tls, 443) && (*transport, *port) != (Transport::Plain, 80) {
                write!(f, ":{port}")?;
            }
        }
        f.write_str(&self.target)
    }
}

fn is_target(text: &str) -> bool {
    text.starts_with('/') && !text.contains(char::is_whitespace) && !text.contains(char::is_control)
}

/// A browser keeps what stands behind a `#` for itself.
fn without_fragment(text: &str) -> String {
    text.split('#').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_or_an_address_can_be_asked_for() {
        let check = |text: &str, expect: Option<&str>| {
            let found = text.parse().ok().map(|asked: Asked| asked.to_string());
            assert_eq!(found.as_deref(), expect, "{text}");
        };
        check("/user-ui/login", Some("/user-ui/login"));
        check("/a?b=c#d", Some("/a?b=c"));
        check("https://CC.example.test", Some("https://cc.example.test/"));
        check("https://cc.example.test:8443/x?y", Some("https://cc.example.test:8443/x?y"));
        check("https://cc.example.test:443/x#y", Some("https://cc.example.test/x"));
        check("http://user:secret@cc.example.test?x", Some("http://cc.example.test/?x"));
        check("http://[::1]:80/", Some("http://[::1]/"));
        check("http://[::1]/", Some("http://[::1]/"));
        for text in
            ["user-ui/login", "", "cc.example.test/x", "https:///x", "http://a:b/", "/a b", "ftp://a/"]
        {
            check(text, None);
        }
    }
}
