//! On a server on which a real systemd runs.

use crate::support::machine::Machine;
use crate::support::real_systemd::{Ahead, RealSystemd, Which, on_each};
use crate::support::said::Said;

on_each! {
    a_copied_program_brings_and_enables_its_units
    a_unit_is_no_way_to_become_root
}

/// The harness has installed the boot unit; this takes it away again.
const BARE: &str = "rm /usr/lib/systemd/system/motionctl-recover.service \
    /etc/systemd/system/multi-user.target.wants/motionctl-recover.service && systemctl daemon-reload";

#[track_caller]
fn says(systemd: &RealSystemd, line: &str, expected: &str) {
    let said = systemd.shell(line);
    assert_eq!(said.stdout.trim(), expected, "{said}");
}

#[track_caller]
fn advice(systemd: &RealSystemd) -> String {
    let check = systemd.motionctl(&["check"]);
    let found = check.finding("host.no-boot-unit").unwrap_or_else(|| panic!("{check}"));
    found["advice"].as_str().expect("advice").to_owned()
}

fn program(systemd: &RealSystemd, path: &str, arguments: &[&str]) -> Said {
    systemd.command(&[&[path], arguments, &["--json"]].concat()).finish()
}

fn a_copied_program_brings_and_enables_its_units(which: Which) {
    let machine = Machine::stopped("standalone", |_| ());
    let systemd = RealSystemd::start(&machine, which, Ahead::default());
    assert!(systemd.motionctl(&["check"]).finding("host.no-boot-unit").is_none());
    systemd.shell(BARE);
    assert!(advice(&systemd).contains("`motionctl install-unit` writes and enables it"));

    systemd.motionctl(&["install-unit"]).expect(0, "applied");
    says(&systemd, "systemctl is-enabled motionctl-recover.service", "enabled");
    says(&systemd, "systemctl show --property=LoadState --value motionctl-recover.service", "loaded");
    let order = systemd.shell("systemctl show --property=Before --value motionctl-recover.service");
    assert!(order.stdout.contains("nginx.service"), "{order}");
    // Enabled is not started: nothing recovers in the middle of a day.
    says(
        &systemd,
        "systemctl show --property=ExecMainStartTimestampMonotonic --value motionctl-recover.service",
        "0",
    );
    assert!(systemd.motionctl(&["check"]).finding("host.no-boot-unit").is_none());
    systemd.motionctl(&["install-unit"]).expect(0, "up-to-date");

    systemd.motionctl(&["install-unit", "--watch"]).expect(0, "applied");
    says(&systemd, "systemctl is-active motionctl-watch.path motionctl-watch.timer", "active\nactive");
    systemd.motionctl(&["install-unit", "--watch"]).expect(0, "up-to-date");

    systemd.shell("systemctl disable motionctl-recover.service");
    assert_eq!(advice(&systemd), "`systemctl enable motionctl-recover.service`");
    systemd.shell("rm /etc/systemd/system/motionctl-recover.service");
    systemd.shell("ln -s /dev/null /etc/systemd/system/motionctl-recover.service && systemctl daemon-reload");
    assert!(advice(&systemd).contains("systemctl unmask"));
    systemd.motionctl(&["install-unit"]).expect(3, "refused");
    says(&systemd, "systemctl is-enabled motionctl-recover.service", "masked");
}

fn a_unit_is_no_way_to_become_root(which: Which) {
    let machine = Machine::stopped("standalone", |_| ());
    let systemd = RealSystemd::start(&machine, which, Ahead::default());
    systemd.shell(BARE);
    let places = [
        // A copy in the folder of everybody, in a user's home, in a group's folder, and one that is gone tomorrow.
        ("/tmp/motionctl", "true"),
        ("/srv/home/motionctl", "mkdir -p /srv/home && chown 1000 /srv/home"),
        ("/srv/staff/motionctl", "mkdir -p /srv/staff && chgrp 100 /srv/staff && chmod 2777 /srv/staff"),
        ("/run/motionctl", "true"),
    ];
    for (place, prepare) in places {
        systemd.must(&format!("{prepare} && install -m 755 /usr/local/bin/motionctl {place}"));
        let refused = program(&systemd, place, &["install-unit"]);
        refused.expect(3, "refused");
        assert!(refused.error().contains("as root at every start"), "{refused}");
        says(&systemd, "ls /etc/systemd/system | grep -c motionctl", "0");
    }
    // Where a unit of root's program is there, it is the one that is enabled.
    systemd.motionctl(&["install-unit", "--no-enable"]).expect(0, "applied");
    systemd.shell("mv /etc/systemd/system/motionctl-recover.service /usr/lib/systemd/system/");
    program(&systemd, "/tmp/motionctl", &["install-unit"]).expect(0, "applied");
    says(&systemd, "systemctl is-enabled motionctl-recover.service", "enabled");
    let runs = systemd.shell("systemctl show --property=ExecStart --value motionctl-recover.service");
    assert!(runs.stdout.contains("/usr/local/bin/motionctl"), "{runs}");

    // As a package would say it, whose unit is gone.
    systemd.shell("rm /usr/lib/systemd/system/motionctl-recover.service && mkdir -p /usr/share/motionctl");
    systemd.shell("cp /usr/local/bin/motionctl /usr/bin/motionctl && echo deb >/usr/share/motionctl/package");
    let check = program(&systemd, "/usr/bin/motionctl", &["check"]);
    let found = check.finding("host.no-boot-unit").unwrap_or_else(|| panic!("{check}"));
    assert!(found["advice"].to_string().contains("dpkg -i"), "{found}");
    systemd.shell("echo rpm >/usr/share/motionctl/package");
    let check = program(&systemd, "/usr/bin/motionctl", &["check"]);
    let found = check.finding("host.no-boot-unit").unwrap_or_else(|| panic!("{check}"));
    assert!(found["advice"].to_string().contains("rpm -U --replacepkgs"), "{found}");
    // Another program on the same server was not brought by the package.
    assert!(advice(&systemd).contains("install-unit"));
}
