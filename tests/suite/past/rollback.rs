//! What a rollback says before it is made, and what it leaves alone.

use super::*;

#[test]
fn it_shows_the_lines_and_the_route_that_goes() {
    let (machine, _) = Machine::migrated();
    let back = machine.motionctl(&["rollback", "--yes", "--no-db"]);
    assert_eq!(back.code, 0, "{back}");
    for line in ["-    location ^~ /user-ui/ {", "--- /etc/nginx/conf.d/motion.conf"] {
        assert!(back.stdout.contains(line), "{line}: {back}");
    }
    let (machine, _) = Machine::migrated();
    let back = machine.json(&["rollback", "--yes", "--no-db"]);
    assert_eq!(back.json["details"]["loss"], "the new client's route (/user-ui/)", "{back}");
    assert_eq!(back.json["plan"]["counts"]["files"], 1, "{back}");
    assert!(back.json["plan"]["counts"]["remove"].as_u64() > Some(0), "{back}");
    assert_eq!(back.json["plan"]["counts"]["add"], 0, "{back}");
}

#[test]
fn a_change_that_waits_shows_the_same() {
    let machine = Machine::new("standalone");
    let _systemd = crate::support::systemd::Systemd::start(&machine);
    machine.apply(&["--confirm-within", "10m"]).expect(0, "awaiting-confirmation");
    let back = machine.json(&["rollback", "--yes", "--no-db"]);
    back.expect(0, "applied");
    assert_eq!(back.json["details"]["loss"], "the new client's route (/user-ui/)", "{back}");
    assert!(back.finding("sessions.unknown").is_some(), "{back}");
}

#[test]
fn nginx_is_not_told_to_read_what_it_has_read() {
    let machine = Machine::new("standalone");
    let vendors = machine.read(SITE);
    machine.apply(&[]).expect(0, "applied");
    machine.edit(SITE, |_| vendors);
    machine.apply(&[]).expect(0, "applied");
    machine.json(&["rollback", "--yes"]).expect(0, "applied");
    let workers = machine.workers();

    let second = machine.json(&["rollback", "--yes"]);

    second.expect(0, "applied");
    assert!(second.json["reload"].is_null(), "{second}");
    assert_eq!(machine.workers(), workers);
    assert!(second.json["details"]["verdict"].to_string().contains("nothing was reloaded"), "{second}");
    assert!(!machine.path("/etc/motionctl/local.d/motion.conf.toml").exists());
}

#[test]
fn nginx_that_has_not_read_what_an_update_wrote_is_told_to() {
    let machine = Machine::new("standalone");
    let vendors = machine.read(SITE);
    machine.apply(&[]).expect(0, "applied");
    // Older than the file for certain, by more than clocks are apart.
    std::thread::sleep(std::time::Duration::from_secs(3));
    machine.edit(SITE, |_| vendors);
    let serves_new =
        || String::from_utf8_lossy(&machine.get("/user-ui/login").body).contains("<base href=\"/user-ui/\">");
    assert!(serves_new(), "it serves what it read before");
    let back = machine.json(&["rollback", "--yes"]);
    back.expect(0, "applied");
    assert_eq!(back.json["reload"]["proven"], true, "{back}");
    assert!(!serves_new());
}
