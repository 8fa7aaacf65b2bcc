//! Power cuts: what the boot unit does before NGINX starts.

use super::*;
use crate::support::paused::{Moment, paused_at};
use crate::support::systemd::boot_unit;
use nix::sys::signal::Signal;
use std::fs;
use std::process::Command;

#[test]
fn a_change_that_waits_is_undone_before_nginx_starts() {
    waiting!(machine, systemd, before);
    systemd.restart();
    let status = machine.json(&["status"]);
    assert!(status_says_restarted(&status), "{status}");
    let late = machine.json(&["confirm"]);
    assert!(late.expect(3, "refused").error().contains("started again"), "{late}");

    let done = systemd.run_boot_unit();

    done.expect(0, "ok");
    assert!(done.json["reload"].is_null(), "nothing runs that could be reloaded: {done}");
    before.assert_same(&machine.configuration().without_folder_times());
    assert_eq!(machine.masters().len(), 0, "and nothing was started");
    assert_eq!(ended(&machine), "rolled-back");
    machine.start_nginx();
    assert!(!machine.serves_the_new_client());
    assert_eq!(machine.get("/login").status, 200);
}

fn status_says_restarted(status: &Said) -> bool {
    let finding = status.finding("run.awaiting-confirmation").expect("a finding");
    finding["evidence"][0].as_str().is_some_and(|line| line.contains("the server was started again"))
}

#[test]
fn a_run_that_lost_power_is_undone_before_nginx_starts() {
    let paused = paused_at(Moment::ProbesAfter);
    let machine = &paused.machine;
    let systemd = Systemd::start(machine);
    let before = machine.configuration().without_folder_times();
    let running = paused.apply(&[]);
    running.signal(Signal::SIGKILL);
    assert_eq!(running.finish().code, -1);
    systemd.restart();

    systemd.run_boot_unit().expect(0, "ok");

    before.assert_same(&machine.configuration().without_folder_times());
    assert_eq!(ended(machine), "failed");
    machine.start_nginx();
    assert!(!machine.serves_the_new_client());
}

/// What makes it uncertain which program is going to be started. The programs are this machine's own: they are hidden
/// by mounts that only the test's machine has, and never changed.
const UNCERTAIN: [&str; 2] = [
    // PATH has a broken one first.
    "mount -t tmpfs -o mode=755 tmpfs /usr/local/sbin && printf '#!/bin/sh\\nexit 127\\n' >/usr/local/sbin/nginx && \
     chmod 755 /usr/local/sbin/nginx",
    // There is none, and several main files.
    "mount --bind /dev/null /usr/sbin/nginx && mkdir -p /etc/angie && cp /etc/nginx/nginx.conf /etc/angie/angie.conf",
];

#[test]
fn which_program_will_be_started_is_no_question_before_it_is() {
    for uncertain in UNCERTAIN {
        waiting!(machine, systemd, before);
        systemd.restart();
        machine.must(uncertain);
        let done = systemd.run_boot_unit();
        done.expect(0, "ok");
        before.assert_same(&machine.configuration().without_folder_times());
        assert_eq!(ended(&machine), "rolled-back", "{uncertain}");
    }
}

#[test]
fn within_the_same_start_the_unit_leaves_the_change_alone() {
    waiting!(machine, systemd, before);
    let waits = machine.configuration();
    systemd.run_boot_unit().expect(0, "up-to-date");
    waits.assert_same(&machine.configuration());
    assert_eq!(systemd.armed().len(), 2);
    // A container keeps its host's boot id, but no timer outlives its restart.
    for unit in systemd.armed() {
        machine.must(&format!("rm /run/stand-in/{unit}"));
    }
    systemd.run_boot_unit().expect(0, "ok");
    before.assert_same(&machine.configuration().without_folder_times());
    assert!(!machine.serves_the_new_client(), "NGINX ran, so it was reloaded");
}

#[test]
fn without_an_open_run_the_unit_does_nothing() {
    let machine = Machine::new("standalone");
    let systemd = Systemd::start(&machine);
    systemd.run_boot_unit().expect(0, "up-to-date");
    machine.apply(&[]).expect(0, "applied");
    let applied = machine.configuration();
    systemd.restart();
    systemd.run_boot_unit().expect(0, "up-to-date");
    applied.assert_same(&machine.configuration());
}

#[test]
fn systemd_understands_the_unit() {
    let folder = tempfile::tempdir().expect("a folder");
    let unit = folder.path().join("motionctl-recover.service");
    // Its manual page is installed by `make install`.
    let text = boot_unit().replace("Documentation=man:motionctl-recover(1)\n", "");
    fs::write(&unit, text).expect("writing");
    let said = Command::new("systemd-analyze").arg("verify").arg(&unit).output();
    let said = said.expect("systemd-analyze is installed by `make test`");
    let text = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.status.success() && !text.contains("motionctl-recover"), "{text}");
    let broken = fs::read_to_string(&unit).expect("reading").replace("Type=oneshot", "Typ=oneshot");
    fs::write(&unit, broken).expect("writing");
    let said = Command::new("systemd-analyze").arg("verify").arg(&unit).output().expect("as above");
    assert!(String::from_utf8_lossy(&said.stderr).contains("Typ"), "it reads the unit");
}

#[test]
fn the_unit_orders_and_requires_nothing() {
    let unit = boot_unit();
    let line = |start: &str| unit.lines().find_map(|line| line.strip_prefix(start));
    assert!(line("Before=").is_some_and(|units| units.split(' ').any(|unit| unit == "nginx.service")));
    for key in ["Requires=", "Requisite=", "BindsTo=", "PartOf=", "RequiredBy=", "Wants=network"] {
        assert_eq!(line(key), None);
    }
    let paths = line("RequiresMountsFor=").expect("its files");
    for path in ["/etc/nginx", motionctl::host::STATE_FOLDER, motionctl::backup::STORE_FOLDER] {
        assert!(paths.split(' ').any(|name| name == path), "{path}");
    }
}
