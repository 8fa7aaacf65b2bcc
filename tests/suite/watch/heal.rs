//! What an update has overwritten is set right where the settings allow it, with somebody to confirm it; and nothing
//! is set right twice in a circle.

use super::*;
use crate::support::systemd::Systemd;

const UNDO: &str = "motionctl-unconfirmed-";
const HEAL: &str = "heal = \"apply\"\nconfirm_within = \"10m\"\n";

/// A server on which the change was made, an update overwrote it, and NGINX reads that.
macro_rules! overwritten {
    ($machine:ident, $systemd:ident, $update:ident) => {
        let $machine = Machine::new("standalone");
        let $systemd = Systemd::start(&$machine);
        // The text that a person's change was made of, and something of the update's.
        let $update = edition(&$machine.read(SITE), "/new-in-update/");
        $machine.apply(&[]).expect(0, "applied");
        settings(&$machine, HEAL);
        assert_eq!(watch(&$machine, &[]).code, 0);
        overwrite(&$machine, &$update);
    };
}

/// An edition of the vendor's file, with this location.
fn edition(text: &str, location: &str) -> String {
    text.replace(
        "    location / {",
        &format!("    location {location} {{\n        return 204;\n    }}\n\n    location / {{"),
    )
}

fn overwrite(machine: &Machine, text: &str) {
    machine.edit(SITE, |_| text.to_owned());
    machine.reload();
    assert!(!machine.serves_the_new_client());
}

fn decision(said: &Said) -> &str {
    said.json["details"]["heal"]["decision"].as_str().unwrap_or("none")
}

#[test]
fn an_overwritten_file_is_brought_back_and_waits_for_a_person() {
    overwritten!(machine, systemd, update);

    let said = watch(&machine, &[]);

    assert_eq!((said.code, decision(&said)), (1, "applied"), "{said}");
    for words in ["WARNING - ", "brought back", "waits for its confirmation", "motionctl confirm"] {
        assert!(line(&said).contains(words), "{words}: {said}");
    }
    assert!(machine.serves_the_new_client());
    assert_eq!(machine.get("/new-in-update/").status, 204, "what the update brought stays");
    assert_eq!(systemd.armed().len(), 2);
    assert_eq!(heard(&machine), ["state an argument WARNING was OK"]);
    // While it waits nothing else happens.
    let said = watch(&machine, &[]);
    assert_eq!((said.code, decision(&said)), (1, "none"), "{said}");
    assert_eq!(heard(&machine).len(), 1);

    machine.motionctl(&["confirm", "--json"]).expect(0, "ok");
    assert_eq!(watch(&machine, &[]).code, 0);
    assert_eq!(heard(&machine).len(), 2);

    // The same update once more: the first heal stayed, so this is no circle.
    overwrite(&machine, &update);
    let said = watch(&machine, &[]);
    assert_eq!((said.code, decision(&said)), (1, "applied"), "{said}");
    assert!(machine.serves_the_new_client());
}

#[test]
fn a_heal_that_nobody_confirmed_is_not_tried_again_over_the_same_file() {
    overwritten!(machine, systemd, update);
    assert_eq!(decision(&watch(&machine, &[])), "applied");
    systemd.fire(UNDO).expect(0, "applied");
    assert_eq!(machine.read(SITE), update);
    let calls = systemd.calls().len();

    for _ in 0..2 {
        let said = watch(&machine, &[]);
        assert_eq!(said.code, 2, "{said}");
        assert_ne!(decision(&said), "applied", "{said}");
    }
    assert_eq!(heard(&machine).len(), 2, "told once: {:?}", heard(&machine));

    // A person makes the change, and the same file comes again: what did not stay is still a person's.
    machine.apply(&[]).expect(0, "applied");
    overwrite(&machine, &update);
    let said = watch(&machine, &[]);
    assert_eq!((said.code, decision(&said)), (2, "left"), "{said}");
    assert!(line(&said).contains("did not stay"), "{said}");
    assert!(!machine.serves_the_new_client());
    assert!(systemd.calls()[calls..].iter().all(|call| !call.starts_with("systemd-run")));
    // Another edition is another file.
    overwrite(&machine, &edition(&update, "/one-more/"));
    assert_eq!(decision(&watch(&machine, &[])), "applied");
}

#[test]
fn a_heal_that_a_person_took_back_is_not_tried_again() {
    overwritten!(machine, _systemd, update);
    assert_eq!(decision(&watch(&machine, &[])), "applied");
    machine.motionctl(&["rollback", "--yes", "--json"]).expect(0, "applied");
    assert_eq!(machine.read(SITE), update);
    for _ in 0..2 {
        let said = watch(&machine, &[]);
        assert_eq!(said.code, 2, "{said}");
        assert_ne!(decision(&said), "applied", "{said}");
    }
}

#[test]
fn without_the_setting_it_is_only_told() {
    overwritten!(machine, systemd, update);
    let said = watch(&machine, &["--heal", "tell"]);
    assert_eq!((said.code, decision(&said)), (2, "none"), "{said}");
    assert!(line(&said).contains("an update overwrote"), "{said}");
    assert_eq!((machine.read(SITE), systemd.armed().len()), (update, 0));
}

#[test]
fn what_needs_a_decision_is_left_to_a_person_until_it_was_made() {
    overwritten!(machine, systemd, update);
    let managed = format!("# This file is managed by Ansible\n{update}");
    overwrite(&machine, &managed);
    for _ in 0..2 {
        let said = watch(&machine, &[]);
        assert_eq!((said.code, decision(&said)), (2, "failed"), "{said}");
        assert!(line(&said).contains("not healed") && line(&said).contains("managed"), "{said}");
    }
    assert_eq!((machine.read(SITE), systemd.armed().len()), (managed, 0));
    assert_eq!(heard(&machine).len(), 1);
    let said = watch(&machine, &["--accept", "site.managed-elsewhere"]);
    assert_eq!((said.code, decision(&said)), (1, "applied"), "{said}");
}

#[test]
fn a_configuration_that_nginx_refuses_is_not_healed() {
    overwritten!(machine, systemd, update);
    let half = update[..update.len() / 2].to_owned();
    machine.edit(SITE, |_| half.clone());
    let said = watch(&machine, &[]);
    assert_eq!(said.code, 2, "{said}");
    assert_ne!(decision(&said), "applied", "{said}");
    assert_eq!((machine.read(SITE), systemd.armed().len()), (half, 0));
}

#[test]
fn where_nothing_could_undo_it_nothing_is_healed() {
    overwritten!(machine, systemd, update);
    systemd.disable_boot_unit();
    let said = watch(&machine, &[]);
    assert_eq!((said.code, decision(&said)), (2, "failed"), "{said}");
    assert!(line(&said).contains("needs the boot unit (motionctl-recover.service)"), "{said}");
    assert_eq!(machine.read(SITE), update);
}

#[test]
fn a_server_that_was_rolled_back_or_never_changed_is_not_healed() {
    let machine = Machine::new("standalone");
    let _systemd = Systemd::start(&machine);
    settings(&machine, HEAL);
    let before = machine.read(SITE);
    let said = watch(&machine, &[]);
    assert_eq!((said.code, decision(&said)), (2, "none"), "{said}");
    machine.apply(&[]).expect(0, "applied");
    machine.motionctl(&["rollback", "--yes", "--json"]).expect(0, "applied");
    let said = watch(&machine, &[]);
    assert_eq!((said.code, decision(&said)), (2, "none"), "{said}");
    assert_eq!(machine.read(SITE), before);
}

#[test]
fn a_memory_that_cannot_be_read_heals_nothing_and_is_kept() {
    overwritten!(machine, _systemd, update);
    let memory = "/var/lib/motionctl/watch.json";
    machine.edit(memory, |text| text.replace("\"version\": 1", "\"version\": 9"));
    let kept = machine.read(memory);
    let said = watch(&machine, &[]);
    assert_eq!((said.code, decision(&said)), (2, "left"), "{said}");
    assert!(line(&said).contains("has format 9"), "{said}");
    assert_eq!((machine.read(memory), machine.read(SITE)), (kept, update));
}

/// The vendor's text of a customised server: without the bridge, with this upload limit.
fn vendor(site: &str, limit: &str) -> String {
    let (before, bridge) = site.split_once("\t# -- WhatsApp").expect("the bridge");
    let (_, after) = bridge.split_once("\t}\n\n").expect("its end");
    format!("{before}{after}").replace("client_max_body_size 80m", &format!("client_max_body_size {limit}"))
}

/// A customised server that was changed.
fn customised() -> (Machine, String) {
    let machine = Machine::new("customised");
    let site = machine.read(SITE);
    machine.apply(&["--accept", "routes.unguarded"]).expect(0, "applied");
    assert_eq!(machine.get("/whatsapp-bridge/").status, 502, "nobody is behind the bridge");
    settings(&machine, HEAL);
    (machine, site)
}

#[test]
fn local_changes_that_an_update_overwrote_are_told_by_name_and_brought_back() {
    let (machine, site) = customised();
    let _systemd = Systemd::start(&machine);
    assert_eq!(watch(&machine, &[]).code, 0);
    overwrite(&machine, &vendor(&site, "20m"));
    assert_eq!(machine.get("/whatsapp-bridge/").status, 200, "Motion answers every path");
    expect(
        &machine,
        2,
        &["an update overwrote motion.conf", "location /whatsapp-bridge/", "local_changes_missing="],
    );
    let (_, line_of_check) = check(&machine);
    assert!(!line_of_check.contains("local_changes_missing=0"), "{line_of_check}");

    let said = watch(&machine, &[]);

    assert_eq!((said.code, decision(&said)), (1, "applied"), "{said}");
    assert!(machine.serves_the_new_client());
    assert_eq!(machine.get("/whatsapp-bridge/").status, 502);
    assert!(machine.read(SITE).contains("client_max_body_size 80m"), "{}", machine.read(SITE));
    let (_, line_of_check) = check(&machine);
    assert!(line_of_check.contains("local_changes_missing=0"), "{line_of_check}");
}

#[test]
fn a_route_that_is_there_does_not_hide_local_changes_that_are_gone() {
    let (machine, _) = customised();
    let systemd = Systemd::start(&machine);
    // The update's own file serves the new client by now.
    let fixture = crate::support::binary::fixture("already-migrated").join("etc/nginx/conf.d/motion.conf");
    let update = fs::read_to_string(fixture).expect("a fixture");
    machine.edit(SITE, |_| update);
    machine.reload();
    assert!(machine.serves_the_new_client());
    expect(&machine, 2, &["an update overwrote motion.conf", " local changes are gone (", "route_served=1"]);
    let said = watch(&machine, &["--accept", "routes.unguarded"]);
    assert_eq!((said.code, decision(&said)), (1, "applied"), "{said}");
    assert_eq!(machine.get("/whatsapp-bridge/").status, 502);
    // One that a person took out is missed as loudly, and is a person's to bring back.
    machine.motionctl(&["confirm", "--json"]).expect(0, "ok");
    machine.edit(SITE, |text| {
        let (before, bridge) = text.split_once("location /whatsapp-bridge/").expect("the bridge");
        format!("{before}{}", bridge.split_once("\n\t}\n").expect("its end").1)
    });
    machine.reload();
    expect(&machine, 2, &["edited by hand", "location /whatsapp-bridge/"]);
    let said = watch(&machine, &[]);
    assert_eq!((said.code, decision(&said)), (2, "none"), "{said}");
    assert_eq!(systemd.armed(), [""; 0]);
}

#[test]
fn what_both_sides_changed_is_left_to_a_person() {
    let machine = Machine::new("standalone");
    let systemd = Systemd::start(&machine);
    let vendor = machine.read(SITE);
    let base = machine.scratch().join("base.conf");
    fs::write(&base, &vendor).expect("writing");
    machine.edit(SITE, |text| text.replace("client_max_body_size 20m", "client_max_body_size 80m"));
    machine.apply(&["--base", &base.display().to_string()]).expect(0, "applied");
    settings(&machine, HEAL);
    let update = vendor.replace("client_max_body_size 20m", "client_max_body_size 50m");
    overwrite(&machine, &update);
    for _ in 0..2 {
        let said = watch(&machine, &[]);
        assert_eq!(said.code, 2, "{said}");
        assert_ne!(decision(&said), "applied", "{said}");
        assert!(line(&said).contains("conflict"), "{said}");
    }
    assert_eq!((machine.read(SITE), systemd.armed().len()), (update, 0));
    assert_eq!(heard(&machine).len(), 1, "told once");
}
