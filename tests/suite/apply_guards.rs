//! Who may change a live server, and when: root, the lock, a plan that still
//! fits, one master, somebody who says yes.
//!
//! Invariant: a refusal leaves every byte and every time as it was.

use crate::support::machine::{Machine, SITE};
use crate::support::tree_state::{State, state};
use motionctl::host::{Root, WriteLock};
use std::fs;
use std::os::unix::process::CommandExt;

/// Everything that a run might write to.
fn everything(machine: &Machine) -> [State; 2] {
    ["/etc/nginx", "/var/backups"].map(|at| state(&machine.path(at)))
}

#[track_caller]
fn assert_untouched(machine: &Machine, before: &[State; 2]) {
    for (before, after) in before.iter().zip(&everything(machine)) {
        before.assert_same(after);
    }
    assert!(machine.journal().is_empty());
}

#[test]
fn a_stopped_nginx_is_not_started() {
    let machine = Machine::stopped("standalone", |_| ());
    let before = machine.configuration().without_folder_times();
    let done = machine.apply(&[]);
    done.expect(0, "applied");
    assert!(done.json.get("reload").is_none() && done.finding("nginx.not-running").is_some(), "{done}");
    assert!(machine.masters().is_empty());
    assert!(machine.read(SITE).contains("/user-ui/"));
    machine.apply(&[]).expect(0, "up-to-date");
    let back = machine.motionctl(&["rollback", "--yes", "--json"]);
    back.expect(0, "applied");
    assert!(back.json.get("reload").is_none() && machine.masters().is_empty(), "{back}");
    before.assert_same(&machine.configuration().without_folder_times());
}

#[test]
fn only_root_may_apply() {
    let machine = Machine::new("standalone");
    // Where an ordinary user can reach it, wherever it was built.
    let binary = env!("CARGO_BIN_EXE_motionctl");
    machine.must(&format!("touch /run/motionctl && mount --bind '{binary}' /run/motionctl"));
    let before = everything(&machine);
    let as_nobody = |arguments: &[&str]| {
        machine.command("/run/motionctl", arguments, |command| {
            command.uid(65534).gid(65534);
        })
    };
    for arguments in [&["apply", "--yes", "--json"][..], &["rollback", "--yes", "--json"]] {
        let done = as_nobody(arguments).finish();
        done.expect(69, "unavailable");
        assert!(done.finding("host.not-root").is_some(), "{done}");
    }
    assert_untouched(&machine, &before);
    assert!(!machine.path("/var/lib/motionctl").exists());
}

#[test]
fn a_second_run_is_refused_with_the_holder_s_pid() {
    let machine = Machine::new("standalone");
    let lock = machine.inside(|| WriteLock::take(&Root::live()).expect("the lock"));
    let before = everything(&machine);
    let done = machine.apply(&[]);
    done.expect(3, "refused");
    assert!(done.error().contains(&format!("process {}", std::process::id())), "{done}");
    machine.motionctl(&["rollback", "--yes", "--json"]).expect(3, "refused");
    assert_untouched(&machine, &before);
    // Those that only look need no lock.
    machine.motionctl(&["plan", "--json"]).expect(0, "changes-pending");
    drop(lock);
    machine.apply(&[]).expect(0, "applied");
}

#[test]
fn a_saved_plan_is_applied_only_where_it_fits() {
    let machine = Machine::new("standalone");
    let saved = machine.scratch().join("plan.json");
    let plan = saved.to_str().expect("text");
    machine.motionctl(&["plan", "--json", "--out", plan]).expect(0, "changes-pending");
    let original = machine.read(SITE);
    let before = everything(&machine);

    // Another file of the configuration was edited.
    let mime = machine.read("/etc/nginx/mime.types");
    machine.edit("/etc/nginx/mime.types", |text| text + "# by hand\n");
    let stale = machine.motionctl(&["apply", plan, "--yes", "--json"]);
    stale.expect(3, "refused");
    assert!(stale.error().contains("stale") && stale.error().contains("mime.types"), "{stale}");
    machine.edit("/etc/nginx/mime.types", |_| mime);
    assert_eq!(machine.read(SITE), original);

    // The plan itself was edited.
    let text = fs::read_to_string(&saved).expect("the plan");
    let forged = machine.scratch().join("forged.json");
    fs::write(&forged, text.replace("expires -1;", "expires -2;")).expect("writing");
    machine.motionctl(&["apply", forged.to_str().expect("text"), "--yes", "--json"]).expect(65, "invalid");
    assert_eq!(machine.read(SITE), original);
    assert!(machine.journal().is_empty() && machine.backups().is_empty());
    drop(before);

    let done = machine.motionctl(&["apply", plan, "--yes", "--json"]);
    done.expect(0, "applied");
    let started = &machine.journal()[0];
    let saved: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((&started["plan"], &done.json["plan"]["id"]), (&saved["id"], &saved["id"]));
    machine.motionctl(&["apply", plan, "--yes", "--json"]).expect(3, "refused");
}

#[test]
fn nobody_is_asked_without_a_terminal() {
    let machine = Machine::new("standalone");
    let before = everything(&machine);
    machine.motionctl(&["apply", "--json"]).expect(64, "invalid");
    let human = machine.motionctl(&["apply"]);
    assert_eq!(human.code, 64, "{human}");
    assert!(human.stdout.contains("--yes"), "{human}");
    assert_untouched(&machine, &before);
}

#[test]
fn a_dry_run_shows_the_plan_and_changes_nothing() {
    let machine = Machine::new("standalone");
    let (before, workers) = (everything(&machine), machine.workers());
    let done = machine.motionctl(&["apply", "--dry-run", "--json"]);
    done.expect(0, "changes-pending");
    assert_eq!(done.json["plan"]["steps"][0]["path"], SITE);
    assert!(
        done.json["plan"]["diff"]["unified"]
            .as_str()
            .is_some_and(|diff| diff.contains("+    location ^~ /user-ui/"))
    );
    assert_untouched(&machine, &before);
    assert!(!machine.path("/var/lib/motionctl").exists());
    assert_eq!(machine.workers(), workers);
}

#[test]
fn a_broken_configuration_is_left_alone() {
    let machine = Machine::new("standalone");
    machine.edit(SITE, |text| text.replacen("listen 443 ssl;", "listen 443 ssl", 1));
    let before = everything(&machine);
    machine.apply(&[]).expect(65, "invalid");
    assert_untouched(&machine, &before);
}
