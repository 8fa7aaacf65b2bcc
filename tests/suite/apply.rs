//! The whole migration on a live server: apply, apply again, status, and what
//! each kind of site keeps.
//!
//! Invariant: the real binary, the real nginx, a plain `apply` on `/`.

use crate::support::machine::{Machine, NAME, SITE};
use crate::support::tree_state::state;
use motionctl::host::http::Scheme;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};

const HTTPS: &str = "cc.example.test:443";

fn is_new_client(body: &[u8]) -> bool {
    String::from_utf8_lossy(body).contains("<base href=\"/user-ui/\">")
}

/// Programs cost more time than all the rest of a change.
#[test]
fn each_state_is_tested_once() {
    let machine = Machine::new("standalone");
    let log = machine.path("/var/log/calls");
    let traced = ["-f", "-qq", "-e", "trace=execve", "-o", "/var/log/calls", env!("CARGO_BIN_EXE_motionctl")];
    let done =
        machine.command("strace", &[&traced[..], &["apply", "--yes", "--json"]].concat(), |_| ()).finish();
    done.expect(0, "applied");
    let calls = fs::read_to_string(log).expect("strace wrote it");
    let count = |argument: &str| calls.lines().filter(|line| line.contains(argument)).count();
    assert_eq!(count("\"-t\""), 2, "the old configuration and the new one: {calls}");
    assert_eq!(count("\"-V\""), 1, "{calls}");
}

#[test]
fn the_new_client_comes_and_everything_else_stays() {
    let machine = Machine::new("standalone");
    let others = ["/", "/login", "/api/", "/anything"];
    let before: Vec<_> = others.map(|uri| machine.get(uri)).into();
    assert!(!is_new_client(&machine.get("/user-ui/login").body));
    let (master, old_workers) = (machine.master_pid(), machine.workers());

    let done = machine.apply(&[]);

    done.expect(0, "applied");
    assert_eq!((done.json["format"].as_i64(), done.json["command"].as_str()), (Some(1), Some("apply")));
    let login = machine.get("/user-ui/login");
    assert!(login.status == 200 && is_new_client(&login.body), "{login:?}");
    assert_eq!(machine.get("/user-ui").location.as_deref(), Some("/user-ui/"));
    assert_eq!(others.map(|uri| machine.get(uri)).to_vec(), before);
    // The proof names what became of the workers, and it is true.
    let pids = |key: &str| -> Vec<i64> {
        let list = done.json["reload"][key].as_array().expect("a list");
        list.iter().filter_map(serde_json::Value::as_i64).collect()
    };
    let numbers =
        |pids: &std::collections::BTreeSet<i32>| pids.iter().copied().map(i64::from).collect::<Vec<_>>();
    assert_eq!(done.json["reload"]["proven"], true);
    assert_eq!(done.json["reload"]["error_log"], "clean");
    assert_eq!(
        (pids("old_workers"), pids("new_workers")),
        (numbers(&old_workers), numbers(&machine.workers()))
    );
    assert_eq!(machine.master_pid(), master);
    // The backup is where it says, and private.
    let id = done.json["backup"]["id"].as_str().expect("a name").to_owned();
    assert_eq!(done.json["backup"]["verified"], true);
    assert_eq!(machine.backups(), std::slice::from_ref(&id));
    for folder in ["/var/lib/motionctl", "/var/backups/motionctl"] {
        assert_eq!(fs::metadata(machine.path(folder)).expect("made").permissions().mode() & 0o7777, 0o700);
    }
    machine.motionctl(&["backups", "verify", &id, "--json"]).expect(0, "ok");
    // The journal says how it ended, with which backup.
    let journal = machine.journal();
    assert_eq!(journal[0]["backup"], id.as_str());
    assert_eq!(journal.last().expect("records")["outcome"], "applied");
    let probe = done.probe(HTTPS, "/user-ui/login");
    assert_eq!((probe["gated"].as_bool(), probe["ok"].as_bool()), (Some(true), Some(true)));
}

#[test]
fn a_second_apply_changes_nothing_anywhere() {
    let machine = Machine::new("standalone");
    machine.apply(&[]).expect(0, "applied");
    let all = || {
        ["/etc/nginx", "/var/lib/motionctl", "/var/backups", "/var/opt"].map(|at| state(&machine.path(at)))
    };
    let (before, workers) = (all(), machine.workers());

    machine.apply(&[]).expect(0, "up-to-date");
    machine.motionctl(&["check", "--json"]).expect(0, "up-to-date");
    machine.motionctl(&["plan", "--json", "--detailed-exitcode"]).expect(0, "up-to-date");
    let status = machine.motionctl(&["status", "--json", "--detailed-exitcode"]);
    status.expect(0, "up-to-date");
    assert_eq!(status.json["details"]["route_present"], true);
    assert_eq!(status.json["details"]["last_run"]["outcome"], "applied");

    for (before, after) in before.iter().zip(&all()) {
        before.assert_same(after);
    }
    assert_eq!(machine.workers(), workers, "nothing was reloaded");
}

#[test]
fn status_sees_what_was_edited_since() {
    let machine = Machine::new("standalone");
    machine.motionctl(&["status", "--json", "--detailed-exitcode"]).expect(2, "changes-pending");
    machine.apply(&[]).expect(0, "applied");
    machine.edit(SITE, |text| text + "# by hand\n");
    let status = machine.motionctl(&["status", "--json", "--detailed-exitcode"]);
    status.expect(2, "changes-pending");
    assert_eq!(status.json["details"]["drifted"][0], SITE);
}

#[test]
fn a_relative_link_stays_a_link_and_attributes_stay() {
    let target = "/etc/nginx/sites-available/motion.conf";
    let machine = Machine::edited("redirect-in-location", |etc| {
        let site = etc.join("sites-available/motion.conf");
        fs::set_permissions(&site, fs::Permissions::from_mode(0o640)).expect("its mode");
        chown(&site, Some(33), Some(4)).expect("its owner");
        xattr::set(&site, "user.origin", b"by hand").expect("an attribute");
    });
    let before = state(&machine.path("/etc/nginx/sites-enabled"));
    let old = machine.read(target);

    machine.apply(&[]).expect(0, "applied");

    before.assert_same(&state(&machine.path("/etc/nginx/sites-enabled")));
    assert!(machine.read(target).contains("location ^~ /user-ui/"));
    let site = machine.path(target);
    let found = fs::metadata(&site).expect("there");
    use std::os::unix::fs::MetadataExt;
    assert_eq!((found.mode() & 0o7777, found.uid(), found.gid()), (0o640, 33, 4));
    assert_eq!(xattr::get(&site, "user.origin").expect("readable").as_deref(), Some(&b"by hand"[..]));
    assert_ne!(machine.read(target), old);
    // Over plain HTTP the block only redirects, and goes on doing so.
    assert_eq!(machine.ask(Scheme::Http, 80, "/user-ui/login").status, 301);
    assert!(is_new_client(&machine.get("/user-ui/login").body));
}

#[test]
fn a_customised_file_keeps_every_byte_around_what_is_inserted() {
    let machine = Machine::new("customised");
    let old = machine.read(SITE);
    machine.apply(&[]).expect(0, "applied");
    let new = machine.read(SITE);
    let start = old.bytes().zip(new.bytes()).take_while(|(old, new)| old == new).count();
    let tail = old.len() - start;
    assert!(
        new.len() > old.len() && new.ends_with(&old[old.len() - tail..]),
        "more than one insertion:\n{new}"
    );
    let inserted = &new[start..new.len() - tail];
    assert!(inserted.contains("location ^~ /user-ui/"), "{inserted}");
    assert!(
        inserted
            .lines()
            .filter(|line| !line.is_empty())
            .all(|line| line.starts_with('\t') || !line.starts_with(' ')),
        "{inserted}"
    );
    assert!(is_new_client(&machine.get("/user-ui/login").body));
}

#[test]
fn both_copies_of_a_duplicate_server_are_changed() {
    let machine = Machine::new("duplicate-server");
    let done = machine.apply(&[]);
    done.expect(0, "applied");
    assert!(done.finding("site.duplicate-server").is_some());
    let copy = "/etc/nginx/conf.d/copy-of-motion.conf";
    for file in [SITE, copy] {
        assert_eq!(machine.read(file).matches("location ^~ /user-ui/").count(), 1, "{file}");
    }
    assert!(is_new_client(&machine.get("/user-ui/login").body));
    // Whichever of them is removed later, the route stays.
    fs::remove_file(machine.path(copy)).expect("removing");
    machine.apply(&[]).expect(0, "up-to-date");
}

#[test]
fn every_block_that_shares_its_locations_gets_the_route() {
    let machine = Machine::new("shared-include");
    let shared = state(&machine.path("/etc/nginx/motion.d"));
    let done = machine.apply(&[]);
    done.expect(0, "applied");
    assert_eq!(machine.read(SITE).matches("location ^~ /user-ui/").count(), 2);
    shared.assert_same(&state(&machine.path("/etc/nginx/motion.d")));
    for server in [HTTPS, "office.example.test:8443"] {
        assert_eq!(done.probe(server, "/user-ui/login")["note"], "legacy page → new client", "{done}");
    }
}

#[test]
fn an_answer_for_people_says_what_was_proven() {
    let machine = Machine::new("standalone");
    let done = machine.motionctl(&["apply", "--yes"]);
    assert_eq!(done.code, 0, "{done}");
    for line in ["apply: applied and proven", "/user-ui/login", "proven after", "read again and verified"] {
        assert!(done.stdout.contains(line), "no {line:?} in {done}");
    }
    assert!(done.stdout.contains(NAME), "{done}");
    assert!(!done.stdout.contains('\u{1b}') && !done.stderr.contains('\u{1b}'), "colour in a pipe: {done}");
}
