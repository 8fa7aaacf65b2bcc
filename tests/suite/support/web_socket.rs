//! A WebSocket through nginx to Motion's stand-in, as an agent's browser holds one all day.
//!
//! Invariant: it is open from end to end when it is handed out, and ends with its value.

use super::machine::{Machine, NAME};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

/// Lets a fixture's site also listen without TLS, where a test can speak by hand.
pub fn without_tls(etc: &Path) {
    let site = etc.join("conf.d/motion.conf");
    let text = fs::read_to_string(&site).expect("the site");
    let plain = "listen 443 ssl;\n    listen 8080;";
    fs::write(&site, text.replace("listen 443 ssl;", plain)).expect("writing");
}

/// An open WebSocket.
pub struct WebSocket(TcpStream);

impl WebSocket {
    /// Opens one on the port of [`without_tls`].
    pub fn open(machine: &Machine) -> Self {
        let mut socket = machine.inside(|| TcpStream::connect(("127.0.0.1", 8080)).expect("nginx"));
        socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a limit");
        write!(
            socket,
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {NAME}\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        .expect("sending");
        let mut answer = [0; 12];
        socket.read_exact(&mut answer).expect("an answer");
        assert_eq!(&answer, b"HTTP/1.1 101");
        // The headers may come in several pieces; what follows them must be nothing.
        let (mut headers, mut rest) = (Vec::new(), [0; 1024]);
        while !headers.ends_with(b"\r\n\r\n") {
            let read = socket.read(&mut rest).expect("headers");
            headers.extend_from_slice(&rest[..read]);
        }
        socket.set_nonblocking(true).expect("a look");
        Self(socket)
    }

    /// Whether it still is one connection from end to end: the stand-in ends it when it is told to.
    pub fn is_open(&mut self) -> bool {
        self.0.read(&mut [0; 1024]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }
}
