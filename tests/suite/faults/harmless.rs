//! Lines of the error log that speak against nothing, on a whole server.
//!
//! Invariant: what the running configuration writes at every start as well fails no change of ours, and no line alone
//! leaves a server with a run that cannot be ended.

use crate::support::binary::SITE;
use crate::support::machine::{Machine, Running};
use crate::support::newest::newest_nginx;
use std::net::UdpSocket;
use std::thread;
use std::time::Duration;

/// A name server of the machine that knows no name.
fn knows_nobody(machine: &Machine) {
    let socket = machine.inside(|| UdpSocket::bind("127.0.0.1:5353").expect("a port"));
    socket.set_read_timeout(Some(Duration::from_secs(120))).expect("a limit");
    thread::spawn(move || {
        let mut question = [0; 2000];
        while let Ok((length, from)) = socket.recv_from(&mut question) {
            // The same id and question; NXDOMAIN, and nothing else.
            let counts = [&question[4..6], &[0; 6]].concat();
            let answer = [&question[..2], b"\x81\x83", &counts, &question[12..length]].concat();
            if socket.send_to(&answer, from).is_err() {
                return;
            }
        }
    });
}

#[test]
fn a_name_of_an_upstream_that_nobody_knows_is_shown() {
    let Some(program) = newest_nginx("a name of an upstream") else { return };
    let machine = Machine::stopped("standalone", |etc| {
        let main = etc.join("nginx.conf");
        let text = std::fs::read_to_string(&main).expect("reading");
        let upstream = "http {\n    resolver 127.0.0.1:5353 ipv6=off;\n    \
                        upstream other { zone z 64k; server nope.example:80 resolve; }";
        assert!(text.contains("http {"), "{text}");
        std::fs::write(&main, text.replacen("http {", upstream, 1)).expect("writing");
    });
    knows_nobody(&machine);
    machine.must(&format!("rm -f /etc/nginx/modules-enabled/*; {program}"));
    machine.wait_for_workers();
    let before = machine.read(&format!("/{SITE}"));
    let done = machine.apply(&["--no-db", "--nginx", &program]);
    done.expect(0, "applied");
    let noted = done.json["reload"]["noted"].to_string();
    assert!(noted.contains("nope.example could not be resolved"), "{done}");
    machine.motionctl(&["rollback", "--yes", "--json", "--nginx", &program]).expect(0, "applied");
    assert_eq!(machine.read(&format!("/{SITE}")), before);
}

/// The master says so again and again, while this value is there.
fn alerts(machine: &Machine) -> Running<'_> {
    let pid = machine.master_pid();
    let line = format!("2026/01/02 03:04:05 [alert] {pid}#{pid}: a module of somebody's does not start");
    let again = format!("while :; do echo \"{line}\" >>/var/log/nginx/error.log; sleep 0.01; done");
    machine.command("/bin/sh", &["-c", &again], |_| ())
}

#[test]
fn a_line_alone_does_not_keep_a_change_from_being_undone() {
    let machine = Machine::new("standalone");
    let before = machine.configuration().without_folder_times();
    let alerting = alerts(&machine);
    let undone = machine.apply(&["--no-db"]);
    undone.expect(4, "rolled-back");
    assert!(undone.error().contains("does not start"), "{undone}");
    assert_eq!(undone.json["reload"]["error_log"], "errors", "{undone}");
    assert!(undone.json["reload"]["noted"].to_string().contains("does not start"), "{undone}");
    before.assert_same(&machine.configuration().without_folder_times());
    machine.motionctl(&["recover", "--json"]).expect(0, "up-to-date");
    drop(alerting);
    machine.apply(&["--no-db"]).expect(0, "applied");
    // A rollback puts back as well: it is finished, and the line is shown.
    let alerting = alerts(&machine);
    let back = machine.motionctl(&["rollback", "--yes", "--json"]);
    drop(alerting);
    back.expect(0, "applied");
    assert!(back.json["reload"]["noted"].to_string().contains("does not start"), "{back}");
    before.assert_same(&machine.configuration().without_folder_times());
}
