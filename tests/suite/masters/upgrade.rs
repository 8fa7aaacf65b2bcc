//! A binary upgrade: `USR2` to the old master, which starts the new one as its child.
//!
//! Invariant: whoever waits is told for what, at once; no old master is told to reload, which would give it workers
//! of its old configuration.

use super::*;
use crate::support::systemd::Systemd;
use crate::support::wait::eventually;
use crate::support::web_socket::{WebSocket, without_tls};
use nix::sys::signal::Signal;
use std::time::{Duration, Instant};

const APPLY: &[&str] = &["apply", "--yes", "--json"];
/// Far less than the time that a reload may take.
const AT_ONCE: Duration = Duration::from_secs(20);

/// A machine whose nginx was started by its full path, as units do: the new master is executed by that.
fn machine() -> Machine {
    let machine = Machine::stopped("standalone", without_tls);
    machine.must("/usr/sbin/nginx");
    machine.wait_for_workers();
    machine
}

/// Starts the new master beside the old one, and waits until both serve.
fn both(machine: &Machine) {
    machine.must("kill -USR2 $(cat /run/nginx.pid)");
    eventually("both serve", || machine.masters().len() == 2 && machine.workers().len() == 4);
    eventually("the pid files are there", || {
        machine.shell("test -s /run/nginx.pid.oldbin -a -s /run/nginx.pid").code == 0
    });
}

fn signal_old(machine: &Machine, signal: &str) {
    machine.must(&format!("kill -{signal} $(cat /run/nginx.pid.oldbin)"));
}

#[track_caller]
fn refused_at_once(machine: &Machine, arguments: &[&str]) -> Said {
    let started = Instant::now();
    let done = refused(machine, arguments, "nginx.several-masters");
    assert!(started.elapsed() < AT_ONCE, "{:?}", started.elapsed());
    done
}

#[test]
fn while_both_serve_everything_is_refused() {
    let machine = machine();
    machine.apply(&[]).expect(0, "applied");
    both(&machine);
    let done = refused_at_once(&machine, ROLLBACK);
    let said = done.evidence("nginx.several-masters");
    assert!(said.contains("the old master: 2 workers serve"), "{said}");
    assert!(done.json["error"]["hint"].to_string().contains("kill -QUIT"), "{done}");
    // Again and again, which once added workers to the old master.
    refused_at_once(&machine, ROLLBACK);
    assert!(machine.serves_the_new_client());
    signal_old(&machine, "QUIT");
    eventually("the old one is gone", || machine.masters().len() == 1);
    let back = machine.motionctl(ROLLBACK);
    back.expect(0, "applied");
    assert_eq!(back.json["reload"]["proven"], true, "{back}");
    assert!(!machine.serves_the_new_client());
    both(&machine);
    refused_at_once(&machine, APPLY);
}

#[test]
fn an_old_master_that_waits_for_a_web_socket_is_passed_over() {
    let machine = machine();
    machine.apply(&[]).expect(0, "applied");
    let mut socket = WebSocket::open(&machine);
    both(&machine);
    // What Debian's package does.
    signal_old(&machine, "QUIT");
    eventually("its other worker is gone", || machine.workers().len() == 2);
    let (old, new) = {
        let masters = machine.masters();
        let is_new = |master: &&crate::support::machine::Master| master.serving().next().is_some();
        let new = masters.iter().find(is_new).expect("the new one").id.pid;
        (masters.iter().map(|one| one.id.pid).find(|pid| *pid != new).expect("the old one"), new)
    };
    let back = machine.motionctl(ROLLBACK);
    back.expect(0, "applied");
    assert_eq!(back.json["reload"]["proven"], true, "{back}");
    assert!(!machine.serves_the_new_client());
    let check = machine.motionctl(&["check", "--json"]);
    check.expect(0, "changes-pending");
    let told = check.finding("nginx.several-masters").expect("the old one is told of");
    assert_eq!(told["level"], "info");
    assert!(told["evidence"].to_string().contains(&format!("pid {old}: no worker serves")), "{check}");
    there_and_back(&machine);
    assert!(socket.is_open());
    assert_eq!(machine.masters().iter().filter(|master| master.serving().next().is_some()).count(), 1);
    drop(socket);
    eventually("the old one is gone", || machine.masters().len() == 1);
    assert_eq!(machine.master_pid(), new);
    there_and_back(&machine);
}

#[test]
fn an_upgrade_that_is_taken_back_is_waited_for() {
    let machine = machine();
    both(&machine);
    signal_old(&machine, "WINCH");
    eventually("only the new one serves", || machine.workers().len() == 2);
    let socket = WebSocket::open(&machine);
    signal_old(&machine, "HUP");
    eventually("the old one serves again", || machine.workers().len() == 4);
    refused_at_once(&machine, APPLY);
    machine.must("kill -QUIT $(cat /run/nginx.pid)");
    eventually("the new one retires", || machine.workers().len() == 2);
    // As long as it is there, the old master would add workers instead of reading its file.
    let done = refused_at_once(&machine, APPLY);
    let said = done.evidence("nginx.several-masters");
    assert!(said.contains("the new one: no worker serves, 1 is shutting down"), "{said}");
    drop(socket);
    eventually("the new one is gone", || machine.masters().len() == 1);
    there_and_back(&machine);
}

#[test]
fn an_old_master_without_workers_that_was_told_to_wait_is_passed_over() {
    let machine = machine();
    both(&machine);
    signal_old(&machine, "WINCH");
    eventually("only the new one serves", || machine.workers().len() == 2);
    there_and_back(&machine);
    assert_eq!((machine.masters().len(), machine.workers().len()), (2, 2));
}

#[test]
fn an_interrupted_run_waits_for_the_upgrade() {
    let machine = machine();
    let running = machine.stopped_at(APPLY, ("reload: after the old workers retired", 1));
    running.signal(Signal::SIGKILL);
    running.finish();
    eventually("one generation serves", || machine.workers().len() == 2);
    both(&machine);
    let done = refused_at_once(&machine, &["recover", "--json"]);
    assert!(done.error().contains("nothing was recovered"), "{done}");
    refused_at_once(&machine, APPLY);
    signal_old(&machine, "QUIT");
    eventually("the old one is gone", || machine.masters().len() == 1);
    let done = machine.motionctl(&["recover", "--json"]);
    done.expect(0, "ok");
    assert_eq!(done.json["reload"]["proven"], true, "{done}");
    assert!(!machine.serves_the_new_client());
}

#[test]
fn the_timer_takes_the_same_road() {
    let machine = machine();
    let systemd = Systemd::start(&machine);
    machine.apply(&["--confirm-within", "10m"]).expect(0, "awaiting-confirmation");
    let _socket = WebSocket::open(&machine);
    both(&machine);
    refused_at_once(&machine, ROLLBACK);
    signal_old(&machine, "QUIT");
    eventually("only the new one serves", || machine.workers().len() == 2);
    let fired = systemd.fire("motionctl-unconfirmed-");
    fired.expect(0, "applied");
    assert_eq!(fired.json["reload"]["proven"], true, "{fired}");
    assert!(!machine.serves_the_new_client());
}

#[test]
fn the_timer_waits_until_one_master_is_left() {
    let machine = machine();
    let systemd = Systemd::start(&machine);
    machine.apply(&["--confirm-within", "10m"]).expect(0, "awaiting-confirmation");
    both(&machine);
    let fired = systemd.firing("motionctl-unconfirmed-");
    // Long enough for an attempt, which must not be the only one.
    std::thread::sleep(Duration::from_secs(4));
    assert!(machine.serves_the_new_client());
    assert_eq!(machine.workers().len(), 4, "the old master got workers");
    signal_old(&machine, "QUIT");
    let done = fired.finish();
    done.expect(0, "applied");
    assert_eq!(done.json["reload"]["proven"], true, "{done}");
    assert!(!machine.serves_the_new_client());
}

#[test]
fn an_upgrade_that_begins_in_the_middle_of_a_run_ends_it_with_the_old_configuration_in_both() {
    // The new master has read the old file, or the new one.
    for place in [
        "step: between its intent and its effect",
        "install: before the swap",
        "step: between its effect and its end",
    ] {
        let machine = machine();
        let before = machine.configuration().without_folder_times();
        let running = machine.stopped_at(APPLY, (place, 1));
        both(&machine);
        let started = Instant::now();
        running.signal(Signal::SIGCONT);
        let done = running.finish();
        done.expect(4, "rolled-back");
        assert!(started.elapsed() < AT_ONCE, "{:?}: {done}", started.elapsed());
        assert!(done.error().contains("a binary upgrade is under way"), "{done}");
        before.assert_same(&machine.configuration().without_folder_times());
        // Nobody's workers were doubled, and none of them has the new route, whoever answers.
        assert_eq!((machine.masters().len(), machine.workers().len()), (2, 4), "{done}");
        assert!(!(0..12).any(|_| machine.serves_the_new_client()), "{place}: {done}");
        signal_old(&machine, "QUIT");
        eventually("the old one is gone", || machine.masters().len() == 1);
        assert!(!machine.serves_the_new_client());
        there_and_back(&machine);
    }
}
