//! Which database is meant: URL, option file, defaults and password made into one source.
//!
//! Invariant: pure but for the look at the usual sockets; what is typed outranks files, and files outrank defaults.
//! It must never turn a server that is missing into a file.

use super::option_file::OptionFile;
use super::secret::Secret;
use super::url::DbUrl;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// The schema of a Motion server, unless something else is said.
const SCHEMA: &str = "motion2";
/// The user, unless something else is said: root needs no password by socket on Debian's MariaDB.
const USER: &str = "root";
/// MySQL's port.
const PORT: u16 = 3306;
/// The tool's own database.
const OWN_FILE: &str = "/var/lib/motionctl/motion.db";
/// Where Debian and RHEL put the server's socket. Folders that everybody can write to are not looked into.
const SOCKETS: [&str; 3] =
    ["/run/mysqld/mysqld.sock", "/var/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock"];

/// A database that can be opened.
#[derive(Clone)]
pub enum Source {
    Server {
        /// How it is reached.
        transport: Transport,
        user: String,
        password: Option<Secret>,
        schema: String,
    },
    File {
        path: PathBuf,
        /// What may be done with it.
        access: FileAccess,
    },
    /// A SQLite database that is empty and gone when it is closed.
    Memory,
}

/// How a server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    Socket(PathBuf),
    Tcp {
        /// A name or an address.
        host: String,
        port: u16,
        tls: Tls,
    },
}

/// Whether a TCP connection is encrypted, and whose word is taken for the server's identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    Off,
    /// Encrypted; the public authorities vouch for the server.
    Public,
    /// Encrypted; the authority in this file may vouch for the server, too.
    Authority(PathBuf),
}

/// What may be done with a SQLite file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileAccess {
    Read,
    /// Read and change it.
    Write,
    /// The same, and make it where it is missing.
    Create,
}

/// What was said about the database.
#[derive(Clone, Default)]
pub struct Wanted {
    /// The URL, if one was given.
    pub url: Option<DbUrl>,
    /// The option file, if one was given.
    pub options: Option<OptionFile>,
    /// The authority that vouches for the server.
    pub ca: Option<PathBuf>,
    /// The password from elsewhere than the option file; it outranks that one.
    pub password: Option<Secret>,
}

/// Why no source can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Nothing was said, and there is nothing to be found.
    #[error("no database was named and no local server was found")]
    None,
    /// A password would travel in the open.
    #[error("the database at {0} would be reached without encryption")]
    Plaintext(String),
    /// Encryption was asked for and refused at once.
    #[error("an authority was named, and TLS turned off")]
    AuthorityWithoutTls,
}

impl Wanted {
    /// The source that is meant. Of a SQLite file it may only be read; see [`Source::with_access`].
    ///
    /// # Errors
    /// When nothing is meant, or a password would travel in the open.
    pub fn source(&self, local_socket: Option<&Path>) -> Result<Source, SourceError> {
        let file = |path: &Path| Source::File { path: path.to_owned(), access: FileAccess::Read };
        let (user, host, port, socket, schema, tls) = match &self.url {
            Some(DbUrl::OwnFile) => return Ok(file(Path::new(OWN_FILE))),
            Some(DbUrl::File(path)) => return Ok(file(path)),
            Some(DbUrl::Server { user, host, port, socket, schema, tls }) => {
                (user.clone(), host.clone(), *port, socket.clone(), schema.clone(), *tls)
            }
            None => Default::default(),
        };
        let options = self.options.clone().unwrap_or_default();
        // To MySQL's clients `localhost` is the socket; which one, the file says. What is to be encrypted goes by TCP.
        let is_socket = host.as_deref().is_some_and(|host| host.eq_ignore_ascii_case("localhost"))
            && port.is_none()
            && tls != Some(true)
            && self.ca.is_none();
        let socket = socket.or_else(|| options.socket.clone().filter(|_| is_socket));
        // An address that was typed is not mixed with one from a file.
        let transport = if let Some(socket) = socket {
            Transport::Socket(socket)
        } else if host.is_some() || port.is_some() {
            self.tcp(host, port, tls.or(options.tls))?
        } else {
            self.transport_of_options(&options, tls, local_socket)?
        };
        Ok(Source::Server {
            transport,
            user: user.or(options.user).unwrap_or_else(|| USER.to_owned()),
            password: self.password.clone().or(options.password),
            schema: schema.or(options.schema).unwrap_or_else(|| SCHEMA.to_owned()),
        })
    }

    /// As MySQL's clients do it, `localhost` is the socket.
    fn transport_of_options(
        &self,
        options: &OptionFile,
        tls: Option<bool>,
        local_socket: Option<&Path>,
    ) -> Result<Transport, SourceError> {
        match (&options.host, &options.socket) {
            (Some(host), _) if !host.eq_ignore_ascii_case("localhost") => {
                self.tcp(Some(host.clone()), options.port, tls.or(options.tls))
            }
            (_, Some(socket)) => Ok(Transport::Socket(socket.clone())),
            _ => local_socket.map(|path| Transport::Socket(path.to_owned())).ok_or(SourceError::None),
        }
    }

    fn tcp(
        &self,
        host: Option<String>,
        port: Option<u16>,
        tls: Option<bool>,
    ) -> Result<Transport, SourceError> {
        let host = host.unwrap_or_else(|| "127.0.0.1".to_owned());
        let port = port.unwrap_or(PORT);
        let ca = self.ca.clone().or_else(|| self.options.as_ref()?.ca.clone());
        let tls = match (tls, ca) {
            (Some(false), Some(_)) if self.ca.is_some() => return Err(SourceError::AuthorityWithoutTls),
            (Some(false), _) => Tls::Off,
            (_, Some(path)) => Tls::Authority(path),
            (Some(true), None) => Tls::Public,
            (None, None) if is_loopback(&host) => Tls::Off,
            (None, None) => return Err(SourceError::Plaintext(host)),
        };
        Ok(Transport::Tcp { host, port, tls })
    }
}

impl Source {
    /// The same, with this access where it is a SQLite file.
    #[must_use]
    pub fn with_access(self, access: FileAccess) -> Self {
        match self {
            Self::File { path, .. } => Self::File { path, access },
            other => other,
        }
    }

    /// The same with a password, where it is a server that has none yet.
    #[must_use]
    pub fn or_password(mut self, secret: Secret) -> Self {
        if let Self::Server { password, .. } = &mut self {
            password.get_or_insert(secret);
        }
        self
    }

    /// Whether a password is known for it.
    #[must_use]
    pub fn has_password(&self) -> bool {
        matches!(self, Self::Server { password: Some(_), .. })
    }

    /// Whether it is a server elsewhere than on this machine, as far as its address says.
    #[must_use]
    pub fn remote_host(&self) -> Option<&str> {
        match self {
            Self::Server { transport: Transport::Tcp { host, .. }, .. } if !is_loopback(host) => Some(host),
            _ => None,
        }
    }
}

/// The sockets where a local server is expected and there is one.
#[must_use]
pub fn local_sockets() -> Vec<PathBuf> {
    let is_socket =
        |path: &&&str| std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket());
    SOCKETS.iter().filter(is_socket).map(PathBuf::from).collect()
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(url: &str) -> Wanted {
        Wanted { url: (!url.is_empty()).then(|| url.parse().unwrap()), ..Wanted::default() }
    }

    fn show(wanted: &Wanted) -> Result<String, SourceError> {
        wanted.source(Some(Path::new("/run/s"))).map(|source| match source {
            Source::Server { transport, user, schema, password } => {
                let password = if password.is_some() { " with password" } else { "" };
                format!("{transport:?} {user} {schema}{password}")
            }
            Source::File { path, access } => format!("{} {access:?}", path.display()),
            Source::Memory => "memory".to_owned(),
        })
    }

    #[test]
    fn what_is_typed_outranks_files_and_defaults() {
        let check = |wanted: &Wanted, expect: &str| assert_eq!(show(wanted).unwrap(), expect);
        check(&wanted(""), "Socket(\"/run/s\") root motion2");
        check(&wanted("sqlite"), "/var/lib/motionctl/motion.db Read");
        let tcp = r#"Tcp { host: "127.0.0.1", port: 3307, tls: Off } bob motion2"#;
        check(&wanted("mysql://bob@127.0.0.1:3307"), tcp);
        let options = OptionFile {
            user: Some("ann".to_owned()),
            password: Some(Secret::new("x")),
            host: Some("db.test".to_owned()),
            ca: Some("/ca".into()),
            ..OptionFile::default()
        };
        let with = |url: &str| Wanted { options: Some(options.clone()), ..wanted(url) };
        let tls = r#"Tcp { host: "db.test", port: 3306, tls: Authority("/ca") } ann motion2 with password"#;
        check(&with(""), tls);
        check(&with("mysql:///x?socket=/s"), "Socket(\"/s\") ann x with password");
        check(&with("mysql://bob@localhost/x?socket=/s"), "Socket(\"/s\") bob x with password");
    }

    #[test]
    fn localhost_is_the_socket_that_the_option_file_names() {
        let options = OptionFile { socket: Some("/s".into()), ..OptionFile::default() };
        let with = |url: &str| Wanted { options: Some(options.clone()), ..wanted(url) };
        let shown = |wanted: Wanted| show(&wanted).unwrap();
        assert_eq!(shown(with("mysql://bob@LocalHost/x")), "Socket(\"/s\") bob x");
        for url in
            ["mysql://bob@localhost:3306/x", "mysql://bob@localhost/x?tls=on", "mysql://bob@127.0.0.1/x"]
        {
            assert!(shown(with(url)).starts_with("Tcp "), "{url}");
        }
        let encrypted = Wanted { ca: Some("/ca".into()), ..with("mysql://bob@localhost/x") };
        assert!(shown(encrypted).contains("Authority"));
        assert!(shown(wanted("mysql://bob@localhost/x")).starts_with("Tcp "));
        let file = OptionFile { host: Some("LOCALHOST".to_owned()), ..options.clone() };
        let from_file = Wanted { options: Some(file), ..wanted("") };
        assert_eq!(shown(from_file), "Socket(\"/s\") root motion2");
    }

    #[test]
    fn a_password_does_not_travel_in_the_open() {
        assert_eq!(show(&wanted("mysql://db.test/x")), Err(SourceError::Plaintext("db.test".to_owned())));
        assert!(show(&wanted("mysql://db.test/x?tls=off")).unwrap().contains("tls: Off"));
        assert!(show(&wanted("mysql://db.test/x?tls=on")).unwrap().contains("tls: Public"));
        let contradiction = Wanted { ca: Some("/ca".into()), ..wanted("mysql://db.test/x?tls=off") };
        assert_eq!(show(&contradiction), Err(SourceError::AuthorityWithoutTls));
        assert!(wanted("").source(None).is_err());
    }
}
