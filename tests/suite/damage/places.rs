//! Zeros, and what stands in the place of what we keep.
//!
//! Invariant: as for damaged bytes; what belongs to one thing has one answer from every command that needs it.

use super::{Changed, JOURNAL, PATCH, configuration};
use crate::support::binary::Server;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

/// Makes something at a place.
type Put = fn(&Path);

fn fifo(place: &Path) {
    assert!(Command::new("mkfifo").arg(place).status().expect("coreutils").success());
}

/// The journal with its first records, and zeros in the place of all others.
fn zeroed(good: &[u8], kept: usize) -> Vec<u8> {
    let lines: Vec<&[u8]> = good.split_inclusive(|byte| *byte == b'\n').collect();
    let mut bytes = lines[..kept].concat();
    bytes.resize(good.len(), 0);
    bytes
}

#[test]
fn zeros_in_the_place_of_acknowledged_records_are_damage() {
    let changed = Changed::new();
    let good = fs::read(changed.server.at(JOURNAL)).expect("reading");
    let records = good.iter().filter(|byte| **byte == b'\n').count();
    let note = "user.motionctl.acknowledged";
    let journal = changed.server.at(JOURNAL);
    let commands: [&[&str]; 5] =
        [&["status"], &["check"], &["recover"], &["apply", "--yes"], &["rollback", "--yes"]];
    let is_damage = |kept: usize| {
        for command in commands {
            let (copy, answer) = changed.asked(JOURNAL, Some(&zeroed(&good, kept)), command);
            assert_eq!(answer.code, 5, "{kept} records, {command:?}: {answer:?}");
            assert_eq!(configuration(&copy), changed.after, "{kept} records, {command:?}");
        }
    };
    // What was acknowledged is noted beside the bytes.
    assert!(xattr::get(&journal, note).expect("reading").is_some(), "the file system of the tests notes it");
    [0, 1, 5, records - 4, records - 2, records - 1].into_iter().for_each(is_damage);
    // A record that was being written is no damage, however long it is.
    for torn in [100, 5000] {
        let bytes = [&good[..], &vec![0; torn]].concat();
        let (_, answer) = changed.asked(JOURNAL, Some(&bytes), &["rollback", "--yes"]);
        assert_eq!(answer.code, 0, "{torn}: {answer:?}");
    }
    // Of an older version's journal, or a copy, what stands on the server tells.
    xattr::remove(&journal, note).expect("removing");
    [0, 1, 5].into_iter().for_each(is_damage);
    let (_, torn) = changed.asked(JOURNAL, Some(&zeroed(&good, records - 1)), &["recover"]);
    assert_eq!(torn.code, 0, "{torn:?}");
}

#[test]
fn what_stands_in_the_place_of_the_state_folder_is_5_from_every_command_that_needs_it() {
    let changed = Changed::new();
    let put: [(&str, Put); 3] = [
        ("is no folder", |place| fs::write(place, "x").expect("a file")),
        ("is no folder", fifo),
        ("is a link", |place| symlink("elsewhere", place).expect("a link")),
    ];
    for (words, put) in put {
        for command in [
            &["status"][..],
            &["check"],
            &["plan"],
            &["apply", "--yes"],
            &["rollback", "--yes"],
            &["recover"],
            &["confirm"],
            &["backups", "prune", "--keep", "1"],
        ] {
            let copy = Server::copy_of(changed.server.path());
            let state = copy.at("var/lib/motionctl");
            fs::rename(&state, copy.at("var/lib/elsewhere")).expect("moving");
            put(&state);
            let answer = copy.run(command);
            assert_eq!(answer.code, 5, "{words}, {command:?}: {answer:?}");
            assert!(answer.stdout.contains(&format!("`/var/lib/motionctl` {words}")), "{answer:?}");
            assert_eq!(configuration(&copy), changed.after);
        }
    }
}

#[test]
fn what_stands_in_the_place_of_a_backup_is_65() {
    let changed = Changed::new();
    let id = changed.backup();
    let put: [Put; 3] = [
        |place| fs::write(place, "x").expect("a file"),
        fifo,
        |place| symlink("elsewhere", place).expect("a link"),
    ];
    let commands: [&[&str]; 6] = [
        &["rollback", "--yes"],
        &["rollback", id.as_str(), "--yes", "--whole-tree"],
        &["backups", "show", id.as_str()],
        &["backups", "diff", id.as_str()],
        &["backups", "verify"],
        &["backups", "list"],
    ];
    for place in [format!("var/backups/motionctl/{id}"), "var/backups/motionctl".to_owned()] {
        for put in put {
            for command in commands {
                let copy = Server::copy_of(changed.server.path());
                let elsewhere = copy.at("var/backups/motionctl").join("elsewhere");
                let elsewhere =
                    if place.ends_with("motionctl") { copy.at("var/elsewhere") } else { elsewhere };
                fs::rename(copy.at(&place), elsewhere).expect("moving");
                put(&copy.at(&place));
                let answer = copy.run(command);
                // A list names a damaged one among the others.
                let is_listed = command == ["backups", "list"] && place.ends_with(id.as_str());
                assert_eq!(answer.code, if is_listed { 0 } else { 65 }, "{place}, {command:?}: {answer:?}");
                assert!(answer.stdout.matches("os error 20").count() <= 1, "{answer:?}");
                assert_eq!(configuration(&copy), changed.after);
            }
        }
    }
}

#[test]
fn what_stands_in_the_place_of_a_record_is_65() {
    let changed = Changed::new();
    let base = changed.file("var/lib/motionctl", "base-", ".conf");
    let put: [Put; 3] = [
        |place| fs::create_dir(place).expect("a folder"),
        fifo,
        |place| symlink("/nowhere", place).expect("a link"),
    ];
    let commands: [&[&str]; 4] =
        [&["check"], &["apply", "--yes"], &["local", "list"], &["rollback", "--yes"]];
    for place in [base.as_str(), PATCH] {
        for put in put {
            for command in commands {
                let copy = Server::copy_of(changed.server.path());
                fs::remove_file(copy.at(place)).expect("removing");
                put(&copy.at(place));
                let answer = copy.run(command);
                assert_eq!(answer.code, 65, "{place}, {command:?}: {answer:?}");
                assert_eq!(configuration(&copy), changed.after);
            }
        }
    }
    // The folder of the patches is none any more: what it held is not known, and not gone.
    for command in &commands[..3] {
        let copy = Server::copy_of(changed.server.path());
        let folder = copy.at("etc/motionctl/local.d");
        fs::rename(&folder, copy.at("etc/elsewhere")).expect("moving");
        put[1](&folder);
        let answer = copy.run(command);
        assert_eq!(answer.code, 65, "{command:?}: {answer:?}");
        let words = Vec::from_iter(answer.stdout.split_whitespace()).join(" ");
        assert!(words.contains("`/etc/motionctl/local.d` is no folder"), "{answer:?}");
    }
}
