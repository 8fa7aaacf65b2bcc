//! In a tree, where files are all that there is: an image, a container, a root without a running systemd.

use crate::support::binary::{Server, codes, finding};
use crate::support::tree_state::State;
use serde_json::Value;

use std::fs;
use std::os::unix::fs::symlink;

use std::process::Command;

const UNIT: &str = "motionctl-recover.service";
const OWN: &str = "etc/systemd/system/motionctl-recover.service";
const WANTS: &str = "etc/systemd/system/multi-user.target.wants/motionctl-recover.service";
const CODE: &str = "host.no-boot-unit";

fn rows(document: &Value) -> String {
    document["details"]["rows"].to_string()
}

/// What systemd's own tool says of the tree; nothing where there is none.
fn is_enabled(server: &Server, unit: &str) -> Option<String> {
    let root = format!("--root={}", server.path().display());
    let said = Command::new("systemctl").args([&root, "is-enabled", unit]).output().ok()?;
    Some(String::from_utf8_lossy(&said.stdout).trim().to_owned())
}

/// A unit as it lies where a package puts it, for the program at this place.
fn package(server: &Server, folder: &str, program: &str) {
    let text = include_str!("../../../templates/systemd/motionctl-recover.service");
    server.write(&format!("{folder}/{UNIT}"), text.replace("@BINDIR@/motionctl", program));
    server.write(program.trim_start_matches('/'), "a program");
}

/// Everything that can be seen of the administrator's units; the lock has a place of its own.
fn units(server: &Server) -> State {
    let state = server.state().only(|path| path.starts_with("etc/systemd"));
    assert!(!state.paths().is_empty());
    state
}

/// The one finding, its evidence and its advice.
#[track_caller]
fn missing(server: &Server, evidence: &str, advice: &str) {
    let check = server.json(&["check"]);
    let found = finding(&check, CODE);
    assert!(found["evidence"].to_string().contains(evidence), "{found:#}");
    assert!(found["advice"].as_str().expect("advice").contains(advice), "{found:#}");
}

#[track_caller]
fn enabled(server: &Server) {
    assert!(!codes(&server.json(&["check"])).contains(&CODE.to_owned()));
    assert!(is_enabled(server, UNIT).is_none_or(|said| said == "enabled"));
}

#[test]
fn the_boot_unit_is_written_and_enabled_and_the_second_time_nothing_is_done() {
    let server = Server::copy("standalone");
    let done = server.json(&["install-unit"]);
    assert_eq!(done["outcome"], "applied", "{done:#}");
    assert!(rows(&done).contains("\"written\"") && rows(&done).contains("\"enabled\""), "{done:#}");
    assert_eq!(
        fs::read_link(server.at(WANTS)).expect("a link").to_str(),
        Some("/etc/systemd/system/motionctl-recover.service")
    );
    assert!(done["details"]["notes"].to_string().contains("put it there, too"), "{done:#}");
    assert!(is_enabled(&server, UNIT).is_none_or(|said| said == "enabled"));
    let before = units(&server);
    let again = server.json(&["install-unit"]);
    assert_eq!(again["outcome"], "up-to-date", "{again:#}");
    assert!(units(&server) == before, "a unit has changed");
    // The program is this machine's, and the tree has none at its place.
    missing(&server, "which is not there", "install-unit --root");
    server.write(env!("CARGO_BIN_EXE_motionctl").trim_start_matches('/'), "a program");
    enabled(&server);
}

#[test]
fn without_enabling_the_commands_that_do_it_are_said() {
    let server = Server::copy("standalone");
    let done = server.json(&["install-unit", "--no-enable"]);
    assert_eq!(done["outcome"], "applied", "{done:#}");
    assert!(
        done["details"]["next"].to_string().contains("systemctl enable motionctl-recover.service"),
        "{done:#}"
    );
    assert!(fs::symlink_metadata(server.at(WANTS)).is_err());
    server.write(env!("CARGO_BIN_EXE_motionctl").trim_start_matches('/'), "a program");
    missing(&server, "no /etc/systemd/system/*.wants holds it", "install-unit --root");
    assert_eq!(server.json(&["install-unit"])["outcome"], "applied");
    enabled(&server);
}

#[test]
fn a_unit_of_a_package_or_of_make_install_is_enabled_where_it_lies() {
    // `/lib` is a folder of its own on servers that were installed before Debian 10.
    for (folder, program) in [
        ("lib/systemd/system", "/usr/bin/motionctl"),
        ("usr/lib/systemd/system", "/usr/bin/motionctl"),
        ("usr/local/lib/systemd/system", "/usr/local/bin/motionctl"),
    ] {
        let server = Server::copy("standalone");
        fs::create_dir_all(server.at("etc/systemd/system")).expect("a folder");
        package(&server, folder, program);
        missing(&server, &format!("/{folder}/{UNIT} is there"), "install-unit");
        let done = server.json(&["install-unit"]);
        assert_eq!(done["outcome"], "applied", "{done:#}");
        assert!(!server.at(OWN).exists(), "{folder}");
        assert_eq!(
            fs::read_link(server.at(WANTS)).expect("a link").to_str(),
            Some(&*format!("/{folder}/{UNIT}"))
        );
        enabled(&server);
    }
}

/// systemd goes by the name of such a link, wherever it leads: the unit may have moved since.
#[test]
fn a_link_counts_by_its_name_and_a_package_may_bring_it_itself() {
    let server = Server::copy("standalone");
    package(&server, "usr/lib/systemd/system", "/usr/bin/motionctl");
    fs::create_dir_all(server.at("etc/systemd/system/multi-user.target.wants")).expect("a folder");
    symlink("/lib/systemd/system/motionctl-recover.service", server.at(WANTS)).expect("a link");
    enabled(&server);
    fs::remove_file(server.at(WANTS)).expect("removing");
    missing(&server, "is there", "install-unit");
    fs::create_dir_all(server.at("usr/lib/systemd/system/nginx.service.requires")).expect("a folder");
    let link = server.at("usr/lib/systemd/system/nginx.service.requires/motionctl-recover.service");
    symlink("../motionctl-recover.service", link).expect("a link");
    assert!(!codes(&server.json(&["check"])).contains(&CODE.to_owned()));
    // A link alone starts nothing.
    fs::remove_file(server.at("usr/lib/systemd/system/motionctl-recover.service")).expect("removing");
    missing(&server, "no unit of that name", "install-unit");
}

#[test]
fn a_unit_that_somebody_switched_off_stays_off() {
    let masks: [fn(&Server); 2] =
        [|server| symlink("/dev/null", server.at(OWN)).expect("a link"), |server| server.write(OWN, "")];
    for mask in masks {
        let server = Server::copy("standalone");
        package(&server, "usr/lib/systemd/system", "/usr/bin/motionctl");
        fs::create_dir_all(server.at("etc/systemd/system")).expect("a folder");
        mask(&server);
        let before = units(&server);
        let refused = server.json(&["install-unit"]);
        assert_eq!(refused["exit_code"], 3, "{refused:#}");
        assert!(refused["error"]["hint"].to_string().contains("systemctl unmask"), "{refused:#}");
        missing(&server, "is masked, or leads nowhere", "unmask motionctl-recover.service");
        assert!(units(&server) == before, "a unit has changed");
    }
}

#[test]
fn a_unit_whose_program_has_gone_is_written_for_this_one() {
    let server = Server::copy("standalone");
    assert_eq!(server.json(&["install-unit"])["outcome"], "applied");
    let text = server.read(OWN);
    let unit = text.split_once('\n').expect("a first line").1;
    // As an older edition wrote it, for a program elsewhere: nobody has edited it.
    let other = unit.replace(env!("CARGO_BIN_EXE_motionctl"), "/opt/old/motionctl");
    assert_ne!(other, unit);
    let hash = motionctl::values::Hash::of(other.as_bytes());
    let first = text.lines().next().expect("a first line");
    let marked = format!("{}{hash}\n{other}", &first[..first.len() - 64]);
    server.write(OWN, &marked);
    missing(&server, "runs /opt/old/motionctl, which is not there", "install-unit");
    assert_eq!(server.json(&["install-unit"])["outcome"], "applied");
    assert_eq!(server.read(OWN), text);
    // Edited, it is somebody's.
    server.write(OWN, marked.replace("TimeoutStartSec=120", "TimeoutStartSec=60"));
    let refused = server.json(&["install-unit"]);
    assert_eq!(refused["exit_code"], 3, "{refused:#}");
    // What `make install` has left of a program that was removed is not written over, and not taken for enough.
    fs::remove_file(server.at(OWN)).expect("removing");
    package(&server, "usr/local/lib/systemd/system", "/usr/local/bin/motionctl");
    fs::remove_file(server.at("usr/local/bin/motionctl")).expect("removing");
    missing(&server, "runs /usr/local/bin/motionctl, which is not there", "install-unit");
    assert_eq!(server.json(&["install-unit"])["outcome"], "applied");
    assert_eq!(server.read(OWN), text);
}

/// A path that a drop-in or systemd itself fills in is not judged.
#[test]
fn of_a_unit_that_is_made_of_parts_nothing_is_claimed() {
    let server = Server::copy("standalone");
    package(&server, "usr/lib/systemd/system", "/usr/bin/motionctl");
    assert_eq!(server.json(&["install-unit"])["outcome"], "applied");
    fs::remove_file(server.at("usr/bin/motionctl")).expect("removing");
    missing(&server, "runs /usr/bin/motionctl, which is not there", "install-unit");
    server.write(
        "etc/systemd/system/motionctl-recover.service.d/place.conf",
        "[Service]\nExecStart=\nExecStart=/opt/m\n",
    );
    assert!(!codes(&server.json(&["check"])).contains(&CODE.to_owned()));
}

#[test]
fn a_unit_that_does_not_say_what_starts_it_is_not_called_enabled() {
    let server = Server::copy("standalone");
    server.write("usr/lib/systemd/system/motionctl-recover.service", "[Service]\nExecStart=/bin/true\n");
    server.write("bin/true", "a program");
    let refused = server.json(&["install-unit"]);
    assert_eq!(refused["exit_code"], 3, "{refused:#}");
    assert!(refused["error"]["message"].to_string().contains("WantedBy="), "{refused:#}");
}

#[test]
fn the_watcher_is_enabled_by_its_triggers_alone() {
    let server = Server::copy("standalone");
    let done = server.json(&["install-unit", "--watch"]);
    assert_eq!(done["outcome"], "applied", "{done:#}");
    let mut links: Vec<_> = walkdir::WalkDir::new(server.at("etc/systemd/system"))
        .into_iter()
        .flatten()
        .filter(|entry| entry.path_is_symlink())
        .map(|entry| {
            entry.path().strip_prefix(server.at("etc/systemd/system")).expect("below").display().to_string()
        })
        .collect();
    links.sort();
    assert_eq!(
        links,
        ["multi-user.target.wants/motionctl-watch.path", "timers.target.wants/motionctl-watch.timer"]
    );
    for unit in ["motionctl-watch.path", "motionctl-watch.timer"] {
        assert!(is_enabled(&server, unit).is_none_or(|said| said == "enabled"), "{unit}");
    }
    assert_eq!(server.json(&["install-unit", "--watch"])["outcome"], "up-to-date");
}
