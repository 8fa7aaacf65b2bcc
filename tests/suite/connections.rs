//! Connections from NGINX's workers to Motion, counted while they are open.

use crate::support::machine::Machine;
use crate::support::said::Said;
use motionctl::host::http::accept_for;
use motionctl::rehearse::standin::{Role, StandIn};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// Opens a WebSocket through nginx's plain port, and keeps it.
fn websocket(machine: &Machine) -> TcpStream {
    let stream = machine.inside(|| TcpStream::connect("127.0.0.1:8080").expect("nginx listens"));
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
    let request = format!(
        "GET /socket.io/?EIO=4 HTTP/1.1\r\nHost: cc.example.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
    );
    (&stream).write_all(request.as_bytes()).expect("sent");
    let mut head = String::new();
    let mut reader = BufReader::new(&stream);
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).expect("an answer") > 0, "{head}");
    }
    assert!(head.starts_with("HTTP/1.1 101 ") && head.contains(&accept_for(KEY)), "{head}");
    stream
}

/// Motion over plain HTTP as well, at this upstream.
fn plain(upstream: &str) -> impl FnOnce(&Path) {
    let text = format!(
        "server {{ listen 8080; server_name cc.example.test; location / {{ proxy_pass {upstream}; \
         proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\"; }} \
         location /api/ {{ proxy_pass {upstream}; }} }}\n"
    );
    move |nginx| {
        let site = nginx.join("conf.d/motion.conf");
        let old = std::fs::read_to_string(&site).expect("the site");
        std::fs::write(site, old + &text).expect("writing");
    }
}

#[track_caller]
fn counted(machine: &Machine, title: &str) -> Said {
    let done = machine.motionctl(&["check", "--json"]);
    let finding = done.finding("sessions.connections").unwrap_or_else(|| panic!("{done}"));
    assert_eq!((&finding["level"], finding["title"].as_str()), (&"info".into(), Some(title)), "{done}");
    done
}

#[test]
fn open_websockets_are_counted_also_on_old_workers() {
    let machine = Machine::edited("standalone", plain("http://127.0.0.1:9000"));
    counted(&machine, "no WebSocket is open: NGINX has no connection to Motion at this moment");
    let first = websocket(&machine);
    counted(&machine, "at most 1 WebSocket is open");
    let more = [websocket(&machine), websocket(&machine)];
    let done = counted(&machine, "at most 3 WebSockets are open");
    let said = done.finding("sessions.connections").expect("it was there")["evidence"].to_string();
    assert!(said.contains("to Motion, kept alive or upgraded") && said.contains("worker "), "{said}");
    // A reload leaves them where they are, and so they are still counted.
    machine.apply(&[]).expect(0, "applied");
    counted(&machine, "at most 3 WebSockets are open");
    drop(more);
    crate::support::wait::eventually("two are gone", || {
        let done = machine.motionctl(&["check", "--json"]);
        done.finding("sessions.connections").expect("counted")["title"] == "at most 1 WebSocket is open"
    });
    drop(first);
}

#[test]
fn connections_to_a_unix_socket_are_counted() {
    let machine = Machine::without_motion("standalone", |nginx| {
        let site = nginx.join("conf.d/motion.conf");
        let text = std::fs::read_to_string(&site).expect("the site");
        std::fs::write(&site, text.replace("http://127.0.0.1:9000", "http://unix:/run/motion.sock"))
            .expect("writing");
        plain("http://unix:/run/motion.sock")(nginx);
    });
    let _motion =
        machine.inside(|| StandIn::unix(Path::new("/run/motion.sock"), Role::Motion).expect("a stand-in"));
    machine.shell("chmod 666 /run/motion.sock");
    machine.start_nginx();
    let kept = websocket(&machine);
    let done = counted(&machine, "at most 1 WebSocket is open");
    let said = done.finding("sessions.connections").expect("counted")["evidence"].to_string();
    assert!(said.contains("unix:/run/motion.sock"), "{said}");
    drop(kept);
}
