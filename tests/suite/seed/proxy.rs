//! Stands between a client and a MariaDB, hears every statement, and may cut the connection at one.
//!
//! Invariant: it passes bytes on unchanged and in order; what happens at a statement is the test's to say.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// The protocol's commands that run a statement: COM_QUERY and COM_STMT_EXECUTE.
const QUERY: u8 = 3;
const EXECUTE: u8 = 23;

/// What becomes of a statement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fate {
    Passes,
    /// The connection is cut, and the server never gets it.
    CutBefore,
    /// The server gets it, and the connection is cut before its answer.
    CutAfter,
    /// The connection is cut, and the server gets it so much later.
    CutAndLate(Duration),
    /// The server never gets it, and the client is told that it may not do that.
    Refused,
}

/// Asked about every statement.
type Judge = dyn Fn(&str) -> Fate + Send + Sync;

/// Where it listens on 127.0.0.1, until the process ends.
pub fn start(to: u16, judge: impl Fn(&str) -> Fate + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let judge: Arc<Judge> = Arc::new(judge);
    thread::spawn(move || {
        for client in listener.incoming() {
            let Ok(client) = client else { return };
            let Ok(server) = TcpStream::connect(("127.0.0.1", to)) else { return };
            // Small packets that wait for each other's receipt would take 40 ms each.
            client.set_nodelay(true).and_then(|()| server.set_nodelay(true)).expect("TCP");
            let mute = Arc::new(AtomicBool::new(false));
            let back = (server.try_clone().expect("a handle"), client.try_clone().expect("a handle"));
            let (judge, muted) = (Arc::clone(&judge), Arc::clone(&mute));
            thread::spawn(move || answer(back.0, back.1, &muted));
            thread::spawn(move || ask(client, server, &*judge, &mute));
        }
    });
    port
}

/// Passes answers on, until they are not to be heard any more.
fn answer(mut server: TcpStream, mut client: TcpStream, mute: &AtomicBool) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = server.read(&mut buffer) {
        if mute.load(Ordering::SeqCst) || client.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
}

/// Passes packets on; one whose sequence number is 0 is a command.
fn ask(mut client: TcpStream, mut server: TcpStream, judge: &Judge, mute: &AtomicBool) {
    loop {
        let mut packet = vec![0; 4];
        if client.read_exact(&mut packet).is_err() {
            break;
        }
        let header = [packet[0], packet[1], packet[2], packet[3]];
        let length = usize::from(header[0]) | usize::from(header[1]) << 8 | usize::from(header[2]) << 16;
        packet.resize(4 + length, 0);
        if client.read_exact(&mut packet[4..]).is_err() {
            break;
        }
        let runs = header[3] == 0 && matches!(packet.get(4), Some(&(QUERY | EXECUTE)));
        let fate = if runs { judge(&String::from_utf8_lossy(&packet[5..])) } else { Fate::Passes };
        if fate == Fate::Refused {
            if client.write_all(&refusal()).is_err() {
                break;
            }
            continue;
        }
        mute.store(fate != Fate::Passes, Ordering::SeqCst);
        match fate {
            Fate::Passes | Fate::CutAfter | Fate::Refused => {}
            Fate::CutBefore => break,
            Fate::CutAndLate(time) => {
                let _ = client.shutdown(Shutdown::Both);
                thread::sleep(time);
            }
        }
        if server.write_all(&packet).is_err() || fate != Fate::Passes {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Write);
}

/// The answer of a server to whom the user has not the privilege: an ERR packet with the number 1227.
fn refusal() -> Vec<u8> {
    let mut payload = vec![0xff];
    payload.extend(1227_u16.to_le_bytes());
    payload.extend(b"#42000Access denied; you need (at least one of) some privilege(s) for this operation");
    let length = u32::try_from(payload.len()).expect("short").to_le_bytes();
    [&length[..3], &[1], &payload[..]].concat()
}
