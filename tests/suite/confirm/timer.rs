//! The whole road of a change that waits: the countdown, the timer, the
//! confirmation, the way back by hand.

use super::*;
use crate::support::paused::{Moment, paused_at};
use crate::support::wait::eventually;
use motionctl::host::{Root, WriteLock};
use motionctl::journal::{Event, Journal, encode};
use nix::sys::signal::Signal;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

#[test]
fn nobody_confirms() {
    let machine = Machine::new("standalone");
    let systemd = Systemd::start(&machine);
    let before = machine.configuration().without_folder_times();
    let inode = || fs::metadata(machine.path(SITE)).expect("the site").ino();
    let old = inode();

    let done = apply(&machine);

    assert_ne!(inode(), old);
    let waits = &done.json["details"]["confirmation"];
    assert_eq!(waits["armed"], true, "{done}");
    assert!(waits["seconds_left"].as_u64().is_some_and(|left| (300..=600).contains(&left)), "{done}");
    assert!(machine.serves_the_new_client());
    assert_eq!(systemd.armed().len(), 2);
    let calls = systemd.calls();
    let moment = |call: &&String| {
        let after = call.split_once("--on-startup=")?.1.split_once("us")?.0;
        Some(Duration::from_micros(after.parse().ok()?))
    };
    let moments: Vec<_> =
        calls.iter().filter(|call| call.starts_with("systemd-run ")).map(|c| moment(&c)).collect();
    let [Some(undone), Some(warned)] = moments[..] else { panic!("two timers for moments: {calls:?}") };
    let apart = undone - warned;
    assert!((59..=60).contains(&apart.as_millis().div_ceil(1000)), "{apart:?}");

    let status = machine.json(&["status"]);
    status.expect(0, "changes-pending");
    assert_eq!(status.json["details"]["confirmation"]["armed"], true, "{status}");
    assert_eq!(status.json["details"]["last_run"]["outcome"], "awaiting-confirmation");
    assert_eq!(status.finding("run.awaiting-confirmation").expect("a finding")["level"], "stop");
    let words = status_in_words(&machine);
    assert!(
        words.contains("motionctl confirm") && words.contains(" min ") && words.contains(" left, until "),
        "{words}"
    );
    assert_eq!(machine.json(&["status", "--detailed-exitcode"]).code, 2);

    systemd.fire(WARN).expect(0, "ok");
    assert!(machine.serves_the_new_client(), "a warning undoes nothing");
    let fired = systemd.fire(UNDO);

    fired.expect(0, "applied");
    assert_eq!(fired.json["reload"]["proven"], true, "{fired}");
    before.assert_same(&machine.configuration().without_folder_times());
    assert_eq!(inode(), old, "the old file had waited: its way back needs no space");
    assert!(!machine.serves_the_new_client());
    assert_eq!(ended(&machine), "rolled-back");
    assert_eq!(leftovers(&machine), [""; 0]);
    let status = machine.json(&["status"]);
    assert!(status.json["details"]["confirmation"].is_null(), "{status}");
    assert_eq!(machine.json(&["confirm"]).expect(3, "refused").json["details"], Value::Null);
    // And the way is free for another.
    machine.apply(&[]).expect(0, "applied");
}

#[test]
fn somebody_confirms_in_time() {
    waiting!(machine, systemd, before);
    let late = systemd.command(UNDO);

    let confirmed = machine.json(&["confirm"]);

    confirmed.expect(0, "ok");
    assert_eq!(systemd.armed(), [""; 0]);
    assert_eq!(leftovers(&machine), [""; 0], "the old files are let go of");
    assert_eq!(ended(&machine), "applied");
    assert!(
        events(&machine).ends_with(&["awaiting-confirmation", "confirmed", "finished"].map(str::to_owned))
    );
    let kept = machine.configuration().without_folder_times();
    systemd.run(&late).finish().expect(0, "up-to-date");
    machine.json(&["confirm"]).expect(0, "up-to-date");
    kept.assert_same(&machine.configuration().without_folder_times());
    assert!(machine.serves_the_new_client());

    machine.json(&["rollback", "--yes"]).expect(0, "applied");
    before.assert_same(&machine.configuration().without_folder_times());

    // The timer of one run is none of the next one's.
    let _waits = apply(&machine);
    systemd.run(&late).finish().expect(0, "up-to-date");
    assert!(machine.serves_the_new_client());
    assert_eq!(systemd.armed().len(), 2);
}

#[test]
fn somebody_goes_back_by_hand() {
    waiting!(machine, systemd, before);
    let backup = machine.backups().pop().expect("one");
    let back = machine.json(&["rollback", "--yes"]);
    back.expect(0, "applied");
    assert_eq!(back.json["backup"]["id"], backup);
    assert_eq!(systemd.armed(), [""; 0]);
    before.assert_same(&machine.configuration().without_folder_times());
    assert_eq!(ended(&machine), "rolled-back");
}

#[test]
fn it_is_killed_before_the_timer_is_armed() {
    let machine = Machine::new("standalone");
    let systemd = Systemd::start(&machine);
    let before = machine.configuration();
    systemd.set("hold");
    let running = machine.spawn(&["apply", "--yes", "--json", "--confirm-within", "10m"]);
    eventually("it arms the timer", || systemd.has("held"));
    running.signal(Signal::SIGKILL);
    assert_eq!(running.finish().code, -1);
    assert_eq!(events(&machine), ["started", "confirm-by"], "the deadline comes first");
    assert_eq!(systemd.armed(), [""; 0]);
    before.assert_same(&machine.configuration());

    machine.json(&["recover"]).expect(0, "ok");

    assert_eq!(ended(&machine), "failed");
    before.assert_same(&machine.configuration());
}

#[test]
fn it_is_killed_after_the_timer_is_armed() {
    let paused = paused_at(Moment::ProbesAfter);
    let machine = &paused.machine;
    let systemd = Systemd::start(machine);
    let before = machine.configuration().without_folder_times();
    let running = paused.apply(&["--confirm-within", "10m"]);
    running.signal(Signal::SIGKILL);
    assert_eq!(running.finish().code, -1);
    assert!(machine.serves_the_new_client(), "it died with the change in place");
    assert_eq!(systemd.armed().len(), 2);

    systemd.fire(UNDO).expect(0, "applied");

    before.assert_same(&machine.configuration().without_folder_times());
    assert!(!machine.serves_the_new_client());
    assert_eq!(ended(machine), "failed");
    assert_eq!(systemd.armed(), [""; 0], "the warning is taken back");
}

#[test]
fn it_is_killed_between_the_confirmation_and_the_end() {
    for fired in [true, false] {
        waiting!(machine, systemd, before);
        let path = machine.path("/var/lib/motionctl/journal");
        let mut bytes = fs::read(&path).expect("a journal");
        let journal = Journal::decode(&bytes).expect("one that can be trusted");
        let record = journal.next_record("2026-01-01T00:00:00Z", Event::Confirmed { actor: String::new() });
        bytes.extend(encode(&record));
        fs::write(&path, bytes).expect("writing");
        // Whoever ends it, it stays: it was confirmed.
        match fired {
            true => systemd.fire(UNDO).expect(0, "applied"),
            false => machine.json(&["confirm"]).expect(0, "ok"),
        };
        assert_eq!(ended(&machine), "applied");
        assert!(machine.serves_the_new_client());
        assert_eq!((leftovers(&machine), systemd.armed()), (Vec::new(), Vec::new()));
        machine.json(&["rollback", "--yes"]).expect(0, "applied");
        before.assert_same(&machine.configuration().without_folder_times());
    }
}

#[test]
fn the_time_is_over_before_the_change_is_proven() {
    let machine = Machine::new("standalone");
    let systemd = Systemd::start(&machine);
    let before = machine.configuration().without_folder_times();
    systemd.set("hold");
    let running = machine.spawn(&["apply", "--yes", "--json", "--confirm-within", "10s"]);
    eventually("it arms the timer", || systemd.has("held"));
    let end = Instant::now() + Duration::from_secs(10);
    eventually("the time is over", || Instant::now() > end);
    systemd.unset("hold");
    let done = running.finish();
    done.expect(4, "rolled-back");
    assert!(done.error().contains("the time to confirm was over"), "{done}");
    before.assert_same(&machine.configuration().without_folder_times());
    assert_eq!(systemd.armed(), [""; 0]);
}

#[test]
fn the_time_is_over() {
    waiting!(machine, systemd, before);
    // An hour further on the clock that counts; the wall clock stays.
    let later = |arguments: &[&str]| {
        let program = ["--time", "--boottime", "3600", env!("CARGO_BIN_EXE_motionctl")];
        machine.command("unshare", &[&program, arguments, &["--json"]].concat(), |_| ()).finish()
    };
    let status = later(&["status"]);
    assert_eq!(status.json["details"]["confirmation"]["seconds_left"], 0, "{status}");
    let late = later(&["confirm"]);
    late.expect(3, "refused");
    assert!(late.error().contains("the time to confirm was over"), "{late}");
    assert!(machine.serves_the_new_client());
    later(&["recover"]).expect(0, "ok");
    before.assert_same(&machine.configuration().without_folder_times());
    assert_eq!(ended(&machine), "rolled-back");
    assert_eq!(systemd.armed(), [""; 0]);
}

#[test]
fn the_timer_waits_for_whoever_holds_the_lock() {
    waiting!(machine, systemd, before);
    let lock = machine.inside(|| WriteLock::take(&Root::live()).expect("nobody holds it"));
    let fired = systemd.run_later(&systemd.command(UNDO), Duration::from_secs(600));
    let waiting = machine.inside(|| WriteLock::take(&Root::live()).is_err());
    assert!(waiting && machine.serves_the_new_client());
    drop(lock);
    fired.finish().expect(0, "applied");
    before.assert_same(&machine.configuration().without_folder_times());
}

#[test]
fn an_interrupted_run_whose_files_were_edited_is_left_by_its_backup() {
    let paused = paused_at(Moment::ProbesAfter);
    let machine = &paused.machine;
    let before = machine.configuration().without_folder_times();
    let running = paused.apply(&[]);
    running.signal(Signal::SIGKILL);
    assert_eq!(running.finish().code, -1);
    machine.edit(SITE, |text| format!("{text}# by hand\n"));
    let stuck = machine.json(&["recover"]);
    stuck.expect(5, "needs-operator");
    let backup = machine.backups().pop().expect("one");
    let hint = stuck.json["error"]["hint"].as_str().expect("a hint");
    assert!(hint.contains(&format!("motionctl rollback {backup} --whole-tree")), "{hint}");
    machine.json(&["rollback", &backup, "--yes"]).expect(5, "needs-operator");
    let back = machine.json(&["rollback", &backup, "--whole-tree", "--yes"]);
    assert_eq!(back.expect(0, "applied").json["reload"]["proven"], true, "{back}");
    before.assert_same(&machine.configuration().without_folder_times());
    assert!(!machine.serves_the_new_client());
    machine.json(&["recover"]).expect(0, "up-to-date");
}

#[test]
fn files_that_were_edited_meanwhile_are_left_alone() {
    waiting!(machine, systemd, before);
    machine.edit(SITE, |text| format!("{text}# by hand\n"));
    let edited = machine.read(SITE);

    let fired = systemd.fire(UNDO);

    fired.expect(5, "needs-operator");
    assert!(
        fired.error().contains(SITE) && fired.error().contains("was edited after motionctl changed it"),
        "{fired}"
    );
    assert_eq!(machine.read(SITE), edited);
    let backup = machine.backups().pop().expect("one");
    let hint = fired.json["error"]["hint"].as_str().expect("a hint");
    assert!(hint.contains(&format!("motionctl rollback {backup} --whole-tree")), "{hint}");
    // What the hint says leads out of it.
    machine.json(&["rollback", &backup, "--whole-tree", "--yes"]).expect(0, "applied");
    before.assert_same(&machine.configuration().without_folder_times());
    assert!(!machine.serves_the_new_client());
    assert_eq!(ended(&machine), "rolled-back");
}

#[test]
fn woken_too_early_it_is_armed_again_and_undoes_nothing() {
    waiting!(machine, systemd, before);
    let waits = machine.configuration();
    // Somebody runs it by hand: the timer is there.
    let by_hand = systemd.run(&systemd.command(UNDO)).finish();
    by_hand.expect(0, "up-to-date");
    assert!(by_hand.stdout.contains("too early: a timer waits"), "{by_hand}");
    assert_eq!(systemd.armed().len(), 2);
    // The wall clock was set, and woke it: twice, since the new timer can be woken, too.
    for _ in 0..2 {
        let early = systemd.fire_early(UNDO);
        early.expect(0, "up-to-date");
        assert!(early.stdout.contains("too early: armed again"), "{early}");
        waits.assert_same(&machine.configuration());
        let armed = systemd.armed();
        assert!(armed.len() == 2 && armed.iter().any(|name| name.contains("-again-")), "{armed:?}");
        let status = machine.json(&["status"]);
        assert_eq!(status.json["details"]["confirmation"]["armed"], true, "{status}");
        assert!(status.finding("run.undo-not-armed").is_none(), "{status}");
    }
    systemd.fire(UNDO).expect(0, "applied");
    before.assert_same(&machine.configuration().without_folder_times());
    assert_eq!(systemd.armed(), [""; 0]);
}

#[test]
fn woken_too_early_where_nothing_can_be_armed_it_waits_itself() {
    let machine = Machine::new("standalone");
    let systemd = Systemd::start(&machine);
    let before = machine.configuration().without_folder_times();
    machine.apply(&["--confirm-within", "10s"]).expect(0, "awaiting-confirmation");
    systemd.set("gone");
    let early = systemd.fire_early(UNDO);
    early.expect(0, "applied");
    assert!(early.stderr.contains("this process waits until"), "{early}");
    before.assert_same(&machine.configuration().without_folder_times());
}

#[test]
fn a_confirmed_timer_that_was_armed_again_is_stopped_too() {
    waiting!(machine, systemd, before);
    systemd.fire_early(UNDO).expect(0, "up-to-date");
    machine.json(&["confirm"]).expect(0, "ok");
    assert_eq!(systemd.armed(), [""; 0]);
    machine.json(&["rollback", "--yes"]).expect(0, "applied");
    before.assert_same(&machine.configuration().without_folder_times());
}

#[test]
fn a_timer_that_systemd_means_to_start_later_is_no_promise() {
    let machine = Machine::new("standalone");
    let systemd = Systemd::start(&machine);
    let before = machine.configuration().without_folder_times();
    systemd.set_late(Duration::from_secs(90));
    let done = machine.apply(&["--confirm-within", "10m"]);
    done.expect(1, "failed");
    assert!(done.error().contains("90 s too late"), "{done}");
    before.assert_same(&machine.configuration().without_folder_times());
    assert_eq!(systemd.armed(), [""; 0]);
}

#[test]
fn every_command_says_that_nothing_is_left_that_would_undo_it() {
    waiting!(machine, systemd, before);
    let said = |output: &Said| output.finding("run.undo-not-armed").is_some();
    let commands: [&[&str]; 7] = [
        &["status"],
        &["check"],
        &["plan"],
        &["backups", "list"],
        &["local", "list"],
        &["apply", "--yes"],
        &["seed", "schema", "json-schema"],
    ];
    for command in commands {
        let output = machine.json(command);
        assert!(!said(&output), "{command:?}: it is armed: {output}");
    }
    let undo = systemd.command(UNDO);
    systemd.fire_early(WARN);
    let armed = systemd.armed();
    machine.must(&format!("rm /run/stand-in/{}", armed[0]));
    for command in commands {
        let output = machine.json(command);
        assert!(said(&output), "{command:?}: {output}");
    }
    let monitor = machine.motionctl(&["status", "--check"]);
    assert!(monitor.code == 1 && monitor.stdout.contains("its undoing is not armed"), "{monitor}");
    let words = status_in_words(&machine);
    assert!(words.contains("motionctl rollback") && words.contains("has been stopped"), "{words}");
    // Whoever cannot be asked has not said no.
    systemd.set("gone");
    let unknown = machine.json(&["status"]);
    let finding = unknown.finding("run.undo-not-armed").expect("a finding");
    assert!(finding["evidence"][1].as_str().is_some_and(|line| line.contains("is not known")), "{unknown}");
    assert!(finding["title"].as_str().is_some_and(|title| title.ends_with("is not known")), "{unknown}");
    assert!(unknown.json["details"]["confirmation"]["armed"].is_null(), "{unknown}");
    // How much time is left is said once.
    assert_eq!(unknown.stdout.matches(" left, until ").count(), 1, "{unknown}");
    systemd.unset("gone");
    // The next changing command undoes it when it is due, and not before.
    machine.json(&["recover"]).expect(0, "up-to-date");
    assert!(machine.serves_the_new_client());
    let program = undo[0].as_str();
    let later = [program, "recover"].map(str::to_owned);
    systemd.run_later(&later, Duration::from_secs(600)).finish().expect(0, "ok");
    before.assert_same(&machine.configuration().without_folder_times());
    assert!(!said(&machine.json(&["status"])));
}
