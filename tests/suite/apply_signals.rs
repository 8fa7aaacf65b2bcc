//! Signals, closed pipes and open connections during a live change.
//!
//! Invariant: before the first effect a signal ends the run (1), after it the
//! run is undone (4); a lost terminal ends nothing.

use crate::support::machine::{Machine, NAME, eventually};
use crate::support::paused::{LEGACY, Moment, paused_at};
use motionctl::host::http::Scheme;
use nix::sys::signal::Signal;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

#[test]
fn a_signal_before_the_first_effect_ends_the_run() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let paused = paused_at(Moment::ProbesBefore);
        let machine = &paused.machine;
        let (before, workers) = (machine.configuration(), machine.workers());
        let running = paused.apply(&[]);
        running.signal(signal);
        paused.go_on();
        running.finish().expect(1, "failed");
        before.assert_same(&machine.configuration());
        assert!(machine.journal().is_empty());
        assert_eq!(machine.workers(), workers);
    }
}

#[test]
fn a_signal_after_the_first_effect_undoes_the_run() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let paused = paused_at(Moment::ProbesAfter);
        let machine = &paused.machine;
        let before = machine.configuration().without_folder_times();
        let running = paused.apply(&[]);
        assert_ne!(machine.get("/user-ui/login").body, LEGACY.as_bytes(), "the change serves by now");
        running.signal(signal);
        paused.go_on();
        let done = running.finish();
        done.expect(4, "rolled-back");
        assert!(done.error().contains("interrupted"), "{done}");
        before.assert_same(&machine.configuration().without_folder_times());
        assert_eq!(machine.get("/user-ui/login").body, LEGACY.as_bytes());
    }
}

#[test]
fn a_lost_terminal_ends_nothing() {
    for moment in [Moment::ProbesBefore, Moment::ProbesAfter] {
        let paused = paused_at(moment);
        let mut running = paused.apply(&[]);
        running.signal(Signal::SIGHUP);
        running.close_output();
        paused.go_on();
        assert_eq!(running.finish().code, Some(0));
        assert_eq!(paused.machine.journal().last().expect("records")["outcome"], "applied");
    }
}

#[test]
fn a_closed_pipe_ends_no_answer_for_people() {
    let machine = Machine::new("standalone");
    let mut running = machine.command(env!("CARGO_BIN_EXE_motionctl"), &["apply", "--yes"], |_| ());
    running.close_output();
    assert_eq!(running.finish().code, Some(0));
    assert_eq!(machine.journal().last().expect("records")["outcome"], "applied");
}

#[test]
fn an_open_web_socket_outlives_the_reload() {
    let machine = Machine::edited("standalone", |etc| {
        let site = etc.join("conf.d/motion.conf");
        let text = fs::read_to_string(&site).expect("the site");
        let plain = "listen 443 ssl;\n    listen 8080;";
        fs::write(&site, text.replace("listen 443 ssl;", plain)).expect("writing");
    });
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
    let mut rest = [0; 1024];
    // The headers may come in several pieces; what follows them must be nothing.
    let mut headers = Vec::new();
    while !headers.ends_with(b"\r\n\r\n") {
        let read = socket.read(&mut rest).expect("headers");
        headers.extend_from_slice(&rest[..read]);
    }

    let done = machine.apply(&[]);

    done.expect(0, "applied");
    // The one that holds the socket; the other of the two may still be ending when it is looked at.
    let note = done.json["details"]["lingering"].as_str().unwrap_or_default();
    assert!(["1 old worker", "2 old workers"].iter().any(|start| note.starts_with(start)), "{done}");
    // It still is one connection from end to end: the stand-in ends it when it is told to.
    socket.set_nonblocking(true).expect("a look");
    assert_eq!(socket.read(&mut rest).expect_err("open").kind(), std::io::ErrorKind::WouldBlock);
    assert_eq!(machine.ask(Scheme::Http, 8080, "/login").status, 200);
    drop(socket);
    eventually("the old worker ends", || {
        machine.masters().iter().all(|master| master.workers.len() == master.serving().count())
    });
}
