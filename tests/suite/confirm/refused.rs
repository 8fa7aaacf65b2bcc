//! What is refused, and that nothing was changed then.

use super::*;
use crate::support::binary::{Server, finding};

/// Asks for a change that waits; it is refused and leaves nothing.
#[track_caller]
fn check(machine: &Machine, code: i32, outcome: &str, said: &str) -> Said {
    let before = machine.configuration();
    let journal = events(machine).len();
    let workers = machine.workers();
    let done = machine.apply(&["--confirm-within", "10m"]);
    done.expect(code, outcome);
    assert!(done.error().contains(said), "{done}");
    before.assert_same(&machine.configuration());
    assert_eq!(machine.workers(), workers);
    if code == 3 {
        assert_eq!(events(machine).len(), journal);
        assert_eq!(machine.backups(), [""; 0]);
    }
    done
}

#[test]
fn without_systemd() {
    let machine = Machine::new("standalone");
    let done = check(&machine, 3, "refused", "systemd does not run here");
    assert!(done.finding("host.no-timer").is_some(), "{done}");
    let systemd = Systemd::start(&machine);
    systemd.set("gone");
    check(&machine, 3, "refused", "Failed to connect to bus");
    systemd.unset("gone");
    systemd.disable_boot_unit();
    let done = check(&machine, 3, "refused", "needs the boot unit (motionctl-recover.service)");
    assert_eq!(done.finding("host.no-boot-unit").expect("a finding")["level"], "stop");
    let check = machine.json(&["check"]);
    assert_eq!(check.finding("host.no-boot-unit").expect("a finding")["level"], "warn", "{check}");
}

#[test]
fn a_timer_that_cannot_be_armed() {
    let machine = Machine::new("standalone");
    let systemd = Systemd::start(&machine);
    systemd.set("broken");
    check(&machine, 1, "failed", "Failed to start transient timer unit");
    assert_eq!(ended(&machine), "failed");
    assert_eq!(systemd.armed(), [""; 0]);
    systemd.unset("broken");
    let _waits = apply(&machine);
}

#[test]
fn below_a_root_and_for_a_moment() {
    let server = Server::copy("standalone");
    let answer = server.json(&["apply", "--yes", "--confirm-within", "10m"]);
    assert_eq!((answer["exit_code"].as_i64(), answer["outcome"].as_str()), (Some(3), Some("refused")));
    let answer = server.json(&["apply", "--yes", "--confirm-within", "9s"]);
    assert_eq!(answer["exit_code"], 64, "{answer:#}");
    assert_eq!(server.json(&["confirm"])["exit_code"], 3);
}

/// As after entering a container by its files and processes alone (`nsenter`, without its clocks).
#[test]
fn from_a_shell_that_counts_by_another_clock_than_systemd() {
    let machine = Machine::new("standalone");
    let _systemd = Systemd::start(&machine);
    let apply = ["apply", "--yes", "--json", "--confirm-within", "10m"];
    let shifted = ["--time", "--boottime", "3600", env!("CARGO_BIN_EXE_motionctl")];
    let done = machine.command("unshare", &[&shifted[..], &apply].concat(), |_| ()).finish();
    done.expect(3, "refused");
    assert!(done.error().contains("another clock"), "{done}");
    assert!(done.finding("host.no-timer").is_some(), "{done}");
    assert_eq!(events(&machine).len(), 0);
}

#[test]
fn a_second_change() {
    waiting!(machine, systemd, before);
    let waits = machine.configuration();
    let backups = machine.backups();
    for arguments in [
        &["apply", "--yes"][..],
        &["apply", "--yes", "--strategy", "replace"],
        &["apply", "--yes", "--confirm-within", "10m"],
        &["rollback", "--yes", "20200101T000000Z-00000000"],
    ] {
        let done = machine.json(arguments);
        done.expect(3, "refused");
        assert!(done.finding("run.awaiting-confirmation").is_some(), "{done}");
    }
    assert!(machine.json(&["plan"]).finding("run.awaiting-confirmation").is_some());
    assert_eq!(machine.json(&["recover"]).expect(0, "up-to-date").code, 0);
    machine.json(&["backups", "prune", "--keep", "0"]).expect(0, "up-to-date");
    waits.assert_same(&machine.configuration());
    assert_eq!(machine.backups(), backups);
    systemd.fire(UNDO).expect(0, "applied");
    before.assert_same(&machine.configuration().without_folder_times());
}

#[test]
fn the_boot_unit_of_a_tree_is_looked_for_in_its_files() {
    let server = Server::copy("standalone");
    let codes = crate::support::binary::codes;
    let has = |server: &Server| codes(&server.json(&["check"])).contains(&"host.no-boot-unit".to_owned());
    assert!(!has(&server), "no systemd, no claim");
    server.write("etc/systemd/system/multi-user.target.wants/.keep", "");
    assert!(has(&server));
    assert_eq!(finding(&server.json(&["check"]), "host.no-boot-unit")["level"], "warn");
    server.write("usr/lib/systemd/system/motionctl-recover.service", "[Unit]\n");
    assert!(has(&server), "installed is not enabled");
    let link = server.at("etc/systemd/system/multi-user.target.wants/motionctl-recover.service");
    std::os::unix::fs::symlink("/usr/lib/systemd/system/motionctl-recover.service", link).expect("a link");
    assert!(!has(&server));
    let mask = server.at("etc/systemd/system/motionctl-recover.service");
    std::os::unix::fs::symlink("/dev/null", mask).expect("a link");
    assert!(has(&server), "masked is not enabled");
}
