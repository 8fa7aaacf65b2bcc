//! What may stand at a name: links that somebody planted, names that no person
//! would type, folders in the place of files, files that must not be replaced.

use crate::support::binary::{SITE, Server, finding};
use crate::support::machine::Machine;
use crate::support::tree_state::state;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

const APPLY: &[&str] = &["apply", "--yes"];

#[test]
fn a_link_that_was_planted_in_the_backup_path_is_not_followed() {
    for planted in ["var/backups", "var/backups/motionctl", "var/lib/motionctl"] {
        let server = Server::copy("standalone");
        let elsewhere = tempfile::tempdir().expect("a folder");
        let at = server.at(planted);
        fs::create_dir_all(at.parent().expect("a folder")).expect("folders");
        let target = server.at("elsewhere");
        fs::create_dir(&target).expect("a folder");
        symlink("/elsewhere", &at).expect("a link");
        let before = state(&server.at("etc"));
        let said = server.json(APPLY);
        // Root's own link above our folders is a way of laying a server out.
        let allowed: &[i64] = match planted {
            "var/backups" => &[0, 1],
            "var/backups/motionctl" => &[1, 65],
            // Whether a run is open is not known.
            _ => &[5],
        };
        assert!(
            said["exit_code"].as_i64().is_some_and(|code| allowed.contains(&code)),
            "{planted}: {said:#}"
        );
        if said["exit_code"] != 0 {
            before.assert_same(&state(&server.at("etc")));
            assert_eq!(fs::read_dir(&target).expect("it is there").count(), 0, "{planted} was followed");
        }
        assert_eq!(fs::read_dir(elsewhere.path()).expect("it is there").count(), 0);
    }
}

#[test]
fn hostile_file_names_are_backed_up_and_come_back() {
    let server = Server::copy("standalone");
    let names: [&[u8]; 5] = [b"a\nb", b"\xff\xfe", b"\x1b[31mred", b"-rf", b" .. "];
    for name in names {
        fs::write(server.at("etc/nginx").join(OsStr::from_bytes(name)), name).expect("writing");
    }
    let before = state(&server.at("etc/nginx")).without_folder_times();
    assert_eq!(server.json(APPLY)["outcome"], "applied");
    for name in names {
        fs::remove_file(server.at("etc/nginx").join(OsStr::from_bytes(name))).expect("removing");
    }
    let back = server.json(&["rollback", "--yes", "--whole-tree"]);
    assert_eq!(back["outcome"], "applied", "{back:#}");
    before.assert_same(&state(&server.at("etc/nginx")).without_folder_times());
}

#[test]
fn an_included_file_with_a_hostile_name_ends_in_an_answer() {
    for name in [&b"x\xff.conf"[..], b"x\ny.conf", b"x\x1b[31m.conf"] {
        let server = Server::copy("standalone");
        fs::write(server.at("etc/nginx/conf.d").join(OsStr::from_bytes(name)), "# nothing\n")
            .expect("writing");
        let before = state(&server.at("etc")).without_folder_times();
        let said = server.json(APPLY);
        let code = said["exit_code"].as_i64().expect("a code");
        assert!([0, 1, 3, 65].contains(&code), "{name:?}: {said:#}");
        let human = server.run(&["plan"]);
        assert!(!human.stdout.contains('\x1b'), "{name:?}: {}", human.stdout);
        if code == 0 {
            assert_eq!(server.json(&["rollback", "--yes"])["exit_code"], 0);
        }
        before.assert_same(&state(&server.at("etc")).without_folder_times());
    }
}

#[test]
fn a_folder_in_the_place_of_a_file_is_named() {
    let check = |folder: &str, code: i64, text: &str| {
        let server = Server::copy("standalone");
        let base = server.json(APPLY);
        assert_eq!(base["exit_code"], 0);
        assert_eq!(server.json(&["rollback", "--yes"])["exit_code"], 0);
        let at = server.at(folder);
        if at.exists() {
            fs::remove_file(&at).expect("removing");
        }
        fs::create_dir_all(&at).expect("a folder");
        let before = state(&server.at("etc"));
        let said = server.json(APPLY);
        assert_eq!(said["exit_code"], code, "{folder}: {said:#}");
        assert!(said.to_string().contains(text), "{folder}: no {text:?} in {said:#}");
        before.assert_same(&state(&server.at("etc")));
    };
    check(SITE, 65, "not a regular file");
    check("var/lib/motionctl/journal", 5, "var/lib/motionctl/journal");
    check("var/lib/motionctl/lock", 69, "var/lib/motionctl/lock");
}

#[test]
fn a_remembered_base_that_cannot_be_read_stops_the_change() {
    let server = Server::copy("standalone");
    assert_eq!(server.json(APPLY)["exit_code"], 0);
    let books = fs::read_dir(server.at("var/lib/motionctl")).expect("our books");
    let base =
        books.flatten().map(|entry| entry.path()).find(|path| path.to_string_lossy().contains("/base-"));
    let base = base.expect("a remembered base");
    fs::remove_file(&base).expect("removing");
    fs::create_dir(&base).expect("a folder");
    let said = server.json(&["plan", "--strategy", "merge"]);
    let stop = finding(&said, "site.base-unreadable");
    assert_eq!(stop["level"], "stop");
    assert!(stop["evidence"][0].as_str().is_some_and(|line| line.contains("base-")), "{said:#}");
}

#[test]
fn files_that_must_not_be_replaced_are_left_alone() {
    let site = "/etc/nginx/conf.d/motion.conf";
    let spoil = [
        ("immutable", format!("chattr +i {site}"), format!("chattr -i {site}")),
        ("mount", format!("mount --bind {site} {site}"), format!("umount {site}")),
        ("names", format!("ln {site} /etc/nginx/second"), "rm /etc/nginx/second".to_owned()),
    ];
    let machine = Machine::new("standalone");
    for (word, spoil, fix) in spoil {
        machine.must(&spoil);
        let before = machine.configuration();
        let refused = machine.apply(&[]);
        machine.must(&fix);
        refused.expect(3, "refused");
        let finding = refused.finding("site.not-replaceable").expect("the finding");
        assert!(finding.to_string().contains(word), "{word}: {refused}");
        if word != "names" {
            before.assert_same(&machine.configuration());
        }
        assert!(machine.journal().is_empty());
    }
    machine.apply(&[]).expect(0, "applied");
}
