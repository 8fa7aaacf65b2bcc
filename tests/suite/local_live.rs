//! Updates that overwrite Motion's file, on a live NGINX: what is asked on the
//! wire is there again.
//!
//! Invariant: the update is what the vendor's script does: another file, and a
//! reload.

use crate::local_changes::vendors_new_file;
use crate::support::machine::{Machine, SITE};
use crate::support::said::Said;
use std::fs;

const PATCH: &str = "/etc/motionctl/local.d/motion.conf.toml";
const BRIDGE: &str = "    # Our bridge.
    location /whatsapp-bridge/ {
        return 200 \"bridge\";
    }

    location /wallboard/ {
        return 200 \"wallboard\";
    }

    location /api/";

/// A customised machine, and the vendor's old file.
fn customised() -> (Machine, String) {
    let mut vendor = String::new();
    let machine = Machine::edited("standalone", |etc| {
        let site = etc.join("conf.d/motion.conf");
        vendor = fs::read_to_string(&site).expect("reading");
        fs::write(&site, vendor.replace("    location /api/", BRIDGE)).expect("writing");
    });
    (machine, vendor)
}

fn asked(machine: &Machine, uri: &str) -> String {
    String::from_utf8_lossy(&machine.get(uri).body).into_owned()
}

fn serves_everything(machine: &Machine) {
    assert_eq!(asked(machine, "/whatsapp-bridge/"), "bridge");
    assert_eq!(asked(machine, "/wallboard/"), "wallboard");
    assert!(asked(machine, "/user-ui/login").contains("<base href=\"/user-ui/\">"));
}

fn update(machine: &Machine, text: &str) {
    machine.edit(SITE, |_| text.to_owned());
    machine.reload();
    assert_ne!(asked(machine, "/whatsapp-bridge/"), "bridge", "the update is served");
}

fn status(machine: &Machine) -> Said {
    machine.motionctl(&["status", "--json", "--detailed-exitcode"])
}

fn is_told(machine: &Machine) {
    let told = status(machine);
    assert_eq!(told.code, 2, "{told}");
    let verdict = told.json["details"]["verdict"].as_str().expect("a verdict");
    assert!(verdict.starts_with("an update overwrote motion.conf: "), "{verdict}");
    for part in
        [" local changes are gone (", "location /whatsapp-bridge/", "`motionctl apply` brings them back"]
    {
        assert!(verdict.contains(part), "{part}: {verdict}");
    }
    assert_eq!(told.json["details"]["drift"], "vendor");
    assert_eq!(machine.motionctl(&["plan", "--json", "--detailed-exitcode"]).code, 2);
}

/// Two updates in a row, the first as `first` says.
fn story(first: impl Fn(&str) -> String, has_base: bool) {
    let (machine, vendor) = customised();
    if has_base {
        let (old, new) = (machine.scratch().join("old.conf"), machine.scratch().join("new.conf"));
        fs::write(&old, &vendor).expect("writing");
        fs::write(&new, vendors_new_file(&vendor)).expect("writing");
        let [old, new] = [old, new].map(|path| path.display().to_string());
        machine.apply(&["--base", &old, "--candidate", &new]).expect(0, "applied");
    } else {
        machine.apply(&["--strategy", "graft"]).expect(0, "applied");
    }
    serves_everything(&machine);
    for text in [first(&vendor), vendors_new_file(&vendor).replace("120s", "240s")] {
        update(&machine, &text);
        is_told(&machine);
        machine.apply(&[]).expect(0, "applied");
        serves_everything(&machine);
        assert_eq!(status(&machine).code, 0);
        machine.apply(&[]).expect(0, "up-to-date");
    }
    assert!(machine.read(SITE).contains("240s"));
}

#[test]
fn the_bridge_and_the_route_outlive_the_vendor_s_new_file() {
    story(vendors_new_file, false);
    story(|legacy| vendors_new_file(legacy).replace("64m", "80m"), true);
}

#[test]
fn the_bridge_and_the_route_outlive_the_vendor_s_old_file() {
    story(str::to_owned, false);
    story(str::to_owned, true);
}

#[test]
fn the_vendor_s_text_stands_there_on_request_and_everything_comes_back() {
    let (machine, vendor) = customised();
    machine.apply(&["--strategy", "graft"]).expect(0, "applied");
    let refused = machine.motionctl(&["restore-vendor", "--yes", "--json"]);
    refused.expect(3, "refused");
    assert!(refused.json["error"]["hint"].to_string().contains("--base"), "{refused}");
    let old = machine.scratch().join("old.conf");
    fs::write(&old, &vendor).expect("writing");
    let old = old.display().to_string();
    machine.motionctl(&["restore-vendor", "--yes", "--json", "--base", &old]).expect(0, "applied");
    assert_eq!(machine.read(SITE), vendor, "byte for byte");
    assert_ne!(asked(&machine, "/whatsapp-bridge/"), "bridge");
    machine.motionctl(&["restore-vendor", "--yes", "--json"]).expect(0, "up-to-date");
    let told = status(&machine);
    let verdict = told.json["details"]["verdict"].as_str().expect("a verdict");
    assert!(verdict.starts_with("motion.conf is the vendor's own text, on request: "), "{verdict}");
    assert_eq!(told.json["details"]["record"], "vendor-on-request");
    machine.apply(&[]).expect(0, "applied");
    serves_everything(&machine);
    assert_eq!(status(&machine).code, 0);
    // Undone, it is the vendor's text again, with the record of that.
    machine.motionctl(&["rollback", "--yes", "--json"]).expect(0, "applied");
    assert_eq!(machine.read(SITE), vendor);
    assert_eq!(status(&machine).json["details"]["record"], "vendor-on-request");
}

#[test]
fn what_is_dropped_is_not_brought_back_and_what_is_added_is() {
    let (machine, vendor) = customised();
    machine.apply(&["--strategy", "graft"]).expect(0, "applied");
    let local = |arguments: &[&str]| machine.motionctl(&[&["local"][..], arguments, &["--json"]].concat());
    let site = machine.read(SITE);
    local(&["drop", "server cc.example.test:443 / location /wallboard/", "--yes"]).expect(0, "applied");
    assert_eq!(machine.read(SITE), site, "the file itself is not touched");
    machine.apply(&[]).expect(0, "up-to-date");
    machine.edit(SITE, |site| site.replace("120s", "600s"));
    let listed = local(&["list"]);
    assert!(listed.json["details"]["not_kept"].to_string().contains("proxy_read_timeout"), "{listed}");
    local(&["add", "--yes"]).expect(0, "applied");
    assert!(machine.read(PATCH).contains("600s"));
    local(&["add", "--yes"]).expect(0, "up-to-date");
    update(&machine, &vendors_new_file(&vendor));
    machine.apply(&[]).expect(0, "applied");
    assert_eq!(asked(&machine, "/whatsapp-bridge/"), "bridge");
    assert_ne!(asked(&machine, "/wallboard/"), "wallboard", "it was dropped");
    assert!(machine.read(SITE).contains("600s"));
    local(&["drop", "nowhere", "--yes"]).expect(64, "invalid");
    // Another file's location is kept, brought in by the next apply, and told until then.
    let other = machine.scratch().join("other.conf");
    fs::write(&other, vendor.replace("    location /api/", BRIDGE)).expect("writing");
    let other = other.display().to_string();
    let path = "server cc.example.test:443 / location /wallboard/";
    local(&["add", path, "--from", &other, "--yes"]).expect(0, "applied");
    assert_eq!(status(&machine).code, 2);
    machine.apply(&[]).expect(0, "applied");
    serves_everything(&machine);
}
