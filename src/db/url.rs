//! Database URLs as they are typed: `mysql://user@host:port/schema`, `mysql:///schema?socket=PATH`, `sqlite:FILE`.
//!
//! Invariant: pure; a URL holds no password, because arguments are visible to every user of the machine.

use std::path::PathBuf;

/// A URL, taken apart. What it leaves out comes from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DbUrl {
    Server {
        user: Option<String>,
        /// A name or an address, without the brackets of IPv6.
        host: Option<String>,
        port: Option<u16>,
        /// A unix socket, in the place of a host.
        socket: Option<PathBuf>,
        schema: Option<String>,
        tls: Option<bool>,
    },
    File(PathBuf),
    /// `sqlite` alone: the tool's own file.
    OwnFile,
}

/// Why a URL is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// A password, which arguments must not hold.
    #[error("a database URL must not hold a password")]
    Password,
    /// Another scheme.
    #[error("a database is mysql://…, sqlite:FILE or sqlite")]
    Scheme,
    /// `%` without two hexadecimal digits, or not text.
    #[error("the database URL holds a broken %-escape")]
    Escape,
    /// A port that is none.
    #[error("the database URL names the port `{0}`")]
    Port(String),
    /// An unknown parameter.
    #[error("the database URL has the parameter `{0}`; socket and tls are known")]
    Parameter(String),
    /// A socket and a host at once.
    #[error("the database URL names a host and a socket")]
    HostAndSocket,
    /// `sqlite:` without a file.
    #[error("the database URL names no file")]
    NoFile,
    /// A path with a further `/`, or something else that is no schema.
    #[error("the database URL names the schema `{0}`")]
    Schema(String),
}

impl std::str::FromStr for DbUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        if text == "sqlite" {
            return Ok(Self::OwnFile);
        }
        if let Some(path) = text.strip_prefix("sqlite:") {
            // sqlite:///FILE is what other tools print for an absolute path.
            let path = path.strip_prefix("//").filter(|rest| rest.starts_with('/')).unwrap_or(path);
            return if path.is_empty() { Err(UrlError::NoFile) } else { Ok(Self::File(path.into())) };
        }
        let rest = text.strip_prefix("mysql://").or_else(|| text.strip_prefix("mariadb://"));
        server(rest.ok_or(UrlError::Scheme)?)
    }
}

fn server(text: &str) -> Result<DbUrl, UrlError> {
    let (place, query) = text.split_once('?').unwrap_or((text, ""));
    let (authority, path) = place.split_once('/').unwrap_or((place, ""));
    // The last @, as browsers do it: a password may hold one, and must be seen as such.
    let (user, address) = match authority.rsplit_once('@') {
        Some((user, _)) if user.contains(':') => return Err(UrlError::Password),
        Some((user, address)) => (Some(decode(user)?), address),
        None => (None, authority),
    };
    let (host, port) = host_and_port(address)?;
    let schema = decode(path)?;
    if schema.contains(['/', '\0']) {
        return Err(UrlError::Schema(schema));
    }
    let mut socket = None;
    let mut tls = None;
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        match parameter.split_once('=') {
            Some(("socket", path)) if !path.is_empty() => socket = Some(PathBuf::from(decode(path)?)),
            Some(("tls", "on")) => tls = Some(true),
            Some(("tls", "off")) => tls = Some(false),
            // The value is not repeated: it may be a password.
            Some(("password" | "passwd" | "pass" | "pwd", _)) => return Err(UrlError::Password),
            other => {
                return Err(UrlError::Parameter(other.map_or(parameter, |(name, _)| name).to_owned()));
            }
        }
    }
    // To MySQL's clients `localhost` is the socket.
    let is_socket = |host: &str| socket.is_some() && port.is_none() && host.eq_ignore_ascii_case("localhost");
    let host = Some(host).filter(|host| !host.is_empty() && !is_socket(host));
    if socket.is_some() && (host.is_some() || port.is_some()) {
        return Err(UrlError::HostAndSocket);
    }
    let schema = Some(schema).filter(|schema| !schema.is_empty());
    let user = user.filter(|user| !user.is_empty());
    Ok(DbUrl::Server { user, host, port, socket, schema, tls })
}

fn host_and_port(text: &str) -> Result<(String, Option<u16>), UrlError> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, rest)) => match rest.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None => return Err(UrlError::Port(rest.to_owned())),
        },
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let port = match port {
        // `user:password` without a host looks like a port: what is no number is not repeated.
        Some(port) if port.is_empty() || port.bytes().any(|byte| !byte.is_ascii_digit()) => {
            return Err(UrlError::Port("…".to_owned()));
        }
        Some(port) => {
            Some(port.parse().ok().filter(|port| *port > 0).ok_or_else(|| UrlError::Port(port.to_owned()))?)
        }
        None => None,
    };
    Ok((decode(host)?, port))
}

fn decode(text: &str) -> Result<String, UrlError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first != b'%' {
            bytes.push(*first);
            rest = after;
            continue;
        }
        let digits = after.get(..2).ok_or(UrlError::Escape)?;
        bytes.extend(hex::decode(digits).map_err(|_| UrlError::Escape)?);
        rest = &after[2..];
    }
    String::from_utf8(bytes).map_err(|_| UrlError::Escape)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Result<DbUrl, UrlError>) {
        assert_eq!(text.parse::<DbUrl>(), expect, "{text}");
    }

    fn parts(user: &str, host: &str, port: u16, schema: &str) -> DbUrl {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        DbUrl::Server {
            user: some(user),
            host: some(host),
            port: Some(port).filter(|port| *port > 0),
            socket: None,
            schema: some(schema),
            tls: None,
        }
    }

    #[test]
    fn urls_are_taken_apart() {
        check("mysql://bob@db.test:3307/motion2", Ok(parts("bob", "db.test", 3307, "motion2")));
        check("mariadb://db.test", Ok(parts("", "db.test", 0, "")));
        check("mysql://b%40b@[::1]:3306/", Ok(parts("b@b", "::1", 3306, "")));
        check("mysql://", Ok(parts("", "", 0, "")));
        check("sqlite", Ok(DbUrl::OwnFile));
        check("sqlite:motion.db", Ok(DbUrl::File("motion.db".into())));
        check("sqlite:///var/x.db", Ok(DbUrl::File("/var/x.db".into())));
        let socket = DbUrl::Server {
            user: None,
            host: None,
            port: None,
            socket: Some("/run/my sql.sock".into()),
            schema: Some("motion2".to_owned()),
            tls: Some(false),
        };
        check("mysql:///motion2?socket=/run/my%20sql.sock&tls=off", Ok(socket.clone()));
        check("mysql://LocalHost/motion2?socket=/run/my%20sql.sock&tls=off", Ok(socket));
    }

    #[test]
    fn what_is_no_url_is_refused_without_repeating_a_password() {
        check("mysql://bob:secret@db/motion2", Err(UrlError::Password));
        check("mysql://bob:se@cret@db/motion2", Err(UrlError::Password));
        check("mysql://bob@db/motion2?password=secret", Err(UrlError::Password));
        check("mysql://bob:secret/motion2", Err(UrlError::Port("…".to_owned())));
        check("mysql://db:0/", Err(UrlError::Port("0".to_owned())));
        check("mysql://db:99999/", Err(UrlError::Port("99999".to_owned())));
        check("postgres://db", Err(UrlError::Scheme));
        check("mysql://db/a/b", Err(UrlError::Schema("a/b".to_owned())));
        check("mysql://db/%zz", Err(UrlError::Escape));
        check("mysql://db/?socket=/run/s", Err(UrlError::HostAndSocket));
        check("mysql://localhost:3306/?socket=/run/s", Err(UrlError::HostAndSocket));
        check("mysql://127.0.0.1/?socket=/run/s", Err(UrlError::HostAndSocket));
        check("mysql:///?pipe=/run/s", Err(UrlError::Parameter("pipe".to_owned())));
        check("sqlite:", Err(UrlError::NoFile));
    }
}
