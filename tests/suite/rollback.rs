//! The way back on a live server, and the backups that it needs.
//!
//! Invariant: after a rollback every byte and attribute that the run changed
//! is as it was, and the page from before is served again.

use crate::support::machine::{Machine, SITE};
use crate::support::said::Said;
use crate::support::tree_state::state;
use crate::support::wait::eventually;
use motionctl::host::http::Scheme;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

fn rollback(machine: &Machine, more: &[&str]) -> Said {
    machine.motionctl(&[&["rollback", "--yes", "--json"], more].concat())
}

#[test]
fn everything_that_the_run_changed_comes_back() {
    let machine = Machine::edited("standalone", |etc| {
        let site = etc.join("conf.d/motion.conf");
        fs::set_permissions(&site, fs::Permissions::from_mode(0o604)).expect("its mode");
        xattr::set(&site, "user.origin", b"by hand").expect("an attribute");
        let long_ago =
            std::time::SystemTime::UNIX_EPOCH + std::time::Duration::new(1_500_000_000, 123_456_789);
        let file = fs::File::options().write(true).open(&site).expect("opening");
        file.set_modified(long_ago).expect("its time");
    });
    let before = machine.configuration().without_folder_times();
    let login = machine.get("/user-ui/login").body;
    machine.apply(&[]).expect(0, "applied");
    assert!(machine.serves_the_new_client());

    let back = rollback(&machine, &[]);

    back.expect(0, "applied");
    assert_eq!(back.json["reload"]["proven"], true, "{back}");
    before.assert_same(&machine.configuration().without_folder_times());
    assert_eq!(machine.get("/user-ui/login").body, login);

    // There is nothing more to undo, and saying so changes nothing.
    let all = || ["/etc/nginx", "/var/lib/motionctl", "/var/backups"].map(|at| state(&machine.path(at)));
    let quiet = all();
    rollback(&machine, &[]).expect(0, "up-to-date");
    for (quiet, now) in quiet.iter().zip(&all()) {
        quiet.assert_same(now);
    }
    machine.apply(&[]).expect(0, "applied");
    assert!(machine.serves_the_new_client());
}

#[test]
fn every_file_of_a_run_comes_back() {
    let machine = Machine::new("duplicate-server");
    let before = machine.configuration().without_folder_times();
    machine.apply(&[]).expect(0, "applied");
    rollback(&machine, &[]).expect(0, "applied");
    before.assert_same(&machine.configuration().without_folder_times());
}

#[test]
fn the_target_of_a_link_comes_back() {
    let machine = Machine::new("redirect-in-location");
    let before = machine.configuration().without_folder_times();
    machine.apply(&[]).expect(0, "applied");
    rollback(&machine, &[]).expect(0, "applied");
    before.assert_same(&machine.configuration().without_folder_times());
}

#[test]
fn an_edit_since_the_run_is_never_lost_unasked() {
    let (machine, id) = Machine::migrated();
    machine.edit(SITE, |text| text + "# by hand\n");
    let edited = machine.configuration();
    let refused = rollback(&machine, &[]);
    refused.expect(3, "refused");
    assert!(refused.error().contains(SITE), "{refused}");
    edited.assert_same(&machine.configuration());
    assert!(machine.serves_the_new_client());
    rollback(&machine, &[&id]).expect(3, "refused");
    rollback(&machine, &["--whole-tree"]).expect(0, "applied");
    assert!(!machine.read(SITE).contains("by hand") && !machine.serves_the_new_client());
}

#[test]
fn another_file_that_was_edited_since_stays_edited() {
    let (machine, _) = Machine::migrated();
    machine.edit("/etc/nginx/mime.types", |text| text + "# by hand\n");
    rollback(&machine, &[]).expect(0, "applied");
    assert!(machine.read("/etc/nginx/mime.types").ends_with("# by hand\n"));
    assert!(!machine.read(SITE).contains("/user-ui/"));
}

#[test]
fn the_whole_tree_comes_back_whatever_was_done_to_it() {
    let machine = Machine::edited("redirect-in-location", |etc| {
        fs::create_dir(etc.join("snippets")).expect("a folder");
        fs::write(etc.join("snippets/unused.conf"), "# nothing\n").expect("writing");
    });
    let before = machine.configuration();
    machine.apply(&[]).expect(0, "applied");
    let at = |path: &str| machine.path(&format!("/etc/nginx/{path}"));
    fs::write(at("sites-enabled/added"), "# added\n").expect("writing");
    fs::create_dir_all(at("added/deep")).expect("folders");
    fs::write(at("added/deep/file"), "x").expect("writing");
    symlink("nginx.conf", at("added-link")).expect("a link");
    fs::remove_file(at("sites-enabled/motion.conf")).expect("removing");
    symlink("/nowhere", at("sites-enabled/motion.conf")).expect("a link");
    fs::remove_dir_all(at("snippets")).expect("removing");
    fs::set_permissions(at("nginx.conf"), fs::Permissions::from_mode(0o666)).expect("its mode");
    fs::set_permissions(at("sites-available"), fs::Permissions::from_mode(0o700)).expect("its mode");
    fs::remove_file(at("mime.types")).expect("removing");

    let back = rollback(&machine, &["--whole-tree"]);

    back.expect(0, "applied");
    assert_eq!(back.json["reload"]["proven"], true, "{back}");
    before.assert_same(&machine.configuration());
    assert_eq!(machine.get("/login").status, 200);
    rollback(&machine, &["--whole-tree"]).expect(0, "up-to-date");
}

#[test]
fn a_whole_restore_shows_what_it_would_do_first() {
    let (machine, _) = Machine::migrated();
    machine.edit("/etc/nginx/mime.types", |text| text.replacen("types {", "types { # by hand", 1));
    machine.edit("/etc/nginx/tls/motion.key", |text| text.replace("BEGIN", "BEGONE"));
    fs::write(machine.path("/etc/nginx/added.txt"), "x").expect("writing");
    let before = machine.configuration();
    let asked = machine.motionctl(&["rollback", "--whole-tree"]);
    assert_eq!(asked.code, 64, "{asked}");
    for line in
        [SITE, "-types { # by hand", "+types {", "-    location ^~ /user-ui/ {", "/etc/nginx/tls/motion.key"]
    {
        assert!(asked.stdout.contains(line), "no {line:?} in {asked}");
    }
    assert!(asked.stdout.contains("added.txt") && asked.stdout.contains("goes"), "{asked}");
    assert!(!asked.stdout.contains("PRIVATE KEY"), "{asked}");
    before.assert_same(&machine.configuration());
}

#[test]
fn a_broken_configuration_does_not_bar_the_way_back() {
    let (machine, _) = Machine::migrated();
    machine.edit("/etc/nginx/nginx.conf", |text| text.replace("events {", "events {{{"));
    let back = rollback(&machine, &["--whole-tree"]);
    back.expect(0, "applied");
    assert_eq!(back.json["reload"]["proven"], true, "{back}");
    assert!(!machine.serves_the_new_client());
    machine.apply(&[]).expect(0, "applied");
}

#[test]
fn a_site_file_that_is_gone_does_not_bar_the_way_back() {
    let (machine, _) = Machine::migrated();
    fs::remove_file(machine.path(SITE)).expect("removing");
    rollback(&machine, &[]).expect(3, "refused");
    rollback(&machine, &["--whole-tree"]).expect(0, "applied");
    assert!(!machine.serves_the_new_client());
    assert_eq!(machine.get("/api/").status, 200);
}

#[test]
fn the_changed_file_broken_since_is_an_edit() {
    let (machine, _) = Machine::migrated();
    machine.edit(SITE, |text| text.replacen("server {", "server {{", 1));
    rollback(&machine, &[]).expect(3, "refused");
    rollback(&machine, &["--whole-tree"]).expect(0, "applied");
    assert!(!machine.serves_the_new_client());
}

#[test]
fn a_damaged_backup_is_not_restored() {
    let (machine, id) = Machine::migrated();
    let edited = machine.configuration();
    let folder = machine.path(&format!("/var/backups/motionctl/{id}"));
    damage_every_copy(&folder);
    rollback(&machine, &[]).expect(65, "invalid");
    edited.assert_same(&machine.configuration());
    assert!(machine.serves_the_new_client());
    machine.motionctl(&["backups", "verify", "--json"]).expect(65, "invalid");
}

/// One byte more in everything but the manifest.
fn damage_every_copy(folder: &Path) {
    let files =
        walkdir::WalkDir::new(folder).into_iter().flatten().filter(|entry| entry.file_type().is_file());
    let mut damaged = 0;
    for file in files.filter(|file| !file.file_name().to_string_lossy().contains("manifest")) {
        let mut bytes = fs::read(file.path()).expect("reading");
        bytes.push(b'#');
        fs::write(file.path(), bytes).expect("writing");
        damaged += 1;
    }
    assert!(damaged > 0);
}

#[test]
fn a_rollback_whose_reload_fails_says_what_is_where() {
    const LISTENER: &str = "\nserver { listen 8445; return 204; }\n";
    let machine = Machine::edited("standalone", |etc| {
        let site = etc.join("conf.d/motion.conf");
        let text = fs::read_to_string(&site).expect("the site");
        fs::write(&site, text + LISTENER).expect("writing");
    });
    let (base, candidate) = (machine.scratch().join("old.conf"), machine.scratch().join("new.conf"));
    fs::write(&base, machine.read(SITE)).expect("writing");
    machine.apply(&["--strategy", "graft"]).expect(0, "applied");
    fs::write(&candidate, machine.read(SITE).replace(LISTENER, "")).expect("writing");
    rollback(&machine, &[]).expect(0, "applied");
    // The vendor's new file does not listen there any more, and another program comes.
    let files = [&base, &candidate].map(|path| path.display().to_string());
    machine.apply(&["--base", &files[0], "--candidate", &files[1]]).expect(0, "applied");
    eventually("the port is free", || {
        machine.inside(|| std::net::TcpStream::connect(("127.0.0.1", 8445)).is_err())
    });
    let held = machine.take_port(8445);
    let done = rollback(&machine, &[]);
    assert!(matches!(done.code, 3 | 5), "{done}");
    assert!(done.stdout.contains("8445"), "{done}");
    assert!(machine.serves_the_new_client(), "the old workers serve on");
    drop(held);
    let state = machine.motionctl(&["status", "--json"]);
    assert_eq!(state.code, 0, "{state}");
}

#[test]
fn backups_are_listed_shown_compared_and_pruned() {
    let (machine, first) = Machine::migrated();
    let command = |arguments: &[&str]| machine.motionctl(&[&["backups"], arguments, &["--json"]].concat());
    rollback(&machine, &[]).expect(0, "applied");
    let second = machine.apply(&[]).json["backup"]["id"].as_str().expect("a name").to_owned();
    let listed = command(&["list"]);
    let ids: Vec<_> = listed.expect(0, "ok").json["details"]["backups"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|backup| backup["id"].as_str().expect("a name").to_owned())
        .collect();
    assert_eq!(ids, [second.clone(), first.clone()], "newest first");
    let shown = command(&["show", &first]);
    assert!(shown.expect(0, "ok").stdout.contains(SITE), "{shown}");
    command(&["verify"]).expect(0, "ok");
    let differs = command(&["diff", &first]);
    differs.expect(2, "changes-pending");
    assert!(differs.stdout.contains(SITE), "{differs}");
    command(&["show", "no-such-backup"]).expect(64, "invalid");

    // The newest run needs the second: however little is to be kept, it stays.
    let pruned = command(&["prune", "--keep", "0"]);
    pruned.expect(0, "applied");
    assert_eq!(machine.backups(), [second]);
    rollback(&machine, &[&first]).expect(69, "unavailable");
    rollback(&machine, &[]).expect(0, "applied");
    assert!(!machine.serves_the_new_client());
    assert_eq!(machine.ask(Scheme::Http, 80, "/").status, 301);
}

#[test]
fn nobody_is_asked_and_nothing_is_restored_without_a_terminal() {
    let (machine, _) = Machine::migrated();
    let before = machine.configuration();
    machine.motionctl(&["rollback", "--json"]).expect(64, "invalid");
    before.assert_same(&machine.configuration());
    let people = machine.motionctl(&["rollback", "--yes"]);
    assert_eq!(people.code, 0, "{people}");
    assert!(people.stdout.contains("rolled back and proven"), "{people}");
}
