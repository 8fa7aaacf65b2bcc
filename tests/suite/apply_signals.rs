//! Signals, closed pipes and open connections during a live change.
//!
//! Invariant: before the first effect a signal ends the run (1), after it the
//! run is undone (4); a lost terminal ends nothing.

use crate::support::machine::{Machine, NAME, Running, eventually};
use crate::support::upstream::Upstream;
use motionctl::host::http::Scheme;
use nix::sys::signal::Signal;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

const LEGACY: &str = "<html ng-app=\"motion\"><title>Motion</title></html>";

/// A machine whose upstream stops the run at a moment: requests wait there.
struct Paused {
    machine: Machine,
    _upstream: Upstream,
    waiting: Receiver<()>,
    go_on: Vec<Sender<()>>,
}

/// When requests of the run are held up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// Before anything was changed.
    ProbesBefore,
    /// When the new configuration serves, and is not proven yet.
    ProbesAfter,
}

/// A machine on which the first request of a run's moment waits until it is told to go on.
fn paused_at(moment: Moment) -> Paused {
    let machine = Machine::without_motion("standalone", |_| ());
    let listener = machine.take_port(9000);
    let journal = machine.path("/var/lib/motionctl/journal");
    let (tell, waiting) = channel();
    let (release, held) = channel();
    let (tell, held) = (std::sync::Mutex::new(tell), std::sync::Mutex::new(Some(held)));
    let seen = Arc::new(AtomicUsize::new(0));
    let upstream = Upstream::start(listener, move |_| {
        // The journal's first record is written between the probes before and those after.
        let begun = fs::metadata(&journal).is_ok_and(|journal| journal.len() > 0);
        let now = if begun { Moment::ProbesAfter } else { Moment::ProbesBefore };
        if now == moment && seen.fetch_add(1, Ordering::SeqCst) == 0 {
            let held: Receiver<()> = held.lock().expect("nobody panics").take().expect("once");
            tell.lock().expect("nobody panics").send(()).expect("the test waits");
            let _released = held.recv_timeout(Duration::from_secs(4));
        }
        LEGACY.to_owned()
    });
    machine.start_nginx();
    Paused { machine, _upstream: upstream, waiting, go_on: vec![release] }
}

impl Paused {
    /// Starts an apply and returns when it waits.
    fn apply(&self) -> Running<'_> {
        let running = self.machine.spawn(&["apply", "--yes", "--json"]);
        self.waiting.recv_timeout(Duration::from_secs(20)).expect("the run gets that far");
        running
    }

    fn go_on(&self) {
        self.go_on[0].send(()).expect("it waits");
    }
}

#[test]
fn a_signal_before_the_first_effect_ends_the_run() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let paused = paused_at(Moment::ProbesBefore);
        let machine = &paused.machine;
        let (before, workers) = (machine.configuration(), machine.workers());
        let running = paused.apply();
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
        let running = paused.apply();
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
        let mut running = paused.apply();
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
    let _headers = socket.read(&mut rest).expect("headers");

    let done = machine.apply(&[]);

    done.expect(0, "applied");
    assert!(
        done.json["details"]["lingering"].as_str().is_some_and(|note| note.starts_with("1 old worker")),
        "{done}"
    );
    // It still is one connection from end to end: the stand-in ends it when it is told to.
    socket.set_nonblocking(true).expect("a look");
    assert_eq!(socket.read(&mut rest).expect_err("open").kind(), std::io::ErrorKind::WouldBlock);
    assert_eq!(machine.ask(Scheme::Http, 8080, "/login").status, 200);
    drop(socket);
    eventually("the old worker ends", || {
        machine.masters().iter().all(|master| master.workers.len() == master.serving().count())
    });
}
