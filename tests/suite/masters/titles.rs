//! Titles of relatives, and titles for which there was little room.
//!
//! Invariant: what is refused says what cannot be told.

use super::*;
use crate::support::wait::eventually;
use crate::support::web_socket::{WebSocket, without_tls};

const APPLY: &[&str] = &["apply", "--yes", "--json"];

/// A copy of nginx that bears Angie's name and titles. It is given what Angie writes around its arguments as its
/// name and as a comment of its last argument.
const ANGIE: &str = "mkdir -p /var/opt/angie && sed 's/nginx: /angie: /g' $(command -v nginx) \
    >/var/opt/angie/angie && chmod 755 /var/opt/angie/angie && \
    bash -c \"exec -a 'v1.13.0 #1 [/usr/sbin/angie' /var/opt/angie/angie -c /etc/nginx/nginx.conf \
    -g 'daemon on; #]'\"";

#[test]
fn angie_is_known_by_its_title() {
    let machine = Machine::stopped("standalone", |_| ());
    machine.must(ANGIE);
    machine.wait_for_workers();
    let running = processes(&machine);
    assert!(running.contains("angie: master process v1.13.0 #1 [/usr/sbin/angie -c"), "{running}");
    assert!(running.contains("angie: worker process"), "{running}");
    there_and_back(&machine);
}

#[test]
fn a_title_that_was_cut_hides_no_master() {
    // `nginx: master `; and so short that master and worker look alike.
    for name in ["/usr/sbin/nginx", "nginx"] {
        let machine = Machine::stopped("standalone", without_tls);
        let started = machine.command("/usr/sbin/nginx", &[], |command| {
            use std::os::unix::process::CommandExt;
            command.env_clear().arg0(name);
        });
        assert_eq!(started.finish().code, 0);
        machine.wait_for_workers();
        let mut socket = WebSocket::open(&machine);
        there_and_back(&machine);
        let status = machine.motionctl(&["status", "--json"]);
        assert!(status.finding("nginx.not-running").is_none(), "{status}");
        assert!(socket.is_open(), "{name}");
    }
}

#[test]
fn arguments_that_were_cut_off_are_not_guessed() {
    let machine = Machine::stopped("standalone", |_| ());
    machine.must("cp /etc/nginx/nginx.conf /etc/nginx/main.conf");
    machine.must("env -i /usr/sbin/nginx -c /etc/nginx/main.conf");
    eventually("it serves", || machine.get("/login").status == 200);
    let done = refused(&machine, APPLY, "nginx.unknown");
    assert!(done.finding("nginx.unknown").expect("it")["title"].to_string().contains("is cut"), "{done}");
    machine.must("kill -QUIT $(cat /run/nginx.pid)");
    eventually("it is gone", || processes(&machine).is_empty());
    // Where there is room for it, the very same file is read.
    machine.must("/usr/sbin/nginx -c /etc/nginx/main.conf");
    machine.wait_for_workers();
    there_and_back(&machine);
}
