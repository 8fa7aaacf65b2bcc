//! What an update takes and what comes back, on copied trees: with a base that
//! is known, without one, after edits by hand, and back to the vendor's text.

use crate::support::binary::{SITE, Server, finding, has, named};
use serde_json::Value;

const PATCH: &str = "etc/motionctl/local.d/motion.conf.toml";
const BRIDGE: &str = "    # Our bridge.
    location /whatsapp-bridge/ {
        proxy_pass http://127.0.0.1:3434/;
    }

    location /api/";

/// The vendor's next file: a route of its own, other values.
pub fn vendors_new_file(legacy: &str) -> String {
    let new = legacy.replace("client_max_body_size 20m", "client_max_body_size 64m");
    new.replace(
        "    # The legacy client.",
        "    location /user-ui/ {\n        alias /var/opt/motion2/client-new/dist/;\n        try_files $uri $uri/ /user-ui/index.html;\n    }\n\n    # The legacy client.",
    )
}

/// A server with a local location, and the vendor's file that it was made from.
fn customised() -> (Server, String) {
    let server = Server::copy("standalone");
    let vendor = server.read(SITE);
    server.replace(SITE, "    location /api/", BRIDGE);
    (server, vendor)
}

/// Applies, and sees to it that nothing is left to do.
pub fn apply(server: &Server, more: &[&str]) -> Value {
    let applied = server.json(&[&["apply", "--yes"][..], more].concat());
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    assert_eq!(server.json(&["plan"])["outcome"], "up-to-date", "a second run has nothing to do");
    assert_eq!(server.json(&["status"])["details"]["missing_changes"], Value::Array(Vec::new()));
    applied
}

/// Nothing says that the server is as wanted, and the bridge is named.
fn is_told(server: &Server, verdict: &str) {
    let status = server.json(&["status", "--detailed-exitcode"]);
    let said = status["details"]["verdict"].as_str().expect("a verdict");
    assert!(said.starts_with(verdict) && said.contains("location /whatsapp-bridge/"), "{said}");
    assert_eq!(status["exit_code"], 2, "{status:#}");
    assert_ne!(status["details"]["missing_changes"], Value::Array(Vec::new()));
    let planned = server.json(&["plan", "--detailed-exitcode"]);
    assert_eq!(planned["exit_code"], 2, "{planned:#}");
}

const OVERWRITTEN: &str = "an update overwrote motion.conf: ";

#[test]
fn an_update_takes_the_bridge_and_apply_brings_it_back_without_a_known_base() {
    for legacy in [false, true] {
        let (server, vendor) = customised();
        apply(&server, &["--strategy", "graft"]);
        server.write(SITE, if legacy { vendor.clone() } else { vendors_new_file(&vendor) });
        is_told(&server, OVERWRITTEN);
        finding(&server.json(&["check"]), "site.overwritten");
        apply(&server, &[]);
        has(&server, &["# Our bridge.", "location /whatsapp-bridge/", "/user-ui/"]);
        // The next one is merged: what the vendor changed comes, and the bridge stays.
        server.write(SITE, vendors_new_file(&vendor).replace("120s", "240s"));
        is_told(&server, OVERWRITTEN);
        apply(&server, &[]);
        has(&server, &["location /whatsapp-bridge/", "/user-ui/", "240s"]);
    }
}

#[test]
fn an_update_takes_the_bridge_and_apply_brings_it_back_with_a_known_base() {
    for legacy in [false, true] {
        let (server, vendor) = customised();
        let new = vendors_new_file(&vendor);
        let ((_one, candidate), (_other, base)) = (named(&new), named(&vendor));
        apply(&server, &["--candidate", &candidate, "--base", &base]);
        has(&server, &["location /whatsapp-bridge/", "64m"]);
        server.write(SITE, if legacy { vendor.clone() } else { new.replace("64m", "80m") });
        is_told(&server, OVERWRITTEN);
        let applied = apply(&server, &[]);
        let carried = applied["plan"]["local_changes"]["carried"].to_string();
        assert!(carried.contains("location /whatsapp-bridge/"), "{applied:#}");
        has(&server, &["location /whatsapp-bridge/", "/user-ui/", if legacy { "20m" } else { "80m" }]);
        server.write(SITE, new.replace("120s", "240s").replace("64m", "80m"));
        is_told(&server, OVERWRITTEN);
        apply(&server, &[]);
        has(&server, &["location /whatsapp-bridge/", "/user-ui/", "240s", "80m"]);
    }
}

/// The bridge and another location.
fn twice_customised() -> (Server, String) {
    let (server, vendor) = customised();
    server.replace(
        SITE,
        "    location /socket.io/",
        "    location /wallboard/ {\n        proxy_pass http://127.0.0.1:3435/;\n    }\n\n    location /socket.io/",
    );
    (server, vendor)
}

#[test]
fn a_change_that_the_vendor_has_taken_over_is_said_and_kept_no_longer() {
    let (server, vendor) = twice_customised();
    server.replace(SITE, "120s", "600s");
    let ((_one, candidate), (_other, base)) = (named(&vendors_new_file(&vendor)), named(&vendor));
    apply(&server, &["--candidate", &candidate, "--base", &base]);
    assert!(server.read(PATCH).contains("whatsapp"));
    server.write(SITE, vendors_new_file(&vendor).replace("    location /api/", BRIDGE));
    let status = server.json(&["status"]);
    let verdict = "an update overwrote motion.conf: 2 local changes are gone (";
    assert!(status["details"]["verdict"].as_str().expect("text").starts_with(verdict), "{status:#}");
    let applied = apply(&server, &[]);
    let taken = applied["plan"]["local_changes"]["already_present"].to_string();
    assert!(taken.contains("location /whatsapp-bridge/"), "{applied:#}");
    has(&server, &["600s", "/wallboard/", "/whatsapp-bridge/"]);
    let patch = server.read(PATCH);
    assert!(!patch.contains("whatsapp") && patch.contains("/wallboard/"), "{patch}");
}

#[test]
fn what_is_edited_by_hand_stays_and_never_becomes_the_vendor_s() {
    for (one_of_two, verdict) in [(true, "motion.conf was edited by hand: "), (false, OVERWRITTEN)] {
        let (server, vendor) = if one_of_two { twice_customised() } else { customised() };
        let ((_one, candidate), (_other, base)) = (named(&vendors_new_file(&vendor)), named(&vendor));
        apply(&server, &["--candidate", &candidate, "--base", &base]);
        server.replace(SITE, "64m", "99m");
        assert_eq!(server.json(&["plan"])["outcome"], "up-to-date");
        assert_eq!(server.json(&["status"])["details"]["drift"], "local");
        // The bridge goes by hand: it is said, and comes back beside what the hand wrote.
        let bridge = &BRIDGE[..BRIDGE.find("\n\n").expect("a gap") + 2];
        server.replace(SITE, bridge, "");
        is_told(&server, verdict);
        let code = if one_of_two { "site.changes-gone" } else { "site.overwritten" };
        finding(&server.json(&["check"]), code);
        apply(&server, &[]);
        has(&server, &["location /whatsapp-bridge/", "99m"]);
        server.write(SITE, vendors_new_file(&vendor).replace("120s", "240s"));
        is_told(&server, OVERWRITTEN);
        apply(&server, &[]);
        has(&server, &["location /whatsapp-bridge/", "99m", "240s"]);
    }
}

#[test]
fn a_conflict_with_the_update_is_refused_until_it_is_decided() {
    let (server, vendor) = customised();
    server.replace(SITE, "20m", "500m");
    let ((_one, candidate), (_other, base)) =
        (named(&vendors_new_file(&vendor).replace("64m", "20m")), named(&vendor));
    apply(&server, &["--candidate", &candidate, "--base", &base]);
    server.write(SITE, vendors_new_file(&vendor));
    let refused = server.json(&["apply", "--yes"]);
    assert_eq!(refused["exit_code"], 3, "{refused:#}");
    finding(&refused, "merge.conflict");
    apply(&server, &["--resolve", "server cc.example.test:443 / client_max_body_size=ours"]);
    has(&server, &["500m", "location /whatsapp-bridge/"]);
}

#[test]
fn without_a_known_base_local_values_stay_and_facts_of_today_are_the_update_s() {
    let (server, vendor) = customised();
    server.replace(SITE, "20m", "500m");
    apply(&server, &["--strategy", "graft"]);
    let update = vendors_new_file(&vendor).replace("ssl_protocols TLSv1.2 TLSv1.3", "ssl_protocols TLSv1.3");
    server.write(SITE, &update);
    let planned = server.json(&["plan"]);
    let offered = finding(&planned, "merge.kept-ours")["evidence"].to_string();
    assert!(
        offered.contains("500m") && offered.contains("64m") && offered.contains("ssl_protocols"),
        "{offered}"
    );
    apply(&server, &[]);
    has(&server, &["500m", "TLSv1.2 TLSv1.3", "location /whatsapp-bridge/"]);
}

#[test]
fn undoing_a_run_puts_the_old_record_back() {
    let (server, vendor) = customised();
    apply(&server, &["--strategy", "graft"]);
    let first = (server.read(SITE), server.read(PATCH));
    server.write(SITE, vendors_new_file(&vendor));
    let update = server.read(SITE);
    apply(&server, &[]);
    assert_ne!(server.read(PATCH), first.1);
    assert_eq!(server.json(&["rollback", "--yes"])["outcome"], "applied");
    assert_eq!((server.read(SITE), server.read(PATCH)), (update, first.1));
    is_told(&server, OVERWRITTEN);
}

#[test]
fn the_first_run_undone_leaves_no_record() {
    let (server, _) = customised();
    let before = server.read(SITE);
    apply(&server, &["--strategy", "graft"]);
    assert_eq!(server.json(&["rollback", "--yes"])["outcome"], "applied");
    assert_eq!(server.read(SITE), before);
    assert!(!server.at("etc/motionctl").exists());
}

#[test]
fn what_an_update_wrote_is_not_taken_for_edits_by_hand() {
    let (server, vendor) = customised();
    apply(&server, &["--strategy", "graft"]);
    server.write(SITE, vendors_new_file(&vendor));
    let refused = server.json(&["local", "add", "--yes"]);
    assert_eq!(refused["exit_code"], 3, "{refused:#}");
    is_told(&server, OVERWRITTEN);
    apply(&server, &[]);
    has(&server, &["location /whatsapp-bridge/"]);
}

#[test]
fn a_saved_plan_holds_no_text_of_the_files_that_it_keeps() {
    let (server, vendor) = customised();
    server.replace(
        SITE,
        "proxy_pass http://127.0.0.1:3434/;",
        "proxy_pass http://127.0.0.1:3434/;\n        proxy_set_header Authorization \"Bearer s3cret\";",
    );
    let (_dir, out) = named("");
    assert_eq!(server.json(&["plan", "--strategy", "graft", "--out", &out])["exit_code"], 0);
    let saved = std::fs::read_to_string(&out).expect("saved");
    assert!(!saved.contains("whatsapp") && !saved.contains("s3cret"), "{saved}");
    assert_eq!(server.json(&["apply", "--yes", &out])["outcome"], "applied");
    server.write(SITE, vendors_new_file(&vendor));
    is_told(&server, OVERWRITTEN);
}

#[test]
fn a_block_that_the_update_took_away_comes_back_with_the_client() {
    let server = Server::copy("standalone");
    let vendor = server.read(SITE);
    let second = vendor.replace("cc.example.test", "dd.example.test");
    server.write(SITE, format!("{vendor}\n{second}"));
    apply(&server, &["--strategy", "graft"]);
    let routes = server.read(SITE).matches("location ^~ /user-ui/").count();
    for _ in 0..2 {
        server.write(SITE, &vendor);
        apply(&server, &[]);
        assert_eq!(
            server.read(SITE).matches("location ^~ /user-ui/").count(),
            routes,
            "{}",
            server.read(SITE)
        );
        let listed = server.json(&["local", "list"])["details"]["changes"].to_string();
        assert!(listed.contains("server dd.example.test:443"), "the block is the customer's: {listed}");
        assert_eq!(server.json(&["check"])["outcome"], "up-to-date");
    }
}

#[test]
fn after_a_take_our_route_is_still_ours_and_gives_way_to_the_vendor_s() {
    let (server, vendor) = customised();
    let new = vendors_new_file(&vendor);
    let candidate = new.replace("dist/;", "dist/;\n        expires 1h;");
    let (_file, candidate) = named(&candidate);
    apply(
        &server,
        &["--candidate", &candidate, "--take", "server cc.example.test:443 / client_max_body_size"],
    );
    let listed = server.json(&["local", "list"])["details"]["changes"].to_string();
    assert!(listed.contains("whatsapp-bridge") && !listed.contains("user-ui"), "{listed}");
    server.write(SITE, &new);
    let missing = server.json(&["status"])["details"]["missing_changes"].to_string();
    assert!(missing.contains("whatsapp-bridge") && !missing.contains("user-ui"), "{missing}");
    apply(&server, &[]);
    has(
        &server,
        &[
            "location /user-ui/ {\n        alias /var/opt/motion2/client-new/dist/;\n        try_files",
            "whatsapp",
        ],
    );
}
#[test]
fn a_conflict_with_the_update_leaves_status_and_check_with_a_verdict() {
    for brings_route in [false, true] {
        let (server, vendor) = customised();
        server.replace(SITE, "20m", "500m");
        let ((_one, candidate), (_other, base)) =
            (named(&vendors_new_file(&vendor).replace("64m", "20m")), named(&vendor));
        apply(&server, &["--candidate", &candidate, "--base", &base]);
        let update = vendors_new_file(&vendor);
        server.write(SITE, if brings_route { update } else { vendor.replace("20m", "64m") });
        let status = server.json(&["status", "--detailed-exitcode"]);
        assert_eq!(status["exit_code"], 2, "{status:#}");
        let said = status["details"]["verdict"].as_str().expect("a verdict");
        let path = "server cc.example.test:443 / client_max_body_size";
        assert!(said.starts_with("an update overwrote motion.conf: ") && said.contains(path), "{said}");
        assert!(said.contains("gone (") && said.contains("; 1 conflict to decide"), "{said}");
        assert_eq!(status["details"]["drift"], "vendor", "{status:#}");
        assert_ne!(status["details"]["missing_changes"], Value::Array(Vec::new()));
        finding(&status, "merge.conflict");
        let watched = server.json(&["status", "--check"]);
        let line = watched["details"]["check"]["line"].as_str().expect("a line");
        assert!(watched["exit_code"] == 2 && !line.contains("route_served=U"), "{line}");
        let check = server.json(&["check"]);
        assert_eq!(check["exit_code"], 3, "{check:#}");
        assert!(check["details"]["verdict"].to_string().contains("1 conflict to decide"), "{check:#}");
        finding(&check, "site.overwritten");
        let resolution = format!("{path}=ours");
        apply(&server, &["--resolve", &resolution]);
        has(&server, &["500m", "location /whatsapp-bridge/"]);
    }
}

#[test]
fn a_listener_that_was_removed_here_goes_again() {
    let server = Server::copy("standalone");
    let without = server.read(SITE);
    let more = "    listen 443 ssl;\n    listen [::]:443 ssl;\n";
    let vendor = without.replace("    listen 443 ssl;\n", more);
    let (_file, base) = named(&vendor);
    apply(&server, &["--base", &base]);
    server.write(SITE, &vendor);
    apply(&server, &[]);
    assert!(!server.read(SITE).contains("[::]:443"));
    has(&server, &["listen 443 ssl;", "/user-ui/"]);
}
