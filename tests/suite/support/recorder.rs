//! A program that stands in for an NGINX of somebody else: it holds ports, or writes down who ran it.
//!
//! Invariant: it harms nobody. Compiled by the tests as a program of its own, never as a part of them. Called
//! with `hold PORT…` it listens and waits; called with anything else it adds its user to the file `ran` beside
//! itself and answers as `nginx -V` does.

use std::io::Write;
use std::net::TcpListener;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(("hold", ports)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        let listen = |port: &String| TcpListener::bind(("0.0.0.0", port.parse().expect("a port"))).expect("free");
        let _held: Vec<TcpListener> = ports.iter().map(listen).collect();
        loop {
            std::thread::park();
        }
    }
    let program = std::env::current_exe().expect("its own path");
    let status = std::fs::read_to_string("/proc/self/status").expect("its own status");
    let user = status.lines().find(|line| line.starts_with("Uid:")).unwrap_or("Uid: unknown");
    let file = std::fs::OpenOptions::new().append(true).open(program.with_file_name("ran"));
    writeln!(file.expect("the record"), "{user}: {}", arguments.join(" ")).expect("writing");
    eprintln!("nginx version: nginx/1.22.1\nconfigure arguments: --prefix=/usr/share/nginx --conf-path=/etc/nginx/nginx.conf");
}
