//! A real nginx on a tree of its own: started from a configuration, asked over
//! the wire, stopped when the value goes away.
//!
//! Invariant: every instance has its own folder and its own loopback address,
//! so instances of one test run never meet. Only processes started here are
//! signalled.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long anything here may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where one nginx lives, known before it is started.
pub struct Place {
    folder: TempDir,
    address: Ipv4Addr,
    ports: [u16; 4],
}

impl Place {
    /// A folder and four free ports on an address that no other instance of this process has.
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let pid = std::process::id();
        let [_, low_pid, high, low] = [0, (pid % 251) as u8, (number / 250) as u8, (number % 250) as u8];
        let address = Ipv4Addr::new(127, 1 + low_pid, 1 + high, 1 + low);
        let listeners: Vec<TcpListener> =
            (0..4).map(|_| TcpListener::bind((address, 0)).expect("a free port")).collect();
        let ports = std::array::from_fn(|i| listeners[i].local_addr().expect("bound").port());
        let folder =
            tempfile::Builder::new().prefix("motionctl-nginx-").tempdir().expect("a temporary folder");
        for sub in ["conf.d", "logs", "html", "temp"] {
            fs::create_dir(folder.path().join(sub)).expect("a folder for nginx");
        }
        Self { folder, address, ports }
    }

    /// The folder that holds everything of this instance; nginx's prefix.
    pub fn dir(&self) -> &Path {
        self.folder.path()
    }

    /// `address:port` of the n-th of four free ports, as `listen` takes it.
    pub fn listen(&self, n: usize) -> String {
        format!("{}:{}", self.address, self.ports[n])
    }

    /// The n-th of four free ports, with its address.
    pub fn socket(&self, n: usize) -> SocketAddr {
        SocketAddr::V4(SocketAddrV4::new(self.address, self.ports[n]))
    }

    /// The main-context error log that [`Place::main`] names.
    pub fn error_log(&self) -> PathBuf {
        self.dir().join("logs/error.log")
    }

    /// The configuration file nginx is started with.
    pub fn conf(&self) -> PathBuf {
        self.dir().join("nginx.conf")
    }

    /// Directives of the main context: everything written stays inside the folder.
    pub fn main(&self, workers: u32) -> String {
        format!(
            "user root;\nworker_processes {workers};\npid {dir}/nginx.pid;\nerror_log {dir}/logs/error.log;\n\
             events {{ worker_connections 256; }}\n",
            dir = self.dir().display()
        )
    }

    /// An `http` block around `servers`, its temporary paths inside the folder.
    pub fn http(&self, servers: &str) -> String {
        let dir = self.dir().display();
        let mut text = format!("http {{\naccess_log {dir}/logs/access.log;\n");
        for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
            writeln!(text, "{kind}_temp_path {dir}/temp/{kind};").expect("writing to a string");
        }
        writeln!(text, "{servers}\n}}").expect("writing to a string");
        text
    }
}

/// A running nginx; dropped, it is stopped and its folder removed.
pub struct Nginx {
    child: Child,
    /// Where it lives.
    pub place: Place,
}

/// What nginx answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Status of the response.
    pub status: u16,
    /// Header lines as sent.
    pub headers: Vec<String>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Nginx {
    /// Starts nginx with the whole configuration that `conf` writes for a new place. The
    /// configuration must listen on `place.listen(0)`.
    pub fn start(conf: impl FnOnce(&Place) -> String) -> Self {
        let place = Place::new();
        let text = conf(&place);
        fs::write(place.conf(), text).expect("writing nginx.conf");
        Self::run(place)
    }

    /// Starts nginx with two workers and an `http` block around the servers that `servers` writes.
    pub fn serving(servers: impl FnOnce(&Place) -> String) -> Self {
        Self::start(|place| place.main(2) + &place.http(&servers(place)))
    }

    /// Starts nginx on a place whose configuration is already written.
    pub fn run(place: Place) -> Self {
        let stderr = fs::File::create(place.dir().join("stderr")).expect("a file for stderr");
        let child = Command::new("nginx")
            .arg("-p")
            .arg(place.dir())
            .arg("-c")
            .arg(place.conf())
            .args(["-g", "daemon off;"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .expect("nginx is installed");
        let mut nginx = Self { child, place };
        nginx.wait_until_serving();
        nginx
    }

    fn wait_until_serving(&mut self) {
        let socket = self.place.socket(0);
        let started = Instant::now();
        while TcpStream::connect(socket).is_err() {
            if let Some(status) = self.child.try_wait().expect("waiting for nginx") {
                let said = fs::read_to_string(self.place.dir().join("stderr")).unwrap_or_default();
                panic!("nginx ended with {status}: {said}");
            }
            assert!(started.elapsed() < PATIENCE, "nginx does not listen on {socket}");
            sleep(Duration::from_millis(5));
        }
        let conf = fs::read_to_string(self.place.conf()).unwrap_or_default();
        let wanted =
            conf.split("worker_processes ").nth(1).and_then(|rest| rest.split(';').next()?.parse().ok());
        self.wait_for("every worker with its title", |n| n.workers().len() >= wanted.unwrap_or(1));
    }

    /// The master's process id.
    pub fn master_pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("a pid fits")
    }

    /// Process ids of the workers that accept connections.
    pub fn workers(&self) -> BTreeSet<i32> {
        self.titled("nginx: worker process").into_iter().collect()
    }

    /// Process ids of every child of the master.
    pub fn children(&self) -> BTreeSet<i32> {
        self.descendants().into_iter().map(|(pid, _)| pid).collect()
    }

    fn titled(&self, wanted: &str) -> Vec<i32> {
        self.descendants().into_iter().filter(|(_, title)| title == wanted).map(|(pid, _)| pid).collect()
    }

    fn descendants(&self) -> Vec<(i32, String)> {
        let master = self.master_pid();
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").expect("/proc").flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else {
                continue;
            };
            let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
            let after = stat.rsplit(") ").next().unwrap_or_default();
            if after.split(' ').nth(1).and_then(|ppid| ppid.parse().ok()) != Some(master) {
                continue;
            }
            let title = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let end = title.iter().position(|&b| b == 0).unwrap_or(title.len());
            found.push((pid, String::from_utf8_lossy(&title[..end]).into_owned()));
        }
        found
    }

    /// Rewrites the whole configuration, without telling nginx.
    pub fn rewrite(&self, conf: impl FnOnce(&Place) -> String) {
        fs::write(self.place.conf(), conf(&self.place)).expect("writing nginx.conf");
    }

    /// Sends HUP to the master and returns at once.
    pub fn reload(&self) {
        signal(self.master_pid(), "HUP");
    }

    /// Asks the first port for `path`, on a connection of its own.
    pub fn get(&self, path: &str) -> Answer {
        self.try_get(path).unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// Like [`Nginx::get`], with failures as values.
    pub fn try_get(&self, path: &str) -> std::io::Result<Answer> {
        get(self.place.socket(0), "localhost", path)
    }

    /// What the main error log says so far.
    pub fn error_log(&self) -> String {
        fs::read_to_string(self.place.error_log()).unwrap_or_default()
    }

    /// Waits until `done`; panics with `what` when it takes too long.
    pub fn wait_for(&self, what: &str, done: impl Fn(&Self) -> bool) {
        let started = Instant::now();
        while !done(self) {
            assert!(started.elapsed() < PATIENCE, "waited too long for {what}: {}", self.error_log());
            sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let workers = self.children();
        signal(self.master_pid(), "TERM");
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(3) {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            sleep(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        workers.into_iter().for_each(|pid| signal(pid, "KILL"));
    }
}

/// Sends a signal to a process that a test started.
pub fn signal(pid: i32, name: &str) {
    let signal: nix::sys::signal::Signal = format!("SIG{name}").parse().expect("a signal's name");
    let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal);
}

/// Asks `socket` for `path` with HTTP/1.0 and reads to the end.
pub fn get(socket: SocketAddr, host: &str, path: &str) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&socket, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n")?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    read_answer(&bytes)
}

/// A response that was read to its end.
pub fn read_answer(bytes: &[u8]) -> std::io::Result<Answer> {
    let malformed = || std::io::Error::other(format!("not a response: {} bytes", bytes.len()));
    let split = bytes.windows(4).position(|w| w == b"\r\n\r\n").ok_or_else(malformed)?;
    let head = String::from_utf8_lossy(&bytes[..split]).into_owned();
    let mut lines = head.split("\r\n").map(str::to_owned);
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).ok_or_else(malformed)?;
    Ok(Answer { status, headers: lines.collect(), body: bytes[split + 4..].to_vec() })
}

#[test]
fn starts_answers_reloads_and_stops() {
    let conf = |body: &str| {
        let body = body.to_owned();
        move |p: &Place| {
            p.main(2)
                + &p.http(&format!(
                    "server {{ listen {}; location / {{ return 200 {body}; }} }}",
                    p.listen(0)
                ))
        }
    };
    let nginx = Nginx::start(conf("one"));
    let before = nginx.workers();
    assert_eq!(nginx.get("/").text(), "one");
    nginx.rewrite(conf("two"));
    nginx.reload();
    nginx.wait_for("the new answer", |n| n.workers().is_disjoint(&before) && n.get("/").text() == "two");
    let (master, socket) = (nginx.master_pid(), nginx.place.socket(0));
    drop(nginx);
    assert!(!Path::new(&format!("/proc/{master}")).exists());
    assert!(TcpStream::connect(socket).is_err());
}
