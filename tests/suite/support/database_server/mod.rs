//! A real MariaDB or MySQL in a temporary folder: its own data, socket, loopback port and certificate.
//!
//! Invariant: a server ends, and its folder goes, when its value is dropped or when this process dies in any way: a
//! small shell holds it, and lives as long as a pipe from here. It must not assert anything about the product.

pub mod programs;
pub mod quick;

use motionctl::db::{Connection, Limits, Secret, Source, Tls, Transport};
use programs::programs;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a server may take to start on a machine with much else to do.
const PATIENCE: Duration = Duration::from_secs(60);
/// Motion's documented tables.
pub const MOTION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/database/motion.sql");

/// A running server.
pub struct DatabaseServer {
    holder: Child,
    folder: PathBuf,
    /// Its port on [`DatabaseServer::HOST`].
    pub port: u16,
}

/// One schema of a server, with a name of its own.
pub struct Schema<'a> {
    pub server: &'a DatabaseServer,
    pub name: String,
}

/// The server that most tests share; each makes a schema in it.
pub fn shared() -> &'static DatabaseServer {
    static SHARED: OnceLock<Result<DatabaseServer, String>> = OnceLock::new();
    // A server that does not start is waited for once, not by every test.
    SHARED.get_or_init(|| DatabaseServer::try_start(&[])).as_ref().unwrap_or_else(|error| panic!("{error}"))
}

impl DatabaseServer {
    /// Where it listens.
    pub const HOST: &str = "127.0.0.1";
    /// Where it listens, too, if it can (`has_other_host`); its certificate is not for this address.
    pub const OTHER_HOST: &str = "127.0.0.2";

    /// Starts a server with these options besides the usual ones.
    pub fn start(options: &[&str]) -> Self {
        Self::try_start(options).unwrap_or_else(|error| panic!("{error}"))
    }

    fn try_start(options: &[&str]) -> Result<Self, String> {
        let mut last = String::new();
        // A port that was free may be taken by the time that the server gets there.
        for _ in 0..5 {
            let folder = quick::folder("motionctl-database-").keep();
            copy(installed(), &folder.join("data"));
            fs::create_dir(folder.join("tmp")).expect("a folder");
            certificates(&folder);
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port").local_addr();
            let port = port.expect("bound").port();
            let server = Self { holder: hold(&folder, port, options), folder, port };
            match server.wait() {
                Ok(()) => return Ok(server),
                Err(log) => last = log,
            }
        }
        Err(format!("{} did not start:\n{last}", programs().name()))
    }

    /// Its folder: `socket`, `ca.pem`, `error.log`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The socket, as a URL has it.
    pub fn socket_url(&self, schema: &str) -> String {
        format!("mysql:///{schema}?socket={}", self.file("socket").display())
    }

    /// A source by socket, as root.
    pub fn by_socket(&self, schema: &str) -> Source {
        Source::Server {
            transport: Transport::Socket(self.file("socket")),
            user: "root".to_owned(),
            password: None,
            schema: schema.to_owned(),
        }
    }

    /// A source by TCP.
    pub fn by_tcp(&self, user: &str, password: &str, schema: &str, tls: Tls) -> Source {
        Source::Server {
            transport: Transport::Tcp { host: Self::HOST.to_owned(), port: self.port, tls },
            user: user.to_owned(),
            password: Some(Secret::new(password)),
            schema: schema.to_owned(),
        }
    }

    /// Runs SQL as root with the server's own client; what it printed, columns parted by tabs.
    pub fn sql(&self, text: &str) -> String {
        self.try_sql(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    /// The same, where it may fail.
    pub fn try_sql(&self, text: &str) -> Result<String, String> {
        let output = Command::new("mariadb")
            .args(["--no-defaults", "--user=root", "--batch", "--skip-column-names", "--skip-ssl"])
            .args(["--default-character-set=utf8mb4", "--comments"])
            .arg(format!("--socket={}", self.file("socket").display()))
            .args(["--execute", text])
            .output()
            .expect("mariadb is installed");
        let printed = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        if output.status.success() { Ok(printed(&output.stdout)) } else { Err(printed(&output.stderr)) }
    }

    /// A schema of its own for one test, without tables.
    pub fn schema(&self) -> Schema<'_> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("motion_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.sql(&format!("CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"));
        Schema { server: self, name }
    }

    /// A schema with Motion's documented tables, all empty.
    pub fn motion(&self) -> Schema<'_> {
        let schema = self.schema();
        schema.sql(&fs::read_to_string(MOTION).expect("the fixture"));
        schema
    }

    /// Stops and continues the server: between the two it answers nothing and keeps its connections.
    pub fn frozen<T>(&self, during: impl FnOnce() -> T) -> T {
        let pid = fs::read_to_string(self.file("pid")).expect("a pid file");
        let signal = |name: &str| {
            assert!(Command::new("kill").args([name, pid.trim()]).status().expect("kill").success());
        };
        let stat = format!("/proc/{}/stat", pid.trim());
        let stopped = || fs::read_to_string(&stat).expect("a process").contains(") T ");
        signal("-STOP");
        // Its threads stop one after the other.
        while !stopped() {
            sleep(Duration::from_millis(5));
        }
        let answer = during();
        signal("-CONT");
        answer
    }

    fn wait(&self) -> Result<(), String> {
        let log = || fs::read_to_string(self.folder.join("error.log")).unwrap_or_default();
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if log().contains("ready for connections") && self.try_sql("SELECT 1").is_ok() {
                return Ok(());
            }
            if log().contains("Aborting") {
                return Err(log());
            }
            sleep(Duration::from_millis(20));
        }
        Err(log())
    }
}

impl Drop for DatabaseServer {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        // The shell has nothing else to do than to kill the server and remove its folder.
        let _ = self.holder.wait();
    }
}

impl Schema<'_> {
    /// Runs SQL in the schema, as root.
    pub fn sql(&self, text: &str) -> String {
        self.server.sql(&format!("USE {};\n{text}", self.name))
    }

    /// A connection as root.
    pub fn connect(&self) -> Connection {
        Connection::open(&self.server.by_socket(&self.name), &Limits::work()).expect("a connection")
    }

    /// Its URL, by socket.
    pub fn url(&self) -> String {
        self.server.socket_url(&self.name)
    }

    /// Makes a user with these privileges on the schema, such as `SELECT`, and returns its name.
    pub fn user(&self, password: &str, privileges: &str) -> String {
        let name = format!("u_{}_{}", self.name, privileges.len());
        self.server.sql(&format!("CREATE USER '{name}'@'%' IDENTIFIED BY '{password}'"));
        if !privileges.is_empty() {
            self.server.sql(&format!("GRANT {privileges} ON {}.* TO '{name}'@'%'", self.name));
        }
        name
    }
}

impl Drop for Schema<'_> {
    fn drop(&mut self) {
        let _ = self.server.try_sql(&format!("DROP DATABASE IF EXISTS {}", self.name));
    }
}

/// An option file for a connection, readable by its owner alone.
pub fn option_file(folder: &Path, text: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join("client.cnf");
    fs::write(&path, text).expect("writing");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a mode");
    path
}

/// Freshly installed data, made once and copied for every server.
fn installed() -> &'static Path {
    static INSTALLED: OnceLock<(PathBuf, Child)> = OnceLock::new();
    let (data, _) = INSTALLED.get_or_init(|| {
        let folder = quick::folder("motionctl-database-data-").keep();
        // Statics are not dropped; this shell removes the folder when the process has gone.
        let keeper = keeper(&folder, ":");
        give_to_mysql(&folder);
        let data = folder.join("data");
        programs().install(&data);
        (data, keeper)
    });
    data
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().expect("cp").success());
}

fn give_to_mysql(path: &Path) {
    let status = Command::new("chown").arg("-R").arg("mysql:mysql").arg(path).status();
    assert!(status.expect("chown").success(), "there is a user mysql");
}

/// Starts the server beside a shell that outlives this process by the moment that cleaning up takes.
fn hold(folder: &Path, port: u16, options: &[&str]) -> Child {
    let at = |name: &str| folder.join(name).display().to_string();
    let mut arguments = programs().command();
    arguments.extend([
        format!("--datadir={}", at("data")),
        // A server that starts deletes every temporary table there, also those of another one that runs, which then
        // crashes.
        format!("--tmpdir={}", at("tmp")),
        format!("--socket={}", at("socket")),
        format!("--pid-file={}", at("pid")),
        format!("--log-error={}", at("error.log")),
        format!("--bind-address={}", programs().addresses().join(",")),
        format!("--port={port}"),
        format!("--ssl-ca={}", at("ca.pem")),
        format!("--ssl-cert={}", at("server.pem")),
        format!("--ssl-key={}", at("server-key.pem")),
    ]);
    let small = ["--innodb-buffer-pool-size=16M", "--key-buffer-size=1M", "--skip-name-resolve"];
    let quick = ["--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync"];
    let habits = small.iter().chain(&quick).chain(programs().habits());
    arguments.extend(habits.chain(options).map(|option| (*option).to_owned()));
    let words: Vec<String> =
        arguments.iter().map(|word| format!("'{}'", word.replace('\'', "'\\''"))).collect();
    keeper(folder, &words.join(" "))
}

/// A shell that runs `command` until its input ends, and then removes `folder`.
fn keeper(folder: &Path, command: &str) -> Child {
    let script = format!(
        "trap '' INT TERM HUP\n{command} </dev/null &\nserver=$!\nread -r _\n\
         kill -KILL $server 2>/dev/null\nwait $server\nrm -rf '{}'",
        folder.display()
    );
    Command::new("sh")
        .args(["-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("sh")
}

/// An authority, a certificate by it for the server's address, and an authority that nobody used.
fn certificates(folder: &Path) {
    let authority = |name: &str| {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate")
    };
    let ca = authority("motionctl test authority");
    let other = authority("motionctl other authority");
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    params.subject_alt_names.push(SanType::IpAddress(Ipv4Addr::LOCALHOST.into()));
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, &ca).expect("a certificate");
    let files = [("ca.pem", ca.pem()), ("other-ca.pem", other.pem()), ("server.pem", certificate.pem())];
    for (name, text) in files {
        fs::write(folder.join(name), text).expect("writing");
    }
    fs::write(folder.join("server-key.pem"), key.serialize_pem()).expect("writing");
    give_to_mysql(folder);
}
