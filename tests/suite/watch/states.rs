//! Each state of a server, and the line and exit code that a monitor gets for it.

use super::*;
use crate::support::binary::{Server, fixture, motionctl};
use crate::support::systemd::Systemd;
use nix::sys::signal::Signal;

#[test]
fn every_state_has_its_line_and_exit_code() {
    let machine = Machine::new("standalone");
    let old = machine.read(SITE);
    expect(&machine, 2, &["the new client's route is missing", "route_served=0"]);

    machine.apply(&[]).expect(0, "applied");
    expect(&machine, 0, &["is there", "as the last run left them", "route_served=1", "drifted_files=0"]);

    machine.edit(SITE, |text| format!("# by hand\n{text}"));
    expect(&machine, 1, &["drifted_files=1"]);

    machine.edit(SITE, |_| old.clone());
    expect(&machine, 2, &["an update overwrote", "motion.conf", "route is missing", "drifted_files=1"]);
    let said = machine.motionctl(&["status", "--check", "--json"]);
    assert_eq!((said.code, &said.json["exit_code"]), (2, &2.into()), "{said}");
    let section = &said.json["details"]["check"];
    assert_eq!(section["state"], "CRITICAL", "{said}");
    assert_eq!(section["reasons"][0]["kind"], "overwritten", "{said}");

    machine.edit(SITE, |text| text.replace("server_name", "server_nome"));
    expect(&machine, 2, &["would not start", "server_nome", "route_served=U"]);

    machine.edit(SITE, |_| old.clone());
    machine.apply(&[]).expect(0, "applied");
    machine.must("nginx -s stop");
    crate::support::wait::eventually("NGINX has ended", || machine.masters().is_empty());
    expect(&machine, 2, &["NGINX does not run"]);
}

#[test]
fn a_run_under_way_is_no_interrupted_run() {
    let machine = Machine::new("standalone");
    let running = machine.stopped_at(&["apply", "--yes", "--json"], ("install: after the swap", 1));
    expect(&machine, 1, &["a change is being made (process "]);
    let said = machine.motionctl(&["status", "--json"]);
    assert!(said.json["details"]["verdict"].to_string().contains("is being made by process"), "{said}");
    running.signal(Signal::SIGKILL);
    running.finish();
    expect(&machine, 2, &["an interrupted run waits (run ", "motionctl recover", "unfinished_runs=1"]);
    machine.motionctl(&["recover", "--json"]).expect(0, "ok");
    expect(&machine, 2, &["the new client's route is missing", "unfinished_runs=0"]);
}

#[test]
fn a_change_that_waits_is_a_warning_and_one_that_nobody_undid_is_critical() {
    let machine = Machine::new("standalone");
    let systemd = Systemd::start(&machine);
    machine.apply(&["--confirm-within", "10m"]).expect(0, "awaiting-confirmation");
    expect(&machine, 1, &["waits for its confirmation", " left, until ", "motionctl confirm"]);
    systemd.restart();
    expect(
        &machine,
        2,
        &["not confirmed in time and is still there", "motionctl recover", "NGINX does not run"],
    );
}

#[test]
fn what_cannot_be_looked_at_is_unknown() {
    let check = |arguments: &[&str], words: &str| {
        let said = motionctl([&["status", "--check"], arguments].concat());
        assert_eq!(said.code, 3, "{said:?}");
        assert!(said.stdout.starts_with("UNKNOWN - ") && said.stdout.contains(words), "{said:?}");
        assert_eq!(said.stdout.lines().count(), 1, "{said:?}");
        let said = motionctl([&["status", "--check", "--json"], arguments].concat());
        assert_eq!(said.document()["details"]["check"]["state"], "UNKNOWN", "{said:?}");
    };
    let tree = |name| fixture(name).display().to_string();
    check(&["--root", &tree("no-motion")], "no server block");
    check(&["--root", "/nothing/here"], "/nothing/here");
    check(&["--root", &tree("standalone"), "--config", "/nothing/here"], "/nothing/here");
    let server = Server::copy("standalone");
    server.write("etc/motionctl/config.toml", "wacth = 1\n");
    check(&["--root", &server.path().display().to_string()], "wacth");
    let location = "location ^~ /user-ui/ { proxy_pass http://127.0.0.1:9001; }";
    let server = Server::copy("standalone");
    server.replace(
        "etc/nginx/conf.d/motion.conf",
        "    location / {",
        &format!("    {location}\n    location / {{"),
    );
    check(&["--root", &server.path().display().to_string()], "cannot be told");
}

#[test]
fn a_tree_is_judged_by_its_files() {
    let said = motionctl(["status", "--check", "--root", &fixture("already-migrated").display().to_string()]);
    assert_eq!((said.code, said.stdout.starts_with("OK - ")), (0, true), "{said:?}");
    let server = Server::copy("customised");
    server.json(&["apply", "--yes"]);
    let said = server.run(&["status", "--check"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(server.run(&["status", "--check", "--detailed-exitcode"]).code, 64);
    assert_eq!(server.run(&["watch"]).code, 3, "only the server itself is looked after");
}
