//! NGINX without a master, and a master that serves nobody any more.
//!
//! Invariant: "does not run" is not said while somebody holds the ports.

use super::*;
use crate::support::wait::eventually;
use crate::support::web_socket::{WebSocket, without_tls};
use nix::sys::signal::Signal;
use std::fs;

const APPLY: &[&str] = &["apply", "--yes", "--json"];

#[test]
fn workers_that_lost_their_master_stop_every_change() {
    let machine = Machine::new("standalone");
    machine.apply(&[]).expect(0, "applied");
    machine.must("kill -KILL $(cat /run/nginx.pid)");
    eventually("it is gone", || machine.masters().is_empty());
    for arguments in [ROLLBACK, &["rollback", "--whole-tree", "--yes", "--json"]] {
        let done = refused(&machine, arguments, "nginx.orphan-workers");
        let said = done.evidence("nginx.orphan-workers");
        assert!(said.contains("nginx: worker process") && said.contains("0.0.0.0:443"), "{said}");
    }
    let check = machine.motionctl(&["check", "--json"]);
    assert!(check.finding("nginx.orphan-workers").is_some(), "{check}");
    machine.must("pkill -QUIT -x nginx");
    eventually("they are gone", || processes(&machine).is_empty());
    let back = machine.motionctl(ROLLBACK);
    back.expect(0, "applied");
    assert!(back.json.get("reload").is_none(), "{back}");
    machine.start_nginx();
    machine.must("kill -KILL $(cat /run/nginx.pid)");
    eventually("it is gone", || machine.masters().is_empty());
    refused(&machine, APPLY, "nginx.orphan-workers");
}

#[test]
fn orphans_that_share_a_port_with_a_new_master_stop() {
    let machine = Machine::edited("standalone", |etc| {
        let site = etc.join("conf.d/motion.conf");
        let text = fs::read_to_string(&site).expect("the site");
        let text = text.replace("listen 443 ssl;", "listen 443 ssl reuseport;");
        fs::write(&site, text.replace("listen 80;", "listen 80 reuseport;")).expect("writing");
    });
    machine.must("kill -KILL $(cat /run/nginx.pid)");
    eventually("it is gone", || machine.masters().is_empty());
    machine.start_nginx();
    refused(&machine, APPLY, "nginx.orphan-workers");
}

#[test]
fn an_interrupted_run_is_not_ended_behind_orphans() {
    let machine = Machine::new("standalone");
    let running = machine.stopped_at(APPLY, ("reload: after the old workers retired", 1));
    running.signal(Signal::SIGKILL);
    running.finish();
    machine.must("kill -KILL $(cat /run/nginx.pid)");
    eventually("it is gone", || machine.masters().is_empty());
    let done = refused(&machine, &["recover", "--json"], "nginx.orphan-workers");
    assert!(done.error().contains("nothing was recovered"), "{done}");
    refused(&machine, APPLY, "nginx.orphan-workers");
    machine.must("pkill -KILL -x nginx");
    eventually("they are gone", || processes(&machine).is_empty());
    machine.motionctl(&["recover", "--json"]).expect(0, "ok");
    assert!(!machine.read(SITE).contains("/user-ui/"));
}

#[test]
fn a_process_that_is_master_and_worker_in_one_is_named() {
    let machine = Machine::stopped("standalone", |_| ());
    for start in ["daemon on;'", "daemon off;' >/dev/null 2>&1 &"] {
        machine.must(&format!("nginx -g 'master_process off; {start}"));
        eventually("it serves", || !machine.must("ss -Hltn sport = :443").is_empty());
        let done = refused(&machine, APPLY, "nginx.single-process");
        assert!(done.evidence("nginx.single-process").contains("program /usr/sbin/nginx"), "{done}");
        machine.must("kill -QUIT $(cat /run/nginx.pid)");
        eventually("it is gone", || processes(&machine).is_empty());
    }
    machine.start_nginx();
    there_and_back(&machine);
}

#[test]
fn a_master_that_is_ending_is_waited_for() {
    let machine = Machine::edited("standalone", without_tls);
    machine.apply(&[]).expect(0, "applied");
    let socket = WebSocket::open(&machine);
    machine.must("kill -QUIT $(cat /run/nginx.pid)");
    eventually("nobody serves", || machine.workers().is_empty());
    refused(&machine, ROLLBACK, "nginx.ending");
    drop(socket);
    eventually("it is gone", || processes(&machine).is_empty());
    machine.motionctl(ROLLBACK).expect(0, "applied");
}

#[test]
fn a_program_of_another_kind_on_the_ports_is_named_by_the_way_back_too() {
    let machine = Machine::new("standalone");
    machine.apply(&[]).expect(0, "applied");
    machine.must("nginx -s stop");
    eventually("it is gone", || processes(&machine).is_empty());
    let taken = machine.take_port(443);
    refused(&machine, ROLLBACK, "nginx.port-held");
    drop(taken);
    machine.motionctl(ROLLBACK).expect(0, "applied");
}
