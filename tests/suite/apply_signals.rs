//! Signals, closed pipes and open connections during a live change.
//!
//! Invariant: before the first effect a signal ends the run (1), after it the
//! run is undone (4); a lost terminal ends nothing.

use crate::support::machine::Machine;
use crate::support::paused::{LEGACY, Moment, paused_at};
use crate::support::wait::eventually;
use crate::support::web_socket::{WebSocket, without_tls};
use motionctl::host::http::Scheme;
use nix::sys::signal::Signal;
use std::fs;

#[test]
fn a_signal_before_the_first_effect_ends_the_run() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let paused = paused_at(Moment::ProbesBefore);
        let machine = &paused.machine;
        let (before, workers) = (machine.configuration(), machine.workers());
        let running = paused.apply(&[]);
        running.signal(signal);
        paused.go_on();
        running.finish().expect(1, "cancelled");
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
        assert_eq!(running.finish().code, 0);
        assert_eq!(paused.machine.journal().last().expect("records")["outcome"], "applied");
    }
}

#[test]
fn a_closed_pipe_ends_no_answer_for_people() {
    let machine = Machine::new("standalone");
    let mut running = machine.command(env!("CARGO_BIN_EXE_motionctl"), &["apply", "--yes"], |_| ());
    running.close_output();
    assert_eq!(running.finish().code, 0);
    assert_eq!(machine.journal().last().expect("records")["outcome"], "applied");
}

#[test]
fn an_open_web_socket_outlives_the_reload() {
    // One worker: of two the idle one may still be ending when they are counted.
    let machine = Machine::edited("standalone", |etc| {
        without_tls(etc);
        let main = etc.join("nginx.conf");
        let text = fs::read_to_string(&main).expect("the main file");
        fs::write(&main, text.replace("worker_processes 2;", "worker_processes 1;")).expect("writing");
    });
    let mut socket = WebSocket::open(&machine);

    let done = machine.apply(&[]);

    done.expect(0, "applied");
    assert_eq!(done.json["details"]["lingering"], "1 old worker finishes its connections", "{done}");
    assert!(socket.is_open());
    assert_eq!(machine.ask(Scheme::Http, 8080, "/login").status, 200);
    drop(socket);
    eventually("the old worker ends", || {
        machine.masters().iter().all(|master| master.workers.len() == master.serving().count())
    });
}
