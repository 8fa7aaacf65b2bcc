//! Recovery where people were faster, or the server is no longer what it was.

use crate::crash::scenario::{run, run_with};
use crate::support::binary::{SITE, Server};
use crate::support::tree_state::state;
use motionctl::values::Hash;
use std::fs;

const APPLY: &[&str] = &["apply", "--yes"];
const DONE: &str = "step: between its effect and its end";

/// A tree whose apply was killed after its first file, and what that file was before.
fn interrupted(fixture: &str) -> (Server, String) {
    let server = Server::copy(fixture);
    let before = server.read(SITE);
    assert!(run_with(server.path(), APPLY, (DONE, 1), "SIGKILL").was_killed());
    assert_ne!(server.read(SITE), before);
    (server, before)
}

#[test]
fn a_file_that_was_edited_meanwhile_is_named_with_its_hashes_and_the_way_on() {
    let (server, before) = interrupted("standalone");
    let meant = server.read(SITE);
    let edited = format!("{meant}# by hand\n");
    server.write(SITE, &edited);
    for command in [&["recover"][..], APPLY, &["rollback", "--yes"], &["backups", "prune", "--keep", "1"]] {
        let said = server.json(command);
        assert_eq!(said["exit_code"], 5, "{command:?}: {said:#}");
        let message = said["error"]["message"].as_str().expect("a message");
        assert!(
            message.contains("/etc/nginx/conf.d/motion.conf was edited after motionctl changed it"),
            "{message}"
        );
        for text in [&edited, &before, &meant] {
            let hash = Hash::of(text.as_bytes()).to_string();
            let particulars = said["error"]["particulars"].to_string();
            assert!(particulars.contains(&hash) && !message.contains(&hash), "{hash}: {said:#}");
        }
        let hint = said["error"]["hint"].as_str().expect("a hint");
        assert!(hint.contains("motionctl backups diff ") && hint.contains("--whole-tree"), "{hint}");
        assert_eq!(server.read(SITE), edited, "{command:?}");
    }
    // The edit taken back is a way on, and so is the whole backup.
    server.write(SITE, &meant);
    assert_eq!(server.json(&["recover"])["exit_code"], 0);
    assert_eq!(server.read(SITE), before);

    let (server, before) = interrupted("standalone");
    server.write(SITE, "# by hand\n");
    let back = server.json(&["rollback", "--yes", "--whole-tree"]);
    assert_eq!(back["exit_code"], 0, "{back:#}");
    assert_eq!(server.read(SITE), before);
    assert_eq!(server.json(&["recover"])["outcome"], "up-to-date");
}

#[test]
fn a_folder_in_the_place_of_a_file_of_the_run_is_not_touched() {
    let (server, _) = interrupted("standalone");
    fs::remove_file(server.at(SITE)).expect("removing");
    fs::create_dir(server.at(SITE)).expect("a folder");
    fs::write(server.at(SITE).join("precious"), "x").expect("writing");
    let before = state(server.path()).without_folder_times();
    let said = server.json(&["recover"]);
    assert_eq!(said["exit_code"], 5, "{said:#}");
    assert!(
        said["error"]["message"].as_str().is_some_and(|text| text.contains("found a folder")),
        "{said:#}"
    );
    let after = state(server.path()).without_folder_times();
    before.without(&["var/lib/motionctl"]).assert_same(&after.without(&["var/lib/motionctl"]));
}

#[test]
fn what_is_set_right_is_tested_before_it_is_used() {
    let (server, before) = interrupted("standalone");
    // Somebody else's file breaks the whole meanwhile.
    server.write("etc/nginx/conf.d/zz.conf", "nonsense on;\n");
    let said = server.json(&["recover"]);
    assert_eq!(said["exit_code"], 5, "{said:#}");
    let message = said["error"]["message"].as_str().expect("a message");
    assert!(message.contains("the files are set right") && message.contains("nonsense"), "{message}");
    assert_eq!(server.read(SITE), before);
    let tested = said["details"]["state"]["nginx"].as_str().expect("what NGINX says");
    assert!(tested.contains("refuses what is on the disk") && tested.contains("nonsense"), "{said:#}");
    // Still open: the next recovery goes on from there.
    assert_eq!(server.json(&["recover"])["exit_code"], 5);
    fs::remove_file(server.at("etc/nginx/conf.d/zz.conf")).expect("removing");
    let said = server.json(&["recover"]);
    assert_eq!((said["exit_code"].as_i64(), said["outcome"].as_str()), (Some(0), Some("ok")), "{said:#}");
    assert_eq!(server.json(&["recover"])["outcome"], "up-to-date");
}

#[test]
fn every_changing_command_ends_an_interrupted_run_first() {
    for command in [APPLY, &["rollback", "--yes"], &["backups", "prune", "--keep", "1"]] {
        let (server, before) = interrupted("standalone");
        let ran = run(server.path(), command, 0);
        let said = String::from_utf8_lossy(&ran.output.stderr).into_owned();
        assert!(ran.output.status.success(), "{command:?}: {:?}", ran.output);
        assert!(
            said.contains("recovered an interrupted run") && said.contains("the change is undone"),
            "{said}"
        );
        assert_eq!(server.read(SITE) == before, command != APPLY, "{command:?}");
    }
}

#[test]
fn a_journal_that_was_changed_is_not_believed() {
    let (server, _) = interrupted("standalone");
    let journal = server.at("var/lib/motionctl/journal");
    let mut bytes = fs::read(&journal).expect("a journal");
    bytes[40] ^= 1;
    fs::write(&journal, &bytes).expect("writing");
    let before = state(&server.at("etc"));
    for command in [&["recover"][..], APPLY] {
        let said = server.json(command);
        assert_eq!(said["exit_code"], 5, "{said:#}");
        let message = said["error"]["message"].as_str().expect("a message");
        assert!(message.contains("journal") && message.contains("does not match its checksum"), "{message}");
        // What the journal does not tell is not known, and the backups are still there.
        let state = &said["details"]["state"];
        assert!(state["disk"].to_string().contains("not known: "), "{said:#}");
        assert!(state["serving"].to_string().contains("not asked"), "{said:#}");
        let next = said["details"]["next"].to_string();
        for part in [
            "motionctl backups list --root",
            "motionctl backups diff 2",
            "/var/lib/motionctl/journal.damaged",
        ] {
            assert!(next.contains(part), "{part}: {said:#}");
        }
        assert!(said["error"]["hint"].to_string().contains("move the journal away"), "{said:#}");
        let words = server.run(command).stdout;
        assert_eq!(words.matches("does not match its checksum").count(), 1, "{words}");
    }
    before.assert_same(&state(&server.at("etc")));
}

#[test]
fn rolling_back_goes_on_to_the_run_before() {
    let server = Server::copy("standalone");
    let first = server.read(SITE);
    assert_eq!(server.json(APPLY)["outcome"], "applied");
    let second = server.read(SITE);
    // A second change on top of the first: a local block moves out.
    let bridge =
        "    location /bridge/ {\n        proxy_pass http://127.0.0.1:3434/;\n    }\n\n    location /api/ {";
    server.replace(SITE, "    location /api/ {", bridge);
    let edited = server.read(SITE);
    let moved = server.json(&["apply", "--yes", "--local-include", "/etc/nginx/local.conf"]);
    assert_eq!(moved["outcome"], "applied", "{moved:#}");
    assert_eq!(server.json(&["rollback", "--yes"])["outcome"], "applied");
    assert_eq!(server.read(SITE), edited);
    // The next one back is the first run; its file was edited since, which is said.
    assert_eq!(server.json(&["rollback", "--yes"])["exit_code"], 3);
    server.write(SITE, &second);
    let back = server.json(&["rollback", "--yes"]);
    assert_eq!(back["outcome"], "applied", "{back:#}");
    assert_eq!(server.read(SITE), first);
    assert_eq!(server.json(&["rollback", "--yes"])["outcome"], "up-to-date");
}
