//! The promise to undo a change at its moment, on real systemds.
//!
//! Invariant: each test says which systemd it had, or why it had none. Moments are read on the clock of the journal, so
//! that a machine that is busy makes a test slow, and not wrong: the timers that are wrong never fire in these tests.

use super::*;
use crate::support::depth::report;
use crate::support::real_systemd::{Ahead, RealSystemd, Which, on_each};
use crate::support::wait::eventually;
use std::time::Duration;

/// How long a change waits here; applying it has to fit, on a busy machine too.
const WINDOW: &str = "20s";
/// What comes later than this has been put off.
const LATEST: Duration = Duration::from_secs(20);
/// A container whose clocks are those of a machine that has run for so long.
const SHIFTED: Ahead = Ahead { boot: FORTY_DAYS, awake: FORTY_DAYS };
/// A machine that has slept for so long.
const SLEPT: Ahead = Ahead { boot: FORTY_DAYS, awake: Duration::ZERO };
const FORTY_DAYS: Duration = Duration::from_secs(40 * 86_400);

on_each! {
    reloads_and_early_calls_move_nothing
    frozen_past_its_moment_it_is_undone_at_once
    a_timer_that_somebody_stopped_is_missed
    a_failure_that_was_put_right_is_forgotten
}

/// A machine with a systemd, and what was there before the change.
macro_rules! up {
    ($which:expr, $ahead:expr, $machine:ident, $systemd:ident, $before:ident) => {
        let $machine = Machine::stopped("standalone", |_| ());
        let $systemd = RealSystemd::start(&$machine, $which, $ahead);
        let $before = $systemd.configuration().without_folder_times();
    };
}

/// Makes a change that waits so long; its run.
fn change(systemd: &RealSystemd, within: &str) -> String {
    let done = systemd.motionctl(&["apply", "--yes", "--confirm-within", within]);
    done.expect(0, "awaiting-confirmation");
    assert_eq!(done.json["details"]["confirmation"]["armed"], true, "{done}");
    done.json["details"]["confirmation"]["run"].as_str().expect("its name").to_owned()
}

/// The last event of this name.
fn event(systemd: &RealSystemd, name: &str) -> Option<Value> {
    systemd.journal().into_iter().rev().find(|event| event["event"] == name)
}

/// Waits until the change is being undone, calling this meanwhile; how late that was.
fn undone(systemd: &RealSystemd, mut meanwhile: impl FnMut()) -> Duration {
    let deadline = event(systemd, "confirm-by").expect("it waits")["deadline"].clone();
    let late = loop {
        let late = systemd.late(&deadline);
        if event(systemd, "recovering").is_some() {
            break late.expect("not before its moment");
        }
        assert!(late.is_none_or(|late| late < LATEST), "put off: {late:?}");
        meanwhile();
    };
    eventually("the run is over", || event(systemd, "finished").is_some());
    late
}

fn assert_as_before(systemd: &RealSystemd, machine: &Machine, before: &crate::support::tree_state::State) {
    before.assert_same(&systemd.configuration().without_folder_times());
    assert_eq!(event(systemd, "finished").expect("an end")["outcome"], "rolled-back");
    eventually("NGINX serves as before", || !machine.serves_the_new_client());
}

fn say(systemd: &RealSystemd, what: &str, late: Duration) {
    let version = systemd.shell("systemctl --version | head -n 1").stdout;
    report(
        &format!("confirm, {what}, {}", version.trim()),
        &format!("undone {} ms after its moment\n", late.as_millis()),
    );
}

/// In a container whose clocks are ahead of the machine's; what packages and administrators do meanwhile.
fn reloads_and_early_calls_move_nothing(which: Which) {
    up!(which, SHIFTED, machine, systemd, before);
    let run = change(&systemd, WINDOW);
    // What wakes it after a sleep, too.
    let wall = systemd.shell(&format!(
        "systemctl show --property=NextElapseUSecRealtime motionctl-unconfirmed-{run}.timer"
    ));
    assert!(wall.stdout.trim().ends_with(" UTC"), "{wall}");
    let mut round = 0;
    let late = undone(&systemd, || {
        round += 1;
        let line = match round {
            2 => "systemctl daemon-reexec".to_owned(),
            4 => "systemctl isolate default.target".to_owned(),
            // Somebody starts by hand what the timer starts.
            6 => format!("systemctl start motionctl-unconfirmed-{run}.service"),
            _ => "systemctl daemon-reload".to_owned(),
        };
        systemd.must(&line);
        std::thread::sleep(Duration::from_millis(300));
    });
    assert!(round > 6, "{round} rounds");
    assert_as_before(&systemd, &machine, &before);
    eventually("no timer is left", || {
        systemd.shell("systemctl list-units --all --no-legend 'motionctl-*.timer'").stdout.trim().is_empty()
    });
    say(&systemd, "reloads", late);
}

fn frozen_past_its_moment_it_is_undone_at_once(which: Which) {
    up!(which, SLEPT, machine, systemd, before);
    change(&systemd, WINDOW);
    let deadline = event(&systemd, "confirm-by").expect("it waits")["deadline"].clone();
    systemd.freeze(true);
    while systemd.late(&deadline).is_none_or(|late| late < Duration::from_secs(2)) {
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(event(&systemd, "recovering").is_none(), "nothing runs");
    systemd.freeze(false);
    // Whoever is first: the time is over.
    let confirmed = systemd.motionctl(&["confirm"]);
    assert_eq!(confirmed.code, 3, "{confirmed}");
    let late = undone(&systemd, || std::thread::sleep(Duration::from_millis(20)));
    assert_as_before(&systemd, &machine, &before);
    say(&systemd, "frozen until 2 s after", late);
}

fn a_timer_that_somebody_stopped_is_missed(which: Which) {
    up!(which, Ahead::default(), machine, systemd, before);
    let stop = |run: &str| {
        systemd.must(&format!("systemctl stop motionctl-unconfirmed-{run}.timer"));
    };
    stop(&change(&systemd, "10m"));
    for command in [&["status"][..], &["check"], &["backups", "list"]] {
        let said = systemd.motionctl(command);
        assert!(said.finding("run.undo-not-armed").is_some(), "{command:?}: {said}");
    }
    let status = systemd.motionctl(&["status"]);
    assert_eq!(status.json["details"]["confirmation"]["armed"], false, "{status}");
    // What the next start of the server runs.
    systemd.must("systemctl start motionctl-recover.service");
    assert_as_before(&systemd, &machine, &before);

    stop(&change(&systemd, "10m"));
    let later = ["unshare", "--time", "--boottime", "601", "--monotonic", "601", "motionctl"];
    let next = systemd.command(&[&later[..], &["apply", "--yes", "--json"]].concat()).finish();
    next.expect(0, "applied");
    assert!(next.stderr.contains("recovered an interrupted run"), "{next}");
    let outcomes: Vec<_> =
        systemd.journal().iter().filter_map(|event| event.get("outcome").cloned()).collect();
    assert_eq!(outcomes, ["rolled-back", "rolled-back", "applied"]);
}

/// A unit that failed stays in what monitoring reads, until somebody resets it.
fn a_failure_that_was_put_right_is_forgotten(which: Which) {
    up!(which, Ahead::default(), machine, systemd, before);
    change(&systemd, WINDOW);
    let by_hand = |line: &str| assert_eq!(systemd.shell(line).code, 0, "{line}");
    by_hand(&format!("cp -p {SITE} /run/site && echo '# by hand' >>{SITE}"));
    let failed = || systemd.shell("systemctl --failed --no-legend").stdout;
    eventually("its undo fails", || failed().contains("motionctl-unconfirmed-"));
    by_hand(&format!("cp -p /run/site {SITE}"));
    // The timer has two triggers: what the second one starts may be at it, or may have done it.
    eventually("recover has its turn", || {
        let said = systemd.motionctl(&["recover"]);
        let waits = said.code == 3 && said.json["error"]["message"].to_string().contains("holds the lock");
        let outcome = said.json["outcome"].as_str().unwrap_or_default();
        assert!(waits || (said.code == 0 && ["ok", "up-to-date"].contains(&outcome)), "{said}");
        !waits
    });
    assert_as_before(&systemd, &machine, &before);
    eventually("no unit is left that failed", || !failed().contains("motionctl-"));
}

/// 254 was the first that can; transient timers end with it, and the boot id stays.
#[test]
fn a_soft_reboot_undoes_it_before_nginx_starts() {
    if Which::Newest.is_missing("a soft-reboot") {
        return;
    }
    up!(Which::Newest, Ahead::default(), machine, systemd, before);
    change(&systemd, "10m");
    let old = machine.master_pid();
    // It kills whoever asks for it, too.
    let _killed = systemd.shell("systemctl soft-reboot");
    eventually("it is undone", || event(&systemd, "finished").is_some());
    eventually("another NGINX is started", || machine.masters().iter().any(|master| master.id.pid != old));
    systemd.wait_until_up();
    assert_as_before(&systemd, &machine, &before);
    let status = systemd.motionctl(&["status"]);
    assert!(status.json["details"]["confirmation"].is_null(), "{status}");
    let unit =
        systemd.shell("systemctl show --property=Result --property=ExecMainStatus motionctl-recover.service");
    assert_eq!(unit.stdout, "Result=success\nExecMainStatus=0\n");
}
