//! Where a request goes, and the name it carries.
//!
//! Invariant: the name reaches the server exactly as given or the request is
//! not made; a probe of another server block would prove the wrong thing. It
//! must not resolve names.

use super::ProbeError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::ServerName;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// The socket that a request is sent to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Address {
    /// An address and port.
    Tcp(SocketAddr),
    /// A unix socket (`listen unix:…`).
    Unix(PathBuf),
}

/// What is spoken on the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheme {
    Http,
    /// TLS; any certificate is accepted, for probes stay on this machine.
    Https,
}

impl Scheme {
    fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// One server block as a client sees it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    pub address: Address,
    /// Whether to speak TLS.
    pub scheme: Scheme,
    /// The name in `Host` and in TLS's server name; empty means the address.
    pub server_name: String,
    /// The port in `Host`; left out where it is the scheme's own.
    pub port: u16,
    /// Who seems to connect.
    pub sender: Sender,
}

/// What a connection shows of its client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sender {
    /// The address that it comes from, which must be this machine's; `None` for the kernel's choice.
    pub source: Option<IpAddr>,
    /// What it begins with.
    pub preface: Preface,
    /// Who it says that it is.
    pub credentials: Credentials,
}

/// What is sent to a page that asks for a password.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Credentials {
    #[default]
    None,
    /// The user of [`Credentials::PASSWORD_FILE`].
    ThrowAway,
}

impl Credentials {
    /// A file for `auth_basic_user_file` in a private copy, where it opens nothing that anybody else could ask.
    pub const PASSWORD_FILE: &str = "motionctl:{PLAIN}rehearsal\n";

    /// What stands in `Authorization`.
    pub(super) fn header(self) -> Option<String> {
        let (user, password) = Self::PASSWORD_FILE.trim_end().split_once(":{PLAIN}")?;
        let sent = || format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        (self == Self::ThrowAway).then(sent)
    }
}

/// What is sent before anything else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Preface {
    #[default]
    None,
    /// The header of the PROXY protocol, with the connection's own addresses.
    ProxyProtocol,
}

/// A URL taken apart; who answers it is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    pub scheme: Scheme,
    /// The name or address, as written.
    pub host: String,
    /// The port; the scheme's own where none is written.
    pub port: u16,
    pub uri: String,
}

impl std::str::FromStr for Location {
    type Err = ProbeError;

    fn from_str(url: &str) -> Result<Self, ProbeError> {
        let not_a_url = |_| ProbeError::Unaskable("not a URL");
        let parts: ureq::http::Uri = url.parse().map_err(not_a_url)?;
        let scheme = match parts.scheme_str() {
            Some("http") => Scheme::Http,
            Some("https") => Scheme::Https,
            _ => return Err(ProbeError::Unaskable("neither http:// nor https://")),
        };
        let authority = parts.authority().ok_or(ProbeError::Unaskable("without a host"))?;
        if authority.as_str().contains('@') {
            return Err(ProbeError::Unaskable("with a password; probes carry none"));
        }
        Ok(Self {
            scheme,
            host: authority.host().to_owned(),
            port: authority.port_u16().unwrap_or_else(|| scheme.default_port()),
            uri: parts.path_and_query().map_or("/", |both| both.as_str()).to_owned(),
        })
    }
}

impl Target {
    /// The URL of `uri`, whose authority becomes `Host` and the TLS server name.
    pub(super) fn url(&self, uri: &str) -> Result<String, ProbeError> {
        if !uri.starts_with('/') || !uri.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#') {
            return Err(ProbeError::Unaskable("the path is not a plain absolute one"));
        }
        let host = self.host()?;
        let port = match self.port == self.scheme.default_port() {
            true => String::new(),
            false => format!(":{}", self.port),
        };
        Ok(format!("{}://{host}{port}{uri}", self.scheme.name()))
    }

    fn host(&self) -> Result<String, ProbeError> {
        if self.server_name.is_empty() {
            return Ok(match &self.address {
                Address::Tcp(SocketAddr::V4(address)) => address.ip().to_string(),
                Address::Tcp(SocketAddr::V6(address)) => format!("[{}]", address.ip()),
                Address::Unix(_) => "localhost".to_owned(),
            });
        }
        match ServerName::try_from(self.server_name.as_str()) {
            Ok(ServerName::IpAddress(rustls::pki_types::IpAddr::V6(_))) => {
                Ok(format!("[{}]", self.server_name))
            }
            Ok(_) => Ok(self.server_name.clone()),
            Err(_) => Err(ProbeError::Unaskable("the server name is not a host name")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(scheme: Scheme, name: &str, port: u16, uri: &str) -> Result<String, ProbeError> {
        let address = Address::Tcp("127.0.0.1:8443".parse().unwrap());
        let sender = Sender::default();
        Target { address, scheme, server_name: name.to_owned(), port, sender }.url(uri)
    }

    #[test]
    fn the_name_and_port_reach_the_url() {
        let check = |scheme, name, port, expect: &str| {
            assert_eq!(url(scheme, name, port, "/a?b=c").unwrap(), format!("{expect}/a?b=c"));
        };
        check(Scheme::Https, "cc.example.test", 443, "https://cc.example.test");
        check(Scheme::Https, "cc.example.test", 8443, "https://cc.example.test:8443");
        check(Scheme::Http, "cc.example.test", 443, "http://cc.example.test:443");
        check(Scheme::Http, "", 80, "http://127.0.0.1");
        check(Scheme::Http, "_", 80, "http://_");
        check(Scheme::Http, "under_score.test", 80, "http://under_score.test");
        check(Scheme::Http, "::1", 80, "http://[::1]");
    }

    #[test]
    fn what_cannot_be_asked_for_is_refused() {
        for name in ["~^www\\d+", "*.example.test", "a b", "x/y", "user@host", "müller.test"] {
            assert!(matches!(url(Scheme::Http, name, 80, "/"), Err(ProbeError::Unaskable(_))), "{name}");
        }
        for uri in ["", "relative", "/a b", "/ü", "/a#b", "/a\r\nHost: evil"] {
            assert!(matches!(url(Scheme::Http, "a.test", 80, uri), Err(ProbeError::Unaskable(_))), "{uri:?}");
        }
    }
}
