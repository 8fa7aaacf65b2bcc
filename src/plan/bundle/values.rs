//! Values that come from a server's old file or from an operator, type-checked
//! before they may enter a template.
//!
//! Invariant: a value of these types is one NGINX word that means what its type
//! says; none holds a control character, a password, or a variable where NGINX
//! would expand one. Nothing here looks whether a path or a host exists.

use std::fmt;

/// The longest word that NGINX reads, in bytes.
const WORD_MAX: usize = 4096;

/// A value that cannot stand where it is meant to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
// The reason stands in brackets: behind a colon it would seem to be the value of whatever the value ends with, such as
// `"the token"`, and be hidden.
#[error("{what} {shown} ({reason})")]
pub struct BadValue {
    what: &'static str,
    shown: String,
    reason: &'static str,
}

/// Where the new client is served from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientSource {
    /// A folder of files on this server.
    Static {
        /// The folder that holds its `index.html`.
        root: ClientFolder,
        /// Where its page wants the folder's files, below `/user-ui/`; `None` where that is `/user-ui/` itself.
        below: Option<BelowRoute>,
    },
    /// A process that answers for `/user-ui/`.
    Proxied { upstream: UpstreamUrl },
}

macro_rules! text_value {
    ($name:ident) => {
        impl $name {
            /// The value as it was given.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

/// The folder of the new client's files: absolute, below `/`, ending in `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientFolder(String);
text_value!(ClientFolder);

impl ClientFolder {
    /// Checks a path below the server's root.
    ///
    /// # Errors
    /// A relative path, `/` itself, `.` or `..` in it, a variable or a control
    /// character.
    pub fn parse(path: &str) -> Result<Self, BadValue> {
        let bad = |reason| Err(bad_value("new client's folder", path, reason));
        if let Some(reason) = no_plain_word(path) {
            return bad(reason);
        }
        if !path.starts_with('/') {
            return bad("not an absolute path");
        }
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        if parts.is_empty() {
            return bad("the whole file system must not be served");
        }
        if parts.iter().any(|part| [".", ".."].contains(part)) {
            return bad("`.` and `..` are not resolved");
        }
        Ok(Self(format!("/{}/", parts.join("/"))))
    }
}

/// A path below `/user-ui/`, without a slash at its ends: `it`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BelowRoute(String);
text_value!(BelowRoute);

impl BelowRoute {
    /// Checks a path below the new client's.
    ///
    /// # Errors
    /// An empty part, or a character that means something in a path or an expression.
    pub fn parse(path: &str) -> Result<Self, BadValue> {
        let letters =
            |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if path.len() > 255 || !path.split('/').all(|part| !part.is_empty() && letters(part)) {
            return Err(bad_value("path below /user-ui/", path, "only letters, digits, `-` and `_`"));
        }
        Ok(Self(path.to_owned()))
    }
}

/// A file that the old configuration names: absolute, or relative to NGINX's
/// configuration folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePath(String);
text_value!(FilePath);

impl FilePath {
    /// Checks a path as `ssl_certificate` and its like name one.
    ///
    /// # Errors
    /// Nothing at all, a variable, a control character, or a key that is no
    /// file (`engine:`, `data:`, `store:`).
    pub fn parse(path: &str) -> Result<Self, BadValue> {
        let bad = |reason| Err(bad_value("file", path, reason));
        if ["engine:", "data:", "store:"].iter().any(|scheme| path.starts_with(scheme)) {
            return Err(hidden_value("file", "not a file"));
        }
        match no_plain_word(path) {
            Some(reason) => bad(reason),
            None => Ok(Self(path.to_owned())),
        }
    }
}

/// A name of a server block, regular expressions and wildcards included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerName(String);
text_value!(ServerName);

impl ServerName {
    /// Checks one argument of `server_name`.
    ///
    /// # Errors
    /// Characters that no name has; in a regular expression (`~…`) only what
    /// no NGINX word may hold.
    pub fn parse(name: &str) -> Result<Self, BadValue> {
        let bad = |reason| Err(bad_value("server name", name, reason));
        if name.starts_with('~') {
            return match no_word(name) {
                Some(reason) => bad(reason),
                None => Ok(Self(name.to_owned())),
            };
        }
        let known = |byte: u8| byte.is_ascii_alphanumeric() || byte >= 0x80 || b".-_*".contains(&byte);
        if name.len() > 255 {
            return bad("longer than a host name");
        }
        if name.is_empty() || name == "$hostname" || name.bytes().all(known) {
            return Ok(Self(name.to_owned()));
        }
        bad("not a host name")
    }
}

/// The address and options of one `listen`, without `ssl` and `http2`: how
/// these are spelled depends on the version, so the template adds them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen(Vec<String>);

impl Listen {
    /// Checks the arguments of one `listen`.
    ///
    /// # Errors
    /// No address, or an argument that is neither an address nor an option.
    pub fn parse<S: AsRef<str>>(arguments: &[S]) -> Result<Self, BadValue> {
        let mut words = Vec::new();
        for (index, argument) in arguments.iter().enumerate() {
            let word = argument.as_ref();
            if index > 0 && ["ssl", "http2", "spdy"].contains(&word) {
                continue;
            }
            let known = |byte: u8| byte.is_ascii_alphanumeric() || b".-_*:[]/=".contains(&byte);
            if word.is_empty() || word.len() > 255 || !word.bytes().all(known) {
                return Err(bad_value("listen address", word, "neither an address nor an option"));
            }
            words.push(word.to_owned());
        }
        if words.is_empty() {
            return Err(bad_value("listen address", "", "nothing to listen on"));
        }
        Ok(Self(words))
    }

    /// Address first, then options.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.0
    }
}

/// A size as NGINX writes it: digits and an optional `k`, `m` or `g`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Size(String);
text_value!(Size);

impl Size {
    /// Checks a size.
    ///
    /// # Errors
    /// Anything else than digits and one unit.
    pub fn parse(size: &str) -> Result<Self, BadValue> {
        let digits = size.strip_suffix(['k', 'K', 'm', 'M', 'g', 'G']).unwrap_or(size);
        if digits.is_empty() || digits.len() > 15 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(bad_value("size", size, "not digits with `k`, `m` or `g`"));
        }
        Ok(Self(size.to_owned()))
    }
}

/// What `proxy_pass` may name: `http` or `https`, a host with an optional port
/// and path, or a unix socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamUrl {
    scheme: &'static str,
    authority: String,
    path: String,
}

impl UpstreamUrl {
    /// Checks an address of an upstream.
    ///
    /// # Errors
    /// Another scheme, a user or password, a query, or characters that no host
    /// or path has. A path must end in `/`, because it replaces `/user-ui/`.
    pub fn parse(url: &str) -> Result<Self, BadValue> {
        let bad = |reason| Err(bad_value("upstream", url, reason));
        if url.contains('@') {
            return Err(hidden_value("upstream", "a user or password cannot stand in it"));
        }
        let (scheme, rest) = if let Some(rest) = url.strip_prefix("http://") {
            ("http", rest)
        } else if let Some(rest) = url.strip_prefix("https://") {
            ("https", rest)
        } else {
            return bad("neither http:// nor https://");
        };
        let in_path = |byte: u8| byte.is_ascii_alphanumeric() || b"/._~-".contains(&byte);
        if let Some(socket) = rest.strip_prefix("unix:") {
            if !socket.starts_with('/') || !socket.bytes().all(in_path) || socket.len() > 107 {
                return bad("not the path of a unix socket");
            }
            return Ok(Self { scheme, authority: rest.to_owned(), path: String::new() });
        }
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        if let Some(reason) = no_authority(authority) {
            return bad(reason);
        }
        let replaces = path.ends_with('/') && path.bytes().all(in_path);
        if !(path.is_empty() || replaces) {
            return bad("a path must end in `/` and hold only letters, digits and `._~-`");
        }
        Ok(Self { scheme, authority: authority.to_owned(), path: path.to_owned() })
    }

    /// `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// The address without its path.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.authority)
    }

    /// What takes the place of `/user-ui/`; empty when the path is kept.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for UpstreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.path)
    }
}

fn no_authority(authority: &str) -> Option<&'static str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let Some((address, port)) = rest.split_once(']') else { return Some("`[` without `]`") };
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return Some("not an IPv6 address");
            }
            let port = match port.strip_prefix(':') {
                Some(port) => Some(port),
                None if port.is_empty() => None,
                None => return Some("not a host and port"),
            };
            (None, port)
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(authority), None),
        },
    };
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    if host.is_some_and(|host| host.is_empty() || host.len() > 255 || !host.bytes().all(known)) {
        return Some("not a host name or address");
    }
    // `+8` parses as a number, so digits are asked for by themselves.
    let is_port = |port: &str| {
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port != 0)
    };
    match port {
        Some(port) if !is_port(port) => Some("not a port number"),
        _ => None,
    }
}

/// Why `value` cannot be a word in which NGINX expands variables.
fn no_plain_word(value: &str) -> Option<&'static str> {
    if value.contains('$') {
        return Some("nginx would expand `$` in it");
    }
    no_word(value)
}

/// Why `value` cannot be a word.
fn no_word(value: &str) -> Option<&'static str> {
    if value.is_empty() {
        Some("empty")
    } else if value.len() > WORD_MAX {
        Some("longer than a word of nginx")
    } else if value.chars().any(char::is_control) {
        Some("a control character in it")
    } else {
        None
    }
}

fn bad_value(what: &'static str, value: &str, reason: &'static str) -> BadValue {
    let start: String = value.chars().take(200).collect();
    BadValue { what, shown: format!("{start:?}"), reason }
}

fn hidden_value(what: &'static str, reason: &'static str) -> BadValue {
    BadValue { what, shown: "(not shown)".to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::{BadValue, ClientFolder, FilePath, Listen, ServerName, Size, UpstreamUrl};

    fn check<T: std::fmt::Debug>(parse: impl Fn(&str) -> Result<T, BadValue>, good: &[&str], bad: &[&str]) {
        for value in good {
            parse(value).unwrap_or_else(|error| panic!("{value:?} refused: {error}"));
        }
        for value in bad {
            assert!(parse(value).is_err(), "{value:?} accepted");
        }
    }

    const HOSTILE: [&str; 5] =
        ["\"; } location / { return 200 x; }", "a\nb", "a\0b", "$document_root/x", "a\u{1b}[31m"];

    #[test]
    fn paths() {
        check(ClientFolder::parse, &["/a", "/a b/ü", "/a;b{c}'\""], &HOSTILE);
        check(ClientFolder::parse, &["/a/.hidden"], &["", "/", "//", "a", "/a/../b", "/a/./b"]);
        check(FilePath::parse, &["tls/motion.crt", "/etc/a b"], &HOSTILE[1..]);
        check(FilePath::parse, &[], &["", "engine:x:y", "data:x", &"a".repeat(4097)]);
        assert_eq!(ClientFolder::parse("//a///b").unwrap().as_str(), "/a/b/");
    }

    #[test]
    fn server_names() {
        check(ServerName::parse, &["cc.example.test", "*.example.test", "_", "", "$hostname"], &HOSTILE);
        check(ServerName::parse, &[r"~^cc\d{2}\.example\.test$"], &["~a\nb", "$host", "a b", "a;b"]);
    }

    #[test]
    fn sizes() {
        check(
            Size::parse,
            &["0", "20m", "8K", "1g"],
            &["", "m", "20 m", "-1", "1t", "20m;", "1234567890123456"],
        );
    }

    #[test]
    fn upstreams() {
        let good =
            ["http://127.0.0.1:9001", "https://ui.example.test/app/", "http://[::1]:80/", "http://node"];
        check(UpstreamUrl::parse, &good, &HOSTILE);
        check(UpstreamUrl::parse, &["http://unix:/run/ui.sock"], &["http://unix:run", "http://unix:/a b"]);
        let bad =
            ["", "ftp://a", "http://", "http://:80", "http://a:0", "http://a:65536", "http://a:+8", "a:80"];
        check(UpstreamUrl::parse, &[], &bad);
        let bad =
            ["http://a/b", "http://a?x", "http://a/?x/", "http://a/$x/", "http://[::1", "http://[::1]x"];
        check(UpstreamUrl::parse, &[], &bad);
        for url in good {
            assert_eq!(UpstreamUrl::parse(url).unwrap().to_string(), url);
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let error = UpstreamUrl::parse("http://me:hunter2@127.0.0.1").unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn listens_lose_what_the_template_spells() {
        let listen = Listen::parse(&["[::]:443", "ssl", "http2", "default_server", "ipv6only=on"]).unwrap();
        assert_eq!(listen.words(), ["[::]:443", "default_server", "ipv6only=on"]);
        assert!(Listen::parse::<&str>(&[]).is_err());
        assert!(Listen::parse(&["443; }"]).is_err());
        assert!(Listen::parse(&["443", "$x"]).is_err());
    }
}
