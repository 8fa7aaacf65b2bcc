//! Signs on a live machine: processes, mounts, addresses.

use crate::support::machine::Machine;
use crate::support::said::Said;
use crate::support::wire_address::{add_address, add_interface, remove_address};
use std::fs;
use std::net::Ipv4Addr;

/// What is on this very machine's `/etc` may be a sign of its own; it is no
/// part of these tests.
fn check(machine: &Machine) -> Said {
    machine.motionctl(&["check", "--json"])
}

/// Starts a copy of `sleep` under another name; it ends with the machine.
fn dummy(machine: &Machine, path: &str) {
    let line = format!(
        "mkdir -p $(dirname {path}) && cp $(command -v sleep) {path} && cd / && {{ setsid {path} 1000 >/dev/null 2>&1 & }}"
    );
    machine.must(&line);
    let name = path.rsplit('/').next().expect("a name");
    crate::support::wait::eventually("it runs", || {
        machine.shell(&format!("grep -qx {name} /proc/[0-9]*/comm")).code == 0
    });
}

#[test]
fn processes_of_cluster_managers_are_seen() {
    let machine = Machine::new("standalone");
    assert!(!check(&machine).evidence("topology.cluster-manager").contains("process"));
    dummy(&machine, "/run/dummy/keepalived");
    dummy(&machine, "/run/dummy/pcsd");
    let done = check(&machine);
    done.expect(3, "refused");
    let evidence = done.evidence("topology.cluster-manager");
    assert!(
        evidence.contains("process keepalived, pid ") && evidence.contains("process pcsd, pid "),
        "{done}"
    );
    machine.apply(&[]).expect(3, "refused");
    assert!(!machine.read("/etc/nginx/conf.d/motion.conf").contains("/user-ui/"));
    machine.apply(&["--accept", "topology.cluster-manager"]).expect(0, "applied");
}

#[test]
fn a_second_address_is_seen() {
    let machine = Machine::new("standalone");
    let at = |last: u8| Ipv4Addr::new(192, 0, 2, last);
    // A kernel without any such interface has `lo`, where one address more is a sign already.
    let interface = machine.inside(|| if add_interface("eth0") { "eth0" } else { "lo" });
    if interface == "eth0" {
        machine.inside(|| add_address(interface, at(10), 24));
        assert!(check(&machine).finding("topology.floating-address").is_none());
        machine.inside(|| add_address(interface, at(100), 24));
        let done = check(&machine);
        let evidence = done.evidence("topology.floating-address");
        assert_eq!(evidence, "[\"eth0 has 192.0.2.10/24 and 192.0.2.100/24\"]", "{done}");
        machine.inside(|| remove_address(interface, at(100), 24));
    }
    assert!(check(&machine).finding("topology.floating-address").is_none());
    machine.inside(|| add_address("lo", at(101), 32));
    let done = check(&machine);
    assert_eq!(done.evidence("topology.floating-address"), "[\"lo has 192.0.2.101/32\"]", "{done}");
}

#[test]
fn another_program_on_the_public_port_is_seen() {
    // The site leaves port 80 to whoever stands in front.
    let machine = Machine::edited("standalone", |nginx| {
        let site = nginx.join("conf.d/motion.conf");
        let text = fs::read_to_string(&site).expect("the site").replace("listen 80;", "listen 8080;");
        fs::write(site, text).expect("writing");
    });
    let start = |port: u16| {
        let conf = format!(
            "pid /run/dummy/{port}.pid; error_log /run/dummy/log; events {{}} http {{ access_log off; server {{ listen 127.0.0.1:{port}; }} }}"
        );
        // Any server that listens will do; this one is at hand.
        let line = format!(
            "mkdir -p /run/dummy && cp -f $(command -v nginx) /run/dummy/haproxy{port} && mv -f /run/dummy/haproxy{port} /run/dummy/haproxy \
             && echo '{conf}' >/run/dummy/{port}.conf && /run/dummy/haproxy -c /run/dummy/{port}.conf"
        );
        machine.must(&line);
    };
    start(8404);
    assert!(check(&machine).finding("topology.other-balancer").is_none());
    start(80);
    let done = check(&machine);
    let evidence = done.evidence("topology.other-balancer");
    assert!(evidence.contains("haproxy, pid ") && evidence.contains("listens on 127.0.0.1:80"), "{done}");
}

#[test]
fn motion_without_asterisk_is_seen() {
    let machine = Machine::new("standalone");
    assert!(check(&machine).finding("topology.split-voice").is_none());
    dummy(&machine, "/var/opt/motion2/server/node");
    let done = check(&machine);
    assert!(done.evidence("topology.split-voice").contains("Motion runs (pid "), "{done}");
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
    machine.must(line);
    let done = check(&machine);
    let evidence = done.evidence("topology.shared-storage");
    assert!(
        evidence.contains("the application /var/opt/motion2 is on /var/opt/motion2: tmpfs from /dev/drbd0"),
        "{done}"
    );
}

#[test]
fn what_an_ordinary_user_cannot_see_is_unknown() {
    let machine = Machine::new("standalone");
    let binary = env!("CARGO_BIN_EXE_motionctl");
    machine.must(&format!("touch /run/motionctl && mount --bind '{binary}' /run/motionctl"));
    machine.must("mount -t proc -o hidepid=invisible proc /proc || mount -o remount,hidepid=2 /proc");
    let as_nobody = machine.command("/run/motionctl", &["check", "--json"], |command| {
        use std::os::unix::process::CommandExt;
        command.uid(65534).gid(65534);
    });
    let done = as_nobody.finish();
    assert!(
        done.evidence("topology.unknown").contains("processes: /proc hides those of other users"),
        "{done}"
    );
}
