//! `history`: the runs, newest first, with when, who, how and why.

use super::*;
use crate::support::systemd::Systemd;

fn runs(machine: &Machine) -> Vec<Value> {
    let answer = machine.json(&["history"]);
    answer.expect(0, "ok");
    answer.json["details"]["runs"].as_array().expect("runs").clone()
}

#[test]
fn a_server_without_a_past_says_so() {
    let machine = Machine::new("standalone");
    assert_eq!(runs(&machine), [Value::Null; 0]);
    assert!(machine.motionctl(&["history"]).stdout.contains("no run has changed this server"));
}

#[test]
fn each_run_says_how_it_ended_and_whether_it_can_be_undone() {
    let machine = Machine::new("standalone");
    let vendors = machine.read(SITE);
    let first = machine.apply(&[]).json["backup"]["id"].as_str().expect("a name").to_owned();
    machine.edit(SITE, |_| vendors);
    machine.apply(&[]).expect(0, "applied");
    let two = runs(&machine);
    assert_eq!(two.len(), 2);
    assert!(two.iter().all(|run| run["undoable"] == true && run["outcome"] == "applied"), "{two:#?}");
    assert_eq!(two[1]["backup"], first.as_str(), "the newest is the first");
    assert!(two[0]["files"].to_string().contains(SITE), "{two:#?}");
    assert!(two[0]["command"].as_str().is_some_and(|text| text.starts_with("apply")), "{two:#?}");
    assert!(two[0]["actor"].as_str().is_some_and(|text| text.starts_with("uid 0")), "{two:#?}");

    machine.json(&["rollback", "--yes"]).expect(0, "applied");
    let three = runs(&machine);
    let undone: Vec<_> = three.iter().map(|run| (run["kind"].clone(), run["undoable"].clone())).collect();
    assert_eq!(
        undone,
        [
            ("rollback".into(), false.into()),
            ("migration".into(), false.into()),
            ("migration".into(), true.into())
        ]
    );
    assert_eq!(three[1]["undone_by"], three[0]["id"]);
    let words = machine.motionctl(&["history"]).stdout;
    for expected in ["3 runs", "UTC", "root", "in place", "taken back later"] {
        assert!(words.contains(expected), "{expected}: {words}");
    }
}

#[test]
fn a_change_that_nobody_confirmed_says_so_wherever_it_is_told() {
    let machine = Machine::new("standalone");
    let systemd = Systemd::start(&machine);
    machine.apply(&["--confirm-within", "10m"]).expect(0, "awaiting-confirmation");
    assert!(machine.motionctl(&["history"]).stdout.contains("waits for its confirmation"));
    systemd.fire("motionctl-unconfirmed-").expect(0, "applied");

    let why = "nobody confirmed the change in time";
    let newest = &runs(&machine)[0];
    assert_eq!((&newest["outcome"], &newest["reason"]), (&"rolled-back".into(), &why.into()));
    let status = machine.motionctl(&["status", "--no-db"]).stdout;
    let row = status.lines().find(|line| line.starts_with("last run")).expect("a row");
    assert!(row.contains("migration 2") && row.contains(" UTC, undone ") && row.ends_with(why), "{row}");

    machine.apply(&["--confirm-within", "10m"]).expect(0, "awaiting-confirmation");
    machine.json(&["confirm"]).expect(0, "ok");
    let newest = &runs(&machine)[0];
    assert!(newest["confirmed_by"].as_str().is_some_and(|who| who.starts_with("uid 0")), "{newest}");
    assert!(machine.motionctl(&["status", "--no-db"]).stdout.contains(" by root"));
}

#[test]
fn a_history_that_is_gone_is_no_server_without_a_past() {
    let (machine, _) = Machine::migrated();
    std::fs::remove_file(machine.path("/var/lib/motionctl/journal")).expect("removing");
    let answer = machine.json(&["history"]);
    assert!(answer.finding("run.history-gone").is_some(), "{answer}");
    assert!(answer.json["details"]["verdict"].to_string().contains("gone"), "{answer}");
}
