//! What a server says of itself to whoever connects, before anybody logs in.
//!
//! Invariant: nothing is sent, and no more is looked at than the name of the version can be long.

use super::settings::engine;
use crate::db::model::Engine;
use mysql::Opts;
use std::io::{self, BufReader, Read};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// The head of a packet, and the version of the protocol.
const BEFORE: usize = 5;
/// No version is longer.
const LONGEST: usize = 128;

/// Whether it is a MariaDB; not where it cannot be told.
pub(super) fn is_mariadb(options: &Opts, within: Duration) -> bool {
    let greeting = match options.get_socket() {
        Some(path) => UnixStream::connect(path).and_then(|stream| {
            stream.set_read_timeout(Some(within))?;
            begin_of(stream)
        }),
        None => by_tcp(options, within),
    };
    greeting.is_ok_and(|greeting| names_mariadb(&greeting))
}

fn by_tcp(options: &Opts, within: Duration) -> io::Result<Vec<u8>> {
    let host = options.get_ip_or_hostname();
    let addresses = (host.as_ref(), options.get_tcp_port()).to_socket_addrs()?;
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in addresses {
        match TcpStream::connect_timeout(&address, within) {
            Ok(stream) => {
                stream.set_read_timeout(Some(within))?;
                return begin_of(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn begin_of(stream: impl Read) -> io::Result<Vec<u8>> {
    let mut found = Vec::new();
    for byte in BufReader::new(stream).bytes().take(BEFORE + LONGEST) {
        found.push(byte?);
        if found.len() > BEFORE && found.last() == Some(&0) {
            break;
        }
    }
    Ok(found)
}

/// `5.5.5-10.11.6-MariaDB`, before version 11 with a number in front that old replicas understand.
fn names_mariadb(greeting: &[u8]) -> bool {
    let version = String::from_utf8_lossy(greeting.get(BEFORE..).unwrap_or_default());
    greeting.get(BEFORE - 1) == Some(&10) && engine(&version) == Engine::MariaDb
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_names_its_server() {
        let read = |bytes: &[u8]| begin_of(bytes).expect("read");
        let maria = read(b"\x4b\0\0\0\x0a5.5.5-10.11.6-MariaDB-0+deb12u1\0\x01\0\0\0MORE");
        assert!(maria.ends_with(b"u1\0"), "{maria:?}");
        assert!(names_mariadb(&maria));
        assert!(!names_mariadb(&read(b"\x4b\0\0\0\x0a8.0.36\0\x01\0\0\0-MariaDB\0")));
        // An error instead of a greeting, such as too many connections.
        assert!(!names_mariadb(&read(b"\x4b\0\0\0\xff\x10\x04MariaDB: Too many connections")));
        assert!(!names_mariadb(&read(b"HTTP")));
    }
}
