//! Files that cannot be replaced, where something is put back.
//!
//! Invariant: what is in the way is found before the first effect, and once it is away the same command goes on.

use crate::crash::scenario::run_with;
use crate::support::binary::{SITE, Server, finding};
use crate::support::machine::Machine;
use crate::support::tree_state::state;
use std::fs;

const FILE: &str = "/etc/nginx/conf.d/motion.conf";

/// A word of the evidence, how the obstacle is made, and how it is taken away.
fn obstacles() -> [(&'static str, String, String); 5] {
    [
        ("hard links", format!("ln {FILE} /etc/nginx/second"), "rm /etc/nginx/second".into()),
        ("mount", format!("mount --bind {FILE} {FILE}"), format!("umount {FILE}")),
        (
            "read-only",
            "mount -o remount,bind,ro /etc/nginx".into(),
            "mount -o remount,bind,rw /etc/nginx".into(),
        ),
        ("immutable", format!("chattr +i {FILE}"), format!("chattr -i {FILE}")),
        ("immutable", "chattr +i /etc/nginx/conf.d".into(), "chattr -i /etc/nginx/conf.d".into()),
    ]
}

#[track_caller]
#[test]
fn a_rollback_looks_for_what_is_in_its_way_before_it_begins() {
    let machine = Machine::new("standalone");
    machine.apply(&[]).expect(0, "applied");
    let books = || (machine.journal(), state(&machine.path("/etc/motionctl")), machine.read(FILE));
    let before = books();
    let vendor = machine.scratch().join("vendor.conf");
    fs::create_dir_all(machine.scratch()).expect("a folder");
    fs::write(&vendor, fs::read(crate::support::binary::fixture("standalone").join(SITE)).expect("reading"))
        .expect("writing");
    let vendor = vendor.display().to_string();
    let commands: [&[&str]; 3] = [
        &["rollback", "--yes", "--json"],
        &["rollback", "--yes", "--json", "--whole-tree"],
        &["restore-vendor", "--yes", "--json", "--base", &vendor],
    ];
    for (word, spoil, fix) in obstacles() {
        machine.must(&spoil);
        let answers = commands.map(|command| (command, machine.motionctl(command)));
        machine.must(&fix);
        for (command, refused) in answers {
            refused.expect(3, "refused");
            let said = refused.finding("site.not-replaceable").expect("the finding").to_string();
            assert!(said.contains(word), "{word}, {command:?}: {refused}");
            assert!(!refused.stdout.contains("no-sandbox"), "{word}, {command:?}: {refused}");
        }
        let after = books();
        assert_eq!((&before.0, &before.2), (&after.0, &after.2), "{word}");
        before.1.assert_same(&after.1);
    }
    machine.motionctl(commands[0]).expect(0, "applied");
}

#[test]
fn a_record_that_cannot_be_replaced_stops_a_rollback_as_well() {
    for (folder, start) in [("var/lib/motionctl", "base-"), ("etc/motionctl/local.d", "motion.conf")] {
        let server = Server::copy("standalone");
        assert_eq!(server.json(&["apply", "--yes"])["outcome"], "applied");
        let record = fs::read_dir(server.at(folder)).expect("our books").flatten();
        let record = record
            .map(|entry| entry.path())
            .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start)));
        let second = server.at("var/lib/second");
        fs::hard_link(record.expect("a record"), &second).expect("a second name");
        let before = state(server.path()).without(&["var/lib/motionctl/lock"]).without_folder_times();
        let refused = server.json(&["rollback", "--yes"]);
        assert_eq!(refused["exit_code"], 3, "{refused:#}");
        assert!(finding(&refused, "site.not-replaceable")["evidence"].to_string().contains(start));
        before.assert_same(&state(server.path()).without(&["var/lib/motionctl/lock"]).without_folder_times());
        fs::remove_file(&second).expect("removing");
        assert_eq!(server.json(&["rollback", "--yes"])["outcome"], "applied");
    }
}

#[test]
fn a_recovery_that_meets_an_obstacle_names_it_once_and_goes_on_when_it_is_away() {
    let server = Server::copy("standalone");
    let before = server.read(SITE);
    assert_eq!(server.json(&["apply", "--yes"])["outcome"], "applied");
    let killed = run_with(
        server.path(),
        &["rollback", "--yes"],
        ("step: between its effect and its end", 1),
        "SIGKILL",
    );
    assert!(killed.was_killed());
    assert_ne!(server.read(SITE), before);
    let second = server.at("etc/nginx/second");
    fs::hard_link(server.at(SITE), &second).expect("a second name");
    for command in [&["recover"][..], &["rollback", "--yes"]] {
        let stuck = server.json(command);
        assert_eq!(stuck["exit_code"], 5, "{stuck:#}");
        assert!(finding(&stuck, "site.not-replaceable")["evidence"].to_string().contains("hard links"));
        let message = stuck["error"]["message"].as_str().expect("a message");
        assert_eq!(message.matches("hard links").count(), 1, "{message}");
        let hint = stuck["error"]["hint"].as_str().expect("a hint");
        assert!(hint.contains("take away") && hint.contains("motionctl recover"), "{hint}");
    }
    fs::remove_file(&second).expect("removing");
    assert_eq!(server.json(&["recover"])["exit_code"], 0);
    assert_eq!(server.read(SITE), before);
}
