//! A real NGINX on a loopback address of its own, for tests of the wire.
//!
//! Invariant: its files live in a temporary folder and its processes end with
//! the value. It must not touch `/etc/nginx`, `/run` or `/var`.

use motionctl::host::http::{Address, PROBE_LIMIT, Scheme, Sender, Target};
use motionctl::verify::certificate::Certificate;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;
use std::time::{Duration, Instant};

static NEXT: AtomicU8 = AtomicU8::new(1);

/// A loopback address that no other test of this machine uses, so that ports can be fixed.
pub fn own_address() -> IpAddr {
    let run = std::process::id().to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(127, run[2] | 64, run[3], NEXT.fetch_add(1, Ordering::Relaxed)))
}

/// A running master.
pub struct Nginx {
    pub folder: tempfile::TempDir,
    master: Child,
}

impl Nginx {
    /// Starts NGINX with `http` as the contents of its `http` block, and waits
    /// until `ready` accepts. `{DIR}` in it is the temporary folder.
    pub fn start(folder: tempfile::TempDir, http: &str, ready: SocketAddr) -> Self {
        write(folder.path(), http);
        let mut master = Command::new("nginx").args(arguments(folder.path())).spawn().unwrap();
        let limit = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(ready).is_err() {
            let log = || fs::read_to_string(folder.path().join("error.log")).unwrap_or_default();
            assert!(master.try_wait().unwrap().is_none(), "nginx ended: {}", log());
            assert!(Instant::now() < limit, "nginx does not listen: {}", log());
            thread::sleep(Duration::from_millis(5));
        }
        Self { folder, master }
    }

    /// Writes a new configuration, reloads, and waits for the old workers to go.
    pub fn reload(&self, http: &str) -> (Instant, Instant) {
        write(self.folder.path(), http);
        let old = self.workers();
        assert!(!old.is_empty());
        let from = Instant::now();
        kill(Pid::from_raw(self.pid()), Signal::SIGHUP).unwrap();
        while self.workers().iter().any(|worker| old.contains(worker)) {
            assert!(from.elapsed() < Duration::from_secs(20), "old workers stay");
            thread::sleep(Duration::from_millis(1));
        }
        (from, Instant::now())
    }

    fn pid(&self) -> i32 {
        self.master.id().try_into().unwrap()
    }

    fn workers(&self) -> BTreeSet<i32> {
        let children = format!("/proc/{0}/task/{0}/children", self.pid());
        fs::read_to_string(children).unwrap().split_whitespace().map(|pid| pid.parse().unwrap()).collect()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _gone = kill(Pid::from_raw(self.pid()), Signal::SIGTERM);
        let _ended = self.master.wait();
    }
}

/// What `nginx -t` says about `http`, and whether it accepts it.
pub fn test(folder: &Path, http: &str) -> (String, bool) {
    write(folder, http);
    let output = Command::new("nginx").arg("-t").args(arguments(folder)).output().unwrap();
    (String::from_utf8_lossy(&output.stderr).into_owned(), output.status.success())
}

/// The latest that a probe started now may end.
pub fn soon() -> Instant {
    Instant::now() + PROBE_LIMIT
}

/// A server block of these tests: plain on port 8080, TLS on 8443.
pub fn target(ip: IpAddr, scheme: Scheme, name: &str) -> Target {
    let port = if scheme == Scheme::Https { 8443 } else { 8080 };
    let address = Address::Tcp(SocketAddr::new(ip, port));
    Target { address, scheme, server_name: name.to_owned(), port, sender: Sender::default() }
}

/// A loopback port that the system chooses.
pub fn free() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// Puts a throw-away certificate where [`tls_server`] finds it.
pub fn write_certificate(folder: &Path, stem: &str, names: &[&str]) {
    let made = Certificate::for_names(names).unwrap();
    fs::write(folder.join(format!("{stem}.crt")), made.cert_pem).unwrap();
    fs::write(folder.join(format!("{stem}.key")), made.key_pem).unwrap();
}

/// A TLS `server` block; certificates are found by `stem`.
pub fn tls_server(ip: IpAddr, stem: &str, name: &str, inside: &str) -> String {
    format!(
        "server {{ listen {ip}:8443 ssl; server_name {name}; ssl_certificate {{DIR}}/{stem}.crt;\n\
         ssl_certificate_key {{DIR}}/{stem}.key; {inside} }}\n"
    )
}

fn arguments(folder: &Path) -> Vec<String> {
    let path = |name: &str| folder.join(name).display().to_string();
    let words =
        ["-p".to_owned(), path(""), "-c".to_owned(), path("nginx.conf"), "-e".to_owned(), path("error.log")];
    words.to_vec()
}

fn write(folder: &Path, http: &str) {
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path {{DIR}}/{kind};\n"))
        .collect();
    let text = format!(
        "daemon off;\nuser root;\nworker_processes 2;\npid {{DIR}}/nginx.pid;\nerror_log {{DIR}}/error.log;\n\
         events {{ worker_connections 512; }}\nhttp {{\naccess_log off;\n\
         types {{ text/html html; text/javascript js; }}\n{temporary}{http}\n}}\n"
    );
    fs::write(folder.join("nginx.conf"), text.replace("{DIR}", &folder.display().to_string())).unwrap();
}
