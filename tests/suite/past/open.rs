//! A run that is open: what is advised goes through, and what happened is said.

use super::*;
use crate::support::systemd::Systemd;
use std::fs;

const UNDO: &str = "motionctl-unconfirmed-";

/// A change whose time is over and whose undo failed, because somebody edited its file.
fn stuck(systemd: &Systemd<'_>, machine: &Machine) -> String {
    let done = machine.apply(&["--confirm-within", "10m"]);
    done.expect(0, "awaiting-confirmation");
    machine.edit(SITE, |text| text + "# by hand\n");
    let command = systemd.command(UNDO);
    let fired = systemd.fire(UNDO);
    fired.expect(5, "needs-operator");
    assert!(machine.read(SITE).ends_with("# by hand\n"), "{fired}");
    // The clocks of the machine have not gone on with the timer's: what is over for it is over for everybody.
    drop(command);
    done.json["backup"]["id"].as_str().expect("a name").to_owned()
}

#[test]
fn while_there_is_time_an_edit_is_kept_by_confirming() {
    let machine = Machine::new("standalone");
    let _systemd = Systemd::start(&machine);
    machine.apply(&["--confirm-within", "10m"]).expect(0, "awaiting-confirmation");
    machine.edit(SITE, |text| text + "# by hand\n");
    let (verdict, next) = said(&machine);
    assert!(verdict.contains("waits for its confirmation"), "{verdict}");
    assert_eq!(next, ["motionctl confirm", "motionctl rollback"]);
    assert_eq!(machine.json(&["status", "--detailed-exitcode"]).code, 2);
    follow(&machine, &next[0]).expect(0, "ok");
    assert!(machine.read(SITE).ends_with("# by hand\n"));
}

#[test]
fn an_undo_that_failed_says_what_keeps_it_and_names_what_goes_through() {
    let machine = Machine::new("standalone");
    let systemd = Systemd::start(&machine);
    let before = machine.configuration().without_folder_times();
    let id = stuck(&systemd, &machine);
    // Over for every command: the machine was started again since.
    systemd.restart();
    machine.start_nginx();

    let (verdict, next) = said(&machine);
    assert!(verdict.starts_with("nobody confirmed the change in time, and it cannot be undone"), "{verdict}");
    assert!(verdict.contains(&format!("{SITE} was edited since")), "{verdict}");
    assert_eq!(
        next,
        [format!("motionctl backups diff {id}"), format!("motionctl rollback {id} --whole-tree")]
    );
    assert_eq!(machine.json(&["status", "--detailed-exitcode"]).code, 2);
    let check = machine.motionctl(&["status", "--check"]);
    assert_eq!(check.code, 2, "{check}");
    assert!(check.stdout.contains("--whole-tree") && !check.stdout.contains("motionctl recover"), "{check}");
    for command in [&["recover"][..], &["apply", "--yes"]] {
        machine.json(command).expect(5, "needs-operator");
    }
    let late = machine.json(&["confirm"]);
    late.expect(3, "refused");
    assert!(late.json["error"]["hint"].to_string().contains("--whole-tree"), "{late}");

    let diff = machine.motionctl(&["backups", "diff", &id]);
    assert!(diff.stdout.contains("+# by hand"), "{diff}");
    follow(&machine, &next[1]).expect(0, "applied");
    before.assert_same(&machine.configuration().without_folder_times());
    let (verdict, next) = said(&machine);
    assert_eq!(verdict, "the new client's route is missing");
    assert_eq!(next, ["motionctl plan", "motionctl apply"]);
}

#[test]
fn a_file_that_was_put_right_by_hand_lets_recover_through() {
    let machine = Machine::new("standalone");
    let systemd = Systemd::start(&machine);
    let before = machine.read(SITE);
    stuck(&systemd, &machine);
    systemd.restart();
    machine.start_nginx();
    machine.edit(SITE, |_| before);

    let (verdict, next) = said(&machine);
    assert_eq!(verdict, "nobody confirmed the change in time, and it is still there");
    assert_eq!(next, ["motionctl recover"]);
    follow(&machine, &next[0]).expect(0, "ok");
    let reset =
        systemd.calls().iter().any(|call| call.starts_with("systemctl reset-failed motionctl-unconfirmed-"));
    assert!(reset, "the unit that failed is forgotten: {:?}", systemd.calls());
    let (verdict, _) = said(&machine);
    assert_eq!(verdict, "the new client's route is missing");
}

#[test]
fn an_interrupted_run_whose_file_was_edited_is_not_sent_to_recover() {
    let machine = Machine::new("standalone");
    let running = machine.stopped_at(&["apply", "--yes", "--json"], ("install: after the swap", 1));
    running.signal(nix::sys::signal::Signal::SIGKILL);
    drop(running);
    machine.edit(SITE, |text| text + "# by hand\n");
    let (verdict, next) = said(&machine);
    assert!(verdict.starts_with("a run was interrupted, and cannot be ended by itself"), "{verdict}");
    assert!(next.iter().all(|command| !command.contains("recover")), "{next:?}");
    machine.json(&["recover"]).expect(5, "needs-operator");
    follow(&machine, next.last().expect("a command")).expect(0, "applied");
    assert!(!machine.read(SITE).contains("/user-ui/"));
}

#[test]
fn a_file_that_was_put_back_by_hand_is_not_called_the_work_of_an_update() {
    let (machine, id) = Machine::migrated();
    let folder = "/var/backups/by-hand";
    machine.json(&["backups", "extract", &id, folder]).expect(0, "ok");
    machine.must(&format!("cp -a {folder}{SITE} {SITE} && nginx -s reload"));
    let (verdict, next) = said(&machine);
    assert!(verdict.starts_with(&format!("{SITE} is again as before the migration of 2")), "{verdict}");
    assert!(verdict.ends_with("put back by hand, or by an update"), "{verdict}");
    assert_eq!(next[..2], ["motionctl plan", "motionctl apply"]);
    assert_eq!(machine.json(&["status", "--detailed-exitcode"]).code, 2);
}

#[test]
fn a_whole_restore_leaves_nothing_that_looks_like_an_update() {
    for waits in [&["--confirm-within", "10m"][..], &[]] {
        let machine = Machine::new("standalone");
        let _systemd = Systemd::start(&machine);
        let done = machine.apply(waits);
        let id = done.json["backup"]["id"].as_str().expect("a name");
        machine.json(&["rollback", id, "--whole-tree", "--yes"]).expect(0, "applied");

        let status = machine.json(&["status", "--detailed-exitcode"]);
        assert_eq!(status.json["details"]["verdict"], "the new client's route is missing", "{status}");
        assert_eq!(status.json["details"]["drift"], "none", "{status}");
        assert!(status.finding("site.overwritten").is_none(), "{status}");
        let left = fs::read_dir(machine.path("/var/lib/motionctl")).expect("a folder").flatten();
        let names: Vec<_> = left.map(|entry| entry.file_name().into_string().expect("text")).collect();
        assert!(names.iter().all(|name| !name.starts_with("base-")), "{names:?}");
        assert!(!machine.path("/etc/motionctl/local.d/motion.conf.toml").exists());
        machine.apply(&[]).expect(0, "applied");
    }
}
