//! Signs on a live machine: processes, mounts, addresses.

use crate::support::machine::{Machine, Output};
use std::fs;

/// What is on this very machine's `/etc` may be a sign of its own; it is no
/// part of these tests.
fn said(done: &Output, code: &str) -> String {
    done.finding(code).map_or_else(String::new, |finding| finding["evidence"].to_string())
}

fn check(machine: &Machine) -> Output {
    machine.motionctl(&["check", "--json"])
}

/// Starts a copy of `sleep` under another name; it ends with the machine.
fn dummy(machine: &Machine, path: &str) {
    let line = format!(
        "mkdir -p $(dirname {path}) && cp $(command -v sleep) {path} && cd / && {{ setsid {path} 1000 >/dev/null 2>&1 & }}"
    );
    let started = machine.shell(&line);
    assert_eq!(started.code, Some(0), "{started}");
    let name = path.rsplit('/').next().expect("a name");
    crate::support::machine::eventually("it runs", || {
        machine.shell(&format!("grep -qx {name} /proc/[0-9]*/comm")).code == Some(0)
    });
}

#[test]
fn processes_of_cluster_managers_are_seen() {
    let machine = Machine::new("standalone");
    assert!(!said(&check(&machine), "topology.cluster-manager").contains("process"));
    dummy(&machine, "/run/dummy/keepalived");
    dummy(&machine, "/run/dummy/pcsd");
    let done = check(&machine);
    done.expect(3, "refused");
    let evidence = said(&done, "topology.cluster-manager");
    assert!(evidence.contains("process keepalived, pid ") && evidence.contains("process pcsd, pid "), "{done}");
    let refused = machine.apply(&[]);
    refused.expect(3, "refused");
    assert!(!machine.read("/etc/nginx/conf.d/motion.conf").contains("/user-ui/"));
    machine.apply(&["--accept", "topology.cluster-manager"]).expect(0, "applied");
}

#[test]
fn a_second_address_is_seen() {
    let machine = Machine::new("standalone");
    let ip = |line: &str| {
        let done = machine.shell(line);
        assert_eq!(done.code, Some(0), "{done}");
    };
    ip("ip link add eth0 type dummy && ip addr add 192.0.2.10/24 dev eth0 && ip link set eth0 up");
    assert!(check(&machine).finding("topology.floating-address").is_none());
    ip("ip addr add 192.0.2.100/24 dev eth0");
    let done = check(&machine);
    assert!(said(&done, "topology.floating-address").contains("eth0 has 192.0.2.10/24 and 192.0.2.100/24"), "{done}");
    ip("ip addr del 192.0.2.100/24 dev eth0 && ip addr add 192.0.2.101/32 dev lo");
    let done = check(&machine);
    assert_eq!(said(&done, "topology.floating-address"), "[\"lo has 192.0.2.101/32\"]", "{done}");
}

#[test]
fn another_program_on_the_public_port_is_seen() {
    // The site leaves port 80 to whoever stands in front.
    let machine = Machine::edited("standalone", |nginx| {
        let site = nginx.join("conf.d/motion.conf");
        let text = fs::read_to_string(&site).expect("the site").replace("listen 80;", "listen 8080;");
        fs::write(site, text).expect("writing");
    });
    let python = "import socket,ctypes,time\nctypes.CDLL(None).prctl(15, b\"haproxy\", 0, 0, 0)\n\
        s=socket.socket()\ns.bind((\"127.0.0.1\",PORT))\ns.listen()\ntime.sleep(1000)\n";
    let start = |port: u16| {
        fs::write(machine.scratch().join("listen.py"), python.replace("PORT", &port.to_string())).expect("writing");
        let line = format!("setsid python3 {}/listen.py >/dev/null 2>&1 &", machine.scratch().display());
        machine.shell(&line);
        let hex = format!(":{port:04X} 00000000:0000 0A");
        crate::support::machine::eventually("it listens", || {
            machine.shell(&format!("grep -q '{hex}' /proc/net/tcp")).code == Some(0)
        });
    };
    start(8404);
    assert!(check(&machine).finding("topology.other-balancer").is_none());
    start(80);
    let done = check(&machine);
    let evidence = said(&done, "topology.other-balancer");
    assert!(evidence.contains("haproxy, pid ") && evidence.contains("listens on 127.0.0.1:80"), "{done}");
}

#[test]
fn motion_without_asterisk_is_seen() {
    let machine = Machine::new("standalone");
    assert!(check(&machine).finding("topology.split-voice").is_none());
    dummy(&machine, "/var/opt/motion2/server/node");
    let done = check(&machine);
    assert!(said(&done, "topology.split-voice").contains("Motion runs (pid "), "{done}");
    dummy(&machine, "/run/dummy/asterisk");
    assert!(check(&machine).finding("topology.split-voice").is_none());
}

#[test]
fn what_the_application_lies_on_is_seen() {
    let machine = Machine::new("standalone");
    assert!(check(&machine).finding("topology.shared-storage").is_none());
    // No NFS server is here, and none is needed to be on DRBD: a device's name is what is looked at.
    let line = "mount -t tmpfs /dev/drbd0 /run/drbd0 2>/dev/null || { mkdir -p /run/drbd0 && mount -t tmpfs /dev/drbd0 /run/drbd0; } \
        && cp -a /var/opt/motion2 /run/drbd0/ && mount --bind /run/drbd0/motion2 /var/opt/motion2";
    let mounted = machine.shell(line);
    assert_eq!(mounted.code, Some(0), "{mounted}");
    let done = check(&machine);
    let evidence = said(&done, "topology.shared-storage");
    assert!(evidence.contains("the application /var/opt/motion2 is on /var/opt/motion2: tmpfs from /dev/drbd0"), "{done}");
}

#[test]
fn what_an_ordinary_user_cannot_see_is_unknown() {
    let machine = Machine::new("standalone");
    let binary = env!("CARGO_BIN_EXE_motionctl");
    let placed = machine.shell(&format!("touch /run/motionctl && mount --bind '{binary}' /run/motionctl"));
    assert_eq!(placed.code, Some(0), "{placed}");
    let hidden = machine.shell("mount -t proc -o hidepid=invisible proc /proc || mount -o remount,hidepid=2 /proc");
    assert_eq!(hidden.code, Some(0), "{hidden}");
    let as_nobody = machine.command("/run/motionctl", &["check", "--json"], |command| {
        use std::os::unix::process::CommandExt;
        command.uid(65534).gid(65534);
    });
    let done = as_nobody.finish();
    assert!(said(&done, "topology.unknown").contains("processes: /proc hides those of other users"), "{done}");
}
